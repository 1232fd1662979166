"""The order of the commands with a switch, word by word, and that nothing else heats one."""

import re
from pathlib import Path

import pytest

import drivers
from drivers.clock import SteppedClock
from drivers.errors import Refused, Timeout, Tripped
from drivers.persistent_switch import SwitchState, SwitchTimer
from tests.drivers.rig import make_rack, orders, still


@pytest.fixture
def rack():
    rack = make_rack(driver="ami430", alone=True, cryostat=still())
    rack.twins["magnet"].install_switch()
    return rack


def test_the_dialogue_out_of_and_into_persistent_mode(rack, magnet):
    assert magnet.leave_persistent().done
    lead = ["CONF:RAMP:RATE:SEG 1", "CONF:RAMP:RATE:FIELD 1,0.300000000,1.000000", "CONF:FIELD:TARG 0.000000", "RAMP"]
    assert orders(rack, "magnet") == [*lead, "PS 1"]
    magnet.ramp_to(0.1, 0.3)
    before = len(orders(rack, "magnet"))
    assert magnet.enter_persistent().done
    assert orders(rack, "magnet")[before:] == ["PAUSE", "PS 0", *lead]
    assert magnet.persistent == 1


def test_the_waits_are_those_of_the_supply(rack, magnet):
    rack.twins["magnet"].feed("CONF:PS:HTIME 45")
    began_s = rack.clock.now()
    magnet.leave_persistent()
    assert 45 <= rack.clock.now() - began_s < 50


def test_a_switch_that_does_not_cool_is_named_and_the_leads_stay(rack, magnet):
    magnet.leave_persistent()
    magnet.ramp_to(0.1, 0.5)
    rack.twins["magnet"].supply.cool_s = 3600.0
    magnet_says = type(magnet).cooling_time_s
    try:
        type(magnet).cooling_time_s = 20
        with pytest.raises(Timeout, match="cooling the switch.*not cold"):
            magnet.enter_persistent()
    finally:
        type(magnet).cooling_time_s = magnet_says
    assert orders(rack, "magnet")[-1] == "PS 0"
    assert rack.twins["magnet"].supply.output_A == pytest.approx(1.0)


def test_a_heater_that_does_not_obey_is_named(rack, magnet, monkeypatch):
    monkeypatch.setattr(rack.twins["magnet"].supply.__class__, "heat", lambda self, on: None)
    with pytest.raises(Refused, match="told to be on and is not"):
        magnet.leave_persistent()


def test_a_loss_of_power_in_persistent_mode_needs_a_person_and_then_comes_back(rack, magnet):
    magnet.leave_persistent()
    magnet.ramp_to(0.1, 0.5)
    magnet.enter_persistent()
    rack.twins["magnet"].power_on()
    with pytest.raises(Tripped, match="power was off"):
        magnet.leave_persistent()
    assert rack.cryostat.coil.current_A == pytest.approx(1.0)
    magnet.rearm()
    assert magnet.leave_persistent().done
    assert magnet.ramp_to(0.2, 0.5)
    assert not rack.cryostat.coil.quenched


def test_nothing_else_switches_a_heater():
    called = {}
    for path in Path(drivers.__path__[0]).glob("*.py"):
        if calls := re.findall(r"\._set_heater\(", path.read_text(encoding="utf-8")):
            called[path.name] = len(calls)
    assert called == {"persistent_switch.py": 1}


def test_a_timer_takes_what_it_finds_for_just_switched():
    clock = SteppedClock()
    timer = SwitchTimer(clock, 20.0, 30.0)
    assert timer.state(True) is SwitchState.HEATING
    clock.advance(19.9)
    assert timer.state(True) is SwitchState.HEATING
    clock.advance(0.2)
    assert timer.state(True) is SwitchState.WARM
    assert timer.state(False) is SwitchState.COOLING
    clock.advance(29.9)
    assert timer.state(False) is SwitchState.COOLING
    clock.advance(0.2)
    assert timer.state(False) is SwitchState.COLD
