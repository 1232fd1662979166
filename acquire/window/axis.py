"""Axes with few, round numbers: linear ones with one level of ticks, logarithmic ones at 1, 2, 5."""

from __future__ import annotations

import math
from typing import Any, cast

import pyqtgraph as pg

from acquire.wording import MINUS

ROOM_ACROSS, ROOM_UP, ROOM_UP_SMALL = 6.0, 2.6, 1.4
"""Distance of two numbers, in heights of their text; the last on an axis lower than `SMALL_PX`."""
SMALL_PX = 80


class LinearAxis(pg.AxisItem):
    """One level of ticks, each with its number and never too near to the next."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        """Return one spacing, a round number, that leaves room for the text."""
        span = abs(maxVal - minVal)
        if span <= 0 or size <= 0 or not math.isfinite(span):
            return []
        font = cast(Any, self).style["tickFont"]
        text = 11 if font is None else font.pixelSize()
        up = ROOM_UP_SMALL if size < SMALL_PX else ROOM_UP
        room = text * (up if self.orientation in ("left", "right") else ROOM_ACROSS)
        smallest = span * min(room / size, 0.5)
        decade = 10.0 ** math.floor(math.log10(smallest))
        return [(next(step * decade for step in (1, 2, 5, 10) if step * decade >= smallest), 0)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the numbers with a true minus sign."""
        return [text.replace("-", MINUS) for text in super().tickStrings(values, scale, spacing)]


class LogAxis(pg.AxisItem):
    """For data given as decimal logarithms: numbers at 1, 2 and 5 of every decade, ticks between."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """Return the places of the ticks, those with numbers first."""
        low, high = min(minVal, maxVal), max(minVal, maxVal)
        if not math.isfinite(high - low) or high - low > 100:
            return []
        decades = range(math.floor(low), math.ceil(high) + 1)
        named = (1, 2, 5) if high - low < 2.5 else (1,)
        levels = (named, [digit for digit in range(1, 10) if digit not in named])
        return [
            (1.0, [d + math.log10(digit) for d in decades for digit in digits if low <= d + math.log10(digit) <= high])
            for digits in levels
        ]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the numbers; ticks that are no 1, 2 or 5 have none."""
        return [self._text(value) for value in values]

    @staticmethod
    def _text(value: float) -> Any:
        number = 10.0**value
        digit = round(number / 10.0 ** math.floor(value + 1e-9))
        return f"{number:.6g}" if digit in (1, 2, 5) else ""
