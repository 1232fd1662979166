"""Yokogawa GS200 voltage and current source, on PyMeasure's driver: a gate.

UNVERIFIED on an instrument: that ``:FETC?`` gives the last measurement again, and the bits of the condition register.
"""

from __future__ import annotations

import logging
import math
import re
from dataclasses import dataclass
from typing import Any

from pymeasure.instruments.yokogawa import yokogawags200

from drivers.instrument import Instrument, Whole, Word
from drivers.reply import Number
from drivers.scpi_source import GENERAL, SCPISource
from drivers.source import SourceSettings

log = logging.getLogger(__name__)

LIMITED = 1 << 10 | 1 << 11
"""Bits of the condition register: at the lower limit, at the higher limit."""


class GS200(SCPISource, yokogawags200.YokogawaGS200):
    """Yokogawa GS200, GPIB or USB; its current is measured with option /MON, if that is on when it is opened.

    PyMeasure's class supplies every other getter, made strict by `Instrument`; its setters are refused.
    """

    driver_name = "gs200"
    model = "GS200"
    IDENTITY = re.compile(r"YOKOGAWA,GS2[01][0-9],[ -~]{0,60}$")
    LEVEL = (":SOUR:LEV", ":SOUR:LEV")
    COMPLIANCE = (":SOUR:PROT:CURR", ":SOUR:PROT:VOLT")
    LEVEL_MAX = (32.0, 0.2)
    COMPLIANCE_MIN = (1e-3, 1.0)
    SNAPSHOT = (*SCPISource.SNAPSHOT, "range")
    KEPT = (*SCPISource.KEPT, "range")

    @dataclass(frozen=True)
    class Settings(SourceSettings):
        """How far and how fast; the limiter of a GS200 is at least 1 mA and 1 V."""

        compliance_A: float = 1e-3

        def __post_init__(self) -> None:
            super().__post_init__()
            if self.compliance_A < 1e-3 or self.compliance_V < 1:
                raise ValueError("compliance_A, compliance_V: the limiter of a GS200 is at least 1 mA and 1 V")

    range: Any = Instrument.measurement(
        ":SOUR:RANG?", """Get the range of the set point [V or A].""", Number(1e-3, 30.0, GENERAL)
    )

    def _on_open(self) -> None:
        """Ask whether it can measure, and does."""
        has_monitor = "/MON" in self.query("*OPT?", Word(re.compile(r"[ -~]{1,40}")))
        self._measures = has_monitor and bool(self.query(":SENS?", Whole(0, 1)))
        if not self._measures:
            log.warning("%s: does not measure: leak_max_A is not watched, only its limiter", self.name)

    def _measure(self) -> tuple[float, bool]:
        measured = math.nan
        if self._measures:
            measured = self._confirmed(":MEAS?", ":FETC?", self.NUMBER)
        return measured, bool(self.query(":STAT:COND?", Whole(0, 65535)) & LIMITED)
