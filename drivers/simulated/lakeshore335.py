"""Twin of the Lake Shore Model 335: two inputs, two heaters."""

from __future__ import annotations

from drivers.simulated.lakeshore336 import OutmodeTwin, settings
from drivers.simulated.twin import Field, Setting, number, on


class LakeShore335Twin(OutmodeTwin):
    """A simulated Model 335."""

    driver_name = "lakeshore335"
    model = "lakeshore335"
    ADDRESS = "GPIB0::12::INSTR"
    IDENTITY = "LSCI,MODEL335,335A123/#######,1.3"
    SETTINGS = (*settings("AB", "12", 3), Setting("DISPLAY", Field(0, 0, 6)))

    @on("POLARITY?")
    def _polarity(self, output: str = "2") -> str:
        return "0" if number(output, 2, 2) else ""
