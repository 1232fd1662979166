"""The texts of a description: commands that carry a number, and replies that hold one."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass

from drivers.ramp_segments import floored
from drivers.reply import Number

LONGEST = 80
"""Characters of a text; no instrument needs more for one command."""
TEXT = re.compile(rf"[ -~]{{1,{LONGEST}}}")
CONVERSION = re.compile(r"%[+0]?[0-9]{0,2}(?:\.([0-9]{1,2}))?([defg])")
"""What C's printf writes a number with; groups: digits, kind."""
PLACE = re.compile(r"(%\*?g)")
"""Where a number stands in a reply; with a star it is there but not used."""
NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,3})?")
"""How any instrument may write one; that it came whole must be seen by asking twice, or by another that agrees."""
FIELD = r"([0-9.eE+-]{1,40})"
NUMBER_BEGINS, NUMBER_GOES_ON = "0123456789.+-", "0123456789.eE+-"


def bounded(low: float, high: float) -> Number:
    """Return the form of a number between two bounds, in the instrument's unit."""
    return Number(low, high, NUMBER)


ANY = bounded(-1e30, 1e30)


def check_text(text: str, what: str) -> None:
    """Check that a text can be sent as one line and is one command; raises ValueError."""
    if not (isinstance(text, str) and TEXT.fullmatch(text) and text.strip()):
        raise ValueError(f"{text!r} must be 1 to {LONGEST} printable ASCII characters")
    if ";" in text:
        raise ValueError(f"{text!r} has a semicolon; a {what} is one command")


def check_plain(text: str, what: str) -> None:
    """Check a text that carries no number; raises ValueError."""
    check_text(text, what)
    if "%" in text:
        raise ValueError(f"{text!r} has a %, but this {what} carries no number")


@dataclass(frozen=True)
class Command:
    """A command with one number in it, written by a conversion of C's printf: ``FIELD %.6f``.

    Raises
    ------
    ValueError
        There is no conversion or more than one, or the text cannot be sent.
    """

    text: str

    def __post_init__(self) -> None:
        check_text(self.text, "command")
        if self.text.count("%") != 1 or not CONVERSION.search(self.text):
            raise ValueError(f"{self.text!r} must hold exactly one number, written as %.6f, %.5e, %g or %d")

    def rounded(self, number: float) -> float:
        """Return the number as the command writes it."""
        conversion, kind, _ = self._conversion
        return float(conversion % (round(number) if kind == "d" else number)) + 0.0

    def rounded_down(self, number: float) -> float:
        """Return the largest number that the command can write and that is not above this positive one."""
        _, kind, digits = self._conversion
        step = 10.0**-digits
        if kind in "eg":
            step *= 10.0 ** (math.floor(math.log10(number)) + (kind == "g"))
        return self.rounded(floored(number, step))

    def carrying(self, number: float) -> str:
        """Return the line to be sent with a number in it."""
        _, kind, _ = self._conversion
        return self.text % (round(number) if kind == "d" else number)

    @property
    def _conversion(self) -> tuple[str, str, int]:
        """Get the conversion, its kind and its digits behind the point (for %g: all that count)."""
        found = CONVERSION.search(self.text)
        if found is None:
            raise ValueError(f"{self.text!r} holds no number")  # refused at construction
        digits = 0 if found[2] == "d" else int(found[1] or 6)
        return found[0], found[2], max(digits, 1) if found[2] == "g" else digits


@dataclass(frozen=True)
class Reply:
    """A reply with numbers in it: ``%g`` stands for one that is used, ``%*g`` for one that is not.

    What stands around them must be there to the letter: ``R%g``, ``%g K``, ``%g,%*g``.

    Attributes
    ----------
    text : str
    count : int
        How many numbers are used.
    number : Number
        Form and bounds of those, in the instrument's unit.

    Raises
    ------
    ValueError
        Another count, or something beside a number that could belong to it.
    """

    text: str
    count: int = 1
    number: Number = ANY

    def __post_init__(self) -> None:
        check_text(self.text, "reply")
        pieces = PLACE.split(self.text)
        if pieces.count("%g") != self.count or any("%" in literal for literal in pieces[::2]):
            raise ValueError(
                f"{self.text!r} must have {self.count} times %g where a number stands, and no other % but %*g"
            )
        for before, after in zip(pieces[:-2:2], pieces[2::2], strict=True):
            if before[-1:] and before[-1] in NUMBER_BEGINS or after[:1] and after[0] in NUMBER_GOES_ON:
                raise ValueError(f"{self.text!r} has something beside a number that could belong to it")
        if "" in pieces[2:-1:2]:
            raise ValueError(f"{self.text!r} has two numbers with nothing between them")

    @functools.cached_property
    def _pieces(self) -> list[str]:
        return PLACE.split(self.text)

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("".join(FIELD if PLACE.fullmatch(piece) else re.escape(piece) for piece in self._pieces))

    def parse(self, text: str) -> tuple[float, ...]:
        """Return the numbers that are used; raises ValueError that says what is wrong."""
        found = self._pattern.fullmatch(text)
        if not found:
            raise ValueError(f"is not of the form {self.text!r}")
        used = zip(self._pieces[1::2], found.groups(), strict=True)
        return tuple(number for place, field in used for number in self._read(place, field))

    def _read(self, place: str, field: str) -> tuple[float, ...]:
        if place == "%g":
            return (self.number.parse(field),)
        ANY.parse(field)
        return ()


@dataclass(frozen=True)
class Words:
    """How one quantity is asked for and set, and what the instrument's unit of it is in ours.

    Attributes
    ----------
    query, reply, command : str
        Empty where there is none.
    factor : float
        Our value over the instrument's number.
    """

    query: str = ""
    reply: str = "%g"
    command: str = ""
    factor: float = 1.0
