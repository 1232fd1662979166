"""sigma(T): the ln T slope and its parts, from films made of known ones."""

import math

import numpy as np
import pytest

from analysis.constants import G0
from analysis.estimate import Estimate
from analysis.temperature import expected_slope, interaction_from_hall, log_slope, name_upturn

T = np.geomspace(1.5, 15, 8)
FIELD = {"field_T": 1.0, "b_phi_T": 0.01, "g_factor": 0.5}


def line(slope, *, noise=0.01, rng=None, temperature=T):
    sigma, error = 1e-3 + slope * G0 * np.log(temperature), np.full(temperature.size, noise * G0)
    return log_slope(temperature, sigma if rng is None else sigma + rng.normal(0, error), error)


def alpha_p(value, error=0.05):
    return Estimate("alpha_p", "", value, error, value - error, value + error, determined=True)


def test_exact_logarithm():
    found = line(1.8)
    assert found.slope.value == pytest.approx(1.8, rel=1e-9)
    assert found.evaluate(T) == pytest.approx(1e-3 + 1.8 * G0 * np.log(T))
    assert found.range_K == pytest.approx((1.5, 15))
    assert found.remarks == ()


def test_error_of_the_slope_covers():
    rng = np.random.default_rng(5)
    slopes = [line(1.0, rng=rng).slope for _ in range(400)]
    inside = np.mean([abs(s.value - 1) < s.error for s in slopes])
    assert 0.62 < inside < 0.85


def test_bent_curve_is_said_to_be_bent():
    bent = log_slope(T, 1e-3 + 1e-6 * T**2, np.full(T.size, 0.01 * G0))
    assert [r.code for r in bent.remarks] == ["not_logarithmic"]


@pytest.mark.parametrize("alpha", [1.0, 0.0, -0.5])
@pytest.mark.parametrize("strength", [0.6, 1.0])
def test_parts_come_back(alpha, strength):
    found = name_upturn(line(expected_slope(alpha, 1.0, strength)), line(strength), **FIELD)
    assert found.interaction.value == pytest.approx(strength)
    assert found.localization.value == pytest.approx(alpha, abs=1e-9)
    assert expected_slope(alpha, 1.0, strength) == pytest.approx(found.interaction.value + found.localization.value)


@pytest.mark.parametrize(
    ("at_zero", "in_field", "name"),
    [
        (1.0, 0.0, "localization"),
        (0.8, 0.8, "interaction"),
        (1.8, 0.8, "localization and interaction"),
        (0.5, 1.0, "antilocalization and interaction"),
        (-0.5, 0.0, "none"),
        (3.0, 2.0, "unexplained"),
    ],
)
def test_names(at_zero, in_field, name):
    hall = alpha_p(in_field)
    assert name_upturn(line(at_zero), line(in_field), from_hall=hall, **FIELD).name == name


def test_zero_field_alone_separates_nothing():
    found = name_upturn(line(1.8))
    assert found.name == "not separable"
    assert "Kondo" in found.sentence
    assert not found.interaction.determined
    assert not found.localization.determined
    assert found.interaction.value is None
    assert name_upturn(line(-0.2)).name == "none"


def test_field_too_small_separates_nothing():
    found = name_upturn(line(1.8), line(1.0), field_T=0.05, b_phi_T=0.01)
    assert found.name == "not separable"
    assert "between 0.1 and 1.1 T" in found.sentence
    assert not found.interaction.determined


def test_kondo_is_told_by_the_hall_slope():
    # a field below k T/(g mu_B) leaves Kondo scattering in the slope, and R_H does not see it
    without = name_upturn(line(1.8), line(0.8), **FIELD)
    assert without.name == "localization and interaction or Kondo scattering"
    agrees = name_upturn(line(1.8), line(0.8), from_hall=alpha_p(0.78), **FIELD)
    assert agrees.name == "localization and interaction"
    excess = name_upturn(line(1.8), line(0.8), from_hall=alpha_p(0.2), **FIELD)
    assert excess.name == "unexplained"
    assert "Kondo" in excess.sentence


def test_amplitude_of_the_fits_is_held_against_what_the_field_took():
    agrees = name_upturn(line(1.8), line(0.8), from_fits=alpha_p(0.98), **FIELD)
    assert "the magnetoconductance gives alpha p = 0.98" in agrees.sentence
    assert name_upturn(line(2.8), line(0.8), from_fits=alpha_p(1.0), **FIELD).name == "unexplained"


def test_field_that_freezes_spins_separates_nothing():
    found = name_upturn(line(1.8), line(0.8), field_T=14.0, b_phi_T=0.01)
    assert (found.name, found.interaction.determined) == ("not separable", False)
    assert "measure between 0.1 and 1.1 T" in found.sentence
    nowhere = name_upturn(line(1.8), line(0.8), field_T=14.0, b_phi_T=1.0)
    assert "no field is both" in nowhere.sentence


def test_unlike_temperatures_are_remarked():
    found = name_upturn(line(1.8), line(0.8, temperature=T * 3), **FIELD)
    assert [r.code for r in found.remarks] == ["temperature_ranges"]


def test_large_errors_determine_nothing():
    blurred = line(1.8, noise=5.0)
    assert (blurred.slope.determined, blurred.slope.value) == (False, None)
    assert blurred.slope.lower < 1.8 < blurred.slope.upper
    for found in (name_upturn(blurred), name_upturn(blurred, line(0.8), **FIELD), name_upturn(line(1.8), blurred)):
        assert found.name == "not separable"
        assert "not determined" in found.sentence
    with pytest.raises(ValueError, match="no line to draw"):
        blurred.evaluate(T)


def test_hall_gives_the_interaction_and_not_localization():
    rho = 500.0
    hall = -20 * np.exp(-2 * rho * 0.7 * G0 * np.log(T))
    found = interaction_from_hall(T, hall, np.full(T.size, 0.001), rho)
    assert found.value == pytest.approx(0.7, rel=1e-9)


@pytest.mark.parametrize(
    ("t", "sigma", "error", "words"),
    [
        ([1.0, 2.0], [1.0, 2.0], [1.0, 1.0], "three different"),
        ([2.0, 2.0, 2.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0], "three different"),
        ([1.0, 2.0, 3.0], [1.0, math.nan, 3.0], [1.0, 1.0, 1.0], "not finite"),
        ([0.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 1.0, 1.0], "above 0"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.0, 0.0, 1.0], "error is not above 0"),
    ],
)
def test_bad_input(t, sigma, error, words):
    with pytest.raises(ValueError, match=words):
        log_slope(np.array(t), np.array(sigma), np.array(error))


def test_high_field_needs_its_field():
    with pytest.raises(ValueError, match="need their field"):
        name_upturn(line(1.8), line(0.8))
    with pytest.raises(ValueError, match="one sign"):
        interaction_from_hall(T, np.linspace(-1, 1, 8), np.ones(8), 500.0)
