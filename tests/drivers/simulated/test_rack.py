import numpy as np
import pytest

from drivers.clock import Clock
from drivers.roles import RampOutcome
from drivers.simulated.rack import RackSettings
from tests.drivers.rig import RESISTOR_OHM, make_rack, open_driver, still


def test_the_lock_ins_read_the_film():
    rack = make_rack(noise_V_per_sqrtHz=0.0, cryostat=still())
    xx, xy, magnet = (open_driver(rack, name) for name in ("lockin_xx", "lockin_xy", "magnet"))
    xx.oscillator_V = 0.1
    magnet.ramp_to(0.1, 1)
    rack.clock.advance(10)
    v_xx, v_xy = rack.cryostat.voltages(0.1 / RESISTOR_OHM)
    assert xx.read().x_V == pytest.approx(v_xx, rel=1e-5)
    assert xy.read().x_V == pytest.approx(v_xy, rel=1e-5)
    assert v_xx > 100e-6
    xx.oscillator_V = 0.2
    rack.clock.advance(10)
    assert xx.read().x_V == pytest.approx(2 * v_xx, rel=1e-2)


def test_the_hall_lock_in_is_locked_to_the_other():
    rack = make_rack()
    xx, xy = open_driver(rack, "lockin_xx"), open_driver(rack, "lockin_xy")
    xx.frequency_Hz = 17.77
    assert xy.frequency_Hz == 17.77
    assert xy.internal_reference == 0
    assert not xy.read().unlocked


def test_what_is_read_on_the_way_lags_behind_the_ramp():
    """The Hall voltage of a ramp comes n time constants late; settled, it does not."""
    rack = make_rack(noise_V_per_sqrtHz=0.0, cryostat=still(), time_constant_s=1.0)
    xx, xy, magnet = (open_driver(rack, name) for name in ("lockin_xx", "lockin_xy", "magnet"))
    xx.oscillator_V = 0.2
    magnet.start_ramp(0.5, 1.0)
    rack.clock.advance(20)
    now = xy.read().x_V
    rack.clock.advance(0)
    lagging = magnet.field_T - 2 * 1.0 / 60
    magnet.hold()
    magnet.ramp_to(lagging, 1.0)
    rack.clock.advance(20)
    assert xy.read().x_V == pytest.approx(now, rel=2e-3)


def test_noise_of_the_two_is_independent_and_of_the_right_size():
    rack = make_rack(noise_V_per_sqrtHz=100e-9)
    xx, xy = open_driver(rack, "lockin_xx"), open_driver(rack, "lockin_xy")
    thermometer = open_driver(rack, "thermometer")
    thermometer.start_ramp(4.2)
    rack.clock.advance(60)
    readings = []
    for _ in range(600):
        rack.clock.advance(1.5)
        readings.append((xx.read().y_V, xy.read().y_V))
    a, b = np.transpose(readings)
    expected = 100e-9 * np.sqrt(1 / (8 * 0.1))
    assert a.std() == pytest.approx(expected, rel=0.15)
    assert b.std() == pytest.approx(expected, rel=0.15)
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.2


def test_the_same_seed_gives_the_same_readings():
    def take(seed):
        rack = make_rack(seed=seed)
        lockin = open_driver(rack, "lockin_xx")
        lockin.oscillator_V = 0.1
        values = []
        for _ in range(20):
            rack.clock.advance(0.5)
            values.append(lockin.read().x_V)
        return values

    assert take(1) == take(1)
    assert take(1) != take(2)


def test_the_wire_log_is_in_order_of_time_with_names():
    rack = make_rack()
    magnet, thermometer = open_driver(rack, "magnet"), open_driver(rack, "thermometer")
    magnet.ramp_to(0.1, 1)
    thermometer.temperature_K  # noqa: B018
    log = rack.wire_log
    assert {name for name, _ in log} == {"magnet", "thermometer"}
    assert [said.time_s for _, said in log] == sorted(said.time_s for _, said in log)


@pytest.mark.parametrize(
    "settings",
    [{"sensitivity_xx_V": 3e-3}, {"time_constant_s": 0.2}, {"filter_stages": 5}, {"noise_V_per_sqrtHz": -1.0},
     {"noise_V_per_sqrtHz": float("nan")}],
)  # fmt: skip
def test_settings_that_do_not_exist_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        RackSettings(**settings)


@pytest.mark.parametrize("speed", [30, 1000, 10_000])
def test_however_fast_the_clock_the_rig_can_be_followed(speed):
    """No ramp or temperature may be lost to the simulation's own work, up to the fastest clock that is accepted."""
    rack = make_rack(Clock(speed), cryostat=still())
    xx, magnet, thermometer = (open_driver(rack, name) for name in ("lockin_xx", "magnet", "thermometer"))
    xx.oscillator_V = 0.1
    for field_T in (0.05, 0.01):
        assert magnet.ramp_to(field_T, 1.0) is RampOutcome.HOLDING
    if speed > 30:
        thermometer.start_ramp(1.5, 60)
        assert thermometer.settle(1.5, tolerance_K=0.02, dwell_s=10, timeout_s=6000)
    rack.clock.sleep(2)
    assert xx.read().x_V == pytest.approx(270e-6, rel=0.1)


def test_a_clock_that_cannot_be_followed_is_refused():
    with pytest.raises(ValueError, match="too fast to follow; at most 10000"):
        make_rack(Clock(20_000))
