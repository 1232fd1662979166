import json
import os
from pathlib import Path

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.sample import Sample
from analysis.special import cooperon

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FILE = FOLDER / "golden2d.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []
FIELD = np.linspace(-0.1, 0.1, 101)
NAMES = ("graphene_mono", "graphene_bilayer")


def lengths(*fields_T):
    return np.sqrt(FIELD_NM2 / np.array(fields_T))


def F(field_T):
    return cooperon(FIELD, np.array([field_T]))[0][0]


@pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")
@pytest.mark.parametrize("name", NAMES)
def test_golden(name):
    entries = [entry for entry in ENTRIES if entry["model"] == name]
    assert len(entries) == 3
    for entry in entries:
        own = lengths(*(float(entry["params"][field]) for field in ("Bphi", "Bi", "Bstar")))
        value = MODELS[name].value(np.array([float(entry["B_T"])]), *own)[0]
        assert value == pytest.approx(float(entry["value"]), rel=1e-12, abs=2e-15)


@pytest.mark.parametrize("name", NAMES)
def test_strong_intervalley_scattering_restores_localization(name):
    assert MODELS[name].value(FIELD, *lengths(2e-3, 1e7, 1e7)) == pytest.approx(F(2e-3), abs=1e-12)


def test_monolayer_limits_without_intervalley_scattering():
    # warping alone: neither localization nor antilocalization; nothing at all: -2, the chiral Dirac cones
    assert MODELS["graphene_mono"].value(FIELD, *lengths(2e-3, 1e-20, 1e7)) == pytest.approx(0, abs=1e-12)
    assert MODELS["graphene_mono"].value(FIELD, *lengths(2e-3, 1e-20, 1e-20)) == pytest.approx(-2 * F(2e-3), rel=1e-12)


def test_bilayer_limits_without_intervalley_scattering():
    assert MODELS["graphene_bilayer"].value(FIELD, *lengths(2e-3, 1e-20, 1e7)) == pytest.approx(0, abs=1e-12)
    assert MODELS["graphene_bilayer"].value(FIELD, *lengths(2e-3, 1e-20, 1e-20)) == pytest.approx(
        2 * F(2e-3), rel=1e-12
    )


def test_tau_star_with_and_without_intervalley_scattering_are_the_same_number():
    b_phi, b_i, b_without = 2e-3, 5e-3, 3e-2
    value = MODELS["graphene_mono"].value(FIELD, *lengths(b_phi, b_i, b_without + b_i))
    assert value == pytest.approx(F(b_phi) - F(b_phi + 2 * b_i) - 2 * F(b_phi + b_i + b_without), rel=1e-12)


def test_twin_has_nearly_the_same_curve():
    model = MODELS["graphene_mono"]
    values = dict(zip(model.names, lengths(2e-3, 5e-3, 2e-2).tolist(), strict=True))
    twin = model.twin(values)
    curve = model.value(FIELD, *values.values())
    assert np.abs(curve - model.value(FIELD, *twin.values())).max() < 0.2 * np.abs(curve).max()
    assert model.twin(twin) == pytest.approx(values)


def test_valley_field_above_the_sweep_is_only_a_bound():
    truth = lengths(2e-3, 2e-2, 1.0)
    dsigma = MODELS["graphene_mono"].value(FIELD, *truth) + np.random.default_rng(0).normal(0, 1e-3, FIELD.size)
    result = fit("graphene_mono", Curve(FIELD, dsigma, np.full(FIELD.size, 1e-3)))
    assert result["l_phi_nm"].determined
    assert result["l_phi_nm"].value == pytest.approx(truth[0], rel=0.1)
    estimate = result["l_star_nm"]
    assert not estimate.determined
    assert estimate.lower is None
    assert estimate.upper is not None
    assert estimate.upper > truth[2]


def test_impossible_order_of_the_rates_is_said():
    curve = Curve(FIELD, F(2e-3))
    remarks = MODELS["graphene_mono"].validity({"l_phi_nm": 200, "l_i_nm": 80, "l_star_nm": 120}, curve, Sample())
    assert [remark.code for remark in remarks] == ["valley_rates"]
    assert "120 nm" in remarks[0].message


@pytest.mark.parametrize(("seed", "truth"), [(183, (53.47, 88.29, 257.0)), (257, (52.19, 68.47, 191.3))])
def test_second_minimum_at_the_end_of_the_mirror_is_found(seed, truth):
    """L_asy and L_sym interchanged have nearly the same curve, though the mirror asks for a rate below none."""
    field = np.linspace(-0.2, 0.2, 201)
    model = MODELS["graphene_so"]
    for draw in range(4):
        noise = np.random.default_rng(seed + draw).normal(0, 1e-4, field.size)
        result = fit(model, Curve(field, model.value(field, *truth) + noise, np.full(field.size, 1e-4)))
        for name, value in zip(model.names, truth, strict=True):
            estimate = result[name]
            assert not estimate.determined or abs(estimate.value - value) < 4 * estimate.error
