"""The exact form that a reply must have: what is not of this form did not come from the instrument whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][+-]?(?!0+$)[0-9]{2,3})?")
"""A decimal number; an exponent has two or three digits and is not zero, so that a cut one is seen."""


@dataclass(frozen=True)
class Number:
    """A field of a reply that is a number between two bounds."""

    low: float = -1e30
    high: float = 1e30
    pattern: re.Pattern[str] = NUMBER

    def parse(self, text: str) -> float:
        """Return the number; raises ValueError that says what is wrong."""
        if not self.pattern.fullmatch(text):
            raise ValueError("is not a number in this instrument's form")
        value = float(text)
        if not self.low <= value <= self.high:
            raise ValueError(f"is outside {self.low:g} to {self.high:g}")
        return value


@dataclass(frozen=True)
class Whole:
    """A field of a reply that is a whole number between two bounds."""

    low: int
    high: int

    PATTERN: ClassVar[re.Pattern[str]] = re.compile(r"[+-]?[0-9]{1,9}")

    def parse(self, text: str) -> int:
        """Return the number; raises ValueError that says what is wrong."""
        if not self.PATTERN.fullmatch(text):
            raise ValueError("is not a whole number")
        value = int(text)
        if not self.low <= value <= self.high:
            raise ValueError(f"is outside {self.low} to {self.high}")
        return value


@dataclass(frozen=True)
class Word:
    """A reply that is text of a given form."""

    pattern: re.Pattern[str]

    def parse(self, text: str) -> str:
        """Return the text; raises ValueError that says what is wrong."""
        if not self.pattern.fullmatch(text):
            raise ValueError("is not in this instrument's form")
        return text


@dataclass(frozen=True, init=False)
class Fields:
    """A reply of several fields with commas between them."""

    fields: tuple[Number | Whole | Word, ...]

    def __init__(self, *fields: Number | Whole | Word) -> None:
        object.__setattr__(self, "fields", fields)

    def parse(self, text: str) -> tuple[Any, ...]:
        """Return one value a field; raises ValueError that says what is wrong."""
        parts = text.split(",")
        if len(parts) != len(self.fields):
            raise ValueError(f"has {len(parts)} fields, not {len(self.fields)}")
        return tuple(field.parse(part) for field, part in zip(self.fields, parts, strict=True))


class Form(Protocol):
    """What a reply must look like: any of these, or another that parses."""

    def parse(self, text: str) -> Any:
        """Return what is in the reply; raises ValueError that says what is wrong."""
