"""The twins of the other controllers of Lake Shore: their manners, zones, scanner; the 336 has its own file."""

import pytest

from drivers.simulated.cryostat import SensorFault
from tests.drivers.rig import make_rack

HALF = {"lakeshore331": "RANGE 2", "lakeshore335": "RANGE 1,2", "lakeshore340": "RANGE 4", "lakeshore350": "RANGE 1,4"}


def of(model):
    rack = make_rack(driver=model)
    return rack, rack.twins["thermometer"]


def kelvin(twin, line):
    return float(twin.feed(line))


@pytest.mark.parametrize(
    ("model", "dialogue"),
    [
        ("lakeshore331", {
            "KRDG? B": "+0.0000", "RANGE?": "0", "HTR?": "+000.0", "HTRST?": "0", "CSET? 1": "A,1,0,1", "CMODE? 1": "1",
            "PID? 1": "+10.000,+100.00,+0.0000", "RAMP? 1": "0,+10.0", "RDGST? A": "000", "INTYPE? A": "3,1",
            "ZONE? 1,10": "+0.000,+10.0,+100.0,+0.0,+0.00,0", "IEEE?": "0,0,12",
        }),
        ("lakeshore335", {
            "KRDG? B": "+0.0000E+00", "RANGE? 2": "0", "OUTMODE? 1": "1,1,0", "HTRSET? 2": "0,1,2,+0.000,1",
            "POLARITY?": "0", "ZONE? 2,1": "+0.000,+10.0,+100.0,+0.0,+0.00,0,0,+0.1",
        }),
        ("lakeshore340", {
            "KRDG? C": "+0.000E+0", "RANGE?": "0", "CSET? 1": "A,1,1,0", "HTRST?": "0", "RDGST? D": "128",
            "INTYPE? A": "8,1,2,6,9",
        }),
        ("lakeshore350", {"OUTMODE? 4": "1,1,0", "RANGE 1,5;RANGE? 1": "5", "RANGE 1,6;RANGE? 1": "5"}),
        ("lakeshore372", {
            "INSET? 1": "1,010,003,00,1", "INTYPE? 1": "0,02,0,11,0,1", "SCAN?": "01,0", "STILL?": "+0.00",
            "MONITOR?": "0", "OUTMODE? 0": "5,1,0,0,0,005", "OUTMODE? 2": "4,0,0,0,0,005", "RANGE 0,8;RANGE? 0": "8",
            "RANGE 1,2;RANGE? 1": "0", "RDGST? 16": "16", "HTR?": "+000.0", "RAMP? 0": "0,+10.000",
            "OUTMODE 1,6,A,0,1,0,3;OUTMODE? 1": "6,A,0,1,0,003", "HTRSET? 0": "100,0,+0.000,1",
            "ZONE? 0,1": "+0.000,+10.0,+100.0,+0.0,+0.00,0,+0.100,0,0", "INSET 2,0,20;INSET? 2": "0,020,003,00,1",
        }),
    ],
)  # fmt: skip
def test_forms_of_the_replies(model, dialogue):
    _, twin = of(model)
    assert {line: twin.feed(line) for line in dialogue} == dialogue


@pytest.mark.parametrize("model", ["lakeshore331", "lakeshore335", "lakeshore340", "lakeshore350", "lakeshore372"])
def test_errors_show_in_the_event_status(model):
    """As Lake Shore's package asks, behind every command."""
    _, twin = of(model)
    assert twin.feed("*ESR?") == "128"
    assert twin.feed("KRDG? Q;*ESR?") == "32"
    assert twin.feed("SETP 1,-5;*ESR?") == "16"
    assert twin.feed("SETP? 1;:*ESR?;:*OPC?").endswith(";0;1")


@pytest.mark.parametrize("model", ["lakeshore331", "lakeshore340"])
def test_a_range_with_the_number_of_an_output_is_an_error(model):
    """What PyMeasure sends to these two (pymeasure#1405)."""
    _, twin = of(model)
    twin.feed("*ESR?")
    assert twin.feed("RANGE 1,2;*ESR?") == "32"
    assert twin.feed("RANGE? 1") is None


@pytest.mark.parametrize("model", HALF)
def test_the_loop_settles_saturates_and_stops_without_a_sensor(model):
    rack, twin = of(model)
    twin.feed(f"{HALF[model]};SETP 1,20")
    rack.clock.advance(0.5)
    assert twin.feed("HTR? 1") == "+100.0"
    rack.clock.advance(200)
    assert kelvin(twin, "KRDG? A") == pytest.approx(20, abs=0.02)
    rack.cryostat.heat.sensor_fault = SensorFault.SHORTED
    rack.clock.advance(1)
    assert kelvin(twin, "RDGST? A") == 64
    assert rack.cryostat.heat.heater_W == 0


def test_a_340_with_its_loop_off_does_not_heat():
    rack, twin = of("lakeshore340")
    twin.feed("CSET 1,A,1,0,0;RANGE 4;SETP 1,20")
    rack.clock.advance(5)
    assert twin.feed("HTR?") == "+000.0"
    assert rack.cryostat.heat.heater_W == 0
    twin.feed("CSET 1,A,1,1,0;CMODE 1,3;MOUT 1,50")
    rack.clock.advance(1)
    assert twin.feed("HTR?") == "+050.0"
    assert rack.cryostat.heat.heater_W == 2.5


def test_zones_give_pid_and_range_by_the_set_point_and_never_switch_a_heater_on():
    rack, twin = of("lakeshore350")
    twin.feed("ZONE 1,1,5,20,50,0,0,3,1,5;ZONE 1,2,30,10,100,0,0,4,1,5;OUTMODE 1,2,1,0;SETP 1,4")
    rack.clock.advance(1)
    assert twin.feed("RANGE? 1;PID? 1") == "0;+20.0,+50.0,+0.0"
    twin.feed("RANGE 1,1")
    rack.clock.advance(1)
    assert twin.feed("RANGE? 1") == "3"
    twin.feed("SETP 1,10")
    rack.clock.advance(1)
    assert twin.feed("RANGE? 1;PID? 1") == "4;+10.0,+100.0,+0.0"
    twin.power_on()
    assert twin.feed("ZONE? 1,2;RANGE? 1").startswith("+30.000,+10.0")
    assert twin.feed("RANGE? 1") == "0"


def test_the_scanner_of_a_372_goes_round_the_channels_that_are_enabled():
    rack, twin = of("lakeshore372")
    for channel in range(3, 17):
        twin.feed(f"INSET {channel},0")
    twin.feed("INSET 1,1,5,3;INSET 2,1,5,3;SCAN 1,1")
    seen = []
    for _ in range(12):
        rack.clock.advance(4)
        seen.append(twin.feed("SCAN?"))
    assert seen.count("02,1") == pytest.approx(6, abs=1)
    assert set(seen) == {"01,1", "02,1"}


def test_a_372_heats_through_its_ranges_of_current():
    rack, twin = of("lakeshore372")
    twin.feed("OUTMODE 0,2,1,0,0,0,5;MOUT 0,50")
    for number, watts in ((8, 0.5), (7, 0.05), (4, 5e-5), (0, 0.0)):
        twin.feed(f"RANGE 0,{number}")
        rack.clock.advance(1)
        assert twin.feed("HTR?") == ("+050.0" if number else "+000.0")
        assert rack.cryostat.heat.heater_W == pytest.approx(watts)


def test_the_temperature_limit_of_a_372_shuts_the_outputs():
    rack, twin = of("lakeshore372")
    twin.feed("TLIMIT 1,5;RANGE 0,8;SETP 0,9")
    rack.clock.advance(100)
    assert twin.feed("RANGE? 0") == "0"
