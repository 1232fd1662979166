import math
import threading

import pytest

from drivers.errors import Garbled, LimitExceeded, Refused, Timeout
from drivers.lakeshore336 import LakeShore336
from drivers.simulated.cryostat import SensorFault
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders


@pytest.fixture
def rack():
    return make_rack()


def test_the_dialogue_of_a_ramp(rack, thermometer):
    before = len(heard(rack, "thermometer"))
    thermometer.start_ramp(10, 20)
    said = heard(rack, "thermometer")[before:]
    assert said[:3] == ["OUTMODE? 1", "HTR? 1", "HTRST? 1"]
    assert [line for line in said if "?" not in line] == [
        "RAMP 1,0,20.0", said[8], "RAMP 1,1,20.0", "SETP 1,10.0000", "RANGE 1,2",
    ]  # fmt: skip
    assert said[8].startswith("SETP 1,4.")  # from where it is
    assert said[-1] == "RANGE? 1"


def test_the_set_point_ramps_and_the_temperature_follows(rack, thermometer):
    thermometer.start_ramp(10, 6)
    assert thermometer.ramping
    rack.clock.advance(30)
    assert thermometer.setpoint_K == pytest.approx(4.2 + 3, abs=0.02)
    assert thermometer.temperature_K == pytest.approx(7, abs=0.6)
    rack.clock.advance(120)
    assert not thermometer.ramping
    assert thermometer.setpoint_K == 10
    assert thermometer.temperature_K == pytest.approx(10, abs=0.02)
    assert 5 < thermometer.heater_percent < 50
    assert thermometer.ramp_rate_K_per_min == 6


@pytest.mark.parametrize("target", [1.5, 4.2, 20.0])
def test_settled_means_in_the_band_for_the_dwell_time(rack, thermometer, target):
    thermometer.start_ramp(target, 20)
    seen: list[tuple[float, float]] = []
    assert thermometer.settle(
        target, tolerance_K=0.02, dwell_s=15, timeout_s=600,
        on_reading=lambda kelvin: seen.append((rack.clock.now(), kelvin)),
    )  # fmt: skip
    last = [kelvin for time_s, kelvin in seen if time_s >= seen[-1][0] - 15]
    assert all(abs(kelvin - target) <= 0.02 for kelvin in last)
    assert len(last) > 20
    assert rack.cryostat.heat.stage_K == pytest.approx(target, abs=0.03)


def test_passing_through_the_band_is_not_settled(rack, thermometer):
    """A single hit in the band, which is all that PyMeasure waits for, is on the way to somewhere else."""
    thermometer.start_ramp(20, 60)
    with pytest.raises(Timeout, match=r"thermometer: 20.* K, not settled at 10 \+- 0\.5 K within 60 s; heater at"):
        thermometer.settle(10, tolerance_K=0.5, dwell_s=5, timeout_s=60)


def test_an_interrupt_ends_the_wait(rack, thermometer):
    interrupt = threading.Event()
    thermometer.start_ramp(20, 60)
    began = rack.clock.now()
    assert not thermometer.settle(
        20, tolerance_K=0.1, dwell_s=5, timeout_s=600, interrupt=interrupt,
        on_reading=lambda _: interrupt.set() if rack.clock.now() > began + 3 else None,
    )  # fmt: skip
    assert rack.clock.now() - began < 5
    assert not thermometer.settle(20, tolerance_K=0.1, dwell_s=5, timeout_s=600, interrupt=interrupt)


def test_two_lost_replies_are_survived(rack, thermometer):
    thermometer.start_ramp(5, 60)
    for skip in (0, 1, 7):
        rack.twins["thermometer"].faults.plan(Fault.DROP, skip=skip)
    assert thermometer.settle(5, tolerance_K=0.05, dwell_s=5, timeout_s=600)
    for skip in range(3):
        rack.twins["thermometer"].faults.plan(Fault.DROP, skip=skip)
    with pytest.raises(Timeout, match="no reply"):
        thermometer.settle(5, tolerance_K=0.05, dwell_s=5, timeout_s=600)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1, 0, 0.09, 310.1, "10", None, True])
def test_what_is_outside_the_limits_puts_no_byte_on_the_wire(rack, thermometer, bad):
    before = heard(rack, "thermometer")
    for refuse in (thermometer.check_temperature, thermometer.start_ramp):
        with pytest.raises(LimitExceeded, match="thermometer: temperature_K"):
            refuse(bad)
    for rate in (0, -1, 101, math.nan, "10"):
        with pytest.raises(LimitExceeded, match="thermometer: ramp_rate_K_per_min"):
            thermometer.start_ramp(10, rate)
    assert heard(rack, "thermometer") == before


@pytest.mark.parametrize(("fault", "word"), [(SensorFault.OPEN, "open"), (SensorFault.SHORTED, "shorted")])
def test_a_broken_sensor_is_named_and_nothing_is_heated(rack, thermometer, fault, word):
    rack.cryostat.heat.sensor_fault = fault
    with pytest.raises(Refused, match=f"thermometer: sensor A .*{word}"):
        thermometer.temperature_K  # noqa: B018
    with pytest.raises(Refused, match="sensor A"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_a_broken_heater_is_named(rack, thermometer, monkeypatch):
    monkeypatch.setattr(rack.twins["thermometer"], "_heater_status", lambda output: "1")
    with pytest.raises(Refused, match="heater 1 is open"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_a_loop_that_is_not_closed_on_the_sensor_is_refused(rack, thermometer):
    rack.twins["thermometer"].feed("OUTMODE 1,3,1,0")
    with pytest.raises(Refused, match="mode 3 on input 1, not closed loop on A"):
        thermometer.start_ramp(10)


def test_a_heater_that_is_off_is_never_switched_on_unasked(rack):
    thermometer = open_driver(rack, "thermometer", heater_range=None)
    with pytest.raises(Refused, match="heater is off; .*heater_range"):
        thermometer.start_ramp(10)
    assert orders(rack, "thermometer") == []


def test_heater_off(rack, thermometer):
    thermometer.start_ramp(20)
    assert thermometer.heater_range == 2
    rack.clock.advance(20)
    assert thermometer.heater_percent > 0
    thermometer.heater_off()
    rack.clock.advance(1)
    assert thermometer.heater_range == 0
    assert thermometer.heater_percent == 0
    assert rack.cryostat.heat.heater_W == 0


def test_a_command_that_was_not_accepted_is_seen(rack, thermometer, monkeypatch):
    twin = rack.twins["thermometer"]
    monkeypatch.setattr(twin, "_set_setpoint", lambda output, value: setattr(twin, "_events", 16))
    with pytest.raises(Refused, match="ramp to 10 K was not accepted, event status 16"):
        thermometer.start_ramp(10)


@pytest.mark.parametrize("whole", [b"+4.2000E+01", b"+1.5034E+00", b"+2.9512E+02"])
def test_a_temperature_that_lost_its_end_is_refused(thermometer, monkeypatch, whole):
    for keep in range(len(whole)):
        monkeypatch.setattr(thermometer.adapter, "read_bytes", lambda *_, k=keep, **__: whole[:k] + b"\r\n")
        monkeypatch.setattr(thermometer, "_out_of_step", False)
        with pytest.raises(Garbled):
            thermometer.temperature_K  # noqa: B018


def test_an_instrument_that_writes_without_exponent_is_understood_too(rack, monkeypatch):
    """Which form it uses is learnt at opening; a number in the other form is a cut one."""
    twin = rack.twins["thermometer"]
    monkeypatch.setattr(type(twin), "_kelvin", lambda self, which="A": "+77.3502")
    thermometer = open_driver(rack, "thermometer")
    assert thermometer.temperature_K == 77.3502
    monkeypatch.setattr(type(twin), "_kelvin", lambda self, which="A": "+77.3")
    with pytest.raises(Garbled):
        thermometer.temperature_K  # noqa: B018


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature_max_K": 0}, {"temperature_min_K": math.nan}, {"temperature_min_K": 400.0}, {"input": "E"},
        {"output": 3}, {"heater_range": 4}, {"heater_range": 0}, {"ramp_rate_K_per_min": 0.01},
        {"ramp_rate_K_per_min": 50.0, "ramp_rate_max_K_per_min": 20.0}, {"ramp_rate_max_K_per_min": 1000.0},
    ],
)  # fmt: skip
def test_settings_out_of_reason_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings)).split("_max")[0][:9]):
        LakeShore336.Settings(**settings)


def test_a_band_without_width_is_refused(thermometer):
    with pytest.raises(ValueError, match="tolerance"):
        thermometer.settle(4, tolerance_K=0, dwell_s=1, timeout_s=10)


@pytest.mark.parametrize("skip", range(12))
def test_a_reply_lost_while_a_ramp_is_started_starts_it_again(rack, thermometer, skip):
    rack.twins["thermometer"].faults.plan(Fault.DROP, skip=skip)
    thermometer.start_ramp(5, 60)
    assert thermometer.settle(5, tolerance_K=0.05, dwell_s=5, timeout_s=600)
