"""Signal Recovery (AMETEK) 7270 lock-in amplifier, on PyMeasure's driver."""

from __future__ import annotations

import re
from typing import Any

from pymeasure.instruments import ametek

from drivers.dsp_lock_in import STATUS_OVERLOAD, STATUS_UNLOCKED, DSPLockIn
from drivers.instrument import Instrument, Whole

STATUS_INPUT = 64
"""Bit of ST."""
X_OUTPUT, Y_OUTPUT = 1, 2
"""Bits of N."""
TIME_CONSTANTS_S = tuple(ametek.Ametek7270.TIME_CONSTANTS)


class DSP7270(DSPLockIn, ametek.Ametek7270):
    """Signal Recovery 7270, USB or TCP port 50001; it ends everything with NUL and acknowledges what is set."""

    driver_name = "dsp7270"
    role = "lockin"
    model = "DSP 7270"
    IDENTITY = re.compile(r"^7270$")
    READ_TERMINATION = "\x00"
    WRITE_TERMINATION = "\x00"
    TIME_CONSTANTS_S = TIME_CONSTANTS_S
    IN_STATUS = (STATUS_OVERLOAD | STATUS_INPUT, STATUS_UNLOCKED)
    IN_OVERLOADS = (X_OUTPUT | Y_OUTPUT, 0)

    time_constant_s: Any = Instrument.control(
        "TC", "TC %d", """Control the time constant of the filter [s].""", Whole(0, 30), table=TIME_CONSTANTS_S
    )

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Send a query and return the reply, which is a line before its NUL; raises Timeout, Garbled, Lost."""
        reply = super().ask(command, query_delay)
        if not reply.endswith("\n"):
            raise self.garbled(command, reply, "is no line: an acknowledgement, or cut")
        return reply[:-1]

    def send(self, command: str) -> None:
        """Send a command and read that it was taken. Only for values that have passed `check_limit`.

        Raises
        ------
        Timeout, Garbled, Lost
        """
        with self.lock:
            if answer := super().ask(command):
                raise self.garbled(command, answer, "is an answer to something else")
