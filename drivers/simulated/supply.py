"""The inside of a simulated magnet supply, whoever made it: output current, coil, persistent switch, quench.

A twin of a supply speaks its maker's language and leaves the physics to this.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from drivers.clock import Clock

if TYPE_CHECKING:
    from drivers.simulated.coil import Coil

Rates = Sequence[tuple[float, float]]
"""Ramp rates by current: (up to [A], rate [A/s]), the bounds rising; beyond the last bound its rate holds on."""

DIODE_V = 1.0
"""Across the protective diodes, through which a coil runs down when its supply loses power [V]."""


def rate_at(current_A: float, rates: Rates) -> float:
    """Return the rate at a current of either sign [A/s]."""
    return next((rate for up_to_A, rate in rates if abs(current_A) < up_to_A), rates[-1][1])


def paced(start_A: float, target_A: float, rates: Rates, elapsed_s: float) -> float:
    """Return the current after a time on the way to a target, each segment at its own rate [A]."""
    sign = math.copysign(1.0, target_A - start_A)
    here, goal = sign * start_A, sign * target_A
    edges = sorted(edge for up_to_A, _ in rates for edge in (-up_to_A, up_to_A) if here < edge < goal)
    for edge in (*edges, goal):
        rate = rate_at((here + edge) / 2, rates)
        if edge - here > rate * elapsed_s:
            return sign * (here + rate * elapsed_s)
        elapsed_s -= (edge - here) / rate
        here = edge
    return target_A


class Supply:
    """A supply with a coil on its terminals, and a persistent switch across the coil if there is one.

    With the switch warm, or none, the current of the supply is that of the coil. With a cold switch the supply moves
    alone and the coil keeps its current. Heating the switch while the two differ quenches the coil.

    Parameters
    ----------
    clock : Clock
    coil : Coil
    switch : bool
        Whether there is a persistent switch; it is cold in the beginning.
    rates : sequence of (float, float)
        Ramp rates by current: (up to [A], rate [A/s]).
    voltage_limit_V : float
        Slows what is faster than it allows [V].
    heat_s, cool_s : float
        How long the switch takes to warm and to cool [s].
    mismatch_A : float
        How far the two currents may be apart when the switch is heated [A].
    runs_down : bool
        Whether a supply that loses power lets its coil run down; one that does not comes up paused where it was.

    Attributes
    ----------
    target_A : float
        Where the supply goes or has gone [A].
    moving : bool
        Whether it has been told to go there, and not to pause since.
    heater_on : bool
        Whether the switch heater is on.
    """

    __slots__ = (
        "clock", "coil", "switch", "heat_s", "cool_s", "mismatch_A", "runs_down", "target_A", "moving", "heater_on",
        "_rates", "_voltage_limit_V", "_output_A", "_seen_s", "_due_s", "_joined", "_latched",
    )  # fmt: skip

    def __init__(
        self, clock: Clock, coil: Coil, *, switch: bool = False, rates: Rates = ((math.inf, 0.05),),
        voltage_limit_V: float = 10.0, heat_s: float = 20.0, cool_s: float = 20.0, mismatch_A: float = 0.1,
        runs_down: bool = True,
    ) -> None:  # fmt: skip
        self.clock, self.coil, self.switch = clock, coil, switch
        self._rates, self._voltage_limit_V = tuple(rates), voltage_limit_V
        self.heat_s, self.cool_s, self.mismatch_A, self.runs_down = heat_s, cool_s, mismatch_A, runs_down
        self.heater_on, self._due_s = False, -math.inf
        self.target_A, self.moving, self._latched = 0.0, False, False
        self._output_A, self._seen_s = 0.0, clock.now()
        self._joined = not switch

    # the persistent switch

    def install_switch(self, installed: bool) -> None:
        """Put a cold switch across the coil, or take it away."""
        self._settle()
        self.switch, self._joined, self.heater_on, self._due_s = installed, not installed, False, -math.inf

    @property
    def switching(self) -> bool:
        """Get whether the switch is being heated or cooled."""
        self._settle()
        return self.switch and self.clock.now() < self._due_s

    @property
    def warm(self) -> bool:
        """Get whether the supply drives the coil: no switch, a warm one, or one that has not cooled yet."""
        self._settle()
        return not self.switch or self._joined

    def heat(self, on: bool) -> None:
        """Switch the heater of the persistent switch on or off."""
        self._settle()
        if on == self.heater_on:
            return
        self.heater_on = on
        self._due_s = self.clock.now() + (self.heat_s if on else self.cool_s)
        if on and not self._joined and self._mismatched():
            self.coil.quench()

    def _mismatched(self) -> bool:
        return abs(self._output_A - self.coil.current_A) > self.mismatch_A

    def _settle(self) -> None:
        """Bring the output to the present, and let a switch that is due become warm or cold."""
        now_s = self.clock.now()
        if self.switch and self._joined != self.heater_on and now_s >= self._due_s:
            self._advance(max(self._due_s, self._seen_s))
            if self.heater_on and self._mismatched():
                self.coil.quench()
            elif not self.heater_on and not self.coil.quenched:
                self.coil.pause()
            self._joined = self.heater_on
            if self._joined:
                self._drive()
        self._advance(now_s)

    def _advance(self, until_s: float) -> None:
        if not self.switch or self._joined:
            self._output_A = self.coil.current_A
        elif self.moving and until_s > self._seen_s:
            self._output_A = paced(self._output_A, self.target_A, self._slowed(), until_s - self._seen_s)
        self._seen_s = until_s

    # the output

    @property
    def output_A(self) -> float:
        """Measure the output current of the supply [A]."""
        self._settle()
        return self._output_A

    @property
    def voltage_V(self) -> float:
        """Measure the voltage at the terminals; leads and switch have none [V]."""
        return self.coil.voltage_V if self.warm else 0.0

    @property
    def arrived(self) -> bool:
        """Get whether the output is at the target."""
        return self.output_A == self.target_A

    @property
    def rates(self) -> Rates:
        """Control the ramp rates by current: (up to [A], rate [A/s]); a new one is taken on the way."""
        return self._rates

    @rates.setter
    def rates(self, rates: Rates) -> None:
        self._settle()
        self._rates = tuple(rates)
        self._drive()

    @property
    def voltage_limit_V(self) -> float:
        """Control the voltage limit; a new one is taken on the way [V]."""
        return self._voltage_limit_V

    @voltage_limit_V.setter
    def voltage_limit_V(self, voltage_V: float) -> None:
        self._settle()
        self._voltage_limit_V = voltage_V
        self._drive()

    def go(self, target_A: float) -> None:
        """Set out for a current [A]. With a quench that has not been reset, nothing moves."""
        self._settle()
        if not self.quenched:
            self.target_A, self.moving = target_A, True
            self._drive()

    def pause(self) -> None:
        """Stay at the current that is there; the target is kept."""
        self._settle()
        self.moving = False
        if self._joined and not self.coil.quenched:
            self.coil.pause()

    def _slowed(self) -> Rates:
        """Return the rates that the voltage limit allows; without the coil there is nothing to drive against."""
        if not self._joined:
            return self._rates
        return [(up_to_A, min(rate, self._voltage_limit_V / self.coil.inductance_H)) for up_to_A, rate in self._rates]

    def _drive(self) -> None:
        """Let the coil follow, if it does."""
        if self._joined and self.moving and not self.quenched:
            self.coil.start(self.target_A, self._slowed())

    # quench and power

    @property
    def quenched(self) -> bool:
        """Get whether a quench has been seen and not been reset."""
        if self.coil.quenched:
            self._latched, self.moving = True, False
        return self._latched

    def reset_quench(self) -> None:
        """Forget a quench; the supply is paused at the current that is left."""
        self._settle()
        self._latched = self.moving = False
        if self.coil.quenched:
            self.coil.clear_quench()

    def power_cycle(self) -> None:
        """Lose power and come back: the heater is off, nothing moves; a persistent coil keeps its current."""
        self._settle()
        self.heater_on, self.moving = False, False
        self._due_s = self.clock.now() + self.cool_s if self.switch and self._joined else -math.inf
        if not self._joined:
            self._output_A = self.target_A = 0.0
        elif self.coil.quenched:
            self.target_A = 0.0
        elif self.runs_down:
            self.coil.start(0.0, [(math.inf, DIODE_V / self.coil.inductance_H)])
            self.target_A = 0.0
        else:
            self.coil.pause()
