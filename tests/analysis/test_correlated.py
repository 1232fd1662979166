import numpy as np
import pytest

from analysis.correlated import centred_fit, correlated_fit
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS

FIELD = np.linspace(-0.1, 0.1, 101)
L_PHI, NOISE = 300.0, 5e-3


def film(alpha=1.0):
    return MODELS["hln"].value(FIELD, alpha, L_PHI)


def test_a_diagonal_covariance_is_the_fit_with_error_bars():
    rng = np.random.default_rng(2)
    error = np.where(FIELD > 0, 2e-3, 2e-2)
    data = Curve(FIELD, film(-0.5) + 0.2 + rng.normal(0, error), error)
    for offset in (True, False):
        plain = fit("hln", data, offset=offset)
        general = correlated_fit(plain, data, np.diag(error**2))
        for name in plain.free:
            assert general[name].value == pytest.approx(plain[name].value, rel=1e-5)
            assert general[name].error == pytest.approx(plain[name].error, rel=1e-3)
        assert general.offset == pytest.approx(plain.offset, abs=1e-5)
        assert general.offset_error == pytest.approx(plain.offset_error, rel=1e-3)
        assert general.chi2 == pytest.approx(plain.chi2, rel=1e-8)
        assert general.covariance == pytest.approx(plain.covariance, rel=1e-3)


def test_generalized_least_squares_on_a_linear_model_is_aitkens():
    """alpha and the offset are linear: the closed formula (X^T C^-1 X)^-1 X^T C^-1 y must come out."""
    rng = np.random.default_rng(4)
    covariance = NOISE**2 * np.eye(FIELD.size) + 0.03**2 * 2.0 ** -(((FIELD[:, np.newaxis] - FIELD) / 4e-3) ** 2)
    data = Curve(FIELD, 0.7 * film() + 0.1 + np.linalg.cholesky(covariance) @ rng.normal(size=FIELD.size))
    fitted = fit("hln", data, fixed={"l_phi_nm": L_PHI})
    result = correlated_fit(fitted, data, covariance)
    x = np.stack([film(), np.ones(FIELD.size)], axis=1)
    inverse = np.linalg.inv(x.T @ np.linalg.solve(covariance, x))
    best = inverse @ x.T @ np.linalg.solve(covariance, data.dsigma)
    assert result["alpha"].value == pytest.approx(best[0], rel=1e-6)
    assert result.offset == pytest.approx(best[1], rel=1e-6)
    assert result.standard_error("alpha") == pytest.approx(inverse[0, 0] ** 0.5, rel=1e-6)
    assert result.offset_error == pytest.approx(inverse[1, 1] ** 0.5, rel=1e-6)
    assert result["l_phi_nm"].fixed


def test_covariances_that_are_none_are_refused():
    data = Curve(FIELD, film() + np.random.default_rng(0).normal(0, NOISE, FIELD.size), np.full(FIELD.size, NOISE))
    fitted = fit("hln", data)
    with pytest.raises(ValueError, match="not positive definite"):
        correlated_fit(fitted, data, np.ones((101, 101)))
    with pytest.raises(ValueError, match=r"shape \(3, 3\) for 101 points"):
        correlated_fit(fitted, data, np.eye(3))


@pytest.mark.parametrize("model", ["hln_full", "ballistic", "film_crossover_so", "wire_so"])
def test_any_model_can_be_fitted_with_a_covariance(model):
    """Models with a second minimum, with known parameters and with parameters that go along with each other."""
    declared = MODELS[model]
    values = {"l_phi_nm": 300.0, "l_so_nm": 120.0, "l_e_nm": 1e-3, "mean_free_path_nm": 30.0}
    values |= {"thickness_nm": 100.0, "width_nm": 50.0}
    clean = declared.value(FIELD, *(values[name] for name in declared.names))
    covariance = 4e-6 * (np.eye(FIELD.size) + 2.0 ** -(((FIELD[:, np.newaxis] - FIELD) / 4e-3) ** 2))
    noise = np.linalg.cholesky(covariance) @ np.random.default_rng(1).normal(size=FIELD.size)
    data = Curve(FIELD, clean + noise + 0.3, np.full(FIELD.size, 8e-6**0.5))
    plain = fit(model, data)
    result = correlated_fit(plain, data, covariance)
    assert result.free == plain.free
    assert result.chi2_reduced == pytest.approx(1, abs=0.6)
    assert abs(result["l_phi_nm"].value - 300) < 4 * result["l_phi_nm"].error
    assert result.offset == pytest.approx(0.3, abs=5 * result.offset_error)
    assert result.evaluate(FIELD) == pytest.approx(clean, abs=0.02)


@pytest.mark.parametrize(("scale", "unit"), [(1.0, False), (300.0, True)])
def test_the_unit_of_the_curve_is_judged_before_it_is_whitened(scale, unit):
    """In standard errors a good curve spans hundreds; only what was wrong before is wrong."""
    error = np.full(FIELD.size, 1e-3 * scale)
    data = Curve(FIELD, scale * film() + np.random.default_rng(0).normal(0, error), error)
    plain = fit("hln", data, fixed={"alpha": scale})
    codes = {remark.code for remark in correlated_fit(plain, data, np.diag(error**2)).remarks}
    assert np.ptp(data.dsigma / error) > 100
    assert ("conductance_unit" in codes) == unit


def test_a_wrong_zero_field_is_found_again():
    error = np.full(FIELD.size, NOISE)
    data = Curve(FIELD + 1.5e-3, film(-0.5) + np.random.default_rng(0).normal(0, error), error)
    plain = fit("hln", data)
    result, centre_T = centred_fit(plain, data, np.diag(error**2), 2e-3)
    assert centre_T == pytest.approx(1.5e-3, abs=1e-4)
    assert result.chi2 < plain.chi2 - 100
    assert abs(result["l_phi_nm"].value - L_PHI) < 3 * result["l_phi_nm"].error
    assert result.free == plain.free
    assert result.parameters_free == plain.parameters_free
