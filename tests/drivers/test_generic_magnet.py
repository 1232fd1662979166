"""A described magnet supply; what every magnet must keep is tested with the others in test_every_magnet."""

import pytest

from drivers.errors import LimitExceeded, Quench, Refused, Tripped
from drivers.roles import MagnetState, RampOutcome
from tests.drivers.descriptions import AMI430, AMI430_KG_S
from tests.drivers.magnets import T_PER_A, coil_T, magnet_rack, told
from tests.drivers.rig import heard, make_rack, open_driver, orders, still

UNASKED = {"state_query": "", "states": ()}
"""A supply that cannot be asked what it does."""
LAKESHORE625 = UNASKED | {
    "identity": "LSCI,MODEL625",
    "expected_replies": (("PSHS?", "0,35,20"),),
    "field_query": "RDGI?",
    "field_factor_T": T_PER_A,
    "field_tolerance_T": 5e-4,
    "target_query": "SETI?",
    "target_command": "SETI %.4f",
    "rate_query": "RATE?",
    "rate_reply": "%g",
    "rate_command": "RATE %.4f",
    "rate_factor_T_per_min": 60 * T_PER_A,
    "go_command": "",
    "hold_command": "STOP",
    "rearm_command": "ERCL",
}
"""In amperes and A/s."""


def bench(**settings):
    rack = magnet_rack("generic_magnet")
    return rack, open_driver(rack, "magnet", **settings)


def test_the_dialogue_of_a_ramp():
    rack, magnet = bench()
    before = len(heard(rack, "magnet"))
    magnet.start_ramp(0.25, 0.5)
    said = heard(rack, "magnet")[before:]
    assert said[0] == "STATE?"
    assert [line for line in said if "?" not in line] == [
        "CONF:RAMP:RATE:FIELD 1,0.500000,10.0", "CONF:FIELD:TARG 0.250000", "RAMP",
    ]  # fmt: skip
    units = said.index("FIELD:UNITS?")
    assert units < said.index("CONF:RAMP:RATE:FIELD 1,0.500000,10.0") < said.index("CONF:FIELD:TARG 0.250000")
    assert said[said.index("CONF:FIELD:TARG 0.250000") + 1] == "FIELD:TARG?"


def test_in_kilogauss_and_seconds_the_field_is_the_same():
    rack = magnet_rack("generic_magnet")
    rack.twins["magnet"].field_units = rack.twins["magnet"].rate_units = 0
    magnet = open_driver(rack, "magnet", **AMI430_KG_S)
    assert magnet.ramp_to(0.3, 0.6) is RampOutcome.HOLDING
    assert rack.clock.now() == pytest.approx(30, abs=0.5)
    assert coil_T(rack) == pytest.approx(0.3, abs=1e-4)
    assert magnet.field_T == pytest.approx(0.3, abs=1e-4)
    assert magnet.target_T == pytest.approx(0.3)
    assert magnet.ramp_rate_T_per_min == pytest.approx(0.6)
    assert "CONF:FIELD:TARG 3.000000" in told(rack)
    assert "CONF:RAMP:RATE:FIELD 1,0.100000000,100.0" in told(rack)


def test_it_says_what_the_native_driver_says():
    racks = [make_rack(driver=driver) for driver in ("ami430", "generic_magnet")]
    native, described = (open_driver(rack, "magnet") for rack in racks)
    for field_T, rate in ((0.2, 0.7), (-0.1, 0.3), (0.0, 1.0)):
        for magnet in (native, described):
            assert magnet.ramp_to(field_T, rate) is RampOutcome.HOLDING
        for name in ("field_T", "target_T", "ramp_rate_T_per_min", "state", "switch"):
            got, expected = getattr(described, name), getattr(native, name)
            assert got == (pytest.approx(expected, abs=1e-5) if isinstance(expected, float) else expected)
        assert racks[0].clock.now() == pytest.approx(racks[1].clock.now(), abs=0.5)


def test_units_changed_at_the_front_panel_stop_the_next_ramp():
    rack, magnet = bench()
    rack.twins["magnet"].field_units = 0
    with pytest.raises(Refused, match="units or limits were changed"):
        magnet.ramp_to(0.1, 1.0)
    assert orders(rack, "magnet") == []


@pytest.mark.parametrize("command", ["NONSENSE %.6f", "CONF:CURR:TARG %.6f"])
def test_a_target_that_is_not_taken_starts_no_ramp(command):
    rack, magnet = bench(target_command=command)
    with pytest.raises(Refused, match="target 0.2 T was sent, the supply says"):
        magnet.ramp_to(0.2, 1.0)
    assert "RAMP" not in told(rack)


def test_a_rate_that_is_not_taken_starts_no_ramp_either():
    rack, magnet = bench(rate_command="CONF:RAMP:RATE:CURR 1,%.6f,10.0")
    with pytest.raises(Refused, match="ramp rate 0.5 T/min was sent, the supply says 0.05"):
        magnet.ramp_to(0.2, 0.5)
    assert told(rack) == ["CONF:RAMP:RATE:CURR 1,0.500000,10.0"]


def test_a_target_that_starts_the_ramp_by_itself_is_held_if_it_was_not_taken():
    rack, magnet = bench(go_command="", target_command="CONF:CURR:TARG %.6f")
    with pytest.raises(Refused, match="target"):
        magnet.ramp_to(0.2, 1.0)
    assert told(rack)[-2:] == ["CONF:CURR:TARG 0.200000", "PAUSE"]


def test_a_coarse_rate_is_rounded_down():
    rack, magnet = bench(rate_command="CONF:RAMP:RATE:FIELD 1,%.2f,10.0")
    magnet.ramp_to(0.1, 0.199)
    assert told(rack)[0] == "CONF:RAMP:RATE:FIELD 1,0.19,10.0"


# what it is doing


def test_an_unknown_state_is_a_fault_until_a_person_re_arms():
    rack, magnet = bench(states=AMI430["states"][:2], rearm_command="")
    assert magnet.state is MagnetState.FAULT  # 3, paused, is not described
    with pytest.raises(Tripped, match="its state is '3', which its description does not know.*re-armed"):
        magnet.ramp_to(0.1, 1.0)
    assert orders(rack, "magnet") == []
    rack.twins["magnet"].feed("RAMP")
    with pytest.raises(Tripped):
        magnet.ramp_to(0.1, 1.0)
    magnet.rearm()
    assert magnet.ramp_to(0.1, 1.0) is RampOutcome.HOLDING


def test_one_spoilt_state_is_none():
    rack, magnet = bench()
    whole, spoilt = magnet._read, ["33"]
    magnet._read = lambda command: spoilt.pop() if spoilt and whole(command) else whole(command)
    assert magnet.state is MagnetState.PAUSED
    assert not spoilt
    assert magnet.ramp_to(0.1, 1.0) is RampOutcome.HOLDING


def test_there_is_no_switch():
    rack, magnet = bench()
    assert magnet.switch.value == "absent"
    with pytest.raises(Refused, match="switch"):
        magnet.enter_persistent()
    assert orders(rack, "magnet") == []


# judged from the field alone


def test_without_a_state_it_holds_when_the_field_stands_at_its_target():
    rack, magnet = bench(**UNASKED)
    assert magnet.ramp_to(0.2, 0.6) is RampOutcome.HOLDING
    assert rack.clock.now() == pytest.approx(20 + 2, abs=0.5)
    assert coil_T(rack) == pytest.approx(0.2, abs=1e-4)
    assert "STATE?" not in heard(rack, "magnet")


def test_a_supply_that_speaks_of_amperes_and_sets_out_when_it_is_given_a_target():
    rack = make_rack(driver="lakeshore625", alone=True, cryostat=still())
    rack.twins["magnet"].driver_name = "generic_magnet"
    magnet = open_driver(rack, "magnet", **LAKESHORE625)
    for field_T in (0.2, -0.15, 0.0):
        assert magnet.ramp_to(field_T, 0.6) is RampOutcome.HOLDING
        assert coil_T(rack) == pytest.approx(field_T, abs=5e-4)
    assert rack.clock.now() == pytest.approx(20 + 35 + 15 + 3 * 2, abs=2)
    magnet.start_ramp(0.5, 0.6)
    rack.clock.advance(10)
    magnet.start_ramp(0.0, 0.6)  # turned round on its way
    assert told(rack)[-3:] == ["STOP", "RATE 0.1000", "SETI 0.0000"]


def test_without_a_state_it_is_ramping_while_it_moves_and_paused_where_it_stands_elsewhere():
    rack, magnet = bench(**UNASKED)
    magnet.start_ramp(0.3, 0.5)
    seen = set()
    for _ in range(20):
        rack.clock.advance(0.5)
        seen.add(magnet.state)
    assert seen == {MagnetState.RAMPING}
    magnet.hold()
    for _ in range(6):
        rack.clock.advance(0.5)
        state = magnet.state
    assert state is MagnetState.PAUSED


def test_without_a_state_a_pause_at_the_front_panel_is_seen():
    rack, magnet = bench(**UNASKED)

    def pause(field_T):
        if field_T > 0.05:
            rack.twins["magnet"].feed("PAUSE")

    assert magnet.ramp_to(0.2, 0.5, on_reading=pause) is RampOutcome.ABORTED
    assert coil_T(rack) == pytest.approx(0.05, abs=2e-3)


def test_without_a_state_a_quench_is_a_field_that_moves_by_itself():
    rack, magnet = bench(**UNASKED)

    def quench(field_T):
        if field_T > 0.3:
            rack.cryostat.coil.quench()

    with pytest.raises((Tripped, Quench), match="faster than any ramp: a quench"):
        magnet.ramp_to(0.5, 1.0, on_reading=quench)
    with pytest.raises(Tripped, match="a quench.*re-armed"):
        magnet.ramp_to(0.1, 1.0)
    rack.clock.advance(60)
    magnet.rearm()
    assert magnet.state is MagnetState.RAMPING  # it has not been seen standing yet


def test_without_a_state_a_field_that_is_not_where_it_was_left_is_a_fault():
    """A quench while nobody looked, an hour after the last look."""
    rack, magnet = bench(**UNASKED)
    assert magnet.ramp_to(0.3, 1.0) is RampOutcome.HOLDING
    rack.cryostat.coil.quench()
    rack.clock.advance(3600)
    with pytest.raises(Tripped, match="its field moved by 0.3 T, since it was left at rest: a quench"):
        magnet.ramp_to(0.1, 1.0)
    magnet.rearm()
    rack.twins["magnet"].feed("QU 0")
    assert magnet.ramp_to(0.1, 1.0) is RampOutcome.HOLDING


def test_without_a_state_a_single_spoilt_field_is_no_quench():
    rack, magnet = bench(**UNASKED)
    assert magnet.ramp_to(0.1, 1.0) is RampOutcome.HOLDING
    whole, spoilt = magnet._read, ["9.000000"]
    magnet._read = lambda command: spoilt.pop() if spoilt and whole(command) else whole(command)
    assert magnet.state is MagnetState.HOLDING
    assert not spoilt


def test_without_a_state_a_ramp_that_looks_like_standing_is_refused():
    rack, magnet = bench(**UNASKED)
    before = heard(rack, "magnet")
    with pytest.raises(LimitExceeded, match="ramp_rate_T_per_min = 0.005 is not a number from 0.006"):
        magnet.ramp_to(0.1, 0.005)
    assert heard(rack, "magnet") == before


# commands that are answered


class Answering:
    """Stands between a driver and its wire: lets the supply answer every command by OK, or by what is given."""

    def __init__(self, magnet, asks, answer="OK"):
        self.magnet, self.asks, self.answer, self.waiting = magnet, asks, answer, []
        self._write, self._read = magnet._write, magnet._read
        magnet._write, magnet._read = self.write, self.read

    def write(self, command):
        self._write(command)
        self.waiting.append(self._read if self.asks(command) else lambda _: self.answer)

    def read(self, command):
        return self.waiting.pop(0)(command)


def test_a_supply_that_answers_every_command():
    rack, magnet = bench(command_reply="OK")
    wire = Answering(magnet, rack.twins["magnet"].asks)
    assert magnet.ramp_to(0.1, 1.0) is RampOutcome.HOLDING
    magnet.start_ramp(0.3, 1.0)
    magnet.hold()
    assert magnet.field_T == pytest.approx(0.1, abs=1e-3)  # not the answer to the hold
    wire.answer = "ERROR 3"
    with pytest.raises(Refused, match="was answered by 'ERROR 3', not by 'OK'"):
        magnet.ramp_to(0.2, 1.0)
