import logging
import math

import pytest

from drivers.clock import SteppedClock
from drivers.errors import Timeout
from drivers.temperature_controller import Drift, TemperatureController, TemperatureSettings


class Ramp(TemperatureController):
    """A temperature that moves steadily."""

    def __init__(self, start_K, rate_K_per_min):
        self.name, self.clock = "thermometer", SteppedClock()
        self.start_K, self.rate_K_per_min = start_K, rate_K_per_min

    @property
    def temperature_K(self):
        return self.start_K + self.rate_K_per_min * self.clock.now() / 60

    setpoint_K = heater_percent = property(lambda self: 0.0)

    def check_temperature(self, temperature_K):
        return temperature_K

    def start_ramp(self, temperature_K, rate_K_per_min=None):
        raise NotImplementedError

    heater_off = start_ramp


def test_the_slope_of_a_straight_line_over_the_window_alone():
    drift = Drift(10)
    assert math.isnan(drift.rate_K_per_min)
    for time_s in range(100):  # ten times as fast until the window begins
        drift.add(time_s, 4 + (0.01 if time_s < 89 else 0.001) * time_s)
    assert drift.rate_K_per_min == pytest.approx(0.06)


def test_one_reading_and_readings_of_one_moment_have_no_slope():
    drift = Drift(10)
    for _ in range(2):
        drift.add(5, 4)
        assert math.isnan(drift.rate_K_per_min)


def test_the_slope_does_not_depend_on_where_time_and_temperature_begin():
    drifts = [Drift(60) for _ in range(2)]
    for step in range(50):
        wobble = math.sin(step)
        drifts[0].add(step, wobble)
        drifts[1].add(1e6 + step, 300 + wobble)
    assert drifts[1].rate_K_per_min == pytest.approx(drifts[0].rate_K_per_min, rel=1e-6)


def test_settle_tells_the_drift_that_a_band_hides(caplog):
    """It drifts through the band so slowly that it counts as settled; the number says so."""
    thermometer = Ramp(3.95, 0.06)
    seen: list[float] = []
    with caplog.at_level(logging.INFO):
        assert thermometer.settle(
            4, tolerance_K=0.1, dwell_s=30, timeout_s=600, on_reading=lambda _: seen.append(thermometer.drift_K_per_min)
        )
    assert math.isnan(seen[0])
    assert seen[1:] == pytest.approx(len(seen[1:]) * [0.06])
    assert thermometer.drift_K_per_min == pytest.approx(0.06)
    assert "thermometer: settled at 3.98 K, drift +0.06 K/min" in caplog.text


def test_the_drift_is_in_the_message_when_it_does_not_settle():
    with pytest.raises(Timeout, match=r"drift \+0\.5 K/min"):
        Ramp(3, 0.5).settle(10, tolerance_K=0.1, dwell_s=30, timeout_s=60)


@pytest.mark.parametrize(
    "settings",
    [{"temperature_max_K": 0.0}, {"temperature_min_K": 400.0}, {"ramp_rate_K_per_min": 0.01},
     {"ramp_rate_max_K_per_min": 1000.0}],
)  # fmt: skip
def test_settings_out_of_reason_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings)).split("_max")[0][:9]):
        TemperatureSettings(**settings)
