import math
import threading
import time

import pytest

from drivers.clock import Clock, SteppedClock


def test_fast_clock_sleeps_less_than_it_says():
    clock = Clock(speed=1000)
    began, wall = clock.now(), time.monotonic()
    assert clock.sleep(20) is False
    assert time.monotonic() - wall < 1
    assert clock.now() - began >= 20


def test_sleep_wakes_at_once_when_stopped():
    clock, stop = Clock(), threading.Event()
    threading.Timer(0.02, stop.set).start()
    wall = time.monotonic()
    assert clock.sleep(30, stop) is True
    assert time.monotonic() - wall < 5


def test_stepped_clock_moves_only_when_told():
    clock = SteppedClock()
    assert clock.now() == 0
    assert clock.sleep(3) is False
    clock.advance(2)
    assert clock.now() == 5
    stop = threading.Event()
    stop.set()
    assert clock.sleep(10, stop) is True
    assert clock.now() == 5


def test_stepped_clock_from_many_threads_loses_nothing():
    clock = SteppedClock()
    threads = [threading.Thread(target=lambda: [clock.sleep(0.5) for _ in range(1000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == 2000


@pytest.mark.parametrize("seconds", [math.nan, math.inf])
def test_no_sleep_without_an_end(seconds):
    for clock in (Clock(), SteppedClock()):
        with pytest.raises(ValueError, match="finite"):
            clock.sleep(seconds)


@pytest.mark.parametrize("speed", [0, -1, math.nan, math.inf])
def test_speed_must_be_positive(speed):
    with pytest.raises(ValueError, match="speed"):
        Clock(speed)


def test_time_goes_forward():
    with pytest.raises(ValueError, match="goes forward"):
        SteppedClock().advance(-1)


def test_no_loop_polls_above_a_kilohertz_of_the_wall():
    assert Clock(1).poll_interval_s(0.1) == 0.1
    assert Clock(5000).poll_interval_s(0.1) == pytest.approx(5.0)
