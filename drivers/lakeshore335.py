"""Lake Shore Model 335 temperature controller."""

from __future__ import annotations

import re

from drivers.lakeshore import LakeShoreSettings
from drivers.lakeshore336 import LakeShore336
from drivers.patience import insist


class LakeShore335(LakeShore336):
    """Lake Shore Model 335, USB or GPIB; as a 336 with two inputs."""

    driver_name = "lakeshore335"
    model = "Model 335"
    IDENTITY = re.compile(r"LSCI,MODEL335,[ -~]{0,60}$")

    class Settings(LakeShoreSettings):
        """Which sensor, A or B; which heater, 1 or 2; its range, 1 low, 2 medium, 3 high; and how far."""

    def _identify(self) -> str:
        """Return the identity; the first question after opening may be lost (lakeshorecryotronics/python-driver#9)."""
        return insist(super()._identify, tries=2)
