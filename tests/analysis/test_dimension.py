from dataclasses import replace

import numpy as np
import pytest

from analysis.curve import Curve
from analysis.dimension import FAMILIES, check_dimension, film_beyond_diffusion, is_film, moves_in_plane
from analysis.fit import fit
from analysis.interaction import thermal_length_nm
from analysis.model import MODELS
from analysis.sample import Sample


def curve(model, parameters, reach, temperature_K=None, seed=0):
    field = np.linspace(-reach, reach, 201)
    clean = MODELS[model].value(field, *parameters)
    noise = 0.01 * float(np.ptp(clean))
    return Curve(field, clean + np.random.default_rng(seed).normal(0, noise, 201), np.full(201, noise), temperature_K)


CASES = {
    "a wire taken for a film": ("wire", (1000.0, 100.0), 0.05, "hln", Sample(width_um=0.1)),
    "a wire swept beyond its own field": ("wire", (1000.0, 100.0), 0.5, "hln", Sample(width_um=0.1)),
    "a wire with spin": ("wire_so", (1000.0, 200.0, 100.0), 0.2, "hln_full", Sample(width_um=0.1)),
    "a short wire": ("wire_finite", (1000.0, 3000.0, 100.0), 0.05, "hln", Sample(width_um=0.1, length_um=3.0)),
    "a clean wire": (
        "wire_ballistic", (3000.0, 500.0, 100.0), 0.2, "hln", Sample(width_um=0.1, mean_free_path_nm=500.0),
    ),
    "a thick film": ("film_crossover", (300.0, 400.0), 0.2, "hln", Sample(thickness_nm=400.0)),
    "a thick film with spin": (
        "film_crossover_so", (300.0, 100.0, 400.0), 0.2, "hln_full", Sample(thickness_nm=400.0),
    ),
    "a bulk taken for a film": ("kawabata", (100.0, 5000.0), 1.0, "hln", Sample(thickness_nm=5000.0)),
    "a film taken for bulk": ("film_crossover", (300.0, 400.0), 0.2, "kawabata", Sample(thickness_nm=400.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_wrong_dimension_ends_at_the_right_model_and_length(name):
    model, parameters, reach, first, sample = CASES[name]
    data = curve(model, parameters, reach)
    fitted = fit(first, data, sample=sample)
    check = check_dimension(fitted, data, sample)
    assert check.settled
    assert check.refitted
    assert check.best.model == model
    assert model in FAMILIES[check.dimension]
    found = check.best["l_phi_nm"]
    assert abs(found.value - parameters[0]) < 4 * found.error
    assert found.error < 0.02 * found.value
    assert abs(fitted.values["l_phi_nm"] - parameters[0]) > 0.2 * parameters[0]
    assert check.first is fitted
    assert first in check.sentence
    assert model in check.sentence


def test_a_wire_with_the_width_unknown_stays_a_film():
    data = curve("wire", (1000.0, 100.0), 0.05)
    check = check_dimension(fit("hln", data), data, Sample())
    assert not check.refitted
    assert check.ratios == {}
    assert "not checked" in check.sentence


def test_a_film_that_is_one_is_left_alone():
    sample = Sample(thickness_nm=20.0, width_um=10.0, mean_free_path_nm=5.0)
    data = curve("hln_full", (300.0, 80.0, 1e-3), 0.1)
    fitted = fit("hln_full", data, sample=sample)
    check = check_dimension(fitted, data, sample)
    assert check.best is fitted
    assert check.settled
    assert check.dimension == "film"
    assert check.remarks == ()
    assert check.ratios["L_phi/W"] == pytest.approx(0.03, rel=0.02)
    assert check.ratios["t/L_phi"] == pytest.approx(20 / 300, rel=0.02)
    # B_tr = hbar/(2 e l^2) = 13.16 T
    assert check.ratios["B/B_tr"] == pytest.approx(0.1 / 13.16, rel=1e-3)


def test_a_wire_formula_on_a_film_goes_back_to_the_film():
    sample = Sample(width_um=10.0)
    data = curve("hln", (1.0, 300.0), 0.1)
    check = check_dimension(fit("wire", data, sample=sample), data, sample)
    assert check.settled
    assert check.best.model in FAMILIES["film"]
    assert check.best.values["l_phi_nm"] == pytest.approx(300, rel=0.05)


def test_beyond_diffusion_a_diffusive_formula_is_said_not_to_hold():
    """Another formula is `analysis.alternative`'s to find: neither thickness nor width asks for it."""
    sample = Sample(mean_free_path_nm=30.0)
    data = curve("hln_full", (300.0, 80.0, 1e-3), 0.4)
    check = check_dimension(fit("hln_full", data, sample=sample), data, sample)
    assert not check.refitted
    assert "make the window narrower" in check.sentence
    exact = check_dimension(fit("ballistic_so", data, sample=sample), data, sample)
    assert exact.settled
    assert "ballistic_so holds beyond diffusion" in exact.sentence


def test_where_diffusion_ends_and_whether_electrons_fly_in_the_plane():
    sample = Sample(mean_free_path_nm=30.0)
    data = curve("hln_full", (300.0, 80.0, 1e-3), 0.4)
    fitted = fit("hln_full", data, sample=sample)
    # B_tr = hbar/(2 e l^2) = 0.366 T
    assert film_beyond_diffusion(fitted, data, sample)
    assert not film_beyond_diffusion(fitted, data.within(0.03), Sample(mean_free_path_nm=5.0))
    assert not film_beyond_diffusion(fitted, data, Sample())
    assert not is_film(fitted, data, Sample(width_um=0.05))
    assert not film_beyond_diffusion(fitted, data, Sample(mean_free_path_nm=30.0, width_um=0.05))
    assert moves_in_plane(sample)
    assert moves_in_plane(Sample(mean_free_path_nm=30.0, thickness_nm=10.0))
    assert not moves_in_plane(Sample(mean_free_path_nm=30.0, thickness_nm=100.0))
    assert not moves_in_plane(Sample(thickness_nm=10.0))


def test_a_model_without_a_relative_in_another_dimension_is_not_replaced():
    data = curve("graphene_mono", (300.0, 100.0, 50.0), 0.1)
    fitted = fit("graphene_mono", data)
    narrow = check_dimension(fitted, data, Sample(width_um=0.1))
    assert narrow.best is fitted
    assert not narrow.settled
    assert "not replaced" in narrow.sentence
    wide = check_dimension(fitted, data, Sample(width_um=10.0))
    assert wide.settled
    assert "holds" in wide.sentence


def test_between_a_film_and_a_wire_it_says_how_wrong_the_formula_is():
    sample = Sample(width_um=0.1)
    data = curve("wire", (150.0, 100.0), 0.2)
    check = check_dimension(fit("hln", data, sample=sample), data, sample)
    assert check.best.model == "wire"
    assert [remark.code for remark in check.remarks] == ["strip"]
    assert "17 % at W" in check.remarks[0].message
    wide = Sample(width_um=0.7)
    data = curve("hln", (1.0, 300.0), 0.1)
    remarks = check_dimension(fit("hln", data, sample=wide), data, wide).remarks
    assert "edges raise the correction by about L_phi/W, 44 %" in remarks[0].message


def test_a_conductor_shorter_than_l_phi_is_coherent():
    sample = Sample(width_um=0.1, length_um=0.5)
    data = curve("wire_finite", (1000.0, 500.0, 100.0), 0.2)
    check = check_dimension(fit("hln", data, sample=sample), data, sample)
    assert check.best.model == "wire_finite"
    assert [remark.code for remark in check.remarks] == ["coherent"]


def test_the_thermal_length_may_have_another_dimension():
    # sqrt(hbar D/(k T)) = 87.4 nm for 10 cm^2/s at 1 K
    assert float(thermal_length_nm(1.0, 10.0)) == pytest.approx(87.40, rel=1e-3)
    sample = Sample(width_um=0.1)
    data = curve("wire", (1000.0, 100.0), 0.05, temperature_K=1.0)
    fitted = fit("wire", data, sample=sample)
    codes = [remark.code for remark in check_dimension(fitted, data, sample, diffusion_cm2_per_s=10.0).remarks]
    assert codes == ["thermal_length"]
    assert check_dimension(fitted, data, sample, diffusion_cm2_per_s=100.0).remarks == ()
    assert check_dimension(fitted, data, sample).remarks == ()


def test_a_model_without_l_phi_is_refused():
    data = curve("hln", (1.0, 300.0), 0.1)
    fitted = fit("hln", data)
    values = {name: value for name, value in fitted.values.items() if name != "l_phi_nm"}
    with pytest.raises(ValueError, match="hln has no l_phi_nm"):
        check_dimension(replace(fitted, values=values), data, Sample(width_um=1.0))


@pytest.mark.parametrize("thickness_nm", [60.0, 100.0])
def test_a_thin_film_in_a_field_that_fits_into_it_is_thick(thickness_nm):
    """L_phi is five times the thickness and more, and yet the lowest mode across bends the curve at high field."""
    data, sample = curve("film_crossover", (300.0, thickness_nm), 0.18), Sample(thickness_nm=thickness_nm)
    check = check_dimension(fit("hln", data, sample=sample), data, sample)
    assert check.best.model == "film_crossover"
    assert abs(check.best["l_phi_nm"].value - 300) < 3 * check.best["l_phi_nm"].error
    assert "thick film" in check.sentence
    flown = check_dimension(
        fit("hln", data, sample=sample), data, Sample(thickness_nm=thickness_nm, mean_free_path_nm=200.0)
    )
    assert flown.dimension == "film"
