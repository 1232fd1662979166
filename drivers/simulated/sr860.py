"""Twins of the Stanford Research SR860 and SR865A lock-ins."""

from __future__ import annotations

import math

from drivers.simulated.lock_in import Heads
from drivers.simulated.srs_lock_in import SRSTwin
from drivers.simulated.twin import ARGUMENT, Field, Setting, number, on, spoken

SENSITIVITIES_V = (1.0, *(float(f"{m}e{e}") for e in range(-1, -10, -1) for m in (5, 2, 1)))
TIME_CONSTANTS_S = tuple(float(f"{m}e{e}") for e in range(-6, 5) for m in (1, 3))
INPUT_RANGES_V = (1.0, 0.3, 0.1, 0.03, 0.01)
"""Peak."""
OUTPUT_LIMIT = 1.09
"""X and Y may be this many times full scale on the analog outputs; on the wire they go on."""

CHANNEL_1, CHANNEL_2, UNLOCK, RANGE = 1, 2, 8, 16
SNAPPED = (
    "X", "Y", "R", "THeta", "IN1", "IN2", "IN3", "IN4", "XNOise", "YNOise", "OUT1", "OUT2", "PHAse", "SAMp", "LEVel",
    "FInt", "FExt",
)  # fmt: skip
SNAP_NUMBERS = {way: index for index, name in enumerate(SNAPPED) for way in (*spoken(name), str(index))}
ENBW = (1 / 4, 1 / 8, 3 / 32, 5 / 64)
"""Equivalent noise bandwidth times time constant, for 1 to 4 RC stages."""


class SR860Twin(SRSTwin):
    """A simulated SR860."""

    driver_name = "sr860"
    model = "sr860"
    ADDRESS = "TCPIP0::192.168.0.8::5025::SOCKET"
    IDENTITY = "Stanford_Research_Systems,SR860,000111,V1.51"
    HEADS = Heads("SCAL", "OFLT", "OFSL", "SLVL", "FREQINT", "PHAS", "HARM", "RSRC")
    SENSITIVITIES_V, TIME_CONSTANTS_S = SENSITIVITIES_V, TIME_CONSTANTS_S
    SETTINGS = (
        Setting("FREQINT", Field(100e3, 0.001, 500e3, "%.6g")),
        Setting("PHAS", Field(0.0, -360, 360, "%.7g")),
        Setting("SLVL", Field(0.0, 0, 2, "%.3g")),
        Setting("SOFF", Field(0.0, -5, 5, "%.3g")),
        Setting("HARM", Field(1, 1, 99)),
        Setting("HARMDUAL", Field(1, 1, 99)),
        Setting("SCAL", Field(0, 0, 27)),
        Setting("OFLT", Field(10, 0, 21)),
        Setting("OFSL", Field(0, 0, 3)),
        Setting("SYNC", Field(0, 0, 1)),
        Setting("ADVFILT", Field(0, 0, 1)),
        Setting("IVMD", Field(0, 0, 1)),
        Setting("ISRC", Field(0, 0, 1)),
        Setting("IGND", Field(0, 0, 1)),
        Setting("ICPL", Field(0, 0, 1)),
        Setting("IRNG", Field(0, 0, 4)),
        Setting("ICUR", Field(0, 0, 1)),
        Setting("RTRG", Field(0, 0, 2)),
        Setting("RSRC", Field(0, 0, 3)),
        Setting("REFZ", Field(1, 0, 1)),
        Setting("REFM", Field(0, 0, 1)),
        Setting("TBMODE", Field(0, 0, 1)),
        Setting("BLAZEX", Field(0, 0, 2)),
        Setting("DBLK", Field(1, 0, 1)),
        Setting("DLAY", Field(0, 0, 5)),
        Setting("GSPD", Field(4, 0, 16)),
        Setting("AUXV", Field(0.0, -10.5, 10.5, "%.3f"), keys="0123"),
        Setting("COFP", Field(0.0, -999.99, 999.99, "%.2f"), keys="012"),
        Setting("COFA", Field(0, 0, 1), keys="012"),
        Setting("CEXP", Field(0, 0, 2), keys="012"),
        Setting("COUT", Field(0, 0, 1), keys="01"),
        Setting("CDSP", Field(0, 0, 16), keys="0123"),
        Setting("CGRF", Field(0, 0, 1), keys="0123"),
        Setting("PSTF", Field(1000.0, 0.001, 500e3, "%.6g"), keys="0123"),
        Setting("PSTA", Field(0.1, 0, 2, "%.3g"), keys="0123"),
        Setting("PSTL", Field(0.0, -5, 5, "%.3g"), keys="0123"),
        Setting("CAPTURELEN", Field(256, 1, 4096)),
        Setting("CAPTURECFG", Field(1, 0, 3)),
        Setting("CAPTURERATE", Field(0, 0, 20)),
    )

    def changed(self, head: str, key: str) -> None:
        """Round as the instrument does: amplitudes to three digits, frequencies to six."""
        if head in ("SLVL", "FREQINT"):
            values = self.values[head, key]
            values[0] = float(f"{values[0]:.{3 if head == 'SLVL' else 6}g}")

    def signal_V(self) -> complex:
        """Return what the demodulator gives now, before the filter [V]; more than a square wave there cannot be."""
        signal_V, most_V = super().signal_V(), 4 / math.pi * self.input_range_V / math.sqrt(2)
        return signal_V if abs(signal_V) <= most_V else signal_V / abs(signal_V) * most_V

    @property
    def input_range_V(self) -> float:
        """Get the range of the input, peak [V]."""
        return INPUT_RANGES_V[int(self.value("IRNG"))]

    def watch(self, signal_V: complex, shown_V: complex) -> None:
        """Set the bits of the lock-in status."""
        self._status |= self.wrong_now(signal_V, shown_V)

    def wrong_now(self, signal_V: complex, shown_V: complex) -> int:
        """Return the bits of what is wrong at this moment."""
        limit_V, bits = OUTPUT_LIMIT * self.full_scale_V, 0
        bits |= CHANNEL_1 if abs(shown_V.real) > limit_V else 0
        bits |= CHANNEL_2 if abs(shown_V.imag) > limit_V else 0
        bits |= RANGE if math.sqrt(2) * abs(signal_V) > self.input_range_V else 0
        return bits | (0 if self.locked else UNLOCK)

    def outputs(self) -> tuple[float, ...]:
        """Return everything that can be asked with SNAP, by number."""
        # the range of the input is where the signal ends, not the full scale
        x, y = self.shown_V().real, self.shown_V().imag
        aux = [self.value("AUXV", key) for key in "01"]
        return (
            x, y, math.hypot(x, y), math.degrees(math.atan2(y, x)), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, *aux,
            self.phase_deg, self.oscillator_V, self.value("SOFF"), self.internal_frequency_Hz, self.frequency_Hz,
        )  # fmt: skip

    @on("ERRS?", "CAPTURESTAT?", "CAPTUREBYTES?", "CAPTUREPROG?", "TBSTAT?", "ILVL?")
    def _nothing_to_tell(self) -> str:
        return "0"

    @on("LIAS?")
    def _lock_in_status(self, bit: str = "") -> str:
        if bit:
            return str(int(bool(self.take_status(1 << int(number(bit, 0, 14))))))
        return str(self.take_status())

    @on("CUROVLDSTAT?")
    def _overload_now(self) -> str:
        return str(self.wrong_now(self.signal_V(), self.shown_V()))

    @on("LIAE", "*ESE", "*SRE", "ERRE", "OVRM", "LOCL", "APHS", "ARNG", "DCAP", "CAPTURESTART", "CAPTURESTOP")
    def _accepted(self, *arguments: str) -> None:
        """Take without an effect that this twin shows."""

    @on("ASCL")
    def _auto_scale(self) -> None:
        needed_V = max(abs(self.shown_V().real), abs(self.shown_V().imag))
        large_enough = [i for i, full_V in enumerate(SENSITIVITIES_V) if full_V > needed_V]
        self.values["SCAL", ""][0] = max(large_enough, default=0)

    @on("FREQ?", "FREQEXT?")
    def _frequency(self) -> str:
        return f"{self.frequency_Hz:.9g}"

    @on("FREQDET?")
    def _detected(self) -> str:
        return f"{self.frequency_Hz * self.harmonic:.9g}"

    @on("FREQ")
    def _set_frequency(self, text: str) -> None:
        self._remembered("FREQINT", (text,))

    @on("ENBW?")
    def _noise_bandwidth(self) -> str:
        return f"{ENBW[self.stages - 1] / self.time_constant_s:.6g}"

    @on("CAPTURERATEMAX?")
    def _capture_rate(self) -> str:
        return "1250000"

    @on("OUTP?")
    def _output(self, which: str) -> str:
        return f"{self.outputs()[_number(which, 3)]:.9g}"

    @on("SNAP?")
    def _snap(self, *which: str) -> str:
        if not 2 <= len(which) <= 3:
            raise ARGUMENT
        outputs = self.outputs()
        return ",".join(f"{outputs[_number(one, 16)]:.9g}" for one in which)

    @on("SNAPD?")
    def _snap_all(self) -> str:
        return ",".join(f"{value:.9g}" for value in self.outputs()[:4])

    @on("OAUX?")
    def _aux_in(self, which: str) -> str:
        number(which, 0, 3)
        return "0.000"


class SR865ATwin(SR860Twin):
    """A simulated SR865A."""

    driver_name = "sr865a"
    model = "sr865a"
    ADDRESS = "TCPIP0::192.168.0.9::5025::SOCKET"
    IDENTITY = "Stanford_Research_Systems,SR865A,000112,V1.51"
    SETTINGS = (
        *(setting for setting in SR860Twin.SETTINGS if setting.head not in ("FREQINT", "PSTF")),
        Setting("FREQINT", Field(100e3, 0.001, 4e6, "%.6g")),
        Setting("PSTF", Field(1000.0, 0.001, 4e6, "%.6g"), keys="0123"),
    )


def _number(text: str, highest: int) -> int:
    """Return the number of an output, given by number or name."""
    which = SNAP_NUMBERS.get(text.upper())
    if which is None or which > highest:
        raise ARGUMENT
    return which
