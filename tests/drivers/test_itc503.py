import math

import pytest

from drivers.errors import Garbled, LimitExceeded, Refused
from drivers.itc503 import ITC503, Zone
from drivers.simulated.cryostat import SensorFault
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders


@pytest.fixture
def rack():
    return make_rack(driver="itc503")


@pytest.fixture
def twin(rack):
    return rack.twins["thermometer"]


def test_the_dialogue_of_a_ramp(rack, thermometer):
    """The whole way is in the instrument before S1; every cell of the table has been read back."""
    thermometer.start_ramp(10, 10)
    said = orders(rack, "thermometer")
    assert said[:3] == ["S0", "C3", "S0"]  # found in local, taken into remote
    assert said[3].startswith("T4.")  # from where it is
    assert [line for line in said if line.startswith("s")] == ["s10.000", "s0.600"] + 15 * ["s10.000"]
    assert said[-2:] == ["A1", "S1"]
    assert heard(rack, "thermometer")[-1] == "X"


def test_the_set_point_ramps_in_the_instrument_and_stays(rack, thermometer, twin):
    thermometer.start_ramp(10, 6)
    assert thermometer.ramping
    thermometer.close()  # a computer that goes away changes nothing
    rack.clock.advance(30)
    assert float(twin.feed("R0")[1:]) == pytest.approx(4.2 + 2.9, abs=0.05)  # 5.8 K in a whole minute
    rack.clock.advance(60)
    assert twin.feed("R0") == "R+10.000"
    rack.clock.advance(600)
    assert twin.feed("R0") == "R+10.000"
    assert twin.sweep == 0
    assert rack.cryostat.heat.stage_K == pytest.approx(10, abs=0.02)


@pytest.mark.parametrize("target", [1.6, 4.2, 20.0])
def test_it_settles_and_the_drift_is_told(rack, thermometer, target):
    thermometer.start_ramp(target, 20)
    assert math.isnan(thermometer.drift_K_per_min)
    assert thermometer.settle(target, tolerance_K=0.02, dwell_s=20, timeout_s=900)
    assert rack.cryostat.heat.stage_K == pytest.approx(target, abs=0.03)
    assert abs(thermometer.drift_K_per_min) < 0.12  # 0.04 K in 20 s


def test_the_rate_is_never_above_the_one_asked_for(rack, thermometer, twin):
    for target, rate in ((4.3, 100.0), (9.7, 33.0), (6.0, 7.7)):
        track: list[float] = []
        thermometer.start_ramp(target, rate)
        while thermometer.ramping:
            track.append(twin.setpoint_K)
            rack.clock.advance(1)
        steps = [abs(b - a) * 60 for a, b in zip(track, track[1:], strict=False)]
        assert max(steps, default=0) <= rate * 1.01
        rack.clock.advance(60)


def test_a_ramp_longer_than_the_instrument_counts_is_refused(rack):
    thermometer = open_driver(rack, "thermometer", ramp_rate_K_per_min=0.1)
    with pytest.raises(LimitExceeded, match="counts to 1339.9; nothing was sent"):
        thermometer.start_ramp(300)
    assert orders(rack, "thermometer") == []


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1, 0, 0.09, 310.1, "10", None, True])
def test_what_is_outside_the_limits_puts_no_byte_on_the_wire(rack, thermometer, bad):
    before = heard(rack, "thermometer")
    with pytest.raises(LimitExceeded, match="thermometer: temperature_K"):
        thermometer.start_ramp(bad)
    for rate in (0, -1, 101, math.nan, "10"):
        with pytest.raises(LimitExceeded, match="thermometer: ramp_rate_K_per_min"):
            thermometer.start_ramp(10, rate)
    assert heard(rack, "thermometer") == before


@pytest.mark.parametrize("fault", [SensorFault.OPEN, SensorFault.SHORTED])
def test_a_broken_sensor_is_named_and_nothing_is_heated(rack, thermometer, fault):
    rack.cryostat.heat.sensor_fault = fault
    with pytest.raises(Refused, match="thermometer: sensor 1 reads 0 K.*check the sensor"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_a_heater_by_hand_is_never_switched_on_unasked(rack):
    thermometer = open_driver(rack, "thermometer", switch_heater_on=False)
    with pytest.raises(Refused, match="heater is by hand.*switch_heater_on"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_a_loop_on_another_sensor_is_refused(rack, thermometer, twin):
    twin.sensor = 2
    with pytest.raises(Refused, match="regulates sensor 2, not 1"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_gas_stays_automatic_when_the_heater_is_switched_on_and_off(rack, thermometer, twin):
    twin.automatic = 2
    thermometer.start_ramp(20, 60)
    assert twin.automatic == 3
    rack.clock.advance(30)
    assert thermometer.heater_percent > 0
    thermometer.heater_off()
    rack.clock.advance(1)
    assert (twin.automatic, twin.sweep, thermometer.heater_percent) == (2, 0, 0)
    assert rack.cryostat.heat.heater_W == 0


def test_zones(rack, thermometer, twin):
    zones = [Zone(5.0, 10.0, 0.2, 0.0), Zone(30.0, 20.0, 0.4, 0.0)]
    thermometer.write_zones(zones)
    assert thermometer.zones() == zones + 14 * [zones[-1]]
    assert not thermometer.zones_used
    thermometer.use_zones(True)
    thermometer.start_ramp(12, 60)
    rack.clock.advance(60)
    assert thermometer.proportional_band_K == 20.0
    with pytest.raises(Refused, match="refused 'P5.0'"):
        thermometer.proportional_band_K = 5.0
    before = heard(rack, "thermometer")
    with pytest.raises(LimitExceeded, match="integral_time_min = nan"):
        thermometer.write_zones([Zone(5.0, 10.0, math.nan, 0.0)])
    with pytest.raises(ValueError, match="the coldest first"):
        thermometer.write_zones(zones[::-1])
    assert heard(rack, "thermometer") == before


def test_on_isobus_every_command_has_its_address(rack):
    thermometer = open_driver(rack, "thermometer", isobus_address=1)
    thermometer.start_ramp(5, 60)
    assert all(line.startswith("@1") for line in heard(rack, "thermometer"))
    with pytest.raises(Exception, match="no reply to 'V'"):
        open_driver(rack, "thermometer", isobus_address=2)


@pytest.mark.parametrize(("whole", "cut"), [("R+4.200", "R+4.2"), ("R+24.200", "R+4.200"), ("R+42.00", "R+42")])
def test_a_temperature_that_lost_a_digit_is_refused(thermometer, monkeypatch, whole, cut):
    replies = iter([whole, cut])
    monkeypatch.setattr(thermometer.adapter, "read_bytes", lambda *_, **__: next(replies).encode() + b"\r")
    with pytest.raises(Garbled, match="thermometer"):
        thermometer.temperature_K  # noqa: B018


@pytest.mark.parametrize("skip", [0, 2, 5, 40, 120, 230])
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT])
def test_a_reply_spoilt_while_a_ramp_is_started_starts_it_again(rack, thermometer, twin, skip, fault):
    twin.faults.plan(fault, skip=skip, keep=1)
    thermometer.start_ramp(5, 60)
    assert [row[0] for row in twin.tables["s"]] == 16 * [5.0]
    rack.clock.advance(10)
    assert thermometer.setpoint_K == pytest.approx(5.0)


def test_a_command_that_is_refused_is_named(thermometer, twin, monkeypatch):
    monkeypatch.setattr(twin, "IN_LOCAL", "VXR")  # not even C
    with pytest.raises(Refused, match="thermometer: refused 'C3'"):
        thermometer.start_ramp(5)


@pytest.mark.parametrize(
    "settings",
    [{"sensor": 4}, {"sensor_max_K": math.nan}, {"isobus_address": 10}, {"temperature_min_K": 400.0}],
)
def test_settings_out_of_reason_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        ITC503.Settings(**settings)
