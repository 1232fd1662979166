"""What every driver has, whatever it is connected by: a name, limits that raise, and a snapshot of its settings."""

from __future__ import annotations

import dataclasses
import math
import numbers
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

from drivers.clock import Clock
from drivers.errors import LimitExceeded


class Limited:
    """An instrument as the rest of Cusp sees it: who it is, what may be sent to it, how it is set.

    Attributes
    ----------
    name : str
        What the rig calls it; every message begins with it.
    identity : str
        What the instrument says of itself.
    """

    driver_name: ClassVar[str] = ""
    role: ClassVar[str] = ""
    model: ClassVar[str] = ""
    SNAPSHOT: ClassVar[tuple[str, ...]] = ()
    """The quantities that are written into the head of a sweep."""

    name: str
    address: str
    identity: str
    settings: Any
    clock: Clock
    lock: threading.RLock
    _limits: dict[str, tuple[float, float]]

    @dataclasses.dataclass(frozen=True)
    class Settings:
        """Limits and choices; a driver declares its own."""

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        """Return the lowest and highest value of every quantity that can be set, from the settings."""
        return {}

    def check_limit(self, quantity: str, value: Any) -> float:
        """Return the value as a float if it is a number within the limits of the quantity.

        Every number that is sent passes here; nothing is ever clipped.

        Raises
        ------
        LimitExceeded
            Not a number, NaN, infinite, or out of range.
        """
        low, high = self._limits[quantity]
        if is_number(value) and low <= value <= high:
            return float(value) + 0.0  # minus zero becomes zero
        raise LimitExceeded(
            f"{self.name}: {quantity} = {value!r} is not a number from {low:g} to {high:g}; nothing was sent. "
            "Ask for a value in this range; the limits are those of config.yaml and of the instrument itself",
            instrument=self.name,
        )

    def index_of(self, quantity: str, table: Sequence[float], value: float) -> int:
        """Return the index of a value in the table of those that the instrument has; raises LimitExceeded."""
        for index, entry in enumerate(table):
            if math.isclose(entry, value, rel_tol=1e-9):
                return index
        nearest = sorted(table, key=lambda entry: abs(entry - value))[:2]
        raise LimitExceeded(
            f"{self.name}: there is no {quantity} = {value!r}; nothing was sent. "
            f"The nearest that there are: {' and '.join(f'{entry:g}' for entry in sorted(nearest))}",
            instrument=self.name,
        )

    def limits(self) -> dict[str, tuple[float, float]]:
        """Return the lowest and highest accepted value of every quantity that has limits."""
        return dict(self._limits)

    def snapshot(self) -> dict[str, str | int | float]:
        """Return what the instrument is and how it is set; only reads."""
        with self.lock:
            settings = {quantity: getattr(self, quantity) for quantity in self.SNAPSHOT}
        head = {"driver": self.driver_name, "address": self.address, "identity": self.identity}
        return head | {name: getattr(value, "value", value) for name, value in settings.items()}


def check_settings(settings: Any, *, positive: Sequence[str] = ()) -> None:
    """Check that these settings are positive, finite numbers; raises ValueError naming the one that is not."""
    for name in positive:
        value = getattr(settings, name)
        if not (is_number(value) and value > 0):
            raise ValueError(f"{name} = {value!r} must be a positive number")


def is_number(value: Any) -> bool:
    """Return whether this is a finite number; a truth value or a text is none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
