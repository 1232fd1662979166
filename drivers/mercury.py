"""The language of Oxford Instruments' Mercury iTC and iPS: READ and SET of nodes in a tree, always answered.

A reply repeats the question, so that it cannot belong to another one, and ends with its unit after
an optional prefix. A bare number has nothing to close it, and a digit can be lost on the way: so
every number is asked for twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from drivers.instrument import Instrument, Number, Refused
from drivers.reply import Form, Word

PREFIX = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
DIGITS = r"[+-]?[0-9]{1,7}(?:\.[0-9]{1,9})?"
SWITCH = Word(re.compile(r"ON|OFF"))
UNWILLING = {
    "INVALID": "does not know or not accept it",
    "NOT_FOUND": "has no such board; correct config.yaml",
    "N/A": "says that this board has no such thing",
    "DENIED": "is locked; unlock it at its front panel",
}


@dataclass(frozen=True)
class InUnit(Number):
    """A number between two bounds with its unit behind it, either alone or after a prefix from n to M."""

    unit: str = ""

    def parse(self, text: str) -> float:
        """Return the number in the unit without prefix; raises ValueError that says what is wrong."""
        prefix = f"([{''.join(PREFIX)}]?)" if self.unit else "()"
        found = re.fullmatch(f"({DIGITS}):?{prefix}{re.escape(self.unit)}", text)
        if not found:
            raise ValueError(f"is not a number of {self.unit or 'no unit'}")
        value = float(found.group(1)) * PREFIX[found.group(2)]
        if not self.low <= value <= self.high:
            raise ValueError(f"is outside {self.low:g} to {self.high:g}")
        return value


def in_unit(unit: str, low: float, high: float) -> InUnit:
    """Return the form of a number in a unit between two bounds."""
    return InUnit(low, high, unit=unit)


class Mercury(Instrument):
    """An instrument that is a tree of nodes. A node is named from the driver's own board, or from DEV downwards."""

    _unread: tuple[str, ...] = ()
    """Commands whose replies nobody waits for."""

    @property
    def _board(self) -> str:
        raise NotImplementedError(f"{type(self).__name__} must say on which board its nodes are")

    def _path(self, node: str) -> str:
        return node if node.startswith("DEV:") else f"{self._board}:{node}"

    def query(self, command: str, form: Form) -> Any:
        """Ask for a node and return its value, parsed by its form; a number must come the same way twice.

        Raises
        ------
        Refused
            The instrument does not have it, or does not let us.
        Timeout, Garbled, Lost
        """
        with self.lock:
            text = self._value(command)
            if isinstance(form, Number) and self._value(command) != text:
                raise self.garbled(command, text, "came differently when it was asked for again")
        return self._parsed(command, text, form)

    def moving(
        self, node: str, form: Number, *, allowed: float, per_s: float = 0.0,
        excuse: Callable[[], bool] = lambda: False,
    ) -> float:  # fmt: skip
        """Return a number that may move a little between two replies: the later one.

        Parameters
        ----------
        node : str
        form : Number
        allowed, per_s : float
            How far it may move between the two, and how much more in every second, in the unit without prefix.
        excuse : callable
            Asked when it moved more: whether there is a reason for that.
        """
        with self.lock:
            began_s = self.clock.now()
            texts = [self._value(node) for _ in range(2)]
            allowed += per_s * (self.clock.now() - began_s)
        before, now = (self._parsed(node, text, form) for text in texts)
        if abs(now - before) > allowed and not excuse():
            raise self.garbled(node, " ".join(texts), f"says two things that differ by more than {allowed:g}")
        return now

    def send(self, command: str) -> None:
        """Set a node to a value, written behind it after a colon, and see that it is said to be valid; else Refused."""
        path = self._path(command)
        node, _, _ = path.rpartition(":")
        reply = self._willing(f"SET:{path}", self.ask(f"SET:{path}"))
        if not (reply.startswith(f"STAT:SET:{node}:") and reply.endswith(":VALID")):
            raise self.garbled(f"SET:{path}", reply, "is not what answers it")

    def send_unread(self, command: str) -> None:
        """Set a node and let whoever reads next pass over the reply, which repeats the command."""
        path = self._path(command)
        self._unread = (*self._unread, f"STAT:SET:{path}")
        self._write(f"SET:{path}")

    def _read(self, command: str) -> str:
        while True:
            reply = super()._read(command)
            late = [said for said in self._unread if reply.startswith(said)]
            if not late or late[0] == f"STAT:{command}":
                return reply
            self._unread = tuple(said for said in self._unread if said != late[0])

    def _value(self, node: str) -> str:
        path = self._path(node)
        reply = self.ask(f"READ:{path}")
        if not reply.startswith(f"STAT:{path}:"):
            self._willing(f"READ:{path}", reply)
            raise self.garbled(f"READ:{path}", reply, "does not repeat the question")
        return self._willing(f"READ:{path}", reply).removeprefix(f"STAT:{path}:")

    def _willing(self, command: str, reply: str) -> str:
        """Return the reply unless it says that the instrument will not."""
        last = reply.rpartition(":")[2]
        if reply.startswith("STAT:") and last in UNWILLING:
            raise Refused(f"{self.name}: {command!r}: the instrument {UNWILLING[last]}", instrument=self.name)
        return reply

    def _parsed(self, command: str, text: str, form: Form) -> Any:
        try:
            return form.parse(text)
        except ValueError as error:
            raise self.garbled(command, text, str(error)) from None
