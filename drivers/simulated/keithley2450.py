"""Twin of the Keithley 2450 SourceMeter in its SCPI command set."""

from __future__ import annotations

from drivers.clock import Clock
from drivers.simulated.scpi import Amount, Choice, Switch
from drivers.simulated.source_meter import SourceTwin, snapped
from drivers.simulated.twin import OUT_OF_RANGE, Field, NotUnderstood, Setting, on, spoken

VOLTAGES_V = (0.02, 0.2, 2.0, 20.0, 200.0)
CURRENTS_A = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
RESISTANCES_OHM = (20.0, 200.0, 2e3, 2e4, 2e5, 2e6, 2e7, 2e8)
OUTPUT_OFF = NotUnderstood(5076, "Output is off")
RANGES = {"VOLTAGE": VOLTAGES_V, "CURRENT": CURRENTS_A, "RESISTANCE": RESISTANCES_OHM}
FUNCTIONS = {'"VOLT:DC"': "VOLTage[:DC]", '"CURR:DC"': "CURRent[:DC]", '"RES"': "RESistance"}
NO_RESISTANCE_OHM = 9.9e37


def _of(quantity: str, range_: float, most: float) -> tuple[Setting, ...]:
    """Return the settings of a quantity that is measured."""
    head = f"SENSe[1]:{quantity}"
    return (
        Setting(f"{head}:RANGe[:UPPer]", Amount(range_, -most, most, "%.6G")),
        Setting(f"{head}:RANGe[:UPPer]:AUTO", Switch(1)),
        Setting(f"{head}:NPLCycles", Amount(1.0, 0.01, 10, "%.6G")),
        Setting(f"{head}:RSENse", Switch(0)),
        Setting(f"{head}:AZERo[:STATe]", Switch(1)),
        Setting(f"{head}:AVERage[:STATe]", Switch(0)),
        Setting(f"{head}:AVERage:TCONtrol", Choice("REP", words=("REPeat", "MOVing"))),
        Setting(f"{head}:AVERage:COUNt", Field(10, 1, 100)),
        *(Setting(f"{head}:DELay:USER{i}", Amount(0.0, 0, 1e4, "%.6G")) for i in range(1, 6)),
    )


def _from(quantity: str, most: float, range_: float, limit: str, limit_start: float, limit_most: float) -> tuple:
    """Return the settings of a quantity that is put out."""
    head = f"SOURce[1]:{quantity}"
    return (
        Setting(f"{head}[:LEVel][:IMMediate][:AMPLitude]", Amount(0.0, -most, most, "%.6G")),
        Setting(f"{head}:RANGe", Amount(range_, -most, most, "%.6G")),
        Setting(f"{head}:RANGe:AUTO", Switch(1)),
        Setting(f"{head}:{limit}[:LEVel]", Amount(limit_start, 0, limit_most, "%.6G")),
        Setting(f"{head}:DELay", Amount(0.0, 0, 1e4, "%.6G")),
        Setting(f"{head}:DELay:AUTO", Switch(1)),
        Setting(f"{head}:READ:BACK", Switch(1)),
        Setting(f"OUTPut[1]:{quantity}:SMODe", Choice("NORM", words=("HIMPedance", "NORMal", "ZERO", "GUARd"))),
        *(Setting(f"{head}:DELay:USER{i}", Amount(0.0, 0, 1e4, "%.6G")) for i in range(1, 6)),
    )


class Keithley2450Twin(SourceTwin):
    """A simulated 2450."""

    driver_name = "keithley2450"
    model = "keithley2450"
    ADDRESS = "TCPIP0::192.168.0.24::5025::SOCKET"
    IDENTITY = "KEITHLEY INSTRUMENTS,MODEL 2450,04012345,1.7.12b"
    NO_ERROR = '0,"No error;0;0 0"'
    OPTIONS = "0"
    BEYOND = 1.05
    LEVELS = ("SOURCE:VOLTAGE", "SOURCE:CURRENT")
    LIMITS = ("SOURCE:VOLTAGE:ILIMIT", "SOURCE:CURRENT:VLIMIT")
    SETTINGS = (
        Setting("OUTPut[1][:STATe]", Switch(0)),
        Setting("ROUTe:TERMinals", Choice("FRON", words=("FRONt", "REAR"))),
        Setting("SOURce[1]:FUNCtion[:MODE]", Choice("VOLT", words=("VOLTage", "CURRent"))),
        *_from("VOLTage", 210.0, 0.02, "ILIMit", 1.05e-4, 1.05),
        *_from("CURRent", 1.05, 1e-8, "VLIMit", 21.0, 210.0),
        *_of("VOLTage[:DC]", 0.02, 210.0),
        *_of("CURRent[:DC]", 1e-8, 1.05),
        *_of("RESistance", 2e5, 2.1e8),
        Setting("SENSe[1]:COUNt", Field(1, 1, 300000)),
        Setting("SYSTem:LFRequency", Field(50, 50, 60)),
        Setting("DISPlay:ENABle", Switch(1)),
        Setting("FORMat[:DATA]", Choice("ASC", words=("ASCii", "REAL", "SREal"))),
    )

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self._sensed = '"CURR:DC"'
        self._last: float | None = None
        self._points = 100_000
        super().__init__(clock, seed)

    def power_on(self) -> None:
        """Take the settings of a fresh start."""
        super().power_on()
        self._sensed, self._last, self._points = '"CURR:DC"', None, 100_000

    def changed(self, head: str, key: str) -> None:
        """Fit ranges and levels to each other; a range that is set by hand ends its automatic."""
        for quantity, ranges in RANGES.items():
            if head in (f"SOURCE:{quantity}:RANGE", f"SENSE:{quantity}:RANGE"):
                self.values[head, ""][0] = snapped(self.value(head) / self.BEYOND, ranges)
                self.values[f"{head}:AUTO", ""][0] = 0
            elif head == f"SOURCE:{quantity}":
                self.fit(head, f"{head}:RANGE", f"{head}:RANGE:AUTO", ranges)

    def _measured(self) -> float:
        """Return a reading of what is sensed."""
        if not self.on:
            raise OUTPUT_OFF
        output = self.measured()
        readings = {
            '"VOLT:DC"': output.voltage_V, '"CURR:DC"': output.current_A,
            '"RES"': output.voltage_V / output.current_A if output.current_A else NO_RESISTANCE_OHM,
        }  # fmt: skip
        self._last = readings[self._sensed]
        return self._last

    @on("*LANG?")
    def _language(self) -> str:
        return "SCPI"

    @on("SENSe[1]:FUNCtion[:ON]?")
    def _which_function(self) -> str:
        return self._sensed

    @on("SENSe[1]:FUNCtion[:ON]")
    def _sense(self, word: str) -> None:
        for name, head in FUNCTIONS.items():
            if word.strip("\"'").upper() in spoken(head):
                self._sensed = name
                return
        raise OUT_OF_RANGE

    @on("READ?", "MEASure?")
    def _read(self, buffer: str = "") -> str:
        return f"{self._measured():.6E}"

    @on("FETCh?", "TRACe:STATistics:AVERage?", "TRACe:STATistics:MAXimum?", "TRACe:STATistics:MINimum?")
    def _fetch(self, *buffer_and_elements: str) -> str:
        return f"{self._measured() if self._last is None else self._last:.6E}"

    @on("TRACe:STATistics:STDDev?")
    def _scatter(self, buffer: str = "") -> str:
        return f"{0.0:.6E}"

    @on("TRACe:DATA?")
    def _data(self, *first_last_and_buffer: str) -> str:
        return self._fetch()

    @on("TRACe:POINts?")
    def _buffer_size(self, buffer: str = "") -> str:
        return str(self._points)

    @on("TRACe:POINts")
    def _set_buffer_size(self, points: str, buffer: str = "") -> None:
        self._points = int(Field(0, 1, 6_875_000).read(points))

    @on("TRACe:ACTual?")
    def _buffer_used(self, buffer: str = "") -> str:
        return "0" if self._last is None else "1"

    @on("SOURce[1]:VOLTage:ILIMit[:LEVel]:TRIPped?")
    def _current_limited(self) -> str:
        return str(int(self.gives_voltage and self.output.limited))

    @on("SOURce[1]:CURRent:VLIMit[:LEVel]:TRIPped?")
    def _voltage_limited(self) -> str:
        return str(int(not self.gives_voltage and self.output.limited))

    @on("ABORt", "INITiate", "TRACe:CLEar", "TRACe:TRIGger", "SENSe:AZERo:ONCE", "STATus:CLEar")
    def _done(self, buffer: str = "") -> None:
        """Take without an effect that this twin shows."""
