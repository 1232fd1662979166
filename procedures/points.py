"""Lists of set points, as a person types them and as a sweep goes through them."""

from __future__ import annotations

import math
from collections.abc import Sequence

MOST_POINTS = 100_000


def parse_points(text: str, what: str, unit: str) -> tuple[float, ...]:
    """Read a list such as ``1.5, 2, 3``, ``1.5:20:8`` (8 points) or ``1.5:20:8 log``; pieces join with commas.

    Parameters
    ----------
    text : str
    what, unit : str
        Name and unit of the quantity, for the error message.

    Raises
    ------
    ValueError
        A piece is no number and no range, or is not finite, or the list is empty.
    """
    points: list[float] = []
    for piece in filter(None, (part.strip() for part in text.replace(";", ",").split(","))):
        points += _parse_range(piece, what) if ":" in piece else [_number(piece, what)]
    if not points:
        raise ValueError(f"{what}: the list is empty; write for example 1.5, 2, 3 or 1.5:20:8 log, in {unit}")
    if len(points) > MOST_POINTS:
        raise ValueError(f"{what}: {len(points)} points are more than {MOST_POINTS}; make the list shorter")
    return tuple(points)


def _number(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{what}: {text!r} is not a number; write for example 1.5, 2, 3 or 1.5:20:8 log") from None
    if not math.isfinite(value):
        raise ValueError(f"{what}: {text!r} is not finite; give a number")
    return value


def _parse_range(piece: str, what: str) -> list[float]:
    words = piece.split()
    logarithmic = words[-1].lower() == "log" and len(words) == 2
    parts = words[0].split(":") if len(words) == 1 or logarithmic else []
    if len(parts) != 3:
        raise ValueError(f"{what}: {piece!r} is not a range; write first:last:number or first:last:number log")
    first, last = _number(parts[0], what), _number(parts[1], what)
    if not parts[2].strip().isdecimal() or not 1 <= int(parts[2]) <= MOST_POINTS:
        raise ValueError(f"{what}: {parts[2]!r} in {piece!r} is not a number of points from 1 to {MOST_POINTS}")
    if logarithmic and (first <= 0 or last <= 0):
        raise ValueError(
            f"{what}: {piece!r} is logarithmic and reaches {min(first, last):g}; both ends must be above 0"
        )
    count = int(parts[2])
    if logarithmic:
        return [math.exp(x) for x in _steps(math.log(first), math.log(last), count)]
    return _steps(first, last, count)


def _steps(first: float, last: float, count: int) -> list[float]:
    if count == 1:
        return [first]
    return [first + (last - first) * i / (count - 1) for i in range(count - 1)] + [last]


def from_steps(start: float, stop: float, step: float) -> tuple[float, ...]:
    """Return set points from `start` to `stop`, both included, not more than |`step`| apart.

    Raises
    ------
    ValueError
        The step is zero, or gives more than 100 000 points.
    """
    if step == 0:
        raise ValueError("step: a step of 0 never arrives; give a step above 0")
    intervals = max(1, math.ceil(abs(stop - start) / abs(step) - 1e-9))
    if intervals >= MOST_POINTS:
        raise ValueError(f"step: {step:g} gives {intervals + 1} points, more than {MOST_POINTS}; take a larger step")
    return tuple(_steps(start, stop, intervals + 1)) if start != stop else (start,)


def branches(points: Sequence[float], shape: str) -> list[tuple[float, ...]]:
    """Arrange the set points of a sweep into legs on which the field moves one way.

    Parameters
    ----------
    points : sequence of float
        The leg as typed, from its first to its last point.
    shape : str
        ``"single"``: that leg. ``"up and down"``: there and back. ``"five quadrants"``: from zero to the
        last point, to the first, and to the last again: virgin curve, down and up, so that both
        directions are seen with the same history.

    Raises
    ------
    ValueError
        The shape is unknown.
    """
    forward = tuple(points)
    back = forward[::-1]
    if shape == "single":
        return [forward]
    if shape == "up and down":
        return [forward, back]
    if shape == "five quadrants":
        toward_last = [p for p in forward if p * forward[-1] >= 0 and p != 0]
        virgin = tuple([0.0, *sorted(toward_last, key=abs)]) if toward_last else (0.0,)
        return [virgin, back, forward]
    raise ValueError(f"shape: {shape!r} is not known; take one of {', '.join(SHAPES)}")


SHAPES = ("up and down", "single", "five quadrants")
