import math

import pytest

from drivers.errors import Garbled, LimitExceeded, Refused, Tripped
from drivers.ips120 import IPS120
from drivers.persistent_switch import SwitchState
from drivers.roles import MagnetState, RampOutcome
from drivers.simulated.isobus import LOCAL_UNLOCKED
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders, still


@pytest.fixture
def rack():
    return make_rack(driver="ips120", cryostat=still())


@pytest.fixture
def twin(rack):
    return rack.twins["magnet"]


def test_the_set_point_is_read_back_before_the_supply_is_let_go(rack, magnet):
    before = len(heard(rack, "magnet"))
    magnet.start_ramp(0.05, 0.2)
    said = heard(rack, "magnet")[before:]
    assert said[said.index("$Q4") :] == ["$Q4", "X", "T0.2000", "R9", "R9", "J0.05000", "R8", "R8", "A1"]


def test_request_ramping_holding(rack, magnet):
    assert magnet.state is MagnetState.PAUSED
    magnet.start_ramp(0.1, 0.6)
    assert magnet.state is MagnetState.RAMPING
    rack.clock.advance(5)
    assert magnet.field_T == pytest.approx(0.05, abs=1e-5)
    rack.clock.advance(5.1)
    assert magnet.state is MagnetState.HOLDING
    assert magnet.field_T == magnet.target_T == pytest.approx(0.1)


def test_a_small_field_is_not_rounded_to_what_the_front_panel_shows(rack, magnet):
    assert magnet.ramp_to(0.00123, 0.1) is RampOutcome.HOLDING
    assert rack.cryostat.field_T == pytest.approx(0.00123, abs=1e-8)


def test_nothing_is_clipped(rack, magnet):
    """PyMeasure sends 7 T when it is asked for 12 T, and -7 T for NaN."""
    before = heard(rack, "magnet")
    for field in (12, -1.00001, math.nan):
        with pytest.raises(LimitExceeded, match="from -1 to 1; nothing was sent"):
            magnet.ramp_to(field, 0.1)
    assert heard(rack, "magnet") == before


def test_a_set_point_that_was_not_taken_starts_nothing(rack, magnet, twin):
    twin.current_limit_A = 5
    with pytest.raises(Refused, match="limits were changed"):
        magnet.ramp_to(0.6, 0.5)
    assert orders(rack, "magnet") == []
    magnet = open_driver(rack, "magnet")
    with pytest.raises(Refused, match="magnet: refused 'J0.60000'"):
        magnet.ramp_to(0.6, 0.5)
    assert "A1" not in orders(rack, "magnet")


def test_a_clamped_output_in_local_is_released_by_a_ramp(rack, twin):
    twin.power_on()
    magnet = open_driver(rack, "magnet")
    assert magnet.state is MagnetState.PAUSED
    assert magnet.ramp_to(0.05, 0.5) is RampOutcome.HOLDING
    assert orders(rack, "magnet")[:4] == ["$Q4", "A0", "C3", "A0"]


def test_a_hold_is_obeyed_even_in_local_control(rack, magnet, twin):
    magnet.start_ramp(0.5, 0.5)
    twin.control = LOCAL_UNLOCKED
    assert magnet.state is MagnetState.MANUAL
    magnet.hold()
    here = rack.cryostat.field_T
    rack.clock.advance(5)
    assert rack.cryostat.field_T == here
    assert orders(rack, "magnet")[-4:] == ["$A0", "A0", "C3", "A0"]
    assert magnet.state is MagnetState.PAUSED


def test_a_hold_does_not_hide_that_the_power_was_off(rack, magnet, twin):
    assert magnet.ramp_to(0.05, 0.5) is RampOutcome.HOLDING
    twin.power_on()
    magnet.hold()
    with pytest.raises(Tripped, match="its power was off, or somebody clamped its output"):
        magnet.ramp_to(0.1, 0.5)


NORMAL = "00A1C3H8M10P00"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (NORMAL, MagnetState.HOLDING),
        ("00A1C3H8M11P00", MagnetState.RAMPING),
        ("01A1C3H8M12P00", MagnetState.RAMPING),  # on its voltage limit, and so slower
        ("00A0C3H8M10P00", MagnetState.PAUSED),
        ("00A2C3H8M11P00", MagnetState.ZEROING),
        ("00A2C3H8M10P00", MagnetState.AT_ZERO),
        ("00A4C3H8M10P00", MagnetState.PAUSED),
        ("00A1C2H8M11P00", MagnetState.MANUAL),
        ("10A1C3H8M11P00", MagnetState.QUENCH),
        ("10A1C7H8M10P00", MagnetState.QUENCH),
        ("20A1C3H8M11P00", MagnetState.FAULT),
        ("30A1C3H8M10P00", MagnetState.FAULT),
        ("40A1C3H8M10P00", MagnetState.FAULT),
        ("08A1C3H8M10P00", MagnetState.FAULT),
        ("00A1C5H8M11P00", MagnetState.FAULT),
    ],
)
def test_every_digit_of_the_status(magnet, twin, monkeypatch, status, state):
    monkeypatch.setattr(twin, "_status", lambda rest: status)
    assert magnet.state is state
    monkeypatch.setattr(twin, "_status", lambda rest: NORMAL)
    latched = state in (MagnetState.QUENCH, MagnetState.FAULT)
    assert magnet.state is (state if latched else MagnetState.HOLDING)


def test_a_fault_is_named_and_latched(rack, magnet, twin, monkeypatch):
    monkeypatch.setattr(twin, "_status", lambda rest: "20A0C3H8M10P00")
    for _ in range(2):
        with pytest.raises(Tripped, match="magnet: it is too hot; no ramp is sent until a person"):
            magnet.ramp_to(0.1, 0.5)
    assert orders(rack, "magnet") == []


@pytest.mark.parametrize(
    ("digit", "switch"),
    [("0", SwitchState.COOLING), ("1", SwitchState.HEATING), ("2", SwitchState.COOLING), ("5", SwitchState.FAULT),
     ("8", SwitchState.ABSENT)],
)  # fmt: skip
def test_every_digit_of_the_heater(rack, twin, monkeypatch, digit, switch):
    """Found on or off, nobody knows since when; the maker's wait decides."""
    monkeypatch.setattr(twin, "_heater_digit", lambda: digit)
    magnet = open_driver(rack, "magnet")
    assert magnet.switch is switch
    rack.clock.advance(21)
    settled = {SwitchState.COOLING: SwitchState.COLD, SwitchState.HEATING: SwitchState.WARM}
    assert magnet.switch is settled.get(switch, switch)


def test_a_heater_that_draws_no_current_is_seen_after_the_command(rack, twin):
    twin.install_switch()
    magnet = open_driver(rack, "magnet")
    rack.clock.advance(21)
    twin.heater_fault = True
    with pytest.raises(Refused, match="heater was switched on, the supply says at fault"):
        magnet.leave_persistent()


def test_with_a_cold_switch_the_field_is_that_of_the_magnet(rack, twin):
    twin.install_switch()
    magnet = open_driver(rack, "magnet")
    rack.clock.advance(21)
    assert magnet.leave_persistent().done
    assert magnet.ramp_to(0.2, 1) is RampOutcome.HOLDING
    assert magnet.enter_persistent().done
    assert orders(rack, "magnet").count("H0") == 1
    assert "H2" not in orders(rack, "magnet")
    assert magnet.supply_field_T == pytest.approx(0, abs=1e-4)
    assert magnet.field_T == pytest.approx(0.2, abs=1e-4)


@pytest.mark.parametrize(("whole", "cut"), [("R+1.2345", "R+1.23"), ("R+12.345", "R+1.345"), ("R-0.5000", "R+0.5000")])
def test_a_field_that_lost_a_digit_or_its_sign_is_refused(magnet, monkeypatch, whole, cut):
    replies = {"R7": [whole, cut]}
    asked: list[str] = []
    monkeypatch.setattr(magnet.adapter, "write", asked.append)
    monkeypatch.setattr(
        magnet.adapter, "read_bytes",
        lambda *_, **__: (f"X{NORMAL}" if asked[-1] == "X" else replies["R7"].pop(0)).encode() + b"\r",
    )  # fmt: skip
    with pytest.raises(Garbled, match="magnet"):
        magnet.field_T  # noqa: B018


@pytest.mark.parametrize("skip", range(0, 20, 2))
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT])
def test_a_reply_spoilt_while_a_ramp_is_started_starts_it_again(rack, magnet, twin, skip, fault):
    twin.faults.plan(fault, skip=skip, keep=1)
    assert magnet.ramp_to(0.02, 1.0) is RampOutcome.HOLDING
    assert rack.cryostat.field_T == pytest.approx(0.02, abs=1e-6)


def test_on_isobus_every_command_has_its_address(rack):
    magnet = open_driver(rack, "magnet", isobus_address=1)
    assert magnet.ramp_to(0.02, 1.0) is RampOutcome.HOLDING
    magnet.hold()
    assert all(line.startswith("@1") for line in heard(rack, "magnet"))


@pytest.mark.parametrize(
    "settings", [{"isobus_address": 10}, {"switch_heating_time_s": 0.0}, {"switch_cooling_time_s": math.nan}]
)
def test_settings_out_of_reason_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        IPS120.Settings(field_max_T=1.0, ramp_rate_max_T_per_min=1.0, **settings)
