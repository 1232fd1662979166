"""Twins of the Lake Shore Models 335, 336 and 350: outputs with a mode (OUTMODE) and a range of their own."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.simulated.lakeshore import COMMON, ETHERNET, FLAG, NAMES_AND_LIMITS, LakeShoreTwin, loops, sensors
from drivers.simulated.twin import Field, Setting, on

NAME, LIMIT = NAMES_AND_LIMITS


def settings(inputs: Sequence[str], outputs: Sequence[str], ranges: int) -> tuple[Setting, ...]:
    """Return what such a controller remembers."""
    kelvin = Field(0.0, 0, 1500, "%+.3f")
    return (
        *loops(outputs), *sensors(inputs), *COMMON, *ETHERNET,
        Setting("RANGE", Field(0, 0, ranges), keys=outputs),
        Setting("OUTMODE", Field(1, 0, 5), Field(1, 0, 8), FLAG, keys=outputs),
        Setting(
            "HTRSET", FLAG, Field(1, 1, 2), Field(2, 0, 4), Field(0.0, 0, 2, "%+.3f"), Field(1, 1, 2), keys=outputs
        ),
        Setting("INTYPE", Field(3, 0, 5), Field(1, 0, 1), Field(6, 0, 8), Field(1, 0, 1), Field(1, 1, 3), keys=inputs),
        Setting("INNAME", NAME, keys=inputs), Setting("TLIMIT", LIMIT, keys=inputs),
        Setting("ANALOG", Field(1, 0, 8), Field(1, 1, 3), kelvin, kelvin, FLAG, keys=outputs),
        Setting("WARMUP", FLAG, Field(0.0, 0, 100, "%+.2f"), keys=outputs),
        Setting("DIOCUR", Field(0, 0, 1), keys=inputs),
        Setting("DISPFLD", Field(1, 0, 8), Field(1, 1, 6), keys="12345678"),
    )  # fmt: skip


class OutmodeTwin(LakeShoreTwin):
    """A simulated controller of this kind."""

    @on("TUNEST?")
    def _tuning(self) -> str:
        return "0,1,0,00"

    @on("TEMP?")
    def _junction(self) -> str:
        return "+295.00"

    @on("NETID?")
    def _network_identity(self) -> str:
        return "1,192.168.0.6,255.255.255.0,192.168.0.1,0.0.0.0,0.0.0.0,00:0C:1C:01:02:03,LSCI-SIMULATED,local"

    @on("NET?")
    def _network(self) -> str:
        return "0,0,192.168.0.6,255.255.255.0,192.168.0.1,0.0.0.0,0.0.0.0,LSCI,local,simulated"


class LakeShore336Twin(OutmodeTwin):
    """A simulated Model 336: four inputs, two heaters, two voltage outputs."""

    driver_name = "lakeshore336"
    model = "lakeshore336"
    ADDRESS = "TCPIP0::192.168.0.6::7777::SOCKET"
    IDENTITY = "LSCI,MODEL336,LSA1234/#######,1.0"
    INPUTS, OUTPUTS = "ABCD", "1234"
    SETTINGS = (*settings("ABCD", "1234", 3), Setting("DISPLAY", Field(0, 0, 8), Field(1, 0, 8), Field(1, 1, 4)))
