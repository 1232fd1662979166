"""Hikami, Larkin, Nagaoka with magnetic scattering and by components: limits, reductions, and what cannot be told."""

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.sample import Sample
from analysis.special import cooperon

FIELD = np.linspace(-0.1, 0.1, 101)
OUT = 1e6  # nm: left out
NO_ELASTIC = 1e-3


def lengths(*fields_T):
    return np.sqrt(FIELD_NM2 / np.array(fields_T))


def F(field_T):
    return cooperon(FIELD, np.array([field_T]))[0][0]


def measured(model, *parameters, noise=1e-3, seed=0, field=FIELD):
    clean = MODELS[model].value(field, *parameters)
    return Curve(field, clean + np.random.default_rng(seed).normal(0, noise, field.size), np.full(field.size, noise))


def test_without_magnetic_scattering_it_is_the_full_formula():
    magnetic = MODELS["hln_magnetic"].value(FIELD, 400.0, 150.0, OUT, 20.0)
    assert magnetic == pytest.approx(MODELS["hln_full"].value(FIELD, 400.0, 150.0, 20.0), rel=1e-6, abs=1e-8)


def test_unitary_limit_is_a_parabola_without_a_logarithm():
    # B_s >> B: what is left is 3/2 (2/3)^-2 - 1/2 (2)^-2 over 24 B_s^2, and it goes to 0 with 1/B_s^2
    b_s = 50.0
    value = MODELS["hln_magnetic"].value(FIELD, *lengths(1e-4, 1e-9), *lengths(b_s), NO_ELASTIC)
    parabola = (FIELD / b_s) ** 2 / 24 * (1.5 * 9 / 4 - 0.5 / 4)
    assert value == pytest.approx(parabola, rel=1e-4, abs=1e-12)
    assert np.abs(value).max() < 1e-6


def test_unitary_film_is_called_unitary_or_not_at_all():
    data = measured("hln_magnetic", 500.0, 300.0, 10.0, NO_ELASTIC)
    result = fit("hln", data)
    assert result["alpha"].value is None or abs(result["alpha"].value) < 4 * result["alpha"].error


@pytest.mark.parametrize("model", ["hln_dp", "hln_full", "hln_magnetic"])
def test_weak_and_strong_spin_orbit_scattering(model):
    magnetic = (OUT,) if model == "hln_magnetic" else ()
    weak = MODELS[model].value(FIELD, *lengths(1e-3), OUT, *magnetic, NO_ELASTIC)
    assert weak == pytest.approx(F(1e-3), rel=1e-4)
    strong = MODELS[model].value(FIELD, *lengths(1e-3, 1e5), *magnetic, NO_ELASTIC)
    assert strong == pytest.approx(-F(1e-3) / 2, rel=1e-4, abs=1e-9)


def test_components_reduce_to_both_common_forms():
    b_phi, b_so, b_s, b_e = 1e-3, 8e-3, 2e-3, 3.0
    third = lengths(b_phi, b_so / 3, b_so / 3, b_s / 3, b_s / 3, b_e)
    iso = MODELS["hln_magnetic"].value(FIELD, *lengths(b_phi, b_so, b_s, b_e))
    assert MODELS["hln_general"].value(FIELD, *third) == pytest.approx(iso, rel=1e-12, abs=1e-15)
    plane = (*lengths(b_phi, b_so / 2), 1e20, OUT * 1e9, OUT * 1e9, *lengths(b_e))
    dp = MODELS["hln_dp"].value(FIELD, *lengths(b_phi, b_so, b_e))
    assert MODELS["hln_general"].value(FIELD, *plane) == pytest.approx(dp, rel=1e-12, abs=1e-15)


def test_spin_orbit_scattering_along_the_normal_alone_is_no_antilocalization():
    value = MODELS["hln_general"].value(FIELD, *lengths(1e-3), 1e20, *lengths(1e4), OUT, OUT, NO_ELASTIC)
    assert value == pytest.approx(np.zeros(FIELD.size), abs=1e-6)


@pytest.mark.parametrize(
    ("ratio", "at", "depth"), [(1, 2.44, -0.0136), (2, 6.98, -0.0976), (10, 42.8, -0.6018), (100, 445, -1.668)]
)
def test_depth_of_the_antilocalization_minimum(ratio, at, depth):
    # physics-2d section 10, column dp
    b_phi = FIELD_NM2 / 300.0**2
    field = b_phi * np.geomspace(at / 2, at * 2, 2001)
    value = MODELS["hln_dp"].value(field, 300.0, 300.0 / ratio**0.5, NO_ELASTIC)
    assert value.min() == pytest.approx(depth, abs=1e-4 + 6e-4 * abs(depth))
    assert field[value.argmin()] / b_phi == pytest.approx(at, rel=5e-3)


@pytest.mark.parametrize(("ratio", "sign"), [(0.590, 1), (0.592, -1)])
def test_curvature_changes_sign_at_the_known_ratio(ratio, sign):
    value = MODELS["hln_dp"].value(np.array([1e-6]), 300.0, 300.0 / ratio**0.5, NO_ELASTIC)[0]
    assert np.sign(value) == sign


@pytest.mark.parametrize("name", ["hln_magnetic", "hln_general"])
def test_derivative_by_the_lengths_that_are_left_out_by_default(name):
    model = MODELS[name]
    values = np.linspace(90.0, 240.0, len(model.names))
    derivative = model.derivative(FIELD, *values)
    for i in range(values.size):
        step = np.zeros(values.size)
        step[i] = 1e-4 * values[i]
        two, one, back, twice = (model.value(FIELD, *(values + k * step)) for k in (-2, -1, 1, 2))
        difference = (8 * (back - one) - twice + two) / (12 * step[i])
        assert derivative[:, i] == pytest.approx(difference, abs=1e-8 * np.abs(derivative[:, i]).max())


# --- L_phi, L_so and L_s make two fields -----------------------------------------------------------------------------


def test_three_lengths_of_two_combinations_have_one_curve():
    other = lengths(1e-3 + 2 * 1e-3, 8e-3 - 1e-3, 1e-3)  # B_s less by 1 mT: B_phi + 2 mT, B_so - 1 mT
    one = MODELS["hln_magnetic"].value(FIELD, *lengths(1e-3, 8e-3, 2e-3), NO_ELASTIC)
    assert MODELS["hln_magnetic"].value(FIELD, *other, NO_ELASTIC) == pytest.approx(one, rel=1e-12, abs=1e-15)


def test_held_at_what_is_known_the_other_two_are_found():
    data = measured("hln_magnetic", 500.0, 150.0, 300.0, NO_ELASTIC)
    result = fit("hln_magnetic", data, fixed={"l_s_nm": 300.0})
    for name, truth in (("l_phi_nm", 500.0), ("l_so_nm", 150.0)):
        assert abs(result[name].value - truth) < 3.5 * result[name].error
    assert "L_s = 300 nm is one of three lengths" in next(r.message for r in result.remarks if r.code == "magnetic")
    swapped = fit("hln_magnetic", data, fixed={"l_phi_nm": 500.0}, start={"l_s_nm": 200.0})
    assert abs(swapped["l_s_nm"].value - 300.0) < 3.5 * swapped["l_s_nm"].error


def test_with_all_three_free_each_has_only_the_bound_that_the_others_leave():
    data = measured("hln_magnetic", 500.0, 150.0, 300.0, NO_ELASTIC)
    result = fit("hln_magnetic", data, start={"l_s_nm": 200.0})
    assert not any(result[name].determined for name in ("l_phi_nm", "l_s_nm"))
    for name, truth in (("l_phi_nm", 500.0), ("l_s_nm", 300.0), ("l_so_nm", 150.0)):
        assert (result[name].lower or 0) <= truth <= (result[name].upper or np.inf)
    # B_phi and 2 B_s are at most what the singlet shows, and B_so at least what it was without B_s
    seen = (1 / 500.0**2 + 2 / 300.0**2) ** -0.5
    assert result["l_phi_nm"].lower == pytest.approx(seen, rel=0.05)
    assert result["l_s_nm"].lower == pytest.approx(seen * 2**0.5, rel=0.05)


def test_magnetic_scattering_beyond_spin_orbit_scattering_shows_in_the_curve():
    # B_s > B_so: the triplet lives longer than the singlet, which no film without magnetic moments does
    data = measured("hln_magnetic", 1e4, 1e5, 150.0, NO_ELASTIC)
    without, with_it = fit("hln_full", data), fit("hln_magnetic", data, start={"l_s_nm": 150.0})
    assert with_it.chi2 < without.chi2 - 100
    assert with_it["l_s_nm"].upper < OUT


def test_checks_speak_of_the_length_that_shows():
    values = {"l_phi_nm": 5000.0, "l_so_nm": 100.0, "l_s_nm": 100.0, "l_e_nm": 60.0}
    curve = Curve(np.linspace(-0.1, 0.1, 11), np.linspace(0, 1, 11))
    codes = {r.code for r in MODELS["hln_magnetic"].validity(values, curve, Sample(thickness_nm=60.0))}
    assert {"magnetic", "thick_film", "strong_spin_orbit"} <= codes  # 60 nm against L = 71 nm, not 5000 nm


def test_components_are_told_apart_where_both_triplets_show():
    truth = {"l_phi_nm": 500.0, "l_so_x_nm": 250.0, "l_so_z_nm": 120.0}
    data = measured("hln_general", *truth.values(), OUT, OUT, NO_ELASTIC, noise=2e-4)
    result = fit("hln_general", data)
    for name, value in truth.items():
        estimate = result[name]
        assert (estimate.lower or 0) * 0.97 <= value <= (estimate.upper or np.inf) * 1.03
