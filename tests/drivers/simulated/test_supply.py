"""The physics of a simulated supply: closed forms, the switch, a quench by unmatched currents, loss of power."""

import math
import random

import pytest

from drivers.simulated.cryostat import Cryostat, CryostatSettings
from drivers.simulated.sample import Film
from drivers.simulated.supply import Supply, paced, rate_at

RATES = ((1.0, 0.5), (2.0, 0.2), (3.0, 0.1))


@pytest.fixture
def coil(clock):
    return Cryostat(clock, Film(), CryostatSettings(trapped_flux_T=0.0, inductance_H=5.0)).coil


def test_a_way_through_segments_takes_the_sum_of_their_times():
    assert paced(0, 3, RATES, 2 + 5 + 10) == pytest.approx(3)
    assert paced(0, 3, RATES, 2 + 5 + 1) == pytest.approx(2.1)
    assert paced(-3, 0.5, RATES, 10 + 5 + 2) == pytest.approx(0, abs=1e-12)
    assert paced(4, 3.5, RATES, 2) == pytest.approx(3.8)
    assert rate_at(-1.5, RATES) == 0.2


def test_how_often_one_looks_does_not_matter():
    random_ = random.Random(1)
    for _ in range(50):
        here = start = random_.uniform(-3, 3)
        target, elapsed = random_.uniform(-3, 3), 0.0
        for _ in range(30):
            step = random_.uniform(0, 1)
            elapsed += step
            here = paced(here, target, RATES, step)
        assert here == pytest.approx(paced(start, target, RATES, elapsed), abs=1e-9)


def test_the_voltage_limit_slows_the_coil_but_not_the_leads(clock, coil):
    supply = Supply(clock, coil, switch=True, rates=[(math.inf, 1.0)], voltage_limit_V=0.5)
    supply.go(2.0)
    clock.advance(2)
    assert supply.output_A == 2.0
    assert coil.current_A == 0
    supply.go(0.0)
    clock.advance(2)
    supply.heat(True)
    clock.advance(20)
    assert supply.warm
    supply.go(2.0)
    clock.advance(2)
    assert coil.current_A == supply.output_A == pytest.approx(0.2)
    assert supply.voltage_V == pytest.approx(0.5)
    supply.voltage_limit_V = 5.0
    clock.advance(1)
    assert coil.current_A == pytest.approx(1.2)


def persistent(clock, coil, current_A=2.0):
    """A supply with its leads at zero and the coil at a current."""
    supply = Supply(clock, coil, switch=True, rates=[(math.inf, 1.0)])
    supply.heat(True)
    clock.advance(20)
    supply.go(current_A)
    clock.advance(10)
    supply.pause()
    supply.heat(False)
    clock.advance(20)
    assert not supply.warm
    supply.go(0.0)
    clock.advance(10)
    assert supply.output_A == 0
    return supply


def test_a_persistent_coil_keeps_its_current_and_comes_back_when_matched(clock, coil):
    supply = persistent(clock, coil)
    clock.advance(1e5)
    assert coil.current_A == 2.0
    supply.go(2.0)
    clock.advance(10)
    supply.heat(True)
    assert supply.switching
    clock.advance(20)
    assert not supply.switching
    assert supply.warm
    assert not supply.quenched
    supply.go(1.0)
    clock.advance(10)
    assert coil.current_A == 1.0


def test_heating_with_unmatched_currents_quenches_the_coil(clock, coil):
    supply = persistent(clock, coil)
    supply.heat(True)
    assert coil.quenched
    clock.advance(30)
    assert supply.quenched
    assert coil.current_A == pytest.approx(0, abs=1e-6)
    supply.go(1.0)
    clock.advance(10)
    assert coil.current_A == pytest.approx(0, abs=1e-6)
    supply.reset_quench()
    assert not supply.quenched


def test_leads_that_move_away_while_the_switch_warms_quench_the_coil(clock, coil):
    supply = persistent(clock, coil)
    supply.go(2.0)
    clock.advance(10)
    supply.heat(True)
    supply.go(0.0)
    clock.advance(20)
    assert not supply.warm or coil.quenched
    assert supply.quenched


def test_while_the_switch_cools_the_coil_still_follows(clock, coil):
    supply = Supply(clock, coil, switch=True, rates=[(math.inf, 0.1)])
    supply.heat(True)
    clock.advance(20)
    supply.go(1.0)
    clock.advance(20)
    supply.heat(False)
    supply.go(0.0)
    clock.advance(5)
    assert coil.current_A == pytest.approx(0.5)


def test_power_off_with_a_cold_switch_leaves_the_coil_alone(clock, coil):
    supply = persistent(clock, coil)
    supply.go(1.5)
    clock.advance(10)
    supply.power_cycle()
    assert supply.output_A == 0
    assert coil.current_A == 2.0
    assert not supply.heater_on


def test_power_off_without_a_switch_runs_the_coil_down_through_the_diodes(clock, coil):
    supply = Supply(clock, coil)
    supply.go(1.0)
    clock.advance(20)
    supply.power_cycle()
    clock.advance(2)
    assert coil.current_A == pytest.approx(1.0 - 2 * 1.0 / 5.0)
    clock.advance(10)
    assert supply.output_A == 0
