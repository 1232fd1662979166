import math

import pytest

from drivers.clock import SteppedClock
from drivers.errors import Garbled, LimitExceeded
from drivers.simulated.twin import Fault
from drivers.sr830 import SR830
from tests.drivers.rig import heard, make_rack, open_driver, orders

REAL = [(2.68407e-4, -1.56358e-9), (-5.9605e-7, 4.1723e-7), (1.5e-9, -0.7e-9), (0.0, 0.0), (0.123456, -1.0e-5)]


@pytest.fixture
def rack():
    return make_rack()


def test_the_dialogue_of_a_reading(rack, lockin):
    """One transaction: X, Y and R at one instant, then what has happened since the last time."""
    lockin.read()
    assert heard(rack, "lockin_xx")[-2:] == ["SNAP? 1,2,3", "LIAS?"]


def test_the_dialogue_of_a_setting(rack, lockin):
    lockin.oscillator_V = 0.25
    lockin.sensitivity_V = 1e-3
    lockin.time_constant_s = 0.3
    lockin.filter_stages = 4
    assert heard(rack, "lockin_xx")[-8:] == [
        "SLVL0.250", "SLVL?", "SENS17", "SENS?", "OFLT9", "OFLT?", "OFSL3", "OFSL?",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [("sensitivity_V", 3e-3), ("time_constant_s", 0.2), ("filter_stages", 2.5)])
def test_a_value_between_two_of_the_table_is_refused_with_its_neighbours(rack, lockin, name, value):
    """PyMeasure would take the next larger one without a word."""
    with pytest.raises(LimitExceeded, match=rf"there is no {name} = {value}.*nearest"):
        setattr(lockin, name, value)
    assert orders(rack, "lockin_xx") == []


def test_the_oscillator_limit_is_that_of_the_settings(rack):
    lockin = open_driver(rack, "lockin_xx", oscillator_max_V=0.1)
    assert lockin.check_oscillator(0.1) == 0.1
    with pytest.raises(LimitExceeded, match=r"oscillator_V = 0\.2 is not a number from 0\.004 to 0\.1"):
        lockin.oscillator_V = 0.2
    assert orders(rack, "lockin_xx") == []


@pytest.mark.parametrize("volts", [0, -1, 6, math.nan])
def test_settings_out_of_reason_are_refused(volts):
    with pytest.raises(ValueError, match="oscillator_max_V"):
        SR830.Settings(oscillator_max_V=volts)


@pytest.mark.parametrize(
    ("stages", "one_percent", "one_permille"), [(1, 4.61, 6.91), (2, 6.64, 9.23), (3, 8.41, 11.23), (4, 10.05, 13.06)]
)
def test_settling_time_by_time_constant_and_slope(lockin, stages, one_percent, one_permille):
    lockin.time_constant_s, lockin.filter_stages = 0.3, stages
    assert lockin.settling_time_s() == pytest.approx(0.3 * one_percent, abs=0.3 * 0.005)
    assert lockin.settling_time_s(0.001) == pytest.approx(0.3 * one_permille, abs=0.3 * 0.005)
    for fraction in (0, 1, -1, math.nan):
        with pytest.raises(ValueError, match="fraction"):
            lockin.settling_time_s(fraction)


@pytest.mark.parametrize(("x", "y"), REAL)
def test_a_cut_reading_is_refused_or_as_good_as_whole(lockin, monkeypatch, x, y):
    """Cut at any place, with its terminator put back: -5.96 of -5.9605e-007 must not pass."""
    whole = f"{x:.6g},{y:.6g},{math.hypot(x, y):.6g}"
    for keep in range(len(whole)):
        replies = iter([whole[:keep].encode() + b"\n", b"0\n"])
        monkeypatch.setattr(lockin.adapter, "read_bytes", lambda *_, replies=replies, **__: next(replies))
        monkeypatch.setattr(lockin, "_out_of_step", False)
        try:
            reading = lockin.read()
        except Garbled:
            continue
        assert reading.x_V == pytest.approx(x, rel=1e-5)
        assert reading.y_V == pytest.approx(y, rel=1e-5)


@pytest.mark.parametrize("reply", [b"1e-06,0,1e-07\n", b"1e-06,1e-06,1e-06\n", b"1e-3,0,-1e-3\n", b"9,0,9\n"])
def test_a_reading_whose_length_does_not_fit_is_refused(lockin, monkeypatch, reply):
    replies = iter([reply, b"0\n"])
    monkeypatch.setattr(lockin.adapter, "read_bytes", lambda *_, **__: next(replies))
    with pytest.raises(Garbled):
        lockin.read()


@pytest.mark.parametrize(
    ("status", "overload", "unlocked"), [(0, 0, 0), (1, 1, 0), (2, 1, 0), (4, 1, 0), (8, 0, 1), (15, 1, 1), (112, 0, 0)]
)
def test_status_bits(rack, lockin, status, overload, unlocked):
    rack.twins["lockin_xx"]._status = status
    reading = lockin.read()
    assert (reading.overload, reading.unlocked) == (overload, unlocked)
    again = lockin.read()
    assert (again.overload, again.unlocked) == (False, False)


def test_a_lost_reference_is_seen(rack):
    hall = open_driver(rack, "lockin_xy")
    assert not hall.read().unlocked
    rack.twins["lockin_xy"].reference_present = False
    rack.clock.advance(1)
    assert hall.read().unlocked


def test_one_lost_reply_costs_one_reading_only(rack, lockin):
    rack.twins["lockin_xx"].faults.plan(Fault.CUT, keep=5)
    with pytest.raises(Garbled):
        lockin.read()
    lockin.read()


def test_on_a_serial_line_the_terminator_comes_from_the_configuration():
    from drivers.simulated.library import SimulatedLibrary
    from drivers.simulated.sr830 import SR830Twin

    clock = SteppedClock()
    library = SimulatedLibrary({"ASRL3::INSTR": SR830Twin(clock)}, clock)
    lockin = SR830(
        "ASRL3::INSTR", name="xx", settings=SR830.Settings(), clock=clock, visa_library=library, write_termination="\r"
    )
    assert lockin.frequency_Hz == 137
