"""Twins that say who they are and keep the standard event status register of IEEE 488.2."""

from __future__ import annotations

from typing import ClassVar

from drivers.simulated.twin import OUT_OF_RANGE, NotUnderstood, Twin, on

POWER_ON, COMMAND_ERROR, EXECUTION_ERROR = 128, 32, 16


class EventStatusTwin(Twin):
    """A twin that tells by a bit that its power was off, and by two others what it could not do."""

    IDENTITY: ClassVar[str] = ""
    NOT_DONE: ClassVar[tuple[NotUnderstood, ...]] = (OUT_OF_RANGE,)
    """What is understood and cannot be done, an execution error; everything else is a command error."""

    _events = 0

    def power_on(self) -> None:
        """Take the settings of a fresh start, and remember that there was one."""
        super().power_on()
        self._events = POWER_ON

    def refuse(self, trouble: NotUnderstood) -> None:
        """Set the bit of the event status: execution error, or command error."""
        self._events |= EXECUTION_ERROR if trouble in self.NOT_DONE else COMMAND_ERROR

    @on("*IDN?")
    def _identity(self) -> str:
        return self.IDENTITY

    @on("*CLS")
    def _clear(self) -> None:
        self._events = 0

    @on("*ESR?")
    def _event_status(self) -> str:
        events, self._events = self._events, 0
        return str(events)
