"""What every driver of a magnet must keep, run over the catalogue: fields, rates, quenches, aborts."""

import math
import random
import threading

import pytest

from drivers.errors import LimitExceeded, Quench, Tripped
from drivers.ramp_segments import MagnetSettings
from drivers.roles import MagnetState, RampOutcome
from drivers.simulated.twin import Fault
from tests.drivers.magnets import MAGNETS, SWITCHABLE, coil_T, hold_orders, magnet_rack, told
from tests.drivers.rig import heard, open_driver, orders

FIELD_MAX_T, RATE_MAX = 1.0, 1.0


def test_the_magnets_of_the_issue_are_there():
    assert {"ami430", "cryomagnetics4g", "lakeshore625"} <= set(SWITCHABLE)


# ramps


def random_segments(random_):
    bounds = sorted(random_.uniform(0.05, 0.95) for _ in range(random_.randrange(5)))
    return tuple((bound, random_.uniform(0.05, RATE_MAX)) for bound in (*bounds, FIELD_MAX_T))


class Track:
    """The true field, as often as anybody looks; knows what is allowed between two looks."""

    def __init__(self, rack):
        self.rack, self.segments, self.asked = rack, (), RATE_MAX
        self.time_s, self.field_T, self.looks, self.fastest = rack.clock.now(), coil_T(rack), 0, 0.0

    def look(self, *_):
        now_s, now_T = self.rack.clock.now(), coil_T(self.rack)
        assert abs(now_T) <= FIELD_MAX_T * (1 + 1e-9)
        if now_s > self.time_s:
            rate = abs(now_T - self.field_T) / (now_s - self.time_s) * 60
            assert rate <= self.allowed(now_T) * (1 + 1e-6), (self.field_T, now_T, self.segments, self.asked)
            self.looks, self.fastest = self.looks + 1, max(self.fastest, rate)
        self.time_s, self.field_T = now_s, now_T

    def allowed(self, now_T):
        """The fastest rate of any segment that lies between the two fields."""
        low, high = sorted((self.field_T, now_T))
        outer, inner = max(abs(low), abs(high)), 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        starts = (0.0, *(up_to for up_to, _ in self.segments))
        fits = [rate for start, (up_to, rate) in zip(starts, self.segments, strict=False)
                if start <= outer + 1e-9 and up_to >= inner - 1e-9]  # fmt: skip
        return min(self.asked, max(fits))


def sweep_at_random(driver, count, seed):
    random_, rack = random.Random(seed), magnet_rack(driver)
    track, magnet = Track(rack), open_driver(rack, "magnet")
    for number in range(count):
        if number % 8 == 0:
            magnet.hold()
            magnet.close()
            track.segments = random_segments(random_)
            magnet = open_driver(rack, "magnet", ramp_segments=track.segments)
            track.look()
        field_T = random_.uniform(-FIELD_MAX_T, FIELD_MAX_T)
        track.look()
        track.asked = random_.uniform(0.1, RATE_MAX)
        if random_.random() < 0.05:
            assert magnet.ramp_to(field_T, track.asked, on_reading=track.look) is RampOutcome.HOLDING
            assert coil_T(rack) == pytest.approx(field_T, abs=magnet.field_tolerance_T + 1e-5)
            continue
        magnet.start_ramp(field_T, track.asked)
        until_s = rack.clock.now() + random_.uniform(0, 60)
        while rack.clock.now() < until_s:
            rack.clock.advance(random_.uniform(0.05, 2))
            track.look()
        if random_.random() < 0.3:
            magnet.hold()
    return track


@pytest.mark.parametrize("driver", MAGNETS)
def test_random_sweeps_with_random_segments_keep_field_and_rate(driver):
    track = sweep_at_random(driver, 40, seed=11)
    assert track.looks > 400
    assert 0.5 < track.fastest <= RATE_MAX


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("driver", MAGNETS)
def test_a_thousand_random_sweeps_keep_field_and_rate(driver):
    assert sweep_at_random(driver, 1000, seed=12).looks > 10_000


@pytest.mark.parametrize("driver", MAGNETS)
def test_a_ramp_over_segments_takes_as_long_as_they_say(driver):
    rack = magnet_rack(driver)
    magnet = open_driver(rack, "magnet", ramp_segments=((0.1, 0.9), (0.3, 0.6), (1.0, 0.3)))
    assert magnet.ramp_to(0.4, 0.6) is RampOutcome.HOLDING
    assert rack.clock.now() == pytest.approx(60 * (0.1 / 0.6 + 0.2 / 0.6 + 0.1 / 0.3), rel=0.01, abs=0.5)
    assert coil_T(rack) == pytest.approx(0.4, abs=magnet.field_tolerance_T)


@pytest.mark.parametrize("driver", MAGNETS)
def test_what_is_out_of_the_limits_puts_no_byte_on_the_wire(driver):
    rack = magnet_rack(driver)
    magnet = open_driver(rack, "magnet")
    before = heard(rack, "magnet")
    for bad in (math.nan, math.inf, -math.inf, 1.0001, -1.0001, "0.1", None, True, [0.1]):
        for ramp in (magnet.start_ramp, magnet.ramp_to, magnet.check_field):
            with pytest.raises(LimitExceeded, match="magnet: field_T"):
                ramp(bad)
    for rate in (math.nan, math.inf, 0, -0.1, 1.01, "1", True):
        with pytest.raises(LimitExceeded, match="magnet: ramp_rate_T_per_min"):
            magnet.start_ramp(0.1, rate)
    assert heard(rack, "magnet") == before


# replies that are lost, spoilt or late


def test_a_reply_lost_at_any_place_of_the_start_starts_it_again(magnet_driver, skip):
    rack = magnet_rack(magnet_driver)
    magnet = open_driver(rack, "magnet")
    rack.twins["magnet"].faults.plan(Fault.DROP, skip=skip)
    assert magnet.ramp_to(0.1, 0.5) is RampOutcome.HOLDING
    assert coil_T(rack) == pytest.approx(0.1, abs=magnet.field_tolerance_T)


def pytest_generate_tests(metafunc):
    if "skip" in metafunc.fixturenames:
        metafunc.parametrize(("magnet_driver", "skip"), [(d, skip) for d in MAGNETS for skip in range(0, 30, 3)])


@pytest.mark.parametrize("driver", MAGNETS)
def test_faults_now_and_then_are_survived_and_nothing_leaves_the_limits(driver):
    random_, rack = random.Random(driver), magnet_rack(driver)
    magnet, faults = open_driver(rack, "magnet"), rack.twins["magnet"].faults
    kinds = (Fault.DROP, Fault.GARBLE, Fault.CUT, Fault.DELAY)
    track = Track(rack)
    track.segments = ((FIELD_MAX_T, RATE_MAX),)
    for kind in kinds * 2:
        for number in range(3):
            faults.plan(kind, skip=80 * number + random_.randrange(60), keep=random_.randrange(6), seconds=0.5)
        field_T = random_.uniform(-0.3, 0.3)
        assert magnet.ramp_to(field_T, 1.0, on_reading=track.look) is RampOutcome.HOLDING
        assert coil_T(rack) == pytest.approx(field_T, abs=magnet.field_tolerance_T)


# quenches, faults, power


def quench_at_random(driver, count, seed):
    random_, holds = random.Random(seed), set(hold_orders(driver))
    for _ in range(count):
        rack = magnet_rack(driver)
        magnet = open_driver(rack, "magnet")
        at_s, when = random_.uniform(0.05, 26), []  # the ramp takes 27 s

        def fate(time_s, rack=rack, when=when):
            if not when:
                when.append(time_s)
                rack.cryostat.coil.quench()

        rack.cryostat.every(at_s, fate)
        with pytest.raises(Quench, match="magnet: quench.*re-armed"):
            magnet.ramp_to(0.45, 1.0)
        assert rack.clock.now() - when[0] <= 0.5
        for again in (magnet.ramp_to, magnet.start_ramp):
            with pytest.raises(Quench):
                again(0.1, 0.1)
        for command in (magnet.enter_persistent, magnet.leave_persistent):
            with pytest.raises(Quench):
                command()
        assert told(rack, when[0]) == []
        magnet.hold()
        assert set(told(rack, when[0])) <= holds


@pytest.mark.parametrize("driver", MAGNETS)
def test_a_quench_at_any_time_is_seen_and_nothing_is_sent_after_it(driver):
    quench_at_random(driver, 4, seed=21)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("driver", MAGNETS)
def test_two_hundred_quenches_are_seen_and_nothing_is_sent_after_them(driver):
    quench_at_random(driver, 200, seed=22)


@pytest.mark.parametrize("driver", MAGNETS)
def test_a_quench_stays_until_a_person_re_arms(driver):
    rack = magnet_rack(driver)
    magnet = open_driver(rack, "magnet")
    magnet.ramp_to(0.3, 1)
    rack.cryostat.coil.quench()
    assert magnet.state is MagnetState.QUENCH
    rack.clock.advance(60)
    rack.twins["magnet"].supply.reset_quench()  # somebody resets the supply; this program has not been told
    assert magnet.state is MagnetState.QUENCH
    with pytest.raises(Quench):
        magnet.ramp_to(0.1, 1)
    rack.cryostat.coil.quench()
    rack.clock.advance(60)
    magnet.rearm()
    assert magnet.state is not MagnetState.QUENCH
    assert magnet.ramp_to(0.1, 1) is RampOutcome.HOLDING


@pytest.mark.parametrize("driver", MAGNETS)
def test_a_power_cycle_is_noticed_before_the_next_ramp_and_needs_a_person(driver):
    rack = magnet_rack(driver)
    magnet = open_driver(rack, "magnet")
    magnet.ramp_to(0.05, 1)
    rack.twins["magnet"].power_on()
    rack.clock.advance(60)
    before = orders(rack, "magnet")
    for _ in range(2):
        with pytest.raises(Tripped, match="magnet: its power was off.*re-armed"):
            magnet.ramp_to(0.1, 1)
    assert orders(rack, "magnet") == before
    assert magnet.power_cycled()  # also for those who ask for it before a row is used
    assert not magnet.power_cycled()
    magnet.rearm()
    assert magnet.ramp_to(0.1, 1) is RampOutcome.HOLDING


@pytest.mark.parametrize("driver", MAGNETS)
def test_a_power_cycle_on_the_way_ends_the_ramp(driver):
    rack = magnet_rack(driver)
    magnet = open_driver(rack, "magnet")
    cut = []

    def fail(field_T):
        if field_T > 0.1 and not cut:
            cut.append(field_T)
            rack.twins["magnet"].faults.plan(Fault.POWER_CYCLE)

    with pytest.raises(Tripped, match="power was off"):
        magnet.ramp_to(0.9, 1, on_reading=fail)
    assert rack.clock.now() < 15
    with pytest.raises(Tripped, match="power was off"):
        magnet.ramp_to(0.2, 1)


# aborts


def abort_at_random(driver, count, seed):
    """Return how long after the interrupt the hold was on the wire, for each abort [s]."""
    random_, rack = random.Random(seed), magnet_rack(driver)
    magnet, delays, holds = open_driver(rack, "magnet"), [], hold_orders(driver)
    for _ in range(count):
        interrupt = threading.Event()
        began_s, at_s, due = rack.clock.now(), random_.uniform(0, 8), []

        def watch(_, interrupt=interrupt, began_s=began_s, at_s=at_s, due=due):
            if rack.clock.now() >= began_s + at_s and not due:
                due.append(began_s + at_s)
                interrupt.set()

        target_T = -0.5 if coil_T(rack) > 0 else 0.5
        assert magnet.ramp_to(target_T, 1.0, interrupt=interrupt, on_reading=watch) is RampOutcome.ABORTED
        twin = rack.twins["magnet"]
        lines = [said for said in twin.wire_log if said.direction == "in" and not twin.asks(said.text)]
        assert [said.text for said in lines[-len(holds) :]] == holds
        delays.append(lines[-1].time_s - due[0])
        here_T = coil_T(rack)
        rack.clock.advance(3)
        assert coil_T(rack) == here_T
    return sorted(delays)


@pytest.mark.parametrize("driver", MAGNETS)
def test_an_abort_at_any_time_holds_within_half_a_second(driver):
    assert abort_at_random(driver, 10, seed=31)[-1] <= 0.5


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("driver", MAGNETS)
def test_two_hundred_aborts_hold_within_half_a_second_at_the_99th_percentile(driver):
    assert abort_at_random(driver, 200, seed=32)[197] <= 0.5


@pytest.mark.parametrize("driver", MAGNETS)
def test_a_hold_goes_out_although_another_thread_waits_for_a_reply(driver):
    rack = magnet_rack(driver)
    magnet = open_driver(rack, "magnet")
    magnet.start_ramp(0.5, 0.5)
    taken, release = threading.Event(), threading.Event()

    def block():
        with magnet.lock:
            taken.set()
            release.wait(10)

    thread = threading.Thread(target=block)
    thread.start()
    taken.wait()
    magnet.hold()
    holds = hold_orders(driver)
    assert orders(rack, "magnet")[-len(holds) :] == holds
    release.set()
    thread.join()


# settings


@pytest.mark.parametrize(
    ("segments", "text"),
    [
        (((0.5, 0.5),), "ends at 0.5"), (((1.0, 2.0),), "above ramp_rate_max"), (((0.5, 0.5), (0.5, 0.2)), "rise"),
        (((0.5, 0.5), (0.4, 0.2)), "rise"), (((0.5,), (1.0, 0.2)), "pairs"), (((0.5, math.nan), (1.0, 0.2)), "pairs"),
        (((-0.5, 0.5), (1.0, 0.2)), "pairs"), (((0.5, "1"), (1.0, 0.2)), "pairs"), (((0.5, 0), (1.0, 0.2)), "pairs"),
    ],
)  # fmt: skip
def test_ramp_segments_that_cannot_be(segments, text):
    with pytest.raises(ValueError, match=text):
        MagnetSettings(field_max_T=1.0, ramp_rate_max_T_per_min=1.0, ramp_segments=segments)
