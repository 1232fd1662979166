"""Beyond diffusion: golden values, limits of the reference, the table against the sums, and what it is for."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import eval_genlaguerre

from analysis.ballistic_table import HIGHEST, scaled_curve
from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.landau_levels import field_change, interference, segment_integrals, zero_field
from analysis.model import MODELS
from analysis.sample import Sample
from analysis.special import f

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FILE = FOLDER / "golden2d.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []
golden = pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")

MODEL = MODELS["ballistic"]
FIELD = np.linspace(-0.2, 0.2, 201)


def entries(*models):
    return [pytest.param(e, id=e["id"]) for e in ENTRIES if e["model"] in models]


def change(b, gamma):
    """Exact dsig(B) - dsig(0), both corrections, from the sums [G0]."""
    kappa = gamma / (1 + gamma)
    return float(np.sum(field_change(b / (1 + gamma) ** 2, np.array([kappa])))) / (1 + gamma)


def tabulated(b, gamma):
    return scaled_curve(np.array([b]) / (1 + gamma) ** 2, gamma / (1 + gamma)).value[0]


def pull(estimate, truth):
    assert estimate.value is not None
    assert estimate.error is not None
    return abs(estimate.value - truth) / estimate.error


@golden
@pytest.mark.parametrize("entry", entries("zdk_back", "zdk_nonback"))
def test_golden_corrections(entry):
    p = {name: float(value) for name, value in entry["params"].items()}
    both = interference(float(entry["B_T"]) / p["Btr"], np.array([p["gamma"]]))
    value = both[entry["model"] == "zdk_nonback"][0]
    assert value == pytest.approx(float(entry["value"]), rel=entry["rel_tol"], abs=0)


@golden
@pytest.mark.parametrize("entry", entries("zdk_Pn"))
def test_golden_levels(entry):
    p = {name: float(value) for name, value in entry["params"].items()}
    value = segment_integrals(p["b"], p["gamma"], int(p["n"]) + 1)[0][-1]
    assert value == pytest.approx(float(entry["value"]), rel=entry["rel_tol"], abs=0)


@pytest.mark.parametrize(("b", "gamma"), [(1e-3, 0.01), (0.7, 0.05), (50.0, 0.3)])
def test_levels_against_plain_quadrature(b, gamma):
    p, q = segment_integrals(b, gamma, 21)
    for n in (0, 1, 7, 20):

        def scaled(xi):
            return np.exp(-xi * (1 + gamma) - b * xi**2 / 4)

        def segment(xi, n=n):
            return scaled(xi) * eval_genlaguerre(n, 0, b * xi**2 / 2)

        def turned(xi, n=n):
            x = b * xi**2 / 2
            return scaled(xi) * np.sqrt(x / (n + 1)) * eval_genlaguerre(n, 1, x)

        reach = min(40, 25 / np.sqrt(b))
        assert p[n] == pytest.approx(quad(segment, 0, reach, epsabs=1e-12, limit=500)[0], abs=1e-10)
        assert q[n] == pytest.approx(quad(turned, 0, reach, epsabs=1e-12, limit=500)[0], abs=1e-10)


@pytest.mark.parametrize(("b", "gamma"), [(0.01, 1e-3), (0.3, 0.02), (0.5, 0.5), (3.0, 0.1)])
def test_sums_against_level_after_level(b, gamma):
    # 250 levels one by one; the leading logarithms stand for the rest, whose next term is below 1e-6 there
    levels = 250
    p, q = segment_integrals(b, gamma, levels + 1)
    back = -b * (p[:-1] ** 3 / (1 - p[:-1])).sum()
    loops = p / (1 - p)
    nonback = b / 2 * (q[:-1] ** 2 * (loops[:-1] + loops[1:])).sum()
    nonback -= b / 2 * q[levels - 1] ** 2 * loops[levels]  # level 250 itself belongs to the rest
    w, s = 1 / (1 + gamma), np.sqrt(1 + 2 * b * levels / (1 + gamma) ** 2)
    rest = np.log1p(-w / s)
    back += rest
    nonback += ((1 - w) * rest + 2 * w * np.log1p(1 / s)) / (1 + w)
    exact = interference(b, np.array([gamma]))
    assert exact[0][0] == pytest.approx(back, rel=1e-6)
    assert exact[1][0] == pytest.approx(nonback, rel=1e-6)


def test_zero_field():
    gamma = np.array([1e-8, 1e-3, 0.1, 3.0])
    back, nonback = zero_field(gamma)
    assert back == pytest.approx(-np.log(1 + 1 / gamma), rel=1e-14)
    assert nonback[0] == pytest.approx(np.log(2), rel=1e-6)
    assert back[0] + nonback[0] == pytest.approx(-np.log(1 / (2 * gamma[0])), rel=1e-7)
    # the field dependent sums start there
    for b in (1e-7, 1e-5):
        assert np.array(interference(b, gamma[1:])) == pytest.approx(np.array([back[1:], nonback[1:]]), abs=1e-5)


@pytest.mark.parametrize("ratio", [0.1, 1.0, 10.0, 1000.0])
def test_diffusive_limit_is_the_one_digamma(ratio):
    for gamma, tolerance in ((1e-5, 1e-3), (1e-7, 2e-5)):
        if ratio * gamma < 1e-3:
            assert change(ratio * gamma, gamma) == pytest.approx(f(np.array([1 / ratio]))[0], rel=30 * tolerance)
    assert tabulated(ratio * 1e-8, 1e-8) == pytest.approx(f(np.array([1 / ratio]))[0], rel=2e-5)


def test_high_field_limits():
    b = 1e14
    back, nonback = interference(b, np.array([0.01]))
    assert back[0] * np.sqrt(b) == pytest.approx(-7.7578, abs=1e-4)
    assert nonback[0] * np.sqrt(b) == pytest.approx(2.7842, abs=1e-4)
    # the table ends at 4.9e8 B_tr, near its limit
    total = np.sum(zero_field(0.01)) + tabulated(4e8, 0.01)
    assert total * np.sqrt(4e8) == pytest.approx(-4.9737, rel=2e-3)


@pytest.mark.parametrize(
    ("gamma", "errors"), [(1e-3, (0.028, 0.05, 0.16)), (0.01, (0.11, 0.15, 0.32)), (0.05, (0.45, 0.48, 0.70))]
)
def test_how_wrong_one_digamma_is(gamma, errors):
    for b, error in zip((0.03, 0.1, 1.0), errors, strict=True):
        assert f(np.array([gamma / b]))[0] / tabulated(b, gamma) - 1 == pytest.approx(error, rel=0.06, abs=5e-4)


def test_table_against_the_sums():
    rng = np.random.default_rng(0)
    for _ in range(300):
        gamma = 10 ** rng.uniform(-8, 1)
        beta = gamma / (1 + gamma) * np.exp(rng.uniform(-4.9, 0)) if rng.random() < 0.3 else 10 ** rng.uniform(-8, 8)
        b = beta * (1 + gamma) ** 2
        if beta > np.exp(-4.9) * gamma / (1 + gamma):
            assert tabulated(b, gamma) == pytest.approx(change(b, gamma), rel=1e-8)


def test_below_the_table_it_goes_on_as_a_parabola():
    for gamma in (1e-4, 0.05, 2.0):
        b = np.exp(-5.5) * gamma * (1 + gamma)
        assert tabulated(b, gamma) == pytest.approx(change(b, gamma), rel=1e-7)
        assert tabulated(b / 100, gamma) / tabulated(b / 1000, gamma) == pytest.approx(100, rel=1e-7)


def test_dephasing_slower_than_in_the_table():
    for b in (1e-6, 1e-2, 1.0, 1e3):
        assert tabulated(b, 1e-9) == pytest.approx(change(b, 1e-9), rel=1e-7)
        assert tabulated(b, 1e-12) == pytest.approx(change(b, 1e-12), rel=1e-7)


def test_a_field_beyond_the_table_is_refused():
    with pytest.raises(ValueError, match="B_tr"):
        scaled_curve(np.array([0.0, 2 * HIGHEST]), 0.1)


def test_derivative_by_the_free_path_over_all_its_range():
    for free_path, l_phi in ((0.5, 3000.0), (30.0, 100.0), (500.0, 200.0), (5000.0, 1e5)):
        step = 1e-4 * free_path
        shifted = [MODEL.value(FIELD, l_phi, free_path + k * step) for k in (-2, -1, 1, 2)]
        difference = (8 * (shifted[2] - shifted[1]) - shifted[3] + shifted[0]) / (12 * step)
        derivative = MODEL.derivative(FIELD, l_phi, free_path)[:, 1]
        assert derivative == pytest.approx(difference, abs=1e-7 * np.abs(derivative).max())


@pytest.mark.parametrize(("free_path", "l_phi"), [(30.0, 150.0), (80.0, 400.0), (20.0, 90.0)])
def test_it_makes_l_phi_right(free_path, l_phi):
    rng = np.random.default_rng(1)
    truth = MODEL.value(FIELD, l_phi, free_path)
    curve = Curve(FIELD, truth + rng.normal(0, 1e-3, FIELD.size), np.full(FIELD.size, 1e-3))
    exact = fit(MODEL, curve, sample=Sample(mean_free_path_nm=free_path))
    assert pull(exact["l_phi_nm"], l_phi) < 3.5
    one_term = fit("hln", curve).values["l_phi_nm"]
    assert 0.05 < abs(one_term / l_phi - 1) < 0.7


def test_both_lengths_from_a_wide_sweep():
    rng = np.random.default_rng(2)
    field = np.linspace(0, 3, 301)
    curve = Curve(field, MODEL.value(field, 200.0, 40.0) + rng.normal(0, 1e-3, 301), np.full(301, 1e-3))
    result = fit(MODEL, curve, start={"mean_free_path_nm": 25.0})
    for name, true in (("l_phi_nm", 200.0), ("mean_free_path_nm", 40.0)):
        assert pull(result[name], true) < 3.5


def test_remarks():
    curve = Curve(FIELD, MODEL.value(FIELD, 100.0, 30.0))
    values = {"l_phi_nm": 100.0, "mean_free_path_nm": 30.0}
    assert "free_path_unknown" in {r.code for r in MODEL.validity(values, curve, Sample())}
    assert not MODEL.validity(values, curve, Sample(mean_free_path_nm=30.0))
    ballistic = {"l_phi_nm": 50.0, "mean_free_path_nm": 80.0}
    assert "short_l_phi" in {r.code for r in MODEL.validity(ballistic, curve, Sample(mean_free_path_nm=80.0))}


def test_live_speed():
    l_phi = np.sqrt(FIELD_NM2 / 0.005)
    noise = np.random.default_rng(3).normal(0, 1e-3, FIELD.size)
    curve = Curve(FIELD, MODEL.value(FIELD, l_phi, 30.0) + noise, np.full(FIELD.size, 1e-3))
    times = []
    for _ in range(7):
        start = time.perf_counter()
        fit(MODEL, curve)
        times.append(time.perf_counter() - start)
    assert min(times) < 10e-3
