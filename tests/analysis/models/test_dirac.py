import json
import os
from pathlib import Path

import numpy as np
import pytest

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


def test_sign_changes_as_the_gap_grows():
    values = [MODELS["massive_dirac"].value(FIELD, 300.0, l_gap, 20.0)[-1] for l_gap in (2000.0, 4.0)]
    assert values[0] < 0 < values[1]


@both_forms
def test_the_user_is_told_what_is_not_verified_and_what_is_assumed(name):
    model = MODELS[name]
    curve = Curve(FIELD, model.value(FIELD, 300.0, 60.0, 20.0))
    values = {"l_phi_nm": 300.0, "l_gap_nm": 60.0, "l_e_nm": 20.0}
    remarks = {remark.code: remark.message for remark in model.validity(values, curve, Sample())}
    assert f"M/E_F = {cos_theta(60, 20):.3g}" in remarks["unverified"]
    assert "20 nm is assumed" in remarks["assumed"]
    assert "UNVERIFIED" in model.title
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
