import numpy as np
import pytest

from analysis import refit
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS


@pytest.mark.parametrize("seed", range(8))
def test_slopes_of_a_minimum_are_those_at_its_unknowns(seed):
    """The two lengths of graphene on a dichalcogenide nearly coincide in a curve that one of them describes."""
    field_T = np.linspace(-0.2, 0.2, 81)
    there = MODELS["graphene_so"].value(field_T, 423.0, 220.0, 220.0)
    noise = 3e-3 * np.random.default_rng(seed).standard_normal(field_T.size)
    curve = Curve(field_T, there + noise, np.full(field_T.size, 3e-3))
    fitted = fit("graphene_so", curve)
    task = refit.task(fitted, curve)
    minimum = task.problem.minimise(task.starts()[0])
    # the covariance of correlated points takes the inverse of the one and the derivatives of the other
    unit = minimum.root.T @ task.problem.at(minimum.u).normal @ minimum.root
    # less than 1 where the curvature is lost in the rounding, never more: a variance would be negative
    assert np.linalg.eigvalsh(unit).max() < 1.05
