"""The phase of the voltage: found, told from its causes by the magnetoresistance, and taken out."""

import math

import numpy as np
import pytest

from analysis.phase import find_phase, remarks, resistive
from analysis.reduction import reduce_sweep
from tests.analysis.simulated_sweep import sweep_rows

TRUE_V = sweep_rows(300, seed=None)["x_xx_V"]
NOISE_V = 20e-9


def measured(voltage, seed=0):
    """What a lock-in reads of a complex voltage."""
    noise = np.random.default_rng(seed).normal(0, NOISE_V, (2, len(voltage)))
    return voltage.real + noise[0], voltage.imag + noise[1]


def turned(theta):
    return TRUE_V * np.exp(1j * theta)


def loaded(z):
    """A capacitance across the film: z = omega R C at its mean resistance."""
    return TRUE_V / (1 + 1j * z * TRUE_V / TRUE_V.mean())


def picked_up(size):
    return TRUE_V + 1j * size * TRUE_V.mean()


@pytest.mark.parametrize("theta", [-1.2, -0.3, 1e-3, 0.05, 0.8])
def test_phase_of_the_lock_in_is_found_and_turned_back(theta):
    x, y = measured(turned(theta))
    found = find_phase(x, y)
    assert found.angle_rad == pytest.approx(theta, abs=5 * found.error_rad)
    assert found.cause == ("phase" if abs(theta) > 0.01 else found.cause)
    assert resistive(x, y, found) == pytest.approx(TRUE_V, abs=5 * NOISE_V)


def test_error_of_the_angle_is_its_scatter():
    found = [find_phase(*measured(turned(0.1), seed)) for seed in range(200)]
    scatter = np.std([one.angle_rad for one in found])
    assert np.mean([one.error_rad for one in found]) == pytest.approx(scatter, rel=0.2)


def test_no_phase_is_invented():
    found = [find_phase(*measured(turned(0.0), seed)) for seed in range(100)]
    assert all(one.cause == "" and not remarks(one, "V") for one in found)
    x, y = measured(turned(0.0))
    assert resistive(x, y, found[0]) is x


@pytest.mark.parametrize("z", [0.03, -0.1, 0.4])
def test_capacitive_load_is_told_from_a_phase_and_taken_out(z):
    x, y = measured(loaded(z))
    found = find_phase(x, y)
    assert found.cause == "load"
    assert resistive(x, y, found) == pytest.approx(TRUE_V, abs=8 * NOISE_V)
    assert "capacitance" in remarks(found, "V")[0].message


def test_pick_up_is_left_out():
    x, y = measured(picked_up(0.2))
    found = find_phase(x, y)
    assert found.cause == "pick-up"
    assert resistive(x, y, found) is x


def test_without_magnetoresistance_the_cause_is_not_told():
    """A flat film of large phase: turned back, with what a capacitive load would make of it."""
    x, y = measured(np.full(402, 2.5e-3) * np.exp(0.4j))
    found = find_phase(x, y)
    assert found.cause == "unknown"
    assert "capacitive" in remarks(found, "V")[0].message
    assert resistive(x, y, found) == pytest.approx(2.5e-3, abs=5 * NOISE_V)


def test_rows_without_a_quadrature_keep_their_cosine():
    x, y = measured(turned(0.3))
    found = find_phase(x, y)
    y[5] = math.nan
    assert resistive(x, y, found)[5] == pytest.approx(TRUE_V[5], abs=5 * NOISE_V)


@pytest.mark.parametrize("voltage", [turned(0.6), loaded(0.2), picked_up(0.3)])
def test_the_sheet_resistance_does_not_depend_on_the_phase(voltage):
    rows = sweep_rows(300)
    x, y = measured(voltage)
    reduction = reduce_sweep(dict(rows, x_xx_V=x, y_xx_V=y), 5.0)
    plain = reduce_sweep(rows, 5.0)
    assert "phase" in {remark.code for remark in reduction.remarks}
    assert reduction.sheet_ohm == pytest.approx(plain.sheet_ohm, rel=1e-5)
    assert np.median(reduction.curve.error) == pytest.approx(np.median(plain.curve.error), rel=0.2)


def test_transverse_voltage_has_a_phase_of_its_own():
    rows = sweep_rows(300, density=6e15, fields=np.linspace(-0.13, 0.13, 131))
    hall = rows["x_xy_V"] * np.exp(-0.5j)
    reduction = reduce_sweep(dict(rows, x_xy_V=hall.real, y_xy_V=hall.imag), 5.0)
    assert reduction.resistance.hall_ohm == pytest.approx(rows["x_xy_V"] / rows["current_A"], rel=1e-6)


def test_frozen_quadrature_is_no_trouble():
    found = find_phase(np.zeros(20), np.zeros(20))
    assert (found.cause, found.error_rad) == ("", math.inf)
    assert find_phase(np.ones(20), np.ones(20)).cause == "unknown"
