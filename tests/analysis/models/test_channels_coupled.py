import json
import os
from pathlib import Path

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.models.channels_coupled import eigenfields
from analysis.sample import Sample
from analysis.special import cooperon

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FILE = FOLDER / "golden2d.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []
FIELD = np.linspace(-0.1, 0.1, 101)


def length(field_T):
    return (FIELD_NM2 / field_T) ** 0.5


def F(field_T):
    return cooperon(FIELD, np.array([field_T]))[0][0]


def noisy(dsigma, noise=1e-3):
    return Curve(FIELD, dsigma + np.random.default_rng(0).normal(0, noise, FIELD.size), np.full(FIELD.size, noise))


@pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")
def test_golden():
    entries = [entry for entry in ENTRIES if entry["model"] == "coupled_two_channel"]
    assert len(entries) == 3
    for entry in entries:
        p = {name: float(value) for name, value in entry["params"].items()}
        own = (length(p["Bphi1"]), length(p["Bt1"]), (p["Bphi1"] / p["Bphi2"]) ** 0.5, p["Bt2"] / p["Bt1"], p["alpha"])
        value = MODELS["coupled_channels"].value(np.array([float(entry["B_T"])]), *own)[0]
        assert value == pytest.approx(float(entry["value"]), rel=1e-12, abs=2e-15)


def test_eigenfields_are_those_of_the_matrix():
    b_phi_1, b_phi_2, b_t_1, b_t_2 = 1e-3, 4e-3, 1e-2, 2e-3
    off = -np.sqrt(b_t_1 * b_t_2)
    matrix = np.array([[b_phi_1 + b_t_1, off], [off, b_phi_2 + b_t_2]])
    assert eigenfields(b_phi_1, b_phi_2, b_t_1, b_t_2)[0][::-1] == pytest.approx(np.linalg.eigvalsh(matrix), rel=1e-13)


def test_derivative_by_the_ratios_against_differences():
    model, values = MODELS["coupled_channels"], [300.0, 120.0, 0.6, 2.5, -0.5]
    derivative = model.derivative(FIELD, *values)
    for i, value in enumerate(values):
        step = 1e-4 * value
        shifted = [model.value(FIELD, *values[:i], value + k * step, *values[i + 1 :]) for k in (-2, -1, 1, 2)]
        difference = (8 * (shifted[2] - shifted[1]) - shifted[3] + shifted[0]) / (12 * step)
        assert derivative[:, i] == pytest.approx(difference, abs=1e-8 * np.abs(derivative[:, i]).max())


def test_without_coupling_two_channels_add():
    value = MODELS["coupled_channels"].value(FIELD, length(2e-3), length(1e-16), 0.5, 1.0, -0.5)
    assert value == pytest.approx(-(F(2e-3) + F(8e-3)) / 2, rel=1e-9)


def test_strong_coupling_leaves_one_channel_with_the_mean_dephasing():
    b_1, b_2, ratio, b_t = 2e-3, 8e-3, 3.0, 1e9
    value = MODELS["coupled_channels"].value(FIELD, length(b_1), length(b_t), 0.5, ratio, -0.5)
    assert value == pytest.approx(-F((b_1 * ratio + b_2) / (1 + ratio)) / 2, rel=1e-9)


def test_equal_coupled_channels_and_unequal_independent_ones_are_one_curve():
    b_phi, b_t = 2e-3, 5e-3
    coupled = MODELS["coupled_channels"].value(FIELD, length(b_phi), length(b_t), 1.0, 1.0, -0.5)
    assert coupled == pytest.approx(-(F(b_phi) + F(b_phi + 2 * b_t)) / 2, rel=1e-12)
    independent = MODELS["two_channels"].value(FIELD, length(b_phi), length(2 * b_t), -0.5, -0.5)
    assert independent == pytest.approx(coupled, rel=1e-12)


def test_each_kind_of_two_channels_says_that_it_could_be_the_other():
    curve = noisy(MODELS["two_channels"].value(FIELD, 400.0, 120.0, -0.5, -0.5))
    independent, coupled = fit("two_channels", curve), fit("coupled_channels", curve)
    assert coupled.chi2 == pytest.approx(independent.chi2, rel=1e-6)
    texts = [remark.message for result in (independent, coupled) for remark in result.remarks]
    short = length(FIELD_NM2 * (400.0**-2 + 120.0**-2))
    assert short == pytest.approx(115, abs=1)
    assert sum("have the same curve" in text for text in texts) == 2
    assert independent["l_extra_nm"].value == pytest.approx(120, rel=0.1)
    assert coupled["l_t_nm"].value == pytest.approx(independent["l_extra_nm"].value * 2**0.5, rel=1e-3)


def test_equal_channels_give_a_bound_and_no_second_length():
    result = fit("two_channels", noisy(-F(2e-3)))
    assert result["l_phi_nm"].value == pytest.approx(length(2e-3), rel=0.05)
    estimate = result["l_extra_nm"]
    assert not estimate.determined
    assert estimate.upper is None
    assert estimate.lower is not None
    assert estimate.lower > length(2e-3)


def test_one_prefactor_fits_equal_channels_and_drifts_with_the_window_for_unequal_ones():
    equal = Curve(FIELD, -1.5 * F(2e-3))
    assert fit("hln", equal)["alpha"].value == pytest.approx(-1.5, rel=1e-6)
    field = np.linspace(-0.2, 0.2, 801)
    unequal = Curve(field, MODELS["two_channels"].value(field, length(5e-4), length(1e-1), -0.5, -0.5))
    alphas = [fit("hln", unequal, window_T=window).values["alpha"] for window in (0.02, 0.2)]
    assert -1 < alphas[1] < alphas[0] - 0.02 < -0.5


def test_surface_beside_a_bulk_that_localizes():
    truth = (300.0, 100.0, -0.5, 1.0)
    result = fit("two_channels", noisy(MODELS["two_channels"].value(FIELD, *truth)), fixed={"alpha_2": 1.0})
    assert result["l_phi_nm"].value == pytest.approx(300, rel=0.05)
    assert result["l_extra_nm"].value == pytest.approx(100, rel=0.05)


def test_a_free_prefactor_is_found_from_a_start():
    truth = (500.0, 100.0, -0.5, 1.0)
    curve = noisy(MODELS["two_channels"].value(FIELD, *truth), 1e-4)
    result = fit("two_channels", curve, fixed={"alpha_1": -0.5}, start={"alpha_2": 0.5})
    assert result["alpha_2"].value == pytest.approx(1.0, abs=0.1)


def test_checks_speak_of_the_film_too():
    values = {"l_phi_nm": 200.0, "l_t_nm": 100.0, "l_phi_ratio": 1.0, "sigma_ratio": 1.0, "alpha": -0.5}
    remarks = MODELS["coupled_channels"].validity(values, Curve(FIELD, F(2e-3)), Sample(thickness_nm=400.0))
    assert {remark.code for remark in remarks} == {"thick_film", "second_channel"}


def test_three_channels_are_three_terms():
    b = np.array([1e-3, 4e-3, 2e-2])
    lengths = np.sqrt(FIELD_NM2 / np.diff(b, prepend=0.0))
    value = MODELS["three_channels"].value(FIELD, *lengths, -0.5)
    assert value == pytest.approx(-0.5 * cooperon(FIELD, b)[0].sum(axis=0), rel=1e-12, abs=1e-15)


def test_three_equal_channels_are_one_of_three_times_the_prefactor():
    value = MODELS["three_channels"].value(FIELD, 400.0, 1e12, 1e12, -0.5)
    assert value == pytest.approx(MODELS["hln"].value(FIELD, -1.5, 400.0), rel=1e-9, abs=1e-12)


def test_three_channels_of_a_two_channel_film_leave_a_bound():
    field = np.linspace(-0.2, 0.2, 201)
    clean = MODELS["two_channels"].value(field, 400.0, 150.0, -0.5, -0.5)
    data = Curve(field, clean + np.random.default_rng(0).normal(0, 1e-3, 201), np.full(201, 1e-3))
    result = fit("three_channels", data)
    # the third one may only be so short of phase that its curve is flat
    assert not result["l_more_nm"].determined
    assert result["l_more_nm"].lower is None
    assert result["l_phi_nm"].value is None or abs(result["l_phi_nm"].value - 400.0) < 4 * result["l_phi_nm"].error
