"""A connection to a twin such as a maker's own library gives it: one line at a time, no late replies."""

from __future__ import annotations

from drivers.clock import Clock
from drivers.simulated.twin import Twin, Wire


class MakerSession:
    """Says lines to a twin; `_say` raises ConnectionError where the twin has hung up."""

    def __init__(self, twin: Twin, clock: Clock) -> None:
        self._wire = Wire(twin, clock, greet=False)

    def close(self) -> None:
        """Hang up."""
        self._wire.closed = True

    def _say(self, line: str) -> None:
        self._wire.messages.clear()
        self._wire.late.clear()  # a reply that is late is not waited for any more
        self._wire.receive(line.encode() + b"\n")
        if self._wire.closed:
            raise ConnectionError("the connection was closed")

    def _heard(self) -> str:
        """Return what came, empty if nothing did."""
        return self._wire.messages.popleft().decode("ascii", errors="replace") if self._wire.messages else ""


def number_or_text(text: str) -> float | str:
    """Return a number if the text is one."""
    try:
        return float(text)
    except ValueError:
        return text
