import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.models.dirac import cos_theta, weights_and_rates
from analysis.sample import Sample
from analysis.special import cooperon

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FILE = FOLDER / "golden2d.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []
FIELD = np.linspace(-0.2, 0.2, 101)
NAMES = {"lu_shen_published": "massive_dirac_published", "lu_shen_rederived": "massive_dirac"}
both_forms = pytest.mark.parametrize("name", NAMES.values())


def length(field_T):
    return (FIELD_NM2 / field_T) ** 0.5


def F(field_T):
    return cooperon(FIELD, np.array([field_T]))[0][0]


@pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")
@pytest.mark.parametrize(("entry_name", "count"), [("lu_shen_published", 3), ("lu_shen_rederived", 2)])
def test_golden(entry_name, count):
    entries = [entry for entry in ENTRIES if entry["model"] == entry_name]
    assert len(entries) == count
    for entry in entries:
        p = {name: float(value) for name, value in entry["params"].items()}
        l_e = length(p["Btau"])
        l_gap = l_e * np.sqrt(1 / p["cosTheta"] ** 2 - 1)
        value = MODELS[NAMES[entry_name]].value(np.array([float(entry["B_T"])]), length(p["Bphi"]), l_gap, l_e)[0]
        # the small values are differences of terms 10^3 times larger
        assert value == pytest.approx(float(entry["value"]), rel=1e-12, abs=2e-15)


@both_forms
def test_without_a_gap_it_is_antilocalization(name):
    assert MODELS[name].value(FIELD, 300.0, 1e9, 1e-3) == pytest.approx(-F(length_field(300)) / 2, rel=1e-9)


def length_field(length_nm):
    return FIELD_NM2 / length_nm**2


@both_forms
def test_a_small_gap_only_adds_to_dephasing(name):
    # 1/tau_M = (2/tau) (M/E_F)^2 with D = v^2 tau: B_M = hbar/(4 e L_gap^2)
    value = MODELS[name].value(FIELD, 300.0, 250.0, 0.02)
    assert value == pytest.approx(-F(length_field(300) + length_field(250)) / 2, rel=1e-6)


@both_forms
def test_at_the_band_edge_it_is_one_spinless_band(name):
    value = MODELS[name].value(FIELD, 300.0, 1e-3, 20.0)
    assert value == pytest.approx(F(length_field(300)) / 2, rel=1e-6)


def test_the_two_forms_of_alpha_1_agree_at_both_ends_and_not_between():
    for c in (1e-6, 1 - 1e-9):
        assert weights_and_rates(c, True)[0] == pytest.approx(weights_and_rates(c, False)[0], abs=1e-9)
    small = 1e-2
    published, derived = (weights_and_rates(small, form)[0][0] for form in (True, False))
    assert published - derived == pytest.approx(-(small**2), rel=1e-2)
    assert weights_and_rates(0.3, True)[0][1:] == pytest.approx(weights_and_rates(0.3, False)[0][1:])


@pytest.mark.parametrize("published", [True, False])
def test_derivative_by_the_angle(published):
    for c in (0.05, 0.4, 0.9):
        derivative = weights_and_rates(c, published)[1]
        step = 1e-6
        high, low = (weights_and_rates(c + s, published)[0] for s in (step, -step))
        assert derivative == pytest.approx((high - low) / (2 * step), rel=1e-6)


def boxes_and_ladder(c, angles=48):
    """Return what `weights_and_rates` returns, from spinors (a, b exp(i phi)) on a ring of angles, in numbers only.

    The Cooperon from phi to phi' is a matrix of products <phi'|phi><phi'+pi|phi+pi>; its harmonics 1 and 0 are the two
    terms. Their weights are the box in which it turns a velocity round, and the two boxes with an impurity line more.
    """
    phi = 2 * np.pi * np.arange(angles) / angles
    spinors = np.array([np.full(angles, np.sqrt((1 + c) / 2)), np.sqrt((1 - c) / 2) * np.exp(1j * phi)])
    overlap = spinors.conj().T @ spinors  # [phi', phi]
    opposite = np.roll(np.arange(angles), -angles // 2)
    rate = (np.abs(overlap) ** 2).mean()
    along = np.cos(phi)  # of the velocity
    turned = (along[:, np.newaxis] * np.abs(overlap) ** 2 * along).mean() / rate / (along**2).mean()
    dressed_velocity = 1 / (1 - turned)
    kernel = overlap * overlap[np.ix_(opposite, opposite)] / rate / angles

    def closed(of):
        """int d xi of a product of G = 1/(i/2 - xi) and its conjugate, tau = 1, by xi = tan t."""
        return sum(
            unit * quad(lambda t, p=part: p(of(1 / (0.5j - np.tan(t)))) / np.cos(t) ** 2, -np.pi / 2, np.pi / 2)[0]
            for unit, part in ((1, np.real), (1j, np.imag))
        )

    bare = closed(lambda g: abs(g) ** 4).real
    line = (closed(lambda g: g**2 * np.conj(g)) ** 2).real / (2 * np.pi)
    numbers = []
    for j in (1, 0):
        wave = np.exp(-1j * j * phi)  # the Cooperon's harmonic from phi to phi': wave(phi') wave(phi)*
        box = bare * (along * along[opposite] * wave[opposite] * wave.conj()).mean().real
        # phi -> phi' + pi by the impurity, through the Cooperon to phi + pi, and by the impurity to phi'
        path = overlap[opposite].T * overlap[:, opposite].T / rate
        harmonic = np.outer(wave[opposite], wave[opposite].conj())
        box += 2 * line * (np.outer(along, along) * path * harmonic).mean().real

        def inverse(q, wave=wave):
            ladder = np.linalg.solve(np.eye(angles) - kernel / (1 + 1j * q * along), kernel)
            return angles / (wave.conj() @ ladder @ wave).real

        gap = inverse(0.0)
        stiffness = (inverse(1e-4) - gap) / 1e-8
        numbers.append((-(dressed_velocity**2) * box / bare / 2 / stiffness, gap / (2 * stiffness)))
    (alpha_1, rate_1), (alpha_0, rate_0) = numbers
    return np.array([alpha_1, alpha_0, rate_1, rate_0])


@pytest.mark.parametrize("c", [0.05, 0.3, 0.6, 0.9])
def test_derived_numbers_are_those_of_spinors_on_a_ring(c):
    exact = boxes_and_ladder(c)
    assert weights_and_rates(c, False)[0] == pytest.approx(exact, rel=1e-4)
    # the form that is remembered from the paper has another alpha_1, and nothing else
    assert abs(weights_and_rates(c, True)[0][0] / exact[0] - 1) > c**2 / 2


def test_sign_changes_as_the_gap_grows():
    values = [MODELS["massive_dirac"].value(FIELD, 300.0, l_gap, 20.0)[-1] for l_gap in (2000.0, 4.0)]
    assert values[0] < 0 < values[1]


@both_forms
def test_the_user_is_told_what_is_not_verified_and_what_is_assumed(name):
    model = MODELS[name]
    curve = Curve(FIELD, model.value(FIELD, 300.0, 60.0, 20.0))
    values = {"l_phi_nm": 300.0, "l_gap_nm": 60.0, "l_e_nm": 20.0}
    remarks = {remark.code: remark.message for remark in model.validity(values, curve, Sample())}
    published = name == "massive_dirac_published"
    said = remarks["unverified" if published else "alpha_1"]
    assert f"M/E_F = {cos_theta(60, 20):.3g}" in said
    assert "UNVERIFIED" in said
    assert "20 nm is assumed" in remarks["assumed"]
    assert ("UNVERIFIED" in model.title) == published
    assert "assumed" not in {r.code for r in model.validity(values, curve, Sample(mean_free_path_nm=56.6))}


def test_gap_from_a_curve_with_the_mean_free_path_known():
    l_e, truth = 80 / 8**0.5, (400.0, 70.0)
    dsigma = MODELS["massive_dirac"].value(FIELD, *truth, l_e) + np.random.default_rng(0).normal(0, 3e-4, FIELD.size)
    curve = Curve(FIELD, dsigma, np.full(FIELD.size, 3e-4))
    result = fit("massive_dirac", curve, sample=Sample(mean_free_path_nm=80.0))
    assert result.values["l_e_nm"] == pytest.approx(l_e)
    assert result["l_gap_nm"].value == pytest.approx(70, rel=0.05)
    assert result["l_phi_nm"].value == pytest.approx(400, rel=0.1)
    # the same curve with both prefactors free
    alpha = weights_and_rates(cos_theta(70.0, l_e), False)[0][:2]
    free = fit("two_channels", curve, start={"alpha_1": alpha[0], "alpha_2": alpha[1]})
    assert free.chi2 <= result.chi2
