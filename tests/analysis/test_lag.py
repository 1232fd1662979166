"""Lag against hysteresis: what one rate cannot tell, two can."""

import math

import numpy as np
import pytest

from analysis.constants import field_of_length
from analysis.lag import find_lag, remarks
from analysis.reduction import reduce_sweep
from tests.analysis.simulated_sweep import sweep_rows

FIELDS = np.linspace(-0.05, 0.05, 201)


def codes(reduction):
    return {remark.code for remark in reduction.remarks}


def swept(*rates_T_per_s, lag_s=0.0, trapped_T=0.0, offset_T=0.4e-3, noise_V=20e-9, l_phi_nm=500.0, seed=1):
    """A sweep up and down for every rate, the voltage late by `lag_s`: going up, the magnet reads more than it was."""
    offsets = []
    for rate in rates_T_per_s:
        offsets += [offset_T + trapped_T + lag_s * rate, offset_T - trapped_T - lag_s * rate]
    parts = [
        sweep_rows(l_phi_nm, fields=FIELDS, offsets_T=tuple(offsets[2 * i : 2 * i + 2]), noise_V=noise_V, seed=seed + i,
                   interval_s=float(np.ptp(FIELDS)) / 200 / rate)
        for i, rate in enumerate(rates_T_per_s)
    ]  # fmt: skip
    for i, part in enumerate(parts):
        part["branch"] = part["branch"] + 2 * i
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def test_one_rate_gives_the_split_and_says_that_it_may_be_either():
    covariance = np.eye(2) * 1e-10
    found = find_lag(np.array([1e-3, -0.6e-3]), covariance, np.array([True, False]), np.array([1e-3, -1e-3]))
    assert found.split_T == pytest.approx(0.8e-3)
    assert found.split_error_T == pytest.approx(1e-5 / math.sqrt(2))
    assert found.lag_s == pytest.approx(0.8)
    assert found.significant
    assert not found.told_apart
    assert "sweep once at another rate" in remarks(found, "...")[0].message


def test_a_negative_split_is_no_lag():
    found = find_lag(np.array([-1e-3, 1e-3]), np.eye(2) * 1e-10, np.array([True, False]), np.array([1e-3, -1e-3]))
    assert "no lag of the voltage" in remarks(found, "...")[0].message


def test_two_rates_tell_lag_from_hysteresis():
    rate = np.array([1e-3, -1e-3, 3e-3, -3e-3])
    centre = 0.2e-3 + 0.5e-3 * np.sign(rate) + 0.7 * rate
    found = find_lag(centre, np.eye(4) * 1e-12, rate > 0, rate)
    assert (found.lag_s, found.hysteresis_T) == pytest.approx((0.7, 0.5e-3))
    assert found.told_apart
    assert found.late
    assert {remark.code for remark in remarks(found, "")} == {"lag", "hysteresis"}


def test_one_direction_and_unknown_rates():
    nothing = np.array([math.nan, math.nan])
    assert find_lag(np.zeros(2), np.eye(2), np.array([True, True]), nothing) is None
    assert remarks(None, "") == []
    found = find_lag(np.array([1e-3, -1e-3]), np.eye(2) * 1e-12, np.array([True, False]), nothing)
    assert found.lag_s is None
    assert "or the voltage lags" in remarks(found, "")[0].message
    # two rates, each in one direction only: three unknowns, two legs
    found = find_lag(np.array([1e-3, -1e-3]), np.eye(2) * 1e-12, np.array([True, False]), np.array([1e-3, -3e-3]))
    assert not found.told_apart
    assert found.significant


def test_the_lag_of_a_simulated_sweep_within_its_error():
    away = []
    for seed in range(12):
        reduction = reduce_sweep(swept(0.5e-3, 2e-3, lag_s=0.4, trapped_T=0.3e-3, seed=10 * seed), 5.0)
        note = next(remark.message for remark in reduction.remarks if remark.code == "lag")
        value, error = (float(word) for word in note.split(" is ")[1].split(" s behind")[0].split(" +- "))
        away.append((value - 0.4) / error)
        assert "hysteresis" in codes(reduction)
        # what the lag adds is gone from the centres; the hysteresis is left
        assert reduction.leg_offsets_T[0] == pytest.approx(0.7e-3, abs=1e-4)
        assert reduction.leg_offsets_T[2] == pytest.approx(0.7e-3, abs=1e-4)
    assert np.max(np.abs(away)) < 4


def test_no_lag_no_word_of_it():
    assert not codes(reduce_sweep(swept(0.5e-3, 2e-3), 5.0)) & {"lag", "hysteresis"}
    assert "lag" not in codes(reduce_sweep(swept(0.5e-3, 2e-3, trapped_T=1e-3), 5.0))


def test_lag_at_one_rate_does_not_move_the_curve():
    """Up and down from their own centres: the cusp stays as sharp as without a lag."""
    plain = reduce_sweep(swept(2e-3), 5.0)
    late = reduce_sweep(swept(2e-3, lag_s=1.0), 5.0)
    at = field_of_length(500e-9)
    assert "hysteresis" in codes(late)
    assert np.interp(at, late.curve.field_T, late.curve.dsigma) == pytest.approx(
        np.interp(at, plain.curve.field_T, plain.curve.dsigma), abs=0.02
    )
    assert late.field_offset_T == pytest.approx(0.4e-3, abs=5 * late.field_offset_error_T)
