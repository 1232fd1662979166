import numpy as np
import pytest

from analysis.channels import FIELD_NM2, channel_model
from analysis.constants import field_of_length
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS, Parameter
from analysis.sample import Sample
from analysis.special import cooperon

FIELD = np.linspace(-0.1, 0.1, 101)


def F(length_nm):
    return cooperon(FIELD, np.array([field_of_length(1e-9 * length_nm)]))[0][0]


def test_models_are_found_by_walking_the_folder():
    assert {"hln", "hln_full", "graphene_so"} <= set(MODELS)
    assert all(name == model.name for name, model in MODELS.items())
    with pytest.raises(KeyError, match="no model 'hnl'; there are .*hln"):
        MODELS["hnl"]


def test_unknown_parameter_is_named():
    with pytest.raises(ValueError, match="model hln has no parameter 'l_so_nm'; it has alpha, l_phi_nm"):
        MODELS["hln"]["l_so_nm"]


@pytest.mark.parametrize("alpha", [1.0, 0.0, -0.5])
def test_one_term_is_alpha_times_the_cooperon(alpha):
    assert MODELS["hln"].value(FIELD, alpha, 250.0) == pytest.approx(alpha * F(250), rel=1e-13)


def test_full_form_without_spin_orbit_scattering_is_localization():
    full = MODELS["hln_full"].value(FIELD, 250.0, 1e6, 30.0)
    assert full == pytest.approx(F(250) - F(30), rel=1e-6, abs=1e-9)


def test_full_form_with_strong_spin_orbit_scattering_is_antilocalization():
    assert MODELS["hln_full"].value(FIELD, 250.0, 1.0, 1e-3) == pytest.approx(-F(250) / 2, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("ratio", "sign"), [(0.54, 1), (0.56, -1)])
def test_curvature_changes_sign_at_the_known_ratio(ratio, sign):
    # B_so/B_phi = 3 (sqrt(3) - 1)/4 = 0.549, physics-2d section 10
    value = MODELS["hln_full"].value(np.array([1e-6]), 300.0, 300.0 / ratio**0.5, 1e-3)[0]
    assert np.sign(value) == sign


@pytest.mark.parametrize(
    ("ratio", "at", "depth"), [(2, 7.67, -0.1152), (10, 46.2, -0.6432), (100, 479, -1.718)]
)  # fmt: skip
def test_depth_of_the_antilocalization_minimum(ratio, at, depth):
    b_phi = FIELD_NM2 / 300.0**2
    field = b_phi * np.geomspace(at / 2, at * 2, 2001)
    value = MODELS["hln_full"].value(field, 300.0, 300.0 / ratio**0.5, 1e-3)
    assert value.min() == pytest.approx(depth, abs=6e-4)
    assert field[value.argmin()] / b_phi == pytest.approx(at, rel=5e-3)


def test_graphene_limits():
    model = MODELS["graphene_so"]
    assert model.value(FIELD, 250.0, 1e6, 1e6) == pytest.approx(F(250), rel=1e-6, abs=1e-9)
    assert model.value(FIELD, 250.0, 1.0, 1e6) == pytest.approx(-F(250) / 2, rel=1e-6, abs=1e-9)
    assert model.value(FIELD, 250.0, 1e6, 1.0) == pytest.approx(0 * FIELD, abs=1e-6)


def test_graphene_twin_has_nearly_the_same_curve():
    model = MODELS["graphene_so"]
    here = {"l_phi_nm": 71.4, "l_asy_nm": 90.0, "l_sym_nm": 67.7}
    other = model.twin(here)
    assert other["l_asy_nm"] < 75
    assert model.value(FIELD, *other.values()) == pytest.approx(model.value(FIELD, *here.values()), abs=2e-3)


def test_mean_free_path_gives_the_elastic_length():
    l_e = MODELS["hln_full"].known(Sample(mean_free_path_nm=50.0))["l_e_nm"]
    b_tr = 2 * FIELD_NM2 / 50.0**2  # hbar/(2 e l^2)
    assert FIELD_NM2 / l_e**2 == pytest.approx(b_tr)
    assert MODELS["hln_full"].known(Sample()) == {}


def test_a_model_is_declared_by_two_tables():
    # monolayer graphene without spin-orbit coupling: F(B_phi) - F(B_phi + 2 B_i) - 2 F(B_phi + B_*)
    lengths = tuple(Parameter(f"l_{name}_nm", "nm", 1.0, 1e6, name) for name in ("phi", "i", "star"))
    mono = channel_model(
        name="mono", title="", source="", parameters=lengths,
        weights=(1, -1, -2), rates=((1, 0, 0), (1, 2, 0), (1, 0, 1)),
    )  # fmt: skip
    assert mono.value(FIELD, 500.0, 1e6, 1e6) == pytest.approx(-2 * F(500), rel=1e-5, abs=1e-9)
    assert mono.value(FIELD, 500.0, 1.0, 1.0) == pytest.approx(F(500), rel=1e-5, abs=1e-5)


def test_in_terms_of_other_parameters():
    field = Parameter("b_phi_T", "T", 1e-9, 1e3, "B_phi")
    model = MODELS["hln"].in_terms_of(
        (MODELS["hln"]["alpha"], field),
        lambda alpha, b: ((alpha, (FIELD_NM2 / b) ** 0.5), np.diag([1.0, -((FIELD_NM2 / b) ** 0.5) / (2 * b)])),
        lambda own, held: {"alpha": own["alpha"], "b_phi_T": FIELD_NM2 / own["l_phi_nm"] ** 2},
        name="hln in fields",
    )
    curve = Curve(FIELD, MODELS["hln"].value(FIELD, -0.5, 300.0) + 1e-3 * np.sin(1e4 * FIELD))
    result, own = fit(model, curve), fit("hln", curve)
    assert result["b_phi_T"].value == pytest.approx(FIELD_NM2 / own["l_phi_nm"].value ** 2, rel=1e-6)
    assert result["b_phi_T"].error / result["b_phi_T"].value == pytest.approx(
        2 * own["l_phi_nm"].error / own["l_phi_nm"].value, rel=0.05
    )
