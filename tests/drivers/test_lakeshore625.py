import pytest

from drivers.errors import Garbled, LimitExceeded, Refused, Tripped
from drivers.lakeshore625 import LakeShore625
from drivers.persistent_switch import SwitchState
from drivers.roles import MagnetState, RampOutcome
from tests.drivers.rig import make_rack, open_driver, orders, still


@pytest.fixture
def rack():
    return make_rack(driver="lakeshore625", alone=True, cryostat=still())


def test_the_dialogue_of_a_ramp(rack, magnet):
    magnet.start_ramp(0.05, 0.6)
    assert orders(rack, "magnet") == ["RATE 0.1000", "RSEG 0", "SETI 0.5000"]


def test_segments_are_programmed_into_the_supply(rack):
    magnet = open_driver(rack, "magnet", ramp_segments=((0.2, 0.6), (1.0, 0.3)))
    magnet.start_ramp(0.5, 0.6)
    assert orders(rack, "magnet") == [
        "RSEGS 1,2.0000,0.1000", *(f"RSEGS {number},10.0000,0.0500" for number in range(2, 6)), "RSEG 1", "SETI 5.0000",
    ]  # fmt: skip
    assert magnet.ramp_rate_T_per_min == pytest.approx(0.6)
    rack.clock.advance(20)
    assert rack.cryostat.field_T == pytest.approx(0.2)
    rack.clock.advance(20)
    assert rack.cryostat.field_T == pytest.approx(0.3)


@pytest.mark.parametrize("units", [0, 1])
def test_the_field_constant_is_the_supplys_own(rack, units):
    rack.twins["magnet"].values["FLDS", ""] = [units, 0.1 if units == 0 else 1.0]
    magnet = open_driver(rack, "magnet")
    assert magnet.coil_T_per_A == pytest.approx(0.1)
    assert magnet.ramp_to(0.2, 0.6) is RampOutcome.HOLDING
    assert rack.cryostat.field_T == pytest.approx(0.2, abs=1e-4)
    assert magnet.field_T == pytest.approx(0.2, abs=1e-4)


def test_a_field_constant_changed_at_the_front_panel_stops_everything(rack, magnet):
    magnet.ramp_to(0.1, 1)
    rack.twins["magnet"].feed("FLDS 1,1.0")
    before = orders(rack, "magnet")
    with pytest.raises(Garbled, match="field constant"):
        magnet.field_T  # noqa: B018
    with pytest.raises((Refused, Garbled)):
        magnet.start_ramp(0.2, 0.2)
    assert orders(rack, "magnet") == before


def test_the_supplys_own_limits_hold_as_well(rack):
    rack.twins["magnet"].feed("LIMIT 5,5,0.1")
    magnet = open_driver(rack, "magnet")
    assert magnet.limits()["field_T"] == (-0.5, pytest.approx(0.5))
    assert magnet.limits()["ramp_rate_T_per_min"][1] == pytest.approx(0.6)
    with pytest.raises(LimitExceeded):
        magnet.ramp_to(0.6)
    with pytest.raises(LimitExceeded):
        magnet.ramp_to(0.1, 0.7)
    assert orders(rack, "magnet") == ["LIMIT 5,5,0.1"]  # said by this test


def test_limits_lowered_at_the_supply_are_seen_before_the_ramp(rack, magnet):
    rack.twins["magnet"].feed("LIMIT 2,5,10")
    before = orders(rack, "magnet")
    with pytest.raises(Refused, match="limits were changed"):
        magnet.ramp_to(0.5, 0.5)
    assert orders(rack, "magnet") == before


def test_without_quench_detection_nothing_ramps(rack, magnet):
    rack.twins["magnet"].feed("QNCH 0,10")
    before = orders(rack, "magnet")
    with pytest.raises(Refused, match="quench detection is off"):
        magnet.ramp_to(0.1, 0.5)
    rack.twins["magnet"].feed("QNCH 1,0.02")
    with pytest.raises(Refused, match=r"faster than what it takes for a quench, 0\.12 T/min"):
        magnet.ramp_to(0.1, 0.5)
    assert orders(rack, "magnet")[len(before) :] == ["QNCH 1,0.02"]  # said by this test


def test_states(rack, magnet):
    assert magnet.state is MagnetState.HOLDING
    magnet.start_ramp(0.5, 1.0)
    assert magnet.state is MagnetState.RAMPING
    rack.clock.advance(10)
    magnet.hold()
    assert magnet.state is MagnetState.PAUSED
    assert magnet.ramp_to(0.5, 1.0) is RampOutcome.HOLDING


def test_stopped_by_somebody_else_is_not_done(rack, magnet):
    def press_pause(field_T):
        if field_T > 0.1:
            rack.twins["magnet"].feed("STOP")

    assert magnet.ramp_to(0.5, 0.5, on_reading=press_pause) is RampOutcome.ABORTED
    assert rack.cryostat.field_T < 0.2


@pytest.mark.parametrize("index", [0, 1, 2])
def test_errors_are_latched_until_a_person_re_arms(rack, magnet, index):
    rack.twins["magnet"].errors[index] = 2
    assert magnet.state is MagnetState.FAULT
    rack.twins["magnet"].errors[index] = 0
    with pytest.raises(Tripped, match="errors: hardware"):
        magnet.ramp_to(0.1, 0.5)
    assert orders(rack, "magnet") == []
    magnet.rearm()
    assert orders(rack, "magnet") == ["ERCL"]
    assert magnet.ramp_to(0.1, 0.5) is RampOutcome.HOLDING


def test_a_hardware_error_cannot_be_cleared(rack, magnet):
    rack.twins["magnet"].errors[0] = 8
    with pytest.raises(Tripped, match="hardware 8"):
        magnet.ramp_to(0.1, 0.5)
    with pytest.raises(Tripped, match="hardware 8"):
        magnet.rearm()


def test_a_cold_switch_with_an_unknown_current_is_for_a_person(rack):
    rack.twins["magnet"].install_switch()
    rack.twins["magnet"].stored_A = 99.9999
    magnet = open_driver(rack, "magnet")
    with pytest.raises(Refused, match="does not know the current in the magnet"):
        magnet.leave_persistent()
    assert orders(rack, "magnet") == []


def test_the_heater_is_never_forced(rack):
    """The supply compares the currents itself, and PSH 99 would make it forget to."""
    rack.twins["magnet"].install_switch()
    magnet = open_driver(rack, "magnet")
    assert magnet.leave_persistent().done
    magnet.ramp_to(0.2, 1.0)
    magnet.enter_persistent()
    magnet.leave_persistent()
    told = [line for line in orders(rack, "magnet") if line.startswith("PSH")]
    assert told == ["PSH 1", "PSH 0", "PSH 1"]
    assert magnet.switch is SwitchState.WARM


def test_the_magnets_field_in_persistent_mode_is_not_that_of_the_leads(rack):
    rack.twins["magnet"].install_switch()
    magnet = open_driver(rack, "magnet")
    magnet.leave_persistent()
    magnet.ramp_to(0.2, 1.0)
    magnet.enter_persistent()
    assert magnet.supply_field_T == pytest.approx(0, abs=1e-4)
    assert magnet.field_T == magnet.magnet_field_T == pytest.approx(0.2, abs=1e-4)


def test_settings_that_cannot_be():
    with pytest.raises(ValueError, match="a Model 625 has 5"):
        LakeShore625.Settings(1.0, 1.0, tuple((0.1 * (n + 1), 0.1) for n in range(9)) + ((1.0, 0.1),))
