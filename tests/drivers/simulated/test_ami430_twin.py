import pytest

from drivers.simulated.ami430 import AMI430Twin


@pytest.fixture
def twin(clock, coil):
    return AMI430Twin(clock, coil)


def ramp(twin, target="0.5", rate="0.6"):
    twin.feed(f"CONF:RAMP:RATE:FIELD 1,{rate},9;CONF:FIELD:TARG {target};RAMP")


def test_states_of_a_ramp(twin, clock, coil):
    assert twin.feed("STATE?") == "3"
    ramp(twin)
    assert twin.feed("STATE?") == "1"
    clock.advance(10)
    assert float(twin.feed("FIELD:MAG?")) == pytest.approx(0.1)
    twin.feed("PAUSE")
    assert twin.feed("STATE?") == "3"
    clock.advance(10)
    assert float(twin.feed("CURR:MAG?")) == float(twin.feed("CURR:SUPP?")) == pytest.approx(1)
    twin.feed("RAMP")
    clock.advance(41)
    assert twin.feed("STATE?") == "2"
    twin.feed("ZERO")
    assert twin.feed("STATE?") == "6"
    clock.advance(51)
    assert twin.feed("STATE?") == "8"
    assert coil.current_A == 0


def test_long_forms_and_units(twin):
    twin.feed("CONFIGURE:FIELD:TARGET 0.5;CONF:FIELD:UNITS 0;CONF:RAMP:RATE:UNITS 0")
    assert float(twin.feed("FIELD:TARG?")) == 5
    assert float(twin.feed("current:target?")) == 5
    assert float(twin.feed("COIL?")) == 1
    assert twin.feed("RAMP:RATE:FIELD:1?") == "0.050000,100.000000"
    twin.feed("CONF:FIELD:UNITS 1;CONF:RAMP:RATE:UNITS 1")
    assert twin.feed("RAMP:RATE:FIELD:1?") == "0.300000,10.000000"
    assert twin.feed("RAMP:RATE:CURR:1?") == "3.000000,100.000000"


def test_a_target_over_the_limit_is_an_error_and_the_target_stays(twin):
    twin.feed("CONF:CURR:LIMIT 6;CONF:FIELD:TARG 0.5;CONF:FIELD:TARG 0.7;CONF:CURR:TARG -7;FROG")
    assert float(twin.feed("FIELD:TARG?")) == 0.5
    assert [twin.feed("SYST:ERR?") for _ in range(4)] == [
        '-301,"Value out of range"', '-301,"Value out of range"', '-101,"Unrecognized command"', '0,"No error"',
    ]  # fmt: skip


def test_a_missing_argument_is_an_error(twin):
    twin.feed("CONF:RAMP:RATE:CURR 1,0.05")
    assert twin.feed("SYST:ERR?").startswith("-102")


def test_a_new_target_on_the_way_is_taken_at_once(twin, clock, coil):
    ramp(twin, "0.5")
    clock.advance(10)
    twin.feed("CONF:FIELD:TARG -0.5")
    clock.advance(20)
    assert coil.current_A == pytest.approx(-1)


def test_the_voltage_limit_slows_the_ramp(twin, clock, coil):
    twin.feed("CONF:VOLT:LIM 0.25")  # 0.05 A/s into 5 H; asked are 0.1
    ramp(twin)
    clock.advance(10)
    assert coil.current_A == pytest.approx(0.5)


def test_a_quench_is_latched_and_nothing_ramps(twin, clock, coil):
    ramp(twin)
    clock.advance(30)
    coil.quench()
    clock.advance(100)
    assert twin.feed("STATE?;QU?") == "7;1"
    for order in ("RAMP", "PAUSE", "ZERO"):
        twin.feed(order)
        assert twin.feed("SYST:ERR?").startswith("-305")
    assert coil.current_A == pytest.approx(0, abs=1e-6)
    twin.feed("QU 0")
    assert twin.feed("STATE?;QU?") == "3;0"
    twin.feed("RAMP")
    clock.advance(60)
    assert coil.current_A == pytest.approx(5)


def test_a_persistent_switch(clock, coil):
    twin = AMI430Twin(clock, coil, switch_installed=True)
    assert twin.feed("PS:INST?;PS?;PSwitch?;PERS?;PS:HTIME?") == "1;0;0;0;20"
    twin.feed("CONF:PS:HTIME 10;PS 1")
    assert twin.feed("STATE?") == "9"
    twin.feed("RAMP")
    assert twin.feed("STATE?") == "9"
    clock.advance(11)
    assert twin.feed("STATE?;PS?") == "3;1"
    ramp(twin, "0.2")
    clock.advance(30)
    twin.feed("PS 0")
    assert twin.feed("STATE?") == "10"
    clock.advance(21)
    assert twin.feed("PERS?") == "1"
    twin.feed("ZERO")
    clock.advance(30)
    assert float(twin.feed("CURR:SUPP?")) == 0
    assert float(twin.feed("CURR:MAG?")) == pytest.approx(2)
    assert twin.feed("STATE?") == "8"


def test_without_a_switch_there_is_nothing_to_heat(twin):
    twin.feed("PS 1")
    assert twin.feed("PS?") == "0"
    assert twin.feed("SYST:ERR?").startswith("-302")


def test_a_power_cycle_pauses(twin, clock, coil):
    ramp(twin)
    clock.advance(10)
    twin.power_on()
    clock.advance(10)
    assert coil.current_A == pytest.approx(1)
    assert twin.feed("STATE?") == "3"
