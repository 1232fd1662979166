"""The manners of Oxford Instruments' one-letter language, for the twins that speak it."""

from __future__ import annotations

import re
from typing import ClassVar

from drivers.clock import Clock
from drivers.simulated.twin import NotUnderstood, Twin, number

REFUSED = NotUnderstood(0, "?")
LOCAL_UNLOCKED, REMOTE_UNLOCKED = 2, 3

_LINE = re.compile(r"\s*(\$?)(?:@([0-9]))?(\$?)([A-Za-z])\s*(.*?)\s*")


class IsobusTwin(Twin):
    """A simulated instrument that echoes the letter of every command.

    It hands back a refused command with a question mark, and stays silent after a dollar sign. A command that begins
    with ``@n`` is for the instrument with the address n.

    Attributes
    ----------
    isobus_address : int
        0 to 9.
    control : int
        0 local and locked, 1 remote and locked, 2 local and unlocked, 3 remote and unlocked.
    """

    READ_TERMINATION = "\r"
    WRITE_TERMINATION = "\r"
    IDENTITY: ClassVar[str]
    LETTERS: ClassVar[dict[str, str]]
    """Each letter, capital or small, with the method that takes what follows and returns the reply after the echo."""
    ASKING: ClassVar[str] = "VXR"
    IN_LOCAL: ClassVar[str] = "VXRCQWU"
    """What is obeyed while the front panel is in control."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.isobus_address = 1
        self.control = LOCAL_UNLOCKED
        super().__init__(clock, seed)

    def power_on(self) -> None:
        """Come up with the front panel in control."""
        super().power_on()
        self.control = LOCAL_UNLOCKED

    @classmethod
    def asks(cls, line: str) -> bool:
        """Return whether a line only asks."""
        found = _LINE.fullmatch(line)
        return found is not None and found.group(4) in cls.ASKING

    def _answer(self, command: str) -> str | None:
        if not command.strip():
            return None
        found = _LINE.fullmatch(command)
        silent, address, silent_too, letter, rest = found.groups() if found else ("", None, "", "", "")
        if address is not None and int(address) != self.isobus_address:
            return None
        try:
            reply = self._obey(letter, rest)
        except NotUnderstood:
            reply = "?" + command.strip().lstrip("$").removeprefix(f"@{address}")
        return None if silent or silent_too or letter == "Q" else reply

    def _obey(self, letter: str, rest: str) -> str:
        if letter not in self.LETTERS or (letter not in self.IN_LOCAL and self.control in (0, LOCAL_UNLOCKED)):
            raise REFUSED
        reply = getattr(self, self.LETTERS[letter])(rest)
        return reply if letter == "V" else letter + (reply or "")

    # what they have in common

    def _version(self, rest: str) -> str:
        if rest:
            raise REFUSED
        return self.IDENTITY

    def _set_control(self, rest: str) -> None:
        self.control = whole(rest, 0, 3)

    def _accept(self, rest: str) -> None:
        """Take without an effect that this twin shows."""
        number(rest or "0")


def whole(text: str, low: int, high: int) -> int:
    """Return the whole number that follows a letter; raises NotUnderstood."""
    value = number(text, low, high)
    if value != int(value):
        raise REFUSED
    return int(value)
