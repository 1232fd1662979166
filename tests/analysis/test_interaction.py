"""Interaction, Kondo and fluctuation terms: golden values, limits, and each against another."""

import json
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import digamma

from analysis.constants import G0, HBAR, KB, E
from analysis.interaction import (
    aslamazov_larkin_conductivity,
    bulk_interaction,
    film_interaction,
    hamann_resistance,
    interaction_strength,
    kondo_resistance,
    maki_thompson_conductivity,
    thermal_length_nm,
    wire_interaction,
    zeeman_interaction,
)
from tests.analysis.models.golden_rest import FOLDER, agree, golden

FILM_FILE = FOLDER / "golden2d.json"


def fluctuations(a):
    xi = a.get("xi0")
    size = a["size"] if a["d"] == 1 else None
    return aslamazov_larkin_conductivity(a["T"], a["Tc"], int(a["d"]), coherence_m=xi, cross_section_m2=size)


FUNCTIONS = {
    "L_T": lambda a: 1e-9 * thermal_length_nm(a["T"], 1e4 * a["D"]),
    "dG_ee_1d": lambda a: wire_interaction(a["T"], 1e4 * a["D"], a["L"]),
    "dsigma_ee_2d": lambda a: film_interaction(a["T2"], a["T1"]),
    "dsigma_ee_3d": lambda a: bulk_interaction(a["T"], 1e4 * a["D"]),
    "sigma_AL": fluctuations,
    "kondo_gg": lambda a: a["R0"] * kondo_resistance(a["T"], a["TK"]),
    "hamann": lambda a: hamann_resistance(a["T"], a["TK"]),
}


@golden
@pytest.mark.parametrize("name", FUNCTIONS)
def test_golden_values(name):
    # the file holds no hamann entry: its limits are below
    agree(name, FUNCTIONS[name], none=name == "hamann")


@pytest.mark.skipif(not FILM_FILE.is_file(), reason=f"no golden values at {FILM_FILE}")
def test_golden_film_values():
    chosen = [e for e in json.loads(FILM_FILE.read_text(encoding="utf-8"))["entries"] if e["model"] in ("g2", "K_ee")]
    assert len(chosen) == 8
    for e in chosen:
        (argument,) = (float(text) for text in e["params"].values())
        value = float(zeeman_interaction(argument) if e["model"] == "g2" else interaction_strength(argument))
        assert value == pytest.approx(float(e["value"]), rel=e["rel_tol"], abs=0)


def test_table_of_the_zeeman_function():
    assert zeeman_interaction(np.array([1.0, 3.0, 10.0])) == pytest.approx([0.088130, 0.617258, 2.003184], abs=1e-6)


def test_limits_of_the_zeeman_function():
    assert float(zeeman_interaction(1e-6)) == pytest.approx(0.09134532 * 1e-12, rel=1e-6)
    assert float(zeeman_interaction(1e6)) == pytest.approx(1 + np.euler_gamma + math.log(1e6 / (2 * math.pi)), rel=1e-9)
    assert float(zeeman_interaction(-2.0)) == float(zeeman_interaction(2.0))
    assert float(zeeman_interaction(0.0)) == 0
    seam = zeeman_interaction(0.2 * math.pi * np.array([1 - 1e-13, 1 + 1e-13]))
    assert seam[1] == pytest.approx(seam[0], rel=1e-11)


def test_interaction_strength_is_smooth_at_zero():
    assert interaction_strength(1e-9) == pytest.approx(1 + 1.5e-9, abs=1e-15)
    assert [round(interaction_strength(f), 4) for f in (0.0, -0.1, -0.3)] == [1, 0.8392, 0.4333]


def test_powers_of_temperature():
    t = np.array([1.0, 4.0])
    assert np.divide(*wire_interaction(t, 100.0, 1e-5)) == pytest.approx(2)
    assert np.divide(*bulk_interaction(t, 100.0)) == pytest.approx(0.5)
    assert np.diff(film_interaction(t, 1.0))[0] == pytest.approx(G0 * math.log(4))


def test_fluctuations_in_bulk_are_those_of_films_stacked():
    # eps -> eps + xi^2 k^2 along the third direction: sigma_3D = int dk/(2 pi) sigma_2D
    xi, tc, epsilon = 1e-8, 4.0, 0.05
    t = tc * math.exp(epsilon)
    sheet = lambda q: E**2 / (16 * HBAR * (epsilon + q**2)) / (2 * math.pi * xi)  # noqa: E731
    expected = quad(sheet, -math.inf, math.inf)[0]
    assert float(aslamazov_larkin_conductivity(t, tc, 3, coherence_m=xi)) == pytest.approx(expected, rel=1e-8)

    # and a film is wires side by side
    def wire(q):
        own = tc * math.exp(epsilon + q**2)
        line = aslamazov_larkin_conductivity(own, tc, 1, coherence_m=xi, cross_section_m2=1e-16)
        return float(line) * 1e-16 / (2 * math.pi * xi)

    film = float(aslamazov_larkin_conductivity(t, tc))
    assert quad(lambda q: wire(q) / film, -8, 8, points=[0])[0] == pytest.approx(1, rel=1e-3)


def test_maki_thompson_is_the_field_free_end_of_the_model_in_field():
    tc, epsilon, diffusion = 4.0, 0.01, 1.0
    temperature = tc * math.exp(epsilon)
    l_phi_nm = 300.0
    b_phi, b_eps = 1e18 * HBAR / (4 * E * l_phi_nm**2), 2e4 * KB * tc * epsilon / (math.pi * E * diffusion)
    delta = epsilon * b_phi / b_eps
    # in a field that stops everything the model has taken all of it away
    psi = digamma(0.5 + b_eps / 1e-7) - digamma(0.5 + b_phi / 1e-7)
    expected = G0 * math.pi**2 / 4 * psi / (epsilon - delta)
    assert float(maki_thompson_conductivity(temperature, tc, delta)) == pytest.approx(expected, rel=1e-4)


def test_maki_thompson_is_smooth_where_the_rates_meet():
    t = 4 * np.exp(0.05 * (1 + np.array([-1e-4, -1e-9, 0.0, 1e-9, 1e-4])))
    found = maki_thompson_conductivity(t, 4.0, 0.05)
    assert found == pytest.approx(G0 * math.pi**2 / 4 / 0.05, rel=1e-4)
    assert found[1:4] == pytest.approx(found[2], rel=1e-8)


def test_kondo_at_its_temperature():
    assert float(kondo_resistance(5.0, 5.0)) == pytest.approx(0.5)
    assert float(kondo_resistance(1e-6, 5.0)) == pytest.approx(1)
    assert float(hamann_resistance(5.0, 5.0)) == pytest.approx(0.5)


def test_tail_of_hamann_is_that_of_nagaoka_and_suhl():
    x = math.log(1e200)
    tail = math.pi**2 * 0.75 / (math.pi**2 * 0.75 + x**2) / 4
    assert float(hamann_resistance(1e200, 1.0)) == pytest.approx(tail, rel=1e-4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: interaction_strength(-1.0), "magnetic"),
        (lambda: aslamazov_larkin_conductivity(4.0, 4.0), "not above Tc"),
        (lambda: maki_thompson_conductivity(4.0, 4.0, 0.1), "not above Tc"),
        (lambda: aslamazov_larkin_conductivity(5.0, 4.0, 3), "takes xi_0"),
        (lambda: film_interaction(np.array([1.0, math.nan]), 1.0), "finite"),
        (lambda: wire_interaction(0.0, 100.0, 1e-5), "above 0"),
        (lambda: zeeman_interaction(math.inf), "finite"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
