import json
import os
from pathlib import Path

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.constants import MU_B
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.models.zeeman import zeeman_field
from analysis.sample import Sample
from analysis.special import cooperon, f_and_derivative
from analysis.spin_pair import f_derivatives, logarithm, orbital

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FILE = FOLDER / "golden2d.json"
GOLDEN = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {"entries": [], "constants": {}}
FIELD = np.linspace(-2, 2, 161)
COUNTS = {"maekawa_fukuyama_dp": 3, "maekawa_fukuyama_iso": 4, "inplane_zeeman_dp": 2, "inplane_zeeman_iso": 1}
PARTNERS = {"maekawa_fukuyama_dp": (2, 1), "maekawa_fukuyama_iso": (4 / 3, 4 / 3)}
perpendicular = pytest.mark.parametrize("name", PARTNERS)
in_plane = pytest.mark.parametrize(("name", "partner"), [("inplane_zeeman_dp", 1), ("inplane_zeeman_iso", 4 / 3)])


def length(field_T):
    return (FIELD_NM2 / field_T) ** 0.5


def F(field_T, b_T):
    return cooperon(field_T, np.array([b_T]))[0][0]


def level_sum(field_T, singlet, triplet, w):
    """sum_n (h/B)/[(n + 1/2 + G_T/B)(n + 1/2 + G_S/B) + (w/B)^2], real throughout, the rest by the midpoint rule."""
    y = np.arange(400000) + 0.5
    terms = (triplet - singlet) / 2 / field_T / ((y + triplet / field_T) * (y + singlet / field_T) + (w / field_T) ** 2)
    middle, half = (singlet + triplet) / 2 / field_T, (triplet - singlet) / 2 / field_T
    r = np.sqrt(complex(half**2 - (w / field_T) ** 2))
    return terms.sum() + (half * np.arctanh(r / (y.size + middle)) / r).real


@pytest.mark.skipif(not GOLDEN["entries"], reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")
@pytest.mark.parametrize("name", COUNTS)
def test_golden(name):
    entries = [entry for entry in GOLDEN["entries"] if entry["model"] == name]
    assert len(entries) == COUNTS[name]
    # the file has the Bohr magneton of CODATA 2018, 1.4e-9 larger than ours
    older = float(GOLDEN["constants"]["muB"]) / MU_B
    assert older == pytest.approx(1 + 1.36e-9, abs=1e-11)
    for entry in entries:
        p = {key: float(value) for key, value in entry["params"].items()}
        own = (length(p["Bphi"]), length(p["Bso"]), p["g"] * older, 1e4 * p["D"])
        value = MODELS[name].value(np.array([float(entry["B_T"])]), *own)[0]
        assert value == pytest.approx(float(entry["value"]), rel=1e-12, abs=2e-15)


@pytest.mark.parametrize("w", [0.0, 0.003, 0.05, 0.2999, 0.3001, 0.9, 40.0])
@pytest.mark.parametrize(("field_T", "singlet", "triplet"), [(0.1, 0.01, 0.61), (1.0, 0.01, 0.61), (0.3, 0.1, 0.11)])
def test_pair_against_the_sum_over_levels(field_T, singlet, triplet, w):
    m, h = (triplet + singlet) / 2, (triplet - singlet) / 2
    b, at = np.array([field_T]), np.array([w])
    value = orbital(b, m, h, at).value[0] + logarithm(m, h, at).value[0] + np.log(triplet / singlet) / 2
    assert value == pytest.approx(level_sum(field_T, singlet, triplet, w), rel=1e-11, abs=1e-13)


def test_equal_splittings_are_removable():
    w = 0.3 * (1 + np.array([-1e-3, -1e-7, -1e-12, 0.0, 1e-12, 1e-7, 1e-3]))
    for part in (logarithm(0.31, 0.3, w), orbital(np.full(7, 0.05), 0.31, 0.3, w)):
        for column in part:
            assert np.isfinite(column).all()
            assert column[2:5] == pytest.approx(column[3], rel=1e-10)
            assert column[[0, 6]] == pytest.approx(column[3], rel=1e-2)


def test_f_derivatives_against_the_table_and_each_other():
    x = np.geomspace(1e-4, 1e6, 101)
    value, slope = f_and_derivative(x)
    found = f_derivatives(x, 3)
    assert found[0] == pytest.approx(value, rel=2e-12)
    assert found[1] == pytest.approx(slope, rel=2e-12)
    assert f_derivatives(x + 0j, 3)[3].real == pytest.approx(found[3], rel=1e-10)
    for j in (1, 2):
        high, low = f_derivatives(x * (1 + 1e-5), j)[j], f_derivatives(x * (1 - 1e-5), j)[j]
        assert found[j + 1] == pytest.approx((high - low) / (2e-5 * x), rel=1e-6)


@perpendicular
def test_without_zeeman_splitting_it_is_hln(name):
    partner, third = PARTNERS[name]
    b_phi, b_so = 0.01, 0.3
    plain = F(FIELD, b_phi + third * b_so) + F(FIELD, b_phi + partner * b_so) / 2 - F(FIELD, b_phi) / 2
    assert MODELS[name].value(FIELD, length(b_phi), length(b_so), 1e-9, 1e4) == pytest.approx(plain, rel=1e-9)


@perpendicular
def test_without_spin_orbit_scattering_nothing_is_seen_of_zeeman_splitting(name):
    value = MODELS[name].value(FIELD, length(0.01), length(1e-12), 2.0, 1.0)
    assert value == pytest.approx(F(FIELD, 0.01), rel=1e-9)


@in_plane
def test_in_plane_without_spin_orbit_scattering_nothing_happens(name, partner):
    assert np.abs(MODELS[name].value(FIELD, length(0.01), length(1e-12), 2.0, 1.0)).max() < 1e-9


@in_plane
def test_small_in_plane_field_dephases_the_singlet(name, partner):
    # strong spin-orbit scattering: B_phi -> B_phi + w^2/(G_T - G_S) in the singlet, -1/2 ln
    b_phi, b_so = 1e-3, 50.0
    w = zeeman_field(FIELD, 2.0, 10.0)
    expected = -np.log1p(w**2 / (partner * b_so) / b_phi) / 2
    value = MODELS[name].value(FIELD, length(b_phi), length(b_so), 2.0, 10.0)
    assert value == pytest.approx(expected, rel=1e-3, abs=1e-12)


@pytest.mark.parametrize("name", COUNTS)
def test_derivative_where_the_splitting_passes_the_spin_orbit_field(name):
    field, values = np.linspace(0, 20, 41), [200.0, 60.0, 2.0, 5.0]
    derivative = MODELS[name].derivative(field, *values)
    for i, value in enumerate(values):
        step = 1e-4 * value
        near = [MODELS[name].value(field, *values[:i], value + k * step, *values[i + 1 :]) for k in (-2, -1, 1, 2)]
        difference = (8 * (near[2] - near[1]) - near[3] + near[0]) / (12 * step)
        assert derivative[:, i] == pytest.approx(difference, abs=1e-8 * np.abs(derivative[:, i]).max())


def test_fit_with_the_film_s_own_diffusion_constant():
    truth = (length(0.01), length(0.3), 2.0, 10.0)
    dsigma = MODELS["maekawa_fukuyama_iso"].value(FIELD, *truth)
    curve = Curve(FIELD, dsigma + np.random.default_rng(0).normal(0, 1e-3, FIELD.size), np.full(FIELD.size, 1e-3))
    result = fit("maekawa_fukuyama_iso", curve, fixed={"diffusion_cm2_per_s": 10.0})
    assert result["l_phi_nm"].value == pytest.approx(truth[0], rel=0.03)
    assert result["l_so_nm"].value == pytest.approx(truth[1], rel=0.03)
    assert {remark.code for remark in result.remarks} == {"field_step"}
    assert {"assumed"} <= {remark.code for remark in fit("maekawa_fukuyama_iso", curve).remarks}


def test_small_splitting_is_said():
    values = {"l_phi_nm": 150.0, "l_so_nm": 30.0, "g_factor": 2.0, "diffusion_cm2_per_s": 100.0}
    curve = Curve(FIELD, F(FIELD, 0.01))
    remarks = {r.code: r.message for r in MODELS["maekawa_fukuyama_dp"].validity(values, curve, Sample())}
    assert "hardly shows it" in remarks["small_zeeman"]
