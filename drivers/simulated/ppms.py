"""Twin of a Quantum Design DynaCool, at the border of our own driver: questions and set points, not MultiPyVu's JSON.

As with MultiVu, nothing happens for a second after a new set point, and the state is that of before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from drivers.clock import Clock
from drivers.simulated.control_loop import ControlLoop
from drivers.simulated.cryostat import Cryostat
from drivers.simulated.maker_session import MakerSession, number_or_text
from drivers.simulated.twin import OUT_OF_RANGE, Twin, number, on

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

LAG_S, ITERATE_S, NEAR_S = 1.0, 0.5, 5.0
OE_PER_T = 1e4
LARGEST_OE, HOTTEST_K = 90e3, 400.0
HEATER_W, GAIN_PERCENT_PER_K, INTEGRAL_PER_S = 5.0, 10.0, 0.1


class FieldHalf:
    """What MultiVu knows of the magnet."""

    def __init__(self, cryostat: Cryostat) -> None:
        self.coil = cryostat.coil
        self.setpoint_Oe, self.rate_Oe_per_s = self.now_Oe, 100.0
        self.status = "Holding (driven)"
        self._since_s = -math.inf
        self._pending = False

    @property
    def now_Oe(self) -> float:
        """Measure the field, from the current [Oe]."""
        return self.coil.current_A * self.coil.field_per_ampere_T * OE_PER_T

    def set(self, setpoint_Oe: float, rate_Oe_per_s: float, time_s: float) -> None:
        """Take a new set point."""
        self.setpoint_Oe, self.rate_Oe_per_s = setpoint_Oe, rate_Oe_per_s
        self._since_s, self._pending = time_s, True

    def step(self, time_s: float) -> None:
        """Go on."""
        if self.coil.quenched:
            self._quench()
        elif self._pending and time_s - self._since_s >= LAG_S:
            per_A = self.coil.field_per_ampere_T * OE_PER_T
            self.coil.start(self.setpoint_Oe / per_A, self.rate_Oe_per_s / per_A)
            self._pending, self.status = False, "Ramping"
        elif self.status == "Ramping" and not self.coil.ramping:
            self.status, self._since_s = "Iterate", time_s
        elif self.status == "Iterate" and time_s - self._since_s >= ITERATE_S:
            self.status = "Holding (driven)"

    def _quench(self) -> None:
        """Show the quench until the current is gone; then MultiVu is ready again."""
        self.status, self._pending = "Quenching", False
        if abs(self.coil.current_A) < 1e-3:
            self.coil.clear_quench()
            self.status, self.setpoint_Oe = "Holding (driven)", self.now_Oe


class TemperatureHalf:
    """What MultiVu knows of the temperature, and how it regulates."""

    def __init__(self, cryostat: Cryostat) -> None:
        self.heat = cryostat.heat
        self.goal_K = self.setpoint_K = cryostat.settings.start_K
        self.rate_K_per_min = 1.0
        self.status = "Stable"
        self._since_s = -math.inf
        self._pending = False
        self._loop = ControlLoop()

    def set(self, goal_K: float, rate_K_per_min: float, time_s: float) -> None:
        """Take a new set point."""
        self.goal_K, self.rate_K_per_min = goal_K, rate_K_per_min
        self._since_s, self._pending = time_s, True

    def step(self, time_s: float, period_s: float) -> None:
        """Go on."""
        now_K = self.heat.sensor_K
        if self._pending and time_s - self._since_s >= LAG_S:
            self._pending, self.status, self.setpoint_K = False, "Tracking", now_K
        if not self._pending:
            left_K, step_K = self.goal_K - self.setpoint_K, self.rate_K_per_min / 60 * period_s
            self.setpoint_K += max(-step_K, min(step_K, left_K))
            self._judge(now_K, time_s)
        if math.isnan(now_K):
            self.status, self.heat.heater_W = "General Failure", 0.0
            return
        percent = self._loop.output_percent(
            self.setpoint_K - now_K, period_s,
            gain_percent_per_K=GAIN_PERCENT_PER_K, integral_per_s=INTEGRAL_PER_S, derivative_s=0.0,
        )  # fmt: skip
        self.heat.heater_W = HEATER_W * percent / 100

    def _judge(self, now_K: float, time_s: float) -> None:
        close = self.setpoint_K == self.goal_K and abs(now_K - self.goal_K) < 0.01 + 5e-3 * self.goal_K
        if not close:
            self.status = "Tracking" if self.setpoint_K != self.goal_K else "Chasing"
        elif self.status in ("Tracking", "Chasing"):
            self.status, self._since_s = "Near", time_s
        elif self.status == "Near" and time_s - self._since_s >= NEAR_S:
            self.status = "Stable"


class PPMSTwin(Twin):
    """A simulated DynaCool. In a rack, magnet and thermometer are two of these with the halves in common.

    Parameters
    ----------
    field, temperature
        The two halves of it. Something must call `step` every `period_s`.
    """

    model = "dynacool"
    ADDRESS = "ppms@127.0.0.1:5000"
    PERIOD_S = (0.1, 0.2)

    def __init__(self, clock: Clock, field: FieldHalf, temperature: TemperatureHalf, seed: int = 0) -> None:
        self.field, self.temperature = field, temperature
        super().__init__(clock, seed)
        self.freeze()

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> PPMSTwin:
        """Return one that is connected to coil and stage; the second of a rack shares the halves of the first."""
        for twin in rack.twins.values():
            if isinstance(twin, PPMSTwin):
                return cls(rack.clock, twin.field, twin.temperature, seed)
        return cls(rack.clock, FieldHalf(rack.cryostat), TemperatureHalf(rack.cryostat), seed)

    def session(self, clock: Clock) -> SimulatedSession:
        """Return a connection such as the driver has to MultiPyVu."""
        return SimulatedSession(self, clock)

    # language

    @on("FLAVOR?")
    def _flavor(self) -> str:
        return "DYNACOOL"

    @on("FIELD?")
    def _ask_field(self) -> str:
        return f"{self.field.now_Oe:.4f},{self.field.status}"

    @on("TEMP?")
    def _ask_temperature(self) -> str:
        now_K = self.temperature.heat.sensor_K
        return f"{0.0 if math.isnan(now_K) else now_K:.5f},{self.temperature.status}"

    @on("FIELDSET?")
    def _ask_field_setpoint(self) -> str:
        return f"{self.field.setpoint_Oe!r},{self.field.rate_Oe_per_s!r}"

    @on("TEMPSET?")
    def _ask_temperature_setpoint(self) -> str:
        return f"{self.temperature.goal_K!r},{self.temperature.rate_K_per_min!r}"

    @on("FIELD")
    def _set_field(self, setpoint_Oe: str, rate_Oe_per_s: str, approach: str) -> None:
        number(approach, 0, 2)
        values = number(setpoint_Oe, -LARGEST_OE, LARGEST_OE), number(rate_Oe_per_s, 0.01, 1000)
        if self.field.coil.quenched:
            raise OUT_OF_RANGE
        self.field.set(*values, self.clock.now())

    @on("TEMP")
    def _set_temperature(self, setpoint_K: str, rate_K_per_min: str, approach: str) -> None:
        number(approach, 0, 1)
        self.temperature.set(number(setpoint_K, 0.1, HOTTEST_K), number(rate_K_per_min, 0.01, 20), self.clock.now())


class PPMSMagnetTwin(PPMSTwin):
    """The one whose field half moves."""

    driver_name = "ppms_magnet"

    def step(self, time_s: float) -> None:
        """Let the magnet go on."""
        self.field.step(time_s)


class PPMSTemperatureTwin(PPMSTwin):
    """The one whose temperature half moves."""

    driver_name = "ppms_temperature"

    def step(self, time_s: float) -> None:
        """Let the temperature go on."""
        self.temperature.step(time_s, self.period_s)


class SimulatedSession(MakerSession):
    """A connection to a twin, as `drivers.multivu.MultiVuSession` says."""

    def ask(self, question: str) -> tuple[Any, ...]:
        """Return what the twin says to a question; a reply that did not come whole did not come, as in MultiPyVu."""
        self._say(question)
        text = self._heard()
        if not text.endswith("\n"):
            raise TimeoutError(question)
        first, comma, rest = text.rstrip("\n").partition(",")
        return tuple(number_or_text(part) for part in ([first, rest] if comma else [first]))

    def tell(self, command: str, setpoint: float, rate: float, approach: int) -> None:
        """Give the twin a new set point."""
        self._say(f"{command} {setpoint!r},{rate!r},{approach}")
