"""A described lock-in."""

import math

import pytest

from drivers.errors import Garbled, LimitExceeded, Refused, Timeout
from drivers.lock_in import LockInReading
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders

WAYS = {
    "xyr": {},
    "xy": {"xyr_query": "", "xy_query": "SNAP? 1,2"},
    "x, y": {"xyr_query": "", "x_query": "OUTP? 1", "y_query": "OUTP? 2"},
}
FIXED = {
    "time_constant_query": "", "time_constants": (), "time_constant_s": 0.1, "filter_stages_query": "",
    "filter_stages_codes": (), "filter_stages": 2, "frequency_query": "", "frequency_Hz": 137.0,
    "oscillator_query": "", "oscillator_command": "", "oscillator_V": 0.1,
}  # fmt: skip
"""An external generator, and a filter that a person has set."""
NO_STATUS = {"status_query": "", "overload_bits": 0, "unlocked_bits": 0}


def bench(signal_V=1e-4, **settings):
    rack = make_rack(driver="generic_lockin", noise_V_per_sqrtHz=0.0)
    rack.twins["lockin_xx"].source = lambda: signal_V
    lock_in = open_driver(rack, "lockin_xx", **settings)
    rack.clock.advance(10)
    lock_in.read()
    return rack, lock_in


@pytest.mark.parametrize("way", WAYS)
def test_x_and_y_can_be_asked_for_in_three_ways(way):
    _, lock_in = bench(**WAYS[way])
    assert lock_in.read() == LockInReading(pytest.approx(1e-4, rel=1e-4), pytest.approx(0, abs=1e-9), False, False)


def test_it_says_what_the_native_driver_says():
    rack = make_rack(noise_V_per_sqrtHz=0.0)
    native = open_driver(rack, "lockin_xx")
    rack.twins["lockin_xx"].driver_name = "generic_lockin"
    described = open_driver(rack, "lockin_xx")
    for volts in (0.004, 0.1, 1.0):
        described.oscillator_V = volts
        rack.clock.advance(5)
        assert native.read() == described.read()
        for name in ("oscillator_V", "frequency_Hz", "time_constant_s", "filter_stages", "sensitivity_V"):
            assert getattr(described, name) == getattr(native, name)
        assert described.settling_time_s() == native.settling_time_s()


def test_the_factor_is_volts_in_its_unit():
    _, lock_in = bench(signal_V=1e-4, xyr_query="", xy_query="SNAP? 1,2", xy_factor_V=1e-3, full_scale_V=500e-9)
    assert lock_in.read().x_V == pytest.approx(1e-7, rel=1e-4)


def test_overload_and_unlock_are_bits_of_its_status():
    rack, lock_in = bench(signal_V=2e-3)
    assert lock_in.read().overload
    rack, lock_in = bench()
    rack.twins["lockin_xx"].feed("FMOD 0")
    rack.twins["lockin_xx"].reference_present = False
    rack.clock.advance(1)
    reading = lock_in.read()
    assert (reading.overload, reading.unlocked) == (False, True)


def test_without_a_status_overload_is_full_scale():
    assert not bench(signal_V=4.9e-4, **NO_STATUS)[1].read().overload
    rack, lock_in = bench(signal_V=5.1e-4, **NO_STATUS)
    assert lock_in.read().overload
    assert "LIAS?" not in heard(rack, "lockin_xx")


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.CUT, Fault.GARBLE])
def test_after_a_lost_status_the_next_reading_says_that_it_does_not_know(fault):
    rack, lock_in = bench()
    rack.twins["lockin_xx"].faults.plan(fault, skip=1)
    with pytest.raises((Timeout, Garbled), match="LIAS"):
        lock_in.read()
    assert lock_in.read().status_lost
    assert not lock_in.read().status_lost


def test_an_r_that_is_not_the_length_of_x_and_y_is_refused(monkeypatch):
    _, lock_in = bench()
    monkeypatch.setattr(lock_in, "_read", lambda command: "1e-05,0,1e-04")
    with pytest.raises(Garbled, match="R that is not the length"):
        lock_in.read()


@pytest.mark.parametrize("way", WAYS)
def test_what_no_lock_in_shows_is_refused(way, monkeypatch):
    _, lock_in = bench(**WAYS[way])
    monkeypatch.setattr(lock_in, "_read", lambda command: ",".join(["1.0"] * (1 + command.count(","))))
    with pytest.raises(Garbled, match="outside"):
        lock_in.read()


def test_the_oscillator_is_set_and_read_back():
    rack, lock_in = bench()
    lock_in.oscillator_V = 0.5
    assert orders(rack, "lockin_xx") == ["SLVL0.500"]
    assert rack.twins["lockin_xx"].oscillator_V == lock_in.oscillator_V == 0.5
    for volts in (5.1, 0.001, -1, math.nan, "1"):
        with pytest.raises(LimitExceeded):
            lock_in.oscillator_V = volts
        with pytest.raises(LimitExceeded):
            lock_in.check_oscillator(volts)
    assert orders(rack, "lockin_xx") == ["SLVL0.500"]


def test_an_oscillator_that_does_not_take_its_value_is_told():
    _, lock_in = bench(oscillator_command="PHAS%.3f")
    with pytest.raises(Refused, match="the oscillator should be 0.5 V, the instrument says 0.004 V"):
        lock_in.oscillator_V = 0.5


def test_an_oscillator_without_a_command_is_set_by_hand():
    rack, lock_in = bench(oscillator_command="")
    with pytest.raises(Refused, match="should be 0.1 V"):
        lock_in.oscillator_V = 0.1
    rack.twins["lockin_xx"].feed("SLVL 0.1")
    lock_in.oscillator_V = 0.1
    assert orders(rack, "lockin_xx") == ["SLVL 0.1"]


def test_of_an_external_generator_only_what_it_gives_is_accepted():
    rack, lock_in = bench(**FIXED)
    lock_in.oscillator_V = 0.1
    assert lock_in.oscillator_V == 0.1
    with pytest.raises(LimitExceeded, match="oscillator_V = 0.2 is not a number from 0.0999 to 0.1001"):
        lock_in.oscillator_V = 0.2
    assert orders(rack, "lockin_xx") == []
    assert (lock_in.time_constant_s, lock_in.filter_stages, lock_in.frequency_Hz) == (0.1, 2, 137.0)
    assert not {"OFLT?", "OFSL?", "FREQ?", "SLVL?"} & set(heard(rack, "lockin_xx"))


def test_a_code_that_does_not_stand_in_the_table_is_refused():
    _, lock_in = bench(time_constants=(("1", 30e-6),))
    with pytest.raises(Garbled, match="does not stand in the table"):
        _ = lock_in.time_constant_s


def test_a_time_constant_can_be_a_number_in_its_own_unit(monkeypatch):
    _, lock_in = bench(time_constants=(), time_constant_reply="%g ms", time_constant_factor_s=1e-3)
    monkeypatch.setattr(lock_in, "_read", lambda command: "300 ms")
    assert lock_in.time_constant_s == pytest.approx(0.3)


def test_its_sensitivity_is_set_by_hand():
    rack, lock_in = bench()
    with pytest.raises(Refused, match="by hand"):
        lock_in.auto_sensitivity()
    assert orders(rack, "lockin_xx") == []
