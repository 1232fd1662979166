import numpy as np
import pytest

from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.selection import select, symmetry

FIELD = np.linspace(-0.1, 0.1, 201)


def curve(l_phi, l_so, noise=5e-3, seed=1, scale=1.0):
    clean = scale * MODELS["hln_full"].value(FIELD, l_phi, l_so, 1e-3)
    return Curve(FIELD, clean + np.random.default_rng(seed).normal(0, noise, 201), np.full(201, noise))


@pytest.mark.parametrize(
    ("l_phi", "l_so", "expected", "words"),
    [
        (500.0, 1e5, "orthogonal", "weak localization: magnetoconductance +"),
        (500.0, 100.0, "symplectic", "weak antilocalization: magnetoconductance -"),
        (500.0, 20.0, "symplectic", "standard errors below zero"),
        (500.0, 700.0, "crossover", "weak localization"),
        (500.0, 500.0, "crossover", "low-field alpha = -0.2"),
    ],
)
def test_classes(l_phi, l_so, expected, words):
    data = curve(l_phi, l_so)
    found = symmetry(select(data), data)
    assert found.symmetry_class == expected
    assert words in found.sentence


def test_noise_has_no_class():
    data = Curve(FIELD, np.random.default_rng(3).normal(0, 0.5, 201))
    found = symmetry(select(data), data)
    assert found.symmetry_class == "undetermined"
    assert "no magnetoconductance above 5 standard errors" in found.sentence


def test_noise_is_rarely_taken_for_a_signal():
    for seed in range(20):
        data = Curve(FIELD, np.random.default_rng(seed).normal(0, 0.5, 201))
        assert symmetry(fit("hln", data), data).symmetry_class == "undetermined"


def test_flat_curve_is_unitary_only_where_a_cusp_is_excluded():
    precise = curve(500.0, 1e5, scale=0.0)
    found = symmetry(select(precise), precise)
    assert found.symmetry_class == "unitary"
    assert "no cusp: |alpha| <" in found.sentence
    coarse = curve(500.0, 1e5, scale=0.0, noise=0.5)
    assert symmetry(select(coarse), coarse).symmetry_class == "undetermined"


def test_a_model_that_misses_the_curve_is_not_taken_for_a_flat_curve():
    data = curve(500.0, 100.0)
    # localization only: it cannot follow antilocalization
    found = symmetry(fit("hln", data, fixed={"alpha": 1.0}), data)
    assert found.symmetry_class == "undetermined"
    assert "does not describe this curve" in found.sentence


def test_short_window_shows_the_sign_but_not_the_class():
    data = curve(40.0, 1e5)
    found = symmetry(fit("hln", data), data)
    assert found.symmetry_class == "undetermined"
    assert found.sentence.startswith("weak localization")


def test_weights_add_up_and_order_is_by_aicc():
    selection = select(curve(500.0, 200.0))
    assert sum(candidate.weight for candidate in selection.candidates) == pytest.approx(1)
    assert [c.aicc for c in selection.candidates] == sorted(c.aicc for c in selection.candidates)
    assert selection.best.model == "hln_full"
    assert selection.candidates[0].weight > 0.99


@pytest.mark.parametrize("seed", range(8))
def test_where_the_models_tie_the_number_is_not_many_errors_wrong(seed):
    """B_so = 0.11 B_phi, reach 9 B_phi: one term with a free prefactor fits as well, with an L_phi 10 errors off."""
    field_T = np.linspace(-0.4, 0.4, 101)
    clean = MODELS["hln_full"].value(field_T, 59.6, 180.0, 3.4)
    data = Curve(field_T, clean + np.random.default_rng(seed).normal(0, 4e-3, 101), np.full(101, 4e-3))
    found = select(data).best["l_phi_nm"]
    assert found.value is None or abs(found.value - 59.6) < 3.5 * (found.error or 0)


def test_without_spin_orbit_scattering_its_length_is_a_bound_and_l_phi_a_number():
    best = select(curve(500.0, 1e5)).best
    assert best.model == "hln_full"
    assert (best["l_so_nm"].value, best["l_so_nm"].upper) == (None, None)
    assert best["l_so_nm"].lower > 500
    assert abs(best["l_phi_nm"].value - 500) < 3 * best["l_phi_nm"].error


def test_a_fit_that_no_film_can_have_is_not_preferred():
    # twice the size that localization can have: a wrong geometry factor, say
    data = curve(300.0, 1e5, scale=2.0)
    hln = next(c.result for c in select(data).candidates if c.model == "hln")
    assert "alpha_range" in {remark.code for remark in hln.remarks}


def test_fixed_parameters_reach_the_models_that_have_them():
    data = curve(500.0, 200.0)
    selection = select(data, fixed={"l_so_nm": 200.0})
    assert next(c.result for c in selection.candidates if c.model == "hln_full")["l_so_nm"].fixed
    with pytest.raises(ValueError, match="none of hln, hln_full has a parameter l_asy_nm"):
        select(data, fixed={"l_asy_nm": 3.0})
