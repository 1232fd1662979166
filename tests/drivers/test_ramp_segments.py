import math
import random

import pytest

from drivers.ramp_segments import MagnetSettings, floored, legs, rate_on_the_way, segments_of, slowed, trimmed

SEGMENTS = ((1.0, 0.9), (3.0, 0.5), (5.0, 0.2))


def test_without_segments_one_rate_holds_for_all():
    settings = MagnetSettings(field_max_T=5.0, ramp_rate_max_T_per_min=0.5)
    assert segments_of(settings) == ((5.0, 0.5),)


def test_segments_from_yaml_are_lists():
    settings = MagnetSettings(5.0, 0.9, ramp_segments=[[4, 0.5], [5.0, 0.2]])  # type: ignore[arg-type]
    assert settings.ramp_segments == ((4, 0.5), (5.0, 0.2))
    assert hash(settings)


@pytest.mark.parametrize(
    ("start_T", "end_T", "way"),
    [
        (0.0, 0.5, [(0.5, 0.9)]),
        (0.0, 4.0, [(1.0, 0.9), (3.0, 0.5), (4.0, 0.2)]),
        (4.0, 0.0, [(3.0, 0.2), (1.0, 0.5), (0.0, 0.9)]),
        (-2.0, 2.0, [(-1.0, 0.5), (1.0, 0.9), (2.0, 0.5)]),
        (2.0, -2.0, [(1.0, 0.5), (-1.0, 0.9), (-2.0, 0.5)]),
        (1.0, 3.0, [(3.0, 0.5)]),
        (6.0, 4.0, [(4.0, 0.2)]),
        (0.3, 0.3, [(0.3, 0.9)]),
    ],
)
def test_a_way_is_cut_where_the_rate_changes(start_T, end_T, way):
    assert legs(SEGMENTS, start_T, end_T) == way


def test_equal_neighbours_are_one_piece():
    assert legs(((1.0, 0.5), (2.0, 0.5), (3.0, 0.5)), -3.0, 3.0) == [(3.0, 0.5)]


def test_no_piece_of_a_random_way_is_faster_than_any_field_in_it_allows():
    random_ = random.Random(1)
    for _ in range(500):
        start_T, end_T = random_.uniform(-5, 5), random_.uniform(-5, 5)
        here_T = start_T
        for there_T, rate in legs(SEGMENTS, start_T, end_T):
            for part in (0.001, 0.5, 0.999):
                field_T = here_T + part * (there_T - here_T)
                assert rate <= next(allowed for up_to, allowed in SEGMENTS if abs(field_T) <= up_to + 1e-12)
            here_T = there_T
        assert here_T == end_T
        assert rate_on_the_way(SEGMENTS, start_T, end_T) == next(
            allowed for up_to, allowed in SEGMENTS if max(abs(start_T), abs(end_T)) <= up_to
        )


def test_slower_and_shorter():
    assert slowed(SEGMENTS, 0.4) == ((1.0, 0.4), (3.0, 0.4), (5.0, 0.2))
    assert trimmed(SEGMENTS, 2.0) == ((1.0, 0.9), (2.0, 0.5))
    assert trimmed(SEGMENTS, 3.0) == ((1.0, 0.9), (3.0, 0.5))
    assert trimmed(SEGMENTS, 5.0) == SEGMENTS


def test_a_rounded_rate_is_never_faster():
    random_ = random.Random(2)
    for _ in range(1000):
        value = random_.uniform(0, 2)
        assert value - 1e-4 < floored(value, 1e-4) <= value * (1 + 1e-8) + 1e-9
    for whole in (1, 7, 29, 571, 12345):
        assert floored(whole * 1e-4, 1e-4) == pytest.approx(whole * 1e-4, rel=1e-12)
    assert math.isclose(floored(0.3 / 60 / 0.1, 1e-4), 0.05)
