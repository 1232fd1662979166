"""What every lock-in does, whoever made it: the sensitivity found by itself, the signal of another's current."""

import dataclasses
import itertools
import math
import random
import threading

import pytest

from drivers.catalogue import DRIVERS
from drivers.errors import DriverError, LimitExceeded, Refused, Restarted, Timeout
from drivers.lock_in import LOOKS, MARGIN, LockInReading, settling_time_constants
from drivers.simulated.rack import Rack, RackSettings
from drivers.simulated.twin import Fault
from tests.drivers.rig import INSTRUMENTS, RESISTOR_OHM, make_rack, open_driver, orders

LOCK_INS = sorted(driver for driver, cls in DRIVERS.items() if cls.role == "lockin" and cls.FULL_SCALES_V)
"""Those whose sensitivity can be set."""
WITH_LATCHED_STATUS = ("sr830", "sr860")
TAU_S = 0.1


@pytest.fixture(params=[driver for driver in LOCK_INS if driver != "sr865a"])
def kind(request):
    """All but the SR865A, whose class is the SR860's."""
    return request.param


def bench(kind, *, signal_V=0.0, noise=5e-9, seed=1):
    """A lock-in with a source at its input instead of the film, its filter settled."""
    rack = make_rack(driver=kind, noise_V_per_sqrtHz=noise, seed=seed)
    twin = rack.twins["lockin_xx"]
    twin.source = lambda: signal_V
    lock_in = open_driver(rack, "lockin_xx")
    rack.clock.advance(10)
    lock_in.read()
    return rack, twin, lock_in


def spike(rack, twin):
    """An overload for a second, that has settled again."""
    for volts, seconds in ((5.0, 1), (0.0, 20)):
        twin.source = lambda volts=volts: volts
        for _ in range(2):
            rack.clock.advance(seconds / 2)
            with rack.cryostat.moment():
                pass


def smallest(lock_in, volts):
    return min(full for full in lock_in.FULL_SCALES_V if full >= MARGIN * volts)


def top(lock_in):
    return max(lock_in.FULL_SCALES_V)


def overloaded_after_settling(rack, lock_in):
    rack.clock.advance(lock_in.settling_time_s(1e-3))
    lock_in.read()
    rack.clock.advance(TAU_S)
    return lock_in.read().overload


def test_these_are_the_lock_ins():
    assert {"sr830", "sr860", "sr865a", "dsp7265", "dsp7270", "mfli"} <= set(LOCK_INS)


# in one rig


@pytest.mark.parametrize(("driving", "hall"), [*itertools.pairwise([*LOCK_INS, LOCK_INS[0]])])
def test_any_two_makers_drive_the_film_and_lock_to_each_other(driving, hall):
    addresses = {"lockin_xx": "GPIB0::8::INSTR", "lockin_xy": "GPIB0::9::INSTR"}
    kinds = {"lockin_xx": driving, "lockin_xy": hall}
    for name, kind in kinds.items():
        addresses[name] = addresses[name] if kind != "mfli" else "dev1234@127.0.0.1:8004"
    settings = RackSettings(noise_V_per_sqrtHz=0.0)
    rig = INSTRUMENTS | {name: (kinds[name], addresses[name]) for name in kinds}
    rack = Rack(make_rack().clock, settings, rig, series_resistor_ohm=RESISTOR_OHM)
    xx, xy = (open_driver(rack, name) for name in kinds)
    xx.oscillator_V = 0.1
    rack.clock.advance(30)
    v_xx, v_xy = rack.cryostat.voltages(0.1 / RESISTOR_OHM)
    got_xx, got_xy = xx.read(), xy.read()
    assert got_xx.x_V == pytest.approx(v_xx, rel=1e-4)
    assert got_xy.x_V == pytest.approx(v_xy, rel=1e-4, abs=1e-11)
    assert [got_xx.overload, got_xx.unlocked, got_xy.unlocked] == [False, False, False]
    assert xy.frequency_Hz == pytest.approx(xx.frequency_Hz)
    xx.frequency_Hz = 33.0
    assert xy.frequency_Hz == pytest.approx(33.0)
    rack.twins["lockin_xy"].reference_present = False
    rack.clock.advance(1)
    assert xy.read().unlocked


def test_a_step_settles_in_the_time_that_the_driver_says(kind):
    rack, twin, lock_in = bench(kind, noise=0.0)
    lock_in.time_constant_s, lock_in.filter_stages = 1.0, 3
    twin.source = lambda: 1e-4
    twin.step(rack.now())
    rack.clock.advance(lock_in.settling_time_s(0.01))
    assert lock_in.read().x_V == pytest.approx(0.99e-4, rel=1e-3)


def test_a_power_cycle_is_noticed(kind):
    rack, twin, lock_in = bench(kind)
    lock_in.phase_deg = 12.0
    lock_in.remember()
    lock_in.verify()
    twin.power_on()
    with pytest.raises(Restarted, match="lockin_xx"):
        lock_in.verify()


# the full scale that fits


def test_the_smallest_full_scale_that_leaves_the_margin_is_chosen(kind):
    _, _, lock_in = bench(kind)
    scales = sorted(full for full in lock_in.FULL_SCALES_V if full > 0)
    for below, full in itertools.pairwise(scales):
        assert lock_in.choose_sensitivity(full / MARGIN * 0.999) == full
        assert lock_in.choose_sensitivity(below / MARGIN * 1.001) == full
    assert lock_in.choose_sensitivity(0.0) == scales[0]
    assert lock_in.choose_sensitivity(scales[-1]) == scales[-1]
    for value in (1.001 * scales[-1], -1e-9, math.nan, math.inf):
        with pytest.raises(LimitExceeded, match="largest full scale"):
            lock_in.choose_sensitivity(value)


@pytest.mark.parametrize("volts", [3e-7, 1e-4])
def test_from_the_largest_scale_it_comes_down_to_the_one_that_fits(kind, volts):
    rack, _, lock_in = bench(kind, signal_V=volts)
    lock_in.sensitivity_V = top(lock_in)
    assert lock_in.auto_sensitivity() == lock_in.sensitivity_V == smallest(lock_in, volts)
    assert not overloaded_after_settling(rack, lock_in)


def test_it_comes_down_one_by_one_each_time_after_settling():
    rack, twin, lock_in = bench("sr830", signal_V=1e-4)
    lock_in.sensitivity_V = 10e-3
    twin.wire_log.clear()
    lock_in.auto_sensitivity()
    sent = [said for said in twin.wire_log if said.direction == "in" and "SENS" in said.text and "?" not in said.text]
    assert [said.text for said in sent] == ["SENS19", "SENS18", "SENS17", "SENS16", "SENS15"]
    for one, other in itertools.pairwise(sent):
        assert other.time_s - one.time_s >= lock_in.settling_time_s() - 1e-9


def test_from_too_small_a_scale_it_goes_up_at_once(kind):
    rack, twin, lock_in = bench(kind, signal_V=5e-3)
    lock_in.sensitivity_V = min(full for full in lock_in.FULL_SCALES_V if full > 0)
    rack.clock.advance(1)
    began_s = rack.now()
    assert lock_in.auto_sensitivity() == smallest(lock_in, 5e-3)
    ups = sum(1 for full in lock_in.FULL_SCALES_V if 0 < full < smallest(lock_in, 5e-3))
    settled_s = (1 + LOOKS + 3) * TAU_S + lock_in.settling_time_s()
    assert rack.now() - began_s <= (ups + 1) * 1.2 * TAU_S + 2 * settled_s
    assert not overloaded_after_settling(rack, lock_in)


@pytest.mark.parametrize("seed", range(3))
def test_however_the_signal_changes_meanwhile_it_ends_without_overload(kind, seed):
    """A step of the signal at a random time, up or down by up to a factor of a hundred, from any scale."""
    random_ = random.Random(f"{kind} {seed}")
    before_V, after_V = (10 ** random_.uniform(-6, -2.5) for _ in range(2))
    rack, twin, lock_in = bench(kind, signal_V=before_V, seed=seed)
    lock_in.sensitivity_V = random_.choice([full for full in lock_in.FULL_SCALES_V if full > 0])
    change_s = rack.now() + random_.uniform(0, 15)
    twin.source = lambda: before_V if rack.now() < change_s else after_V
    lock_in.auto_sensitivity()
    if rack.now() < change_s:  # it could not know
        rack.clock.advance(20)
        lock_in.auto_sensitivity()
    assert not overloaded_after_settling(rack, lock_in)


def test_noise_needs_room_too():
    """A scale that the largest of a few looks fits into is not enough: X and Y scatter by 56 nV here."""
    sigma_V = 5e-8 * math.sqrt(1 / (8 * TAU_S))
    for seed in range(5):
        _, _, lock_in = bench("sr830", noise=5e-8, seed=seed)
        lock_in.sensitivity_V = 1e-6
        assert lock_in.auto_sensitivity() >= 4 * sigma_V


def test_a_scale_that_was_overloaded_is_not_tried_again(monkeypatch):
    """By bursts that are gone when the settled signal is looked at: it would go up and down for ever."""
    rack, _, lock_in = bench("sr830", signal_V=1e-4)
    quiet = lock_in.read
    lock_in.sensitivity_V = 5e-3
    monkeypatch.setattr(lock_in, "read", lambda: dataclasses.replace(quiet(), overload=lock_in.sensitivity_V < 0.9e-3))
    assert lock_in.auto_sensitivity() == 1e-3
    assert orders(rack, "lockin_xx")[-2:] == ["SENS16", "SENS17"]


def test_a_look_whose_status_was_lost_does_not_count(monkeypatch):
    _, _, lock_in = bench("sr830", signal_V=1e-4)
    lock_in.sensitivity_V = 200e-6
    whole, count = lock_in.read, itertools.count(1)
    monkeypatch.setattr(lock_in, "read", lambda: dataclasses.replace(whole(), status_lost=next(count) <= 30))
    assert lock_in.auto_sensitivity() == 200e-6
    assert next(count) == 30 + LOOKS + 1


@pytest.mark.parametrize("after_s", [0.0, 0.35, 3.3])
def test_interrupted_it_leaves_a_scale_on_which_it_has_seen_the_signal(after_s, kind):
    rack, twin, lock_in = bench(kind, signal_V=1e-4)
    lock_in.sensitivity_V = top(lock_in)
    interrupt, due_s = threading.Event(), rack.now() + after_s

    def signal():
        if rack.now() >= due_s:
            interrupt.set()
        return 1e-4

    twin.source = signal
    left_V = lock_in.auto_sensitivity(interrupt)
    assert left_V == lock_in.sensitivity_V
    assert left_V > smallest(lock_in, 1e-4)
    assert rack.now() - due_s < 2 * TAU_S
    assert not overloaded_after_settling(rack, lock_in)


def test_when_the_wire_breaks_it_goes_back_to_a_scale_that_is_large_enough():
    rack, twin, lock_in = bench("sr830", signal_V=1e-4)
    lock_in.sensitivity_V = 1e-3
    real_read, calls = lock_in.read, itertools.count()

    def read():
        if lock_in.sensitivity_V < 1e-3 and next(calls) > 3:
            raise Timeout("gone")
        return real_read()

    lock_in.read = read
    with pytest.raises(Timeout):
        lock_in.auto_sensitivity()
    assert lock_in.sensitivity_V == 1e-3


def test_an_overload_that_no_scale_holds_is_said(kind):
    _, _, lock_in = bench(kind, signal_V=9.0)
    with pytest.raises(Refused, match="overloaded at its largest"):
        lock_in.auto_sensitivity()
    assert lock_in.sensitivity_V == pytest.approx(top(lock_in))


def test_an_sr860_makes_room_at_the_input_when_that_is_overloaded():
    rack, _, lock_in = bench("sr860", signal_V=50e-3)
    lock_in.input_range_V = 0.01
    lock_in.sensitivity_V = 0.1
    assert lock_in.auto_sensitivity() == 0.1
    assert lock_in.input_range_V == 0.1
    assert not overloaded_after_settling(rack, lock_in)


def test_a_lock_in_whose_sensitivity_cannot_be_set_says_so(monkeypatch):
    rack, _, lock_in = bench("sr830")
    monkeypatch.setattr(type(lock_in), "FULL_SCALES_V", ())
    with pytest.raises(Refused, match="by hand"):
        lock_in.auto_sensitivity()
    assert orders(rack, "lockin_xx") == []


# a status word that was lost


@pytest.mark.parametrize("kind", WITH_LATCHED_STATUS)
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.CUT, Fault.GARBLE])
def test_after_a_lost_status_the_next_reading_says_that_it_does_not_know(kind, fault):
    """LIAS? clears what it tells: an overload that was in the lost reply is seen nowhere else."""
    rack, twin, lock_in = bench(kind)
    spike(rack, twin)
    twin.faults.plan(fault, skip=1)
    with pytest.raises(DriverError, match="LIAS"):
        lock_in.read()
    reading = lock_in.read()
    assert (reading.overload, reading.status_lost) == (False, True)
    assert lock_in.read() == LockInReading(reading.x_V, reading.y_V, False, False, status_lost=False)


@pytest.mark.parametrize("kind", WITH_LATCHED_STATUS)
def test_a_lost_reply_of_x_and_y_loses_no_status(kind):
    rack, twin, lock_in = bench(kind)
    spike(rack, twin)
    twin.faults.plan(Fault.DROP)
    with pytest.raises(Timeout, match="SNAP"):
        lock_in.read()
    reading = lock_in.read()
    assert (reading.overload, reading.status_lost) == (True, False)


def test_settling_has_no_limit_of_stages():
    """The MFLI has eight."""
    assert settling_time_constants(8, 0.01) == pytest.approx(16.0, abs=0.01)
