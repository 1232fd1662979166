import pytest

from drivers.errors import LimitExceeded, Refused, Tripped
from drivers.mercuryips import MercuryIPS
from drivers.persistent_switch import SwitchState
from drivers.roles import MagnetState, RampOutcome
from drivers.simulated.mercuryips import MercuryIPSTwin
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders, still

PSU = "DEV:GRPZ:SPSU"


@pytest.fixture
def rack():
    return make_rack(driver="mercuryips", cryostat=still())


@pytest.fixture
def twin(rack):
    return rack.twins["magnet"]


def test_the_set_point_is_read_back_before_the_supply_is_let_go(rack, magnet):
    before = len(heard(rack, "magnet"))
    magnet.start_ramp(0.05, 0.2)
    said = heard(rack, "magnet")[before:]
    assert said[-8:] == [
        f"READ:{PSU}:ACTN",
        f"SET:{PSU}:SIG:RFST:0.2000", f"READ:{PSU}:SIG:RFST", f"READ:{PSU}:SIG:RFST",
        f"SET:{PSU}:SIG:FSET:0.05000", f"READ:{PSU}:SIG:FSET", f"READ:{PSU}:SIG:FSET",
        f"SET:{PSU}:ACTN:RTOS",
    ]  # fmt: skip


def test_request_ramping_holding(rack, magnet):
    assert magnet.ramp_to(0.1, 0.6) is RampOutcome.HOLDING
    assert rack.clock.now() == pytest.approx(10, abs=0.3)
    assert magnet.field_T == magnet.target_T == pytest.approx(0.1)
    magnet.start_ramp(0.2, 0.6)
    assert magnet.state is MagnetState.RAMPING
    magnet.hold()
    assert magnet.state is MagnetState.PAUSED


def test_prefixes_before_the_unit_are_read(rack, twin):
    twin.short = True
    magnet = open_driver(rack, "magnet")
    magnet.ramp_to(0.0123, 0.6)
    assert twin.feed(f"READ:{PSU}:SIG:FLD").endswith("12.3000mT")
    assert magnet.field_T == pytest.approx(0.0123)
    magnet.start_ramp(-0.4, 0.6)
    assert magnet.output_V == pytest.approx(-5.0 * 0.1, rel=1e-3)  # L dI/dt of 5 H at 0.1 A/s


def test_the_node_of_the_supply_goes_by_the_firmware(rack):
    coil = rack.cryostat.coil
    twin = MercuryIPSTwin(rack.clock, coil, coil, firmware="2.5.02.000")
    twin.moment = rack.cryostat.moment
    rack.library.twins[next(name for name in rack.library.twins if "7020" in name)] = twin
    magnet = open_driver(rack, "magnet")
    assert magnet.field_T == 0
    lines = [said.text for said in twin.wire_log if said.text.startswith("READ")]
    assert all(":GRPZ:PSU:" in line for line in lines)


def test_another_axis(rack):
    magnet = open_driver(rack, "magnet", axis="X")
    assert magnet.ramp_to(0.05, 1.0) is RampOutcome.HOLDING
    assert rack.cryostat.field_T == 0
    assert all("GRPZ" not in line for line in orders(rack, "magnet"))


def test_a_clamped_output_is_released_by_a_ramp(rack, twin):
    twin.power_on()
    magnet = open_driver(rack, "magnet")
    assert magnet.ramp_to(0.05, 0.5) is RampOutcome.HOLDING
    assert orders(rack, "magnet")[0] == f"SET:{PSU}:ACTN:HOLD"


@pytest.mark.parametrize(
    ("bits", "text"),
    [(1 << 0, "switch heater mismatch"), (1 << 7, "RS-485 failure"), (0x4002, "rundown resistors too hot, a"),
     (1 << 30, "status bit 30")],
)  # fmt: skip
def test_a_fault_is_named_and_latched(rack, magnet, twin, bits, text):
    twin.fault = bits
    with pytest.raises(Tripped, match=f"magnet: {text}"):
        magnet.ramp_to(0.1, 0.5)
    twin.fault = 0
    with pytest.raises(Tripped, match="re-armed"):
        magnet.ramp_to(0.1, 0.5)
    assert orders(rack, "magnet") == []
    magnet.rearm()
    assert magnet.ramp_to(0.1, 1.0) is RampOutcome.HOLDING


def test_a_garbled_status_latches_nothing(magnet, twin, monkeypatch):
    replies = iter(["00000100", "00000000"])
    path = f"{PSU}:STAT"
    monkeypatch.setitem(twin.nodes, path, twin.nodes[path]._replace(read=lambda: next(replies, "00000000")))
    with pytest.raises(Exception, match="came differently"):
        magnet.state  # noqa: B018
    assert magnet.state is MagnetState.HOLDING


def test_the_reply_to_an_urgent_hold_is_passed_over(rack, magnet):
    """It went out beside a question of another thread, and is read by whoever asks next."""
    magnet.start_ramp(0.5, 0.5)
    magnet.send_unread("ACTN:HOLD")
    assert magnet.target_T == 0.5
    assert magnet.state is MagnetState.PAUSED
    magnet.send_unread("ACTN:HOLD")
    magnet.send("ACTN:HOLD")
    assert magnet.state is MagnetState.PAUSED


def test_a_lost_reply_to_a_hold_is_survived(rack, magnet, twin):
    magnet.start_ramp(0.5, 0.5)
    twin.faults.plan(Fault.DROP)
    magnet.hold()
    assert magnet.state is MagnetState.PAUSED


def test_a_locked_supply_that_does_not_hold_is_named(magnet, twin):
    magnet.start_ramp(0.5, 0.5)
    twin.locked = True
    with pytest.raises(Refused, match="told to hold, but it says RTOS"):
        magnet.hold()


def test_nothing_is_clipped(rack, magnet):
    before = heard(rack, "magnet")
    with pytest.raises(LimitExceeded, match="from -1 to 1; nothing was sent"):
        magnet.ramp_to(12, 0.1)
    assert heard(rack, "magnet") == before


def test_with_a_switch_found_off_nothing_ramps(rack, twin):
    twin.install_switch()
    magnet = open_driver(rack, "magnet", switch_installed=True)
    assert magnet.switch is SwitchState.COOLING
    rack.clock.advance(21)
    assert magnet.switch is SwitchState.COLD
    with pytest.raises(Refused, match="persistent switch is cold"):
        magnet.ramp_to(0.1, 0.5)
    assert orders(rack, "magnet") == []


@pytest.mark.parametrize("skip", range(0, 18, 2))
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT, Fault.REPEAT])
def test_a_reply_spoilt_while_a_ramp_is_started_starts_it_again(rack, magnet, twin, skip, fault):
    twin.faults.plan(fault, skip=skip, keep=9)
    assert magnet.ramp_to(0.02, 1.0) is RampOutcome.HOLDING
    assert rack.cryostat.field_T == pytest.approx(0.02, abs=1e-6)


@pytest.mark.parametrize("settings", [{"axis": "W"}, {"switch_heating_time_s": 0.0}])
def test_settings_out_of_reason_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        MercuryIPS.Settings(field_max_T=1.0, ramp_rate_max_T_per_min=1.0, **settings)
