"""What the twins of Stanford Research lock-ins have in common: two status registers and the byte that sums them up."""

from __future__ import annotations

from drivers.simulated.event_status import EventStatusTwin
from drivers.simulated.lock_in import LockInTwin
from drivers.simulated.twin import on


class SRSTwin(EventStatusTwin, LockInTwin):
    """A lock-in with an event status and a status of its own, LIAS."""

    def power_on(self) -> None:
        """Take the settings of a fresh start."""
        super().power_on()
        self._status = 0

    @on("*CLS")
    def _clear(self) -> None:
        super()._clear()
        self._status = 0

    @on("*RST")
    def _reset(self) -> None:
        self.power_on()

    @on("*STB?")
    def _status_byte(self) -> str:
        return str((8 if self._status else 0) | (32 if self._events else 0))
