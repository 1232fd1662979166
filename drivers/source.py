"""What a source of voltage or current can do, whoever made it; the one ramp of all sources."""

from __future__ import annotations

import enum
import logging
import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drivers.clock import Clock
from drivers.errors import Compliance, Refused
from drivers.limited import Limited, check_settings
from drivers.magnet_supply import RampOutcome
from drivers.patience import insist

log = logging.getLogger(__name__)

ROUNDING = 1e-6
"""Part of a step that does not make another step."""


class SourceFunction(enum.Enum):
    """What a source puts out."""

    VOLTAGE = "voltage"
    CURRENT = "current"


@dataclass(frozen=True)
class SourceSettings(Limited.Settings):
    """How far and how fast; the defaults suit a gate on a thin oxide, and only its maker's sheet knows better.

    Attributes
    ----------
    function : str
        What is put out, "voltage" or "current"; a person sets the instrument to it.
    voltage_max_V, current_max_A : float
        Largest set point of either sign [V], [A].
    compliance_A, compliance_V : float
        Limit of the current while a voltage is put out [A], and the other way round [V]. Before a ramp one that is set
        higher is lowered to this.
    ramp_rate_V_per_s, ramp_rate_A_per_s : float
        How fast the set point moves [V/s], [A/s].
    leak_max_A : float
        Largest current of a voltage source of either sign; beyond it a ramp ends [A].
    """

    function: str = "voltage"
    voltage_max_V: float = 1.0
    current_max_A: float = 1e-6
    compliance_A: float = 1e-7
    compliance_V: float = 1.0
    ramp_rate_V_per_s: float = 0.1
    ramp_rate_A_per_s: float = 1e-7
    leak_max_A: float = 1e-8

    def __post_init__(self) -> None:
        numbers = (
            "voltage_max_V", "current_max_A", "compliance_A", "compliance_V", "ramp_rate_V_per_s", "ramp_rate_A_per_s",
            "leak_max_A",
        )  # fmt: skip
        check_settings(self, positive=numbers)
        if self.function not in (known := [one.value for one in SourceFunction]):
            raise ValueError(f"function = {self.function!r}; a source puts out {' or '.join(known)}")

    @property
    def gives_voltage(self) -> bool:
        """Whether a voltage is put out."""
        return self.function == SourceFunction.VOLTAGE.value

    @property
    def units(self) -> tuple[str, str]:
        """The units of the set point and of what is measured."""
        return ("V", "A") if self.gives_voltage else ("A", "V")

    @property
    def level_max(self) -> float:
        """Largest set point [V or A]."""
        return self.voltage_max_V if self.gives_voltage else self.current_max_A

    @property
    def compliance(self) -> float:
        """Limit of the other quantity [A or V]."""
        return self.compliance_A if self.gives_voltage else self.compliance_V

    @property
    def ramp_rate_per_s(self) -> float:
        """How fast the set point moves [V/s or A/s]."""
        return self.ramp_rate_V_per_s if self.gives_voltage else self.ramp_rate_A_per_s


@dataclass(frozen=True)
class SourceReading:
    """One look at a source.

    Attributes
    ----------
    level : float
        Its set point [V or A].
    measured : float
        The other quantity [A or V]: of a voltage source the current, which for a gate is the leak. nan if this
        source does not measure.
    limited : bool
        The other quantity is at its limit, and the output not at its set point.
    """

    level: float
    measured: float
    limited: bool


class Source(ABC):
    """Puts out a voltage or a current, and moves it at a limited rate.

    The set point only moves in `ramp_to`, by steps no larger than the ramp rate times the time between them. The
    output is switched only when `switch_on` or `switch_off` is called, at a set point of zero.
    """

    name: str
    clock: Clock
    settings: Any

    STEP_S = 0.1
    """Time between two steps of a ramp [s]."""

    # what a driver supplies

    @property
    @abstractmethod
    def function(self) -> SourceFunction:
        """Get what the instrument is set to put out [1]."""

    @property
    @abstractmethod
    def level(self) -> float:
        """Get the set point [V or A]."""

    @property
    @abstractmethod
    def compliance(self) -> float:
        """Get the limit of the other quantity [A or V]."""

    @property
    @abstractmethod
    def output_on(self) -> bool:
        """Get whether the output is on [1]."""

    @property
    @abstractmethod
    def reading(self) -> SourceReading:
        """Measure the other quantity, with the set point and whether it is limited [V and A]; Refused if off."""

    @abstractmethod
    def check_level(self, level: float) -> float:
        """Return the set point [V or A] if it is within the limits; raises LimitExceeded."""

    @abstractmethod
    def _put_level(self, level: float) -> None:
        """Set the set point [V or A] at once and read it back; raises Refused if it was not taken."""

    @abstractmethod
    def _put_compliance(self, limit: float) -> None:
        """Set the limit of the other quantity [A or V] and read it back; raises Refused if it was not taken."""

    @abstractmethod
    def _put_output(self, on: bool) -> None:
        """Switch the output and see that it is; raises Refused if it is not."""

    # what follows from it

    def duration_s(self, start: float, end: float) -> float:
        """Return how long a ramp between two set points [V or A] takes at least [s]."""
        step_s = self.clock.poll_interval_s(self.STEP_S)
        return step_s * math.ceil(abs(end - start) / (self.settings.ramp_rate_per_s * step_s) - ROUNDING)

    def ramp_to(
        self,
        level: float,
        *,
        interrupt: threading.Event | None = None,
        on_reading: Callable[[SourceReading], None] | None = None,
    ) -> RampOutcome:
        """Move the set point to a level at the ramp rate of the settings, and look at every step.

        However it ends, the output stays where the last step has brought it. On the way to zero a
        source at its compliance is let go on; at the end, and on the way up, it is an error.

        Parameters
        ----------
        level : float
            Where to go [V or A].
        interrupt : threading.Event, optional
            When set, the set point stays where it is and ABORTED is returned.
        on_reading : callable, optional
            Called with every reading on the way.

        Raises
        ------
        LimitExceeded
            Refused before any command was sent.
        Refused
            The output is off, the function is another one, or a value was not taken.
        Compliance
            At the limit of the other quantity, or it leaks more than it may.
        Timeout, Garbled, Lost
        """
        end = self.check_level(level)
        if interrupt is not None and interrupt.is_set():
            return RampOutcome.ABORTED
        at = self._ready_at(end)
        step_s = self.clock.poll_interval_s(self.STEP_S)
        step = self.settings.ramp_rate_per_s * step_s
        due_s = self.clock.now() + step_s
        self._look(at, end, on_reading)
        while at != end:
            if self.clock.sleep(max(0.0, due_s - self.clock.now()), interrupt):
                log.info("%s: held at %g %s on the way to %g", self.name, at, self.settings.units[0], end)
                return RampOutcome.ABORTED
            at = end if abs(end - at) <= step * (1 + ROUNDING) else at + math.copysign(step, end - at)
            self._step(at)
            due_s = self.clock.now() + step_s
            self._look(at, end, on_reading)
        return RampOutcome.HOLDING

    def _step(self, level: float) -> None:
        insist(lambda: self._put_level(level))

    def _ready_at(self, end: float) -> float:
        """Return the set point to start from [V or A]; the compliance is lowered to that of the settings.

        It is left alone where the output would fall by it; that is an error unless the ramp goes towards zero.
        """
        self._check_function()
        if not insist(lambda: self.output_on):
            raise Refused(
                f"{self.name}: its output is off, so nothing ramps; switch it on, at the front panel or by switch_on",
                instrument=self.name,
            )
        at, unit = insist(lambda: self.level), self.settings.units[0]
        if abs(at) > self.settings.level_max:
            raise Refused(
                f"{self.name}: stands at {at:g} {unit}, beyond its limit {self.settings.level_max:g} {unit}; "
                "bring it back by hand, or correct config.yaml",
                instrument=self.name,
            )
        if self._compliance_too_high() and not self._flows_too_much(at, end):
            self._lower_compliance()
        return at

    def _check_function(self) -> None:
        function = insist(lambda: self.function).value
        if function != self.settings.function:
            raise Refused(
                f"{self.name}: puts out a {function}, config.yaml says {self.settings.function}; "
                "set it at the front panel or correct config.yaml",
                instrument=self.name,
            )

    def _compliance_too_high(self) -> bool:
        return insist(lambda: self.compliance) > self.settings.compliance * (1 + ROUNDING)

    def _flows_too_much(self, at: float, end: float) -> bool:
        """Return whether the output would fall by a lower compliance; raises Compliance unless it goes towards zero."""
        measured, most, unit = abs(insist(lambda: self.reading).measured), self.settings.compliance, self.settings.units
        if measured < most or math.isnan(measured):
            return False
        if _homeward(at, end):
            return True
        raise Compliance(
            f"{self.name}: gives {measured:g} {unit[1]} at {at:g} {unit[0]}, not less than its compliance in "
            f"config.yaml, {most:g} {unit[1]}; nothing was sent. Ramp it back to 0",
            instrument=self.name,
        )

    def _lower_compliance(self) -> None:
        most = self.settings.compliance
        insist(lambda: self._put_compliance(most))
        log.info("%s: compliance lowered to %g %s", self.name, most, self.settings.units[1])

    def _look(self, at: float, end: float, on_reading: Callable[[SourceReading], None] | None) -> None:
        """Look whether the ramp may go on from here; raises Compliance if not."""
        reading = insist(lambda: self.reading)
        if on_reading is not None:
            on_reading(reading)
        if _homeward(at, end):
            return
        unit, other = self.settings.units
        where = f"{self.name}: at {at:g} {unit} on the way to {end:g} {unit}"
        advice = "The output stays where it is: ramp it back, and look for a leak or a broken wire"
        if reading.limited:
            raise Compliance(
                f"{where} in compliance, {reading.measured:g} {other} of at most {self.settings.compliance:g} {other}. "
                f"{advice}",
                instrument=self.name,
            )
        if self.settings.gives_voltage and abs(reading.measured) > self.settings.leak_max_A:
            raise Compliance(
                f"{where} it leaks {reading.measured:g} A, more than leak_max_A = {self.settings.leak_max_A:g} A. "
                f"{advice}",
                instrument=self.name,
            )

    def switch_on(self) -> None:
        """Switch the output on, at a set point of zero and with the compliance of the settings.

        Raises
        ------
        Refused
            The function is another one, or a value was not taken.
        """
        self._check_function()
        if insist(lambda: self.output_on):
            return
        insist(lambda: self._put_level(0.0))
        if self._compliance_too_high():
            self._lower_compliance()
        insist(lambda: self._put_output(True))

    def switch_off(self) -> None:
        """Switch the output off; raises Refused unless the set point is zero, since it would jump there."""
        if not insist(lambda: self.output_on):
            return
        if at := insist(lambda: self.level):
            raise Refused(
                f"{self.name}: stands at {at:g} {self.settings.units[0]}, from where switching off would be a jump; "
                "ramp it to 0 first",
                instrument=self.name,
            )
        insist(lambda: self._put_output(False))


def _homeward(at: float, end: float) -> bool:
    """Return whether the next step is towards zero, which is the way out of trouble."""
    return (end - at) * at < 0
