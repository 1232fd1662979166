"""Twin of the Keithley 2400 SourceMeter: readings of chosen elements, compliance, ranges that snap.

UNVERIFIED on an instrument: ``MEASure?`` with the output off shows zeros here, where a real one may switch it on.
"""

from __future__ import annotations

from drivers.clock import Clock
from drivers.simulated.reading_elements import ReadingElements
from drivers.simulated.scpi import Amount, Choice, Switch
from drivers.simulated.source_meter import Output, SourceTwin, snapped
from drivers.simulated.twin import OUT_OF_RANGE, Field, NotUnderstood, Setting, on, spoken

VOLTAGES_V = (0.21, 2.1, 21.0, 210.0)
CURRENTS_A = (1.05e-6, 1.05e-5, 1.05e-4, 1.05e-3, 1.05e-2, 0.105, 1.05)
RESISTANCES_OHM = (21.0, 210.0, 2.1e3, 2.1e4, 2.1e5, 2.1e6, 2.1e7, 2.1e8)
OUTPUT_OFF = NotUnderstood(803, "Not permitted with OUTPUT off")
NOTHING = 9.91e37
"""What stands for a number that there is none of."""
IN_COMPLIANCE, MEASURES_V, MEASURES_A, GIVES_V, GIVES_A = 8, 2048, 4096, 16384, 32768
FUNCTIONS = {"VOLT": ("VOLTage[:DC]", "VOLTage"), "CURR": ("CURRent[:DC]", "CURRent"), "RES": ("RESistance",)}


def _amount(start: float, high: float, low: float | None = None) -> Amount:
    return Amount(start, -high if low is None else low, high)


class Keithley2400Twin(ReadingElements, SourceTwin):
    """A simulated 2400."""

    ELEMENTS = USUAL = ("VOLTage", "CURRent", "RESistance", "TIME", "STATus")
    driver_name = "keithley2400"
    model = "keithley2400"
    ADDRESS = "GPIB0::24::INSTR"
    IDENTITY = "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1234567,C30   Mar 17 2006 09:29:29/A02  /K/J"
    OPTIONS = ""
    LEVELS = ("SOURCE:VOLTAGE", "SOURCE:CURRENT")
    LIMITS = ("SENSE:CURRENT:PROTECTION", "SENSE:VOLTAGE:PROTECTION")
    SETTINGS = (
        Setting("OUTPut[1][:STATe]", Switch(0)),
        Setting("OUTPut[1]:SMODe", Choice("NORM", words=("HIMPedance", "NORMal", "ZERO", "GUARd"))),
        Setting("ROUTe:TERMinals", Choice("FRON", words=("FRONt", "REAR"))),
        Setting("SOURce[1]:FUNCtion[:MODE]", Choice("VOLT", words=("VOLTage", "CURRent"))),
        Setting("SOURce[1]:VOLTage[:LEVel][:IMMediate][:AMPLitude]", _amount(0.0, 210.0)),
        Setting("SOURce[1]:CURRent[:LEVel][:IMMediate][:AMPLitude]", _amount(0.0, 1.05)),
        Setting("SOURce[1]:VOLTage:RANGe", _amount(21.0, 210.0)),
        Setting("SOURce[1]:CURRent:RANGe", _amount(1.05e-4, 1.05)),
        Setting("SOURce[1]:VOLTage:RANGe:AUTO", Switch(1)),
        Setting("SOURce[1]:CURRent:RANGe:AUTO", Switch(1)),
        Setting("SOURce[1]:DELay", _amount(0.0, 999.9999, 0)),
        Setting("SOURce[1]:DELay:AUTO", Switch(1)),
        Setting("SOURce[1]:CLEar:AUTO", Switch(0)),
        Setting("SENSe[1]:CURRent[:DC]:PROTection[:LEVel]", _amount(1.05e-4, 1.05)),
        Setting("SENSe[1]:VOLTage[:DC]:PROTection[:LEVel]", _amount(21.0, 210.0)),
        Setting("SENSe[1]:CURRent[:DC]:RANGe[:UPPer]", _amount(1.05e-4, 1.05)),
        Setting("SENSe[1]:VOLTage[:DC]:RANGe[:UPPer]", _amount(21.0, 210.0)),
        Setting("SENSe[1]:RESistance:RANGe[:UPPer]", _amount(2.1e5, 2.1e8, 0)),
        Setting("SENSe[1]:CURRent[:DC]:RANGe[:UPPer]:AUTO", Switch(1)),
        Setting("SENSe[1]:VOLTage[:DC]:RANGe[:UPPer]:AUTO", Switch(1)),
        Setting("SENSe[1]:RESistance:RANGe[:UPPer]:AUTO", Switch(1)),
        Setting("SENSe[1]:CURRent[:DC]:NPLCycles", _amount(1.0, 10.0, 0.01)),
        Setting("SENSe[1]:VOLTage[:DC]:NPLCycles", _amount(1.0, 10.0, 0.01)),
        Setting("SENSe[1]:RESistance:NPLCycles", _amount(1.0, 10.0, 0.01)),
        Setting("SENSe[1]:RESistance:MODE", Choice("MAN", words=("AUTO", "MANual"))),
        Setting("SENSe[1]:FUNCtion:CONCurrent", Switch(1)),
        Setting("SENSe[1]:AVERage[:STATe]", Switch(0)),
        Setting("SENSe[1]:AVERage:TCONtrol", Choice("REP", words=("REPeat", "MOVing"))),
        Setting("SENSe[1]:AVERage:COUNt", Field(10, 1, 100)),
        Setting("SYSTem:AZERo[:STATe]", Choice("1", words=("0", "1", "OFF", "ON", "ONCE"))),
        Setting("SYSTem:RSENse", Switch(0)),
        Setting("SYSTem:LFRequency", Field(50, 50, 60)),
        Setting("SYSTem:LFRequency:AUTO", Switch(1)),
        Setting("SYSTem:BEEPer:STATe", Switch(1)),
        Setting("DISPlay:ENABle", Switch(1)),
        Setting("TRIGger[:SEQuence1]:COUNt", Field(1, 1, 2500)),
        Setting("ARM[:SEQuence1]:COUNt", Field(1, 1, 2500)),
        Setting("TRIGger[:SEQuence1]:DELay", _amount(0.0, 999.9999, 0)),
        Setting("ARM[:SEQuence1]:TIMer", _amount(0.1, 99999.99, 0.001)),
        Setting("TRIGger[:SEQuence1]:SOURce", Choice("IMM", words=("IMMediate", "TLINk"))),
        Setting("ARM[:SEQuence1]:SOURce", Choice("IMM", words=("IMMediate", "TLINk", "TIMer", "MANual", "BUS"))),
        Setting("TRIGger[:SEQuence1]:OUTPut", Choice("NONE", words=("SOURce", "DELay", "SENSe", "NONE"))),
        Setting("ARM[:SEQuence1]:OUTPut", Choice("NONE", words=("TENTer", "TEXit", "NONE"))),
        Setting("TRIGger[:SEQuence1]:ILINe", Field(1, 1, 4)),
        Setting("ARM[:SEQuence1]:ILINe", Field(1, 1, 4)),
        Setting("TRIGger[:SEQuence1]:OLINe", Field(2, 1, 4)),
        Setting("ARM[:SEQuence1]:OLINe", Field(2, 1, 4)),
        Setting("TRACe:POINts", Field(100, 1, 2500)),
        Setting("TRACe:FEED", Choice("SENS", words=("SENSe[1]", "CALCulate1", "CALCulate2"))),
        Setting("TRACe:FEED:CONTrol", Choice("NEV", words=("NEXT", "NEVer"))),
        Setting("FORMat[:DATA]", Choice("ASC", words=("ASCii", "REAL", "SREal"))),
        Setting("CALCulate3:FORMat", Choice("MEAN", words=("MEAN", "SDEViation", "MAXimum", "MINimum", "PKPK"))),
        Setting("STATus:MEASurement:ENABle", Field(0, 0, 32767)),
    )

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self._functions: tuple[str, ...] = ("VOLT", "CURR")
        super().__init__(clock, seed)

    def power_on(self) -> None:
        """Take the settings of a fresh start."""
        super().power_on()
        self._functions = ("VOLT", "CURR")

    def changed(self, head: str, key: str) -> None:
        """Fit ranges and levels to each other; a range that is set by hand ends its automatic."""
        for quantity, ranges in (("VOLTAGE", VOLTAGES_V), ("CURRENT", CURRENTS_A), ("RESISTANCE", RESISTANCES_OHM)):
            for side in ("SOURCE", "SENSE"):
                range_ = f"{side}:{quantity}:RANGE"
                if head == range_:
                    self.values[range_, ""][0] = snapped(self.value(range_), ranges)
                    self.values[f"{range_}:AUTO", ""][0] = 0
            if head == f"SOURCE:{quantity}":
                self.fit(head, f"{head}:RANGE", f"{head}:RANGE:AUTO", ranges)
            if head == f"SENSE:{quantity}:PROTECTION":
                self.values[head, ""][0] = abs(self.value(head))
        if head in ("SENSE:VOLTAGE:NPLCYCLES", "SENSE:CURRENT:NPLCYCLES", "SENSE:RESISTANCE:NPLCYCLES"):
            for quantity in ("VOLTAGE", "CURRENT", "RESISTANCE"):  # one for all
                self.values[f"SENSE:{quantity}:NPLCYCLES", ""][0] = self.value(head)

    def _said(self, output: Output) -> str:
        """Return a reading in the elements that were chosen."""
        volts, amperes = output.voltage_V, output.current_A
        status = (GIVES_V if self.gives_voltage else GIVES_A) | (IN_COMPLIANCE if output.limited else 0)
        status |= (MEASURES_V if "VOLT" in self._functions else 0) | (MEASURES_A if "CURR" in self._functions else 0)
        measured = {
            "VOLTage": volts if self.gives_voltage or status & MEASURES_V else NOTHING,
            "CURRent": amperes if not self.gives_voltage or status & MEASURES_A else NOTHING,
            "RESistance": volts / amperes if "RES" in self._functions and amperes else NOTHING,
            "TIME": self.clock.now(),
            "STATus": float(status),
        }
        return ",".join(f"{measured[element]:+.6E}" for element in self._elements)

    @on("SENSe[1]:FUNCtion[:ON]")
    def _set_functions(self, *words: str) -> None:
        asked = [word.strip("\"'").upper() for word in words]
        known = {way: name for name, heads in FUNCTIONS.items() for head in heads for way in spoken(head)}
        if not all(word in known for word in asked):
            raise OUT_OF_RANGE
        self._functions = (*self._functions, *(known[word] for word in asked))
        if not self.value("SENSE:FUNCTION:CONCURRENT"):
            self._functions = self._functions[-1:]

    @on("SENSe[1]:FUNCtion[:ON]?")
    def _which_functions(self) -> str:
        names = {"VOLT": '"VOLT:DC"', "CURR": '"CURR:DC"', "RES": '"RES"'}
        return ",".join(shown for name, shown in names.items() if name in self._functions)

    @on("SENSe[1]:FUNCtion[:ON]:ALL")
    def _measure_all(self) -> None:
        self._functions = tuple(FUNCTIONS)

    @on("SENSe[1]:FUNCtion:OFF:ALL")
    def _measure_nothing(self) -> None:
        self._functions = ()

    @on("READ?")
    def _read(self) -> str:
        if not self.on:
            raise OUTPUT_OFF
        return self._said(self.measured())

    @on("MEASure:VOLTage?", "MEASure:CURRent?", "MEASure:RESistance?", "MEASure?")
    def _measure(self) -> str:
        return self._said(self.measured() if self.on else self.output)

    @on("FETCh?", "SENSe[1]:DATA[:LATest]?", "TRACe:DATA?")
    def _latest(self) -> str:
        return self._said(self.output)

    @on("CALCulate3:DATA?")
    def _statistics(self) -> str:
        output = self.output
        return f"{output.voltage_V:+.6E},{output.current_A:+.6E},{NOTHING:+.6E}"

    @on("ABORt", "INITiate", "TRIGger:CLEar", "TRACe:CLEar", "SYSTem:AZERo:STATe:ONCE")
    def _done(self) -> None:
        """Take without an effect that this twin shows."""
