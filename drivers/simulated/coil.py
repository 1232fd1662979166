"""The magnet coil of the simulated cryostat: ramps, trapped flux, quench."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from drivers.simulated.supply import Rates, paced, rate_at

if TYPE_CHECKING:
    from drivers.simulated.cryostat import CryostatSettings, Moment


class Coil:
    """A superconducting coil, whose supply ramps it to a target, at a constant rate or one by current.

    The flux trapped in the winding follows d(trapped)/d|B| = -(trapped +- limit)/reversal_field, with + while the
    current goes up: the field stays behind the current by the limit, and turns over smoothly after a reversal. A quench
    drives the flux out together with the current.
    """

    __slots__ = ("settings", "_moment", "_current_A", "_target_A", "_rates", "_trapped_T", "_quenched")

    def __init__(self, settings: CryostatSettings, moment: Moment) -> None:
        self.settings = settings
        self._moment = moment
        self._current_A = self._target_A = self._trapped_T = 0.0
        self._rates: Rates = ()
        self._quenched = False

    @property
    def field_per_ampere_T(self) -> float:
        """Get the field over the current [T/A]."""
        return self.settings.field_per_ampere_T

    @property
    def inductance_H(self) -> float:
        """Get the inductance [H]."""
        return self.settings.inductance_H

    @property
    def current_A(self) -> float:
        """Measure the current [A]."""
        with self._moment():
            return self._current_A

    @property
    def target_A(self) -> float:
        """Get the current that the supply goes to, or holds [A]."""
        with self._moment():
            return self._target_A

    @property
    def ramping(self) -> bool:
        """Get whether the supply is on the way to its target."""
        with self._moment():
            return not self._quenched and self._current_A != self._target_A

    @property
    def quenched(self) -> bool:
        """Get whether the coil has quenched, until `clear_quench`."""
        with self._moment():
            return self._quenched

    @property
    def voltage_V(self) -> float:
        """Measure L dI/dt [V]."""
        with self._moment():
            if self._quenched:
                return -self.inductance_H * self._current_A / self.settings.quench_time_s
            if self._current_A == self._target_A:
                return 0.0
            speed_A_per_s = rate_at(self._current_A, self._rates)
            return math.copysign(self.inductance_H * speed_A_per_s, self._target_A - self._current_A)

    @property
    def trapped_flux_T(self) -> float:
        """Measure the field of the trapped flux [T]."""
        with self._moment():
            return self._trapped_T

    @property
    def field_T(self) -> float:
        """Measure the field at the film, of the current and of the trapped flux [T]."""
        with self._moment():
            return self.field_per_ampere_T * self._current_A + self._trapped_T

    def start(self, target_A: float, rate_A_per_s: float | Rates) -> None:
        """Set out for a current [A] at a rate [A/s], or at rates by current: (up to [A], rate [A/s]).

        Raises
        ------
        ValueError
            Target or rate is not a finite number, or the rate not positive.
        RuntimeError
            The coil has quenched.
        """
        rates = [(math.inf, float(rate_A_per_s))] if isinstance(rate_A_per_s, float | int) else rate_A_per_s
        if not (math.isfinite(target_A) and all(math.isfinite(rate) and rate > 0 for _, rate in rates)):
            raise ValueError(f"coil: cannot ramp to {target_A} A at {rate_A_per_s} A/s; give finite numbers, rate > 0")
        with self._moment():
            if self._quenched:
                raise RuntimeError(f"coil: cannot ramp to {target_A} A: it has quenched; clear the quench first")
            self._target_A, self._rates = float(target_A), tuple(rates)

    def pause(self) -> None:
        """Hold the current where it is."""
        with self._moment():
            self._target_A = self._current_A

    def quench(self) -> None:
        """Let the coil go normal: the current decays, and stays under nobody's command until `clear_quench`."""
        with self._moment():
            self._quenched = True

    def clear_quench(self) -> None:
        """Hand the coil back to its supply, which holds the current that is left."""
        with self._moment():
            self._quenched = False
            self._target_A = self._current_A

    def advance(self, elapsed_s: float) -> None:
        """Let time pass; for the cryostat alone."""
        if self._quenched:
            left = math.exp(-elapsed_s / self.settings.quench_time_s)
            self._current_A *= left
            self._trapped_T *= left
        elif self._current_A != self._target_A:
            before = self._current_A
            self._current_A = paced(before, self._target_A, self._rates, elapsed_s)
            self._drag_flux(self.field_per_ampere_T * (self._current_A - before))

    def _drag_flux(self, moved_T: float) -> None:
        limit = -math.copysign(self.settings.trapped_flux_T, moved_T)
        self._trapped_T = limit + (self._trapped_T - limit) * math.exp(-abs(moved_T) / self.settings.reversal_field_T)
