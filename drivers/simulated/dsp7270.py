"""Twin of the Signal Recovery 7270 lock-in: the 7265's words, ended by NUL, and everything is answered."""

from __future__ import annotations

from drivers.simulated.dsp7265 import (
    ANALOG_LIMIT,
    COMPLETE,
    OUTPUT_LIMIT,
    OVERLOAD,
    SENSITIVITIES_V,
    UNLOCKED,
    DSP7265Twin,
)
from drivers.simulated.twin import Field, Setting, on

TIME_CONSTANTS_S = tuple(float(f"{m}e{e}") for e in range(-5, 5) for m in (1, 2, 5)) + (1e5,)
INPUT_OVERLOAD = 64
"""Bit of ST."""


class DSP7270Twin(DSP7265Twin):
    """A simulated 7270."""

    driver_name = "dsp7270"
    model = "dsp7270"
    ADDRESS = "TCPIP0::192.168.0.12::50001::SOCKET"
    READ_TERMINATION = "\x00"
    WRITE_TERMINATION = "\x00"
    IDENTITY = "7270"
    VERSION = "2.11"
    SENSITIVITIES_V, TIME_CONSTANTS_S = SENSITIVITIES_V, TIME_CONSTANTS_S
    SETTINGS = (
        *(setting for setting in DSP7265Twin.SETTINGS if setting.head not in ("TC", "REFN")),
        Setting("TC", Field(12, 0, 30)),
        Setting("REFN", Field(1, 1, 127)),
        Setting("REFMODE", Field(0, 0, 2)),
        Setting("NOISEMODE", Field(0, 0, 1)),
        Setting("SYNCOSC", Field(0, 0, 1)),
    )

    def _answer(self, command: str) -> str | None:
        """Answer whatever was said: a query by a line, all else by nothing but the NUL."""
        if not command.strip():
            return None
        reply = super()._answer(command)
        return "" if reply is None else f"{reply}\n"

    def status(self) -> int:
        """Return the status byte, which has a bit of its own for the input."""
        bits = COMPLETE | self._events | (0 if self.locked else UNLOCKED) | (OVERLOAD if self.overloads() else 0)
        return bits | (INPUT_OVERLOAD if self._input_overload() else 0)

    def overloads(self) -> int:
        """Return the overload byte: X 1, Y 2, CH1 16, CH2 32."""
        x, y = self._over(ANALOG_LIMIT)
        beyond_x, beyond_y = self._over(OUTPUT_LIMIT)
        return beyond_x | 2 * beyond_y | 16 * x | 32 * y

    @on("IDN?")
    def _identity_again(self) -> str:
        return self.IDENTITY

    @on("X1.", "Y1.", "X2.", "Y2.")
    def _of_another_mode(self) -> str:
        return ""  # exists in the dual modes only
