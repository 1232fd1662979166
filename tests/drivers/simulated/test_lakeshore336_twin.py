import pytest

from drivers.simulated.cryostat import SensorFault
from drivers.simulated.lakeshore336 import LakeShore336Twin


@pytest.fixture
def twin(on_stage):
    return on_stage(LakeShore336Twin)


def kelvin(twin, line="KRDG? A"):
    return float(twin.feed(line))


def test_forms_of_the_replies(twin):
    assert twin.feed("KRDG? A").startswith("+4.")
    assert twin.feed("krdg?a").endswith("E+00")
    assert len(twin.feed("KRDG? 0").split(",")) == 4
    assert twin.feed("RAMP? 1") == "0,+10.0"
    assert twin.feed("PID? 1") == "+10.0,+100.0,+0.0"
    assert twin.feed("HTR? 1") == "+000.0"
    assert twin.feed("HTRST? 1;RDGST? A;RANGE? 1") == "0;0;0"
    assert twin.feed("INTYPE? A;OUTMODE? 1;HTRSET? 1") == "3,1,6,1,1;1,1,0;0,1,2,+0.000,1"
    assert len(twin.feed("INNAME? A")) == 15
    assert twin.feed("CRVHDR? 21").count(",") == 4


def test_what_lake_shores_own_package_sends(twin):
    twin.feed("*ESR?")
    assert twin.feed("RANGE 1,2;*ESR?") == "0"
    assert twin.feed("RANGE? 1;*ESR?") == "2;0"
    assert twin.feed("RANGE 1,7;*ESR?") == "16"
    assert twin.feed("FROG 1;*ESR?") == "32"


def test_the_set_point_that_is_shown_ramps(twin, clock):
    twin.feed("SETP 1, 4.2;RAMP 1,1,60;SETP 1,10.000000")
    clock.advance(2)
    assert kelvin(twin, "SETP? 1") == pytest.approx(6.2, abs=0.11)
    assert twin.feed("RAMPST? 1") == "1"
    clock.advance(5)
    assert kelvin(twin, "SETP? 1") == 10
    assert twin.feed("RAMPST? 1") == "0"
    twin.feed("RAMP 1,0,60;SETP 1,5")
    assert kelvin(twin, "SETP? 1") == 5


@pytest.mark.parametrize("target", [1.6, 3.0, 8.0, 25.0])
def test_the_loop_settles(twin, clock, target):
    twin.feed(f"RANGE 1,2;SETP 1,{target}")
    clock.advance(300)
    for _ in range(20):
        clock.advance(2)
        assert kelvin(twin) == pytest.approx(target, abs=2e-3 + 4e-4 * target)


def test_the_heater_saturates_and_lets_go_again(twin, clock, cryostat):
    twin.feed("RANGE 1,1;SETP 1,20")  # low: 0.5 W reach 6.3 K
    clock.advance(100)
    assert twin.feed("HTR? 1") == "+100.0"
    assert cryostat.heat.heater_W == 0.5
    assert kelvin(twin) == pytest.approx(6.3, abs=0.05)
    twin.feed("SETP 1,3")
    clock.advance(1)
    assert float(twin.feed("HTR? 1")) == 0


def test_open_loop(twin, clock, cryostat):
    twin.feed("OUTMODE 1,3,1,0;MOUT 1,40;RANGE 1,2")
    clock.advance(1)
    assert twin.feed("HTR? 1") == "+040.0"
    assert cryostat.heat.heater_W == pytest.approx(2.0)


def test_the_temperature_limit_shuts_the_outputs(twin, clock, cryostat):
    twin.feed("TLIMIT A, 8;RANGE 1,2;SETP 1,20")
    clock.advance(60)
    assert twin.feed("RANGE? 1") == "0"
    assert cryostat.heat.heater_W == 0


@pytest.mark.parametrize(("fault", "status"), [(SensorFault.OPEN, "128"), (SensorFault.SHORTED, "64")])
def test_a_broken_sensor(twin, clock, cryostat, fault, status):
    twin.feed("RANGE 1,2;SETP 1,20")
    cryostat.heat.sensor_fault = fault
    clock.advance(5)
    assert twin.feed("RDGST? A") == status
    assert kelvin(twin) == 0
    assert cryostat.heat.heater_W == 0


def test_it_comes_up_with_the_heater_off(twin, clock, cryostat):
    twin.feed("RANGE 1,2;SETP 1,20")
    clock.advance(5)
    twin.power_on()
    clock.advance(1)
    assert twin.feed("RANGE? 1;*ESR?") == "0;128"
    assert cryostat.heat.heater_W == 0


def test_readings_scatter(twin):
    assert len({twin.feed("KRDG? A") for _ in range(50)}) > 3
