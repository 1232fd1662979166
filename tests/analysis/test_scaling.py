"""Scaling: the theory lines, the line with errors in both variables, and beta from simulated films."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from analysis.constants import G0, E, H
from analysis.scaling import (
    CLASSES,
    beta_from_amplitude,
    beta_from_lengths,
    beta_lines,
    film_localization,
    interpolated_beta,
    ioffe_regel,
    leading_beta,
    wire_localization_nm,
)
from tests.analysis.estimates import known, unknown
from tests.analysis.models.golden_rest import ENTRIES, golden

SHORT = {"O": "orthogonal", "U": "unitary", "S": "symplectic"}
QUANTUM = E**2 / H


@golden
def test_golden_values():
    functions = {
        "beta_wl": lambda a: leading_beta(float(a["g"]), int(a["d"]), SHORT[a["cls"]]),
        "beta_interp": lambda a: interpolated_beta(float(a["gs"]), int(a["d"])),
        "xi_2d_O": lambda a: 1e-9 * film_localization(1e9 * float(a["l"]), float(a["kFl"]), "orthogonal").length_nm,
        "xi_2d_U": lambda a: 1e-9 * film_localization(1e9 * float(a["l"]), float(a["kFl"]), "unitary").length_nm,
        "xi_1d_from_sigma1": lambda a: (
            1e-9
            * wire_localization_nm(
                float(a["sigma1"]), {"1": "orthogonal", "2": "unitary", "4": "symplectic"}[a["beta"]]
            )
        ),
    }
    chosen = [e for e in ENTRIES if e["function"] in functions]
    assert {e["function"] for e in chosen} == set(functions)
    for entry in chosen:
        value = float(functions[entry["function"]](entry["arguments"]))
        assert value == pytest.approx(float(entry["value"]), rel=1e-9, abs=0), entry["model"]


@pytest.mark.parametrize("d", [1, 2, 3])
def test_every_line_goes_to_ohms_law(d):
    for name in CLASSES:
        assert float(leading_beta(1e9, d, name)) == pytest.approx(d - 2, abs=1e-8)


def test_film_lines_are_the_amplitudes():
    g = np.array([5.0, 50.0])
    assert leading_beta(g, 2, "orthogonal") == pytest.approx(-2 * leading_beta(g, 2, "symplectic"))
    assert leading_beta(g, 2, "symplectic") * g * QUANTUM == pytest.approx(np.full(2, G0))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_interpolation_is_right_at_both_ends(d):
    g_s = 1e4
    assert float(interpolated_beta(g_s, d)) == pytest.approx(float(leading_beta(2 * g_s, d, "orthogonal")), abs=1e-7)
    small = interpolated_beta(np.array([1e-12, 1e-10]), d)
    assert small[1] - small[0] == pytest.approx(math.log(100), rel=1e-6)


@pytest.mark.parametrize("name", ["orthogonal", "unitary"])
def test_localization_length_is_the_integral_of_beta(name):
    kf_l = 3.0
    # ln(xi/l) = int_0^g0 dg/(g |beta|)
    expected = quad(lambda g: -1 / (g * float(leading_beta(g, 2, name))), 1e-12, kf_l)[0]
    found = film_localization(10.0, kf_l, name)
    assert math.log(found.length_nm / 10) == pytest.approx(expected, rel=1e-9)
    assert ("UNVERIFIED" in found.remark.message) == (name == "unitary")


def test_localization_edges():
    assert film_localization(10.0, 1e4, "orthogonal").length_nm == math.inf
    with pytest.raises(ValueError, match="do not localize"):
        film_localization(10.0, 3.0, "symplectic")
    one, two, four = (wire_localization_nm(1e-9, name) for name in CLASSES)
    assert (two / one, four / one) == pytest.approx((2, 4))


def test_ioffe_regel_in_words():
    assert ioffe_regel(20.0) is None
    assert "size only" in ioffe_regel(3.0).message
    assert "strongly disordered" in ioffe_regel(0.8).message


def film(alpha, strength, rng=None, noise=0.01, points=9):
    """sigma(T), L_phi(T) of a film with 1/tau_phi ~ T: localization and interaction together."""
    t = np.geomspace(1, 20, points)
    length = 500 * t**-0.5
    sigma = 20 * QUANTUM - 2 * alpha * G0 * np.log(length / 500) + strength * G0 * np.log(t)
    error = np.full(points, noise * G0)
    if rng is not None:
        sigma, length = sigma + rng.normal(0, error), length * np.exp(rng.normal(0, 0.02, points))
    return [known(v, 0.02 * v) for v in length], sigma, error, G0 * np.log(t)


@pytest.mark.parametrize("alpha", [1.0, -0.5])
def test_exact_film_gives_the_line(alpha):
    lengths, sigma, error, logarithm = film(alpha, 0.8)
    found = beta_from_lengths(lengths, sigma, error, logarithm, known(0.8, 0.01))
    slope = found.beta.value * found.conductance
    assert slope == pytest.approx(-2 * alpha / math.pi, rel=1e-9)
    name = "orthogonal" if alpha > 0 else "symplectic"
    assert f"consistent with: {name}" in found.sentence
    assert "no proof" in found.sentence


def test_interaction_left_in_turns_the_sign():
    lengths, sigma, error, logarithm = film(-0.5, 1.0)
    taken_out = beta_from_lengths(lengths, sigma, error, logarithm, known(1.0, 0.02))
    left_in = beta_from_lengths(lengths, sigma, error, logarithm, known(0.0, 0.02))
    # physics-rest 7.1: -0.318 instead of +0.318
    assert taken_out.beta.value * taken_out.conductance == pytest.approx(1 / math.pi, rel=1e-3)
    assert left_in.beta.value * left_in.conductance == pytest.approx(-1 / math.pi, rel=1e-3)


def test_interaction_that_is_not_known_leaves_beta_undetermined():
    found = beta_from_lengths(*film(1.0, 1.0), unknown())
    assert not found.beta.determined
    assert "not determined" in found.sentence


def test_error_of_the_interaction_is_carried_on():
    sharp = beta_from_lengths(*film(1.0, 1.0), known(1.0, 1e-6)).beta
    loose = beta_from_lengths(*film(1.0, 1.0), known(1.0, 0.2)).beta
    g = 20
    # d ln T/d ln L_phi = -2: an error of K counts twice, in units of G0
    assert math.sqrt(loose.error**2 - sharp.error**2) == pytest.approx(2 * 0.2 / (math.pi * g), rel=0.05)


def test_error_of_beta_covers():
    rng, pulls = np.random.default_rng(3), []
    for _ in range(200):
        found = beta_from_lengths(*film(1.0, 0.0, rng, noise=0.05), known(0.0, 1e-9))
        pulls.append((found.beta.value * found.conductance + 2 / math.pi) / (found.beta.error * found.conductance))
    assert 0.58 < np.mean(np.abs(pulls) < 1) < 0.85
    assert abs(np.mean(pulls)) < 0.3


def test_lengths_alike_within_their_errors_determine_nothing():
    lengths = [known(500 + i, 50) for i in range(5)]
    sigma = 1e-3 + 1e-6 * np.arange(5)
    found = beta_from_lengths(lengths, sigma, np.full(5, 1e-6), np.zeros(5), known(0.0, 0.1))
    assert (found.beta.determined, found.beta.value) == (False, None)


def test_amplitude():
    found = beta_from_amplitude(known(-0.5, 0.02), 10 * QUANTUM, 0.1 * QUANTUM)
    assert found.beta.value == pytest.approx(1 / (10 * math.pi))
    assert found.beta.error == pytest.approx(2 / (10 * math.pi) * math.hypot(0.02, 0.5 * 0.01))
    assert "symplectic" in found.sentence
    bound = beta_from_amplitude(unknown(0.2, None), 10 * QUANTUM).beta
    assert (bound.determined, bound.lower, bound.upper) == (False, None, pytest.approx(-0.4 / (10 * math.pi)))
    blurred = beta_from_amplitude(known(0.3, 2.0), 10 * QUANTUM).beta
    assert (blurred.determined, blurred.value) == (False, None)


def test_unitary_line_in_a_sentence_says_unverified():
    found = beta_from_amplitude(known(0.0, 0.05), 10 * QUANTUM)
    assert "unitary" in found.sentence
    assert "UNVERIFIED" in found.sentence


def test_bad_input_is_refused_in_one_sentence():
    lengths, sigma, error, logarithm = film(1.0, 1.0)
    with pytest.raises(ValueError, match="three different"):
        beta_from_lengths(lengths[:2], sigma[:2], error[:2], logarithm[:2], known(1.0, 0.1))
    with pytest.raises(ValueError, match="not finite"):
        beta_from_lengths(lengths, sigma * math.nan, error, logarithm, known(1.0, 0.1))
    with pytest.raises(ValueError, match="shape"):
        beta_from_lengths(lengths, sigma[1:], error, logarithm, known(1.0, 0.1))
    with pytest.raises(ValueError, match="above 0"):
        leading_beta(0.0, 2, "orthogonal")
    with pytest.raises(ValueError, match="dimension 4"):
        interpolated_beta(1.0, 4)
    with pytest.raises(ValueError, match="symmetry class"):
        leading_beta(1.0, 2, "poetic")
    with pytest.raises(ValueError, match="not usable"):
        beta_from_amplitude(known(math.nan, 0.1), 1e-3)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_lines_for_a_plot(d):
    g = np.geomspace(2, 50, 5)
    lines = beta_lines(g, d)
    assert [line.symmetry_class for line in lines] == list(CLASSES)
    for line in lines:
        assert line.beta.tolist() == leading_beta(g, d, line.symmetry_class).tolist()
    # what is not universal or not verified says so
    assert ["UNVERIFIED" in line.note for line in lines] == [False, d == 2, False]
    assert all(("cut" in line.note) == (d != 2) for line in lines)


def test_classes_that_a_point_agrees_with():
    g = 10.0
    assert beta_from_amplitude(known(1.0, 0.05), g * QUANTUM).consistent == ("orthogonal",)
    assert beta_from_amplitude(known(-0.25, 0.2), g * QUANTUM).consistent == ("unitary", "symplectic")
    assert beta_from_amplitude(known(3.0, 0.05), g * QUANTUM).consistent == ()
    assert beta_from_amplitude(unknown(), g * QUANTUM).consistent == ()
