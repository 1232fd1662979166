"""Lake Shore Model 372 AC resistance bridge and temperature controller, for below 1 K."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from drivers.instrument import Fields, Instrument, Number, Refused, Whole, Word
from drivers.lakeshore import SIGNED, LakeShore, LakeShoreSettings
from drivers.lakeshore_zones import Control

CHANNELS = tuple(str(number) for number in range(1, 17))
CONTROL_INPUT = "A"


class LakeShore372(LakeShore):
    """Lake Shore Model 372, TCP port 7777, USB or GPIB; the sample heater on one of its channels.

    All channels share one bridge through a scanner: a channel on which it does not stand shows its last
    reading for as long as one likes, which is refused here. While it scans by itself, no loop can follow.
    """

    driver_name = "lakeshore372"
    model = "Model 372"
    IDENTITY = re.compile(r"LSCI,MODEL372,[ -~]{0,60}$")
    SNAPSHOT = (*LakeShore.SNAPSHOT, "scanner_channel", "still_percent")
    PID_LIMITS = {"gain": (0.0, 1000.0), "reset": (0.0, 10_000.0), "derivative": (0.0, 2500.0)}
    SENSOR_STATUS = {
        1: "current source overloaded", 2: "common mode overloaded", 4: "mixer overloaded",
        8: "differential stage overloaded", 16: "resistance too high, or open",
        32: "resistance too low, or shorted", 64: "above its curve", 128: "below its curve",
    }  # fmt: skip
    MODE = Fields(
        Whole(0, 6), Word(re.compile(r"A|0?[0-9]|1[0-6]")), Whole(0, 1), Whole(0, 1), Whole(0, 1), Whole(0, 255)
    )
    CLOSED_LOOP, ZONE_MODE = 5, 3
    ZONE_REST = (Number(0, 100), Whole(0, 1), Whole(0, 1))
    ZONE_RATE = 6
    RATE_DIGITS = 3

    @dataclass(frozen=True)
    class Settings(LakeShoreSettings):
        """Which channel, 1 to 16 or A, the control input; the range of the sample heater, 1 to 8; and how far."""

        INPUTS = (*CHANNELS, CONTROL_INPUT)
        OUTPUTS = (0,)
        RANGES = 8
        SLOWEST_K_PER_MIN = 0.001

        temperature_min_K: float = 0.005
        input: str = "1"
        output: int = 0

    still_percent: Any = Instrument.control(
        "STILL?", "STILL %.2f", """Control the still heater, in its still mode [%].""", Number(0, 100, SIGNED),
        within=0.011,
    )  # fmt: skip

    @property
    def scanner_channel(self) -> int:
        """Get the channel on which the scanner stands; a negative number while it scans by itself [1]."""
        channel, by_itself = self._scanner()
        return -channel if by_itself else channel

    def _scanner(self) -> tuple[int, int]:
        return self.query("SCAN?", Fields(Whole(1, 16), Whole(0, 1)))

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return super()._own_limits() | {"still_percent": (0.0, 100.0)}

    def _control(self) -> Control:
        mode, source, *_ = self._asked_mode()
        return self._as_control(mode, source.lstrip("0"), f"has mode {mode} on input {source}")

    def _check_seen(self) -> None:
        """Raise Refused unless the scanner stands on the channel; the control input has a bridge of its own."""
        which = self.settings.input
        if which == CONTROL_INPUT:
            return
        channel, by_itself = self._scanner()
        if by_itself or str(channel) != which:
            raise Refused(
                f"{self.name}: its scanner {'scans by itself' if by_itself else f'stands on channel {channel}'}, what "
                f"channel {which} shows is old; set the scanner to {which}, without autoscan",
                instrument=self.name,
            )
