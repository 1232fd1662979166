"""Keithley 6221 current source with a 2182A nanovoltmeter in delta mode: a direct current, reversed at every reading.

It plays the part of a lock-in: X is the voltage of the current, thermal voltages taken out by three readings, and Y is
zero. The 2182A hangs on the serial relay of the 6221, as Keithley wires the two, and cannot be asked while they run.

UNVERIFIED on an instrument: the digits of a reading, the compliance bit of the measurement condition, and that
``:SOUR:DELT:ARM?`` says whether it is armed; all from the manual.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from pymeasure.instruments.keithley import keithley6221

from drivers.errors import Refused
from drivers.instrument import Instrument, Number, Whole, Word, check_settings
from drivers.keithley2182a import FULL, RANGES_V
from drivers.patience import insist
from drivers.roles import LockIn, LockInReading
from drivers.scpi_instrument import ANY, SCIENTIFIC, SCPIInstrument

DATA = ":SENS:DATA?"
IN_COMPLIANCE = 8
"""Bit of the measurement condition."""
LINE_Hz = 50.0
"""Where the mains has 60 Hz the readings come sooner than this driver thinks, which does no harm."""
OVERFLOW = 9.8e37
FIRST_READINGS = 4
"""After so many times of a reading there is the first, which is made of three."""
READINGS = 2.5
"""Time constant over the time of a reading: that of three readings has passed before 30 % of a step are left."""


class Keithley6221(SCPIInstrument, LockIn, keithley6221.Keithley6221):
    """Keithley 6221 with a 2182A in delta mode, GPIB or TCP port 1394.

    A person arms the delta mode once, at the front panel; from then on a new current is set by arming it anew.
    PyMeasure's class supplies every other getter, made strict by `Instrument`; its setters are refused.
    """

    driver_name = "keithley6221"
    role = "lockin"
    model = "Model 6221"
    IDENTITY = re.compile(r"KEITHLEY INSTRUMENTS INC\.,MODEL 6221,[ -~]{0,60}$")
    NUMBER = ANY
    SNAPSHOT = ("oscillator_V", "current_A", "compliance_V", "delay_s", "time_constant_s", "sensitivity_V", "armed")
    KEPT = ("oscillator_V", "delay_s", "armed")
    filter_stages: ClassVar[int] = 1

    @dataclass(frozen=True)
    class Settings:
        """How much, and how the 2182A measures; it is set so whenever the delta mode is armed.

        Attributes
        ----------
        current_max_A : float
            Largest current [A].
        compliance_max_V : float
            Highest compliance that a person may have set [V].
        equivalent_ohm : float
            What turns the current into the voltage of a lock-in's oscillator: the same number as
            `series_resistor_ohm` of config.yaml, though no such resistor is there [ohm].
        range_V : float
            Range of the 2182A [V].
        line_cycles : int
            For how many cycles of the mains a reading integrates.
        """

        current_max_A: float = 1e-5
        compliance_max_V: float = 10.0
        equivalent_ohm: float = 1e6
        range_V: float = 0.01
        line_cycles: int = 1

        def __post_init__(self) -> None:
            check_settings(self, positive=("current_max_A", "compliance_max_V", "equivalent_ohm", "range_V"))
            if self.current_max_A > 0.105:
                raise ValueError(f"current_max_A = {self.current_max_A!r}: a 6221 gives at most 0.105 A")
            if self.range_V not in RANGES_V:
                raise ValueError(f"range_V = {self.range_V!r}; a 2182A has {', '.join(f'{one:g}' for one in RANGES_V)}")
            if self.line_cycles not in range(1, 51):
                raise ValueError(f"line_cycles = {self.line_cycles!r} must be from 1 to 50")

    compliance_V: Any = Instrument.measurement(
        ":SOUR:CURR:COMP?", """Get the compliance [V].""", Number(0.1, 105, SCIENTIFIC)
    )
    delay_s: Any = Instrument.measurement(
        ":SOUR:DELT:DEL?", """Get the time between a reversal and the reading [s].""", Number(0, 9999.999, SCIENTIFIC)
    )
    armed: Any = Instrument.measurement(":SOUR:DELT:ARM?", """Get whether the delta mode is armed [1].""", Whole(0, 1))

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        return {"oscillator_V": (0.0, self.settings.current_max_A * self.settings.equivalent_ohm)}

    def _on_open(self) -> None:
        """Nothing is known of how the 2182A is set until this driver has armed it."""
        self._own_arming = False

    # what it is doing

    @property
    def current_A(self) -> float:
        """Get the current, which is reversed at every reading; asked for twice, must agree [A]."""
        return self._agreed(":SOUR:DELT:HIGH?", Number(0, 0.105, SCIENTIFIC))

    @property
    def reading_time_s(self) -> float:
        """Get the time from one reversal to the next [s]."""
        return self.delay_s + self.settings.line_cycles / LINE_Hz

    @property
    def time_constant_s(self) -> float:
        """Get the time constant that settles no sooner than three readings have come [s]."""
        return READINGS * self.reading_time_s

    @property
    def frequency_Hz(self) -> float:
        """Get the frequency of the reversals [Hz]."""
        return 0.5 / self.reading_time_s

    @property
    def sensitivity_V(self) -> float:
        """Get the range of the 2182A, as this driver sets it [V]."""
        return self.settings.range_V

    @property
    def oscillator_V(self) -> float:
        """Control the current, as the voltage that would drive it through `equivalent_ohm` [V]."""
        return self.current_A * self.settings.equivalent_ohm

    @oscillator_V.setter
    def oscillator_V(self, value: float) -> None:
        current_A = self.check_oscillator(value) / self.settings.equivalent_ohm
        with self.lock:
            self._check_ready()
            self._arm(current_A)

    def check_oscillator(self, volts: float) -> float:
        """Return the voltage [V] if the current that it stands for may be set; raises LimitExceeded."""
        return self.check_limit("oscillator_V", volts)

    def read(self) -> LockInReading:  # type: ignore[override]  # what PyMeasure calls read is not for the user
        """Measure the voltage of the current [V], with what is wrong at this moment.

        A voltage beyond the range of the 2182A is shown as the end of that range, overloaded.

        Raises
        ------
        Refused
            The delta mode is not armed, or its readings are not in volts.
        Timeout, Garbled, Lost
        """
        with self.lock:
            self._check_armed()
            volts = self._latest_V()
            limited = bool(self.query(":STAT:MEAS:COND?", Whole(0, 65535)) & IN_COMPLIANCE)
        beyond = abs(volts) > OVERFLOW
        shown_V = math.copysign(FULL * self.settings.range_V, volts) if beyond else volts
        return LockInReading(shown_V, 0.0, beyond or limited, unlocked=False)

    def _latest_V(self) -> float:
        fields = self._elements(DATA)
        if "READ" not in fields:
            raise Refused(
                f"{self.name}: a reading has {','.join(fields)}, but READ is needed; set its format at the front panel",
                instrument=self.name,
            )
        return self._number(DATA, fields["READ"])

    def _check_armed(self) -> None:
        if not self.armed:
            raise Refused(
                f"{self.name}: its delta mode is not armed; press DELTA at the front panel, then start again",
                instrument=self.name,
            )

    # what it is told

    def _check_ready(self) -> None:
        """Raise unless the delta mode may be armed with another current."""
        if not self._own_arming:
            self._check_armed()
        unit = self.query(":UNIT:VOLT:DC?", Word(re.compile("V|OHMS|W|SIEM")))
        if not self.query(":SOUR:DELT:NVPR?", Whole(0, 1)):
            raise Refused(
                f"{self.name}: sees no 2182A on its serial line; check the cable and the 2182A's RS-232 settings",
                instrument=self.name,
            )
        if unit != "V" or (compliance_V := self.compliance_V) > self.settings.compliance_max_V:
            what = f"reads in {unit}" if unit != "V" else f"has a compliance of {compliance_V:g} V"
            raise Refused(
                f"{self.name}: {what}; it must read in V, with at most {self.settings.compliance_max_V:g} V of "
                "compliance. Set it at the front panel",
                instrument=self.name,
            )

    def _arm(self, current_A: float) -> None:
        """Stop, set the 2182A and the current, arm and start; it can be said again from the start."""
        self._own_arming = True
        self.send(":SOUR:SWE:ABOR")
        self._set_voltmeter("SENS:VOLT:RANG", self.settings.range_V)
        self._set_voltmeter("SENS:VOLT:NPLC", float(self.settings.line_cycles))
        self.send(f":SOUR:DELT:HIGH {current_A:.6E}")
        self._check_taken("current", current_A, self.current_A, 1e-3 * current_A, "A")
        self.send(":SOUR:DELT:ARM")
        self._check_armed()
        self.send(":INIT:IMM")
        self.clock.sleep(FIRST_READINGS * self.reading_time_s)

    def _set_voltmeter(self, head: str, value: float) -> None:
        """Set the 2182A over the serial relay, and read it back."""
        self.send(f':SYST:COMM:SER:SEND "{head} {value:.6E}"')
        taken = insist(lambda: self._ask_voltmeter(head))
        self._check_taken(f"{head} of the 2182A", value, taken, 1e-3 * value, "")

    def _ask_voltmeter(self, head: str) -> float:
        self.send(f':SYST:COMM:SER:SEND "{head}?"')
        return self.query(":SYST:COMM:SER:ENT?", ANY)
