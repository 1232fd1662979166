"""What a voltmeter can do, whoever made it."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Voltmeter(ABC):
    """Measures a DC voltage."""

    name: str

    @property
    @abstractmethod
    def voltage_V(self) -> float:
        """Measure the voltage [V]; raises Refused beyond its range."""

    @property
    @abstractmethod
    def range_V(self) -> float:
        """Control the range [V]."""
