"""A temperature controller that is described by its command strings in config.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.described import WORD, Described, Description, rate_window
from drivers.errors import Refused
from drivers.limited import check_settings
from drivers.limited_roles import LimitedThermometer
from drivers.patience import insist
from drivers.temperature_controller import TemperatureSettings
from drivers.templates import Words

HEATER_OFF_S = 5.0
"""How long a heater may take to be seen off [s]."""
HEATER_OFF_PERCENT = 0.5
FASTEST_K_PER_MIN = 1e4


class GenericThermometer(Described, LimitedThermometer):
    """Any temperature controller, described by its command strings."""

    driver_name = "generic_thermometer"
    role = "temperature"
    SNAPSHOT = ("temperature_K", "setpoint_K", "heater_percent", "ramp_rate_K_per_min", "temperature_factor_K")
    KEPT = ("as_described",)

    @dataclass(frozen=True, kw_only=True)
    class Settings(TemperatureSettings, Description):
        """How far and how fast, and the words of the controller.

        Attributes
        ----------
        temperature_query, temperature_reply, temperature_factor_K : str, str, float
            Asks for the temperature; form of the reply; kelvin in its unit, also of the set point [K].
        sensor_query, sensor_reply : str
            Asks for the status of the sensor, and the whole reply of a sound one; empty if there is no such question.
        sensor_max_K : float
            Above this, as at zero, a sensor is broken or off its curve [K].
        temperature_agreement_K : float
            How far two readings, one right after the other, may be apart [K], and a hundredth of the reading besides.
        setpoint_query, setpoint_reply, setpoint_command : str
            Asks for and sets the set point.
        setpoint_lead_K : float
            How far above both temperature and target the set point may be when a ramp starts from it [K].
        rate_query, rate_reply, rate_command, rate_factor_K_per_min : str, str, str, float
            Asks for and sets how fast the set point moves by itself. Without: it jumps, and a rate is refused.
        jump_command : str
            Lets the set point jump, so that a ramp can start at the present temperature; empty if there is none.
        heater_query, heater_reply, heater_factor_percent : str, str, float
            Asks for the heater output; percent in its unit [%].
        heater_on_command, heater_off_command : str
            Sent with every ramp, and when the heater is to be off; empty: a person does it.
        """

        temperature_query: str
        temperature_reply: str = "%g"
        temperature_factor_K: float = 1.0
        sensor_query: str = ""
        sensor_reply: str = "0"
        sensor_max_K: float = 500.0
        temperature_agreement_K: float = 0.1
        setpoint_query: str
        setpoint_reply: str = "%g"
        setpoint_command: str
        setpoint_lead_K: float = 5.0
        rate_query: str = ""
        rate_reply: str = "%g"
        rate_command: str = ""
        rate_factor_K_per_min: float = 1.0
        jump_command: str = ""
        heater_query: str
        heater_reply: str = "%g"
        heater_factor_percent: float = 1.0
        heater_on_command: str = ""
        heater_off_command: str = ""

        PLAIN = ("jump_command", "heater_on_command", "heater_off_command")
        COUNTS = {"sensor_reply": 0}

        def __post_init__(self) -> None:
            TemperatureSettings.__post_init__(self)
            self.check_words()
            check_settings(self, positive=("sensor_max_K", "temperature_agreement_K", "setpoint_lead_K"))
            if bool(self.rate_command) != bool(self.rate_query):
                raise ValueError("rate_query and rate_command belong together: give both or neither")
            if self.jump_command and not self.rate_command:
                raise ValueError("jump_command needs rate_command: without one the set point jumps anyway")

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        limits = super()._own_limits()
        if not self.settings.rate_command:
            del limits["ramp_rate_K_per_min"]
        return limits

    def _on_open(self) -> None:
        s = self.settings
        self._temperature = Words(s.temperature_query, s.temperature_reply, factor=s.temperature_factor_K)
        self._setpoint = Words(s.setpoint_query, s.setpoint_reply, s.setpoint_command, s.temperature_factor_K)
        self._rate = Words(s.rate_query, s.rate_reply, s.rate_command, s.rate_factor_K_per_min)
        self._heater = Words(s.heater_query, s.heater_reply, factor=s.heater_factor_percent)
        super()._on_open()

    # what it measures

    @property
    def temperature_K(self) -> float:
        """Measure the temperature; asked twice, must agree [K].

        Raises
        ------
        Refused
            The sensor is broken, or out of the range of its curve.
        Timeout, Garbled, Lost
        """
        s = self.settings
        with self.lock:
            now_K = self._ask_twice(
                self._temperature, -1e4, 1e4, within=s.temperature_agreement_K, share=0.01,
                speed_per_s=s.ramp_rate_max_K_per_min / 30,
            )  # fmt: skip
            status = self.query(s.sensor_query, WORD) if s.sensor_query else s.sensor_reply
        if status != s.sensor_reply or not 0 < now_K <= s.sensor_max_K:
            raise Refused(
                f"{self.name}: the sensor reads {now_K:g} K (allowed above 0 to {s.sensor_max_K:g} K) with status "
                f"{status!r} (sound is {s.sensor_reply!r}); check the sensor and its wires",
                instrument=self.name,
            )
        return now_K

    @property
    def setpoint_K(self) -> float:
        """Get the set point, on its way while it ramps [K]."""
        return self._ask_number(self._setpoint, 0, 1e4)

    @property
    def heater_percent(self) -> float:
        """Measure the heater output [% of the range]."""
        return self._ask_number(self._heater, 0, 100.5)

    @property
    def ramp_rate_K_per_min(self) -> float:
        """Get how fast the set point moves, 0 for at once [K/min]."""
        return self._ask_number(self._rate, 0, FASTEST_K_PER_MIN) if self.settings.rate_query else 0.0

    @property
    def temperature_factor_K(self) -> float:
        """Get what its unit of temperature is, as described [K]."""
        return self.settings.temperature_factor_K

    def power_cycled(self) -> bool:
        """Return whether the event status has had its power-on bit since it was read last."""
        return self._power_was_off(self.settings.event_query)

    # what it is told

    def start_ramp(self, temperature_K: float, rate_K_per_min: float | None = None) -> None:
        """Start a ramp of the set point to a temperature [K] at a rate [K/min], or set it if it cannot ramp.

        Raises
        ------
        LimitExceeded
            Refused before anything was sent.
        Refused
            There is no rate to be set, the sensor is broken, the set point is far above, or a command was not taken.
        """
        target_K = self.check_temperature(temperature_K)
        if self.settings.rate_command:
            rate = self.settings.ramp_rate_K_per_min if rate_K_per_min is None else rate_K_per_min
            rate = self.check_limit("ramp_rate_K_per_min", rate)
            insist(lambda: self._command_ramp(target_K, rate))
        elif rate_K_per_min is None:
            insist(lambda: self._command_jump(target_K))
        else:
            raise Refused(
                f"{self.name}: its description has no rate_command, its set point jumps and cannot ramp at "
                f"{rate_K_per_min!r} K/min; nothing was sent. Leave the rate out",
                instrument=self.name,
            )

    def _command_jump(self, target_K: float) -> None:
        with self.lock:
            self.temperature_K  # noqa: B018  raises when the sensor is broken
            self._set_setpoint(target_K)
            self._switch_heater_on()

    def _command_ramp(self, target_K: float, rate_K_per_min: float) -> None:
        """Say it all; it can be said again from the start after a lost reply."""
        s = self.settings
        with self.lock:
            now_K, (low_K, high_K) = self.temperature_K, self._limits["temperature_K"]
            rate_line, rate = self._worded(
                "ramp_rate_K_per_min", self._rate, rate_K_per_min, within=0.1 * rate_K_per_min, down=True
            )
            target_line, _ = self._worded("temperature_K", self._setpoint, target_K, within=_step_K(target_K))
            if s.jump_command:
                self.send(s.jump_command)
                # the ramp begins at the present temperature, or at the limit if that is outside
                self._set_setpoint(max(low_K, min(high_K, now_K)))
            else:
                self._check_lead(now_K, target_K)
            start_K = self.setpoint_K
            self.send(rate_line)
            said = self.ramp_rate_K_per_min
            self._check_said("ramp rate", rate, said, rate_window(rate, said), "K/min")
            self.send(target_line)
            middle_K, half_K = (start_K + target_K) / 2, abs(start_K - target_K) / 2
            self._check_said("set point on its way", middle_K, self.setpoint_K, half_K + _step_K(target_K), "K")
            self._switch_heater_on()

    def _check_lead(self, now_K: float, target_K: float) -> None:
        """Refuse a ramp that would begin far above where it leads and where it is: the heater would go to full."""
        setpoint_K, lead_K = self.setpoint_K, self.settings.setpoint_lead_K
        if setpoint_K > max(now_K, target_K) + lead_K:
            raise Refused(
                f"{self.name}: the set point is {setpoint_K:g} K, more than {lead_K:g} K above the temperature, "
                f"{now_K:g} K, and the target, {target_K:g} K; a ramp would begin there. Set it by hand, or give "
                "jump_command in config.yaml",
                instrument=self.name,
            )

    def _set_setpoint(self, temperature_K: float) -> None:
        step_K = _step_K(temperature_K)
        line, written_K = self._worded("temperature_K", self._setpoint, temperature_K, within=step_K)
        self.send(line)
        self._check_said("set point", written_K, self.setpoint_K, step_K, "K")

    def _switch_heater_on(self) -> None:
        if self.settings.heater_on_command:
            self.send(self.settings.heater_on_command)

    def heater_off(self) -> None:
        """Switch the heater off and see that it is; raises Refused where there is no command for it."""
        if not self.settings.heater_off_command:
            raise Refused(
                f"{self.name}: its description has no heater_off_command; switch the heater off at the front panel",
                instrument=self.name,
            )
        insist(self._switch_off)

    def _switch_off(self) -> None:
        with self.lock:
            self.send(self.settings.heater_off_command)
            until_s = self.clock.now() + HEATER_OFF_S
            while (percent := self.heater_percent) > HEATER_OFF_PERCENT:
                if self.clock.now() > until_s:
                    raise Refused(
                        f"{self.name}: the heater was switched off, but the instrument says {percent:g} %; switch it "
                        "off at the front panel",
                        instrument=self.name,
                    )
                self.clock.sleep(self.clock.poll_interval_s(self.POLL_S))


def _step_K(temperature_K: float) -> float:
    """Return how far a set point may be rounded [K]."""
    return 1e-3 + 1e-3 * temperature_K
