"""Signal Recovery 7265 lock-in amplifier, on PyMeasure's driver."""

from __future__ import annotations

import re
from typing import Any

from pymeasure.instruments import signalrecovery

from drivers.dsp_lock_in import STATUS_OVERLOAD, STATUS_UNLOCKED, DSPLockIn
from drivers.instrument import Instrument, Whole

NUL_AFTER_FIELD = re.compile(r"\x00+(?=,|$)")
Y_OUTPUT, X_OUTPUT, INPUT, UNLOCKED = 8, 16, 64, 128
"""Bits of N."""
TIME_CONSTANTS_S = tuple(signalrecovery.DSP7265.TIME_CONSTANTS)


class DSP7265(DSPLockIn, signalrecovery.DSP7265):
    """Signal Recovery 7265 (also EG&G, PerkinElmer, AMETEK), GPIB or RS-232."""

    driver_name = "dsp7265"
    role = "lockin"
    model = "DSP 7265"
    IDENTITY = re.compile(r"^7265$")
    READ_TERMINATION = "\r\n"
    TIME_CONSTANTS_S = TIME_CONSTANTS_S
    IN_STATUS = (STATUS_OVERLOAD, STATUS_UNLOCKED)
    IN_OVERLOADS = (X_OUTPUT | Y_OUTPUT | INPUT, UNLOCKED)

    time_constant_s: Any = Instrument.control(
        "TC", "TC %d", """Control the time constant of the filter [s].""", Whole(0, 28), table=TIME_CONSTANTS_S
    )

    def _read(self, command: str) -> str:
        """Return one reply; some firmware puts a NUL after each number."""
        return NUL_AFTER_FIELD.sub("", super()._read(command))
