"""Numbers that follow from fitted parameters carry their errors."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS, Derived, Model
from analysis.models.rashba import rashba_coefficient_eV_m, spin_precession_length_nm
from analysis.sample import Sample

FIELD = np.linspace(-0.2, 0.2, 101)
RASHBA = MODELS["rashba"]


def number(value: float | None) -> float:
    assert value is not None
    return value


def fitted(model: Model | str = RASHBA, sample: Sample | None = None, l_rashba_nm: float = 100.0):
    noise = np.random.default_rng(3).normal(0, 1e-3, FIELD.size)
    curve = Curve(FIELD, RASHBA.value(FIELD, 200.0, l_rashba_nm) + noise, np.full(FIELD.size, 1e-3))
    return fit(model, curve, sample=sample)


def test_rashba_reports_fields_and_the_precession_length():
    result = fitted(sample=Sample(effective_mass_m0=0.05))
    length = result["l_rashba_nm"]
    assert result["l_precession_nm"].value == pytest.approx(spin_precession_length_nm(number(length.value)), rel=1e-12)
    assert number(result["l_precession_nm"].error) / number(length.error) == pytest.approx(np.pi, rel=1e-6)
    assert result["b_so_T"].value == pytest.approx(FIELD_NM2 / number(length.value) ** 2, rel=1e-12)
    # a shorter length is a larger field and a larger coefficient: the ends change places
    assert result["b_so_T"].upper == pytest.approx(FIELD_NM2 / number(length.lower) ** 2, rel=1e-12)
    alpha = result["alpha_rashba_eV_m"]
    assert number(alpha.value) == pytest.approx(rashba_coefficient_eV_m(number(length.value), 0.05), rel=1e-12)
    assert number(alpha.error) / number(alpha.value) == pytest.approx(
        number(length.error) / number(length.value), rel=1e-6
    )
    assert number(alpha.lower) < number(alpha.value) < number(alpha.upper)


def test_without_a_mass_there_is_no_coefficient():
    with pytest.raises(KeyError):
        fitted()["alpha_rashba_eV_m"]


def test_every_model_with_l_phi_gives_its_field():
    for model in MODELS.values():
        names = {quantity.name for quantity in model.derived(dict.fromkeys(model.names, 100.0), Sample())}
        assert ("b_phi_T" in names) == ("l_phi_nm" in model.names)
    b_phi = fitted("hln")["b_phi_T"]
    assert b_phi.error is not None


def test_a_bound_stays_a_bound():
    result = fitted(l_rashba_nm=1e5)
    assert not result["l_rashba_nm"].determined
    b_so = result["b_so_T"]
    assert not b_so.determined
    assert b_so.value is None
    # L is known to be above something: B_so to be below something
    assert b_so.upper == pytest.approx(FIELD_NM2 / number(result["l_rashba_nm"].lower) ** 2, rel=1e-12)


def test_a_ratio_of_two_takes_their_correlation_along():
    def ratio(values, sample):
        return (Derived("ratio", "", "L_phi/L_R", values["l_phi_nm"] / values["l_rashba_nm"]),)

    result = fitted(replace(RASHBA, derived=ratio))
    direction = np.array([1.0 if name == "l_phi_nm" else -1.0 for name in result.free])
    relative = np.sqrt(direction @ result.covariance @ direction)
    assert result["ratio"].error == pytest.approx(relative * number(result["ratio"].value), rel=1e-6)


def test_what_follows_from_held_parameters_is_held():
    noise = np.random.default_rng(3).normal(0, 1e-3, FIELD.size)
    curve = Curve(FIELD, RASHBA.value(FIELD, 200.0, 100.0) + noise, np.full(FIELD.size, 1e-3))
    b_so = fit("rashba", curve, fixed={"l_rashba_nm": 100.0})["b_so_T"]
    assert b_so.fixed
    assert b_so.error is None
