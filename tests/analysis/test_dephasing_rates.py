"""Dephasing rates and electron temperatures: golden values and the limits that tie them together."""

import math

import numpy as np
import pytest

from analysis.constants import HBAR, KB, E
from analysis.dephasing_rates import (
    bulk_nyquist_rate,
    middle_temperature_K,
    phonon_cooled_temperature_K,
    schmid_rate,
    spin_flip_rate,
)
from analysis.interaction import hamann_resistance
from tests.analysis.models.golden_rest import agree, golden

FUNCTIONS = {
    "inv_tau_ee_3d": lambda a: bulk_nyquist_rate(a["T"], 1e4 * a["D"], a["nu"]),
    "inv_tau_ee_3d_schmid": lambda a: schmid_rate(a["eps_J"], a["EF"], a["kFl"]),
    "inv_tau_sf": lambda a: spin_flip_rate(a["T"], a["TK"], a["nimp"], a["nuF"], a.get("S", 0.5)),
    "Te_mid": lambda a: middle_temperature_K(a["T"], a["V"]),
    "Te_eph": lambda a: phonon_cooled_temperature_K(a["T"], a["P_per_vol"], a["Sigma"]),
}


@golden
@pytest.mark.parametrize("name", FUNCTIONS)
def test_golden_values(name):
    # the file holds no Te_eph entry: its limits are below
    agree(name, FUNCTIONS[name], none=name == "Te_eph")


def test_schmid_at_k_T_underestimates_the_dirty_rate_by_9():
    # free electrons: D = v l/3, nu = 3 n/(2 E_F)
    mass, kf = 9.1093837139e-31, 1e10
    fermi, speed = (HBAR * kf) ** 2 / (2 * mass), HBAR * kf / mass
    l_e, t = 2e-9, 1.0
    nu = 3 * kf**3 / (3 * math.pi**2) / (2 * fermi)
    clean = math.pi / 8 * (KB * t) ** 2 / (HBAR * fermi)
    dirty = float(schmid_rate(KB * t, fermi, kf * l_e)) - clean
    assert float(bulk_nyquist_rate(t, 1e4 * speed * l_e / 3, nu)) / dirty == pytest.approx(8.98, abs=0.01)


def test_power_three_halves():
    rate = bulk_nyquist_rate(np.array([1.0, 4.0]), 10.0, 1e47)
    assert rate[1] / rate[0] == pytest.approx(8)


def test_spin_flips_are_most_at_the_kondo_temperature():
    rate = spin_flip_rate(np.array([0.01, 0.04, 0.16]), 0.04, 5.86e22, 1.03e47)
    assert rate[1] > rate[0] == pytest.approx(rate[2])
    assert rate[1] == pytest.approx(5.86e22 / (math.pi * HBAR * 1.03e47))
    # silver with 1 ppm, physics-rest section 4
    assert rate[1] == pytest.approx(1.7e9, rel=0.02)


def test_tail_of_spin_flips_is_that_of_hamann():
    share = float(spin_flip_rate(1e200, 1.0, 1e22, 1e47) / spin_flip_rate(1.0, 1.0, 1e22, 1e47))
    assert share / 4 == pytest.approx(float(hamann_resistance(1e200, 1.0)), rel=1e-4)


def test_heating_limits():
    assert float(middle_temperature_K(0.3, 0.0)) == 0.3
    strong = math.sqrt(3) / (2 * math.pi) * E * 1e-2 / KB
    assert float(middle_temperature_K(1e-6, 1e-2)) == pytest.approx(strong)
    assert float(phonon_cooled_temperature_K(0.3, 0.0, 2e9)) == pytest.approx(0.3)
    assert float(phonon_cooled_temperature_K(1e-3, 64e9, 2e9)) == pytest.approx(2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bulk_nyquist_rate(0.0, 10.0, 1e47), "T = 0.0; it must be above 0"),
        (lambda: schmid_rate(math.nan, 1e-18, 20.0), "finite"),
        (lambda: spin_flip_rate(1.0, -1.0, 1e22, 1e47), "T_K"),
        (lambda: middle_temperature_K(1.0, math.inf), "finite"),
        (lambda: phonon_cooled_temperature_K(1.0, -1.0, 2e9), "0 or more"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
