"""Keithley 2182A nanovoltmeter, on PyMeasure's driver; with a 6221 in delta mode it is reached through that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pymeasure.instruments.keithley import keithley2182

from drivers.errors import Refused
from drivers.instrument import Instrument, Number, Whole, Word
from drivers.patience import insist
from drivers.scpi_instrument import ANY, SCIENTIFIC, SCPIInstrument
from drivers.voltmeter import Voltmeter

RANGES_V = (0.01, 0.1, 1.0, 10.0, 100.0)
FULL = 1.2
"""A voltage may be this many times its range."""
FUNCTION = Word(re.compile('"(?:VOLT:DC|TEMP)"'))


class Keithley2182A(SCPIInstrument, Voltmeter, keithley2182.Keithley2182):
    """Keithley 2182A, channel 1, GPIB or RS-232.

    PyMeasure's class supplies every other getter, made strict by `Instrument`; its setters are refused.
    """

    driver_name = "keithley2182a"
    role = "voltmeter"
    model = "Model 2182A"
    IDENTITY = re.compile(r"KEITHLEY INSTRUMENTS INC\.,MODEL 2182A?,[ -~]{0,60}$")
    NUMBER = ANY
    SNAPSHOT = ("range_V", "line_cycles")
    KEPT = ("range_V", "line_cycles")

    @dataclass(frozen=True)
    class Settings:
        """Nothing to choose: a person has set the channel and the filters."""

    line_cycles: Any = Instrument.control(
        ":SENS:VOLT:NPLC?", ":SENS:VOLT:NPLC %.6E", """Control how long a reading integrates [line cycles].""",
        Number(0.01, 60, SCIENTIFIC), share=1e-3,
    )  # fmt: skip

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return {"range_V": (RANGES_V[0], RANGES_V[-1]), "line_cycles": (0.01, 50.0)}

    @property
    def voltage_V(self) -> float:
        """Measure the voltage of channel 1 [V].

        Raises
        ------
        Refused
            It is beyond the range, or another channel or the temperature is measured.
        Timeout, Garbled, Lost
        """
        with self.lock:
            channel, function = self.query(":SENS:CHAN?", Whole(0, 2)), self.query(":SENS:FUNC?", FUNCTION)
            if channel != 1 or function != '"VOLT:DC"':
                raise Refused(
                    f"{self.name}: it measures {function} of channel {channel}, not the voltage of channel 1; "
                    "set it at the front panel",
                    instrument=self.name,
                )
            volts = self._confirmed(":READ?", ":FETC?", ANY)
        if abs(volts) > FULL * RANGES_V[-1]:
            raise Refused(f"{self.name}: the voltage is beyond its range; choose a larger one", instrument=self.name)
        return volts

    @property
    def range_V(self) -> float:
        """Control the range of channel 1 [V]."""
        taken_V = self.query(":SENS:VOLT:CHAN1:RANG?", Number(RANGES_V[0], RANGES_V[-1], SCIENTIFIC))
        if taken_V not in RANGES_V:
            raise self.garbled(":SENS:VOLT:CHAN1:RANG?", f"{taken_V:g}", "is no range of a 2182A")
        return taken_V

    @range_V.setter
    def range_V(self, value: float) -> None:
        index = self.index_of("range_V", RANGES_V, self.check_limit("range_V", value))
        with self.lock:
            self.send(f":SENS:VOLT:CHAN1:RANG {RANGES_V[index]:.6E}")
            taken_V = insist(lambda: self.range_V)
        self._check_taken("range", RANGES_V[index], taken_V, 0.0, "V")
