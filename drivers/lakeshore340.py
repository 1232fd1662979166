"""Lake Shore Model 340 temperature controller. UNVERIFIED on an instrument."""

from __future__ import annotations

import re
from typing import ClassVar

from drivers.instrument import Fields, Whole
from drivers.lakeshore import LakeShoreSettings
from drivers.lakeshore331 import SENSOR, LakeShore331


class LakeShore340(LakeShore331):
    """Lake Shore Model 340, GPIB or RS-232; as a 331 with five ranges of the heater and a loop that can be off."""

    driver_name = "lakeshore340"
    model = "Model 340"
    IDENTITY = re.compile(r"LSCI,MODEL340,[ -~]{0,60}$")
    LOOP: ClassVar[Fields] = Fields(SENSOR, Whole(1, 3), Whole(0, 1), Whole(0, 1))
    PID_LIMITS = LakeShore331.PID_LIMITS | {"derivative": (0.0, 1000.0)}
    HEATER_STATUS = (
        "", "at an overvoltage of its supply", "at an undervoltage of its supply", "out of order (output DAC)",
        "out of order (current limit DAC)", "open", "shorted, below 10 ohm",
    )  # fmt: skip

    class Settings(LakeShoreSettings):
        """Which sensor, A or B, C and D with an option; the range of its heater, 1 to 5; and how far."""

        INPUTS = ("A", "B", "C", "D")
        OUTPUTS = (1,)
        RANGES = 5

    def _switched_on(self, rest: list[int]) -> bool:
        return bool(rest[1])
