"""White noise stays white; a filter and a knee are found, in spite of what the fit took from the noise."""

import math

import numpy as np
import pytest

from analysis.noise import error_factor
from analysis.reduction import reduce_sweep
from analysis.spectrum import spectrum
from tests.analysis.simulated_noise import filtered, flicker
from tests.analysis.simulated_sweep import sweep_rows

ROWS = 402
FIELD = np.tile(np.linspace(-1, 1, ROWS // 2), 2)
FITTED = np.linalg.qr(np.column_stack([FIELD**k for k in range(6)]))[0]
WIDE = np.cos(math.pi * 3 * (np.arange(ROWS) + 0.5) / ROWS)[np.newaxis]
SHARP = np.cos(math.pi * 300 * (np.arange(ROWS) + 0.5) / ROWS)[np.newaxis]


def left_over(noise):
    return noise - FITTED @ (FITTED.T @ noise)


def found(make, seeds=40):
    return [spectrum(left_over(make(np.random.default_rng(seed))), FITTED) for seed in range(seeds)]


def test_white_noise():
    spectra = found(lambda rng: 3.0 * rng.standard_normal(ROWS), 100)
    assert np.mean([one.seen_by(SHARP)[0] for one in spectra]) == pytest.approx(9, rel=0.05)
    assert np.mean([one.error_factor for one in spectra]) < 1.03
    assert np.median([one.knee for one in spectra]) < 1 / ROWS
    # half a chi^2 of one freedom: beyond 9 once in 740
    assert np.mean([one.knee_evidence > 9 for one in spectra]) <= 0.03


@pytest.mark.parametrize("knee", [0.05, 0.3])
def test_a_knee_is_found_where_it_is(knee):
    spectra = found(lambda rng: rng.standard_normal(ROWS) + flicker(rng, ROWS, knee))
    assert np.median([one.knee for one in spectra]) == pytest.approx(knee, rel=0.35)
    assert np.mean([one.knee_evidence > 9 for one in spectra]) > 0.5
    expected = 1 + knee / np.array([3, 300]) * 2 * ROWS
    seen = [np.mean([one.seen_by(shape)[0] for one in spectra]) for shape in (WIDE, SHARP)]
    assert seen == pytest.approx(expected, rel=0.3)


@pytest.mark.parametrize(("stages", "spacing"), [(1, 1.0), (2, 1.0), (4, 1.0), (4, 2.5)])
def test_a_filter_is_found_with_its_error_factor(stages, spacing):
    spectra = found(lambda rng: filtered(rng, ROWS, stages, spacing))
    assert np.median([one.error_factor for one in spectra]) == pytest.approx(error_factor(stages, spacing), rel=0.1)
    middle = np.cos(math.pi * 20 * (np.arange(ROWS) + 0.5) / ROWS)[np.newaxis]
    factors = [math.sqrt(one.seen_by(middle)[0]) for one in spectra]
    assert np.median(factors) == pytest.approx(error_factor(stages, spacing), rel=0.15)
    assert np.mean([one.filter_evidence > 9 for one in spectra]) > 0.9


@pytest.mark.parametrize("spacing", [1.0, 1 / 3])
def test_a_filter_is_no_drift(spacing):
    """What a steep filter leaves at high frequencies has leaked there from low ones, and falls as some power of u."""
    spectra = found(lambda rng: filtered(rng, ROWS, 4, spacing))
    assert np.mean([one.knee_evidence > 9 for one in spectra]) <= 0.1
    assert np.median([one.error_factor for one in spectra]) == pytest.approx(error_factor(4, spacing), rel=0.15)


def test_what_the_fit_took_is_given_back():
    """Each cosine of white noise has the power 1, however much of it the fit has taken."""
    spectra = found(lambda rng: rng.standard_normal(ROWS), 100)
    assert spectra[0].freedom == pytest.approx(ROWS - FITTED.shape[1], abs=1e-6)  # the constant is one of the columns
    assert np.mean([one.white.sum() for one in spectra]) == pytest.approx(1, abs=0.05)


def test_few_rows_are_taken_for_white():
    rng = np.random.default_rng(0)
    constant = np.full((20, 1), 20**-0.5)
    one = spectrum(rng.standard_normal(20), constant)
    assert (one.flicker, one.error_factor) == (0, 1)


def test_rows_out_of_all_proportion_do_not_count():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(ROWS)
    noise[[7, 200]] = 50.0
    plain = spectrum(left_over(rng.standard_normal(ROWS)), FITTED).seen_by(SHARP)
    assert spectrum(left_over(noise), FITTED).seen_by(SHARP) == pytest.approx(plain, rel=0.3)


@pytest.mark.parametrize(("kind", "code"), [
    (lambda rng, n: filtered(rng, n, 4, 1.0), "correlated_noise"),
    (lambda rng, n: rng.standard_normal(n) + flicker(rng, n, 0.2), "drift_noise"),
])  # fmt: skip
def test_the_user_is_told(kind, code):
    rows = sweep_rows(300, seed=None)
    n = len(rows["x_xx_V"])
    rng = np.random.default_rng(2)
    reduction = reduce_sweep(dict(rows, x_xx_V=rows["x_xx_V"] + 50e-9 * kind(rng, n)), 5.0)
    note = {remark.code: remark.message for remark in reduction.remarks}[code]
    assert "error bars" in note
    if code == "drift_noise":  # rows 2 s apart
        assert "mHz" in note
    white = reduce_sweep(sweep_rows(300, noise_V=50e-9), 5.0)
    assert not {remark.code for remark in white.remarks} & {"correlated_noise", "drift_noise"}
    assert np.median(reduction.curve.error) > 1.5 * np.median(white.curve.error)
