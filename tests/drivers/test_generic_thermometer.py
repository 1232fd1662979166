"""A described temperature controller, and two that do not speak like Lake Shore's: one echoes, one adds its units."""

import pytest

from drivers.errors import LimitExceeded, Refused
from drivers.simulated.cryostat import SensorFault
from tests.drivers.rig import heard, make_rack, open_driver, orders

JUMPING = {"rate_query": "", "rate_command": "", "rate_reply": "%g", "jump_command": ""}
"""A controller whose set point cannot ramp."""

MERCURY_ITC = {
    "identity": "OXFORD INSTRUMENTS:MERCURY ITC",
    "event_query": "",
    "command_reply": ":VALID",
    "expected_replies": (("READ:DEV:MB1.T1:TEMP:LOOP:RENA", "STAT:DEV:MB1.T1:TEMP:LOOP:RENA:OFF"),),
    "temperature_query": "READ:DEV:MB1.T1:TEMP:SIG:TEMP",
    "temperature_reply": "STAT:DEV:MB1.T1:TEMP:SIG:TEMP:%gK",
    "sensor_query": "",
    "setpoint_query": "READ:DEV:MB1.T1:TEMP:LOOP:TSET",
    "setpoint_reply": "STAT:DEV:MB1.T1:TEMP:LOOP:TSET:%gK",
    "setpoint_command": "SET:DEV:MB1.T1:TEMP:LOOP:TSET:%.4f",
    **JUMPING,
    "heater_query": "READ:DEV:MB1.T1:TEMP:LOOP:HSET",
    "heater_reply": "STAT:DEV:MB1.T1:TEMP:LOOP:HSET:%g",
    "heater_on_command": "SET:DEV:MB1.T1:TEMP:LOOP:ENAB:ON",
    "heater_off_command": "SET:DEV:MB1.T1:TEMP:LOOP:ENAB:OFF",
}
"""Its numbers have units, and it answers every command."""

ITC503 = {
    "identity_query": "V",
    "identity": "ITC503",
    "event_query": "",
    "expected_replies": (),
    "temperature_query": "R1",
    "temperature_reply": "R%g",
    "sensor_query": "",
    "setpoint_query": "R0",
    "setpoint_reply": "R%g",
    "setpoint_command": "$T%.3f",
    **JUMPING,
    "heater_query": "R5",
    "heater_reply": "R%g",
    "heater_on_command": "$A1",
    "heater_off_command": "",
}
"""A letter before every number; a dollar sign keeps it from answering commands."""


def bench(hangs_on="lakeshore336", **settings):
    rack = make_rack(driver=hangs_on)
    rack.twins["thermometer"].driver_name = "generic_thermometer"
    return rack, open_driver(rack, "thermometer", **settings)


def test_the_dialogue_of_a_ramp():
    rack, thermometer = bench()
    before = len(heard(rack, "thermometer"))
    thermometer.start_ramp(10, 20)
    said = heard(rack, "thermometer")[before:]
    assert said[:3] == ["KRDG? A", "KRDG? A", "RDGST? A"]
    sent = [line for line in said if "?" not in line]
    assert sent[1].startswith("SETP 1,4.")  # from where it is
    assert [sent[0], *sent[2:]] == ["RAMP 1,0,10", "RAMP 1,1,20.0", "SETP 1,10.0000", "RANGE 1,2"]


def test_it_says_and_does_what_the_native_driver_says_and_does():
    racks = [make_rack(driver=driver) for driver in ("lakeshore336", "generic_thermometer")]
    native, described = (open_driver(rack, "thermometer") for rack in racks)
    for thermometer in (native, described):
        thermometer.start_ramp(6.0, 10.0)
        assert thermometer.settle(6.0, tolerance_K=0.02, dwell_s=15, timeout_s=600)
    assert racks[0].clock.now() == pytest.approx(racks[1].clock.now(), abs=2)
    for name in ("temperature_K", "setpoint_K", "ramp_rate_K_per_min"):
        assert getattr(described, name) == pytest.approx(getattr(native, name), rel=1e-3)
    for thermometer, rack in zip((native, described), racks, strict=True):
        thermometer.heater_off()
        rack.clock.advance(1)
        assert thermometer.heater_percent == rack.cryostat.heat.heater_W == 0


@pytest.mark.parametrize(("hangs_on", "words"), [("mercuryitc", MERCURY_ITC), ("itc503", ITC503)])
def test_numbers_with_letters_before_or_behind(hangs_on, words):
    rack, thermometer = bench(hangs_on, **words)
    if hangs_on == "itc503":
        rack.twins["thermometer"].feed("C3")  # a person lets the computer in
    assert thermometer.temperature_K == pytest.approx(rack.cryostat.heat.sensor_K, rel=2e-3, abs=1e-3)
    thermometer.start_ramp(5.0)
    assert thermometer.settle(5.0, tolerance_K=0.05, dwell_s=10, timeout_s=900)
    assert rack.cryostat.heat.stage_K == pytest.approx(5.0, abs=0.06)
    assert thermometer.setpoint_K == 5.0
    assert thermometer.heater_percent > 0


def test_a_command_that_is_not_said_to_be_valid_is_told():
    rack, thermometer = bench("mercuryitc", **MERCURY_ITC)
    rack.twins["thermometer"].locked = True
    with pytest.raises(Refused, match="was answered by 'STAT:SET:.*DENIED', not by ':VALID'"):
        thermometer.start_ramp(5.0)


@pytest.mark.parametrize("settings", [{}, JUMPING])
def test_limits_are_refused_without_a_byte(settings):
    rack, thermometer = bench(**settings)
    before = heard(rack, "thermometer")
    for kelvin in (0.05, 311, float("nan"), "4", None, True):
        with pytest.raises(LimitExceeded):
            thermometer.start_ramp(kelvin)
    assert heard(rack, "thermometer") == before


def test_without_a_rate_the_set_point_jumps_and_a_ramp_is_refused():
    rack, thermometer = bench(**JUMPING)
    before = heard(rack, "thermometer")
    with pytest.raises(Refused, match="no rate_command.*Leave the rate out"):
        thermometer.start_ramp(5.0, 2.0)
    assert heard(rack, "thermometer") == before
    thermometer.start_ramp(5.0)
    assert orders(rack, "thermometer") == ["SETP 1,5.0000", "RANGE 1,2"]
    assert thermometer.setpoint_K == 5.0
    assert thermometer.ramp_rate_K_per_min == 0


def test_a_ramp_that_would_begin_far_above_is_refused():
    rack, thermometer = bench(jump_command="")
    rack.twins["thermometer"].feed("RAMP 1,0,10;SETP 1,200")
    before = orders(rack, "thermometer")
    with pytest.raises(Refused, match="the set point is 200 K, more than 5 K above the temperature.*jump_command"):
        thermometer.start_ramp(8.0)
    assert orders(rack, "thermometer") == before
    rack.twins["thermometer"].feed("SETP 1,6")
    thermometer.start_ramp(8.0, 6.0)
    rack.clock.advance(10)
    assert thermometer.setpoint_K == pytest.approx(7.0, abs=0.05)


@pytest.mark.parametrize(
    ("settings", "text"),
    [({"rate_command": "NONSENSE %.1f"}, "ramp rate should be 20 K/min, the instrument says 10"),
     ({"setpoint_command": "SETP 2,%.4f"}, "set point should be 4.* K, the instrument says 0 K")],
)  # fmt: skip
def test_what_is_not_taken_is_told_and_no_heater_is_switched_on(settings, text):
    rack, thermometer = bench(**settings)
    with pytest.raises(Refused, match=text):
        thermometer.start_ramp(10.0, 20.0)
    assert "RANGE 1,2" not in orders(rack, "thermometer")


@pytest.mark.parametrize("fault", [SensorFault.OPEN, SensorFault.SHORTED])
@pytest.mark.parametrize("sensor_query", ["RDGST? A", ""])
def test_a_broken_sensor_is_no_temperature(fault, sensor_query):
    rack, thermometer = bench(sensor_query=sensor_query)
    rack.cryostat.heat.sensor_fault = fault
    with pytest.raises(Refused, match="check the sensor"):
        _ = thermometer.temperature_K
    with pytest.raises(Refused, match="check the sensor"):
        thermometer.start_ramp(5.0)
    assert orders(rack, "thermometer") == []


def test_a_heater_that_cannot_be_switched_off_is_told():
    rack, thermometer = bench(heater_off_command="")
    with pytest.raises(Refused, match="no heater_off_command"):
        thermometer.heater_off()
    assert orders(rack, "thermometer") == []


def test_a_heater_that_stays_on_is_told():
    rack, thermometer = bench(heater_off_command="RANGE 2,0")
    thermometer.start_ramp(20.0)
    rack.clock.advance(60)
    with pytest.raises(Refused, match="the heater was switched off, but the instrument says"):
        thermometer.heater_off()
