"""Every model from 1e-9 T to 100 T against its formula written down apart from it."""

import numpy as np
import pytest

from analysis.model import MODELS
from tests.analysis.plain_formulas import FORMULAS
from tests.analysis.test_every_model import draw

SHOWS = np.array([0.02, 0.3, 1.0, 10.0, 100.0])
FAINT = np.array([1e-9, 1e-8, 1e-7])
STEPS = 1e-4 * 2.0 ** np.arange(4)

TABULATED = {"ballistic_rashba": 2e-6}
"""Relative accuracy of a model that reads from a table what a film takes seconds to compute."""
LOW_FIELD = {
    "ballistic_rashba": 1e-4,  # the sum itself is good to 3e-8, of a curve of 1e-3 there
    "wire_ballistic": 1e-4,  # the next term is |B|^3
}


def formula(model):
    """Return its plain formula; a model that has none here is held against itself at fields that show."""
    return FORMULAS.get(model.name, model.value)


def parabola(model, values):
    """Return delta sigma/B^2 at B -> 0 [G0/T^2], from fields at which plain double precision keeps its digits."""
    heights = formula(model)(STEPS, *values) / STEPS**2
    return np.linalg.solve(np.vander((STEPS / STEPS[-1]) ** 2, increasing=True), heights)[0]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_right_from_a_nanotesla_to_a_hundred_tesla(model, seed):
    values = draw(model, np.random.default_rng(seed)).values()
    expected = formula(model)(SHOWS, *values)
    assert model.value(SHOWS, *values) == pytest.approx(expected, rel=TABULATED.get(model.name, 1e-9))
    faint = model.value(FAINT, *values) / FAINT**2
    assert faint == pytest.approx(parabola(model, values), rel=LOW_FIELD.get(model.name, 1e-7))


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_derivative_is_right_at_every_field(model):
    # each field by itself: at 1e-9 T all of it is 1e-16 of what it is at 0.1 T
    field = np.array([1e-9, 1e-6, 1e-4, 1.0, 100.0])
    values = list(draw(model, np.random.default_rng(0)).values())
    height, derivative = model.both(field, *values)
    for i, value in enumerate(values):
        step = 1e-3 * value
        two, one, back, twice = (model.value(field, *values[:i], value + k * step, *values[i + 1 :])
                                 for k in (2, 1, -1, -2))  # fmt: skip
        difference = (8 * (one - back) - two + twice) / (12 * step)
        assert (np.abs(derivative[:, i] - difference) <= 1e-7 * (np.abs(height / value) + np.abs(difference))).all()


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_right_where_the_phase_is_kept_over_20_micrometres(model):
    # B_phi = 0.4 uT, five decades below what else is in the curve
    values = {**draw(model, np.random.default_rng(0)), "l_phi_nm": 2e4}.values()
    field = np.append(1e-4, SHOWS)
    expected = formula(model)(field, *values)
    # plain differences leave 1e-11 of rounding here
    found = model.value(field, *values)
    assert found == pytest.approx(expected, rel=TABULATED.get(model.name, 1e-9), abs=2e-11)


def test_every_formula_belongs_to_a_model():
    assert not set(FORMULAS) - set(MODELS)
