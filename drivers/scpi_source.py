"""A source that speaks SCPI: set point, limit, function and output, each read back in full."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar

from drivers.errors import Refused
from drivers.instrument import Number, Whole, Word
from drivers.scpi_instrument import SCPIInstrument
from drivers.source import Source, SourceFunction, SourceReading, SourceSettings

GENERAL = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,9})?(?:[eE][+-]?[0-9]{2,3})?")
"""Whatever number; where it is used, it is asked for twice."""
FUNCTIONS = {"VOLT": SourceFunction.VOLTAGE, "CURR": SourceFunction.CURRENT}
NEGLIGIBLE = 1e-4
"""How far a set point may be from the one sent, over the largest; the instrument rounds."""


class SCPISource(SCPIInstrument, Source):
    """A source on a wire that speaks SCPI.

    A driver gives the heads of its commands, voltage first: with ``?`` they ask, with a number they set.
    """

    role = "source"
    LEVEL: ClassVar[tuple[str, str]]
    COMPLIANCE: ClassVar[tuple[str, str]]
    """Limit of the current while a voltage is put out, and the other way round."""
    LEVEL_MAX: ClassVar[tuple[float, float]]
    """What the instrument can put out [V], [A]."""
    COMPLIANCE_MIN: ClassVar[tuple[float, float]] = (1e-12, 1e-3)
    """Smallest limit that can be set [A], [V]."""
    NUMBER = Number(-1e38, 1e38, GENERAL)
    SNAPSHOT = ("function", "level", "compliance", "output_on")
    KEPT = ("function", "level", "compliance", "output_on")

    Settings = SourceSettings
    settings: Any

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        s, (level_unit, other_unit) = self.settings, self.settings.units
        largest = min(s.level_max, self._of(self.LEVEL_MAX))
        return {
            f"level_{level_unit}": (-largest, largest),
            f"compliance_{other_unit}": (self._of(self.COMPLIANCE_MIN), s.compliance),
        }

    def _of(self, pair: tuple[Any, Any]) -> Any:
        """Return the first, of a voltage source, or the second."""
        return pair[0 if self.settings.gives_voltage else 1]

    # what it is doing

    @property
    def function(self) -> SourceFunction:
        """Get what the instrument is set to put out [1]."""
        return FUNCTIONS[self.query(":SOUR:FUNC?", Word(re.compile("VOLT|CURR")))]

    @property
    def level(self) -> float:
        """Get the set point; asked for twice, must agree [V or A]."""
        return self._agreed(f"{self._of(self.LEVEL)}?", self.NUMBER)

    @property
    def compliance(self) -> float:
        """Get the limit of the other quantity; asked for twice, must agree [A or V]."""
        return self._agreed(f"{self._of(self.COMPLIANCE)}?", self.NUMBER)

    @property
    def output_on(self) -> bool:
        """Get whether the output is on [1]."""
        return bool(self.query(":OUTP?", Whole(0, 1)))

    def check_level(self, level: float) -> float:
        """Return the set point [V or A] if it is within the limits; raises LimitExceeded."""
        return self.check_limit(f"level_{self.settings.units[0]}", level)

    def check_compliance(self, limit: float) -> float:
        """Return the limit of the other quantity [A or V] if it may be set; raises LimitExceeded."""
        return self.check_limit(f"compliance_{self.settings.units[1]}", limit)

    @property
    def reading(self) -> SourceReading:
        """Measure the other quantity, with the set point and whether it is limited [V and A].

        Raises
        ------
        Refused
            The output is off, or the instrument is not set to measure what is asked.
        Timeout, Garbled, Lost
        """
        with self.lock:
            if not self.output_on:
                raise Refused(f"{self.name}: its output is off; there is nothing to measure", instrument=self.name)
            level = self.level
            return SourceReading(level, *self._measure())

    @abstractmethod
    def _measure(self) -> tuple[float, bool]:
        """Return the other quantity [A or V], and whether it is at its limit; the output is on, the lock held."""

    # what it is told

    def _put_level(self, level: float) -> None:
        value = self.check_level(level)
        with self.lock:
            self.send(f"{self._of(self.LEVEL)} {value:.6E}")
            taken = self.level
        allowed = NEGLIGIBLE * (abs(value) + self.settings.level_max)
        self._check_taken("set point", value, taken, allowed, self.settings.units[0])

    def _put_compliance(self, limit: float) -> None:
        value = self.check_compliance(limit)
        with self.lock:
            self.send(f"{self._of(self.COMPLIANCE)} {value:.6E}")
            taken = self.compliance
        self._check_taken("compliance", value, taken, 1e-3 * value, self.settings.units[1])

    def _put_output(self, on: bool) -> None:
        with self.lock:
            self.send(f":OUTP {int(on)}")
            taken = self.output_on
        if taken != on:
            raise Refused(
                f"{self.name}: its output was told to be {'on' if on else 'off'} and is not; look at its front panel "
                "(interlock, over-temperature)",
                instrument=self.name,
            )
