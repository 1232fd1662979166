"""What can go wrong with an instrument: one small family of errors."""

from __future__ import annotations


class DriverError(Exception):
    """Something is wrong with an instrument; the text says who, what value, what limit, what to do."""

    def __init__(self, message: str, *, instrument: str = "") -> None:
        super().__init__(message)
        self.instrument = instrument


class Timeout(DriverError):  # noqa: N818
    """No answer in time, or a ramp or temperature did not arrive in time."""


class Garbled(DriverError):  # noqa: N818
    """A reply is not what the instrument could have said."""


class LimitExceeded(DriverError, ValueError):  # noqa: N818
    """A value was refused; nothing was sent."""


class Quench(DriverError):  # noqa: N818
    """The magnet quenched; nothing ramps until a person re-arms it."""


class Lost(DriverError):  # noqa: N818
    """The connection cannot be opened or is gone."""


class Refused(DriverError):  # noqa: N818
    """The instrument, in the state that it is in, may not do or did not accept what was asked."""


class Restarted(DriverError):  # noqa: N818
    """The instrument is not set as it was: it was switched off and on, or somebody turned a knob."""


class Tripped(DriverError):  # noqa: N818
    """A magnet supply has tripped, is at fault or has lost its power; nothing ramps until a person re-arms it."""


class Compliance(DriverError):  # noqa: N818
    """A source is at its compliance, or leaks more than it may; its output stays where it is."""
