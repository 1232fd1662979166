"""What a source drives in the simulated rig, a leaky gate; what every twin of a source has, whoever made it."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from drivers.clock import Clock
from drivers.simulated.scpi import NOT_ALLOWED, SCPITwin
from drivers.simulated.twin import OUT_OF_RANGE

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack


@dataclass
class Gate:
    """A gate on an oxide: a large resistance, and beyond the breakdown a small one.

    Attributes
    ----------
    leak_ohm : float
        V/I below the breakdown [ohm].
    breakdown_V : float
        Where it breaks down, of either sign [V].
    broken_ohm : float
        dV/dI beyond [ohm].
    """

    leak_ohm: float = 1e11
    breakdown_V: float = 40.0
    broken_ohm: float = 1e6

    def current_A(self, voltage_V: float) -> float:
        """Return the current at a voltage [A]."""
        beyond_V = max(0.0, abs(voltage_V) - self.breakdown_V)
        return math.copysign((abs(voltage_V) - beyond_V) / self.leak_ohm + beyond_V / self.broken_ohm, voltage_V)

    def voltage_V(self, current_A: float) -> float:
        """Return the voltage that drives a current [V]."""
        most_A = self.breakdown_V / self.leak_ohm
        beyond_A = max(0.0, abs(current_A) - most_A)
        return math.copysign((abs(current_A) - beyond_A) * self.leak_ohm + beyond_A * self.broken_ohm, current_A)


class Output(NamedTuple):
    """What is at the terminals of a source, and whether the other quantity is at its limit."""

    voltage_V: float
    current_A: float
    limited: bool


class SourceTwin(SCPITwin):
    """A simulated source of voltage or current.

    A maker's twin says under which heads it keeps its settings.

    Attributes
    ----------
    gate : Gate
        At its terminals.
    noise_A, noise_V : float
        Of one measurement, standard deviation [A], [V].
    """

    FUNCTION: ClassVar[str] = "SOURCE:FUNCTION"
    OUTPUT: ClassVar[str] = "OUTPUT"
    LEVELS: ClassVar[tuple[str, str]]
    LIMITS: ClassVar[tuple[str, str]]
    """Heads of the level, voltage first, and of the limit of the other quantity."""
    DIGIT: ClassVar[float] = 5e-5
    """Steps of the level, over the decade of its range."""
    BEYOND: ClassVar[float] = 1.0
    """How far the level may go, over its range."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.gate = Gate()
        self.noise_A, self.noise_V = 1e-12, 1e-6
        self._random = random.Random(seed)  # noqa: S311  no secret
        super().__init__(clock, seed)

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> Any:
        """Return one with a gate at its terminals, left on at zero volts as a person leaves it."""
        twin = cls(rack.clock, seed)
        twin.leave()
        twin.freeze()
        return twin

    def leave(self) -> None:
        """Set it as a person has left it in a rig: zero volts, output on."""
        self.values[self.FUNCTION, ""][0] = "VOLT"
        self.values[self.OUTPUT, ""][0] = 1

    @property
    def gives_voltage(self) -> bool:
        """Get whether a voltage is put out."""
        return self.value(self.FUNCTION) == "VOLT"

    @property
    def on(self) -> bool:
        """Get whether the output is on."""
        return bool(self.value(self.OUTPUT))

    def of(self, heads: tuple[str, str]) -> float:
        """Return a setting of the function: the first of a voltage source, or the second."""
        return float(self.value(heads[0 if self.gives_voltage else 1]))

    @property
    def output(self) -> Output:
        """Get what is at the terminals now, without noise."""
        if not self.on:
            return Output(0.0, 0.0, False)
        level, limit = self.of(self.LEVELS), self.of(self.LIMITS)
        other = self.gate.current_A(level) if self.gives_voltage else self.gate.voltage_V(level)
        limited = abs(other) > limit
        if limited:
            other = math.copysign(limit, other)
            level = self.gate.voltage_V(other) if self.gives_voltage else self.gate.current_A(other)
        return Output(level, other, limited) if self.gives_voltage else Output(other, level, limited)

    def measured(self) -> Output:
        """Return one measurement at the terminals, with noise."""
        if not self.on:
            raise NOT_ALLOWED
        output = self.output
        voltage_V = output.voltage_V + self._random.gauss(0.0, self.noise_V)
        return Output(voltage_V, output.current_A + self._random.gauss(0.0, self.noise_A), output.limited)

    def fit(self, level: str, range_: str, auto: str, ranges: Sequence[float]) -> None:
        """Fit a level that was set, and its range, to each other: the range follows if `auto` says so."""
        value = abs(self.value(level))
        if auto and self.value(auto):
            self.values[range_, ""][0] = snapped(value / self.BEYOND, ranges)
        if value > self.value(range_) * self.BEYOND * (1 + 1e-9):
            raise OUT_OF_RANGE
        step = self.DIGIT * 10 ** math.floor(math.log10(self.value(range_)))
        self.values[level, ""][0] = float(f"{round(self.value(level) / step) * step:.9g}")


def snapped(value: float, ranges: Sequence[float]) -> float:
    """Return the smallest range that a value fits into; raises OUT_OF_RANGE beyond the largest."""
    for entry in ranges:
        if abs(value) <= entry * (1 + 1e-9):
            return entry
    raise OUT_OF_RANGE
