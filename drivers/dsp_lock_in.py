"""What the DSP lock-ins of Signal Recovery have in common: bare mnemonics, floats with a dot, two status bytes."""

from __future__ import annotations

import math
import re
from typing import Any, ClassVar

from drivers.errors import Refused
from drivers.instrument import Fields, Instrument, Number, Whole
from drivers.lock_in import OscillatorSettings
from drivers.roles import LockIn, LockInReading

FLOAT = re.compile(r"-?[0-9]\.[0-9]{1,9}E[+-][0-9]{2}")
"""Trailing zeros are left out of the mantissa, the exponent always has two digits."""
FLOAT_OR_WHOLE = re.compile(rf"{FLOAT.pattern}|-?[0-9]{{1,10}}")
X_Y = Fields(Number(-3.1, 3.1, FLOAT), Number(-3.1, 3.1, FLOAT))
BYTE = Whole(0, 255)
SENSITIVITIES_V = tuple(float(f"{m}e{e}") for e in range(-9, 0) for m in (2, 5, 10))
ALIKE = 0.01
"""Two replies that differ by less than this share of their length are taken for two looks at one signal."""

STATUS_UNLOCKED, STATUS_OVERLOAD = 8, 16
"""Bits of ST."""
VOLTAGE_MODE = 0


class DSPLockIn(LockIn, Instrument):
    """A lock-in of Signal Recovery (AMETEK), in voltage mode.

    The status bytes tell what is wrong at the moment; an overload between two readings is not
    remembered. A driver says which bits of them mean an overload, an unlocked reference.
    """

    IDENTITY_QUERY = "ID"
    NUMBER = Number(pattern=FLOAT_OR_WHOLE)
    SNAPSHOT = (
        "frequency_Hz", "phase_deg", "oscillator_V", "harmonic_number", "sensitivity_V", "time_constant_s",
        "filter_stages", "input_mode", "voltage_input", "input_coupling_dc", "reference_source",
    )  # fmt: skip
    KEPT = ("oscillator_V", "phase_deg", "time_constant_s", "filter_stages", "input_mode")
    SHOWS_POWER = False
    FULL_SCALES_V = SENSITIVITIES_V
    TIME_CONSTANTS_S: ClassVar[tuple[float, ...]]
    IN_STATUS: ClassVar[tuple[int, int]]
    """Bits of ST that mean overload, unlocked."""
    IN_OVERLOADS: ClassVar[tuple[int, int]]
    """Bits of N that mean overload, unlocked."""

    Settings = OscillatorSettings

    frequency_Hz: Any = Instrument.control(
        "FRQ.", "OF. %.3f", """Control the reference frequency [Hz].""", Number(0, 251e3, FLOAT), within=1e-3
    )
    phase_deg: Any = Instrument.control(
        "REFP.", "REFP. %.2f", """Control the reference phase [deg].""", Number(-361, 361, FLOAT), within=0.011
    )
    oscillator_V: Any = Instrument.control(
        "OA.", "OA. %.6f", """Control the oscillator output, rms [V].""", Number(0, 5.01, FLOAT), within=1.3e-3
    )
    harmonic_number: Any = Instrument.measurement("REFN", """Get the harmonic that is detected [1].""", Whole(1, 65535))
    sensitivity_V: Any = Instrument.control(
        "SEN", "SEN %d", """Control the full scale, rms [V].""", Whole(1, 27), table=SENSITIVITIES_V, first=1
    )
    filter_stages: Any = Instrument.control(
        "SLOPE", "SLOPE %d", """Control the number of RC stages of the filter, 6 dB/octave each [1].""", Whole(0, 3),
        table=(1, 2, 3, 4),
    )  # fmt: skip
    input_mode: Any = Instrument.measurement(
        "IMODE", """Get the input: voltage 0, current 1, low-noise current 2 [1].""", Whole(0, 2)
    )
    voltage_input: Any = Instrument.measurement(
        "VMODE", """Get the voltage input: grounded 0, A 1, -B 2, A-B 3 [1].""", Whole(0, 3)
    )
    input_coupling_dc: Any = Instrument.measurement("CP", """Get whether the input is coupled DC [1].""", Whole(0, 1))
    reference_source: Any = Instrument.measurement(
        "IE", """Get the reference: internal 0, rear 1, front 2 [1].""", Whole(0, 2)
    )

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return {
            "oscillator_V": (1e-6, self.settings.oscillator_max_V),
            "frequency_Hz": (0.001, 250e3),
            "phase_deg": (-360.0, 360.0),
            "sensitivity_V": (SENSITIVITIES_V[0], SENSITIVITIES_V[-1]),
            "time_constant_s": (self.TIME_CONSTANTS_S[0], self.TIME_CONSTANTS_S[-1]),
            "filter_stages": (1, 4),
        }

    def _on_open(self) -> None:
        """See that the sensitivities are volts."""
        if (mode := self.input_mode) != VOLTAGE_MODE:
            raise Refused(
                f"{self.name}: measures a current (IMODE {mode}), Cusp needs a voltage; "
                "switch it to voltage mode at its front panel",
                instrument=self.name,
            )

    def check_oscillator(self, volts: float) -> float:
        """Return the voltage [V] if the oscillator may be set to it; raises LimitExceeded."""
        return self.check_limit("oscillator_V", volts)

    def read(self) -> LockInReading:  # type: ignore[override]  # what PyMeasure calls read is not for the user
        """Measure X and Y [V], one transaction, with the status of this moment.

        These floats have no fixed number of digits and there is no R from the same instant, so that a
        reply with a lost byte can look like another number: it is asked for twice, and if the two are
        not alike a third time; the one that is nearest to both others is taken.

        Raises
        ------
        Timeout, Garbled, Lost
        """
        with self.lock:
            looks = [self.query("XY.", X_Y) for _ in range(2)]
            if _distance(*looks) > ALIKE * max(math.hypot(*look) for look in looks):
                looks.append(self.query("XY.", X_Y))
            x_V, y_V = min(looks, key=lambda look: sum(_distance(look, other) for other in looks))
            bits = [(self.query("ST", BYTE), self.IN_STATUS), (self.query("N", BYTE), self.IN_OVERLOADS)]
        overload, unlocked = (any(byte & masks[which] for byte, masks in bits) for which in (0, 1))
        return LockInReading(x_V, y_V, overload, unlocked)


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return math.hypot(one[0] - other[0], one[1] - other[1])
