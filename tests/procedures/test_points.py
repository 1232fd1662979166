import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.points import branches, from_steps, parse_points


def test_lists_and_ranges():
    assert parse_points("1.5, 2, 3", "T", "K") == (1.5, 2, 3)
    assert parse_points("1.5:20:8 log", "T", "K") == pytest.approx([1.5 * (20 / 1.5) ** (i / 7) for i in range(8)])
    assert parse_points("0:1:3, 5", "T", "K") == (0, 0.5, 1, 5)


def test_the_ends_of_a_linear_range_are_exact():
    assert parse_points("-0.3:0.3:7", "B", "T")[0] == -0.3
    assert parse_points("-0.3:0.3:7", "B", "T")[-1] == 0.3


@pytest.mark.parametrize(
    "text", ["", "a", "1:2", "1:2:0", "1:2:x", "0:2:3 log", "nan", "inf", "1:2:3 lin", "1:2:1e9", ","]
)
def test_what_cannot_be_read_is_refused_in_one_line(text):
    with pytest.raises(ValueError, match="temperatures") as caught:
        parse_points(text, "temperatures", "K")
    assert "\n" not in str(caught.value)


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.01, 5))
def test_steps_reach_both_ends_and_are_never_too_large(start, stop, step):
    points = from_steps(start, stop, step)
    assert (points[0], points[-1]) == (start, stop)
    assert all(abs(b - a) <= step * (1 + 1e-6) for a, b in zip(points, points[1:], strict=False))


def test_step_zero_is_refused():
    with pytest.raises(ValueError, match="never arrives"):
        from_steps(0, 1, 0)


@pytest.mark.parametrize("shape", ["single", "up and down", "five quadrants"])
def test_the_field_moves_one_way_on_a_leg(shape):
    for leg in branches(from_steps(-0.2, 0.2, 0.03), shape):
        moves = [math.copysign(1, b - a) for a, b in zip(leg, leg[1:], strict=False)]
        assert len(set(moves)) == 1


def test_five_quadrants_begin_at_zero_and_see_both_directions():
    virgin, down, up = branches((-0.2, -0.1, 0.0, 0.1, 0.2), "five quadrants")
    assert virgin == (0.0, 0.1, 0.2)
    assert down == up[::-1] == (0.2, 0.1, 0.0, -0.1, -0.2)


def test_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="up and down"):
        branches((0.0, 1.0), "circle")
