"""The temperature controllers of Lake Shore: what each says differently, PID, zones, the scanner of the 372."""

import math

import pytest

from drivers.catalogue import DRIVERS
from drivers.errors import Garbled, LimitExceeded, Refused, Restarted
from drivers.lakeshore_zones import Zone
from drivers.simulated.cryostat import SensorFault
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders

MODELS = ("lakeshore331", "lakeshore335", "lakeshore336", "lakeshore340", "lakeshore350", "lakeshore372")
OLD = ("lakeshore331", "lakeshore340")
RANGE = {model: 2 for model in MODELS} | {"lakeshore340": 4, "lakeshore350": 4, "lakeshore372": 8}


def opened(model, **settings):
    rack = make_rack(driver=model)
    return rack, rack.twins["thermometer"], open_driver(rack, "thermometer", **settings)


@pytest.fixture(params=MODELS)
def rig(request):
    return request.param, *opened(request.param)


def test_the_commands_of_a_ramp(rig):
    model, rack, _, thermometer = rig
    thermometer.start_ramp(5, 20)
    output, ramp = (0, "20.000") if model == "lakeshore372" else (1, "20.0")
    said = orders(rack, "thermometer")
    assert said[1].startswith(f"SETP {output},4.")  # from where it is
    assert [said[0], *said[2:]] == [
        f"RAMP {output},0,{ramp}", f"RAMP {output},1,{ramp}", f"SETP {output},5.0000",
        f"RANGE {RANGE[model]}" if model in OLD else f"RANGE {output},{RANGE[model]}",
    ]  # fmt: skip
    asked = [line for line in heard(rack, "thermometer") if line.startswith(("RANGE?", "HTR?", "HTRST?"))]
    assert all(line.endswith("?") == (model in OLD) for line in asked)


@pytest.mark.parametrize("target", [1.8, 4.2, 10.0])
def test_it_settles_and_the_drift_is_told(rig, target):
    _, rack, _, thermometer = rig
    thermometer.start_ramp(target, 20)
    assert thermometer.settle(target, tolerance_K=0.02, dwell_s=20, timeout_s=900)
    assert rack.cryostat.heat.stage_K == pytest.approx(target, abs=0.03)
    assert abs(thermometer.drift_K_per_min) < 0.12  # 0.04 K in 20 s


@pytest.mark.parametrize(("fault", "word"), [(SensorFault.OPEN, "open"), (SensorFault.SHORTED, "shorted")])
def test_a_broken_sensor_is_named_and_nothing_is_heated(rig, fault, word):
    _, rack, _, thermometer = rig
    rack.cryostat.heat.sensor_fault = fault
    rack.clock.advance(1)
    with pytest.raises(Refused, match=rf"thermometer: sensor (A|1) .*\(.*{word}"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_a_loop_that_is_not_closed_on_the_sensor_is_refused(rig):
    model, rack, twin, thermometer = rig
    lines = {"lakeshore331": "CMODE 1,3", "lakeshore340": "CSET 1,A,1,0,0", "lakeshore372": "OUTMODE 0,5,3,0,0,0,5"}
    twin.feed(lines.get(model, "OUTMODE 1,3,1,0"))
    with pytest.raises(Refused, match="thermometer: output [01] has mode .*, not closed loop on"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer")[1:] == []


def test_a_heater_that_is_off_is_never_switched_on_unasked(rig):
    model, *_ = rig
    rack, _, thermometer = opened(model, heater_range=None)
    with pytest.raises(Refused, match="heater is off; .*heater_range"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_the_heater_is_switched_off(rig):
    _, rack, _, thermometer = rig
    thermometer.start_ramp(10, 60)
    rack.clock.advance(20)
    assert thermometer.heater_percent > 0
    thermometer.heater_off()
    rack.clock.advance(1)
    assert (thermometer.heater_range, thermometer.heater_percent, rack.cryostat.heat.heater_W) == (0, 0, 0)


def test_another_model_is_not_taken_for_it(rig):
    model, rack, twin, _ = rig
    for other in MODELS:
        if other != model:
            assert not DRIVERS[other].IDENTITY.search(twin.feed("*IDN?"))


def test_pid_is_set_and_read_back(rig):
    _, rack, _, thermometer = rig
    thermometer.set_pid(33.5, 20, 1)
    assert (thermometer.gain, thermometer.reset, thermometer.derivative) == (33.5, 20, 1)
    before = heard(rack, "thermometer")
    for wrong in ((math.nan, 20, 1), (33, 1e6, 1), (33, 20, -1), ("1", 1, 1)):
        with pytest.raises(LimitExceeded, match="thermometer: (gain|reset|derivative)"):
            thermometer.set_pid(*wrong)
    assert heard(rack, "thermometer") == before


def test_pid_that_changes_in_a_run_is_seen(rig):
    _, _, twin, thermometer = rig
    thermometer.remember()
    thermometer.verify()
    key = next(key for key in twin.values if key[0] == "PID")
    twin.values[key][0] += 5
    with pytest.raises(Restarted, match="gain was .*, is"):
        thermometer.verify()
    twin.power_on()
    with pytest.raises(Restarted, match="its power was off"):
        thermometer.check_power()


def table(model):
    rate = None if model in OLD else 30.0
    zones = [(3.0, 20.0, 0), (12.0, 15.0, RANGE[model])]
    reset = 10.0 if model == "lakeshore372" else 100.0
    return [Zone(up_to, gain, reset, 0.0, max(1, number), 0.0, rate) for up_to, gain, number in zones]


def test_zones_are_written_and_used(rig):
    model, rack, twin, thermometer = rig
    wanted = table(model)
    assert thermometer.zone_number == 0
    thermometer.write_zones(wanted)
    zones = thermometer.zones()
    assert zones[:2] == wanted
    assert all(zone.up_to_K == 0 for zone in zones[2:])
    thermometer.use_zones(True)
    thermometer.remember()
    thermometer.start_ramp(8, 60 if model in OLD else 30)
    assert thermometer.settle(8, tolerance_K=0.05, dwell_s=10, timeout_s=900)
    assert thermometer.zone_number == 2
    assert (thermometer.gain, thermometer.heater_range) == (15.0, RANGE[model])
    assert thermometer.snapshot()["zone_number"] == 2
    thermometer.verify()  # P has changed, as it should
    thermometer.use_zones(False)
    assert thermometer.zone_number == 0


def test_zones_that_are_none_are_refused_before_anything_is_sent(rig):
    model, rack, _, thermometer = rig
    good = table(model)
    before = heard(rack, "thermometer")
    for zones in ([], good[::-1], 6 * good):
        with pytest.raises(ValueError, match="the coldest first"):
            thermometer.write_zones(zones)
    with pytest.raises(LimitExceeded, match="temperature_K"):
        thermometer.write_zones([Zone(math.nan, 10, 100, 0, 1)])
    with pytest.raises(LimitExceeded, match="ramp_rate_K_per_min"):
        thermometer.write_zones([Zone(10, 10, 100, 0, 1, 0.0, 1000.0)])
    with pytest.raises(ValueError, match="range 9"):
        thermometer.write_zones([Zone(10, 10, 100, 0, 9)])
    assert heard(rack, "thermometer") == before


@pytest.mark.parametrize("model", ["lakeshore336", "lakeshore372"])
def test_a_zone_that_ramps_too_fast_is_refused(model):
    rack, twin, thermometer = opened(model)
    output = twin.HEATER
    twin.feed(f"ZONE {output},1,20,10,100,0,0,2," + ("50,0,0" if model == "lakeshore372" else "1,50"))
    thermometer.use_zones(True)
    before = orders(rack, "thermometer")
    with pytest.raises(Refused, match="zone up to 20 K ramps at 50 K/min, faster than the 20 K/min asked for"):
        thermometer.start_ramp(10, 20)
    assert orders(rack, "thermometer") == before
    thermometer.start_ramp(10, 60)
    rack.clock.advance(3)
    assert thermometer.setpoint_K == pytest.approx(4.2 + 2.5, abs=0.1)


def test_a_set_point_that_is_not_in_kelvin_is_refused(rig):
    """Ten of the sensor's units may be anything."""
    model, rack, twin, thermometer = rig
    lines = {"lakeshore331": "CSET 1,A,3", "lakeshore340": "CSET 1,A,3", "lakeshore372": "INTYPE 1,0,2,0,11,0,2"}
    twin.feed(lines.get(model, "INTYPE A,3,1,6,1,3"))
    with pytest.raises(Refused, match="set point of output [01] is not in kelvin"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer")[1:] == []


@pytest.mark.parametrize("model", OLD)
@pytest.mark.parametrize("skip", range(0, 14, 3))
def test_a_reply_lost_while_a_ramp_is_started_starts_it_again(model, skip):
    _, twin, thermometer = opened(model)
    twin.faults.plan(Fault.DROP, skip=skip)
    thermometer.start_ramp(5, 60)
    assert thermometer.settle(5, tolerance_K=0.05, dwell_s=5, timeout_s=600)


@pytest.mark.parametrize(
    ("model", "whole"), [("lakeshore331", "+77.350"), ("lakeshore340", "+77.350E+0"), ("lakeshore372", "+4.2000E-02")]
)
def test_a_temperature_that_lost_its_end_is_another_only_in_its_last_digits(model, whole, monkeypatch):
    """The form is learnt at opening; what remains of the number is refused, or as good as whole."""
    _, _, thermometer = opened(model)
    for keep in range(len(whole)):
        reply = whole[:keep].encode() + b"\r\n"
        monkeypatch.setattr(thermometer.adapter, "read_bytes", lambda *_, reply=reply, **__: reply)
        monkeypatch.setattr(thermometer, "_out_of_step", False)
        with pytest.raises(Garbled):
            thermometer.temperature_K  # noqa: B018


# the 335


def test_a_335_may_lose_the_first_question():
    rack = make_rack(driver="lakeshore335")
    rack.twins["thermometer"].faults.plan(Fault.DROP)
    assert open_driver(rack, "thermometer").identity.startswith("LSCI,MODEL335,")


# the 340


@pytest.mark.parametrize(("status", "word"), [(1, "overvoltage"), (5, "open"), (6, "below 10 ohm")])
def test_what_is_wrong_with_the_heater_of_a_340(status, word, monkeypatch):
    rack, twin, thermometer = opened("lakeshore340")
    monkeypatch.setattr(twin, "_heater_status", lambda: str(status))
    with pytest.raises(Refused, match=f"heater 1 is .*{word}"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


# the 372


def test_a_channel_that_the_scanner_has_left_is_not_believed():
    """It shows its last reading for ever, which would look as settled as can be."""
    rack, twin, thermometer = opened("lakeshore372")
    twin.feed("SCAN 3,0")
    assert float(twin.feed("KRDG? 1")) == pytest.approx(4.2, abs=0.01)
    with pytest.raises(Refused, match="its scanner stands on channel 3, what channel 1 shows is old"):
        thermometer.temperature_K  # noqa: B018
    twin.feed("SCAN 1,1")
    assert thermometer.scanner_channel == -1
    with pytest.raises(Refused, match="scans by itself"):
        thermometer.start_ramp(5)
    twin.feed("SCAN 1,0")
    assert thermometer.scanner_channel == 1
    thermometer.start_ramp(5)


def test_the_still_heater():
    rack, twin, thermometer = opened("lakeshore372")
    thermometer.still_percent = 33.33
    assert twin.feed("STILL?") == "+33.33"
    assert thermometer.snapshot()["still_percent"] == 33.33
    with pytest.raises(LimitExceeded, match="still_percent"):
        thermometer.still_percent = 101


def test_slow_ramps_below_one_kelvin():
    rack, twin, thermometer = opened("lakeshore372", ramp_rate_K_per_min=0.01)
    thermometer.start_ramp(4.3)
    assert thermometer.ramp_rate_K_per_min == 0.01
    with pytest.raises(LimitExceeded, match="from 0.001 to"):
        thermometer.start_ramp(4.3, 0.0005)


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("lakeshore331", {"input": "C"}), ("lakeshore331", {"output": 2}), ("lakeshore335", {"input": "C"}),
        ("lakeshore340", {"heater_range": 6}), ("lakeshore350", {"heater_range": 6}), ("lakeshore350", {"output": 3}),
        ("lakeshore372", {"input": "17"}), ("lakeshore372", {"output": 1}), ("lakeshore372", {"heater_range": 9}),
        ("lakeshore336", {"ramp_rate_K_per_min": 0.01}),
    ],
)  # fmt: skip
def test_what_a_model_has_not_is_refused(model, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        DRIVERS[model].Settings(**settings)
