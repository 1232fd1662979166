"""Beyond diffusion with weak spin-orbit scattering: its limits, and what it is for."""

import numpy as np
import pytest

from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.sample import Sample

MODEL = MODELS["ballistic_so"]
FIELD = np.linspace(-0.4, 0.4, 201)


def test_without_spin_orbit_scattering_it_is_the_exact_sum():
    exact = MODELS["ballistic"].value(FIELD, 300.0, 40.0)
    assert MODEL.value(FIELD, 300.0, 1e6, 40.0) == pytest.approx(exact, rel=1e-5, abs=1e-9)


def test_without_a_mean_free_path_it_is_the_formula_of_hikami_larkin_and_nagaoka():
    diffusive = MODELS["hln_full"].value(FIELD, 300.0, 120.0, 1e-3)
    # what ballistics add goes as B/B_tr and B_phi/B_tr, 3e-5 here
    assert MODEL.value(FIELD, 300.0, 120.0, 0.1) == pytest.approx(diffusive, abs=2e-3)


def test_strong_spin_orbit_scattering_leaves_minus_half_of_the_exact_sum():
    field = np.linspace(0, 2e-3, 21)
    exact = MODELS["ballistic"].value(field, 1000.0, 10.0)
    assert MODEL.value(field, 1000.0, 40.0, 10.0) == pytest.approx(-exact / 2, rel=0.01)


def test_l_phi_is_right_whether_spins_relax_or_not_and_hln_is_not():
    rng, worst = np.random.default_rng(0), 0.0
    sample = Sample(mean_free_path_nm=40.0)
    for l_so in (1e5, 600.0, 300.0, 150.0):
        clean = MODEL.value(FIELD, 300.0, l_so, 40.0)
        data = Curve(FIELD, clean + rng.normal(0, 3e-3, 201), np.full(201, 3e-3))
        found, diffusive = (fit(name, data, sample=sample) for name in ("ballistic_so", "hln_full"))
        assert abs(found["l_phi_nm"].value - 300) < 3.5 * found["l_phi_nm"].error
        assert found["l_phi_nm"].error < 60
        worst = max(worst, abs(diffusive.values["l_phi_nm"] / 300 - 1))
    assert worst > 0.3


def test_strong_scattering_is_said():
    curve = Curve(FIELD, MODEL.value(FIELD, 300.0, 60.0, 40.0))
    values = {"l_phi_nm": 300.0, "l_so_nm": 60.0, "mean_free_path_nm": 40.0}
    codes = {remark.code for remark in MODEL.validity(values, curve, Sample(mean_free_path_nm=40.0))}
    assert "strong_spin_orbit" in codes
    weak = {**values, "l_so_nm": 300.0}
    assert "strong_spin_orbit" not in {r.code for r in MODEL.validity(weak, curve, Sample(mean_free_path_nm=40.0))}
