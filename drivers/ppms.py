"""Quantum Design PPMS, DynaCool, VersaLab and OptiCool: magnet and thermometer, through MultiPyVu (cusp[ppms]).

For about a second after a new set point MultiVu still says what it said before, "Stable" mostly: it is
the value that tells of arrival here, after that time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drivers.errors import Refused
from drivers.limited_roles import LimitedMagnet, LimitedThermometer
from drivers.magnet_supply import MagnetState
from drivers.multivu import MultiVuInstrument
from drivers.patience import insist
from drivers.ramp_segments import MagnetSettings, rate_on_the_way, segments_of
from drivers.temperature_controller import TemperatureSettings

T_PER_OE = 1e-4
APPROACHES = {"linear": 0, "no_overshoot": 1, "oscillate": 2}
TEMPERATURE_APPROACHES = {"fast_settle": 0, "no_overshoot": 1}
UNKNOWN = "Unknown"
FIELD_STATES = {
    "Stable": MagnetState.HOLDING,
    "Holding (driven)": MagnetState.HOLDING,
    "Switch Warming": MagnetState.HEATING_SWITCH,
    "Switch Cooling": MagnetState.COOLING_SWITCH,
    "Iterate": MagnetState.RAMPING,
    "Ramping": MagnetState.RAMPING,
    "Resetting": MagnetState.MANUAL,
    "Quenching": MagnetState.QUENCH,
    UNKNOWN: MagnetState.FAULT,
    "Current Error": MagnetState.FAULT,
    "Switch Error": MagnetState.FAULT,
    "Charging Error": MagnetState.FAULT,
    "PSU Error": MagnetState.FAULT,
    "General Failure": MagnetState.FAULT,
}
SOUND = {"Stable", "Tracking", "Near", "Chasing", "Pot Operation", "Standby"}
BROKEN = {"Diagnostic", "Impedance Control Error", "General Failure"}
"""What MultiVu says of the temperature."""


class PPMSMagnet(MultiVuInstrument, LimitedMagnet):
    """The magnet of a PPMS, DynaCool, VersaLab or OptiCool.

    Power supply, switch and quench are MultiVu's business; a quench or an error that it shows is latched here.
    """

    driver_name = "ppms_magnet"
    role = "magnet"
    model = "PPMS"
    SNAPSHOT = ("field_T", "state", "approach")

    @dataclass(frozen=True)
    class Settings(MagnetSettings):
        """Limits of the magnet, and how MultiVu approaches a field.

        Attributes
        ----------
        approach : str
            linear, no_overshoot (not on a VersaLab) or oscillate.
        leave_persistent : bool
            Whether a ramp may let MultiVu heat the switch of a PPMS whose magnet is persistent.
        """

        approach: str = "linear"
        leave_persistent: bool = False

        def __post_init__(self) -> None:
            super().__post_init__()
            if self.approach not in APPROACHES:
                raise ValueError(f"approach = {self.approach!r} is none; there are {', '.join(APPROACHES)}")

    @property
    def approach(self) -> str:
        """Get how a field is approached, as config.yaml says [1]."""
        return self.settings.approach

    # what it is doing

    def _field(self) -> tuple[float, str]:
        return self._reading("FIELD?", -5e5, 5e5, FIELD_STATES)

    @property
    def field_T(self) -> float:
        """Measure the field, as MultiVu knows it from the current [T]."""
        return self._field()[0] * T_PER_OE

    @property
    def target_T(self) -> float:
        """Get the field that MultiVu ramps to; the present one before the first ramp from here [T].

        It is not asked before: the simulation of MultiPyVu 3.8 dies of that question.
        """
        return self._setpoint("FIELDSET?")[0] * T_PER_OE if self._has_commanded else self.field_T

    @property
    def ramp_rate_T_per_min(self) -> float:
        """Get the ramp rate; the highest that is allowed before the first ramp from here [T/min]."""
        if not self._has_commanded:
            return self.settings.ramp_rate_max_T_per_min
        return self._setpoint("FIELDSET?")[1] * T_PER_OE * 60

    @property
    def _has_commanded(self) -> bool:
        return self._commanded_s > -math.inf

    @property
    def state(self) -> MagnetState:
        """Get what the magnet is doing; a quench, an error or an unknown state seen here is latched."""
        if self._latched is not None:
            return self._latched
        status = self._field()[1]
        if status == UNKNOWN:  # once is a glimpse of something else
            status = self._field()[1]
        state = FIELD_STATES[status]
        if state in (MagnetState.QUENCH, MagnetState.FAULT):
            self._latched, self._fault = state, f"MultiVu says {status!r}"
        return state

    def duration_s(self, start_T: float, end_T: float, rate_T_per_min: float) -> float:
        """Return how long a ramp takes at this rate [T/min], or at the slowest of the segments on its way [s]."""
        rate = min(rate_T_per_min, rate_on_the_way(segments_of(self.settings), start_T, end_T))
        return super().duration_s(start_T, end_T, rate)

    # what it is told

    def start_ramp(self, field_T: float, rate_T_per_min: float | None = None) -> None:
        """Start a ramp to a field [T] at a rate [T/min], at the slowest of the segments on its way if that is slower.

        Raises
        ------
        LimitExceeded, Quench, Tripped, Refused
            Before anything was sent; Refused also if MultiVu does not show the new set point, told to hold then.
        """
        self.check_field(field_T)
        if rate_T_per_min is not None:
            self.check_rate(rate_T_per_min)
        with self.lock:
            self._check_ready()
            rate = self.check_rate(self.ramp_rate_T_per_min if rate_T_per_min is None else rate_T_per_min)
            rate = min(rate, rate_on_the_way(segments_of(self.settings), insist(lambda: self.field_T), field_T))
            try:
                self._send_field(field_T, rate)
            except Refused:
                self._send_hold()  # it may still come
                raise

    def _send_field(self, field_T: float, rate_T_per_min: float) -> None:
        within = self.field_tolerance_T / T_PER_OE
        rate = rate_T_per_min / 60 / T_PER_OE
        self._set("FIELD", field_T / T_PER_OE, rate, APPROACHES[self.settings.approach], within=within)

    def _check_ready(self) -> None:
        state = insist(lambda: self.state)
        if state in (MagnetState.QUENCH, MagnetState.FAULT):
            raise self.latched_error(state)
        if state not in (MagnetState.HOLDING, MagnetState.RAMPING):
            raise Refused(
                f"{self.name}: is {state.value}; no ramp is started. Wait until that has ended", instrument=self.name
            )
        persistent = self.identity.endswith(",PPMS") and insist(self._field)[1] == "Stable"
        if persistent and not self.settings.leave_persistent:
            raise Refused(
                f"{self.name}: its magnet is persistent, MultiVu would heat the switch; no ramp is started. Set it "
                "driven in MultiVu, or give leave_persistent in config.yaml",
                instrument=self.name,
            )

    def hold(self) -> None:
        """Stop the ramp: MultiVu gets the present field as its set point.

        Where nothing ramps, nothing is sent: MultiVu would heat the switch of a persistent magnet for it. Where the
        connection is gone it is sent when that is opened again.
        """
        with self.lock, self._owing_hold():
            # as it is now: what was latched may have been a glimpse of a magnet that still ramps
            status = insist(self._field)[1]
            state = FIELD_STATES[status]
            just_now = state is MagnetState.HOLDING and self.clock.now() - self._commanded_s <= self.GRACE_S
            on_the_way = self._has_commanded and (state is MagnetState.HEATING_SWITCH or status == UNKNOWN)
            if state is MagnetState.RAMPING or just_now or on_the_way:
                self._send_hold()

    def reconnect(self) -> None:
        """Open the connection again, and send the hold that is owed; raises Lost or Timeout."""
        with self.lock:
            super().reconnect()
            self._pay_hold()

    def _send_hold(self) -> None:
        rate = insist(lambda: self.ramp_rate_T_per_min) / 60 / T_PER_OE
        now_Oe = insist(self._field)[0]
        self._connection.tell(self.name, "FIELD", now_Oe, rate, APPROACHES[self.settings.approach])
        self._commanded_s = self.clock.now()

    def rearm(self) -> None:
        """Allow ramps again; for a person who has looked at MultiVu. Raises Quench or Tripped if it is still there."""
        with self.lock:
            self._latched, self._fault = None, ""
            state = insist(lambda: self.state)
            if state in (MagnetState.QUENCH, MagnetState.FAULT):
                raise self.latched_error(state)

    def _arrived(self, state: MagnetState, now_T: float, field_T: float) -> bool:
        late_enough = self.clock.now() - self._commanded_s > self.GRACE_S
        return late_enough and super()._arrived(state, now_T, field_T)


class PPMSTemperature(MultiVuInstrument, LimitedThermometer):
    """The thermometer of a PPMS, DynaCool, VersaLab or OptiCool; MultiVu regulates."""

    driver_name = "ppms_temperature"
    role = "temperature"
    model = "PPMS"
    SNAPSHOT = ("temperature_K", "status", "approach")

    @dataclass(frozen=True)
    class Settings(TemperatureSettings):
        """How far and how fast, and how MultiVu approaches a temperature.

        Attributes
        ----------
        approach : str
            fast_settle or no_overshoot.
        """

        SLOWEST_K_PER_MIN = 0.01

        temperature_max_K: float = 400.0
        temperature_min_K: float = 1.8
        ramp_rate_max_K_per_min: float = 20.0
        approach: str = "fast_settle"

        def __post_init__(self) -> None:
            super().__post_init__()
            if self.ramp_rate_max_K_per_min > 20:
                raise ValueError(f"ramp_rate_max_K_per_min = {self.ramp_rate_max_K_per_min!r}: MultiVu has at most 20")
            if self.approach not in TEMPERATURE_APPROACHES:
                raise ValueError(f"approach = {self.approach!r} is none; there are {', '.join(TEMPERATURE_APPROACHES)}")

    @property
    def approach(self) -> str:
        """Get how a temperature is approached, as config.yaml says [1]."""
        return self.settings.approach

    def _temperature(self) -> tuple[float, str]:
        return self._reading("TEMP?", 0, 1000, SOUND | BROKEN)

    @property
    def temperature_K(self) -> float:
        """Measure the temperature of the sample stage [K]; raises Refused when MultiVu says that it is broken."""
        kelvin, status = self._temperature()
        if status in BROKEN or kelvin == 0:
            raise Refused(
                f"{self.name}: {kelvin:g} K with status {status!r}; look at MultiVu and the cryostat",
                instrument=self.name,
            )
        return kelvin

    @property
    def status(self) -> str:
        """Get what MultiVu says of the temperature; "Stable" for a second after a new set point, too [1]."""
        return self._temperature()[1]

    @property
    def setpoint_K(self) -> float:
        """Get the set point, where it goes, also while it ramps [K]."""
        return self._setpoint("TEMPSET?")[0]

    @property
    def ramp_rate_K_per_min(self) -> float:
        """Get how fast the set point moves [K/min]."""
        return self._setpoint("TEMPSET?")[1]

    @property
    def heater_percent(self) -> float:
        """Measure the heater output; MultiVu does not tell, it is nan [%]."""
        return math.nan

    def start_ramp(self, temperature_K: float, rate_K_per_min: float | None = None) -> None:
        """Start a ramp of the set point to a temperature [K] at a rate [K/min].

        Raises
        ------
        LimitExceeded
            Refused before anything was sent.
        Refused
            The thermometer is broken, or MultiVu does not show the new set point.
        """
        target_K = self.check_temperature(temperature_K)
        rate = self.settings.ramp_rate_K_per_min if rate_K_per_min is None else rate_K_per_min
        rate = self.check_limit("ramp_rate_K_per_min", rate)
        with self.lock:
            insist(lambda: self.temperature_K)
            approach = TEMPERATURE_APPROACHES[self.settings.approach]
            self._set("TEMP", target_K, rate, approach, within=1e-3 + 1e-4 * target_K)

    def heater_off(self) -> None:
        """Refuse: MultiVu has no such command."""
        raise Refused(
            f"{self.name}: MultiVu cannot be told to switch a heater off; set another temperature, or use MultiVu",
            instrument=self.name,
        )

    def settle(
        self,
        temperature_K: float,
        *,
        tolerance_K: float,
        dwell_s: float,
        timeout_s: float,
        interrupt: Any = None,
        on_reading: Callable[[float], None] | None = None,
    ) -> bool:
        """Wait until the temperature has stayed in its band for the dwell time, at least the time that MultiVu lags."""
        return super().settle(
            temperature_K, tolerance_K=tolerance_K, dwell_s=max(dwell_s, self.GRACE_S), timeout_s=timeout_s,
            interrupt=interrupt, on_reading=on_reading,
        )  # fmt: skip
