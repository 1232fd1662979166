"""Twin of the Stanford Research SR830 lock-in: filter, noise, sensitivity, overload, reference."""

from __future__ import annotations

import math

from drivers.simulated.lock_in import Heads, clipped
from drivers.simulated.srs_lock_in import SRSTwin
from drivers.simulated.twin import ARGUMENT, Field, Setting, number, on

SENSITIVITIES_V = tuple(float(f"{m}e{e}") for e in range(-9, 0) for m in (2, 5, 10))
TIME_CONSTANTS_S = tuple(float(f"{m}e{e}") for e in range(-5, 5) for m in (1, 3))
INPUT_LIMIT_V = 1.4
OUTPUT_LIMIT = 1.09
"""X and Y are shown up to this many times full scale."""
RESERVE = (1000.0, 100.0, 5.0)
"""High reserve, normal, low noise: how many times full scale may be at the input of the filter."""

INPUT, FILTER, OUTPUT, UNLOCK = 1, 2, 4, 8


class SR830Twin(SRSTwin):
    """A simulated SR830."""

    driver_name = "sr830"
    model = "sr830"
    ADDRESS = "GPIB0::8::INSTR"
    IDENTITY = "Stanford_Research_Systems,SR830,s/n00001,ver1.07"
    HEADS = Heads("SENS", "OFLT", "OFSL", "SLVL", "FREQ", "PHAS", "HARM", "FMOD")
    TIME_CONSTANTS_S, SENSITIVITIES_V = TIME_CONSTANTS_S, SENSITIVITIES_V
    INTERNAL, EXTERNAL = 1, 0
    SETTINGS = (
        Setting("FREQ", Field(137.0, 0.001, 102000, "%.6g")),
        Setting("PHAS", Field(0.0, -360, 729.99, "%.2f")),
        Setting("SLVL", Field(0.004, 0.004, 5, "%.3f")),
        Setting("HARM", Field(1, 1, 19999)),
        Setting("SENS", Field(26, 0, 26)),
        Setting("OFLT", Field(8, 0, 19)),
        Setting("OFSL", Field(1, 0, 3)),
        Setting("RMOD", Field(1, 0, 2)),
        Setting("SYNC", Field(0, 0, 1)),
        Setting("ISRC", Field(0, 0, 3)),
        Setting("IGND", Field(0, 0, 1)),
        Setting("ICPL", Field(0, 0, 1)),
        Setting("ILIN", Field(0, 0, 3)),
        Setting("FMOD", Field(1, 0, 1)),
        Setting("RSLP", Field(0, 0, 2)),
        Setting("SRAT", Field(4, 0, 14)),
        Setting("SEND", Field(1, 0, 1)),
        Setting("TSTR", Field(0, 0, 1)),
        Setting("OUTX", Field(1, 0, 1)),
        Setting("OVRM", Field(1, 0, 1)),
        Setting("OEXP", Field(0.0, -105, 105, "%.2f"), Field(0, 0, 2), keys="123"),
        Setting("DDEF", Field(0, 0, 4), Field(0, 0, 2), keys="12"),
        Setting("AUXV", Field(0.0, -10.5, 10.5, "%.3f"), keys="1234"),
    )

    def watch(self, signal_V: complex, shown_V: complex) -> None:
        """Set the bits of the lock-in status."""
        if abs(signal_V) > INPUT_LIMIT_V:
            self._status |= INPUT
        if abs(signal_V) > RESERVE[int(self.value("RMOD"))] * self.full_scale_V:
            self._status |= FILTER
        if max(abs(shown_V.real), abs(shown_V.imag)) > OUTPUT_LIMIT * self.full_scale_V:
            self._status |= OUTPUT
        if not self.locked:
            self._status |= UNLOCK

    def outputs(self) -> dict[int, float]:
        """Return everything that can be asked with SNAP, by number."""
        shown_V = clipped(self.shown_V(), OUTPUT_LIMIT * self.full_scale_V)
        x, y = shown_V.real, shown_V.imag
        return {
            1: x, 2: y, 3: math.hypot(x, y), 4: math.degrees(math.atan2(y, x)), 5: 0.0, 6: 0.0, 7: 0.0, 8: 0.0,
            9: self.frequency_Hz, 10: x, 11: y,
        }  # fmt: skip

    @on("ERRS?")
    def _error_status(self) -> str:
        return "0"

    @on("LIAS?")
    def _lock_in_status(self, bit: str = "") -> str:
        if bit:
            return str(int(bool(self.take_status(1 << int(number(bit, 0, 7))))))
        return str(self.take_status())

    @on("LIAE", "*ESE", "*SRE", "OUTM", "LOCL", "STRT", "PAUS", "REST", "TRIG", "FAST", "STRD", "ARSV", "APHS", "AOFF")
    def _accepted(self, *arguments: str) -> None:
        """Take without an effect that this twin shows."""

    @on("AGAN")
    def _auto_gain(self) -> None:
        needed = abs(self.signal_V())
        self.values["SENS", ""][0] = next((i for i, full in enumerate(SENSITIVITIES_V) if full > needed), 26)

    @on("FREQ?")
    def _frequency(self) -> str:
        return f"{self.frequency_Hz:.6g}"

    @on("OUTP?")
    def _output(self, which: str) -> str:
        return _shown(self.outputs()[int(number(which, 1, 4))])

    @on("SNAP?")
    def _snap(self, *which: str) -> str:
        if not 2 <= len(which) <= 6:
            raise ARGUMENT
        outputs = self.outputs()
        return ",".join(_shown(outputs[int(number(one, 1, 11))]) for one in which)

    @on("OAUX?")
    def _aux_in(self, which: str) -> str:
        number(which, 1, 4)
        return "0.000"

    @on("SPTS?")
    def _points(self) -> str:
        return "0"


def _shown(value: float) -> str:
    return f"{value:.6g}"
