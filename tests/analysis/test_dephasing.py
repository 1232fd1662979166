"""L_phi(T): power laws with honest errors, the Nyquist line, heating."""

import json
import math

import numpy as np
import pytest

from analysis.dephasing import (
    largest_current_A,
    nyquist_rate,
    nyquist_rate_self_consistent,
    power_law,
)
from analysis.estimate import Estimate
from tests.analysis.test_noise import GOLDEN, golden


def length(value, error, determined=True):
    return Estimate("l_phi_nm", "nm", value, error, None, None, determined)


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"no golden values at {GOLDEN}")
def test_golden_values():
    for name, function in (("inv_tau_ee_2d", nyquist_rate), ("inv_tau_ee_2d_selfcons", nyquist_rate_self_consistent)):
        for entry in golden(name):
            a = entry["arguments"]
            assert float(function(float(a["T"]), float(a["Rsq"]))) == pytest.approx(float(entry["value"]), rel=1e-9)
    for entry in golden("I_max_heating"):
        a = {key: float(value) for key, value in entry["arguments"].items()}
        found = largest_current_A(a["T"], a["R_per_length"], 1e9 * a["Lphi"])
        assert found == pytest.approx(float(entry["value"]), rel=1e-9)
    assert json.loads(GOLDEN.read_text(encoding="utf-8"))["entries"]


def test_exact_power_law():
    t = np.array([1.5, 3.0, 6.0, 12.0])
    law = power_law(t, [length(500 * (1.5 / x) ** 0.5, 5) for x in t])
    assert law is not None
    assert law.exponent == pytest.approx(-0.5, rel=1e-12)
    assert law.evaluate(t) == pytest.approx(500 * (1.5 / t) ** 0.5)
    assert law.range_K == pytest.approx((1.5, 12.0))
    assert law.estimate.value == law.exponent


def test_error_of_the_exponent_covers():
    rng = np.random.default_rng(0)
    t = np.geomspace(1, 20, 6)
    pulls = []
    for _ in range(300):
        true = 400 * t**-0.5
        law = power_law(t, [length(v * math.exp(rng.normal(0, 0.02)), 0.02 * v) for v in true])
        assert law is not None
        pulls.append((law.exponent + 0.5) / law.exponent_error)
    assert 0.55 < np.mean(np.abs(pulls) < 1) < 0.85


def test_scatter_beyond_the_errors_widens_the_answer():
    t = np.geomspace(1, 20, 6)
    wavy = [length(400 * x**-0.5 * (1 + 0.1 * (-1) ** i), 0.4) for i, x in enumerate(t)]
    law = power_law(t, wavy)
    assert law is not None
    assert law.chi2_reduced is not None
    assert law.chi2_reduced > 100
    assert law.exponent_error > 0.01


def test_undetermined_lengths_are_left_out():
    lengths = [length(500, 5), length(None, None, False), length(250, 5)]
    law = power_law([1.0, 2.0, 4.0], lengths)
    assert law is not None
    assert law.exponent == pytest.approx(-0.5)
    assert power_law([1.0, 2.0], lengths[:2]) is None
    assert power_law([2.0, 2.0], [lengths[0], lengths[2]]) is None


@pytest.mark.parametrize("sheet_ohm", [0.0, -5.0, 13000.0, math.nan])
def test_nyquist_outside_its_range(sheet_ohm):
    with pytest.raises(ValueError, match="ohm per square"):
        nyquist_rate(1.0, sheet_ohm)
