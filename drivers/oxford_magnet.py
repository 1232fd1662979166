"""What the magnet supplies of Oxford Instruments share: a clamp, a switch heater that tells no more than on or off."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from drivers.errors import Refused
from drivers.instrument import check_settings
from drivers.magnet_supply import MagnetState
from drivers.patience import insist
from drivers.persistent_switch import SwitchState, SwitchTimer
from drivers.ramp_segments import MagnetSettings
from drivers.wired_magnet import WiredMagnet

LAST_DIGIT_T = 1.1e-3
"""How far two replies may be apart with a field that stands still, in the coarsest form of a reply [T]."""


@dataclass(frozen=True)
class OxfordMagnetSettings(MagnetSettings):
    """Limits of the magnet; only its maker's sheet knows them.

    Attributes
    ----------
    switch_heating_time_s, switch_cooling_time_s : float
        The maker's waits after the switch heater was switched on and off [s].
    """

    switch_heating_time_s: float = 20.0
    switch_cooling_time_s: float = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_settings(self, positive=("switch_heating_time_s", "switch_cooling_time_s"))


def rounded_down(rate_T_per_min: float) -> float:
    """Return the rate in the last digit that the supplies keep, never faster [T/min]."""
    return math.floor(1e4 * rate_T_per_min + 1e-6) / 1e4


class OxfordMagnet(WiredMagnet):
    """A supply of Oxford Instruments.

    It has no segments of its own, shows no power-on bit, and clamps its output when it is switched on: a clamp that was
    not there before is taken for a loss of power and latched.
    """

    SPLITS = True
    POWER_QUERY = ""

    # what a driver supplies

    @abstractmethod
    def _ask_heater(self) -> SwitchState:
        """Ask for the switch heater: WARM for on, COLD for off, ABSENT, FAULT."""

    @abstractmethod
    def _ask_clamped(self) -> bool:
        """Ask whether the output is clamped."""

    @abstractmethod
    def _clamp_and_release(self) -> None:
        """Send what clamps the output at zero current, and then holds it there."""

    @abstractmethod
    def _output_T(self) -> float:
        """Ask for the field of the supply's output current [T]."""

    @abstractmethod
    def _persistent_T(self) -> float:
        """Ask for the field that was in the magnet when its switch became cold [T]."""

    # what follows

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return super()._own_limits() | {"ramp_rate_T_per_min": (1e-3, self.settings.ramp_rate_max_T_per_min)}

    def _on_open(self) -> None:
        self._timer = SwitchTimer(self.clock, self.heating_time_s, self.cooling_time_s)
        self._was_clamped = True
        super()._on_open()
        self.switch  # noqa: B018  the waits count from here

    def _asked_power_cycled(self) -> bool:
        clamped, before = self._ask_clamped(), self._was_clamped
        self._was_clamped = clamped
        return clamped and not before

    def _latch_power_loss(self) -> None:
        if self._latched is None:
            super()._latch_power_loss()
            self._fault = "its power was off, or somebody clamped its output, since it was opened"

    @property
    def heating_time_s(self) -> float:
        """Get the maker's wait after the heater was switched on [s]."""
        return self.settings.switch_heating_time_s

    @property
    def cooling_time_s(self) -> float:
        """Get the maker's wait after the heater was switched off [s]."""
        return self.settings.switch_cooling_time_s

    @property
    def switch(self) -> SwitchState:
        """Get what the persistent switch is doing, by its heater and the time since that was switched [1]."""
        heater = self._ask_heater()
        if heater in (SwitchState.ABSENT, SwitchState.FAULT):
            return heater
        return self._timer.state(heater is SwitchState.WARM)

    @property
    def field_T(self) -> float:
        """Measure the field of the current in the coil, as the supply knows it [T]."""
        return self.magnet_field_T

    @property
    def magnet_field_T(self) -> float:
        """Measure the field of the current in the coil: the output's, with the heater off what was left [T]."""
        with self.lock:
            return self._persistent_T() if self._ask_heater() is SwitchState.COLD else self._output_T()

    @property
    def supply_field_T(self) -> float:
        """Measure the field that the supply's current would make in the coil [T]."""
        return self._output_T()

    def _troubled(self) -> bool:
        """Return whether a field may jump: in a quench, and in a trip."""
        return self._ask_state() in (MagnetState.QUENCH, MagnetState.FAULT)

    def _reset_fault(self) -> None:
        """Clamp the output and let it go again, as at its front panel; a quench may still be there.

        Raises
        ------
        Refused
            There is still a current, which a clamp must not meet.
        """
        left_T = insist(self._output_T)
        if abs(left_T) > self.field_tolerance_T and (self._troubled() or self._ask_clamped()):
            raise Refused(
                f"{self.name}: its output is still at {left_T:g} T; wait until the magnet has run down, then re-arm it",
                instrument=self.name,
            )
        if self._troubled() or self._ask_clamped():
            self._clamp_and_release()
            self._was_clamped = False

    def _check_heater(self, on: bool) -> None:
        """Compare the heater with what was sent; raises Refused."""
        heater = insist(self._ask_heater)
        if heater is not (SwitchState.WARM if on else SwitchState.COLD):
            raise Refused(
                f"{self.name}: the switch heater was switched {'on' if on else 'off'}, the supply says "
                f"{heater.value}; look at its front panel before anything is ramped",
                instrument=self.name,
            )

    def _hold_at_once(self, at_once: Callable[[], object], see: Callable[[], object]) -> None:
        """Send the hold beside whatever is under way, and if nothing is see that it was obeyed."""
        try:
            self._urgently(at_once, see)
        except Refused:
            if not self._troubled():  # what has quenched or tripped does not ramp
                raise
