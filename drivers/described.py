"""What instruments share that nobody has written a driver for: their words stand in config.yaml.

A description names the question for every quantity, the form of its reply, the command that sets it, and the factor
from the instrument's unit to ours. Nothing is guessed: a reply that is not of the form that was given is refused, and
so is a command that could carry more than one number or more than one line.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from drivers.errors import LimitExceeded, Refused
from drivers.instrument import Instrument, Word
from drivers.limited import check_settings
from drivers.patience import insist
from drivers.templates import Command, Reply, Words, bounded, check_plain, check_text

WORD = Word(re.compile(r"[ -~]{1,80}"))
FIXED_SHARE = 1e-3
"""How far what is asked for may be from what is fixed, over it."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """The words that every kind of described instrument has.

    Attributes
    ----------
    identity : str
        A text that must be in the reply to `identity_query`: maker and model.
    identity_query : str
        Asks who it is.
    event_query : str
        Asks for the standard event status register of IEEE 488.2, ``*ESR?``, whose bit 7 says that the power was off;
        empty: a power cycle is not seen.
    command_reply : str
        What the reply to every command ends with, ``OK`` or ``:VALID``; empty: commands have no reply.
    expected_replies : tuple of (str, str)
        Questions and the whole reply that each must give, when it is opened and for as long as it is used: the units
        that the factors are for, the mode that it must be in.
    """

    identity: str
    identity_query: str = "*IDN?"
    event_query: str = ""
    command_reply: str = ""
    expected_replies: tuple[tuple[str, str], ...] = ()

    PLAIN: ClassVar[tuple[str, ...]] = ()
    """The commands that carry no number."""
    COUNTS: ClassVar[dict[str, int]] = {}
    """How many numbers a reply has, if not one."""

    def check_words(self) -> None:
        """Check every text and factor; raises ValueError that names the key."""
        for field in dataclasses.fields(self):
            try:
                self._check_word(field.name, getattr(self, field.name), field.default == "")
            except ValueError as error:
                raise ValueError(f"{field.name} = {error}") from None
        check_settings(self, positive=[f.name for f in dataclasses.fields(self) if "_factor_" in f.name])

    def _check_word(self, name: str, text: Any, may_be_empty: bool) -> None:
        kind = name.rpartition("_")[2]
        if name == "expected_replies":
            for query, reply in text:
                check_plain(query, "query")
                check_text(reply, "reply")
        if kind not in ("identity", "query", "command", "reply") or (may_be_empty and text == ""):
            return
        if name in ("identity", "command_reply"):
            check_text(text, kind)
        elif kind == "reply":
            Reply(text, self.COUNTS.get(name, 1))
        elif kind == "command" and name not in self.PLAIN:
            Command(text)
        else:
            check_plain(text, kind)

    def check_either(self, fixed: str, query: str) -> None:
        """Check that a quantity is either asked for or fixed; raises ValueError."""
        if (getattr(self, fixed) is None) == (getattr(self, query) == ""):
            raise ValueError(f"give either {query}, or {fixed} if it is fixed")

    def check_command(self, command: str, query: str) -> None:
        """Check that what can be set can be read back; raises ValueError."""
        if getattr(self, command) and not getattr(self, query):
            raise ValueError(f"{command} needs {query}: what is set is read back")

    def check_codes(self, name: str, known: Any = None) -> None:
        """Check a table of (reply, what it means); raises ValueError."""
        codes = getattr(self, name)
        replies = [reply for reply, _ in codes]
        for reply, meaning in codes:
            if not WORD.pattern.fullmatch(reply) or replies.count(reply) > 1:
                raise ValueError(f"{name} has {reply!r}, which is twice there or no reply")
            if known is not None and meaning not in known:
                raise ValueError(f"{name} has {meaning!r}; there are: {', '.join(known)}")


def rate_window(wanted: float, said: float) -> float:
    """Return how far a rate that an instrument says may be from the wanted one: rounded, but never faster."""
    return 0.1 * wanted if said < wanted else 1e-3 * wanted + 1e-5


class Described(Instrument):
    """An instrument whose words are in its settings."""

    model = "instrument of its description"

    def _own_identity(self) -> tuple[str, re.Pattern[str]]:
        return self.settings.identity_query, re.compile(rf"[ -~]*{re.escape(self.settings.identity)}[ -~]*$")

    def _on_open(self) -> None:
        super()._on_open()
        if insist(lambda: self.as_described):
            return
        pairs = zip(self.settings.expected_replies, insist(self._expected), strict=True)
        wrong = [f"{query!r} gives {now!r}, not {reply!r}" for (query, reply), now in pairs if now != reply]
        raise Refused(
            f"{self.name}: {'; '.join(wrong)}: its units or modes are not those that are described; "
            "set them at its front panel, or correct the description in config.yaml",
            instrument=self.name,
        )

    def _expected(self) -> tuple[str, ...]:
        """Ask the questions of `expected_replies`, and return what is replied now."""
        return tuple(self.query(query, WORD) for query, _ in self.settings.expected_replies)

    def _described(self) -> tuple[str, ...]:
        return tuple(reply for _, reply in self.settings.expected_replies)

    @property
    def as_described(self) -> bool:
        """Get whether units and modes are those of the description [1]."""
        # asked again: a single spoilt reply is no change
        return self._expected() == self._described() or self._expected() == self._described()

    def send(self, command: str) -> None:
        """Send a command, and see that it is answered as described; only for values that have passed `check_limit`."""
        if not self.settings.command_reply:
            super().send(command)
        elif not (reply := self.query(command, WORD)).endswith(self.settings.command_reply):
            raise Refused(
                f"{self.name}: {command!r} was answered by {reply!r}, not by {self.settings.command_reply!r}; the "
                "instrument did not take it, look at its front panel and at its description in config.yaml",
                instrument=self.name,
            )

    # numbers

    def _ask_number(self, words: Words, low: float, high: float) -> float:
        """Ask for a quantity, in our unit, between two bounds."""
        bounds = bounded(low / words.factor, high / words.factor)
        (number,) = self.query(words.query, Reply(words.reply, 1, bounds))
        return number * words.factor

    def _ask_twice(
        self, words: Words, low: float, high: float, *,
        within: float, speed_per_s: float, share: float = 0.0, excused: Callable[[], bool] = lambda: False,
    ) -> float:  # fmt: skip
        """Ask twice; the replies must agree but for what the quantity can have moved in between, or be excused."""
        with self.lock:
            began_s = self.clock.now()
            first, second = (self._ask_number(words, low, high) for _ in range(2))
            moved = speed_per_s * (self.clock.now() - began_s)
        if abs(first - second) > within + share * abs(second) + moved and not excused():
            raise self.garbled(words.query, f"{first:g}", f"was followed by {second:g}")
        return second

    def _ask_code(self, query: str, codes: tuple[tuple[str, Any], ...]) -> Any:
        """Ask for what counts through a table of (reply, what it means)."""
        reply = self.query(query, WORD)
        for code, meaning in codes:
            if reply == code:
                return meaning
        raise self.garbled(query, reply, "does not stand in the table of its description")

    def _check_said(self, what: str, wanted: float, said: float, within: float, unit: str) -> None:
        """Compare what was sent, or should be, with what the instrument says; raises Refused."""
        if not abs(said - wanted) <= within:
            raise Refused(
                f"{self.name}: {what} should be {wanted:g} {unit}, the instrument says {said:g} {unit}; look at its "
                "front panel and at its description in config.yaml, then set it again",
                instrument=self.name,
            )

    def _worded(
        self, quantity: str, words: Words, value: float, *, within: float, down: bool = False
    ) -> tuple[str, float]:
        """Return the command for a value that is within its limits, and the value as it stands in the command.

        Raises
        ------
        LimitExceeded
            As the command writes it, it is another value, or beyond the limit; nothing was sent.
        """
        command, number = Command(words.command), value / words.factor
        rounded = command.rounded_down(number) if down else command.rounded(number)
        written = rounded * words.factor
        low, high = self._limits[quantity]
        slack = 1e-6 * max(abs(low), abs(high))
        if low - slack <= written <= high + slack and abs(written - value) <= within and (written > 0 or not down):
            return command.carrying(rounded), written
        line = command.carrying(rounded)
        raise LimitExceeded(
            f"{self.name}: {quantity} = {value!r} would be sent as {line!r}, which is {written:g}; "
            "nothing was sent. Give the command more digits, or check its factor in config.yaml",
            instrument=self.name,
        )
