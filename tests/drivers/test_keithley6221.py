"""A 6221 with a 2182A in delta mode plays the part of a lock-in."""

import contextlib
import math

import pytest

from drivers.errors import Garbled, LimitExceeded, Refused, Restarted, Timeout
from drivers.keithley6221 import Keithley6221
from drivers.roles import LockIn
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, open_driver, orders

NAME = "lockin_xx"


@pytest.fixture
def rack():
    return make_rack(driver="keithley6221", alone=True, noise_V_per_sqrtHz=0.0)


@pytest.fixture
def delta(rack):
    return open_driver(rack, NAME)


def settled(rack, delta):
    rack.clock.advance(delta.settling_time_s())
    return delta.read()


def test_it_measures_the_film_with_its_own_current(rack, delta):
    """No resistor is there: X over the current that the procedure knows is the resistance of the film."""
    assert isinstance(delta, LockIn)
    for current_A in (1e-8, 1e-7, 1e-6):
        delta.oscillator_V = current_A * rack.series_resistor_ohm
        reading = settled(rack, delta)
        assert delta.oscillator_V / rack.series_resistor_ohm == pytest.approx(current_A)
        assert rack.excitation_A == pytest.approx(current_A)
        assert reading.x_V == pytest.approx(rack.cryostat.voltages(current_A)[0], rel=1e-4)
        assert (reading.y_V, reading.overload, reading.unlocked) == (0.0, False, False)


def test_a_thermal_voltage_and_its_drift_are_taken_out(rack, delta):
    twin = rack.twins[NAME]
    twin.source = lambda: 1e-5
    twin.thermal_V, twin.drift_V_per_s = 5e-3, 1e-6
    for _ in range(5):
        assert settled(rack, delta).x_V == pytest.approx(1e-5, rel=1e-6)


def test_the_dialogue_of_a_new_current(rack, delta):
    """Stopped, the 2182A set over the relay and read back, the current read back, armed, started."""
    before = len(heard(rack, NAME))
    delta.oscillator_V = 1.0
    assert heard(rack, NAME)[before:] == [
        ":SOUR:DELT:ARM?", ":UNIT:VOLT:DC?", ":SOUR:DELT:NVPR?", ":SOUR:CURR:COMP?",
        ":SOUR:SWE:ABOR",
        ':SYST:COMM:SER:SEND "SENS:VOLT:RANG 1.000000E-02"', ':SYST:COMM:SER:SEND "SENS:VOLT:RANG?"',
        ":SYST:COMM:SER:ENT?",
        ':SYST:COMM:SER:SEND "SENS:VOLT:NPLC 1.000000E+00"', ':SYST:COMM:SER:SEND "SENS:VOLT:NPLC?"',
        ":SYST:COMM:SER:ENT?",
        ":SOUR:DELT:HIGH 1.000000E-06", ":SOUR:DELT:HIGH?", ":SOUR:DELT:HIGH?",
        ":SOUR:DELT:ARM", ":SOUR:DELT:ARM?", ":INIT:IMM",
        ":SOUR:DELT:DEL?",
    ]  # fmt: skip
    assert not rack.twins[NAME].errors
    delta.read()  # the first reading is there when it is set


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.CUT, Fault.GARBLE])
@pytest.mark.parametrize("skip", [1, 4, 6, 8, 9])
def test_a_current_whose_setting_was_disturbed_can_be_set_again(rack, delta, fault, skip):
    """What was stopped by this driver it may start again; nobody needs to go to the front panel."""
    rack.twins[NAME].faults.plan(fault, skip=skip, keep=3)
    with contextlib.suppress(Garbled, Refused, Timeout):
        delta.oscillator_V = 0.5
    delta.oscillator_V = 0.5
    assert delta.current_A == pytest.approx(5e-7)
    assert settled(rack, delta).x_V == pytest.approx(rack.cryostat.voltages(5e-7)[0], rel=1e-4)


def test_three_readings_have_come_before_a_step_counts_as_settled(rack, delta):
    """However little is asked of it: at 30 %, the most that a procedure allows."""
    assert delta.reading_time_s == pytest.approx(0.022)
    assert delta.frequency_Hz == pytest.approx(0.5 / 0.022)
    assert delta.settling_time_s(0.3) >= 3 * delta.reading_time_s
    twin = rack.twins[NAME]
    twin.source = lambda: 1e-4
    rack.clock.advance(delta.settling_time_s(0.3) + delta.reading_time_s)
    assert delta.read().x_V == pytest.approx(1e-4, rel=1e-6)


def test_noise_goes_down_with_the_time_of_a_reading():
    """(V1 - 2 V2 + V3)/4 scatters by sqrt(6)/4 of one reading, and that by e_n/sqrt(2 T)."""
    rack = make_rack(driver="keithley6221", alone=True, noise_V_per_sqrtHz=1e-8)
    delta, twin = open_driver(rack, NAME), rack.twins[NAME]
    twin.source = lambda: 0.0
    values = []
    for _ in range(400):
        rack.clock.advance(4 * delta.reading_time_s)
        values.append(delta.read().x_V)
    scatter_V = math.sqrt(sum(value**2 for value in values) / len(values))
    assert scatter_V == pytest.approx(math.sqrt(6) / 4 * 1e-8 / math.sqrt(2 * 0.02), rel=0.15)


def test_compliance_and_overflow_are_an_overload(rack, delta):
    twin = rack.twins[NAME]
    twin.source = lambda: 0.02
    beyond = settled(rack, delta)
    assert beyond.overload
    assert beyond.x_V == pytest.approx(0.012)
    twin.source = lambda: 1e-3
    assert not settled(rack, delta).overload
    twin.values["SOURCE:CURRENT:COMPLIANCE", ""][0] = 0.5e-3
    assert settled(rack, delta).overload


@pytest.mark.parametrize("volts", [10.1, -1, math.nan, math.inf, "1", None])
def test_a_current_beyond_its_limit_is_refused_without_a_byte(rack, delta, volts):
    before = heard(rack, NAME)
    with pytest.raises(LimitExceeded, match="oscillator_V"):
        delta.check_oscillator(volts)
    with pytest.raises(LimitExceeded, match="oscillator_V"):
        delta.oscillator_V = volts
    assert heard(rack, NAME) == before


def test_until_a_person_has_armed_it_nothing_is_set(rack, delta):
    twin = rack.twins[NAME]
    twin.feed(":SOUR:SWE:ABOR")
    before = orders(rack, NAME)
    for what in (delta.read, lambda: setattr(delta, "oscillator_V", 0.1)):
        with pytest.raises(Refused, match="press DELTA"):
            what()
    assert orders(rack, NAME) == before


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda twin: twin.values["UNIT", ""].__setitem__(0, "OHMS"), "reads in OHMS"),
        (lambda twin: twin.values["SOURCE:CURRENT:COMPLIANCE", ""].__setitem__(0, 50.0), "compliance of 50 V"),
        (lambda twin: setattr(twin, "voltmeter", None), "sees no 2182A"),
    ],
)
def test_what_a_person_must_set_right_is_said_before_anything_is_sent(rack, delta, spoil, said):
    spoil(rack.twins[NAME])
    before = orders(rack, NAME)
    with pytest.raises(Refused, match=said):
        delta.oscillator_V = 0.1
    assert orders(rack, NAME) == before


def test_other_elements_of_a_reading_do_no_harm(rack, delta):
    before = settled(rack, delta).x_V
    rack.twins[NAME].feed(":FORM:ELEM READ,TST,UNIT,RNUM,SOUR,COMP,AVOL")
    assert delta.read().x_V == pytest.approx(before, rel=1e-5)
    rack.twins[NAME].feed(":FORM:ELEM TST")
    with pytest.raises(Refused, match="READ is needed"):
        delta.read()


def test_its_range_is_set_in_the_configuration(delta):
    assert delta.sensitivity_V == 0.01
    with pytest.raises(Refused, match="by hand"):
        delta.auto_sensitivity()
    for wrong in ({"range_V": 0.02}, {"line_cycles": 0}, {"current_max_A": 1.0}, {"equivalent_ohm": 0.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Keithley6221.Settings(**wrong)


def test_a_power_cycle_is_noticed(rack, delta):
    delta.remember()
    delta.verify()
    rack.twins[NAME].power_on()
    with pytest.raises(Restarted, match=NAME):
        delta.verify()
