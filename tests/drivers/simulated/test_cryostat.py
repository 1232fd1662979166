"""The cryostat on a stepped clock: closed forms against brute force, and the same state however often it is asked."""

import dataclasses
import math
import threading

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from drivers.clock import SteppedClock
from drivers.simulated.cryostat import Cryostat, CryostatSettings, SensorFault
from drivers.simulated.sample import Film

FILM = Film()


@pytest.fixture
def cryostat(clock):
    return Cryostat(clock, FILM)


def state(cryostat):
    coil, heat = cryostat.coil, cryostat.heat
    return coil.current_A, cryostat.field_T, coil.trapped_flux_T, coil.voltage_V, heat.stage_K, heat.sensor_K


def play(pieces):
    """Ramp there and back, heat and let cool, in some number of looks at each stage; return the states."""
    clock = SteppedClock()
    cryostat = Cryostat(clock, FILM)
    states = []
    for target_A, power_W in ((4.0, 2.0), (-3.0, 0.0), (0.5, 0.02)):
        cryostat.coil.start(target_A, 0.05)
        cryostat.heat.heater_W = power_W
        for _ in range(pieces):
            clock.advance(50.0 / pieces)
            state(cryostat)
        states.append(state(cryostat))
    cryostat.coil.quench()
    for _ in range(pieces):
        clock.advance(2.0 / pieces)
        state(cryostat)
    return np.array([*states, state(cryostat)])


def test_the_state_does_not_depend_on_how_often_it_is_asked():
    assert play(1000) == pytest.approx(play(1), rel=1e-9, abs=1e-12)


# the coil


def test_a_ramp_is_straight_and_ends_on_its_target(cryostat, clock):
    coil = cryostat.coil
    coil.start(2.0, 0.1)
    clock.advance(7.0)
    assert coil.current_A == pytest.approx(0.7)
    assert coil.ramping
    assert coil.voltage_V == pytest.approx(coil.inductance_H * 0.1)
    clock.advance(100.0)
    assert coil.current_A == 2.0
    assert not coil.ramping
    assert coil.voltage_V == 0.0
    coil.start(1.0, 0.1)
    assert coil.voltage_V == pytest.approx(-coil.inductance_H * 0.1)


def test_pause_holds_the_current(cryostat, clock):
    cryostat.coil.start(2.0, 0.1)
    clock.advance(5.0)
    cryostat.coil.pause()
    clock.advance(50.0)
    assert cryostat.coil.current_A == pytest.approx(0.5)
    assert cryostat.coil.target_A == cryostat.coil.current_A


def test_field_stays_behind_the_current_and_turns_over_smoothly(cryostat, clock):
    coil = cryostat.coil

    def offset_after(target_A):
        coil.start(target_A, 1.0)
        clock.advance(60.0)
        return cryostat.field_T - coil.field_per_ampere_T * coil.current_A

    assert offset_after(4.0) == pytest.approx(-1e-3, rel=1e-6)
    assert offset_after(0.0) == pytest.approx(+1e-3, rel=1e-6)
    assert offset_after(-4.0) == pytest.approx(+1e-3, rel=1e-6)
    assert offset_after(0.0) == pytest.approx(-1e-3, rel=1e-6)
    small = [offset_after(target_A) for target_A in (-0.01, -0.02)]  # 1 mT, a small part of the reversal
    assert -1e-3 < small[0] < small[1] < -0.8e-3
    assert np.array(small) + 1e-3 == pytest.approx([2e-3 * (1 - math.exp(-0.05 * n)) for n in (1, 2)])


def test_a_quench_lets_the_current_decay_until_it_is_cleared(cryostat, clock):
    coil = cryostat.coil
    coil.start(4.0, 1.0)
    clock.advance(10.0)
    coil.quench()
    assert coil.quenched
    assert coil.voltage_V < -10
    clock.advance(1.5)
    assert coil.current_A == pytest.approx(4.0 / math.e)
    with pytest.raises(RuntimeError, match="quench"):
        coil.start(1.0, 1.0)
    clock.advance(60.0)
    assert coil.quenched
    assert abs(cryostat.field_T) < 1e-12
    coil.clear_quench()
    assert not coil.quenched
    coil.start(1.0, 1.0)
    clock.advance(1.0)
    assert coil.current_A == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("target_A", "rate"), [(math.nan, 1.0), (math.inf, 1.0), (1.0, 0.0), (1.0, -1.0), (1.0, math.nan)]
)
def test_a_coil_refuses_what_is_no_ramp(cryostat, target_A, rate):
    with pytest.raises(ValueError, match="coil"):
        cryostat.coil.start(target_A, rate)
    assert cryostat.coil.target_A == 0.0


# heat


@pytest.mark.parametrize(("start_K", "power_W", "seconds"), [
    (4.2, 0.0, 3.0), (1.3, 2.87, 40.0), (30.0, 0.0, 33.0), (1.5, 50.0, 5.0), (200.0, 0.0, 180.0), (4.0, 0.27, 10.0),
])  # fmt: skip
def test_heat_solves_its_equation(start_K, power_W, seconds):
    clock, settings = SteppedClock(), CryostatSettings(start_K=start_K)
    cryostat = Cryostat(clock, FILM, settings)
    cryostat.heat.heater_W = power_W
    end_K = settings.bath_K + power_W / settings.link_W_per_K

    def slope(_, y):
        return [(end_K - y[0]) / y[0], (y[0] - y[1]) / (0.1 * y[0])]

    exact = solve_ivp(slope, (0, seconds), [start_K, start_K], rtol=1e-10, atol=1e-10, method="DOP853").y[:, -1]
    clock.advance(seconds)
    assert [cryostat.heat.stage_K, cryostat.heat.sensor_K] == pytest.approx(exact, rel=1e-7)


def test_heat_comes_to_rest_between_heater_and_bath(cryostat, clock):
    cryostat.heat.heater_W = 1.0
    clock.advance(3600.0)
    assert cryostat.temperature_K == pytest.approx(11.3, rel=1e-12)
    cryostat.heat.heater_W = 0.0
    clock.advance(3600.0)
    assert cryostat.temperature_K == pytest.approx(1.3, rel=1e-12)


def test_the_sensor_lags(cryostat, clock):
    cryostat.heat.heater_W = 2.0
    clock.advance(2.0)
    assert 4.2 < cryostat.heat.sensor_K < cryostat.heat.stage_K


def test_the_stage_is_slower_when_it_is_warm():
    def half_way_s(start_K, power_W):
        clock = SteppedClock()
        cryostat = Cryostat(clock, FILM, CryostatSettings(start_K=start_K))
        cryostat.heat.heater_W = power_W + 0.01
        while cryostat.heat.stage_K < start_K + 0.05:
            clock.advance(0.02)
        return clock.now()

    assert half_way_s(21.3, 2.0) > 8 * half_way_s(2.3, 0.1)


def test_faults_of_the_sensor(cryostat, clock):
    heat = cryostat.heat
    heat.sensor_fault = SensorFault.FROZEN
    heat.heater_W = 2.0
    clock.advance(30.0)
    assert cryostat.temperature_K == pytest.approx(4.2)
    assert heat.stage_K > 10
    heat.sensor_fault = SensorFault.OPEN
    assert math.isnan(cryostat.temperature_K)
    heat.sensor_fault = SensorFault.NONE
    assert cryostat.temperature_K > 10


@pytest.mark.parametrize("power_W", [-1.0, math.nan, math.inf])
def test_a_heater_refuses_what_is_no_power(cryostat, power_W):
    with pytest.raises(ValueError, match="heater"):
        cryostat.heat.heater_W = power_W


def controlled(cryostat, setpoint, range_W=5.0, p=10.0, i=100.0, period_s=0.1):
    """Close the loop as the docstring of CryostatSettings recommends; output in % of the range's power."""
    integral = 0.0

    def step(_):
        nonlocal integral
        error = setpoint[0] - cryostat.temperature_K
        free = p * (error + i / 1000 * (integral + error * period_s))
        if 0 < free < 100:
            integral += error * period_s
        cryostat.heat.heater_W = range_W * min(max(free, 0.0), 100.0) / 100

    cryostat.every(period_s, step)


def seconds_to_settle(cryostat, clock, setpoint_K, band_K=0.02, dwell_s=20.0):
    begun, inside_since = clock.now(), None
    while clock.now() < begun + 600:
        clock.advance(0.5)
        if abs(cryostat.temperature_K - setpoint_K) > band_K:
            inside_since = None
        else:
            inside_since = clock.now() if inside_since is None else inside_since
            if clock.now() - inside_since >= dwell_s:
                return clock.now() - begun
    return math.inf


def test_the_recommended_loop_settles_within_two_minutes(cryostat, clock):
    setpoint = [4.2]
    controlled(cryostat, setpoint)
    for setpoint_K in (1.5, 2.6, 4.6, 8.1, 14.2, 25.0, 30.0, 1.5):
        setpoint[0] = setpoint_K
        assert seconds_to_settle(cryostat, clock, setpoint_K) < 120, f"{setpoint_K} K"


@pytest.mark.parametrize(("range_W", "p", "setpoints_K"), [(0.5, 100.0, (1.5, 5.0)), (50.0, 1.0, (1.5, 30.0))])
def test_the_other_ranges_settle_too(cryostat, clock, range_W, p, setpoints_K):
    setpoint = [4.2]
    controlled(cryostat, setpoint, range_W, p)
    for setpoint_K in setpoints_K:
        setpoint[0] = setpoint_K
        assert seconds_to_settle(cryostat, clock, setpoint_K) < 120, f"{setpoint_K} K"


# loops, film, threads


def test_loops_run_at_their_time_however_seldom_somebody_looks():
    def trace(looks):
        clock = SteppedClock()
        cryostat = Cryostat(clock, FILM)
        cryostat.coil.start(3.0, 0.1)
        seen = []
        cryostat.every(0.3, lambda time_s: seen.append((time_s, cryostat.time_s, cryostat.field_T)))
        cryostat.every(0.7, lambda _: setattr(cryostat.heat, "heater_W", 0.1 * cryostat.temperature_K))
        for _ in range(looks):
            clock.advance(30.0 / looks)
            state(cryostat)
        return np.array(seen), state(cryostat)

    (often, end), (seldom, same_end) = trace(1000), trace(3)
    assert often[:, 0] == pytest.approx(0.3 * np.arange(1, len(often) + 1))
    assert len(often) >= 99
    assert often[:99] == pytest.approx(seldom[:99], rel=1e-9)
    assert end == pytest.approx(same_end, rel=1e-9)


def test_voltages_come_from_the_film_where_it_is(cryostat, clock):
    cryostat.coil.start(1.0, 1.0)
    cryostat.heat.heater_W = 0.5
    clock.advance(1000.0)
    v_xx, v_xy = cryostat.voltages(1e-6)
    rho_xx, rho_yx = FILM.sheet_tensor(cryostat.field_T, cryostat.heat.stage_K, 1e-6)
    s = cryostat.settings
    assert cryostat.field_T == pytest.approx(0.1 - 1e-3, abs=1e-5)
    assert v_xx == pytest.approx(1e-6 * s.squares * rho_xx)
    assert v_xy == pytest.approx(1e-6 * (rho_yx + s.misalignment * s.squares * rho_xx))
    assert cryostat.voltages(0.0) == (0.0, 0.0)
    assert cryostat.voltages(-1e-6) == (-v_xx, -v_xy)


def test_threads_see_one_cryostat(cryostat, clock):
    cryostat.coil.start(9.0, 0.01)
    cryostat.every(0.01, lambda _: None)
    wrong = []

    def look():
        for _ in range(300):
            clock.advance(0.001)
            with cryostat.moment():
                if abs(cryostat.coil.current_A - 0.01 * cryostat.time_s) > 1e-9:
                    wrong.append(cryostat.coil.current_A)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cryostat.time_s == pytest.approx(1.2)


def test_a_typo_raises(cryostat):
    for part in (cryostat, cryostat.coil, cryostat.heat):
        with pytest.raises(AttributeError):
            part.heter_W = 1.0
    with pytest.raises(AttributeError):
        cryostat.coil.current_A = 3.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        cryostat.settings.bath_K = 1.0


@pytest.mark.parametrize("bad", [
    {"bath_K": 0.0}, {"link_W_per_K": -1.0}, {"inductance_H": math.nan}, {"squares": math.inf},
    {"misalignment": math.nan}, {"trapped_flux_T": -1e-3}, {"sensor_time_constant_s_per_K": 2.0},
])  # fmt: skip
def test_impossible_cryostats_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        CryostatSettings(**bad)
