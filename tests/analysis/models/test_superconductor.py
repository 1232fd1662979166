"""Films above Tc: golden values of the fluctuation terms, their limits, and what the models say."""

import json

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.constants import KB, E
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.models.superconductor import _near
from analysis.special import cooperon
from analysis.superconducting_fluctuations import aslamazov_larkin, larkin_beta
from tests.analysis.models.golden_rest import FOLDER

FILE = FOLDER / "golden2d.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []
golden = pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")


def entries(model):
    return [pytest.param(e, id=e["id"]) for e in ENTRIES if e["model"] == model]


@golden
@pytest.mark.parametrize("entry", entries("larkin_beta"))
def test_golden_beta(entry):
    assert larkin_beta(float(entry["params"]["ln_T_over_Tc"]))[0] == pytest.approx(float(entry["value"]), rel=1e-11)


@golden
@pytest.mark.parametrize("entry", entries("AL_times_eps"))
def test_golden_aslamazov_larkin(entry):
    field, b_eps = float(entry["B_T"] or 0), float(entry["params"]["Beps"])
    left = 1 / 16 if field == 0 else (1 - aslamazov_larkin(np.array([b_eps / field]))[0][0]) / 16
    assert left == pytest.approx(float(entry["value"]), rel=1e-12)


@golden
@pytest.mark.parametrize("entry", entries("MT_LdSA"))
def test_golden_maki_thompson_near_tc(entry):
    b_phi, b_eps, epsilon = (float(entry["params"][name]) for name in ("Bphi", "Beps", "eps"))
    field = np.array([float(entry["B_T"] or 0)])
    critical = 4.0
    diffusion = 1e4 * 2 * KB * critical * epsilon / (np.pi * E * b_eps)
    l_phi = np.sqrt(FIELD_NM2 / b_phi)
    # without localization and without Aslamazov-Larkin, and the term at B = 0 added
    whole = _near(field, l_phi, 1e9, critical * np.exp(epsilon), critical, diffusion)[0]
    localization = cooperon(field, np.array([b_phi]))[0][0]
    pairs = -(np.pi**2) / (8 * epsilon) * aslamazov_larkin(b_eps / np.maximum(field, 1e-40))[0]
    at_zero = np.pi**2 / 4 / (epsilon - epsilon * b_phi / b_eps) * np.log(b_eps / b_phi)
    assert (whole - localization - pairs + at_zero)[0] == pytest.approx(float(entry["value"]), rel=1e-9)


def test_limits_of_beta():
    assert larkin_beta(1e-3)[0] == pytest.approx(np.pi**2 / 4e-3, rel=2e-3)
    # the table of the reference, far from Tc
    assert larkin_beta(5.0)[0] == pytest.approx(0.0602153, rel=1e-5)
    step = 1e-5
    difference = (larkin_beta(0.2 + step)[0] - larkin_beta(0.2 - step)[0]) / (2 * step)
    assert larkin_beta(0.2)[1] == pytest.approx(difference, rel=1e-7)
    with pytest.raises(ValueError, match="above Tc"):
        larkin_beta(0.0)


def test_limits_of_aslamazov_larkin():
    small, large = np.array([1e-6]), np.array([1e6])
    assert aslamazov_larkin(small)[0] == pytest.approx(1, rel=1e-5)
    assert aslamazov_larkin(large)[0] == pytest.approx(1 / (8 * large**2), rel=1e-9)


def test_the_two_forms_of_maki_thompson_agree_near_tc_and_at_low_field():
    field = np.array([1e-3, 3e-3])
    epsilon = 1e-3
    parameters = (300.0, 100.0, 4 * np.exp(epsilon), 4.0, 1e-3)
    larkin = MODELS["superconductor"].value(field, *parameters)
    near = MODELS["superconductor_near"].value(field, *parameters)
    assert near == pytest.approx(larkin, rel=0.02)


def test_b_phi_may_meet_b_eps():
    epsilon = np.log(5 / 4)
    b_eps = 2e4 * KB * 4 * epsilon / (np.pi * E)
    field = np.array([0.1, 0.5])
    l_phi = np.sqrt(FIELD_NM2 / b_eps)
    values = [_near(field, l_phi * s, 100.0, 5.0, 4.0, 1.0)[0] for s in (0.999, 1.0, 1.001)]
    assert values[1] == pytest.approx((values[0] + values[2]) / 2, rel=1e-4)


def test_far_above_tc_it_is_a_normal_film():
    # beta = 0.01 at ln(T/Tc) = 12.6: it goes out as slowly as 1/ln^2
    field = np.array([0.01, 0.1])
    normal = MODELS["hln_full"].value(field, 200.0, 100.0, 1e-3)
    assert MODELS["superconductor"].value(field, 200.0, 100.0, 300.0, 1e-3, 1e-3) == pytest.approx(normal, rel=0.1)


def test_a_film_below_tc_is_refused_and_a_wrong_temperature_is_told():
    model = MODELS["superconductor"]
    field = np.linspace(-0.1, 0.1, 81)
    with pytest.raises(ValueError, match="not above Tc"):
        model.value(field, 200.0, 100.0, 3.9, 4.0, 1.0)
    dsigma = model.value(field, 200.0, 100.0, 6.0, 4.0, 2.0)
    fixed = {"temperature_K": 6.0, "critical_K": 4.0, "diffusion_cm2_per_s": 2.0}
    right = fit(model, Curve(field, dsigma, None, 6.0), fixed=fixed)
    assert right.values["l_phi_nm"] == pytest.approx(200, rel=1e-3)
    # the temperature of the sweep is taken, unless another one is insisted on
    measured = fit(model, Curve(field, dsigma, None, 6.0))
    assert measured["temperature_K"].value == 6.0
    assert "fluctuations_assumed" in {remark.code for remark in measured.remarks}
    wrong = fit(model, Curve(field, dsigma, None, 6.0), fixed={"temperature_K": 5.0})
    assert "temperature" in {remark.code for remark in wrong.remarks}
