"""Van der Pauw, the Hall slope with its errors, and the numbers of a Fermi gas."""

import math

import numpy as np
import pytest

from analysis.constants import ELECTRON_MASS, E, H
from analysis.transport import dirac_2d, drude_2d, drude_3d, hall, hall_of_slope, van_der_pauw
from tests.analysis.models.golden_rest import ENTRIES, entries, golden

NAMES = {
    "kF": "k_F", "vF": "v_F", "tau": "tau_tr_s", "l": "mean_free_path_m", "D": "diffusion_cm2_per_s",
    "EF": "fermi_energy_J", "kFl": "k_F_l", "sigma": "conductivity", "g_dimless": "g", "mc": "mass_me",
}  # fmt: skip
GASES = {"drude2d": drude_2d, "drude3d": drude_3d, "dirac2d": dirac_2d}
ARGUMENTS = {"n": "density", "mu": "mobility", "m": "mass_me", "vF": "v_F", "g": "degeneracy"}
FIELD = np.linspace(-1, 1, 81)


@golden
@pytest.mark.parametrize(("a", "expected"), entries("vdp"))
def test_van_der_pauw_golden(a, expected):
    assert van_der_pauw(a["RA"], a["RB"]) == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize("entry", [e for e in ENTRIES if e["function"] in GASES], ids=lambda e: str(e["id"]))
def test_fermi_gas_golden(entry):
    arguments = {ARGUMENTS[name]: float(text) for name, text in entry["arguments"].items()}
    gas = GASES[entry["function"]](**arguments)
    unit = 1e4 if entry["quantity"] == "D" else 1.0  # the file has m^2/s
    assert getattr(gas, NAMES[entry["quantity"]]) == pytest.approx(unit * float(entry["value"]), rel=1e-9)


def test_van_der_pauw_limits():
    assert van_der_pauw(50.0, 50.0) == pytest.approx(math.pi * 50 / math.log(2), rel=1e-14)
    assert van_der_pauw(3.0, 80.0) == van_der_pauw(80.0, 3.0)
    for ratio in (1.0, 2.0, 30.0, 1e4, 1e8):
        sheet = van_der_pauw(ratio, 1.0)
        assert math.exp(-math.pi * ratio / sheet) + math.exp(-math.pi / sheet) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("bad", [0.0, -3.0, math.nan, math.inf])
def test_van_der_pauw_refuses(bad):
    with pytest.raises(ValueError, match="van der Pauw"):
        van_der_pauw(bad, 10.0)


@pytest.mark.parametrize("degeneracy", [1, 2, 4])
def test_conductivity_two_ways(degeneracy):
    for gas in (drude_2d(3e15, 5, 0.067, degeneracy), dirac_2d(1e16, 0.5, 5e5, degeneracy)):
        assert gas.g == pytest.approx(degeneracy / 2 * gas.k_F_l, rel=1e-12)
    bulk = drude_3d(1e26, 0.01, 1, degeneracy)
    kubo = degeneracy * E**2 * bulk.k_F**2 * bulk.mean_free_path_m / (6 * math.pi**2 * (H / 2 / math.pi))
    assert bulk.conductivity == pytest.approx(kubo, rel=1e-12)


def test_einstein_relation():
    gas = drude_2d(3e15, 5, 0.067)
    density_of_states = 2 * gas.mass_me * ELECTRON_MASS / (2 * math.pi * (H / 2 / math.pi) ** 2)
    assert gas.conductivity == pytest.approx(E**2 * density_of_states * 1e-4 * gas.diffusion_cm2_per_s, rel=1e-12)


def test_ioffe_regel_is_said():
    assert drude_2d(1e15, 0.02, 0.5).remarks[0].code == "ioffe_regel"
    assert not drude_2d(3e15, 5, 0.067).remarks


@pytest.mark.parametrize("sign", [-1, 1])
def test_hall_of_a_clean_line(sign):
    found = hall(FIELD, sign * FIELD / (E * 3e15) + 7.0, 400.0, error_ohm=np.full(81, 0.1))
    assert found.carriers == ("holes" if sign > 0 else "electrons")
    assert found.density.value == pytest.approx(3e15, rel=1e-12)
    assert found.mobility.value == pytest.approx(1 / (E * 3e15 * 400), rel=1e-12)
    assert found.offset_ohm == pytest.approx(7.0)
    assert not found.remarks


@pytest.mark.parametrize("known", [True, False])
def test_errors_cover(known):
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(400):
        rho = FIELD / (E * 3e15) + rng.normal(0, 100, 81)
        found = hall(FIELD, rho, 400.0, error_ohm=np.full(81, 100.0) if known else None)
        inside.append(found.density.lower < 3e15 < found.density.upper)
    assert 0.62 < np.mean(inside) < 0.75


def test_no_slope_is_a_bound():
    rho = np.random.default_rng(1).normal(0, 10, 81)
    found = hall(FIELD, rho, 400.0)
    assert found.carriers == ""
    assert not found.density.determined
    assert found.density.value is None
    assert found.density.lower > 0
    assert found.density.upper is None
    assert not found.mobility.determined
    assert found.mobility.upper > 0
    assert [r.code for r in found.remarks] == ["hall_sign"]
    assert all(not e.determined for e in drude_2d(1e16, 1, 0.1).estimates(found))


def test_exactly_no_hall_voltage():
    found = hall(FIELD, np.zeros(81), 400.0)
    assert (found.carriers, found.density.determined, found.density.lower) == ("", False, None)


def test_bent_hall_voltage_is_said():
    rho = 2000 * FIELD - 300 * FIELD**3
    assert [r.code for r in hall(FIELD, rho, 400.0, error_ohm=np.ones(81)).remarks] == ["hall_bent"]
    assert not hall(FIELD, 2000 * FIELD, 400.0, error_ohm=np.ones(81), window_T=0.5).remarks


def test_errors_of_the_numbers_follow_both_measurements():
    rng = np.random.default_rng(3)
    rho, n = 1 / (E * 3e15), 3e15
    found = hall(FIELD, rho * FIELD + rng.normal(0, 20, 81), 400.0, error_ohm=np.full(81, 20.0), sheet_error_ohm=4.0)
    gas = drude_2d(found.density.value, found.mobility.value, 0.067)
    by_name = {e.name: e for e in gas.estimates(found)}
    assert by_name["k_F_l"].error / gas.k_F_l == pytest.approx(0.01)  # of the sheet resistance alone
    relative = found.coefficient.error / found.coefficient.value
    assert by_name["k_F"].error / gas.k_F == pytest.approx(relative / 2)
    assert abs(gas.k_F - drude_2d(n, 1, 0.067).k_F) < 4 * by_name["k_F"].error


@pytest.mark.parametrize(
    ("field", "rho", "word"),
    [
        ([0.0, 1.0], [0.0, 1.0], "three"),
        ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0], "three"),
        ([0.0, 1.0, math.nan], [0.0, 1.0, 2.0], "finite"),
        ([0.0, 1.0, 2.0], [0.0, 1.0], "equal length"),
    ],
)
def test_bad_hall_input(field, rho, word):
    with pytest.raises(ValueError, match=word):
        hall(np.array(field), np.array(rho), 400.0)


def test_bad_numbers():
    with pytest.raises(ValueError, match="density"):
        drude_2d(-1e15, 1, 0.1)
    with pytest.raises(ValueError, match="rho_xx"):
        hall(FIELD, FIELD, math.nan)


def test_a_slope_alone_says_the_same():
    error = np.full(81, 0.1)
    rho = FIELD / (E * 3e15) + np.random.default_rng(0).normal(0, error)
    found = hall(FIELD, rho, 400.0, error_ohm=error, sheet_error_ohm=1.0)
    slope = hall_of_slope(found.coefficient.value, found.coefficient.error, 400.0, 1.0)
    assert (slope.coefficient, slope.density, slope.mobility) == (found.coefficient, found.density, found.mobility)
    assert (slope.carriers, slope.points) == ("holes", 0)
    with pytest.raises(ValueError, match="slope is nan"):
        hall_of_slope(math.nan, 1.0, 400.0)
