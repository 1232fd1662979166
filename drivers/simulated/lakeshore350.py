"""Twin of the Lake Shore Model 350: as a 336, with five ranges of the heater and a sensor good below 1 K."""

from __future__ import annotations

from drivers.simulated.lakeshore336 import OutmodeTwin, settings
from drivers.simulated.twin import Field, Setting


class LakeShore350Twin(OutmodeTwin):
    """A simulated Model 350."""

    driver_name = "lakeshore350"
    model = "lakeshore350"
    ADDRESS = "TCPIP0::192.168.0.7::7777::SOCKET"
    IDENTITY = "LSCI,MODEL350,LSA5678/#######,1.4"
    INPUTS, OUTPUTS = "ABCD", "1234"
    RANGES_W = (0.0, 0.005, 0.05, 0.5, 5.0, 50.0)
    """With 1 A into 50 ohm."""
    SETTINGS = (*settings("ABCD", "1234", 5), Setting("DISPLAY", Field(0, 0, 8), Field(1, 0, 8), Field(1, 1, 4)))
