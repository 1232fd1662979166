"""An odd signal that is no straight line moves the centre of a sweep: the error of the offset says by how much."""

import numpy as np
import pytest

from analysis.live import Settings, analyse
from analysis.odd_structure import find_odd_structure
from analysis.reduction import reduce_sweep
from analysis.sample import Sample
from tests.analysis.simulated_noise import noisy
from tests.analysis.simulated_sweep import sweep_rows

OFFSETS_T = (1.7e-3, -1.3e-3)
MEAN_T = 0.2e-3


def hall(rng):
    """Nonlinear Hall voltages: an anomalous one, or one of two bands, that bend anywhere from 30 mT to 1 T."""
    bend, sign = np.exp(rng.uniform(np.log(0.03), np.log(1.0))), rng.choice([-1.0, 1.0])
    shape = [np.tanh, lambda z: z / (1 + z**2)][rng.integers(2)]
    largest = np.abs(shape(np.linspace(0, 0.4, 500) / bend)).max()
    return lambda field: sign * shape(field / bend) / largest


def fluctuations(rng):
    """Conductance fluctuations of rms 1, correlation field 2 to 50 mT, as large at -B as at B but not equal."""
    correlation_T = np.exp(rng.uniform(np.log(2e-3), np.log(50e-3)))
    rate, phase = rng.normal(size=200) * 1.18 / correlation_T, rng.uniform(0, 2 * np.pi, 200)
    return lambda field: 0.1 * np.cos(np.multiply.outer(field, rate) + phase).sum(axis=-1)


def spoilt(structure, share, seed, l_phi_nm=300.0, l_so_nm=100.0):
    """Rows of a sweep with a structure of that share of its weak localization in the longitudinal voltage."""
    case = {"offsets_T": OFFSETS_T}
    rows, clean = sweep_rows(l_phi_nm, l_so_nm, seed=seed, **case), sweep_rows(l_phi_nm, l_so_nm, seed=None, **case)
    true = rows["field_T"] - np.array(OFFSETS_T)[rows["branch"]]
    shape = structure(np.random.default_rng(1000 + seed))
    return dict(rows, x_xx_V=rows["x_xx_V"] + share * np.ptp(clean["x_xx_V"]) * shape(true))


def deviations(structure, share, sweeps):
    """How far the offsets are from the truth, and their errors, each of shape (sweeps,) [T]."""
    found = [reduce_sweep(spoilt(structure, share, seed), 5.0) for seed in range(sweeps)]
    assert all(one.field_offset_error_T is not None for one in found)
    return np.array([one.field_offset_T - MEAN_T for one in found]), np.array(
        [one.field_offset_error_T for one in found]
    )


def codes(remarks):
    return {remark.code for remark in remarks}


def test_without_an_odd_structure_the_error_stays_what_it_is():
    reductions = [reduce_sweep(sweep_rows(300.0, seed=seed, offsets_T=OFFSETS_T), 5.0) for seed in range(80)]
    errors = np.array([one.field_offset_error_T for one in reductions])
    away = np.abs([one.field_offset_T - MEAN_T for one in reductions])
    # 14 uT is what the noise gives; the coverage of 80 is known to 5 %
    assert np.mean(errors) < 1.15 * np.median(errors)
    assert 0.53 < np.mean(away < errors) < 0.83
    assert np.mean(["odd_structure" in codes(one.remarks) for one in reductions]) < 0.08


@pytest.mark.parametrize("structure", [hall, fluctuations])
def test_an_odd_structure_of_a_hundredth_of_the_cusp_is_in_the_error(structure):
    away, errors = deviations(structure, 0.01, 60)
    assert 0.5 < np.mean(np.abs(away) < errors) < 0.85
    assert np.median(errors) > 20e-6
    assert np.max(np.abs(away) / errors) < 5


@pytest.mark.long
@pytest.mark.parametrize("structure", [hall, fluctuations])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.05])
def test_coverage_with_an_odd_structure(structure, share):
    away, errors = deviations(structure, share, 200)
    # measured: 0.65 to 0.78; that of 200 is known to 3 %
    assert 0.57 < np.mean(np.abs(away) < errors) < 0.85


def test_an_odd_structure_larger_than_the_noise_is_told_in_ohms_and_millitesla():
    result = analyse(spoilt(lambda rng: np.tanh, 0.0, 0), Settings(), final=False)
    assert "odd_structure" not in codes(result.remarks)
    reduction = reduce_sweep(spoilt(fluctuations, 0.05, 1), 5.0)
    (said,) = [remark.message for remark in reduction.remarks if remark.code == "odd_structure"]
    assert "ohm rms" in said
    assert "mT" in said


def test_noise_alone_is_no_structure_and_a_smooth_odd_part_is_one():
    rng, field, noise = np.random.default_rng(2), np.linspace(0.005, 0.4, 60), np.full(60, 1e-3)
    slope = -field / (1 + (field / 0.02) ** 2)
    assert find_odd_structure(field, rng.normal(0, 1e-3, 60) + 0.3 * field, noise, slope) is None
    seen = find_odd_structure(field, rng.normal(0, 1e-3, 60) + 0.02 * np.sin(field / 0.05), noise, slope)
    assert seen is not None
    assert seen.rms_ohm == pytest.approx(0.02 / np.sqrt(2), rel=0.3)
    assert seen.variance_T2 > 0


def test_a_straight_line_is_no_structure():
    field, noise = np.linspace(0.005, 0.4, 60), np.full(60, 1e-3)
    slope = -field / (1 + (field / 0.02) ** 2)
    y = np.random.default_rng(5).normal(0, 1e-3, 60)
    assert find_odd_structure(field, y + 100 * field, noise, slope) is None
    assert find_odd_structure(field[:6], y[:6], noise[:6], slope[:6]) is None


SLOW = [(0.0, 1.0), (0.0, 3.0), (0.01, 0.0), (0.03, 0.0), (0.1, 0.0)]
"""Knee [cycles a row] and rows of tau of a 24 dB filter."""


def slow_sweep(seed, shape, knee, rows_of_tau):
    """Rows without any odd structure, in the noise of neighbours that are alike, and their mean centre [T]."""
    rng = np.random.default_rng(seed)
    offsets_T = tuple(rng.uniform(-4e-3, 4e-3, 1 if shape == "single" else 2))
    rows = sweep_rows(300.0, 100.0, shape=shape, offsets_T=offsets_T, seed=None)
    noise_V = 60e-9 * noisy(rng, len(rows["x_xx_V"]), knee, rows_of_tau)
    return dict(rows, x_xx_V=rows["x_xx_V"] + noise_V), float(np.mean(offsets_T))


@pytest.mark.parametrize("shape", ["single", "up and down"])
@pytest.mark.parametrize(("knee", "rows_of_tau"), [(0.0, 1.0), (0.0, 3.0), (0.1, 0.0)])
def test_slow_noise_is_no_structure(shape, knee, rows_of_tau):
    said = [codes(reduce_sweep(slow_sweep(seed, shape, knee, rows_of_tau)[0], 5.0).remarks) for seed in range(20)]
    # at most 3 % of many sweeps are said to have one; taken for white, filtered noise passed for one in every sweep
    assert sum("odd_structure" in one for one in said) <= 3


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", ["single", "up and down"])
@pytest.mark.parametrize(("knee", "rows_of_tau"), [(0.0, 0.0), *SLOW])
def test_slow_noise_over_many_sweeps(shape, knee, rows_of_tau):
    said, held, sweeps = 0, 0, 150
    for seed in range(3000, 3000 + sweeps):
        rows, centre_T = slow_sweep(seed, shape, knee, rows_of_tau)
        result = analyse(rows, Settings(model="hln_full", sample=Sample(squares=5.0)), final=False)
        said += "odd_structure" in codes(result.remarks)
        held += abs(result.field_offset_T - centre_T) < result.field_offset_error_T
    print(f"{shape}, knee {knee}, tau {rows_of_tau}: said in {said}, centre held in {held} of {sweeps}")
    # measured: said in 0 to 2 %, held in 62 to 75 %; 150 know a share of 3 % to 1.4 %, and one of 68 % to 4 %
    assert said <= 0.06 * sweeps
    assert 0.57 * sweeps < held < 0.80 * sweeps
