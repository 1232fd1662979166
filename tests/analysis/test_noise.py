"""The lock-in's noise: golden numbers, sum rules, and error bars taken from the data."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from analysis.noise import acf, correlation_factor, enbw, error_factor, point_noise, settle

GOLDEN = Path(os.environ.get("CUSP_GOLDEN", Path(__file__).parents[3] / "shared" / "golden")) / "golden_rest.json"


def golden(function):
    if not GOLDEN.exists():
        return []
    entries = json.loads(GOLDEN.read_text(encoding="utf-8"))["entries"]
    return [entry for entry in entries if entry["function"] == function]


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"no golden values at {GOLDEN}")
@pytest.mark.parametrize("entry", golden("enbw") + golden("settle") + golden("acf"), ids=lambda e: str(e["id"]))
def test_golden_values(entry):
    functions = {"enbw": (enbw, "tau"), "settle": (settle, "frac"), "acf": (acf, "x")}
    function, second = functions[entry["function"]]
    arguments = entry["arguments"]
    value = function(int(arguments["n"]), float(arguments[second]))
    assert float(value) == pytest.approx(float(entry["value"]), rel=1e-9)


def test_manual_table():
    """SR830 manual p. 3-25: ENBW in 1/tau."""
    assert [enbw(n, 1.0) for n in (1, 2, 3, 4)] == pytest.approx([1 / 4, 1 / 8, 3 / 32, 5 / 64])
    assert [settle(n, 0.001) for n in (1, 2, 3, 4)] == pytest.approx([6.91, 9.23, 11.23, 13.06], abs=0.006)
    assert [error_factor(n, 1.0) for n in (1, 2, 3, 4)] == pytest.approx([1.41, 2.00, 2.31, 2.53], rel=0.05)


@pytest.mark.parametrize("stages", [1, 2, 3, 4])
def test_integral_of_acf_is_the_bandwidth(stages):
    integral = quad(lambda x: float(acf(stages, x)), 0, np.inf)[0]
    assert integral == pytest.approx(1 / (4 * enbw(stages, 1.0)), rel=1e-9)
    assert acf(stages, 0.0) == 1
    assert acf(stages, -2.0) == acf(stages, 2.0)


@given(st.integers(1, 4), st.floats(1e-6, 0.99))
def test_settled_residue_of_a_step(stages, fraction):
    x = settle(stages, fraction)
    residue = math.exp(-x) * sum(x**k / math.factorial(k) for k in range(stages))
    assert residue == pytest.approx(fraction, rel=1e-9)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: settle(1, 0.0), "fraction"), (lambda: settle(1, math.nan), "fraction"), (lambda: enbw(0, 1.0), "stages"),
    (lambda: error_factor(2, 0.0), "above 0"),
])  # fmt: skip
def test_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()


@pytest.mark.parametrize("grid", ["even", "asinh", "random"])
def test_noise_on_a_curve_with_a_cusp(grid):
    rng = np.random.default_rng(4)
    field = {"even": np.linspace(-1, 1, 401), "asinh": np.sinh(np.linspace(-5, 5, 401)) / math.sinh(5),
             "random": np.sort(rng.uniform(-1, 1, 401))}[grid]  # fmt: skip
    curve = np.log(1 + np.abs(field) / 0.01)
    found = [point_noise(field, curve + rng.normal(0, 3e-3, 401)) for _ in range(20)]
    assert np.mean(found) == pytest.approx(3e-3, rel=0.1)
    assert np.std(found) / 3e-3 < 0.1


def test_noise_is_never_zero():
    field = np.linspace(-1, 1, 101)
    step = 1e-3
    quantized = np.round(0.4 * np.abs(field) ** 3 / step) * step
    assert point_noise(field, quantized) >= step / math.sqrt(12) * (1 - 1e-12)
    assert point_noise(field, np.full(101, 5.0)) > 0
    assert math.isnan(point_noise(field[:4], quantized[:4]))


def test_repeated_fields_are_no_trouble():
    rng = np.random.default_rng(1)
    field = np.repeat(np.linspace(-1, 1, 50), 4)
    assert point_noise(field, 10 * np.abs(field) + rng.normal(0, 0.1, 200)) == pytest.approx(0.1, rel=0.25)


def test_white_noise_is_left_alone_and_filtered_noise_is_not():
    rng = np.random.default_rng(2)
    white = [correlation_factor(rng.normal(size=201)) for _ in range(200)]
    assert np.mean(np.array(white) > 1) < 0.01
    factors = []
    for _ in range(40):
        filtered = np.zeros(2000)
        drive = rng.normal(size=2000)
        for i in range(1, 2000):
            filtered[i] = math.exp(-1) * filtered[i - 1] + drive[i]
        factors.append(correlation_factor(filtered))
    assert np.mean(factors) == pytest.approx(error_factor(1, 1.0), rel=0.1)
