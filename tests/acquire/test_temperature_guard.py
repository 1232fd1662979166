"""A temperature that is too high: the pure rule, and the run that obeys it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from acquire.session import Session
from acquire.station import Station
from acquire.status import JobStatus, State
from acquire.temperature_guard import COOL_FOR_S, TemperatureGuard, Word
from analysis.live import Settings
from drivers.clock import SteppedClock
from drivers.simulated.cryostat import SensorFault
from tests.acquire.test_session import when


def words(guard, readings):
    return [guard.judge(temperature_K, time_s) for time_s, temperature_K in readings]


def test_it_holds_once_and_goes_on_when_it_has_been_cold_for_a_while():
    guard = TemperatureGuard(10.0, 20.0)
    said = words(
        guard, [(0, 9), (1, 10.1), (2, 12), (3, 9.95), (4, 9.8), (4 + COOL_FOR_S - 1, 9.8), (5 + COOL_FOR_S, 9)]
    )
    assert said == [None, Word.HOLD, None, None, None, None, Word.RESUME]


def test_a_short_dip_is_not_cold():
    guard = TemperatureGuard(10.0)
    assert words(guard, [(0, 11), (1, 9), (20, 10.5), (21, 9), (40, 9)]) == [Word.HOLD, None, None, None, None]


def test_the_higher_limit_brings_the_magnet_to_zero_once_and_nothing_is_resumed():
    guard = TemperatureGuard(10.0, 20.0)
    said = words(guard, [(0, 11), (1, 21), (2, 30), (3, 15), (4, 5), (100, 5), (101, 11)])
    assert said == [Word.HOLD, Word.ZERO, None, None, None, None, Word.HOLD]


@given(st.lists(st.floats(0.1, 100), max_size=60))
def test_without_limits_nothing_is_ever_said(temperatures):
    assert not any(words(TemperatureGuard(), enumerate(temperatures)))


@given(st.lists(st.floats(0.1, 100), max_size=60))
def test_a_resume_comes_only_after_a_hold(temperatures):
    said = [w for w in words(TemperatureGuard(10.0, 50.0), [(10 * i, t) for i, t in enumerate(temperatures)]) if w]
    for before, word in zip([None, *said], said, strict=False):
        assert word is not Word.RESUME or before is Word.HOLD


class Hot:
    """A session whose thermometer shows what it is told."""

    def __init__(self, config, tmp_path, **limits):
        self.station = Station(config.model_copy(update=limits), SteppedClock())
        self.heat = self.station.rack.cryostat.heat
        self.session = Session(self.station, tmp_path, Settings(sample=config.sample))

    def show(self, temperature_K):
        self.heat.sensor_fault = SensorFault.FROZEN
        self.heat._frozen_K = temperature_K

    def run(self, procedure):
        self.session.submit(procedure)
        self.session.start()

    def close(self):
        self.session.close()
        self.station.close()


def test_a_hot_run_waits_and_goes_on(config, tmp_path, short_sweep, monkeypatch):
    monkeypatch.setattr("acquire.temperature_guard.COOL_FOR_S", 0.2)
    rig = Hot(config, tmp_path, temperature_pause_K=10.0)
    rig.show(12.0)
    when(lambda: "temperature_pause_K" in rig.session.status.sentence)
    rig.run(short_sweep)
    assert not rig.session.wait(0.5)
    assert rig.session.snapshot is None or rig.session.snapshot.rows_total == 0
    rig.show(2.0)
    assert rig.session.wait(30)
    assert rig.session.status.jobs[-1].status is JobStatus.FINISHED
    rig.close()


def test_much_too_hot_ends_the_run_with_the_magnet_at_zero(config, tmp_path, short_sweep):
    rig = Hot(config, tmp_path, temperature_pause_K=10.0, temperature_stop_K=20.0)
    rig.station.rig.magnet.ramp_to(0.1, 1.0)
    rig.show(12.0)
    when(lambda: "temperature_pause_K" in rig.session.status.sentence)
    rig.run(short_sweep)
    rig.show(30.0)
    assert rig.session.wait(30)
    assert rig.session.status.jobs[-1].status is JobStatus.ABORTED
    assert math.isclose(rig.station.rack.cryostat.coil.current_A, 0, abs_tol=1e-9)
    rig.close()


def test_much_too_hot_brings_the_magnet_to_zero_also_when_nothing_runs(config, tmp_path):
    rig = Hot(config, tmp_path, temperature_stop_K=20.0)
    rig.station.rig.magnet.ramp_to(0.1, 1.0)
    rig.show(30.0)
    when(lambda: rig.session.status.state is State.FAILED)
    when(lambda: rig.station.rack.cryostat.coil.target_A == 0)
    rig.close()
