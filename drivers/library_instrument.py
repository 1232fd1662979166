"""An instrument that is reached through its maker's own library, not through VISA."""

from __future__ import annotations

from typing import Any

from drivers.clock import Clock
from drivers.limited import Limited


class LibraryInstrument(Limited):
    """Opened like any `Instrument`; without lines there are no terminations, those that are given mean nothing.

    Parameters
    ----------
    address, name, settings, clock, timeout_s
        As of `Instrument`.
    visa_library : object
        What the maker's library is replaced by, where a driver knows how to use it.

    Raises
    ------
    Lost
        Nothing can be opened at the address, or something else answers there.
    """

    def __init__(
        self,
        address: str,
        *,
        name: str,
        settings: Any,
        clock: Clock,
        visa_library: Any = "",
        timeout_s: float = 2.0,
        read_termination: str | None = None,
        write_termination: str | None = None,
    ) -> None:
        self.address, self.name, self.settings, self.clock, self.timeout_s = address, name, settings, clock, timeout_s
        self._limits = self._own_limits()
        self._connect(visa_library)
        try:
            self.identity = self._identify()
        except BaseException:
            self.close()
            raise

    def _connect(self, library: Any) -> None:
        """Open the connection and make the lock; what is raised here leaves nothing open."""
        raise NotImplementedError(f"{type(self).__name__} must say how it is connected")

    def _identify(self) -> str:
        """Return who answers; raises Lost if it is another instrument."""
        raise NotImplementedError(f"{type(self).__name__} must say who it is")
