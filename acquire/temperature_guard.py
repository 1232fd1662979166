"""What a temperature that is too high means for the run: wait, go on, or bring the magnet to zero."""

from __future__ import annotations

import enum
from dataclasses import dataclass

HYSTERESIS = 0.01
"""Part of the limit by which the temperature must have fallen below it before the run goes on."""
COOL_FOR_S = 30.0
"""And for how long, by the wall."""


class Word(enum.Enum):
    """What is to be done."""

    HOLD = "hold"
    RESUME = "resume"
    ZERO = "zero"


@dataclass
class TemperatureGuard:
    """Looks at every temperature that is read; each word is said once.

    Attributes
    ----------
    pause_K, stop_K : float or None
        Above the first the magnet holds and the run waits; above the second the magnet goes to zero [K].
    holding : bool
        The run is to wait.
    """

    pause_K: float | None = None
    stop_K: float | None = None
    holding: bool = False
    _zeroed: bool = False
    _cool_since_s: float | None = None

    def judge(self, temperature_K: float, time_s: float) -> Word | None:
        """Return what this temperature [K] at this time [s] asks for, None for nothing new."""
        if self.stop_K is not None and temperature_K > self.stop_K:
            first, self._zeroed, self.holding, self._cool_since_s = not self._zeroed, True, False, None
            return Word.ZERO if first else None
        if self.pause_K is None:
            return None
        if temperature_K > self.pause_K:
            self._cool_since_s = None
            first, self.holding = not (self.holding or self._zeroed), not self._zeroed
            return Word.HOLD if first else None
        return self._cooled(temperature_K, time_s)

    def _cooled(self, temperature_K: float, time_s: float) -> Word | None:
        assert self.pause_K is not None
        if temperature_K > self.pause_K * (1 - HYSTERESIS):
            self._cool_since_s = None
        elif self._cool_since_s is None:
            self._cool_since_s = time_s
        if self._cool_since_s is None or time_s - self._cool_since_s < COOL_FOR_S:
            return None
        was_holding, self.holding, self._zeroed = self.holding, False, False
        return Word.RESUME if was_holding else None
