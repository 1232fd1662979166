"""Keithley 2400 SourceMeter, on PyMeasure's driver: a gate, or a current.

UNVERIFIED on an instrument: the bits of the status element and the digits of its numbers, which are from the manual.
"""

from __future__ import annotations

import re

from pymeasure.instruments.keithley import keithley2400

from drivers.errors import Refused
from drivers.scpi_instrument import ANY
from drivers.scpi_source import SCPISource

READ = ":READ?"
OVERFLOW, IN_COMPLIANCE, RANGE_COMPLIANCE = 1, 8, 65536
"""Bits of the status element."""
NOT_MEASURED = 9.9e37


class Keithley2400(SCPISource, keithley2400.Keithley2400):
    """Keithley 2400, GPIB or RS-232.

    PyMeasure's class supplies every other getter, made strict by `Instrument`; its setters are refused.
    """

    driver_name = "keithley2400"
    model = "Model 2400"
    IDENTITY = re.compile(r"KEITHLEY INSTRUMENTS INC\.,MODEL 2400,[ -~]{0,60}$")
    LEVEL = (":SOUR:VOLT", ":SOUR:CURR")
    COMPLIANCE = (":SENS:CURR:PROT", ":SENS:VOLT:PROT")
    LEVEL_MAX = (210.0, 1.05)
    COMPLIANCE_MIN = (1e-9, 1e-3)
    NUMBER = ANY
    FIELD = "CURR", "VOLT"

    def _measure(self) -> tuple[float, bool]:
        fields = self._elements(READ)
        values = {name: self._number(READ, field) for name, field in fields.items()}
        wanted = self._of(self.FIELD)
        status = int(values.get("STAT", -1))
        measured = values.get(wanted, NOT_MEASURED)
        if status < 0 or (abs(measured) >= NOT_MEASURED and not status & OVERFLOW):
            raise Refused(
                f"{self.name}: a reading has {','.join(fields)}, but {wanted} and STAT are needed, and {wanted} to be "
                "measured; set its format and measurement at the front panel, or switch it off and on",
                instrument=self.name,
            )
        return measured, bool(status & (OVERFLOW | IN_COMPLIANCE | RANGE_COMPLIANCE))
