"""Keithley 2450 SourceMeter, on PyMeasure's driver: a gate, or a current.

UNVERIFIED on an instrument: that ``:FETC?`` gives the last reading again digit by digit.
"""

from __future__ import annotations

import re
from typing import Any

from pymeasure.instruments.keithley import keithley2450

from drivers.errors import Refused
from drivers.instrument import Whole, Word
from drivers.scpi_source import SCPISource


class Keithley2450(SCPISource, keithley2450.Keithley2450):
    """Keithley 2450, TCP, USB or GPIB; its command set must be SCPI, not that of a 2400.

    PyMeasure's class supplies every other getter, made strict by `Instrument`; its setters are refused.
    """

    driver_name = "keithley2450"
    model = "Model 2450"
    IDENTITY = re.compile(r"KEITHLEY INSTRUMENTS,MODEL 2450,[ -~]{0,60}$")
    LEVEL = (":SOUR:VOLT", ":SOUR:CURR")
    COMPLIANCE = (":SOUR:VOLT:ILIM", ":SOUR:CURR:VLIM")
    LEVEL_MAX = (210.0, 1.05)
    COMPLIANCE_MIN = (1e-9, 0.02)
    SENSED = ('"CURR:DC"', '"VOLT:DC"')

    def _on_open(self) -> None:
        """See that it speaks the language of this driver."""
        if (language := self.query("*LANG?", Word(re.compile("SCPI|SCPI2400|TSP")))) != "SCPI":
            raise Refused(
                f"{self.name}: its command set is {language}; choose SCPI in its system settings and restart it",
                instrument=self.name,
            )

    def _measure(self) -> tuple[float, bool]:
        sensed: Any = self.query(":SENS:FUNC?", Word(re.compile('"(?:CURR:DC|VOLT:DC|RES)"')))
        if sensed != (wanted := self._of(self.SENSED)):
            raise Refused(
                f"{self.name}: it measures {sensed}, not {wanted}; set its measurement at the front panel",
                instrument=self.name,
            )
        measured = self._confirmed(":READ?", ":FETC?", self.NUMBER)
        return measured, bool(self.query(f"{self._of(self.COMPLIANCE)}:TRIP?", Whole(0, 1)))
