"""Mechanisms of dephasing: films made of known ones give them back, and nothing that is not there."""

import math

import numpy as np
import pytest

from analysis.dephasing_rates import nagaoka_suhl
from analysis.mechanisms import MAGNETIC, NYQUIST, NYQUIST_EXPONENT, PHONONS, SATURATION, dephasing
from tests.analysis.estimates import known, unknown

T = np.geomspace(0.3, 20, 10)
RATES = {
    (NYQUIST,): 5 * T,
    (SATURATION, NYQUIST): 5 + 5 * T,
    (NYQUIST, PHONONS): 5 * T + 0.05 * T**3,
    (NYQUIST, MAGNETIC): 5 * T + 8 * nagaoka_suhl(T, 0.1)[0],
}


def lengths(rate, seed=0, error=0.01):
    rng = np.random.default_rng(seed)
    made = 1e3 / np.sqrt(rate) * np.exp(rng.normal(0, error, rate.size))
    return [known(v, error * v, "l_phi_nm") for v in made]


@pytest.mark.parametrize("terms", RATES, ids="+".join)
def test_mechanisms_come_back(terms):
    found = dephasing(T, lengths(RATES[terms]))
    for term in (SATURATION, NYQUIST, PHONONS, MAGNETIC):
        presence = found.verdict.presence(term)
        assert presence == "present" if term in terms else presence != "present"
    nyquist = found.verdict["nyquist_per_um2"]
    assert abs(nyquist.value - 5) < 4 * nyquist.error
    assert all(term in found.sentence for term in terms)
    assert found.evaluate(T) == pytest.approx(1e3 / np.sqrt(RATES[terms]), rel=0.03)


def test_phonon_exponent():
    found = dephasing(T, lengths(RATES[NYQUIST, PHONONS], seed=1))
    exponent = found.verdict["phonon_exponent"]
    assert abs(exponent.value - 3) < 4 * exponent.error
    assert "no_single_power" in [r.code for r in found.remarks]


def test_what_is_absent_has_a_bound():
    found = dephasing(T, lengths(RATES[NYQUIST,], seed=2))
    saturation = found.verdict["saturation_per_um2"]
    assert saturation.value is None
    assert 0 < saturation.upper < 5 * T[0]


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_dimension_sets_the_power(dimension):
    p = NYQUIST_EXPONENT[dimension]
    found = dephasing(T, lengths(4 * T**p), dimension)
    assert found.verdict.presence(NYQUIST) == "present"
    assert abs(found.rate_exponent.value - p) < 4 * found.rate_exponent.error
    assert (found.coldest_K, found.hottest_K) == (pytest.approx(0.3), pytest.approx(20))
    assert "no single power" not in found.sentence


def test_exponent_beside_a_constant():
    found = dephasing(T, lengths(5 + 0.5 * T**2))
    assert found.saturates == "present"
    assert abs(found.rate_exponent.value - 2) < 4 * found.rate_exponent.error
    assert "saturation" in [r.code for r in found.remarks]
    assert found.sentence.endswith("beside a constant")


def test_parts_add_up():
    found = dephasing(T, lengths(RATES[SATURATION, NYQUIST]))
    assert sum(found.parts(T).values()) == pytest.approx(1e6 / found.evaluate(T) ** 2)


def test_short_range_is_said():
    found = dephasing([1.0, 1.5, 2.0, 3.0, 4.0], lengths(5 * np.array([1.0, 1.5, 2.0, 3.0, 4.0])))
    assert {"short_range", "few_temperatures"} <= {r.code for r in found.remarks}


def test_undetermined_lengths_do_not_count():
    four = lengths(5 * T[:4])
    with pytest.raises(ValueError, match="3 determined L_phi"):
        dephasing(T[:4], [*four[:3], unknown()])
    with pytest.raises(ValueError, match="dimension 4"):
        dephasing(T[:4], four, 4)
    with pytest.raises(ValueError, match="finite"):
        dephasing([1.0, 2.0, 3.0, math.nan], four)


def test_derivative_of_the_spin_flip_shape():
    value, (slope,) = nagaoka_suhl(T, 0.7)
    assert value.max() <= 1
    change = nagaoka_suhl(T, 0.7 + 1e-6)[0] - nagaoka_suhl(T, 0.7 - 1e-6)[0]
    assert slope == pytest.approx(change / 2e-6, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_few_temperatures_do_not_deny_what_is_there(seed):
    # AICc alone would call the saturation absent for want of points, and the Nyquist rate wrong by three errors
    t = np.geomspace(1.5, 20, 6)
    found = dephasing(t, lengths(0.5 + 5 * t + 0.05 * t**3, seed, 0.02))
    assert found.verdict.presence(SATURATION) != "absent"
    nyquist = found.verdict["nyquist_per_um2"]
    assert nyquist.value is None or abs(nyquist.value - 5) < 2 * nyquist.error
