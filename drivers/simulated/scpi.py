"""What the twins of SCPI instruments have in common: optional nodes, words for numbers, the error queue, the events."""

from __future__ import annotations

import collections
import functools
import re
from dataclasses import dataclass

from drivers.clock import Clock
from drivers.simulated.event_status import COMMAND_ERROR, EXECUTION_ERROR, EventStatusTwin
from drivers.simulated.twin import ARGUMENT, OUT_OF_RANGE, SYNTAX, Field, NotUnderstood, number, on, spoken

NOT_ALLOWED = NotUnderstood(-221, "Settings conflict")
STANDARD = {
    SYNTAX: NotUnderstood(-113, "Undefined header"),
    ARGUMENT: NotUnderstood(-104, "Data type error"),
    OUT_OF_RANGE: NotUnderstood(-222, "Parameter data out of range"),
}
"""What SCPI says of what is not understood."""
QUEUE_LENGTH = 10

_COMMAND = re.compile(r"\s*:?(\*?[A-Za-z]+[0-9]*(?::[A-Za-z]+[0-9]*)*)\s*(\??)\s*(.*?)\s*")


@functools.lru_cache(maxsize=4096)
def _parsed(command: str) -> tuple[str, tuple[str, ...]]:
    found = _COMMAND.fullmatch(command)
    if not found:
        return "", ()
    head, mark, rest = found.groups()
    return head.upper() + mark, tuple(part.strip() for part in rest.split(",")) if rest else ()


@dataclass(frozen=True)
class Switch(Field):
    """Off or on, by number or by word."""

    high: float = 1
    low: float = 0

    def read(self, text: str) -> float | str:
        """Return 0 or 1."""
        return super().read({"OFF": "0", "ON": "1"}.get(text.upper(), text))


@dataclass(frozen=True)
class Choice(Field):
    """One of some words, whose capitals are the short form; the short form is remembered and shown."""

    words: tuple[str, ...] = ()
    shown: str = "%s"

    def read(self, text: str) -> float | str:
        """Return the short form of the word."""
        for word in self.words:
            if text.strip("\"'").upper() in spoken(word):
                return "".join(c for c in word if not c.islower())
        raise OUT_OF_RANGE


@dataclass(frozen=True)
class Amount(Field):
    """A number with the words for its bounds and its usual value."""

    shown: str = "%.6E"

    def read(self, text: str) -> float | str:
        """Return the number."""
        words = {"MIN": self.low, "MAX": self.high, "DEF": self.start, "INF": 9.9e37}
        for word, value in words.items():
            if text.upper() in (word, f"{word}IMUM", f"{word}AULT", f"{word}INITY"):
                return value
        return number(text, self.low, self.high)


class SCPITwin(EventStatusTwin):
    """A simulated instrument that speaks SCPI."""

    NO_ERROR = '0,"No error"'
    OPTIONS = "0"

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.errors: collections.deque[str] = collections.deque(maxlen=QUEUE_LENGTH)
        super().__init__(clock, seed)

    @classmethod
    def parse(cls, command: str) -> tuple[str, tuple[str, ...]]:
        """Return the head of a command, whose nodes may end with a number, and its arguments."""
        return _parsed(command)

    def power_on(self) -> None:
        """Take the settings of a fresh start, with nothing pending."""
        super().power_on()
        self.errors.clear()

    def reset(self) -> None:
        """Take the settings of a fresh start, as ``*RST`` does; events and errors stay."""
        events, errors = self._events, list(self.errors)
        self.power_on()
        self._events = events
        self.errors.extend(errors)

    def _remembered(self, head: str, arguments: tuple[str, ...]) -> str | None:
        """Answer from the table of settings; one that is refused when it acts is as if it had not been said."""
        if head.endswith("?"):
            return super()._remembered(head, arguments)
        before = {key: list(values) for key, values in self.values.items()}
        try:
            return super()._remembered(head, arguments)
        except NotUnderstood:
            self.values = before
            raise

    def refuse(self, trouble: NotUnderstood) -> None:
        """Queue the error and set its bit of the events."""
        trouble = STANDARD.get(trouble, trouble)
        self.errors.append(f'{trouble.code:+d},"{trouble.text}"')
        self._events |= COMMAND_ERROR if -200 < trouble.code < 0 else EXECUTION_ERROR

    @on("*RST")
    def _reset(self) -> None:
        self.reset()

    @on("*CLS")
    def _clear(self) -> None:
        super()._clear()
        self.errors.clear()

    @on("*STB?")
    def _status_byte(self) -> str:
        return str((4 if self.errors else 0) | (32 if self._events else 0))

    @on("*OPC?")
    def _complete(self) -> str:
        return "1"

    @on("*OPT?")
    def _options(self) -> str:
        return self.OPTIONS

    @on("SYSTem:ERRor[:NEXT]?")
    def _error(self) -> str:
        return self.errors.popleft() if self.errors else self.NO_ERROR

    @on("*WAI", "*TRG", "*OPC", "*SRE", "*ESE", "STATus:PRESet", "SYSTem:BEEPer[:IMMediate]")
    def _accepted(self, *arguments: str) -> None:
        """Take without an effect that this twin shows."""

    @on("SYSTem:CLEar", "STATus:QUEue:CLEar", "STATus:QUEue[:NEXT]:CLEar")
    def _clear_errors(self) -> None:
        self.errors.clear()
