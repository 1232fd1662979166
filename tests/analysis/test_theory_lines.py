"""L_phi(T) of theory: golden rates, powers of temperature, dimensions, and the comparison with a fit."""

import math

import numpy as np
import pytest

from analysis.constants import E
from analysis.theory_lines import CONVENTION, check_nyquist, nyquist_rate_per_um2, theory_lines
from tests.analysis.estimates import known, unknown
from tests.analysis.models.golden_rest import entries, golden

T = np.geomspace(0.1, 10, 5)


@golden
@pytest.mark.parametrize(("a", "expected"), entries("inv_tau_ee_2d"))
def test_film_is_golden(a, expected):
    rate = float(nyquist_rate_per_um2(a["T"], 2, a["Rsq"], 10.0))
    assert 1e-3 * 1e12 * rate == pytest.approx(expected, rel=1e-9)  # D = 10 cm^2/s


@golden
@pytest.mark.parametrize(("a", "expected"), entries("tau_ee_1d_pierre"))
def test_wire_is_golden(a, expected):
    # Pierre's rate: nu, cross-section and length in place of D and R_sq
    diffusion = a["L"] / (a["R"] * a["area"] * E**2 * a["nuF"])
    sheet, width = a["R"], 1e6 * a["L"]  # one square as long as it is wide
    rate = float(nyquist_rate_per_um2(a["T"], 1, sheet, 1e4 * diffusion, width_um=width))
    assert 1e12 * diffusion * rate == pytest.approx(1 / expected, rel=1e-9)


@pytest.mark.parametrize(("dimension", "power"), [(1, 2 / 3), (2, 1.0), (3, 1.5)])
def test_power_of_temperature(dimension, power):
    rate = nyquist_rate_per_um2(T, dimension, 500.0, 10.0, width_um=0.1, thickness_nm=1000.0)
    assert np.diff(np.log(rate)) == pytest.approx(power * np.diff(np.log(T)))


def test_lines_hold_where_their_dimension_is():
    lines = {line.name: line for line in theory_lines(T, 500.0, 10.0, width_um=0.3, thickness_nm=150.0)}
    assert set(lines) == {"Nyquist, film", "Nyquist, film, self-consistent", "Nyquist, wire", "Nyquist, bulk"}
    for line in lines.values():
        expected = np.where(line.l_phi_nm < 150, 3, np.where(line.l_phi_nm > 300, 1, 2)) == line.dimension
        assert line.holds.tolist() == expected.tolist()
    assert lines["Nyquist, wire"].holds[0]
    assert [line.name for line in theory_lines(T, 500.0, 10.0)] == ["Nyquist, film", "Nyquist, film, self-consistent"]


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_the_diffusion_that_theory_needs_gives_the_fitted_rate(dimension):
    geometry = {"width_um": 0.1, "thickness_nm": 100.0}
    found = check_nyquist(known(3.0, 0.1), dimension, 500.0, 10.0, **geometry)
    needed = found.diffusion_cm2_per_s.value
    assert float(nyquist_rate_per_um2(1.0, dimension, 500.0, needed, **geometry)) == pytest.approx(3.0)
    alone = check_nyquist(known(3.0, 0.1), dimension, 500.0, **geometry)
    assert alone.diffusion_cm2_per_s.value == pytest.approx(needed)
    assert not alone.ratio.determined
    assert "D was not measured" in alone.sentence


def test_agreement_knows_the_conventions():
    theory = float(nyquist_rate_per_um2(1.0, 2, 500.0, 10.0))
    for factor, word in ((1.0, "agrees with"), (1 + 0.8 * CONVENTION, "agrees with"), (2.0, "does not agree")):
        found = check_nyquist(known(factor * theory, 0.01 * theory), 2, 500.0, 10.0)
        assert found.ratio.value == pytest.approx(factor)
        assert word in found.sentence


def test_nothing_to_compare():
    found = check_nyquist(unknown(), 2, 500.0, 10.0)
    assert (found.ratio.determined, found.diffusion_cm2_per_s.determined) == (False, False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((1.0, 1, 500.0, 10.0), "takes the width"), ((1.0, 2, -1.0, 10.0), "above 0"), ((1.0, 2, 500.0, 0.0), "D = 0"),
     ((1.0, 2, 2e4, 10.0), "12.9 kohm"), ((math.nan, 2, 500.0, 1.0), "finite")],
)  # fmt: skip
def test_bad_input(arguments, words):
    with pytest.raises(ValueError, match=words):
        nyquist_rate_per_um2(*arguments)
