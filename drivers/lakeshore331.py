"""Lake Shore Model 331 temperature controller.

It has control loops (CSET, CMODE) where later models have outputs (OUTMODE), and one heater, whose
range, output and state are asked for without a number. UNVERIFIED on an instrument.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from drivers.instrument import Fields, Whole, Word
from drivers.lakeshore import KELVIN, LakeShore, LakeShoreSettings
from drivers.lakeshore_zones import Control

SENSOR = Word(re.compile(r"[A-D]"))


class LakeShore331(LakeShore):
    """Lake Shore Model 331, GPIB or RS-232; loop 1 with the heater."""

    driver_name = "lakeshore331"
    model = "Model 331"
    IDENTITY = re.compile(r"LSCI,MODEL331[SE]?,[ -~]{0,60}$")
    SERIAL: ClassVar[dict[str, Any]] = LakeShore.SERIAL | {"baud_rate": 9600}
    LOOP: ClassVar[Fields] = Fields(SENSOR, Whole(1, 3), Whole(0, 1), Whole(1, 2))
    """Sensor, units of the set point, and what the model has besides."""
    ZONE_REST = ()
    ZONE_RATE = None

    class Settings(LakeShoreSettings):
        """Which sensor, A or B; the range of its heater, 1 low, 2 medium, 3 high; and how far."""

        OUTPUTS = (1,)

    @property
    def _of_range(self) -> str:
        return ""

    def _control(self) -> Control:
        sensor, *rest = self.query(f"CSET? {self.settings.output}", self.LOOP)
        mode = self.query(f"CMODE? {self.settings.output}", Whole(1, 6))
        control = self._as_control(mode, sensor, f"has mode {mode} on input {sensor}")
        return control._replace(closed=control.closed and self._switched_on(rest))

    def _switched_on(self, rest: list[int]) -> bool:
        """Return whether the loop is on; that of a 331 always is."""
        return True

    def _in_kelvin(self) -> bool:
        return self.query(f"CSET? {self.settings.output}", self.LOOP)[1] == KELVIN

    def _send_mode(self, mode: int) -> None:
        self.send(f"CMODE {self.settings.output},{mode}")

    def _send_range(self, number: int) -> None:
        self.send(f"RANGE {number}")
