"""Numbers that physics allows."""

import math

import numpy as np
import pytest

from analysis.quantity import finite, positive


def test_what_is_allowed_comes_back_as_an_array():
    assert finite("who", "x", -1).tolist() == -1.0
    assert positive("who", "x", np.array([1, 2])).tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("check", "value", "words"),
    [(finite, math.nan, "who: x = nan; it must be finite"), (positive, math.inf, "who: x = inf; it must be finite"),
     (positive, 0.0, "who: x = 0.0; it must be above 0"), (positive, [1.0, -2.0], "above 0")],
)  # fmt: skip
def test_what_is_not_is_named(check, value, words):
    with pytest.raises(ValueError, match=words):
        check("who", "x", value)
