import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.special import digamma

from analysis.channels import FIELD_NM2
from analysis.constants import G0
from analysis.curve import Curve
from analysis.fit import fit, joint_fit
from analysis.model import MODELS
from analysis.sample import Sample

FIELD = np.linspace(-0.1, 0.1, 200)


def curve(model, *parameters, noise=5e-3, errors=True, seed=0, field=FIELD, offset=0.0, temperature_K=None):
    rng = np.random.default_rng(seed)
    dsigma = MODELS[model].value(field, *parameters) + offset + rng.normal(0, noise, field.size)
    return Curve(field, dsigma, np.full(field.size, noise) if errors else None, temperature_K)


def one_term(field, alpha, ln_l, offset):
    x = FIELD_NM2 / np.exp(2 * ln_l) / np.abs(field)
    return alpha * (digamma(0.5 + x) - np.log(x)) + offset


@pytest.mark.parametrize("errors", [True, False])
def test_same_answer_as_scipy(errors):
    data = curve("hln", -0.5, 300.0, errors=errors, offset=0.3)
    best, covariance = curve_fit(
        one_term, FIELD, data.dsigma, p0=(-0.4, np.log(250), 0.2), sigma=data.error, absolute_sigma=errors
    )
    result = fit("hln", data)
    assert result["alpha"].value == pytest.approx(best[0], rel=1e-6)
    assert result["l_phi_nm"].value == pytest.approx(np.exp(best[1]), rel=1e-6)
    assert result.offset == pytest.approx(best[2], rel=1e-5)
    assert result.covariance == pytest.approx(covariance[:2, :2], rel=1e-4)
    assert result.offset_error == pytest.approx(covariance[2, 2] ** 0.5, rel=1e-4)
    assert result["l_phi_nm"].error == pytest.approx(np.exp(best[1]) * covariance[1, 1] ** 0.5, rel=0.01)
    assert result.free == ("alpha", "l_phi_nm")
    assert result.points == 200
    assert result.parameters_free == 3
    assert result.chi2_reduced == pytest.approx(result.chi2 / 197)
    assert result.window_T == (-0.1, 0.1)


def test_uneven_errors_are_weights():
    error = np.where(FIELD > 0, 1e-3, 1e-1)
    rng = np.random.default_rng(3)
    data = Curve(FIELD, one_term(FIELD, 1.0, np.log(200), 0.1) + rng.normal(0, error), error)
    best, covariance = curve_fit(one_term, FIELD, data.dsigma, p0=(1, 5, 0), sigma=error, absolute_sigma=True)
    result = fit("hln", data)
    assert result["l_phi_nm"].value == pytest.approx(np.exp(best[1]), rel=1e-6)
    assert result.covariance == pytest.approx(covariance[:2, :2], rel=1e-4)


def test_units_of_order_one_avoid_the_trap_of_siemens_and_metres():
    """A bounded scipy fit given siemens and metres stops on its absolute tolerance and calls that success."""
    data = curve("hln", -0.5, 300.5, noise=1e-3)
    start = {"alpha": -1.0, "l_phi_nm": 100.0}

    def siemens(field, alpha, length_m):
        return G0 * one_term(field, alpha, np.log(1e9 * length_m), 0)

    trapped, _ = curve_fit(siemens, FIELD, G0 * data.dsigma, p0=(-1, 100e-9), bounds=([-2, 1e-9], [2, 1e-5]))
    assert abs(trapped[1] - 300.5e-9) > 5e-9
    for offset in (True, False):
        assert fit("hln", data, start=start, offset=offset)["l_phi_nm"].value == pytest.approx(300.5, rel=3e-3)


@pytest.mark.parametrize("l_phi", [10.0, 50.0, 1000.0, 2e4])
def test_any_start_leads_to_the_same_minimum(l_phi):
    data = curve("hln", -0.5, 300.0)
    result = fit("hln", data, start={"alpha": -1.0, "l_phi_nm": l_phi})
    assert result["l_phi_nm"].value == pytest.approx(fit("hln", data)["l_phi_nm"].value, rel=1e-6)


def test_same_input_same_bits():
    data = curve("hln_full", 400.0, 150.0, 1e-3)
    first, second = fit("hln_full", data), fit("hln_full", Curve(data.field_T.copy(), data.dsigma.copy(), data.error))
    assert first.estimates == second.estimates
    assert first.covariance.tobytes() == second.covariance.tobytes()
    assert (first.chi2, first.offset, first.aicc) == (second.chi2, second.offset, second.aicc)


def test_order_of_points_and_sign_of_field_do_not_matter():
    data = curve("hln", 1.0, 200.0)
    order = np.random.default_rng(1).permutation(FIELD.size)
    shuffled = fit("hln", Curve(-data.field_T[order], data.dsigma[order], data.error))
    assert shuffled["l_phi_nm"].value == pytest.approx(fit("hln", data)["l_phi_nm"].value, rel=1e-9)


def test_noiseless_data_give_the_truth():
    data = Curve(FIELD, MODELS["hln_full"].value(FIELD, 400.0, 150.0, 1e-3))
    result = fit("hln_full", data)
    assert result["l_phi_nm"].value == pytest.approx(400.0, rel=1e-9)
    assert result["l_so_nm"].value == pytest.approx(150.0, rel=1e-9)


def test_window_and_fixed_parameters():
    data = curve("hln", 1.0, 200.0)
    result = fit("hln", data, window_T=0.05, fixed={"alpha": 1.0})
    assert result.window_T[1] <= 0.05
    assert result.free == ("l_phi_nm",)
    alpha = result["alpha"]
    assert (alpha.value, alpha.error, alpha.determined, alpha.fixed) == (1.0, None, True, True)
    assert result["l_phi_nm"].value == pytest.approx(200, rel=0.02)
    assert result.evaluate(np.array([0.0]))[0] == 0.0


def test_known_length_comes_from_the_sample_unless_it_is_fitted():
    sample = Sample(mean_free_path_nm=20.0)
    data = curve("hln_full", 400.0, 150.0, 20 / 2**0.5, noise=1e-3)
    held = fit("hln_full", data, sample=sample)
    assert held["l_e_nm"].fixed
    assert held["l_e_nm"].value == pytest.approx(14.14, rel=1e-3)
    assert held["l_so_nm"].value == pytest.approx(150, rel=0.01)
    fitted = fit("hln_full", data, start={"l_e_nm": 10.0})
    assert not fitted["l_e_nm"].fixed


BAD = {
    "two points": (Curve(np.array([0.0, 0.1]), np.array([0.0, 0.1])), "2 points for 3 unknowns"),
    "all equal": (Curve(FIELD, np.full(200, 0.1)), "all 200 values are equal"),
    "no field range": (Curve(np.full(200, 0.1), FIELD), "less than three different"),
    "magnet stuck at two fields": (Curve(np.tile([0.1, 0.2], 100), FIELD), "less than three different"),
}


@pytest.mark.parametrize("name", BAD)
def test_nothing_to_fit_is_said_in_one_line(name):
    data, words = BAD[name]
    with pytest.raises(ValueError, match=words):
        fit("hln", data)


@pytest.mark.parametrize("values", [[0.0, np.nan, 1.0], [0.0, np.inf, 1.0]])
def test_values_that_are_not_numbers_never_reach_a_fit(values):
    with pytest.raises(ValueError, match="not usable"):
        Curve(np.arange(3.0), np.array(values))
    with pytest.raises(ValueError, match="error has 1 values"):
        Curve(np.arange(3.0), np.arange(3.0), np.array([1.0, 0.0, 1.0]))


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"fixed": {"l_so_nm": 3.0}}, "no parameter 'l_so_nm'"),
        ({"fixed": {"l_phi_nm": -3.0}}, "give a positive number"),
        ({"fixed": {"alpha": np.nan}}, "give a number"),
        ({"fixed": {"alpha": 1.0, "l_phi_nm": 3.0}}, "nothing is left to fit"),
        ({"window_T": 1e-6}, "0 points for 3 unknowns"),
    ],
)
def test_impossible_requests_are_refused(keywords, words):
    with pytest.raises(ValueError, match=words):
        fit("hln", curve("hln", 1.0, 200.0), **keywords)


def test_unknown_model_is_refused():
    with pytest.raises(ValueError, match="no model 'nlh'; there are"):
        fit("nlh", curve("hln", 1.0, 200.0))


def test_one_sign_of_the_field_is_enough_for_an_even_curve():
    data = curve("hln", 1.0, 200.0, field=np.linspace(0, 0.1, 100))
    assert fit("hln", data)["l_phi_nm"].value == pytest.approx(200, rel=0.03)


def test_wrong_error_bars_are_remarked():
    data = curve("hln", 1.0, 200.0)
    result = fit("hln", Curve(data.field_T, data.dsigma, data.error / 5))
    assert "misfit" in {remark.code for remark in result.remarks}
    assert result.chi2_reduced == pytest.approx(25, rel=0.3)


# --- joint fits ---------------------------------------------------------------------------------------------------

L_PHI = (900.0, 600.0, 400.0, 250.0, 150.0, 90.0)


def series(noise=5e-3, errors=True):
    return [
        curve("hln_full", l_phi, 220.0, 1e-3, noise=noise, seed=i, errors=errors, temperature_K=1.5 * 2**i)
        for i, l_phi in enumerate(L_PHI)
    ]


def test_joint_fit_shares_the_spin_orbit_length():
    joint = joint_fit("hln_full", series())
    assert abs(joint["l_so_nm"].value - 220.0) < 3 * joint["l_so_nm"].error
    for l_phi, result in zip(L_PHI, joint.results, strict=True):
        assert result["l_so_nm"] == joint["l_so_nm"]
        assert abs(result["l_phi_nm"].value - l_phi) < 3.5 * result["l_phi_nm"].error
    assert joint.free == ("l_so_nm", *(f"l_phi_nm[{i}]" for i in range(6)))
    assert joint.parameters_free == 13
    assert joint.points == 1200
    assert joint.chi2 == pytest.approx(sum(result.chi2 for result in joint.results))
    assert joint.chi2_reduced == pytest.approx(1, abs=0.2)


def test_joint_fit_determines_what_a_hot_curve_alone_cannot():
    curves = series()
    alone = fit("hln_full", curves[-1])
    assert not alone["l_so_nm"].determined
    together = joint_fit("hln_full", curves).results[-1]
    assert together["l_so_nm"].determined
    assert together["l_phi_nm"].error < alone["l_phi_nm"].error


def test_joint_fit_of_one_curve_is_the_fit():
    data = series()[1]
    joint, alone = joint_fit("hln_full", [data]), fit("hln_full", data)
    assert joint.results[0].estimates == alone.estimates


def test_joint_fit_with_nothing_shared_is_the_fits_one_by_one():
    curves = series()[:3]
    joint = joint_fit("hln_full", curves, shared=())
    for data, result in zip(curves, joint.results, strict=True):
        alone = fit("hln_full", data)
        assert result["l_so_nm"].value == pytest.approx(alone["l_so_nm"].value, rel=1e-5)
        assert result["l_phi_nm"].error == pytest.approx(alone["l_phi_nm"].error, rel=0.02)


def test_joint_fit_holds_a_parameter_of_one_curve():
    joint = joint_fit("hln_full", series()[:2], per_curve_fixed=[{"l_phi_nm": 900.0}, {}])
    assert joint.results[0]["l_phi_nm"].fixed
    assert joint.free == ("l_so_nm", "l_phi_nm[1]")


def test_joint_requests_that_contradict_themselves_are_refused():
    curves = series()[:2]
    with pytest.raises(ValueError, match="1 of 2 curves have error bars"):
        joint_fit("hln_full", [curves[0], Curve(curves[1].field_T, curves[1].dsigma)])
    with pytest.raises(ValueError, match="l_so_nm is shared, but held for some"):
        joint_fit("hln_full", curves, per_curve_fixed=[{"l_so_nm": 200.0}, {}])
    with pytest.raises(ValueError, match="per_curve_fixed has 1 entries for 2 curves"):
        joint_fit("hln_full", curves, per_curve_fixed=[{}])
    with pytest.raises(ValueError, match="no curve given"):
        joint_fit("hln_full", [])


def test_a_fit_that_misses_the_curve_gives_no_bound():
    """What the model denies the curve cannot bound: graphene's turns, taken for a metal film's."""
    field = np.linspace(-0.1, 0.1, 201)
    clean = MODELS["graphene_mono"].value(field, 500.0, 200.0, 100.0)
    data = Curve(field, clean + np.random.default_rng(0).normal(0, 1e-3, 201), np.full(201, 1e-3))
    fitted = fit("hln_full", data)
    assert "misfit" in {remark.code for remark in fitted.remarks}
    for name in fitted.free:
        estimate = fitted[name]
        assert estimate.determined or estimate.lower is None and estimate.upper is None
