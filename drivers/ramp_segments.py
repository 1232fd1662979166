"""How fast a magnet may be ramped at which field."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from drivers.limited import Limited, check_settings, is_number

Segments = tuple[tuple[float, float], ...]
"""(up to [T], rate [T/min]), the fields rising: the rate holds from the field before up to this one, either sign."""


@dataclass(frozen=True)
class MagnetSettings(Limited.Settings):
    """Limits of a magnet; only its maker's sheet knows them.

    Attributes
    ----------
    field_max_T, ramp_rate_max_T_per_min : float
        Largest field, either sign [T], and fastest ramp [T/min].
    ramp_segments : tuple of (float, float)
        Slower rates by field: (up to [T], rate [T/min]); the last one ends at `field_max_T`. Empty: one rate for all.
    field_tolerance_T : float
        How close to its target a holding magnet must be [T].
    match_tolerance_T : float
        How far supply and magnet may be apart when a persistent switch is heated [T].
    """

    field_max_T: float
    ramp_rate_max_T_per_min: float
    ramp_segments: Segments = ()
    field_tolerance_T: float = 1e-4
    match_tolerance_T: float = 1e-3

    def __post_init__(self) -> None:
        check_settings(
            self, positive=("field_max_T", "ramp_rate_max_T_per_min", "field_tolerance_T", "match_tolerance_T")
        )
        object.__setattr__(self, "ramp_segments", tuple(tuple(segment) for segment in self.ramp_segments))
        self._check_segments()

    def _check_segments(self) -> None:
        segments = self.ramp_segments
        if not all(len(one) == 2 and all(is_number(value) and value > 0 for value in one) for one in segments):
            raise ValueError(f"ramp_segments = {segments!r} must be pairs of positive numbers: up to [T], rate [T/min]")
        if any(first >= second for (first, _), (second, _) in itertools.pairwise(segments)):
            raise ValueError(f"ramp_segments = {segments!r} must have fields that rise from pair to pair")
        if segments and not math.isclose(segments[-1][0], self.field_max_T):
            raise ValueError(
                f"the last of ramp_segments ends at {segments[-1][0]!r} T, not at field_max_T = {self.field_max_T!r}"
            )
        if too_fast := [rate for _, rate in segments if rate > self.ramp_rate_max_T_per_min]:
            raise ValueError(
                f"ramp_segments has {too_fast[0]!r} T/min, above ramp_rate_max_T_per_min = "
                f"{self.ramp_rate_max_T_per_min!r}"
            )


def segments_of(settings: MagnetSettings) -> Segments:
    """Return the segments of these settings, at least one."""
    return settings.ramp_segments or ((settings.field_max_T, settings.ramp_rate_max_T_per_min),)


def trimmed(segments: Segments, largest_T: float) -> Segments:
    """Return the segments up to a field [T], where the last one then ends."""
    inner = tuple(segment for segment in segments if segment[0] < largest_T)
    return (*inner, (largest_T, segments[min(len(inner), len(segments) - 1)][1]))


def slowed(segments: Segments, rate_T_per_min: float) -> Segments:
    """Return the segments at a rate [T/min], or slower where they say so."""
    return tuple((up_to_T, min(rate, rate_T_per_min)) for up_to_T, rate in segments)


def rate_on_the_way(segments: Segments, start_T: float, end_T: float) -> float:
    """Return the slowest rate on the way between two fields [T/min]."""
    return min(rate for _, rate in legs(segments, start_T, end_T))


def legs(segments: Segments, start_T: float, end_T: float) -> list[tuple[float, float]]:
    """Return the way from one field to another in pieces of one rate each.

    Beyond the last segment its rate holds on: a magnet that was found there must come back.

    Returns
    -------
    list of (float, float)
        Where each piece ends [T] and its rate [T/min]; one piece, of no length, if start and end are the same.
    """
    sign = math.copysign(1.0, end_T - start_T)
    here, end = sign * start_T, sign * end_T
    edges = sorted(edge for up_to_T, _ in segments for edge in (-up_to_T, up_to_T) if here < edge < end)
    pieces = []
    for edge in (*edges, end):
        rate = next((rate for up_to_T, rate in segments if abs(here + edge) / 2 < up_to_T), segments[-1][1])
        if pieces and pieces[-1][1] == rate:
            pieces.pop()
        pieces.append((sign * edge if edge != end else end_T, rate))
        here = edge
    return pieces


def floored(value: float, step: float) -> float:
    """Return the largest multiple of a step that is not above the value: a rounded rate is never faster."""
    return math.floor(value / step * (1 + 1e-9) + 1e-6) * step
