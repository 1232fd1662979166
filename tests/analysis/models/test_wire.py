"""Wires: golden values, the limits between the forms, and what the models say."""

import numpy as np
import pytest
from scipy.special import airy

from analysis.constants import G0
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.models.wire import zero_field_ballistic, zero_field_finite, zero_field_nyquist, zero_field_wire
from analysis.sample import Sample
from analysis.wire_cooperon import (
    NYQUIST,
    SPECULAR,
    axial_rate,
    ballistic_time,
    cylinder_rate,
    electron_time_s,
    inverse_area,
    nyquist_length_m,
    nyquist_time_s,
    strip_rate,
)
from tests.analysis.models.golden_rest import entries, golden

FIELD = np.array([1e-3, 0.02, 0.1, 0.5, 3.0])


def value(name, *parameters, field=FIELD):
    return MODELS[name].value(np.atleast_1d(field), *parameters)


def conductance(zero_field, difference, width_m, length_m):
    """Return dG [S] from delta sigma at B = 0 and the change in the field [G0 per square]."""
    return G0 * (zero_field + difference) * width_m / length_m


@golden
@pytest.mark.parametrize(("a", "expected"), entries("dG_1d"))
def test_golden_diffusive(a, expected):
    width, l_phi = 1e9 * a["W"], 1e9 * a["Lphi"]
    if "Lso" in a:
        l_so = 1e9 * a["Lso"]
        whole = zero_field_wire(width, l_phi, l_so), value("wire_so", l_phi, l_so, width, field=a["B"])[0]
    else:
        whole = zero_field_wire(width, l_phi), value("wire", l_phi, width, field=a["B"])[0]
    assert conductance(*whole, a["W"], a["L"]) == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("a", "expected"), entries("dG_1d_nyquist"))
def test_golden_nyquist(a, expected):
    width = 1e9 * a["W"]
    l_phi = 1e9 * np.sqrt(2) * nyquist_length_m(a["T"], 1e4 * a["D"], a["L"] / a["R"])
    l_0 = 1e9 * a.get("L0", 1.0)
    others = zero_field_nyquist(width, l_phi, 1e9 * a.get("L0", np.inf), 1e9 * a["Lso"] if "Lso" in a else None)
    if "Lso" in a:
        change = value("wire_nyquist_so", l_phi, 1e9 * a["Lso"], l_0, width, field=a["B"])[0]
    else:
        change = value("wire_nyquist", l_phi, l_0, width, field=a["B"])[0]
    assert conductance(others, change, a["W"], a["L"]) == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("a", "expected"), entries("dG_1d_finite"))
def test_golden_finite(a, expected):
    found = conductance(zero_field_finite(100.0, 1e9 * a["L"], 1e9 * a["Lphi"]), 0.0, 1e-7, a["L"])
    assert found == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("a", "expected"), entries("dG_1d_pure"))
def test_golden_ballistic(a, expected):
    width, path, l_phi = (1e9 * a[name] for name in ("W", "l", "Lphi"))
    change = value("wire_ballistic", l_phi, path, width, field=a["B"])[0]
    found = conductance(zero_field_ballistic(width, path, l_phi), change, a["W"], a["L"])
    assert found == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("a", "expected"), entries("tauB_pure"))
def test_golden_ballistic_time(a, expected):
    walls = (a.get("C1", SPECULAR[0]), a.get("C2", SPECULAR[1]))
    assert ballistic_time(a["B"], 1e9 * a["W"], 1e9 * a["l"], a["vF"], walls) == pytest.approx(expected, rel=1e-9)


RATES = {
    "inv_LB2_perp": (strip_rate, "W"),
    "inv_LB2_perp_cyl": (cylinder_rate, "r"),
    "inv_LB2_axial_cyl": (axial_rate, "r"),
}


@golden
@pytest.mark.parametrize(
    ("function", "a", "expected"), [(name, *entry.values) for name in RATES for entry in entries(name)]
)
def test_golden_rates(function, a, expected):
    rate, size = RATES[function]
    assert 1e18 * rate(a["B"], 1e9 * a[size]) == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("a", "expected"), entries("nyquist_LN"))
def test_golden_nyquist_length(a, expected):
    assert nyquist_length_m(a["T"], 1e4 * a["D"], a["sigma1"]) == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("a", "expected"), entries("nyquist_tauN"))
def test_golden_nyquist_time(a, expected):
    assert nyquist_time_s(a["T"], 1e4 * a["D"], a["sigma1"]) == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("a", "expected"), entries("tau_ee_1d_pierre"))
def test_golden_electron_time(a, expected):
    assert electron_time_s(a["T"], a["nuF"], a["area"], a["L"], a["R"]) == pytest.approx(expected, rel=1e-9)


def test_electron_time_is_twice_that_of_nyquist_noise():
    # sigma_1 = e^2 nu D area by Einstein's relation
    density, area, length, diffusion = 1e47, 3e-15, 1e-4, 0.01
    sigma1 = (1.602176634e-19) ** 2 * density * diffusion * area
    pierre = electron_time_s(0.1, density, area, length, length / sigma1)
    assert pierre == pytest.approx(2 * nyquist_time_s(0.1, 1e4 * diffusion, sigma1), rel=1e-9)


def test_spin_orbit_scattering_from_none_to_strong():
    assert value("wire_so", 300.0, 1e6, 50.0) == pytest.approx(value("wire", 300.0, 50.0), rel=1e-4)
    weak, low = 0.1, FIELD[:3]
    strong = value("wire_so", 300.0, weak, 50.0, field=low)
    assert strong == pytest.approx(-0.5 * value("wire", 300.0, 50.0, field=low), rel=1e-4)


def test_nyquist_form_is_exponential_where_other_dephasing_is_faster():
    # L_0 << L_N
    assert value("wire_nyquist", 3e4, 100.0, 30.0) == pytest.approx(value("wire", 100.0, 30.0), rel=1e-5)
    s = np.array([0.0, 0.3, 2.0, 20.0, 39.9, 40.1, 60.0])
    ai, slope, _, _ = airy(s)
    found, derivative = NYQUIST.both(s)
    assert found == pytest.approx(-ai / slope, rel=1e-12)
    assert derivative == pytest.approx(s * found**2 - 1, rel=1e-9)
    assert found == pytest.approx((s + 0.5) ** -0.5, rel=0.042)
    assert NYQUIST.both(np.array([1e8]))[0] == pytest.approx(1e-4)


def test_long_wire_between_reservoirs_is_a_long_wire_and_a_short_one_a_third_of_a_quantum():
    assert value("wire_finite", 100.0, 1e6, 30.0) == pytest.approx(value("wire", 100.0, 30.0), rel=1e-3)
    # dG = -(1/3) 2 e^2/h
    assert zero_field_finite(100.0, 1.0, 1e6) * 100.0 == pytest.approx(-2 * np.pi / 3, rel=1e-6)


def test_ballistic_wire():
    # at low field 1/(D tau_B) = 2 W^3/(C1 l l_B^4), far less than the W^2/(3 l_B^4) of a diffusive one
    beta = inverse_area(1e-6)
    cut = (1 / 300.0**2 + 2 / 500.0**2) ** -1.5
    expected = np.pi / 50 * 2 * 50.0**3 * beta**2 / (SPECULAR[0] * 500.0) * (300.0**3 - cut)
    assert value("wire_ballistic", 300.0, 500.0, 50.0, field=1e-6)[0] == pytest.approx(expected, rel=1e-3)
    assert SPECULAR[0] == pytest.approx(9.5200, abs=1e-4)
    # for l -> 0 nothing is cut off, and only the C1 term counts
    rate = 2 / 1e-3 * 50.0**3 * inverse_area(FIELD) ** 2 / SPECULAR[0]
    plain = 2 * np.pi / 50 * (300.0 - (1 / 300.0**2 + rate) ** -0.5)
    assert value("wire_ballistic", 300.0, 1e-3, 50.0) == pytest.approx(plain, rel=1e-3)


def test_correction_goes_out_in_a_strong_field():
    left = zero_field_wire(50.0, 300.0) + value("wire", 300.0, 50.0, field=np.array([10.0, 20.0]))
    assert left[1] / left[0] == pytest.approx(0.5, rel=1e-3)


def test_width_comes_from_the_sample_and_the_model_says_where_it_ends():
    field = np.linspace(-0.1, 0.1, 101)
    curve = Curve(field, value("wire", 400.0, 80.0, field=field))
    known = fit("wire", curve, sample=Sample(width_um=0.08))
    assert known.values["l_phi_nm"] == pytest.approx(400, rel=1e-4)
    assert not {remark.code for remark in known.remarks} & {"width_assumed", "wide_wire"}
    wide = Curve(field, value("wire", 100.0, 80.0, field=field))
    codes = {r.code for r in fit("wire", wide, sample=Sample(width_um=0.08, mean_free_path_nm=300.0)).remarks}
    assert {"wide_wire", "ballistic_wire"} <= codes
    assert "width_assumed" in {remark.code for remark in fit("wire", curve).remarks}
    short = fit("wire_finite", curve, sample=Sample(width_um=0.08, squares=20.0))
    assert short.values["length_nm"] == pytest.approx(1600)
