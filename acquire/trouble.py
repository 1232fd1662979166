"""Troubles that a person can do something about: shown as one line, without a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something a person can mend; the text says who, what, which limit, and what to do next."""


def foreseen(error: BaseException) -> bool:
    """Tell whether an error is of the kind that is told in one line."""
    from drivers.instrument import DriverError
    from procedures.measurement import MeasurementError

    return isinstance(error, (UserError, DriverError, MeasurementError, OSError))


def nearest(word: str, names: Iterable[str]) -> str:
    """Return `", did you mean x?"` for the known name that is nearest to a mistyped one, else nothing."""
    close = difflib.get_close_matches(word, list(names), n=1, cutoff=0.5)
    return f", did you mean {close[0]}?" if close else ""
