"""Troubles that a person can do something about: shown as one line, without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """Something a person can mend; the text says who, what, which limit, and what to do next."""


def foreseen(error: BaseException) -> bool:
    """Tell whether an error is of the kind that is told in one line."""
    from drivers.instrument import DriverError
    from procedures.measurement import MeasurementError

    return isinstance(error, (UserError, DriverError, MeasurementError))
