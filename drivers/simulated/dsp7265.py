"""Twin of the Signal Recovery 7265 lock-in: bare mnemonics, floats with a dot, two status bytes."""

from __future__ import annotations

import cmath
import math
import re
from typing import ClassVar

from drivers.simulated.lock_in import Heads, LockInTwin, clipped
from drivers.simulated.twin import ARGUMENT, SYNTAX, Field, NotUnderstood, Setting, number, on

SENSITIVITIES_V = (0.0, *(float(f"{m}e{e}") for e in range(-9, 0) for m in (2, 5, 10)))
"""The first number is not used."""
TIME_CONSTANTS_S = tuple(
    [float(f"{m}e-6") for m in (10, 20, 40, 80, 160, 320, 640)]
    + [5e-3, *(float(f"{m}e{e}") for e in range(-2, 4) for m in (1, 2, 5)), 1e4, 2e4, 5e4]
)
INPUT_LIMIT_V = 1.4
OUTPUT_LIMIT = 3.0
"""X and Y are shown up to this many times full scale."""
ANALOG_LIMIT = 1.2
"""The same for the analog outputs, which are the first to say that something is too large."""

COMPLETE, INVALID, BAD_PARAMETER, UNLOCKED, OVERLOAD = 1, 2, 4, 8, 16
"""Bits of ST; the others differ from model to model."""
ACTIONS = ("AS", "AQN", "NC", "TD", "HC", "ADF")

_LINE = re.compile(r"\s*(IDN\?|[A-Za-z][A-Za-z0-9]*\.?)\s*(.*?)\s*", re.IGNORECASE)


class DSP7265Twin(LockInTwin):
    """A simulated 7265."""

    driver_name = "dsp7265"
    model = "dsp7265"
    ADDRESS = "GPIB0::12::INSTR"
    READ_TERMINATION = "\r\n"
    IDENTITY = "7265"
    VERSION = "4.1"
    HEADS = Heads("SEN", "TC", "SLOPE", "OA.", "OF.", "REFP.", "REFN", "IE")
    SENSITIVITIES_V, TIME_CONSTANTS_S = SENSITIVITIES_V, TIME_CONSTANTS_S
    EXTERNAL = 2
    SETTINGS = (
        Setting("OF.", Field(1000.0, 0, 250e3, "%.5E")),
        Setting("OA.", Field(0.0, 0, 5, "%.5E")),
        Setting("REFP.", Field(0.0, -360, 360, "%.5E")),
        Setting("REFN", Field(1, 1, 65535)),
        Setting("SEN", Field(27, 1, 27)),
        Setting("TC", Field(11, 0, 28)),
        Setting("SLOPE", Field(1, 0, 3)),
        Setting("IMODE", Field(0, 0, 2)),
        Setting("VMODE", Field(1, 0, 3)),
        Setting("FLOAT", Field(1, 0, 1)),
        Setting("FET", Field(0, 0, 1)),
        Setting("CP", Field(0, 0, 1)),
        Setting("IE", Field(0, 0, 2)),
        Setting("ACGAIN", Field(0, 0, 9)),
        Setting("AUTOMATIC", Field(0, 0, 1)),
        Setting("LF", Field(0, 0, 3), Field(0, 0, 1)),
        Setting("CBD", Field(3, 1, 2097151)),
        Setting("LEN", Field(1000, 1, 32768)),
        Setting("STR", Field(10, 0, 1_000_000_000)),
        Setting("ADC3TIME", Field(100, 10, 2000)),
        Setting("SYNC", Field(0, 0, 1)),
        Setting("DAC.", Field(0.0, -12, 12, "%.5E"), keys="1234"),
    )

    _KEYED: ClassVar[tuple[str, ...]] = ("DAC.",)

    def power_on(self) -> None:
        """Take the settings of a fresh start."""
        super().power_on()
        self._status = self._events = 0

    # language

    @classmethod
    def parse(cls, command: str) -> tuple[str, tuple[str, ...]]:
        """Return the head of a command and its arguments; without a value it asks."""
        found = _LINE.fullmatch(command)
        if not found:
            return "", ()
        head, arguments = found[1].upper(), tuple(re.split(r"[\s,]+", found[2])) if found[2] else ()
        settings = {setting.head for setting in cls.SETTINGS}
        asks = head in settings and len(arguments) == (1 if head in cls._KEYED else 0)
        return head + ("?" if asks else ""), arguments

    @classmethod
    def asks(cls, line: str) -> bool:
        """Return whether a line only asks."""
        heads = [cls.parse(command)[0] for command in line.split(";") if command.strip() and "?" not in command]
        return all(head.endswith("?") or (head in cls._answers and head not in ACTIONS) for head in heads)

    def _answer(self, command: str) -> str | None:
        if self.parse(command)[0] not in ("", "ST", "N", "M"):
            self._events = 0  # what was wrong with the last command
        return super()._answer(command)

    def _remembered(self, head: str, arguments: tuple[str, ...]) -> str | None:
        reply = super()._remembered(head, arguments)
        return reply if reply is None or "." not in head else shown(float(reply))

    def refuse(self, trouble: NotUnderstood) -> None:
        """Set the bit of the status byte: invalid command, or invalid parameter."""
        self._events |= INVALID if trouble is SYNTAX else BAD_PARAMETER

    # what is wrong

    def watch(self, signal_V: complex, shown_V: complex) -> None:
        """Keep nothing: the status bytes tell of the moment."""

    def status(self) -> int:
        """Return the status byte."""
        wrong = self.overloads() & ~128
        return COMPLETE | self._events | (0 if self.locked else UNLOCKED) | (OVERLOAD if wrong else 0)

    def overloads(self) -> int:
        """Return the overload byte: CH1 2, CH2 4, Y 8, X 16, input 64, unlocked 128."""
        x, y = self._over(ANALOG_LIMIT)
        beyond_x, beyond_y = self._over(OUTPUT_LIMIT)
        bits = 2 * x | 4 * y | 8 * beyond_y | 16 * beyond_x | 64 * self._input_overload()
        return bits | (0 if self.locked else 128)

    def _over(self, limit: float) -> tuple[bool, bool]:
        limit_V, shown_V = limit * self.full_scale_V, self.shown_V()
        return abs(shown_V.real) > limit_V, abs(shown_V.imag) > limit_V

    def _input_overload(self) -> bool:
        return abs(self.signal_V()) > INPUT_LIMIT_V

    # what is asked

    def output_V(self) -> complex:
        """Return X + iY as they are shown [V]."""
        return clipped(self.shown_V(), OUTPUT_LIMIT * self.full_scale_V)

    @on("ID")
    def _identity(self) -> str:
        return self.IDENTITY

    @on("VER")
    def _version(self) -> str:
        return self.VERSION

    @on("ST")
    def _status_byte(self) -> str:
        return str(self.status())

    @on("N")
    def _overload_byte(self) -> str:
        return str(self.overloads())

    @on("M")
    def _curve_status(self) -> str:
        return f"0,0,{self.status()},0"

    @on("X.")
    def _x(self) -> str:
        return shown(self.output_V().real)

    @on("Y.")
    def _y(self) -> str:
        return shown(self.output_V().imag)

    @on("XY.")
    def _x_and_y(self) -> str:
        return f"{self._x()},{self._y()}"

    @on("MAG.")
    def _magnitude(self) -> str:
        return shown(abs(self.output_V()))

    @on("PHA.")
    def _phase(self) -> str:
        return shown(math.degrees(cmath.phase(self.output_V())))

    @on("MP.")
    def _magnitude_and_phase(self) -> str:
        return f"{self._magnitude()},{self._phase()}"

    @on("FRQ.")
    def _frequency(self) -> str:
        return shown(self.frequency_Hz)

    @on("SEN.")
    def _sensitivity(self) -> str:
        return shown(self.full_scale_V)

    @on("TC.")
    def _time_constant(self) -> str:
        return shown(self.time_constant_s)

    @on("ADC.")
    def _auxiliary(self, which: str) -> str:
        number(which, 1, 4)
        return shown(0.0)

    @on("ADC")
    def _auxiliary_counts(self, which: str) -> str:
        number(which, 1, 4)
        return "0"

    @on("RT.", "LR.")
    def _ratio(self) -> str:
        return shown(0.0)  # no voltage at the auxiliary input

    @on("DC")
    def _curve(self, which: str) -> str:
        number(which, 0, 20)
        return self.READ_TERMINATION.join("0" for _ in range(int(self.value("LEN"))))

    @on("AS")
    def _auto_sensitivity(self) -> None:
        needed_V = abs(self.shown_V())
        self.values["SEN", ""][0] = next((i for i, full in enumerate(SENSITIVITIES_V) if 0.9 * full > needed_V), 27)

    @on("AQN")
    def _auto_phase(self) -> None:
        turned = self.phase_deg + math.degrees(cmath.phase(self.shown_V()))
        self.values["REFP.", ""][0] = math.remainder(turned, 360)

    @on("NC", "TD", "HC", "ADF")
    def _accepted(self, *arguments: str) -> None:
        """Take without an effect that this twin shows."""
        if len(arguments) > 1:
            raise ARGUMENT


def shown(value: float) -> str:
    """Return a number as these instruments write it: no trailing zeros but one, two digits of exponent."""
    mantissa, exponent = f"{value:.5E}".split("E")
    whole, _, digits = mantissa.partition(".")
    return f"{whole}.{digits.rstrip('0') or '0'}E{exponent}"
