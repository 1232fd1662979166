import math
import random
import threading

import pytest

from drivers.ami430 import AMI430
from drivers.errors import Garbled, LimitExceeded, Quench, Refused, Timeout
from drivers.roles import MagnetState, RampOutcome
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders, still

FORBIDDEN_AFTER_QUENCH = ("RAMP", "ZERO", "CONF", "PS")


@pytest.fixture
def rack():
    return make_rack(driver="ami430", alone=True, cryostat=still())


def test_the_dialogue_of_a_ramp(rack, magnet):
    """Target and rate are read back and the error queue is empty before RAMP goes out."""
    before = len(heard(rack, "magnet"))
    magnet.start_ramp(0.05, 0.2)
    assert heard(rack, "magnet")[before:] == [
        "STATE?", "*ESR?", "FIELD:UNITS?", "RAMP:RATE:UNITS?", "COIL?", "PS:INST?",
        "SYST:ERR?",
        "STATE?",
        "CONF:RAMP:RATE:SEG 1", "CONF:RAMP:RATE:FIELD 1,0.200000000,1.000000", "RAMP:RATE:FIELD:1?",
        "CONF:FIELD:TARG 0.050000", "FIELD:TARG?",
        "SYST:ERR?",
        "RAMP",
    ]  # fmt: skip


def test_request_ramping_holding(rack, magnet):
    assert magnet.state is MagnetState.PAUSED
    magnet.start_ramp(0.1, 0.6)
    assert magnet.state is MagnetState.RAMPING
    rack.clock.advance(5)
    assert magnet.field_T == pytest.approx(0.05, abs=1e-6)
    rack.clock.advance(5.1)
    assert magnet.state is MagnetState.HOLDING
    assert magnet.field_T == pytest.approx(0.1, abs=1e-6)
    assert magnet.target_T == pytest.approx(0.1)


def test_ramp_to_arrives_when_it_should(rack, magnet):
    seen = []
    assert magnet.ramp_to(-0.3, 0.6, on_reading=seen.append) is RampOutcome.HOLDING
    assert rack.clock.now() == pytest.approx(30, abs=0.3)
    assert rack.cryostat.field_T == pytest.approx(-0.3, abs=1e-6)
    assert seen == sorted(seen, reverse=True)
    assert len(seen) > 200
    assert magnet.ramp_to(-0.3, 0.6) is RampOutcome.HOLDING


def test_without_a_rate_the_one_that_is_set_is_kept(rack, magnet):
    assert magnet.ramp_rate_T_per_min == pytest.approx(0.3)
    assert magnet.ramp_to(0.1) is RampOutcome.HOLDING
    assert rack.clock.now() == pytest.approx(20, abs=0.3)


def test_a_rate_set_by_hand_above_the_limit_is_refused(rack):
    magnet = open_driver(rack, "magnet", ramp_rate_max_T_per_min=0.1)
    with pytest.raises(LimitExceeded, match=r"ramp_rate_T_per_min = 0\.3"):
        magnet.ramp_to(0.1)
    assert "RAMP" not in orders(rack, "magnet")


@pytest.mark.parametrize(("field_units", "rate_units"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_units_are_the_supplys_own(field_units, rate_units):
    rack = make_rack(driver="ami430", alone=True, cryostat=still())
    twin = rack.twins["magnet"]
    twin.field_units, twin.rate_units = field_units, rate_units
    magnet = open_driver(rack, "magnet")
    assert magnet.coil_T_per_A == pytest.approx(0.1)
    assert magnet.ramp_rate_T_per_min == pytest.approx(0.3)
    assert magnet.ramp_to(0.2, 0.6) is RampOutcome.HOLDING
    assert rack.cryostat.field_T == pytest.approx(0.2, abs=1e-6)
    assert magnet.field_T == pytest.approx(0.2, abs=1e-6)
    assert rack.clock.now() == pytest.approx(20, abs=0.3)


def test_units_changed_at_the_front_panel_stop_everything(rack, magnet):
    magnet.ramp_to(0.1, 1)
    rack.twins["magnet"].field_units = 0
    before = orders(rack, "magnet")
    with pytest.raises(Garbled, match="units"):
        magnet.field_T  # noqa: B018
    with pytest.raises(Refused, match="units or limits were changed"):
        magnet.start_ramp(0.2, 0.2)
    assert orders(rack, "magnet") == before


def test_the_supplys_own_limit_holds_as_well(rack):
    rack.twins["magnet"].current_limit_A = 5
    magnet = open_driver(rack, "magnet")
    assert magnet.limits()["field_T"] == (-0.5, 0.5)
    with pytest.raises(LimitExceeded, match="from -0.5 to 0.5"):
        magnet.ramp_to(0.6)
    assert orders(rack, "magnet") == []


def test_a_limit_lowered_at_the_supply_is_seen_before_the_ramp(rack, magnet):
    rack.twins["magnet"].current_limit_A = 5
    with pytest.raises(Refused, match=r"target 0.6 T was refused by the supply: -301"):
        magnet.ramp_to(0.6, 0.5)
    assert "RAMP" not in orders(rack, "magnet")
    assert magnet.ramp_to(0.4, 0.5) is RampOutcome.HOLDING


def test_twenty_thousand_fields_and_rates(rack, magnet):
    random_, before = random.Random(1), heard(rack, "magnet")
    for _ in range(20_000):
        above = 10 ** random_.uniform(0.01, 30)
        field_T = random_.choice([math.nan, -math.inf, above, -above])
        with pytest.raises(LimitExceeded):
            magnet.start_ramp(field_T, random_.uniform(-2, 2))
    assert heard(rack, "magnet") == before
    assert math.copysign(1, magnet.check_field(-0.0)) == 1


def test_a_second_request_on_the_way_pauses_first(rack, magnet):
    magnet.start_ramp(0.5, 0.5)
    rack.clock.advance(3)
    magnet.start_ramp(-0.2, 0.3)
    said = orders(rack, "magnet")
    assert said[4:] == ["PAUSE", "CONF:RAMP:RATE:SEG 1", "CONF:RAMP:RATE:FIELD 1,0.300000000,1.000000",
                        "CONF:FIELD:TARG -0.200000", "RAMP"]  # fmt: skip


def test_an_interrupt_before_the_ramp_starts_none(rack, magnet):
    interrupt = threading.Event()
    interrupt.set()
    assert magnet.ramp_to(0.5, 0.5, interrupt=interrupt) is RampOutcome.ABORTED
    assert orders(rack, "magnet") == ["PAUSE"]


def test_paused_by_somebody_else_is_not_done(rack, magnet):
    def press_pause(field_T):
        if field_T > 0.1:
            rack.twins["magnet"].feed("PAUSE")

    assert magnet.ramp_to(0.5, 0.5, on_reading=press_pause) is RampOutcome.ABORTED
    assert rack.cryostat.field_T < 0.2


def test_a_quench_while_nothing_ramps_is_seen_and_stays(rack, magnet):
    magnet.ramp_to(0.5, 1)
    rack.cryostat.coil.quench()
    assert magnet.state is MagnetState.QUENCH
    rack.clock.advance(60)
    assert magnet.field_T == pytest.approx(0, abs=1e-3)
    # even if somebody resets the supply, nothing ramps until this program is told as well
    rack.twins["magnet"].feed("QU 0")
    assert magnet.state is MagnetState.QUENCH
    with pytest.raises(Quench):
        magnet.ramp_to(0.1, 0.5)
    magnet.rearm()
    assert magnet.state is MagnetState.PAUSED
    assert magnet.ramp_to(0.1, 0.5) is RampOutcome.HOLDING


def test_the_field_can_be_read_in_a_quench(rack, magnet):
    magnet.ramp_to(1.0, 1)
    rack.cryostat.coil.quench()
    rack.twins["magnet"].faults.plan(Fault.DELAY, seconds=1.0)  # a second passes between field and current
    assert 0 < magnet.field_T <= 1


def test_a_ramp_that_does_not_arrive_times_out_and_holds(rack, magnet):
    rack.twins["magnet"].voltage_limit_V = 0.01  # 2 mA/s into 5 H
    with pytest.raises(Timeout, match=r"magnet: not at 0\.5 T after .* state ramping") as caught:
        magnet.ramp_to(0.5, 1)
    assert caught.value.instrument == "magnet"
    assert orders(rack, "magnet")[-1] == "PAUSE"
    assert rack.clock.now() < 120


def test_a_program_that_slept_through_the_deadline_looks_again_first(rack, magnet):
    asleep = iter([300.0])

    def fall_asleep(field_T):
        rack.clock.advance(next(asleep, 0.0))  # past the deadline, in one step, in the middle of the ramp

    assert magnet.ramp_to(0.5, 0.2, on_reading=fall_asleep) is RampOutcome.HOLDING


def test_two_lost_replies_are_survived_the_third_holds(rack, magnet):
    twin = rack.twins["magnet"]

    def lose(count):
        def on_reading(field_T):
            if 0.1 < field_T < 0.12 and not lost:
                lost.append(field_T)
                for skip in range(count):
                    twin.faults.plan(Fault.DROP, skip=skip)

        lost: list[float] = []
        return on_reading

    assert magnet.ramp_to(0.3, 0.3, on_reading=lose(2)) is RampOutcome.HOLDING
    magnet.ramp_to(0, 1)
    with pytest.raises(Timeout, match="magnet: no reply"):
        magnet.ramp_to(0.3, 0.3, on_reading=lose(3))
    assert orders(rack, "magnet")[-1] == "PAUSE"
    here = rack.cryostat.field_T
    rack.clock.advance(5)
    assert rack.cryostat.field_T == here < 0.3


def test_whatever_ends_the_wait_the_magnet_holds(rack, magnet):
    def fail(field_T):
        raise ZeroDivisionError("a bug above")

    with pytest.raises(ZeroDivisionError):
        magnet.ramp_to(0.3, 0.3, on_reading=fail)
    assert orders(rack, "magnet")[-1] == "PAUSE"


def test_a_magnet_that_is_gone_is_named_with_what_could_not_be_done(rack, magnet):
    rack.twins["magnet"].faults.plan(Fault.DISCONNECT, skip=60)
    with pytest.raises(Exception, match="magnet: the connection") as caught:
        magnet.ramp_to(0.3, 0.3)
    assert "could not be told to hold" in caught.value.__notes__[0]


@pytest.mark.parametrize(("current", "keep"), [(5.12345, 3), (1.2e-5, 5), (-9.87654, 4), (3.3e-4, 4)])
def test_a_field_that_lost_its_end_is_refused_or_within_a_millitesla(rack, magnet, monkeypatch, current, keep):
    whole = f"{0.1 * current:.6e}".encode()
    for cut in range(len(whole)):
        replies = {"FIELD:MAG?": whole[:cut], "CURR:MAG?": f"{current:.6f}".encode(), "STATE?": b"2"}
        asked = []
        monkeypatch.setattr(magnet.adapter, "write", asked.append)
        monkeypatch.setattr(magnet.adapter, "read_bytes", lambda *_, r=replies, a=asked, **__: r[a[-1]] + b"\r\n")
        monkeypatch.setattr(magnet, "_out_of_step", False)
        try:
            field_T = magnet.field_T
        except Garbled:
            continue
        assert field_T == pytest.approx(0.1 * current, abs=1e-3 + 1e-3 * abs(0.1 * current))


@pytest.mark.parametrize("state", [4, 5, 6, 9, 10])
def test_no_ramp_from_a_state_that_is_not_ours(rack, magnet, monkeypatch, state):
    monkeypatch.setattr(rack.twins["magnet"], "_state", lambda: str(state))
    with pytest.raises(Refused, match="no ramp is started"):
        magnet.start_ramp(0.1, 0.1)
    assert orders(rack, "magnet") == []


def test_a_cold_switch_is_never_heated_from_here(rack):
    twin = rack.twins["magnet"]
    twin.switch_installed = True
    magnet = open_driver(rack, "magnet")
    with pytest.raises(Refused, match="persistent switch is cold.*nothing here heats a switch by itself"):
        magnet.ramp_to(0.1, 0.1)
    assert orders(rack, "magnet") == []
    twin.feed("PS 1")
    assert magnet.state is MagnetState.HEATING_SWITCH
    with pytest.raises(Refused, match="heating the switch"):
        magnet.ramp_to(0.1, 0.1)
    rack.clock.advance(21)
    assert magnet.ramp_to(0.1, 0.5) is RampOutcome.HOLDING
    assert [line for line in orders(rack, "magnet") if line.startswith(("PS", "CONF:PS"))] == ["PS 1"]


def test_errors_left_by_others_do_not_stop_a_ramp(rack, magnet):
    for _ in range(5):
        rack.twins["magnet"].feed("NONSENSE")
    assert magnet.ramp_to(0.1, 0.5) is RampOutcome.HOLDING


@pytest.mark.parametrize("name", ["field_max_T", "ramp_rate_max_T_per_min", "field_tolerance_T", "field_agreement_T"])
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, True, "1"])
def test_settings_must_be_positive(name, value):
    with pytest.raises(ValueError, match=name):
        AMI430.Settings(**({"field_max_T": 1.0, "ramp_rate_max_T_per_min": 1.0} | {name: value}))
