import math

import pytest

from drivers.cryomagnetics4g import Cryomagnetics4G
from drivers.errors import Garbled, Refused, Tripped
from drivers.persistent_switch import SwitchState
from drivers.roles import MagnetState, RampOutcome
from drivers.simulated.twin import Fault
from tests.drivers.rig import SWITCHED, make_rack, open_driver, orders, still


@pytest.fixture
def rack():
    return make_rack(driver="cryomagnetics4g", alone=True, cryostat=still())


def test_the_dialogue_of_a_ramp(rack, magnet):
    """All ranges get the rate, the limit is read back, and the sweep is let go last; kilogauss, amperes per second."""
    magnet.start_ramp(0.05, 0.6)
    paces = [line for number in range(5) for line in (f"RANGE {number} 10.0000", f"RATE {number} 0.1000")]
    assert orders(rack, "magnet") == [*paces, "ULIM 0.5000", "SWEEP UP"]
    before = len(orders(rack, "magnet"))
    magnet.start_ramp(-0.02, 0.6)
    assert orders(rack, "magnet")[before:] == ["SWEEP PAUSE", "LLIM -0.2000", "SWEEP DOWN"]


@pytest.mark.parametrize("units", ["A", "kG"])
def test_the_units_are_the_supplys_own(rack, units):
    rack.twins["magnet"].units = units
    magnet = open_driver(rack, "magnet")
    assert magnet.ramp_to(0.2, 0.6) is RampOutcome.HOLDING
    assert rack.cryostat.field_T == pytest.approx(0.2, abs=1e-4)
    assert magnet.field_T == pytest.approx(0.2, abs=1e-4)
    assert magnet.target_T == pytest.approx(0.2)
    assert magnet.ramp_to(-0.1, 0.6) is RampOutcome.HOLDING
    assert rack.cryostat.field_T == pytest.approx(-0.1, abs=1e-4)


def test_units_changed_at_the_front_panel_stop_everything(rack, magnet):
    magnet.ramp_to(0.1, 1)
    rack.twins["magnet"].units = "A"
    before = orders(rack, "magnet")
    with pytest.raises(Garbled, match="units"):
        magnet.field_T  # noqa: B018
    with pytest.raises((Refused, Garbled), match="units"):
        magnet.start_ramp(0.2, 0.2)
    assert orders(rack, "magnet") == before


def test_units_of_tesla_are_refused_because_nobody_knows_what_they_mean(rack):
    rack.twins["magnet"].units = "T"
    with pytest.raises(Refused, match="set them to A or kG"):
        open_driver(rack, "magnet")


def test_limits_that_lie_beyond_the_target_are_brought_along(rack, magnet):
    magnet.ramp_to(0.5, 1.0)
    magnet.ramp_to(0.4, 1.0)  # the lower limit is 0.4 T now
    rack.twins["magnet"].feed("SWEEP ZERO")
    rack.clock.advance(60)
    assert magnet.state is MagnetState.AT_ZERO
    assert magnet.ramp_to(0.1, 1.0) is RampOutcome.HOLDING
    assert magnet.ramp_to(-0.1, 1.0) is RampOutcome.HOLDING
    assert magnet.ramp_to(-0.05, 1.0) is RampOutcome.HOLDING
    assert magnet.ramp_to(0.0, 1.0) is RampOutcome.HOLDING


def test_states(rack, magnet):
    assert magnet.state is MagnetState.AT_ZERO
    magnet.start_ramp(0.5, 1.0)
    assert magnet.state is MagnetState.RAMPING
    rack.clock.advance(10)
    magnet.hold()
    assert magnet.state is MagnetState.PAUSED
    assert magnet.target_T == pytest.approx(magnet.field_T)
    rack.twins["magnet"].feed("SWEEP ZERO")
    assert magnet.state is MagnetState.ZEROING
    with pytest.raises(Refused, match="is zeroing"):
        magnet.start_ramp(0.1, 0.1)
    rack.clock.advance(60)
    assert magnet.state is MagnetState.AT_ZERO


def test_a_power_module_failure_is_latched(rack, magnet):
    rack.twins["magnet"].failed = True
    assert magnet.state is MagnetState.FAULT
    rack.twins["magnet"].failed = False
    with pytest.raises(Tripped, match="power module failure"):
        magnet.ramp_to(0.1, 0.5)
    assert orders(rack, "magnet") == []
    rack.twins["magnet"].failed = True
    with pytest.raises(Tripped):
        magnet.rearm()
    rack.twins["magnet"].failed = False
    magnet.rearm()
    assert magnet.ramp_to(0.1, 0.5) is RampOutcome.HOLDING


def test_a_switch_that_config_does_not_know_of_is_noticed(rack):
    twin = rack.twins["magnet"]
    twin.install_switch()
    magnet = open_driver(rack, "magnet")
    twin.feed("ULIM 5;SWEEP UP")
    rack.clock.advance(600)  # the leads alone
    with pytest.raises(Refused, match="Is there a persistent switch"):
        magnet.start_ramp(0.1, 0.5)


def test_a_heater_that_was_found_on_is_waited_for(rack):
    rack.twins["magnet"].install_switch()
    rack.twins["magnet"].feed("PSHTR ON")
    rack.clock.advance(100)
    magnet = open_driver(rack, "magnet", **SWITCHED["cryomagnetics4g"])
    assert magnet.switch is SwitchState.HEATING
    with pytest.raises(Refused, match="switch is heating; no ramp is started. Wait"):
        magnet.ramp_to(0.1, 0.5)
    rack.clock.advance(20)
    assert magnet.ramp_to(0.1, 0.5) is RampOutcome.HOLDING


@pytest.mark.parametrize(
    "reply", ["1.0000", "1.0000 G", "1.0000T", "10.0000kGA", "1e1kG", "nankG", "12345.0kG", "1.0000A", "kG", "-kG"]
)
def test_levels_without_their_form_are_refused(rack, magnet, monkeypatch, reply):
    monkeypatch.setattr(rack.twins["magnet"], "_magnet", lambda: reply)
    with pytest.raises(Garbled):
        magnet.field_T  # noqa: B018


def test_a_digit_that_is_lost_once_is_seen(rack, magnet, monkeypatch):
    replies = iter(["1.2345kG", "11.2345kG"])
    monkeypatch.setattr(rack.twins["magnet"], "_magnet", lambda: next(replies))
    with pytest.raises(Garbled, match="followed by"):
        magnet.field_T  # noqa: B018


def test_a_late_reply_does_not_answer_the_next_question(rack, magnet):
    magnet.ramp_to(0.1, 1.0)
    rack.twins["magnet"].faults.plan(Fault.DELAY, seconds=5.0)
    with pytest.raises(Exception, match="no reply"):
        magnet.field_T  # noqa: B018
    rack.clock.advance(10)
    assert magnet.target_T == pytest.approx(0.1)
    assert magnet.field_T == pytest.approx(0.1, abs=1e-4)


def test_a_rate_below_the_last_digit_is_out_of_the_limits(rack, magnet):
    low, high = magnet.limits()["ramp_rate_T_per_min"]
    assert (low, high) == (pytest.approx(6e-4), 1.0)
    magnet.start_ramp(0.1, low)
    assert "RATE 0 0.0001" in orders(rack, "magnet")


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"coil_T_per_A": 0.0}, "coil_T_per_A"), ({"coil_T_per_A": math.nan}, "coil_T_per_A"),
        ({"switch_heating_time_s": 20.0}, "both be positive"), ({"switch_cooling_time_s": -1.0}, "both be positive"),
        ({"switch_heating_time_s": math.inf, "switch_cooling_time_s": 1.0}, "both be positive"),
        ({"ramp_segments": tuple((0.1 * (n + 1), 0.1) for n in range(9)) + ((1.0, 0.1),)}, "a Model 4G has 5"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be(wrong, text):
    usual = {"field_max_T": 1.0, "ramp_rate_max_T_per_min": 1.0, "coil_T_per_A": 0.1}
    with pytest.raises(ValueError, match=text):
        Cryomagnetics4G.Settings(**(usual | wrong))
