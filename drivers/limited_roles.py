"""Magnets and thermometers whose limits are those of config.yaml: the checks before anything is sent."""

from __future__ import annotations

from drivers.limited import Limited
from drivers.magnet_supply import MagnetState, MagnetSupply
from drivers.temperature_controller import TemperatureController


class LimitedMagnet(Limited, MagnetSupply):
    """A magnet with `MagnetSettings`, on which a quench and a fault are latched."""

    _latched: MagnetState | None = None
    _fault = ""

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        s = self.settings
        return {"field_T": (-s.field_max_T, s.field_max_T), "ramp_rate_T_per_min": (1e-5, s.ramp_rate_max_T_per_min)}

    @property
    def field_tolerance_T(self) -> float:
        """Get how close to the target a holding magnet must be [T]."""
        return self.settings.field_tolerance_T

    def check_field(self, field_T: float) -> float:
        """Return the field [T] if it is within the limits; raises LimitExceeded."""
        return self.check_limit("field_T", field_T)

    def check_rate(self, rate_T_per_min: float) -> float:
        """Return the ramp rate [T/min] if it is within the limits; raises LimitExceeded."""
        return self.check_limit("ramp_rate_T_per_min", rate_T_per_min)

    def _fault_text(self) -> str:
        return self._fault or super()._fault_text()


class LimitedThermometer(Limited, TemperatureController):
    """A temperature controller with `TemperatureSettings`."""

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return self.settings.limits()

    def check_temperature(self, temperature_K: float) -> float:
        """Return the temperature [K] if it is within the limits; raises LimitExceeded."""
        return self.check_limit("temperature_K", temperature_K)
