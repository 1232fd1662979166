"""Twin of the Yokogawa GS200 source, with option /MON: one level and range, a limiter, a program of one step."""

from __future__ import annotations

from drivers.clock import Clock
from drivers.simulated.scpi import NOT_ALLOWED, Amount, Choice, Switch
from drivers.simulated.source_meter import SourceTwin, snapped
from drivers.simulated.twin import Field, Setting, on

RANGES = {"VOLT": (10e-3, 100e-3, 1.0, 10.0, 30.0), "CURR": (1e-3, 10e-3, 100e-3, 200e-3)}
FUNCTION, LEVEL, RANGE, OUTPUT = "SOURCE:FUNCTION", "SOURCE:LEVEL", "SOURCE:RANGE", "OUTPUT"
END_OF_PROGRAM, LOW_LIMIT, HIGH_LIMIT = 1 << 7, 1 << 10, 1 << 11
"""Bits of the condition and the extended event register."""


class GS200Twin(SourceTwin):
    """A simulated GS200."""

    driver_name = "gs200"
    model = "gs200"
    ADDRESS = "GPIB0::20::INSTR"
    IDENTITY = "YOKOGAWA,GS210,91KC12345,1.05"
    OPTIONS = "/MON"
    DIGIT = 1e-5
    BEYOND = 1.2
    LEVELS = ("SOURCE:LEVEL", "SOURCE:LEVEL")
    LIMITS = ("SOURCE:PROTECTION:CURRENT", "SOURCE:PROTECTION:VOLTAGE")
    SETTINGS = (
        Setting("OUTPut[:STATe]", Switch(0)),
        Setting("SOURce:FUNCtion", Choice("VOLT", words=("VOLTage", "CURRent"))),
        Setting("SOURce:RANGe", Amount(1.0, 1e-3, 30.0, "%+.5E")),
        Setting("SOURce:LEVel[:FIX]", Amount(0.0, -32, 32, "%+.5E")),
        Setting("SOURce:PROTection:VOLTage", Amount(30.0, 1, 30, "%+.5E")),
        Setting("SOURce:PROTection:CURRent", Amount(0.2, 1e-3, 0.2, "%+.5E")),
        Setting("SENSe[:STATe]", Switch(0)),
        Setting("SENSe:NPLC", Field(1, 1, 25)),
        Setting("SENSe:DELay", Field(0, 0, 999999)),
        Setting("SENSe:TRIGger", Choice("IMM", words=("READy", "TIMer", "COMMunicate", "IMMediate"))),
        Setting("SENSe:INTerval", Amount(0.1, 0.1, 3600, "%.1f")),
        Setting("SENSe:REMote", Switch(0)),
        Setting("SENSe:GUARd", Switch(0)),
        Setting("PROGram:INTerval", Amount(1.0, 0.1, 3600, "%.1f")),
        Setting("PROGram:SLOPe", Amount(1.0, 0, 3600, "%.1f")),
        Setting("PROGram:REPeat", Switch(0)),
        Setting("PROGram:COUNt", Field(1, 1, 10000)),
        Setting("PROGram:TRIGger", Choice("NORM", words=("NORMal", "MEND"))),
        Setting("PROGram:LOAD", Field("none", shown='"%s"')),
        Setting("ROUTe:BNCOut", Choice("TRIG", words=("TRIGger", "OUTPut", "READy"))),
        Setting("ROUTe:BNCIn", Choice("TRIG", words=("TRIGger", "OUTPut"))),
        Setting("SYSTem:LFRequency", Field(50, 50, 60)),
    )

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self._last_measured = 0.0
        self._extended = 0
        self._editing = False
        self._program: float | None = None
        self._slope: tuple[float, float, float, float] | None = None
        self._function = "VOLT"
        super().__init__(clock, seed)

    def power_on(self) -> None:
        """Take the settings of a fresh start."""
        super().power_on()
        self._extended, self._editing, self._program, self._slope = 0, False, None, None
        self._function = "VOLT"

    def leave(self) -> None:
        """Set it as a person has left it in a rig: zero volts on the range of 10 V, output and measurement on."""
        super().leave()
        self.values[RANGE, ""][0], self.values["SENSE", ""][0] = 10.0, 1

    def changed(self, head: str, key: str) -> None:
        """Fit range and level to each other; a new function begins at zero."""
        function = self.value(FUNCTION)
        if head == FUNCTION and function != self._function:
            if self.on:
                raise NOT_ALLOWED
            self._function = function
            self.values[RANGE, ""][0], self.values[LEVEL, ""][0] = RANGES[function][2], 0.0
        elif head == RANGE:
            self.values[RANGE, ""][0] = snapped(self.value(RANGE), RANGES[function])
            self._fit_level()
        elif head == LEVEL:
            self._fit_level()

    def _fit_level(self) -> None:
        self._slope = None
        self.fit(LEVEL, RANGE, "", RANGES[self.value(FUNCTION)])

    def _answer(self, command: str) -> str | None:
        self._follow()
        return super()._answer(command)

    def _follow(self) -> None:
        """Bring the level of a running program to the present."""
        if self._slope is None:
            return
        began_s, seconds, start, end = self._slope
        part = min(1.0, (self.clock.now() - began_s) / seconds) if seconds else 1.0
        self.values[LEVEL, ""][0] = start + part * (end - start)
        if part == 1.0:
            self._slope = None
            self._extended |= END_OF_PROGRAM

    @property
    def limited_bits(self) -> int:
        """Get the bits of the limiter."""
        output = self.output
        other = output.current_A if self.gives_voltage else output.voltage_V
        return (HIGH_LIMIT if other > 0 else LOW_LIMIT) if output.limited else 0

    @on("SOURce:LEVel:AUTO")
    def _level_and_range(self, value: str) -> None:
        level = float(Amount(0.0, -32, 32).read(value))
        self.values[RANGE, ""][0] = snapped(level / self.BEYOND, RANGES[self.value(FUNCTION)])
        self.values[LEVEL, ""][0] = level
        self._fit_level()

    @on("MEASure?", "READ?", "INITiate?")
    def _measure(self) -> str:
        if not self.value("SENSE"):
            raise NOT_ALLOWED
        output = self.measured()
        self._last_measured = output.current_A if self.gives_voltage else output.voltage_V
        return self._fetch()

    @on("FETCh?")
    def _fetch(self) -> str:
        return f"{self._last_measured:+.5E}"

    @on("STATus:CONDition?")
    def _condition(self) -> str:
        return str(self.limited_bits)

    @on("STATus:EVENt?")
    def _extended_events(self) -> str:
        bits, self._extended = self._extended | self.limited_bits, 0
        return str(bits)

    @on("*CLS")
    def _clear(self) -> None:
        super()._clear()
        self._extended = 0

    # a program of one step

    @on("PROGram:EDIT:STARt")
    def _start_editing(self) -> None:
        self._editing, self._program = True, None

    @on("PROGram:EDIT:END")
    def _end_editing(self) -> None:
        self._editing = False

    def _remembered(self, head: str, arguments: tuple[str, ...]) -> str | None:
        """Take a level that is set while a program is edited as its step."""
        level = self._settings[LEVEL].ways
        if self._editing and head in level and len(arguments) == 1:
            self._program = float(Amount(0.0, -32, 32).read(arguments[0]))
            return None
        return super()._remembered(head, arguments)

    @on("PROGram:RUN")
    def _run(self) -> None:
        if not self.on or self._program is None:
            raise NOT_ALLOWED
        snapped(self._program / self.BEYOND, [self.value(RANGE)])
        self._slope = (self.clock.now(), self.value("PROGRAM:SLOPE"), self.value(LEVEL), self._program)

    @on("PROGram:PAUSe", "PROGram:HOLD")
    def _pause(self) -> None:
        self._slope = None

    @on("PROGram:SAVE")
    def _save(self, name: str) -> None:
        """Take without an effect that this twin shows."""
