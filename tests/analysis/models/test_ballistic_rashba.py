"""Rashba beyond diffusion: golden values, the spinless and the diffusive limit, more levels, the table, the time."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from analysis import spin_table
from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.landau_levels import interference, zero_field
from analysis.model import MODELS
from analysis.sample import Sample
from analysis.spin_levels import at_zero, corrections, field_change, softest
from analysis.spin_table import triplet_curve

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FILE = FOLDER / "golden2d.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []
golden = pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")

MODEL = MODELS["ballistic_rashba"]
FIELD = np.linspace(-0.2, 0.2, 201)


def exact(b, gamma, theta):
    """Return the triplet's part of 2 dsig_a/G0 and 2 dsig_b/G0, level by level, shape (2, n)."""
    b = np.atleast_1d(np.asarray(b, dtype=float))
    return corrections(b, np.full(b.size, gamma), np.full(b.size, theta))


def limit(gamma, theta):
    """Return the same at B = 0, shape (2, 1)."""
    return at_zero(np.array([gamma]), np.array([theta]))


def both(b, gamma, theta):
    """Return dsig_a and dsig_b [G0]: the triplet less the spinless singlet, halved."""
    if b == 0:
        return (limit(gamma, theta)[:, 0] - np.array(zero_field(gamma))) / 2
    return (exact(b, gamma, theta)[:, 0] - np.array(interference(b, np.array([gamma])))[:, 0]) / 2


def pull(estimate, truth):
    assert estimate.value is not None
    assert estimate.error is not None
    return abs(estimate.value - truth) / estimate.error


@golden
@pytest.mark.parametrize("entry", [pytest.param(e, id=e["id"]) for e in ENTRIES if e["model"].startswith("golub")])
def test_golden_values(entry):
    p = {name: float(value) for name, value in entry["params"].items()}
    value = both(float(entry["B_T"]) / p["Btr"], p["gamma"], p["theta"])[int(entry["model"] == "golub_rashba_b")]
    assert value == pytest.approx(float(entry["value"]), rel=entry["rel_tol"], abs=0)


def test_exact_where_the_diffusive_formula_is_not():
    # section 5: theta = 1.5, gamma = .02, B = .05 B_tr: exact -0.0669, ILP -0.0805
    theta, free_path = 1.5, 30.0
    b_tr = 2 * FIELD_NM2 / free_path**2
    parameters = free_path / np.sqrt(2 * 0.02), free_path / theta
    field = np.array([0.05 * b_tr])
    assert MODEL.value(field, *parameters, free_path)[0] == pytest.approx(-0.0669, abs=1e-4)
    assert MODELS["rashba"].value(field, *parameters)[0] == pytest.approx(-0.0805, abs=1e-4)


@pytest.mark.parametrize("b", [1e-3, 0.3, 5.0, 20.0])
def test_without_splitting_there_are_three_spinless_channels(b):
    triplet = exact(b, 0.01, 1e-9)[:, 0]
    assert triplet == pytest.approx(3 * np.array(interference(b, np.array([0.01])))[:, 0], rel=1e-8)
    assert limit(0.01, 1e-9)[:, 0] == pytest.approx(3 * np.array(zero_field(0.01)), rel=1e-12)


def test_diffusive_limit_is_the_closed_form():
    # a free path of a thousandth of the other lengths
    field = np.geomspace(1e-3, 0.05, 12)
    closed = MODELS["rashba"].value(field, 300.0, 150.0)
    far, near = (np.abs(MODEL.value(field, 300.0, 150.0, path) - closed).max() for path in (2.0, 0.5))
    assert near < 4e-3
    # what is left goes as the free path, or faster
    assert near < far / 3


def brute_force(b, gamma, theta):
    """Return what a field adds to the triplet from four times the levels and three times the nodes, shape (n,)."""
    return field_change(b[:, np.newaxis], np.array([gamma]), np.array([theta]), levels=96, nodes=60)[:, 0]


def singlet(b, gamma):
    """Return what a field adds to the spinless curve, shape (n,)."""
    return np.array([sum(interference(one, np.array([gamma])))[0] for one in b]) - sum(zero_field(gamma))


@pytest.mark.parametrize(("gamma", "theta"), [(0.01, 0.3), (0.1, 0.1), (0.003, 1.0), (0.05, 3.0), (1e-5, 3.9)])
def test_against_a_sum_of_many_more_levels(gamma, theta):
    b = np.array([1e-3, 0.003, 0.05, 0.2, 0.9, 3.0, 20.0])
    usual = field_change(b[:, np.newaxis], np.array([gamma]), np.array([theta]))[:, 0]
    scale = np.maximum(np.abs(usual), singlet(b, gamma))
    assert np.abs(usual - brute_force(b, gamma, theta)) == pytest.approx(0, abs=2e-7 * scale.max())


@pytest.mark.parametrize("theta", [0.02, 0.5, 2.0])
def test_at_low_field_it_is_a_parabola(theta):
    b = 1e-2 * softest(np.array([1e-4]), np.array([theta])) * np.array([[1.0], [0.1]])
    change = field_change(b, np.array([1e-4]), np.array([theta]))[:, 0]
    assert change[0] / change[1] == pytest.approx(100, rel=2e-3)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("seed", "points"), [(0, 5), pytest.param(1, 300, marks=pytest.mark.long)])
def test_what_is_read_from_the_table(seed, points):
    # wherever a fit may go: 1e-5 < tau/tau_phi < 0.5, spins that turn up to 4 rad, from B -> 0 to 100 B_tr
    rng = np.random.default_rng(seed)
    for _ in range(points):
        gamma = 10 ** rng.uniform(-5, np.log10(0.5))
        theta = rng.choice([10 ** rng.uniform(-2, np.log10(4)), rng.uniform(0.3, 4)])
        low = softest(np.array(gamma), np.array(theta)) * np.array([0.01, 0.1, 0.5])
        b = np.sort(np.concatenate([low, 10 ** rng.uniform(-3, 2 if points > 100 else 0.5, 9)]))
        exact, spinless = brute_force(b, gamma, theta), singlet(b, gamma)
        # relative to the largest |delta sigma| up to each field: where it changes sign there is no other measure
        scale = np.maximum.accumulate(np.abs(exact - spinless))
        off = np.abs(triplet_curve(b, gamma, theta)[0] - exact) / scale
        assert off.max() < 1e-6, (gamma, theta, b[off.argmax()], off.max())


def test_a_table_filled_in_another_order_holds_the_same():
    b = np.linspace(0, 0.5, 21)
    spin_table._row.cache_clear()
    first = triplet_curve(b, 0.01, 0.3)[0]
    spin_table._row.cache_clear()
    triplet_curve(b, 0.03, 0.5)
    assert np.array_equal(triplet_curve(b, 0.01, 0.3)[0], first)


def test_spins_that_turn_further_than_the_theory_is_computed_leave_a_bound():
    free_path = 60.0
    edge, beyond = (MODEL.both(FIELD, 200.0, free_path / theta, free_path) for theta in (4.0, 4.0 + 1e-9))
    # value and slope go on smoothly at 4 rad
    assert beyond[0] == pytest.approx(edge[0], rel=1e-8)
    assert beyond[1] == pytest.approx(edge[1], rel=1e-6, abs=1e-12)
    far = {"l_phi_nm": 200.0, "l_rashba_nm": 12.0, "mean_free_path_nm": free_path}
    curve = Curve(FIELD, MODEL.value(FIELD, *far.values()))
    assert MODEL.out_of_reach(far, curve)["l_rashba_nm"] == "upper"
    remarks = MODEL.validity(far, curve, Sample(mean_free_path_nm=free_path))
    assert any("5 rad" in r.message and "below 15 nm" in r.message for r in remarks if r.code == "spins_turn_far")


def test_derivative_by_every_length():
    values = [150.0, 90.0, 40.0]
    derivative = MODEL.derivative(FIELD, *values)
    for i, value in enumerate(values):
        step = 1e-3 * value
        shifted = [MODEL.value(FIELD, *values[:i], value + k * step, *values[i + 1 :]) for k in (-2, -1, 1, 2)]
        difference = (8 * (shifted[2] - shifted[1]) - shifted[3] + shifted[0]) / (12 * step)
        assert derivative[:, i] == pytest.approx(difference, abs=1e-7 * np.abs(derivative[:, i]).max())


def test_it_makes_both_lengths_right():
    rng = np.random.default_rng(1)
    truth = MODEL.value(FIELD, 200.0, 60.0, 30.0)
    curve = Curve(FIELD, truth + rng.normal(0, 1e-3, FIELD.size), np.full(FIELD.size, 1e-3))
    found = fit(MODEL, curve, sample=Sample(mean_free_path_nm=30.0))
    for name, true in (("l_phi_nm", 200.0), ("l_rashba_nm", 60.0)):
        assert pull(found[name], true) < 3.5
    closed = fit("rashba", curve, sample=Sample(mean_free_path_nm=30.0))
    assert abs(closed.values["l_rashba_nm"] / 60.0 - 1) > 0.02
    # 0.125 B_tr: the closed form says itself that it is used outside its range, and what to take instead
    assert any("ballistic_rashba" in r.message for r in closed.remarks if r.code == "strong_precession")
    assert not any(r.code in ("strong_precession", "beyond_diffusion") for r in found.remarks)


@pytest.mark.parametrize("fits", [4, pytest.param(60, marks=pytest.mark.long)])
def test_a_fit_takes_a_tenth_of_a_second(fits):
    # from the raw guess, 201 points, 1 % noise, of films with any mean free path, once the table is there
    rng, times = np.random.default_rng(2), []
    for _ in range(fits):
        free_path = 10 ** rng.uniform(1, 2.3)
        l_phi, l_rashba = free_path * 10 ** rng.uniform(0.3, 1.5), free_path / 10 ** rng.uniform(-1, np.log10(3))
        field = np.linspace(-1, 1, 201) * 2 * FIELD_NM2 / free_path**2 * 10 ** rng.uniform(-1, 0.5)
        dsigma = MODEL.value(field, l_phi, l_rashba, free_path)
        noise = 0.01 * np.ptp(dsigma)
        curve = Curve(field, dsigma + rng.normal(0, noise, field.size), np.full(field.size, noise))
        for _ in range(2):
            start = time.process_time()
            fit(MODEL, curve, sample=Sample(mean_free_path_nm=free_path))
            taken = time.process_time() - start
        times.append(taken)
        assert np.median(times) < 0.1
