"""Errors from shuffled blocks of residuals: those of the fit for white noise, larger where neighbours hang together."""

import numpy as np
import pytest

from analysis.any_fit import Observations, Search
from analysis.block_bootstrap import block_bootstrap
from analysis.model import Parameter

X = np.linspace(-1, 1, 200)
COLUMNS = np.stack([X**0, X], axis=1)
PARAMETERS = tuple(Parameter(name, "", -10.0, 10.0, name, log=False) for name in ("height", "slope"))


def fitted(data):
    observations = Observations(lambda *v: (COLUMNS @ np.array(v), COLUMNS), data, None, PARAMETERS)
    return observations, Search(observations, PARAMETERS, [(0.0, 0.0)]).solution()


def noise(remembers, seed=0):
    white = np.random.default_rng(seed).normal(0, 0.1, X.size + remembers - 1)
    return np.convolve(white, np.ones(remembers) / remembers**0.5, "valid")


def test_white_noise_gives_the_errors_of_the_fit():
    observations, solution = fitted(1 + X + noise(1))
    found = block_bootstrap(observations, PARAMETERS, solution, [(200, 1)], 200)
    for estimate, own in zip(found, solution.estimates, strict=True):
        assert estimate.value == own.value
        assert estimate.error == pytest.approx(own.error, rel=0.25)


def test_noise_that_remembers_gives_larger_errors():
    observations, solution = fitted(1 + X + noise(10))
    found = block_bootstrap(observations, PARAMETERS, solution, [(100, 20), (100, 20)], 200)
    # ten points that are one: errors sqrt(10) larger, a little less for blocks of finite length
    for estimate, own in zip(found, solution.estimates, strict=True):
        assert 1.7 < estimate.error / own.error < 4


def test_same_data_same_bits():
    observations, solution = fitted(1 + X + noise(5))
    first, second = (block_bootstrap(observations, PARAMETERS, solution, [(200, 10)], 25) for _ in range(2))
    assert first == second


def test_bad_input():
    observations, solution = fitted(1 + X + noise(1))
    with pytest.raises(ValueError, match="20 refits or more"):
        block_bootstrap(observations, PARAMETERS, solution, [(200, 5)], 5)
    with pytest.raises(ValueError, match="100 of 200 points"):
        block_bootstrap(observations, PARAMETERS, solution, [(100, 5)], 50)
