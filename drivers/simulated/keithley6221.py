"""Twin of the Keithley 6221 current source, with a 2182A on its serial relay: delta mode.

In delta mode the current is reversed at every reading, and what is shown is (V1 - 2 V2 + V3)/4 of three readings, in
which a thermal voltage and its drift cancel.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.simulated.keithley2182a import Keithley2182ATwin
from drivers.simulated.reading_elements import ReadingElements
from drivers.simulated.scpi import NOT_ALLOWED, Amount, Choice, Switch
from drivers.simulated.source_meter import snapped
from drivers.simulated.twin import Field, NotUnderstood, Setting, on

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

RANGES_A = (2e-9, 2e-8, 2e-7, 2e-6, 2e-5, 2e-4, 2e-3, 2e-2, 0.1)
MOST_A = 0.105
OVERFLOW = 9.9e37
NO_VOLTMETER = NotUnderstood(-241, "Hardware missing; no 2182A")
IN_COMPLIANCE = 8


class Keithley6221Twin(ReadingElements):
    """A simulated 6221.

    Attributes
    ----------
    source : callable
        Returns the voltage at the 2182A for the current that flows, rms [V].
    voltmeter : Keithley2182ATwin or None
        On the serial relay.
    thermal_V, drift_V_per_s : float
        Voltage of the wires, and how it grows [V], [V/s].
    """

    ELEMENTS = ("READing", "TSTamp", "UNITs", "RNUMber", "SOURce", "COMPliance", "AVOLtage")
    USUAL = ELEMENTS[:2]
    driver_name = "keithley6221"
    model = "keithley6221"
    ADDRESS = "GPIB0::12::INSTR"
    IDENTITY = "KEITHLEY INSTRUMENTS INC.,MODEL 6221,1234567,D03  /700x"
    PERIOD_S = (0.1, 10.0)
    SETTINGS = (
        Setting("OUTPut[:STATe]", Switch(0)),
        Setting("OUTPut:ISHield", Choice("OLOW", words=("OLOW", "GUARd"))),
        Setting("OUTPut:LTEarth", Switch(0)),
        Setting("SOURce[1]:DELay", Amount(1e-3, 1e-3, 999999.999)),
        Setting("SOURce[1]:CURRent[:LEVel][:IMMediate][:AMPLitude]", Amount(0.0, -MOST_A, MOST_A)),
        Setting("SOURce[1]:CURRent:COMPliance", Amount(10.0, 0.1, 105)),
        Setting("SOURce[1]:CURRent:RANGe", Amount(0.1, -MOST_A, MOST_A)),
        Setting("SOURce[1]:CURRent:RANGe:AUTO", Switch(0)),
        Setting("SOURce[1]:DELTa:HIGH", Amount(1e-5, 0, MOST_A)),
        Setting("SOURce[1]:DELTa:LOW", Amount(-1e-5, -MOST_A, 0)),
        Setting("SOURce[1]:DELTa:DELay", Amount(2e-3, 0, 9.9e37)),
        Setting("SOURce[1]:DELTa:COUNt", Amount(9.9e37, 1, 9.9e37)),
        Setting("SOURce[1]:SWEep:COUNt", Amount(1.0, 1, 9.9e37)),
        Setting("SOURce[1]:DELTa:CABort", Switch(0)),
        Setting("SOURce[1]:DELTa:CSWitch", Switch(0)),
        Setting("UNIT[:VOLTage][:DC]", Choice("V", words=("V", "OHMS", "W", "SIEMens"))),
        Setting("SOURce[1]:WAVE:FUNCtion", Choice("SIN", words=("SINusoid", "SQUare", "RAMP", "ARB1", "ARB2", "ARB3"))),
        Setting("SOURce[1]:WAVE:FREQuency", Amount(1e3, 1e-3, 1e5)),
        Setting("SOURce[1]:WAVE:AMPLitude", Amount(1e-3, 2e-12, MOST_A)),
        Setting("SOURce[1]:WAVE:OFFSet", Amount(0.0, -MOST_A, MOST_A)),
        Setting("SOURce[1]:WAVE:DCYCle", Amount(50.0, 0, 100)),
        Setting("SOURce[1]:WAVE:DURation:TIME", Amount(9.9e37, 1e-7, 9.9e37)),
        Setting("SOURce[1]:WAVE:DURation:CYCLes", Amount(9.9e37, 1e-3, 9.9e37)),
        Setting("SOURce[1]:WAVE:RANGing", Choice("BEST", words=("BEST", "FIXed"))),
        Setting("SOURce[1]:WAVE:PMARk:STATe", Switch(0)),
        Setting("SOURce[1]:WAVE:PMARk[:LEVel]", Amount(180.0, -180, 180)),
        Setting("SOURce[1]:WAVE:PMARk:OLINe", Field(3, 1, 6)),
        Setting("TRACe:POINts", Field(100, 1, 1_000_000)),
        Setting("TRACe:FEED:CONTrol", Choice("NEV", words=("NEXT", "NEVer"))),
        Setting("FORMat[:DATA]", Choice("ASC", words=("ASCii", "REAL", "SREal"))),
        Setting("DISPlay:ENABle", Switch(1)),
        Setting("STATus:MEASurement:ENABle", Field(0, 0, 65535)),
        Setting("STATus:OPERation:ENABle", Field(0, 0, 65535)),
        Setting("STATus:QUEStionable:ENABle", Field(0, 0, 65535)),
    )

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.source: Callable[[], float] = lambda: 0.0
        self.now: Callable[[], float] = clock.now
        self.voltmeter: Keithley2182ATwin | None = Keithley2182ATwin(clock, seed)
        self.thermal_V, self.drift_V_per_s = 2e-6, 1e-9
        self._armed = self._running = False
        self._started_s = 0.0
        self._count = 0
        self._readings: collections.deque[float] = collections.deque(maxlen=3)
        self._said = ""
        super().__init__(clock, seed)
        self.freeze()

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> Keithley6221Twin:
        """Return one that drives the film and reads it, its delta mode running as a person has left it."""
        twin = cls(rack.clock, seed)
        twin.source, twin.now = rack.source(name), rack.now
        if twin.voltmeter is not None:
            twin.voltmeter.noise_V_per_sqrtHz = rack.settings.noise_V_per_sqrtHz
            for line in ("SENS:VOLT:RANG 0.01", "SENS:VOLT:NPLC 1"):
                twin.voltmeter.feed(line)
        for line in ("SOUR:DELT:HIGH 1e-8", "SOUR:DELT:ARM", "INIT:IMM"):
            twin.feed(line)
        twin.wire_log.clear()
        twin._readings.extend([twin.thermal_V] * 3)  # it has run for long
        return twin

    def power_on(self) -> None:
        """Take the settings of a fresh start."""
        super().power_on()
        self._stop()
        self._said = ""

    def _stop(self) -> None:
        self._armed = self._running = False
        self._count = 0
        self._readings.clear()

    def changed(self, head: str, key: str) -> None:
        """Keep the two currents opposite; nothing of the delta mode can be changed while it is armed."""
        if head.startswith("SOURCE:DELTA") and self._armed:
            raise NOT_ALLOWED
        if head == "SOURCE:DELTA:HIGH":
            self.values["SOURCE:DELTA:LOW", ""][0] = -self.value(head)
        elif head == "SOURCE:CURRENT:RANGE":
            self.values[head, ""][0] = snapped(self.value(head), RANGES_A)
        elif head == "OUTPUT" and not self.value(head):
            self._stop()

    @property
    def excitation_A(self) -> float:
        """Get the current that flows, whichever way [A]."""
        if self._running:
            return (self.value("SOURCE:DELTA:HIGH") - self.value("SOURCE:DELTA:LOW")) / 2
        return abs(self.value("SOURCE:CURRENT")) if self.value("OUTPUT") else 0.0

    @property
    def limited(self) -> bool:
        """Get whether the current needs more voltage than the compliance."""
        return abs(self.source()) > self.value("SOURCE:CURRENT:COMPLIANCE")

    @property
    def reading_time_s(self) -> float:
        """Get the time from one reversal to the next [s]."""
        aperture_s = self.voltmeter.aperture_s if self.voltmeter is not None else 0.0
        return self.value("SOURCE:DELTA:DELAY") + aperture_s

    def step(self, time_s: float) -> None:
        """Take the readings that are due, the newest three at most; an older one is in none of what is shown."""
        if not self._running or self.voltmeter is None:
            return
        due = int((time_s - self._started_s) / self.reading_time_s + 1e-9)
        compliance_V = self.value("SOURCE:CURRENT:COMPLIANCE")
        signal_V = max(-compliance_V, min(compliance_V, self.source())) if due > self._count else 0.0
        for number in range(max(self._count, due - 3), due):
            thermal_V = self.thermal_V + self.drift_V_per_s * (self._started_s + number * self.reading_time_s)
            self._readings.append(self.voltmeter.convert(signal_V * (-1) ** number + thermal_V))
        self._count = max(self._count, due)

    def _delta_V(self) -> float | None:
        """Return what three readings make, or None before there are three [V]."""
        if len(self._readings) < 3:
            return None
        first, middle, last = self._readings
        if max(map(abs, self._readings)) >= OVERFLOW:
            return OVERFLOW
        return (first - 2 * middle + last) / 4 * (-1) ** (self._count - 1)

    def _answer(self, command: str) -> str | None:
        self.step(self.now())
        return super()._answer(command)

    # delta mode

    @on("SOURce[1]:DELTa:NVPResent?")
    def _sees_voltmeter(self) -> str:
        return str(int(self.voltmeter is not None))

    @on("SOURce[1]:DELTa:ARM")
    def _arm(self) -> None:
        if self.voltmeter is None:
            raise NO_VOLTMETER
        self._stop()
        self._armed = True
        self.values["OUTPUT", ""][0] = 1

    @on("SOURce[1]:DELTa:ARM?")
    def _is_armed(self) -> str:
        return str(int(self._armed))

    @on("INITiate[:IMMediate]")
    def _start(self) -> None:
        if not self._armed:
            raise NOT_ALLOWED
        self._running, self._started_s = True, self.now()
        self._count = 0
        self._readings.clear()

    @on("SOURce[1]:SWEep:ABORt")
    def _abort(self) -> None:
        self._stop()
        self.values["OUTPUT", ""][0] = 0

    @on("SENSe[1]:DATA[:LATest]?", "SENSe[1]:DATA:FRESh?", "TRACe:DATA?")
    def _data(self) -> str:
        volts = self._delta_V()
        if volts is None:
            raise NOT_ALLOWED
        shown = {
            "READing": f"{self._in_unit(volts):+.6E}", "TSTamp": f"{self.now() - self._started_s:+.6E}",
            "UNITs": self.value("UNIT"), "RNUMber": f"{self._count:+.6E}", "SOURce": f"{self.excitation_A:+.6E}",
            "COMPliance": "T" if self.limited else "F", "AVOLtage": f"{abs(self._readings[-1]):+.6E}",
        }  # fmt: skip
        return ",".join(shown[element] for element in self._elements)

    def _in_unit(self, volts: float) -> float:
        """Return a delta reading in the unit that was chosen."""
        current_A = self.excitation_A
        if volts >= OVERFLOW or self.value("UNIT") == "V":
            return volts
        if self.value("UNIT") == "W":
            return volts * current_A
        ohms = volts / current_A if current_A else math.copysign(OVERFLOW, volts)
        return ohms if self.value("UNIT") == "OHMS" else 1 / ohms

    # the serial relay

    @on("SYSTem:COMMunicate:SERial:SEND")
    def _relay(self, *words: str) -> None:
        if self.voltmeter is None or self._running:
            raise NOT_ALLOWED
        self._said = self.voltmeter.feed(",".join(words).strip("\"'")) or ""

    @on("SYSTem:COMMunicate:SERial:ENTer?")
    def _relayed(self) -> str:
        said, self._said = self._said, ""
        if not said:
            raise NOT_ALLOWED
        return said

    # status and waves

    @on("STATus:MEASurement:CONDition?", "STATus:MEASurement[:EVENt]?")
    def _condition(self) -> str:
        return str(IN_COMPLIANCE if self.limited else 0)

    @on("STATus:OPERation:CONDition?", "STATus:OPERation[:EVENt]?", "STATus:QUEStionable[:EVENt]?", "*SRE?", "ESE?")
    def _no_events(self) -> str:
        return "0"

    @on("SOURce[1]:WAVE:ARM", "SOURce[1]:WAVE:INITiate", "SOURce[1]:WAVE:ABORt", "SOURce[1]:WAVE:ARBitrary:DATA")
    def _wave(self, *points: str) -> None:
        """Take without an effect that this twin shows; it has no waves."""
