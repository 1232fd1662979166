"""Lake Shore Model 350 temperature controller."""

from __future__ import annotations

import re

from drivers.lakeshore import LakeShoreSettings
from drivers.lakeshore336 import LakeShore336


class LakeShore350(LakeShore336):
    """Lake Shore Model 350, TCP port 7777, USB or GPIB; as a 336 with five ranges of the heater."""

    driver_name = "lakeshore350"
    model = "Model 350"
    IDENTITY = re.compile(r"LSCI,MODEL350,[ -~]{0,60}$")

    class Settings(LakeShoreSettings):
        """Which sensor, A to D; which heater, 1 or 2; its range, 1 to 5; and how far."""

        INPUTS = ("A", "B", "C", "D")
        RANGES = 5
