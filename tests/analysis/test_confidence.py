"""What is said to be determined is, and what is not is not: over many simulated curves."""

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.least_squares import _inverse
from analysis.model import MODELS

FIELD = np.linspace(-0.1, 0.1, 201)


def fits(model, parameters, noise, count, **keywords):
    clean = MODELS[model].value(FIELD, *parameters)
    rng = np.random.default_rng(11)
    for _ in range(count):
        yield fit(model, Curve(FIELD, clean + rng.normal(0, noise, 201), np.full(201, noise)), **keywords)


def test_spin_orbit_length_beyond_reach_is_a_bound_and_l_phi_keeps_an_honest_error():
    """B_so = 0.01 B_phi: 1/L_phi^2 and 1/L_so^2 enter as one combination, physics-rest section 9.4."""
    inside = 0
    for result in fits("hln_full", (100.0, 1000.0, 1e-3), 5e-3, 25):
        l_so, l_phi = result["l_so_nm"], result["l_phi_nm"]
        assert not l_so.determined
        assert l_so.value is None
        assert l_so.error is None
        assert l_so.upper is None
        assert 150 < l_so.lower < 500
        assert l_phi.determined
        assert abs(l_phi.value - 100) < 3.5 * l_phi.error
        inside += abs(l_phi.value - 100) < l_phi.error
        assert "not_determined" in {remark.code for remark in result.remarks}
    assert inside >= 15


def test_spin_orbit_field_above_the_sweep_is_an_upper_bound():
    for result in fits("hln_full", (500.0, 20.0, 1e-3), 5e-3, 5):
        l_so = result["l_so_nm"]
        assert not l_so.determined
        assert l_so.lower is None
        assert 20 < l_so.upper < 40
        assert result["l_phi_nm"].value == pytest.approx(500, rel=0.02)


def test_prefactor_and_length_below_b_phi_are_one_number():
    """Only alpha L_phi^4 shows where B_max < B_phi."""
    for result in fits("hln", (1.0, 30.0), 1e-3, 5):
        assert not result["alpha"].determined
        assert result["alpha"].lower is None or result["alpha"].lower < 1
        curvature = result.values["alpha"] * result.values["l_phi_nm"] ** 4
        assert curvature == pytest.approx(30.0**4, rel=0.3)
        assert "field_range" in {remark.code for remark in result.remarks}


def test_length_is_determined_there_once_the_prefactor_is_fixed():
    for result in fits("hln", (1.0, 30.0), 1e-3, 5, fixed={"alpha": 1.0}):
        assert abs(result["l_phi_nm"].value - 30) < 4 * result["l_phi_nm"].error
        assert result["l_phi_nm"].error < 0.5


def test_noise_alone_determines_nothing():
    rng = np.random.default_rng(2)
    for _ in range(5):
        result = fit("hln", Curve(FIELD, rng.normal(0, 0.1, 201)))
        assert not result["l_phi_nm"].determined
        assert result["l_phi_nm"].value is None


def test_interval_of_a_bent_valley_follows_the_likelihood():
    """The ends of a profile interval lie where chi^2, the others refitted, has risen by one."""
    parameters = (1.0, 60.0)
    clean = MODELS["hln"].value(FIELD, *parameters)
    data = Curve(FIELD, clean + np.random.default_rng(4).normal(0, 5e-3, 201), np.full(201, 5e-3))
    result = fit("hln", data)
    estimate = result["l_phi_nm"]
    for end in (estimate.lower, estimate.upper):
        held = fit("hln", data, fixed={"l_phi_nm": end})
        assert held.chi2 - result.chi2 == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("zmax", [5, 20, 100])
def test_standard_errors_of_the_reference_table(zmax):
    """Identifiability table of physics-rest section 9.4: sd(ln L_phi) with alpha and the offset free."""
    expected = {5: 0.021, 20: 0.0062, 100: 0.0044}[zmax]
    l_phi = (FIELD_NM2 / (0.1 / zmax)) ** 0.5
    field = np.linspace(0, 0.1, 200)
    data = Curve(field, MODELS["hln"].value(field, 1.0, l_phi), np.full(200, 0.01))
    result = fit("hln", data)
    assert result.covariance[1, 1] ** 0.5 == pytest.approx(expected, rel=0.05)


def test_two_minima_as_good_as_each_other_are_both_covered():
    parameters = (71.43, 71.07, 117.8)
    field = np.linspace(-0.2, 0.2, 201)
    clean = MODELS["graphene_so"].value(field, *parameters)
    data = Curve(field, clean + np.random.default_rng(1).normal(0, 1e-4, 201), np.full(201, 1e-4))
    for name, truth in zip(("l_asy_nm", "l_sym_nm"), parameters[1:], strict=True):
        estimate = fit("graphene_so", data)[name]
        assert estimate.lower <= truth <= estimate.upper


def test_an_unknown_without_any_slope_has_a_huge_and_finite_variance():
    # a curvature of exactly nothing, as that of a channel whose prefactor is 0
    for normal in (np.diag([4.0, 0.0]), np.zeros((2, 2)), np.diag([4.0, 1e-310])):
        inverse = _inverse(normal)
        assert np.isfinite(inverse).all()
        assert inverse[1, 1] > 1e100


def test_both_prefactors_free_is_a_fit_without_a_warning():
    field = np.linspace(-0.2, 0.2, 101)
    for seed in range(4):
        noise = np.random.default_rng(seed).normal(0, 2e-2, 101)
        data = Curve(field, MODELS["two_channels"].value(field, 300.0, 200.0, -0.5, -0.5) + noise, np.full(101, 2e-2))
        result = fit("two_channels", data, start={"alpha_1": -0.4, "alpha_2": -0.4})
        assert np.isfinite(result.covariance).all()


def test_an_unknown_that_runs_to_its_end_along_a_loose_one_keeps_its_own_bound():
    # B_phi and 2 B_s add: while L_s is walked, L_phi runs away, where its covariance means nothing
    field = np.linspace(-0.1, 0.1, 101)
    clean = MODELS["hln_magnetic"].value(field, 500.0, 150.0, 300.0, 1e-3)
    data = Curve(field, clean + np.random.default_rng(0).normal(0, 1e-3, 101), np.full(101, 1e-3))
    result = fit("hln_magnetic", data, start={"l_s_nm": 200.0})
    assert result["l_phi_nm"].upper is None
    assert result["l_phi_nm"].lower == pytest.approx((1 / 500.0**2 + 2 / 300.0**2) ** -0.5, rel=0.05)
