import math

import pytest

from drivers.errors import Garbled, LimitExceeded, Refused
from drivers.mercury import in_unit
from drivers.mercuryitc import MercuryITC
from drivers.simulated.cryostat import SensorFault
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders


@pytest.fixture
def rack():
    return make_rack(driver="mercuryitc")


@pytest.fixture
def twin(rack):
    return rack.twins["thermometer"]


def test_the_dialogue_of_a_ramp(rack, thermometer):
    thermometer.start_ramp(10, 6)
    loop = "SET:DEV:MB1.T1:TEMP:LOOP:"
    said = orders(rack, "thermometer")
    assert said[1].startswith(f"{loop}TSET:4.")  # from where it is
    assert said[:1] + said[2:] == [
        f"{loop}RENA:OFF", f"{loop}RSET:6.000", f"{loop}RENA:ON", f"{loop}TSET:10.0000", f"{loop}ENAB:ON",
    ]  # fmt: skip


def test_the_set_point_ramps_in_the_instrument(rack, thermometer, twin):
    thermometer.start_ramp(10, 6)
    thermometer.close()  # a computer that goes away changes nothing
    rack.clock.advance(30)
    twin.feed("*IDN?")
    assert twin.setpoint_K == pytest.approx(4.2 + 3, abs=0.05)
    rack.clock.advance(120)
    assert rack.cryostat.heat.stage_K == pytest.approx(10, abs=0.02)


@pytest.mark.parametrize("target", [1.6, 20.0])
def test_it_settles_and_the_drift_is_told(rack, thermometer, target):
    thermometer.start_ramp(target, 20)
    assert thermometer.settle(target, tolerance_K=0.02, dwell_s=20, timeout_s=900)
    assert rack.cryostat.heat.stage_K == pytest.approx(target, abs=0.03)
    assert abs(thermometer.drift_K_per_min) < 0.12  # 0.04 K in 20 s


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1, 0, 0.09, 310.1, "10", None, True])
def test_what_is_outside_the_limits_puts_no_byte_on_the_wire(rack, thermometer, bad):
    before = heard(rack, "thermometer")
    with pytest.raises(LimitExceeded, match="thermometer: temperature_K"):
        thermometer.start_ramp(bad)
    for rate in (0, -1, 101, math.nan, "10"):
        with pytest.raises(LimitExceeded, match="thermometer: ramp_rate_K_per_min"):
            thermometer.start_ramp(10, rate)
    assert heard(rack, "thermometer") == before


def test_a_broken_sensor_is_named_and_nothing_is_heated(rack, thermometer):
    rack.cryostat.heat.sensor_fault = SensorFault.OPEN
    with pytest.raises(Refused, match="thermometer: sensor MB1.T1 reads 0 K.*check the sensor"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_a_board_that_is_not_there_is_named(rack):
    thermometer = open_driver(rack, "thermometer", sensor="DB5.T1")
    with pytest.raises(Refused, match="no such board; correct config.yaml"):
        thermometer.temperature_K  # noqa: B018


def test_a_locked_instrument_is_named(thermometer, twin):
    twin.locked = True
    with pytest.raises(Refused, match="is locked; unlock it at its front panel"):
        thermometer.start_ramp(10)


def test_an_open_loop_is_never_closed_unasked(rack):
    thermometer = open_driver(rack, "thermometer", switch_heater_on=False)
    with pytest.raises(Refused, match="control loop is open.*switch_heater_on"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_heater_off(rack, thermometer):
    thermometer.start_ramp(20)
    rack.clock.advance(20)
    assert thermometer.heater_percent > 0
    thermometer.heater_off()
    assert thermometer.heater_percent == 0
    assert rack.cryostat.heat.heater_W == 0
    assert not thermometer.loop_closed


def test_zones(thermometer):
    thermometer.use_zones(True)
    assert thermometer.zones_used


def test_a_rate_that_was_not_taken_is_seen(thermometer, twin, monkeypatch):
    path = "DEV:MB1.T1:TEMP:LOOP:RSET"
    monkeypatch.setitem(twin.nodes, path, twin.nodes[path]._replace(write=lambda value: None))
    with pytest.raises(Refused, match=r"6 K/min was sent, the instrument says .* 10 K/min"):
        thermometer.start_ramp(10, 6)


@pytest.mark.parametrize("skip", range(0, 15, 2))
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT, Fault.REPEAT])
def test_a_reply_spoilt_while_a_ramp_is_started_starts_it_again(rack, thermometer, twin, skip, fault):
    thermometer.temperature_K  # noqa: B018  something to repeat
    twin.faults.plan(fault, skip=skip, keep=9)
    thermometer.start_ramp(5, 60)
    rack.clock.advance(10)
    assert thermometer.setpoint_K == twin.setpoint_K == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.1000T", 0.1), ("100.0mT", 0.1), ("-3.2uT", -3.2e-6), ("12.345:T", 12.345), ("1.5kT", 1500), ("7nT", 7e-9)],
)
def test_units_and_prefixes(text, value):
    assert in_unit("T", -1e4, 1e4).parse(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["0.1", "0.1A", "0.1T/m", "1e3T", "0.1 T", ".1T", "T", "0.1xT", "\u06611T", "99999T"])
def test_what_is_no_field_is_refused(text):
    with pytest.raises(ValueError, match="is "):
        in_unit("T", -1e4, 1e4).parse(text)


def test_a_reply_to_another_question_is_refused(thermometer, monkeypatch):
    other = b"STAT:DEV:MB1.T1:TEMP:LOOP:TSET:4.2000K\n"
    monkeypatch.setattr(thermometer.adapter, "read_bytes", lambda *_, **__: other)
    with pytest.raises(Garbled, match="does not repeat the question"):
        thermometer.temperature_K  # noqa: B018


@pytest.mark.parametrize("settings", [{"sensor": "A"}, {"sensor_max_K": 0.0}, {"ramp_rate_K_per_min": 0.01}])
def test_settings_out_of_reason_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        MercuryITC.Settings(**settings)
