"""Faults by schedule: each happens at its time, on the wire or in the cryostat, and is seen by the real drivers."""

import math

import pytest

from drivers.errors import Garbled, Lost, Quench, Refused, Timeout
from drivers.roles import MagnetState
from drivers.simulated.mishap import KINDS, Mishap
from tests.drivers.rig import make_rack, open_driver


@pytest.mark.parametrize(
    ("text", "says"),
    [("magnet quench", "30:magnet:quench"), ("x:magnet:quench", "'x' is not a number"), ("1:mgnet:quench", "mgnet"),
     ("1:magnet:quensh", "did you mean quench"), ("-1:magnet:quench", "'-1'"), ("1:magnet:hang:nan", "'nan'"),
     ("1:magnet:hang:1:1", "write TIME"),
     ("1:magnet:POWER_CYCLE", "did you mean power cycle")],
)  # fmt: skip
def test_what_is_not_understood_is_said(text, says):
    with pytest.raises(ValueError, match=says):
        make_rack(mishaps=(text,))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_written(kind):
    assert Mishap.parse(f"2.5:magnet:{kind}:3", ["magnet"]) == Mishap(2.5, "magnet", KINDS[kind], 3.0)


@pytest.mark.parametrize(
    ("kind", "error"), [("drop", Timeout), ("garble", Garbled), ("cut:1", Garbled), ("disconnect", Lost)]
)
def test_a_reply_is_spoilt_at_its_time(kind, error):
    rack = make_rack(mishaps=(f"30:lockin_xx:{kind}",))
    lockin = open_driver(rack, "lockin_xx")
    rack.clock.advance(29)
    lockin.time_constant_s  # noqa: B018
    rack.clock.advance(2)
    with pytest.raises(error):
        lockin.time_constant_s  # noqa: B018


def test_a_hang_lasts_as_long_as_it_says():
    rack = make_rack(mishaps=("30:thermometer:hang:10",))
    thermometer = open_driver(rack, "thermometer")
    thermometer.temperature_K  # noqa: B018
    rack.clock.advance(31)
    rack.cryostat.temperature_K  # noqa: B018  somebody looks, and time passes
    with pytest.raises(Timeout, match="thermometer"):
        thermometer.setpoint_K  # noqa: B018
    rack.clock.advance(10)
    assert thermometer.temperature_K > 1


def test_a_quench_is_seen_and_latched():
    rack = make_rack(mishaps=("5:magnet:quench",))
    magnet = open_driver(rack, "magnet")
    with pytest.raises(Quench):
        magnet.ramp_to(1.0, 1.0)
    assert rack.clock.now() == pytest.approx(5, abs=0.5)
    assert magnet.state is MagnetState.QUENCH


def test_a_sensor_freezes_or_opens_and_a_heater_runs_away():
    rack = make_rack(mishaps=("10:thermometer:runaway", "20:thermometer:freeze", "40:thermometer:open"))
    thermometer = open_driver(rack, "thermometer")
    cold = thermometer.temperature_K
    rack.clock.advance(20.001)
    warm = thermometer.temperature_K
    assert warm > cold + 5
    rack.clock.advance(15)
    assert thermometer.temperature_K == pytest.approx(warm, abs=0.01)
    assert rack.cryostat.heat.stage_K > warm + 5
    rack.clock.advance(10)
    assert math.isnan(rack.cryostat.temperature_K)
    with pytest.raises(Refused, match="open"):
        thermometer.temperature_K  # noqa: B018
