"""Loops and cylinders: golden values, the period h/2e, and the limits."""

import numpy as np
import pytest

from analysis.constants import G0
from analysis.loops import FLUX_QUANTUM, cylinder_oscillation, ring_cooperon
from tests.analysis.models.golden_rest import entries, golden


@golden
@pytest.mark.parametrize(("arguments", "expected"), entries("dsigma_AAS"))
def test_golden_cylinder(arguments, expected):
    found = cylinder_oscillation(np.array([arguments["B"]]), arguments["r"], arguments["Lphi"], arguments.get("a", 0.0))
    assert G0 * found[0] == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("arguments", "expected"), entries("cooperon_ring"))
def test_golden_ring(arguments, expected):
    found = ring_cooperon(np.array([arguments["phi"]]), arguments["C"], arguments["Lphi"])[0]
    assert found == pytest.approx(expected, rel=1e-9)


def test_period_is_half_a_flux_quantum_and_damped_by_the_wall():
    radius = 1e-6
    period = FLUX_QUANTUM / (np.pi * radius**2)
    field = np.linspace(0, period, 11)
    thin = cylinder_oscillation(field, radius, 3e-6)
    assert cylinder_oscillation(field + period, radius, 3e-6) == pytest.approx(thin, rel=1e-9)
    assert thin[0] < 0 < thin[5]
    thick = cylinder_oscillation(field + 20 * period, radius, 3e-6, wall_m=2e-7)
    assert np.ptp(thick) < 0.1 * np.ptp(thin)


def test_strong_spin_orbit_scattering_turns_it_to_minus_one_half():
    field = np.linspace(0, 1e-3, 7)
    plain = cylinder_oscillation(field, 1e-6, 3e-6)
    assert cylinder_oscillation(field, 1e-6, 3e-6, l_so_m=1e-8) == pytest.approx(-plain / 2, rel=1e-9)
    assert cylinder_oscillation(field, 1e-6, 3e-6, l_so_m=1e3) == pytest.approx(plain, rel=1e-6)


def test_long_ring_is_a_wire_and_bad_lengths_are_refused():
    assert ring_cooperon(np.array([0.0, 0.3]), 1.0, 1e-6) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="positive"):
        ring_cooperon(np.array([0.0]), -1.0, 1e-6)
    with pytest.raises(ValueError, match="l_phi_m"):
        cylinder_oscillation(np.array([0.0]), 1e-6, 0.0)
