"""The noise of rows, carried through to sums over points and to fits, against many simulated sweeps."""

import math

import numpy as np
import pytest

from analysis.carried_noise import CarriedNoise, carried_noise
from analysis.curve import Curve
from analysis.fit import fit, joint_fit
from analysis.reduction import reduce_sweep
from analysis.spectrum import Spectrum
from tests.analysis.simulated_noise import filtered, flicker
from tests.analysis.simulated_sweep import dsigma, sweep_rows

POINTS = 201
FIELD = np.linspace(-0.4, 0.4, POINTS)
LEG, ROW_FIELD = np.repeat([0, 1], POINTS), np.append(FIELD, FIELD[::-1])
# up at B and down at -B are one point: rows 0, 1, ... of both legs
POINT = np.tile(np.arange(POINTS), 2)
SIZE = 0.004  # of a row [G0]
SUMS = np.column_stack([np.cos(3 * FIELD / 0.4), 1 / (1 + (FIELD / 0.05) ** 2), np.sign(np.sin(40 * FIELD))])


def spectrum(knee=0.0, stages=1, spacing=math.inf):
    return Spectrum(np.ones(1), ((stages, spacing),), knee, 0.0, 0.0, 2.0 * POINTS, 2 * POINTS)


def carried(one, block=1, own=0.0) -> CarriedNoise:
    size = 2 * POINTS
    return carried_noise(one, block, LEG, ROW_FIELD, POINT, np.full(size, SIZE / 2), np.full(POINTS, own))


def simulated(rng, knee=0.0, **lock_in):
    """One set of points whose rows have lost what a constant and a line take from each leg."""
    rows = filtered(rng, 2 * POINTS, **lock_in) if lock_in else rng.standard_normal(2 * POINTS)
    rows = SIZE * (rows + flicker(rng, 2 * POINTS, knee))
    line = np.vander(FIELD, 2)
    legs = [half - line @ np.linalg.lstsq(line, half, rcond=None)[0] for half in (rows[:POINTS], rows[POINTS:])]
    return (legs[0] + legs[1]) / 2


def test_white_noise_is_that_of_independent_points():
    found = carried(spectrum()).covariance(SUMS)
    line = np.column_stack([np.ones(POINTS), FIELD])
    left = SUMS - line @ np.linalg.lstsq(line, SUMS, rcond=None)[0]
    assert found == pytest.approx(SIZE**2 / 2 * left.T @ left, rel=1e-9, abs=1e-15)
    more = carried(spectrum(), own=1e-4).covariance(SUMS)
    assert more == pytest.approx(found + 1e-4 * SUMS.T @ SUMS, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("kind", [
    {"knee": 0.1}, {"stages": 4, "spacing": 1.0}, {"knee": 0.03, "stages": 2, "spacing": 1.0},
], ids=["1/f", "filter", "both"])  # fmt: skip
def test_covariance_of_sums_is_that_of_many_sweeps(kind):
    rng = np.random.default_rng(4)
    drawn = np.array([SUMS.T @ simulated(rng, **kind) for _ in range(400)])
    found = carried(spectrum(**kind)).covariance(SUMS)
    # the variance of 400 has an error of 7 %; a cosine in place of a true mode of the noise adds some per cent
    assert np.sqrt(np.var(drawn, axis=0) / np.diag(found)) == pytest.approx(np.ones(3), abs=0.12)
    alike, told = (c / np.sqrt(np.outer(np.diag(c), np.diag(c))) for c in (np.cov(drawn.T), found))
    assert told == pytest.approx(alike, abs=0.15)


def test_rows_in_blocks_are_the_same_noise():
    one = spectrum(knee=0.02)
    whole = carried(one).covariance(SUMS)
    blocks = carried(Spectrum(np.ones(1), ((1, math.inf),), 3 * 0.02, 0.0, 0.0, 134.0, 134), block=3).covariance(SUMS)
    assert np.diag(blocks) == pytest.approx(np.diag(whole), rel=0.03)


def test_noise_of_some_of_the_points():
    """A point that is left out has no weight in any sum."""
    noise, kept = carried(spectrum(knee=0.1)), np.abs(FIELD) < 0.2
    part = noise.among(kept).covariance(SUMS[kept])
    assert part == pytest.approx(noise.covariance(SUMS * kept[:, np.newaxis]), rel=1e-12)
    curve = Curve(FIELD, dsigma(FIELD, 200.0), np.full(POINTS, SIZE), None, noise)
    assert curve.within(0.2).first(30).noise is not None
    assert curve.within(0.2).first(30).noise.own.size == 30


def curves(knee, count, seed=0):
    noise, rng = carried(spectrum(knee=knee)), np.random.default_rng(seed)
    error = np.full(POINTS, SIZE / math.sqrt(2))
    for _ in range(count):
        yield Curve(FIELD, dsigma(FIELD, 200.0, 120.0) + simulated(rng, knee), error, 1.0, noise)


def test_white_noise_changes_no_fit():
    data = next(curves(0.0, 1))
    plain = fit("hln_full", Curve(FIELD, data.dsigma, data.error, 1.0))
    found = fit("hln_full", data)
    assert found.values == plain.values
    for name in ("l_phi_nm", "l_so_nm"):
        assert found[name].error == pytest.approx(plain[name].error, rel=0.02)
    assert found.offset_error == pytest.approx(plain.offset_error, rel=0.3)  # a constant of each leg was taken out


def test_errors_of_a_fit_are_those_of_many_sweeps_with_drift():
    fits = [fit("hln_full", data) for data in curves(0.1, 100)]
    for name in ("l_phi_nm", "l_so_nm"):
        spread = np.std([one[name].value for one in fits])
        assert np.mean([one[name].error for one in fits]) == pytest.approx(spread, rel=0.25)
        plain = fit("hln_full", Curve(FIELD, dsigma(FIELD, 200.0, 120.0), np.full(POINTS, SIZE / math.sqrt(2)), 1.0))
        assert spread > 2 * plain[name].error


def test_curves_fitted_together_have_noise_of_their_own():
    """Two sweeps with one L_so tell it sqrt(2) times better, whatever the noise of either."""
    one, two = curves(0.1, 2)
    alone = [fit("hln_full", data).standard_error("l_so_nm") for data in (one, two)]
    both = joint_fit("hln_full", [one, two], shared=("l_phi_nm", "l_so_nm")).results[0]
    assert both.standard_error("l_so_nm") == pytest.approx(np.mean(alone) / math.sqrt(2), rel=0.1)


def test_a_profile_is_read_where_correlated_noise_puts_one_standard_error():
    """A short window bends the valley of chi^2: both ends stay apart by what the covariance says, and more."""
    data = next(curves(0.1, 1)).within(0.04)
    found = fit("hln", data)["l_phi_nm"]
    plain = fit("hln", Curve(data.field_T, data.dsigma, data.error, 1.0))["l_phi_nm"]
    assert (found.upper or math.inf) > (plain.upper or 0)
    assert (found.lower or 0) < (plain.lower or math.inf)


def test_a_length_that_no_point_tells_keeps_its_bound():
    """Where chi^2 has no curvature there is no sandwich either: the levels of the profiles stay those of the noise."""
    noise, error = carried(spectrum()), np.full(POINTS, SIZE / math.sqrt(2))
    values = dsigma(FIELD, 200.0) + simulated(np.random.default_rng(2))
    plain, found = (fit("hln_full", Curve(FIELD, values, error, 1.0, one))["l_so_nm"] for one in (None, noise))
    assert not found.determined
    assert found.upper is None
    assert found.lower == pytest.approx(plain.lower, rel=0.02)


def test_a_sweep_knows_how_its_points_are_correlated():
    rows = sweep_rows(300, seed=None)
    rng, size = np.random.default_rng(1), len(rows["x_xx_V"])
    slow = dict(rows, x_xx_V=rows["x_xx_V"] + 60e-9 * (rng.standard_normal(size) + flicker(rng, size, 0.3)))
    curve = reduce_sweep(slow, 5.0).curve
    assert curve.noise.own.size == curve.field_T.size
    white = reduce_sweep(sweep_rows(300, noise_V=60e-9), 5.0).curve
    assert fit("hln_full", curve)["l_phi_nm"].error > 1.5 * fit("hln_full", white)["l_phi_nm"].error
    assert reduce_sweep(slow, 5.0).curve.noise.power.tolist() == curve.noise.power.tolist()


@pytest.mark.parametrize("name", ["graphene_mono", "hln_general", "tmd", "three_channels"])
def test_variances_are_positive_where_lengths_can_hardly_be_told_apart(name):
    curve = reduce_sweep(sweep_rows(500, 2.0, noise_V=1e-7), 5.0).curve
    fitted = fit(name, curve)
    sd = np.sqrt(fitted.covariance.diagonal())
    assert np.isfinite(sd).all()
    assert np.linalg.eigvalsh(fitted.covariance / sd / sd[:, np.newaxis]).min() > -1e-6
    assert 0 < fitted.offset_error < math.inf


@pytest.mark.parametrize("rows", [24, 31, 50])
def test_short_sweep_behind_a_steep_filter_has_no_noise_of_negative_power(rows):
    one = Spectrum(np.ones(1), ((4, 0.25),), 0.0, 0.0, 0.0, float(rows), rows)
    field, leg = np.linspace(-0.1, 0.1, rows), np.zeros(rows, int)
    noise = carried_noise(one, 1, leg, field, np.arange(rows), np.ones(rows), np.zeros(rows))
    assert (noise.power > 0).all()
    assert np.linalg.eigvalsh(noise.covariance(np.eye(rows))).min() > -1e-12
