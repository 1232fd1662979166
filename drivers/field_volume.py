"""The volumes in which the field vector of a magnet of several axes may be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.limited import is_number

Vector = tuple[float, ...]
"""Field along each axis [T]."""


class Volume(Protocol):
    """A volume of allowed fields; convex, so that a straight way whose ends are in it is in it."""

    def holds(self, field_T: Vector) -> bool:
        """Return whether a field [T] is in the volume."""
        ...

    def span(self, start_T: Vector, end_T: Vector) -> tuple[float, float] | None:
        """Return from where to where, 0 to 1, a straight way is in the volume; None if nowhere."""
        ...


SLACK_T = 1e-9
"""Rounding of a field that lies on the border [T]."""


def _check_positive(volume: str, **lengths_T: float) -> None:
    for name, length_T in lengths_T.items():
        if not (is_number(length_T) and length_T > 0):
            raise ValueError(f"{volume}: {name} = {length_T!r} must be a positive number")


@dataclass(frozen=True)
class Box:
    """All fields whose components are at most so large.

    Attributes
    ----------
    halves_T : tuple of float
        Largest component along each axis, either sign [T].
    """

    halves_T: Vector

    def __post_init__(self) -> None:
        for half_T in self.halves_T:
            _check_positive("box", halves_T=half_T)

    def holds(self, field_T: Vector) -> bool:
        """Return whether a field [T] is in the volume."""
        return all(abs(part) <= half + SLACK_T for part, half in zip(field_T, self.halves_T, strict=True))

    def span(self, start_T: Vector, end_T: Vector) -> tuple[float, float] | None:
        """Return from where to where, 0 to 1, a straight way is in the volume; None if nowhere."""
        low, high = 0.0, 1.0
        for begin, end, half in zip(start_T, end_T, self.halves_T, strict=True):
            if begin == end:
                if abs(begin) > half + SLACK_T:
                    return None
                continue
            crossings = sorted(((-half - SLACK_T - begin) / (end - begin), (half + SLACK_T - begin) / (end - begin)))
            low, high = max(low, crossings[0]), min(high, crossings[1])
        return (low, high) if low <= high else None


@dataclass(frozen=True)
class Sphere:
    """All fields whose amount is at most the radius [T]."""

    radius_T: float

    def __post_init__(self) -> None:
        _check_positive("sphere", radius_T=self.radius_T)

    def holds(self, field_T: Vector) -> bool:
        """Return whether a field [T] is in the volume."""
        return math.hypot(*field_T) <= self.radius_T + SLACK_T

    def span(self, start_T: Vector, end_T: Vector) -> tuple[float, float] | None:
        """Return from where to where, 0 to 1, a straight way is in the volume; None if nowhere."""
        return _round_span(start_T, end_T, self.radius_T)


@dataclass(frozen=True)
class Cylinder:
    """All fields that are at most the radius across an axis and at most the half length along it.

    Attributes
    ----------
    radius_T, half_length_T : float
        Across and along the axis [T].
    axis : int
        Number of the axis along which it lies; the last one if omitted.
    """

    radius_T: float
    half_length_T: float
    axis: int = -1

    def __post_init__(self) -> None:
        _check_positive("cylinder", radius_T=self.radius_T, half_length_T=self.half_length_T)

    def _across(self, field_T: Vector) -> Vector:
        axis = self.axis % len(field_T)
        return field_T[:axis] + field_T[axis + 1 :]

    def holds(self, field_T: Vector) -> bool:
        """Return whether a field [T] is in the volume."""
        along = abs(field_T[self.axis]) <= self.half_length_T + SLACK_T
        return along and math.hypot(*self._across(field_T)) <= self.radius_T + SLACK_T

    def span(self, start_T: Vector, end_T: Vector) -> tuple[float, float] | None:
        """Return from where to where, 0 to 1, a straight way is in the volume; None if nowhere."""
        along = Box((self.half_length_T,)).span((start_T[self.axis],), (end_T[self.axis],))
        across = _round_span(self._across(start_T), self._across(end_T), self.radius_T)
        if along is None or across is None:
            return None
        low, high = max(along[0], across[0]), min(along[1], across[1])
        return (low, high) if low <= high else None


def _round_span(start_T: Vector, end_T: Vector, radius_T: float) -> tuple[float, float] | None:
    """Solve |start + t (end - start)| = radius for t and return what lies from 0 to 1."""
    radius_T += SLACK_T
    way = [end - begin for begin, end in zip(start_T, end_T, strict=True)]
    a = sum(step * step for step in way)
    b = sum(begin * step for begin, step in zip(start_T, way, strict=True))
    c = sum(begin * begin for begin in start_T) - radius_T**2
    if a == 0:
        return (0.0, 1.0) if c <= 0 else None
    inside = b * b - a * c
    if inside < 0:
        return None
    low, high = max(0.0, (-b - math.sqrt(inside)) / a), min(1.0, (-b + math.sqrt(inside)) / a)
    return (low, high) if low <= high else None


def covered(volumes: Sequence[Volume], start_T: Vector, end_T: Vector) -> bool:
    """Return whether every field on a straight way is in one of the volumes or another."""
    spans = sorted(span for volume in volumes if (span := volume.span(start_T, end_T)) is not None)
    reached = 0.0
    for low, high in spans:
        if low > reached + 1e-12:
            return False
        reached = max(reached, high)
    return bool(spans) and reached >= 1.0 - 1e-12
