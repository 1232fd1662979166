"""The closed form for one linear splitting: golden values, limits, minima, and what HLN makes of such a curve."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq, least_squares, minimize_scalar

from analysis.channels import FIELD_NM2
from analysis.constants import ELECTRON_MASS, HBAR, E
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.models.rashba import rashba_coefficient_eV_m, spin_precession_length_nm
from analysis.sample import Sample
from analysis.special import cooperon
from analysis.spin_precession import triplet

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FILE = FOLDER / "golden2d.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []
GOLDEN = [pytest.param(entry, id=entry["id"]) for entry in ENTRIES if entry["model"] == "ilp"]


def single(field_T, b_phi):
    return cooperon(np.asarray(field_T, dtype=float), np.array([b_phi]))[0][0]


def dsigma(field_T, b_phi, b_linear, b_cubic=0.0):
    field = np.asarray(field_T, dtype=float)
    return (triplet(field, b_phi, b_linear, b_cubic)[0] - single(field, b_phi)) / 2


def lengths(*fields_T):
    return [float(np.sqrt(FIELD_NM2 / field)) for field in fields_T]


def at_zero(b_phi, b_so, b_linear, b_tr):
    """Section 4a's limit, by the roots of its quadratic."""
    q = b_phi + b_so
    roots = np.roots(np.array([1, b_so - 4 * b_linear, 4 * b_linear * q], dtype=complex))
    weights = 1 if b_linear == 0 else (2 * roots + b_so) / (2 * roots + b_so - 4 * b_linear)
    return float((np.log(q) + (weights * np.log(q - roots)).sum().real - np.log(b_phi) - 2 * np.log(b_tr)) / 2)


@pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")
@pytest.mark.parametrize("entry", GOLDEN)
def test_golden_values(entry):
    p = {name: float(value) for name, value in entry["params"].items()}
    cubic = p["Bso"] - p["Bsop"]
    value = dsigma([float(entry["B_T"])], p["Bphi"], p["Bsop"], cubic)[0]
    if entry["quantity"] == "sigma_abs":
        value += at_zero(p["Bphi"], p["Bso"], p["Bsop"], p["Btr"])
    assert value == pytest.approx(float(entry["value"]), rel=entry["rel_tol"], abs=2e-15)


def test_the_models_take_lengths():
    field = np.array([0.001, 0.05, -0.3])
    value = MODELS["rashba"].value(field, *lengths(0.01, 0.03))
    assert value == pytest.approx(dsigma(abs(field), 0.01, 0.03), rel=1e-13)
    value = MODELS["rashba_cubic"].value(field, *lengths(0.01, 0.03, 0.02))
    assert value == pytest.approx(dsigma(abs(field), 0.01, 0.03, 0.02), rel=1e-13)


def by_series(field, b_phi, b_linear, b_cubic, terms):
    """The plain sum of section 4a, which converges like 1/terms; extrapolated from N and 2 N."""
    b, s, p = b_phi / field, (b_linear + b_cubic) / field, b_linear / field
    n = np.arange(1, 2 * terms + 1)
    a = n + 0.5 + b + s
    level = (3 * a**2 + 2 * a * s - 1 - 2 * (2 * n + 1) * p) / (
        (a + s) * (a - 1) * (a + 1) - 2 * p * ((2 * n + 1) * a - 1)
    )
    sums = np.cumsum(3 / n - level)[[terms - 1, 2 * terms - 1]]
    total = 2 * sums[1] - sums[0]
    a0 = 0.5 + b + s
    lowest = 1 / a0 + (2 * a0 + 1 + s) / ((a0 + 1) * (a0 + s) - 2 * p)
    psi = single([field], b_phi)[0] + np.log(b)
    absolute = -(lowest - total + psi + 3 * np.euler_gamma - 2 * np.log(field)) / 2
    return absolute - at_zero(b_phi, b_linear + b_cubic, b_linear, 1.0)


@pytest.mark.parametrize("fields", [(1.0, 3.0, 0.0), (0.1, 0.4, 0.9), (0.02, 1e-3, 1.0), (0.3, 40.0, 2.0)])
def test_against_the_plain_sum(fields):
    for field in (0.3, 1.0, 5.0, 40.0):
        assert dsigma([field], *fields)[0] == pytest.approx(by_series(field, *fields, 200_000), abs=1e-7)


def test_no_splitting_is_weak_localization():
    field = np.geomspace(1e-6, 100, 40)
    assert dsigma(field, 0.01, 0.0) == pytest.approx(single(field, 0.01), rel=1e-13)


def test_cubic_splitting_alone_is_hln_without_precession():
    field = np.geomspace(1e-4, 100, 40)
    expected = single(field, 0.03) + single(field, 0.05) / 2 - single(field, 0.01) / 2
    assert dsigma(field, 0.01, 0.0, 0.02) == pytest.approx(expected, rel=1e-12, abs=2e-14)


def test_strong_splitting_leaves_the_singlet():
    field = np.array([1e-3, 1e-2, 0.1])
    assert dsigma(field, 0.01, 1e5) == pytest.approx(-single(field, 0.01) / 2, abs=1e-10)


def test_sums_hold_where_roots_of_the_cubic_meet():
    # a weak linear splitting and B = B_so: two of the three roots are one
    field = np.linspace(0.0099, 0.0101, 201)
    for b_linear in (0.0, 1e-14, 1e-9, 1e-5):
        value = dsigma(field, 1e-3, b_linear, 0.01 - b_linear)
        assert np.abs(np.diff(value, 4)).max() < 2e-14
    # roots that meet at zero field: (S - 4 P)^2 = 16 P q
    b_cubic = 11 + np.sqrt(121 + 7 + 16 * 0.05)
    tiny, small = dsigma([1e-6, 1e-3], 0.05, 1.0, b_cubic)
    assert tiny == pytest.approx(1e-6 * small, rel=1e-2)


def test_the_two_ways_of_summing_agree_where_they_meet():
    for fields in ((1.0, 3.0, 0.0), (0.001, 1.0, 0.0), (0.01, 0.1, 0.9), (1.0, 1e-3, 1e-3)):
        edge = sum(fields) / 16
        low, high = triplet(np.array([edge, edge * (1 + 1e-15)]), *fields)[0], triplet(np.array([edge * 1.01]), *fields)
        assert low[0] == pytest.approx(low[1], rel=1e-11)
        assert np.isfinite(high[0]).all()


def test_parabola_far_below_the_dephasing_field():
    small = dsigma(np.array([1e-12, 1e-9, 1e-6, 1e-5]), 0.01, 0.03, 0.002)
    assert small[1:] / small[0] == pytest.approx([1e6, 1e12, 1e14], rel=1e-5)


def test_curvature_changes_sign_at_1p3455():
    def curvature(ratio):
        return dsigma([1e-5], 1.0, ratio)[0] * 1e10

    assert brentq(curvature, 1.0, 2.0, xtol=1e-6) == pytest.approx(1.3455, abs=5e-5)
    # a weak precession is a gauge: it shows in second order only
    assert curvature(1e-3) * 24 == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("ratio", "where", "depth"),
    [(2, 1.52, -0.0074), (5, 5.42, -0.1139), (10, 11.44, -0.2938), (30, 35.2, -0.711), (100, 118, -1.262)],
)
def test_minima_of_the_table(ratio, where, depth):
    lowest = minimize_scalar(lambda b: dsigma([b], 1.0, ratio)[0], bounds=(where / 2, 2 * where), method="bounded")
    assert lowest.x == pytest.approx(where, rel=4e-3)
    assert lowest.fun == pytest.approx(depth, abs=6e-5 if depth > -0.5 else 6e-4)


def test_no_minimum_below_the_sign_change():
    assert (dsigma(np.geomspace(0.01, 100, 200), 1.0, 1.0) > 0).all()


@pytest.mark.parametrize(("b_so", "fitted_so", "fitted_phi"), [(3, 0.70, 0.53), (10, 2.27, 0.64), (50, 12.9, 0.81)])
def test_hln_is_no_substitute(b_so, fitted_so, fitted_phi):
    # the table of section 4 does not say on which fields: those that give its residuals, 4 to 8 % of the range
    field = np.geomspace(0.1, 3 * b_so, 100)
    exact = dsigma(field, 1.0, b_so)

    def residuals(logarithms):
        phi, so = np.exp(logarithms)
        return single(field, phi + so) + single(field, phi + 2 * so) / 2 - single(field, phi) / 2 - exact

    found = least_squares(residuals, np.log([fitted_phi, fitted_so]), x_scale="jac")
    phi, so = np.exp(found.x)
    assert so == pytest.approx(fitted_so, rel=0.05)
    assert phi == pytest.approx(fitted_phi, rel=0.05)
    assert 0.035 < np.sqrt(np.mean(found.fun**2)) / np.ptp(exact) < 0.085


def test_coefficient_and_precession_length():
    # B_so' = m^2 alpha^2/(e hbar^3): 28.340 mT for 0.05 m_e and 1e-11 eV m
    length = lengths(0.028340)[0]
    assert rashba_coefficient_eV_m(length, 0.05) == pytest.approx(1e-11, rel=2e-5)
    alpha = rashba_coefficient_eV_m(250.0, 0.07) * E
    b_so = (0.07 * ELECTRON_MASS * alpha) ** 2 / (E * HBAR**3)
    assert lengths(b_so)[0] == pytest.approx(250.0, rel=1e-12)
    # the two spin states differ by 2 m alpha/hbar^2 in wave number
    turn = 2 * 0.07 * ELECTRON_MASS * alpha / HBAR**2 * spin_precession_length_nm(250.0) * 1e-9
    assert turn == pytest.approx(np.pi, rel=1e-12)
    for wrong in ((0.0, 0.05), (250.0, -1.0), (np.nan, 0.05)):
        with pytest.raises(ValueError, match="must both be positive"):
            rashba_coefficient_eV_m(*wrong)


def test_the_checks_speak_of_precession_and_of_the_minimum():
    field = np.linspace(-0.02, 0.02, 81)
    model = MODELS["rashba"]
    curve = Curve(field, model.value(field, *lengths(1e-3, 0.05)))
    values = dict(zip(model.names, lengths(1e-3, 0.05), strict=True))
    codes = {remark.code for remark in model.validity(values, curve, Sample(mean_free_path_nm=30.0))}
    assert {"strong_precession", "minimum_not_seen"} <= codes
    fine = Curve(np.linspace(-0.2, 0.2, 801), np.zeros(801))
    assert not model.validity(values, fine, Sample(mean_free_path_nm=3.0))


def test_a_curve_without_spin_splitting_gives_a_bound():
    field = np.linspace(-0.2, 0.2, 101)
    noise = np.random.default_rng(0).normal(0, 1e-3, field.size)
    result = fit("rashba", Curve(field, single(abs(field), 0.01) + noise, np.full(field.size, 1e-3)))
    assert not result["l_rashba_nm"].determined
    assert result["l_phi_nm"].value == pytest.approx(lengths(0.01)[0], rel=0.05)


def test_two_linear_terms_taken_for_one_give_the_wrong_number_of_the_reference():
    # section 4b: -2.9225 from this form with p = B_R + B_D, where the film that has both has -3.4547
    value = dsigma([0.5], 0.1, 1.2, 0.05)[0] + at_zero(0.1, 1.25, 1.2, 10.0)
    assert value == pytest.approx(-2.9225, abs=5e-5)
