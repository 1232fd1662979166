"""What the lock-ins of Stanford Research Systems have in common: one reading, its check, and its status."""

from __future__ import annotations

import math
from typing import ClassVar

from drivers.instrument import Fields, Instrument, Number, Whole
from drivers.roles import LockIn, LockInReading

X_Y_R = Fields(Number(-2, 2), Number(-2, 2), Number(0, 3))
AGREEMENT = 1e-3
"""How far R may be from hypot(X, Y), over R."""
ZERO_V = 1e-12


def agree(x_V: float, y_V: float, r_V: float) -> bool:
    """Return whether R is the length of X and Y [V]."""
    return abs(math.hypot(x_V, y_V) - r_V) <= AGREEMENT * r_V + ZERO_V


class SRSLockIn(LockIn, Instrument):
    """A lock-in that answers X, Y and R at one instant, and remembers overloads until they are read.

    A driver names the query for X, Y and R, the form of the status word and what its bits mean.
    """

    POWER_QUERY = "*ESR?"
    SNAP: ClassVar[str]
    STATUS: ClassVar[Whole]
    OVERLOAD: ClassVar[int]
    UNLOCK: ClassVar[int]

    def check_oscillator(self, volts: float) -> float:
        """Return the voltage [V] if the oscillator may be set to it; raises LimitExceeded."""
        return self.check_limit("oscillator_V", volts)

    def read(self) -> LockInReading:  # type: ignore[override]  # what PyMeasure calls read is not for the user
        """Measure X and Y [V] with the status since the last reading, in one transaction.

        R is read with them and must agree with hypot(X, Y): a reply that was cut or changed on its
        way is refused, before the status is asked for, which clears it.

        Raises
        ------
        Timeout, Garbled, Lost
        """
        with self.lock:
            x_V, y_V, r_V = self.query(self.SNAP, X_Y_R)
            if not agree(x_V, y_V, r_V):
                raise self.garbled(self.SNAP, f"{x_V:g},{y_V:g},{r_V:g}", "has an R that is not the length of X and Y")
            status, lost = self._take_status(lambda: self.query("LIAS?", self.STATUS))
        return LockInReading(x_V, y_V, bool(status & self.OVERLOAD), bool(status & self.UNLOCK), lost)
