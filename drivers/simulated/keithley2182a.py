"""Twin of the Keithley 2182A nanovoltmeter."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.simulated.scpi import Amount, Choice, SCPITwin, Switch
from drivers.simulated.source_meter import snapped
from drivers.simulated.twin import Field, Setting, on

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

RANGES_V = {1: (0.01, 0.1, 1.0, 10.0, 100.0), 2: (0.1, 1.0, 10.0)}
FULL = 1.2
OVERFLOW = 9.9e37
LINE_Hz = 50
AMBIENT_C = 23.0


def _channel(number: int) -> tuple[Setting, ...]:
    most_V, head = 12.0 * 10 ** (2 - number), f"SENSe[1]:VOLTage[:DC]:CHANnel{number}"
    # the head without a channel is that of the first
    first = "SENSe[1]:VOLTage[:DC][:CHANnel1]" if number == 1 else head
    return (
        Setting(f"{first}:RANGe[:UPPer]", Amount(RANGES_V[number][-1], 0, most_V)),
        Setting(f"{first}:RANGe[:UPPer]:AUTO", Switch(1)),
        Setting(f"{head}:REFerence", Amount(0.0, -most_V, most_V)),
        Setting(f"{head}:REFerence:STATe", Switch(0)),
        Setting(f"SENSe[1]:TEMPerature:CHANnel{number}:REFerence", Amount(0.0, -273, 1800)),
        Setting(f"SENSe[1]:TEMPerature:CHANnel{number}:REFerence:STATe", Switch(0)),
    )


class Keithley2182ATwin(SCPITwin):
    """A simulated 2182A.

    Attributes
    ----------
    source : callable
        Returns the voltage at channel 1 now [V].
    noise_V_per_sqrtHz : float
        At its input [V/sqrt(Hz)].
    """

    driver_name = "keithley2182a"
    model = "keithley2182a"
    ADDRESS = "GPIB0::7::INSTR"
    IDENTITY = "KEITHLEY INSTRUMENTS INC.,MODEL 2182A,1234567,C06  /A02"
    SETTINGS = (
        *_channel(1),
        *_channel(2),
        Setting("SENSe[1]:VOLTage[:DC]:NPLCycles", Amount(5.0, 0.01, 60)),
        Setting("SENSe[1]:TEMPerature:NPLCycles", Amount(5.0, 0.01, 60)),
        Setting("SENSe[1]:VOLTage[:DC]:LPASs[:STATe]", Switch(0)),
        Setting("SENSe[1]:VOLTage[:DC]:DFILter[:STATe]", Switch(1)),
        Setting("SENSe[1]:CHANnel", Field(1, 0, 2)),
        Setting("SENSe[1]:FUNCtion", Choice("VOLT:DC", words=("VOLTage:DC", "TEMPerature"), shown='"%s"')),
        Setting("SENSe[1]:TEMPerature:TCouple", Choice("J", words=tuple("BEJKNRST"))),
        Setting("SENSe[1]:TEMPerature:RJUNction:RSELect", Choice("INT", words=("INTernal", "SIMulated"))),
        Setting("SENSe[1]:TEMPerature:RJUNction:SIMulated", Amount(23.0, 0, 60)),
        Setting("SYSTem:AZERo[:STATe]", Switch(1)),
        Setting("SYSTem:LFRequency", Field(LINE_Hz, LINE_Hz, LINE_Hz)),
        Setting("DISPlay:ENABle", Switch(1)),
        Setting("TRIGger[:SEQuence1]:COUNt", Field(1, 1, 9999)),
        Setting("TRIGger[:SEQuence1]:DELay", Amount(0.0, 0, 999999.999)),
        Setting("TRIGger[:SEQuence1]:SOURce", Choice("IMM", words=("IMMediate", "TIMer", "MANual", "BUS", "EXTernal"))),
        Setting("TRACe:POINts", Field(100, 2, 1024)),
        Setting("TRACe:FEED:CONTrol", Choice("NEV", words=("NEXT", "NEVer"))),
        Setting("FORMat[:DATA]", Choice("ASC", words=("ASCii", "SREal"))),
        Setting("CALCulate2:FORMat", Choice("NONE", words=("MEAN", "SDEViation", "MAXimum", "MINimum", "NONE"))),
        Setting("CALCulate2:STATe", Switch(0)),
        Setting("STATus:MEASurement:ENABle", Field(0, 0, 32767)),
    )

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.source: Callable[[], float] = lambda: 0.0
        self.noise_V_per_sqrtHz = 5e-9
        self._random = random.Random(seed)  # noqa: S311  no secret
        self._last_V = 0.0
        super().__init__(clock, seed)
        self.freeze()

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> Keithley2182ATwin:
        """Return one that is wired as the rack says for its name."""
        twin = cls(rack.clock, seed)
        twin.source, twin.noise_V_per_sqrtHz = rack.source(name), rack.settings.noise_V_per_sqrtHz
        return twin

    def changed(self, head: str, key: str) -> None:
        """Take the range that a voltage fits into; the automatic ends when one is set by hand."""
        if head in (by_number := {"SENSE:VOLTAGE:RANGE": 1, "SENSE:VOLTAGE:CHANNEL2:RANGE": 2}):
            self.values[head, ""][0] = snapped(self.value(head) / FULL, RANGES_V[by_number[head]])
            self.values[f"{head}:AUTO", ""][0] = 0

    @property
    def range_V(self) -> float:
        """Get the range of channel 1, that of a fresh reading if it is automatic [V]."""
        if self.value("SENSE:VOLTAGE:RANGE:AUTO"):
            return next((full for full in RANGES_V[1] if abs(self.source()) <= FULL * full), RANGES_V[1][-1])
        return self.value("SENSE:VOLTAGE:RANGE")

    @property
    def aperture_s(self) -> float:
        """Get how long a reading integrates [s]."""
        return self.value("SENSE:VOLTAGE:NPLCYCLES") / LINE_Hz

    def convert(self, signal_V: float) -> float:
        """Return one reading of a voltage, with noise; beyond the range the number that stands for it [V]."""
        if abs(signal_V) > FULL * self.range_V:
            return math.copysign(OVERFLOW, signal_V)
        return signal_V + self._random.gauss(0.0, self.noise_V_per_sqrtHz / math.sqrt(2 * self.aperture_s))

    @on("READ?", "MEASure[:VOLTage][:DC]?")
    def _read(self) -> str:
        is_voltage = self.value("SENSE:FUNCTION") == "VOLT:DC"
        channel = self.value("SENSE:CHANNEL")
        signal = (self.source() if channel == 1 else 0.0) if is_voltage and channel else AMBIENT_C
        self._last_V = self.convert(signal) if is_voltage and channel else signal
        return self._fetch()

    @on("FETCh?", "SENSe[1]:DATA[:LATest]?", "TRACe:DATA?", "CALCulate2:IMMediate?", "CALCulate2:DATA?")
    def _fetch(self) -> str:
        return f"{self._last_V:+.6E}"

    @on("SENSe[1]:TEMPerature:RTEMperature?")
    def _ambient(self) -> str:
        return f"{AMBIENT_C:+.6E}"

    @on("ABORt", "INITiate[:IMMediate]", "TRACe:CLEar", "SENSe[1]:VOLTage:REFerence:ACQuire")
    def _done(self) -> None:
        """Take without an effect that this twin shows."""
