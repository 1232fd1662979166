import math

import numpy as np
import pytest

from analysis.constants import G0, HBAR_OVER_4E, E, H, field_of_length, length_of_field
from analysis.wire_cooperon import inverse_area
from tests.analysis.models.golden_rest import agree, golden


def test_units_of_the_field():
    assert pytest.approx(1.233147098e-5, rel=1e-9) == G0
    assert pytest.approx(1.645529892e-16, rel=1e-9) == HBAR_OVER_4E
    assert pytest.approx(E**2 / H / math.pi, rel=1e-15) == G0


@pytest.mark.parametrize(("length_m", "field_T"), [(100e-9, 16.46e-3), (1e-6, 0.1646e-3), (10e-6, 1.646e-6)])
def test_lengths_and_fields_are_two_names(length_m, field_T):
    assert field_of_length(length_m) == pytest.approx(field_T, rel=1e-3)
    assert length_of_field(field_of_length(length_m)) == pytest.approx(length_m, rel=1e-14)


@golden
def test_golden_values():
    agree("B_of_L", lambda a: field_of_length(a["L"]))
    agree("lB", lambda a: 1e-9 * inverse_area(a["B"]) ** -0.5)


def test_arrays_too():
    lengths = np.array([1e-8, 1e-6])
    assert length_of_field(field_of_length(lengths)) == pytest.approx(lengths, rel=1e-14)
