"""Stanford Research Systems SR830 lock-in amplifier, on PyMeasure's driver."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pymeasure.instruments.srs import sr830

from drivers.instrument import Instrument, Number, Whole
from drivers.lock_in import OscillatorSettings
from drivers.srs_lock_in import SRSLockIn

LIAS = sr830.LIAStatus


class SR830(SRSLockIn, sr830.SR830):
    """SRS SR830, GPIB or RS-232 (whose replies end with CR: set read_termination).

    PyMeasure's class supplies the tables and every other getter, made strict by `Instrument`; its
    setters clip and are refused.
    """

    driver_name = "sr830"
    role = "lockin"
    model = "SR830"
    IDENTITY = re.compile(r"Stanford_Research_Systems,SR830,[ -~]{0,60}$")
    SNAPSHOT = (
        "frequency_Hz", "phase_deg", "oscillator_V", "harmonic_number", "sensitivity_V", "time_constant_s",
        "filter_stages", "reserve", "synchronous_filter", "input_source", "input_coupling_dc", "line_notch",
        "internal_reference",
    )  # fmt: skip
    KEPT = ("oscillator_V", "phase_deg", "time_constant_s", "filter_stages")

    SNAP = "SNAP? 1,2,3"
    STATUS = Whole(0, 255)
    OVERLOAD = int(LIAS.INPUT_OVERLOAD | LIAS.FILTER_OVERLOAD | LIAS.OUTPUT_OVERLOAD)
    UNLOCK = int(LIAS.REF_UNLOCK)
    FULL_SCALES_V = tuple(sr830.SR830.SENSITIVITIES)

    @dataclass(frozen=True)
    class Settings(OscillatorSettings):
        """Limits of the oscillator output."""

        MAKE, MOST_V = "an SR830", 5.0

    frequency_Hz: Any = Instrument.control(
        "FREQ?", "FREQ%.5e", """Control the reference frequency [Hz].""", Number(0.0009, 110e3), within=1e-4
    )
    phase_deg: Any = Instrument.control(
        "PHAS?", "PHAS%.2f", """Control the reference phase [deg].""", Number(-360, 730), within=0.011
    )
    oscillator_V: Any = Instrument.control(
        "SLVL?", "SLVL%.3f", """Control the oscillator output, rms [V].""", Number(0.003, 5.01), within=0.0025
    )
    harmonic_number: Any = Instrument.measurement(
        "HARM?", """Get the harmonic that is detected [1].""", Whole(1, 19999)
    )
    sensitivity_V: Any = Instrument.control(
        "SENS?", "SENS%d", """Control the full scale, rms [V].""", Whole(0, 26), table=sr830.SR830.SENSITIVITIES
    )
    time_constant_s: Any = Instrument.control(
        "OFLT?", "OFLT%d", """Control the time constant of the filter [s].""", Whole(0, 19),
        table=sr830.SR830.TIME_CONSTANTS,
    )  # fmt: skip
    filter_stages: Any = Instrument.control(
        "OFSL?", "OFSL%d", """Control the number of RC stages of the filter, 6 dB/octave each [1].""", Whole(0, 3),
        table=(1, 2, 3, 4),
    )  # fmt: skip
    reserve: Any = Instrument.measurement(
        "RMOD?", """Get the reserve: high 0, normal 1, low noise 2 [1].""", Whole(0, 2)
    )
    synchronous_filter: Any = Instrument.measurement(
        "SYNC?", """Get whether the synchronous filter is on [1].""", Whole(0, 1)
    )
    input_source: Any = Instrument.measurement(
        "ISRC?", """Get the input: A 0, A-B 1, current into 1 Mohm 2, into 100 Mohm 3 [1].""", Whole(0, 3)
    )
    input_coupling_dc: Any = Instrument.measurement(
        "ICPL?", """Get whether the input is coupled DC [1].""", Whole(0, 1)
    )
    line_notch: Any = Instrument.measurement(
        "ILIN?", """Get the notch filters: none 0, line 1, twice line 2, both 3 [1].""", Whole(0, 3)
    )
    internal_reference: Any = Instrument.measurement(
        "FMOD?", """Get whether the reference is the internal oscillator [1].""", Whole(0, 1)
    )

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return {
            "oscillator_V": (0.004, self.settings.oscillator_max_V),
            "frequency_Hz": (0.001, 102e3),
            "phase_deg": (-360.0, 729.99),
            "sensitivity_V": (self.SENSITIVITIES[0], self.SENSITIVITIES[-1]),
            "time_constant_s": (self.TIME_CONSTANTS[0], self.TIME_CONSTANTS[-1]),
            "filter_stages": (1, 4),
        }
