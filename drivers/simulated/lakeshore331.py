"""Twins of the Lake Shore Models 331 and 340: control loops (CSET, CMODE), and one heater whose range has no number.

The forms of their replies are those of the manuals (331S: chapter 6, 340: chapter 9), as far as these were at hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.simulated.lakeshore import (
    ANY,
    CLOSED,
    COMMON,
    FLAG,
    NAMES_AND_LIMITS,
    OPEN,
    ZONE,
    LakeShoreTwin,
    loops,
    sensors,
)  # fmt: skip
from drivers.simulated.twin import Field, Setting

SIX = "%+#.5g"
"""Six characters and the sign, as the manual of the 331 has it for every number."""


def settings(inputs: Sequence[str], ranges: int) -> tuple[Setting, ...]:
    """Return what both models remember."""
    return (
        *loops("12", shown=SIX), *sensors(inputs), *COMMON,
        Setting("RANGE", Field(0, 0, ranges)),
        Setting("CMODE", Field(1, 1, 6), keys="12"),
        Setting("INNAME", NAMES_AND_LIMITS[0], keys=inputs),
        Setting("ANALOG", FLAG, Field(0, 0, 4), Field("A", shown="%s"), Field(1, 1, 4), ANY, ANY, ANY),
        Setting("BEEP", FLAG),
        Setting("IEEE", Field(0, 0, 3), FLAG, Field(12, 1, 30)),
    )  # fmt: skip


class LoopTwin(LakeShoreTwin):
    """A simulated controller of this kind."""

    RANGE_KEY = ""
    STATUS = "%03d"
    ZONE_FIELDS = LakeShoreTwin.ZONE_FIELDS[:6]
    ZONE_RATE = 0

    def _mode(self) -> str:
        return {2: ZONE, 3: OPEN}.get(int(self.value("CMODE", self.HEATER)), CLOSED)

    def _source(self) -> str:
        return str(self.values["CSET", self.HEATER][0]).upper()


class LakeShore331Twin(LoopTwin):
    """A simulated Model 331: two inputs, one heater and one analog output."""

    driver_name = "lakeshore331"
    model = "lakeshore331"
    ADDRESS = "GPIB0::13::INSTR"
    IDENTITY = "LSCI,MODEL331S,123456,020301"
    READING = SIX
    SETTINGS = (
        *settings("AB", 3),
        Setting("CSET", Field("A", shown="%s"), Field(1, 1, 3), FLAG, Field(1, 1, 2), keys="12"),
        Setting("INTYPE", Field(3, 0, 9), Field(1, 0, 1), keys="AB"),
    )
