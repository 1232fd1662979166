"""The filter against what is known of n RC stages: step, ramp, noise bandwidth, autocorrelation."""

import itertools

import numpy as np
import pytest

from drivers.simulated.lock_in_filter import Filter

TAU_S = 0.3
STAGES = (1, 2, 3, 4)
SETTLED_1_PERCENT = {1: 4.605, 2: 6.638, 3: 8.406, 4: 10.045}
ENBW_TAU = {1: 1 / 4, 2: 1 / 8, 3: 3 / 32, 4: 5 / 64}
ACF = {1: lambda x: 1, 2: lambda x: 1 + x, 3: lambda x: 1 + x + x**2 / 3, 4: lambda x: 1 + x + 2 * x**2 / 5 + x**3 / 15}


@pytest.mark.parametrize("stages", STAGES)
@pytest.mark.parametrize("looks", [1, 7, 400])
def test_one_percent_of_a_step_is_left_at_the_tables_time(stages, looks):
    filter_ = Filter(0, seed=1)
    filter_.advance(1 - 2j, 0, TAU_S, stages)  # the step
    for _ in range(looks):
        filter_.advance(1 - 2j, SETTLED_1_PERCENT[stages] * TAU_S / looks, TAU_S, stages)
    assert filter_.output_V(stages) == pytest.approx(0.99 * (1 - 2j), rel=1e-5)


@pytest.mark.parametrize("stages", STAGES)
def test_on_a_ramp_the_output_lags_by_n_time_constants(stages):
    filter_ = Filter(0, seed=1)
    filter_.advance(0, 0, TAU_S, stages)
    filter_.advance(100.0, 100.0, TAU_S, stages)
    assert filter_.output_V(stages).real == pytest.approx(100 - stages * TAU_S, rel=1e-12)


@pytest.mark.parametrize("stages", STAGES)
def test_the_output_does_not_depend_on_how_often_one_looks(stages):
    rng = np.random.default_rng(0)
    cuts = np.sort(rng.uniform(0, 2.0, 50))
    seldom, often = Filter(0, 1), Filter(0, 1)
    for filter_, times in ((seldom, [2.0]), (often, [*cuts, 2.0])):
        for before, now in itertools.pairwise([0.0, *times]):
            filter_.advance(3 * now, now - before, TAU_S, stages)
    assert often.output_V(stages) == pytest.approx(seldom.output_V(stages), rel=1e-9)


def outputs(stages, interval_tau, count, seed):
    filter_ = Filter(5e-9, seed)
    for _ in range(5):
        filter_.advance(0, 20 * TAU_S, TAU_S, stages)
    values = []
    for _ in range(count):
        filter_.advance(0, interval_tau * TAU_S, TAU_S, stages)
        values.append(filter_.output_V(stages))
    return np.array(values)


@pytest.mark.parametrize("stages", STAGES)
def test_noise_is_density_times_root_of_bandwidth(stages):
    values = outputs(stages, 25, 4000, seed=stages)
    expected = 5e-9 * np.sqrt(ENBW_TAU[stages] / TAU_S)
    for part in (values.real, values.imag):
        assert part.std() == pytest.approx(expected, rel=0.05)  # standard error 1.1 %
        assert abs(part.mean()) < 4 * expected / np.sqrt(4000)
    assert abs(np.corrcoef(values.real, values.imag)[0, 1]) < 4 / np.sqrt(4000)


@pytest.mark.parametrize("stages", STAGES)
def test_points_a_time_constant_apart_are_correlated_as_they_must(stages):
    values = outputs(stages, 1.0, 10_000, seed=10 + stages)
    flat = values / values.std() * np.sqrt(2)
    for lag in (1, 2, 4):
        measured = np.mean(flat.real[lag:] * flat.real[:-lag] + flat.imag[lag:] * flat.imag[:-lag]) / 2
        assert measured == pytest.approx(ACF[stages](lag) * np.exp(-lag), abs=0.06)


def test_the_same_seed_gives_the_same_noise():
    assert (outputs(2, 0.5, 50, seed=3) == outputs(2, 0.5, 50, seed=3)).all()
    assert (outputs(2, 0.5, 50, seed=3) != outputs(2, 0.5, 50, seed=4)).all()


@pytest.mark.parametrize("elapsed_tau", [1e-12, 1e-6, 1.0, 1e3, 1e9])
@pytest.mark.parametrize("stages", STAGES)
def test_short_and_long_looks_are_finite(stages, elapsed_tau):
    filter_ = Filter(5e-9, 1)
    filter_.advance(1.0, 0, TAU_S, stages)
    filter_.advance(1.0, elapsed_tau * TAU_S, TAU_S, stages)
    assert np.isfinite(filter_.output_V(stages))
