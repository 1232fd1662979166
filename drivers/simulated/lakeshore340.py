"""Twin of the Lake Shore Model 340: as a 331, with five ranges of the heater and a loop that can be off."""

from __future__ import annotations

from drivers.simulated.lakeshore import ANY, FLAG, OFF
from drivers.simulated.lakeshore331 import LoopTwin, settings
from drivers.simulated.twin import Field, Setting


class LakeShore340Twin(LoopTwin):
    """A simulated Model 340 with an option of two more inputs."""

    driver_name = "lakeshore340"
    model = "lakeshore340"
    ADDRESS = "GPIB0::14::INSTR"
    IDENTITY = "LSCI,MODEL340,123456,061407"
    INPUTS = "ABCD"
    READING = "%+.3fE+0"
    RANGES_W = (0.0, 0.005, 0.05, 0.5, 5.0, 50.0)
    """With 1 A into 50 ohm."""
    SETTINGS = (
        *settings("ABCD", 5),
        Setting("CSET", Field("A", shown="%s"), Field(1, 1, 3), Field(1, 0, 1), FLAG, keys="12"),
        Setting("INTYPE", Field(8, 0, 12), Field(1, 1, 3), Field(2, 1, 2), Field(6, 0, 11), Field(9, 1, 13),
                keys="ABCD"),
        Setting("CLIMIT", Field(400.0, 0, 1500, "%+.3f"), ANY, ANY, Field(3, 0, 5), Field(5, 0, 5), keys="12"),
    )  # fmt: skip

    def _mode(self) -> str:
        return super()._mode() if self.values["CSET", self.HEATER][2] else OFF
