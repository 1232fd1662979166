"""Heating: two currents compared, and the currents at which it begins."""

import math

import numpy as np
import pytest

from analysis.dephasing_rates import middle_temperature_K, phonon_cooled_temperature_K
from analysis.heating import compare_currents, expected_limits, phase_voltage
from tests.analysis.estimates import known, unknown

S = -0.5


def compared(ratio, error=0.005, currents=(1e-7, 2e-7)):
    return compare_currents(1.0, currents, (known(500.0, 500 * error), known(500 * ratio, 500 * ratio * error)), S)


def test_the_same_is_no_heating():
    found = compared(1.0)
    assert found.verdict == "none"
    assert found.electron_K.value == pytest.approx(1.0)
    assert "no heating seen" in found.sentence


def test_shorter_at_the_larger_current_heats():
    found = compared(0.9)
    assert found.verdict == "heats"
    assert found.electron_K.value == pytest.approx(0.9 ** (1 / S))
    assert found.onset_A[0] < 2e-7
    assert compare_currents(1.0, (2e-7, 1e-7), (known(450.0, 2.2), known(500.0, 2.5)), S).verdict == "heats"


@pytest.mark.parametrize("power", [2, 5])
def test_onset_from_a_heated_film(power):
    # T_e^power = T^power + c I^2 at both currents
    c = 0.5 / (2e-7) ** 2
    hot = [(1 + c * i**2) ** (1 / power) for i in (1e-7, 2e-7)]
    pair = tuple(known(500 * t**S, 1.0) for t in hot)
    found = compare_currents(1.0, (1e-7, 2e-7), pair, S)
    true = math.sqrt((1.1**power - 1) / c)
    assert min(abs(end / true - 1) for end in found.onset_A) < 1e-9


def test_longer_at_the_larger_current_is_not_heating():
    assert compared(1.1).verdict == "unexplained"


def test_errors_that_could_hide_heating_are_said():
    found = compared(1.0, error=0.2)
    assert (found.verdict, found.electron_K.determined) == ("undetermined", False)
    assert "could hide" in found.sentence
    lost = compare_currents(1.0, (1e-7, 2e-7), (known(500.0, 5.0), unknown()), S)
    assert (lost.verdict, lost.onset_A) == ("undetermined", None)


def test_cold_film_is_rarely_called_hot():
    rng = np.random.default_rng(4)
    said = []
    for _ in range(300):
        pair = tuple(known(500 + rng.normal(0, 5), 5.0) for _ in range(2))
        said.append(compare_currents(1.0, (1e-7, 2e-7), pair, S).verdict)
    assert said.count("heats") / 300 < 0.06
    assert said.count("none") / 300 > 0.8


def test_limits_are_those_of_the_hot_electron():
    limits = {x.name: x.current_A for x in expected_limits(0.5, 400.0, 2.0, 600.0, length_um=50.0, thickness_nm=20.0)}
    voltage = limits["leads"] * 400 * 25
    assert float(middle_temperature_K(0.5, voltage)) == pytest.approx(0.55)
    density = limits["phonons"] ** 2 * 400 / (2e-6) ** 2 / 20e-9
    assert float(phonon_cooled_temperature_K(0.5, density, 2e9)) == pytest.approx(0.55)
    assert phase_voltage(0.5, limits["voltage"], 400.0, 2.0, 600.0) == pytest.approx(1)
    assert [x.name for x in expected_limits(0.5, 400.0, 2.0)] == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: compare_currents(1.0, (1e-7, 1e-7), (known(5, 1), known(5, 1)), S), "two different ones"),
        (lambda: compare_currents(1.0, (1e-7, 2e-7), (known(5, 1), known(5, 1)), 0.5), "exponent 0.5"),
        (lambda: compare_currents(-1.0, (1e-7, 2e-7), (known(5, 1), known(5, 1)), S), "above 0"),
        (lambda: expected_limits(1.0, math.nan, 1.0), "finite"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
