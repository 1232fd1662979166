"""R(T): films made of known terms, named; what R(T) alone cannot tell, said."""

import math

import numpy as np
import pytest

from analysis.constants import G0
from analysis.cooling_curve import KONDO, LOGARITHM, METAL_2, METAL_5, cooling_curve
from analysis.interaction import aslamazov_larkin_conductivity, kondo_resistance, maki_thompson_conductivity

T = np.geomspace(0.5, 60, 18)
MIDDLE = math.exp(np.log(T).mean())
R = 800.0


def found(sigma, relative=2e-5, seed=0):
    ohm = 1 / sigma * np.exp(np.random.default_rng(seed).normal(0, relative, T.size))
    return cooling_curve(T, ohm, relative * ohm)


def logarithm(slope):
    return slope * G0 * np.log(T / MIDDLE)


def test_logarithm_beside_phonons():
    curve = found(1 / (R + 1e-3 * T**2 + 1e-8 * T**5) + logarithm(1.7))
    assert (curve.direction, curve.name) == ("rises", "ln T")
    assert [curve.verdict.presence(t) for t in (LOGARITHM, METAL_2, METAL_5)] == ["present"] * 3
    assert curve.verdict.presence(KONDO) == "absent"
    assert "kondo_curve" not in {r.code for r in curve.remarks}
    for name, true in (("residual_ohm", R), ("ln_T_slope", 1.7), ("t2_ohm_per_K2", 1e-3), ("t5_ohm_per_K5", 1e-8)):
        assert abs(curve.verdict[name].value - true) < 4 * curve.verdict[name].error
    assert "share that form" in curve.sentence


def test_kondo_is_told_by_its_saturation():
    curve = found(1 / (R + 10 * kondo_resistance(T, 4.0)), seed=1)
    assert curve.name == "Kondo scattering that saturates"
    assert curve.verdict["kondo_K"].value == pytest.approx(4, rel=0.25)
    assert curve.verdict["kondo_ohm"].value == pytest.approx(10, rel=0.1)
    # the exponent of the curve is empirical: the user is told
    assert "UNVERIFIED" in {r.code: r.message for r in curve.remarks}["kondo_curve"]


def test_fluctuations_above_the_transition():
    fluctuations = aslamazov_larkin_conductivity(T, 0.4) + maki_thompson_conductivity(T, 0.4, 0.05)
    curve = found(1 / R + fluctuations + logarithm(1.0))
    assert (curve.direction, curve.name) == ("falls", "superconducting fluctuations")
    assert curve.verdict["critical_K"].value == pytest.approx(0.4, rel=1e-2)
    assert curve.verdict["pair_breaking"].value == pytest.approx(0.05, rel=0.1)


def test_antilocalization_falls():
    curve = found(1 / R + logarithm(-0.5))
    assert curve.direction == "falls"
    assert curve.verdict["ln_T_slope"].value is None or curve.verdict["ln_T_slope"].value < 0


def test_what_does_not_change_has_no_name():
    curve = found(np.full(T.size, 1 / R))
    assert (curve.direction, curve.name) == ("flat", "none")
    assert curve.verdict["residual_ohm"].value == pytest.approx(R, rel=1e-3)
    assert curve.evaluate(T) == pytest.approx(R, rel=1e-3)


def test_bad_input():
    with pytest.raises(ValueError, match="five different"):
        cooling_curve(T[:4], np.full(4, R), np.ones(4))
    with pytest.raises(ValueError, match="above 0"):
        cooling_curve(T, np.full(T.size, R), np.zeros(T.size))
