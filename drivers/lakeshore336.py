"""Lake Shore Model 336 temperature controller."""

from __future__ import annotations

import re

from drivers.lakeshore import LakeShore, LakeShoreSettings


class LakeShore336(LakeShore):
    """Lake Shore Model 336, TCP port 7777, USB or GPIB."""

    driver_name = "lakeshore336"
    model = "Model 336"
    IDENTITY = re.compile(r"LSCI,MODEL336,[ -~]{0,60}$")

    class Settings(LakeShoreSettings):
        """Which sensor, A to D; which heater, 1 or 2; its range, 1 low, 2 medium, 3 high; and how far."""

        INPUTS = ("A", "B", "C", "D")
