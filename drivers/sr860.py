"""Stanford Research Systems SR860 and SR865A lock-in amplifiers, on PyMeasure's driver."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from pymeasure.instruments.srs import sr860

from drivers.instrument import Instrument, Number, Whole
from drivers.lock_in import OscillatorSettings
from drivers.srs_lock_in import SRSLockIn

CHANNEL_1, CHANNEL_2, UNLOCKED, INPUT_RANGE, SYNC_FILTER = 1, 2, 8, 16, 64
"""Bits of LIAS?; the first, second, fourth and fifth mean the same in CUROVLDSTAT?, which tells of now only."""
INPUT_RANGES_V = (1.0, 0.3, 0.1, 0.03, 0.01)


class SR860(SRSLockIn, sr860.SR860):
    """SRS SR860, TCP, VXI-11, USB, GPIB or RS-232.

    The full scale is that of the analog outputs and bars: X and Y are right on the wire beyond it too.
    What spoils them is the range of the input, which is a setting of its own.
    """

    driver_name = "sr860"
    role = "lockin"
    model = "SR860"
    IDENTITY = re.compile(r"Stanford_Research_Systems,SR860,[ -~]{0,60}$")
    SNAPSHOT = (
        "frequency_Hz", "phase_deg", "oscillator_V", "harmonic_number", "sensitivity_V", "input_range_V",
        "time_constant_s", "filter_stages", "synchronous_filter", "advanced_filter", "input_source",
        "input_coupling_dc", "reference_source",
    )  # fmt: skip
    KEPT = ("oscillator_V", "phase_deg", "time_constant_s", "filter_stages")
    SNAP = "SNAP? 0,1,2"
    STATUS = Whole(0, 0x7FFF)
    OVERLOAD = CHANNEL_1 | CHANNEL_2 | INPUT_RANGE | SYNC_FILTER
    UNLOCK = UNLOCKED
    FULL_SCALES_V = tuple(sr860.SR860.SENSITIVITIES)
    FREQUENCY_MAX_Hz: ClassVar[float] = 500e3

    @dataclass(frozen=True)
    class Settings(OscillatorSettings):
        """Limits of the oscillator output."""

        MAKE, MOST_V = "an SR860", 2.0
        oscillator_max_V: float = 2.0

    frequency_Hz: Any = Instrument.control(
        "FREQ?", "FREQ %.5e", """Control the reference frequency [Hz].""", Number(0.0009, 4.1e6), within=1e-4
    )
    phase_deg: Any = Instrument.control(
        "PHAS?", "PHAS %.4f", """Control the reference phase [deg].""", Number(-360.1, 360.1), within=1e-4
    )
    oscillator_V: Any = Instrument.control(
        "SLVL?", "SLVL %.2e", """Control the oscillator output, rms [V], to three digits.""", Number(0, 2.01),
        within=1e-9, share=6e-3,
    )  # fmt: skip
    harmonic_number: Any = Instrument.measurement("HARM?", """Get the harmonic that is detected [1].""", Whole(1, 99))
    sensitivity_V: Any = Instrument.control(
        "SCAL?", "SCAL %d", """Control the full scale, rms [V].""", Whole(0, 27), table=sr860.SR860.SENSITIVITIES
    )
    input_range_V: Any = Instrument.control(
        "IRNG?", "IRNG %d", """Control the range of the input, peak [V].""", Whole(0, 4), table=INPUT_RANGES_V
    )
    time_constant_s: Any = Instrument.control(
        "OFLT?", "OFLT %d", """Control the time constant of the filter [s].""", Whole(0, 21),
        table=sr860.SR860.TIME_CONSTANTS,
    )  # fmt: skip
    filter_stages: Any = Instrument.control(
        "OFSL?", "OFSL %d", """Control the number of RC stages of the filter, 6 dB/octave each [1].""", Whole(0, 3),
        table=(1, 2, 3, 4),
    )  # fmt: skip
    synchronous_filter: Any = Instrument.measurement(
        "SYNC?", """Get whether the synchronous filter is on [1].""", Whole(0, 1)
    )
    advanced_filter: Any = Instrument.measurement(
        "ADVFILT?", """Get whether the Gaussian or FIR filter is on instead of RC stages [1].""", Whole(0, 1)
    )
    input_source: Any = Instrument.measurement("ISRC?", """Get the input: A 0, A-B 1 [1].""", Whole(0, 1))
    input_coupling_dc: Any = Instrument.measurement(
        "ICPL?", """Get whether the input is coupled DC [1].""", Whole(0, 1)
    )
    reference_source: Any = Instrument.measurement(
        "RSRC?", """Get the reference: internal 0, external 1, dual 2, chop 3 [1].""", Whole(0, 3)
    )
    overload_now: Any = Instrument.measurement(
        "CUROVLDSTAT?", """Get what is overloaded at this moment, as bits; asking clears nothing [1].""",
        Whole(0, 0x7FFF),
    )  # fmt: skip

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return {
            "oscillator_V": (1e-9, self.settings.oscillator_max_V),
            "frequency_Hz": (0.001, self.FREQUENCY_MAX_Hz),
            "phase_deg": (-360.0, 360.0),
            "sensitivity_V": (min(self.SENSITIVITIES), max(self.SENSITIVITIES)),
            "input_range_V": (min(INPUT_RANGES_V), max(INPUT_RANGES_V)),
            "time_constant_s": (min(self.TIME_CONSTANTS), max(self.TIME_CONSTANTS)),
            "filter_stages": (1, 4),
        }

    def _widen(self, full_V: float) -> float:
        """Make room after an overload: at the input if that is what is overloaded, or one full scale up [V]."""
        now_V = self.input_range_V
        wider = [range_V for range_V in INPUT_RANGES_V if range_V > now_V]
        if not (wider and self.overload_now & INPUT_RANGE):
            return super()._widen(full_V)
        self.input_range_V = min(wider)
        return full_V


class SR865A(SR860):
    """SRS SR865A: an SR860 up to 4 MHz."""

    driver_name = "sr865a"
    model = "SR865A"
    IDENTITY = re.compile(r"Stanford_Research_Systems,SR865A,[ -~]{0,60}$")
    FREQUENCY_MAX_Hz = 4e6
