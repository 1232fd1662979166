"""Whatever the rows are: an answer that can be used or a sentence that says why there is none, never a crash."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analysis.curve import Curve
from analysis.live import LiveAnalysis, Settings, analyse, analyse_curve
from tests.analysis.malformed_sweep import SPOILERS, malformed_sweeps
from tests.analysis.simulated_sweep import as_rows, dsigma, sweep_rows

QUICK = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.differing_executors],
}


def numbers(result):
    """Every number that a result shows."""
    names = ("field_offset_T", "field_offset_error_T", "sheet_ohm", "temperature_K", "temperature_spread_K")
    found = {name: getattr(result, name) for name in (*names, "current_A")}
    found |= {f"offset of leg {branch}": offset for branch, offset in result.leg_offsets_T.items()}
    if result.fit is not None:
        found |= {name: getattr(result.fit, name) for name in ("chi2", "chi2_reduced", "offset", "offset_error")}
        for estimate in (*result.fit.estimates, *result.fit.derived):
            found |= {f"{estimate.name} {end}": getattr(estimate, end) for end in ("value", "error", "lower", "upper")}
    return {name: value for name, value in found.items() if value is not None}


def check(result):
    for name, value in numbers(result).items():
        assert math.isfinite(value), name
    if result.fit is None:
        assert result.advice, "no fit, and no word of why"
        return
    for estimate in (*result.fit.estimates, *result.fit.derived):
        if estimate.determined and not estimate.fixed:
            assert estimate.error is not None, estimate.name
            assert estimate.error > 0, estimate.name
    assert np.isfinite(result.drawn).all()


def curve(points, field_unit, unit, error, digits, seed):
    rng = np.random.default_rng(seed)
    field = np.round(rng.permutation(np.linspace(rng.choice([-0.4, 0.0, 0.1]), 0.4, points)), digits)
    value = unit * (dsigma(field, 300.0, 100.0) + rng.normal(0, rng.choice([0.0, 1e-3, 1.0]), points))
    return Curve(field_unit * field, value, None if error is None else np.full(points, error * unit))


def spoilt(*names, seed=0, points=21, noise_V=20e-9):
    rows = sweep_rows(300.0, fields=np.linspace(-0.4, 0.4, points), noise_V=noise_V)
    rows = {name: np.array(values, dtype=float) for name, values in rows.items()}
    for name in names:
        SPOILERS[name](rows, np.random.default_rng(seed))
    return rows


@settings(max_examples=25, **QUICK)
@given(malformed_sweeps())
def test_any_rows_give_an_answer_or_a_reason(rows):
    check(analyse(rows, Settings(), final=True))


@pytest.mark.long
@pytest.mark.timeout(300)
@settings(max_examples=400, **QUICK)
@given(malformed_sweeps())
def test_many_rows_give_an_answer_or_a_reason(rows):
    check(analyse(rows, Settings(), final=True))


@settings(max_examples=30, **QUICK)
@given(
    st.integers(2, 60), st.sampled_from([1e-3, 1.0, 1e3, 1e4]), st.sampled_from([1e-4, 1.0, 1e4]),
    st.sampled_from([None, 1e-12, 1e-3, 1e3]), st.sampled_from([0, 1, 2, 6]), st.integers(0, 99),
)  # fmt: skip
def test_any_curve_gives_an_answer_or_a_reason(points, field_unit, unit, error, digits, seed):
    check(analyse_curve(curve(points, field_unit, unit, error, digits, seed), Settings(), final=False))


@pytest.mark.parametrize("case", [(16, 1.0, 1e-4, 1e-12, 1, 38), (28, 1e-3, 1.0, None, 1, 1038)])
def test_minima_that_rounding_makes_unsharp_do_not_chase_each_other_for_ever(case):
    """Error bars of nearly nothing; no noise at all: a profile finds its minimum lower than the minimum, and back."""
    check(analyse_curve(curve(*case), Settings(), final=True))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SPOILERS)
def test_one_fault_at_a_time(name, seed):
    check(analyse(spoilt(name, seed=seed), Settings(), final=False))


@pytest.mark.parametrize(
    "names", [("huge", "current turned"), ("tiny", "huge"), ("huge", "field in kT"), ("zero", "much Hall")]
)
@pytest.mark.parametrize("seed", range(8))
def test_faults_that_once_overflowed(names, seed):
    check(analyse(spoilt(*names, seed=seed), Settings(), final=False))


@settings(max_examples=15, **QUICK)
@given(malformed_sweeps(), st.integers(1, 30))
@example(spoilt("temperatures"), 7)
def test_rows_one_by_one(rows, every):
    live = LiveAnalysis(Settings())
    for i, row in enumerate(as_rows(rows)):
        live.add(row)
        if i % every == 0 and i < 60:
            (result,) = live.snapshot().sweeps
            check(result)
            assert not result.final
    live.finish()
    for result in live.snapshot().sweeps:
        check(result)
