import numpy as np
import pytest

from analysis import refit
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.neighbourhood import Neighbourhood, OutOfBox

FIELD = np.linspace(-0.1, 0.1, 101)


def measured(model, *parameters, noise=5e-3, seed=0):
    clean = MODELS[model].value(FIELD, *parameters)
    return Curve(FIELD, clean + np.random.default_rng(seed).normal(0, noise, FIELD.size), np.full(FIELD.size, noise))


def laid_out(model, data):
    task = refit.task(fit(model, data), data)
    return task, task.problem.minimise(task.starts()[0])


@pytest.mark.parametrize(("model", "parameters"), [("hln", (1.0, 300.0)), ("hln_full", (300.0, 120.0, 1e-3))])
def test_data_at_the_minimum_stay_there_and_others_reach_their_own(model, parameters):
    data = measured(model, *parameters)
    task, minimum = laid_out(model, data)
    near = Neighbourhood(task, minimum, 1.0)
    others = [measured(model, *parameters, seed=seed) for seed in range(1, 5)]
    replicas = np.array([data.dsigma, *(other.dsigma for other in others)])
    solutions = near.minimise(replicas, np.tile(1 / data.error, (5, 1)))
    assert solutions.found.all()
    sd = np.sqrt(minimum.inverse.diagonal())
    assert np.abs(solutions.u[0] - minimum.u).max() < 1e-3 * sd.max()
    for u, other in zip(solutions.u[1:], others, strict=True):
        whole = refit.task(fit(model, data), other).problem.minimise(minimum.u)
        assert (np.abs(u - whole.u) < 0.01 * sd).all()


def test_a_replica_far_away_is_not_answered():
    data = measured("hln", 1.0, 300.0)
    near = Neighbourhood(*laid_out("hln", data), 1.0)
    far = MODELS["hln"].value(FIELD, 1.0, 900.0)
    solutions = near.minimise(np.array([data.dsigma, far]), np.tile(1 / data.error, (2, 1)))
    assert solutions.found.tolist() == [True, False]


def test_where_bounds_are_in_reach_there_is_no_neighbourhood():
    data = measured("hln_full", 300.0, 5000.0, 1e-3)
    with pytest.raises(OutOfBox, match="beyond the bounds"):
        Neighbourhood(*laid_out("hln_full", data), 1.0)


def test_an_earlier_fit_of_another_curve_is_noticed():
    data = measured("hln", 1.0, 300.0)
    with pytest.raises(ValueError, match="give the curve that was fitted"):
        refit.fitted_part(fit("hln", data), data.first(60))
