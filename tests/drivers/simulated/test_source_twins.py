"""The twins of the sources: what a gate does, and the manners of each maker."""

import math

import pytest

from drivers.clock import SteppedClock
from drivers.simulated.gs200 import GS200Twin
from drivers.simulated.keithley2182a import Keithley2182ATwin
from drivers.simulated.keithley2400 import Keithley2400Twin
from drivers.simulated.keithley2450 import Keithley2450Twin
from drivers.simulated.keithley6221 import Keithley6221Twin
from drivers.simulated.scpi import SCPITwin
from drivers.simulated.source_meter import Gate
from drivers.simulated.twin import Wire

SOURCE_METERS = {"2400": Keithley2400Twin, "2450": Keithley2450Twin}
ALL = {**SOURCE_METERS, "gs200": GS200Twin, "6221": Keithley6221Twin, "2182a": Keithley2182ATwin}


def fresh(cls) -> SCPITwin:
    """As it comes out of the power switch."""
    return cls(SteppedClock())


def error(twin):
    return twin.feed("SYST:ERR?")


def tell(twin, *lines):
    for line in lines:
        assert twin.feed(line) is None


@pytest.fixture(params=SOURCE_METERS)
def meter(request):
    return fresh(SOURCE_METERS[request.param])


@pytest.fixture(params=ALL)
def any_twin(request):
    return fresh(ALL[request.param])


# the gate


def test_the_current_of_a_gate_and_its_voltage_are_inverse_and_odd():
    gate = Gate(leak_ohm=1e9, breakdown_V=5.0, broken_ohm=1e5)
    for voltage_V in (0.0, 0.1, 4.9, 5.0, 5.1, 20.0):
        assert gate.voltage_V(gate.current_A(voltage_V)) == pytest.approx(voltage_V, rel=1e-6)
        assert gate.current_A(-voltage_V) == -gate.current_A(voltage_V)
    assert gate.current_A(5.0) == pytest.approx(5e-9)
    assert gate.current_A(6.0) - gate.current_A(5.0) == pytest.approx(1e-5)


# manners of SCPI


@pytest.mark.parametrize(
    "line", ["syst:err?", ":SYSTEM:ERROR?", "System:Error:Next?", " :SYST:ERR ? ", "SYST:ERR:NEXT?", "*CLS;:SYST:ERR?"]
)
def test_long_and_short_forms_in_any_case(any_twin, line):
    assert any_twin.feed(line) == any_twin.NO_ERROR


def test_what_is_wrong_is_queued_in_order_and_shown_in_the_events(any_twin):
    assert any_twin.feed("*ESR?") == "128"
    tell(any_twin, "NONSENSE:HEAD 1", "DISP:ENAB 7" if not isinstance(any_twin, GS200Twin) else "SENS:NPLC 99")
    assert any_twin.feed("*STB?") == "36"
    assert error(any_twin).startswith('-113,"Undefined header')
    assert error(any_twin).startswith('-222,"Parameter data out of range')
    assert error(any_twin) == any_twin.NO_ERROR
    assert any_twin.feed("*ESR?") == "48"
    assert any_twin.feed("*ESR?") == "0"


def test_the_queue_has_an_end_and_can_be_cleared(any_twin):
    for _ in range(30):
        any_twin.feed("NONSENSE:HEAD")
    assert len(any_twin.errors) == 10
    tell(any_twin, "*CLS")
    assert error(any_twin) == any_twin.NO_ERROR


def test_joined_commands_are_done_in_order_and_answered_in_one_line(meter):
    tell(meter, ":SOUR:FUNC VOLT;:SOUR:VOLT 0.5;:SENS:CURR:RANG:AUTO OFF")
    assert float(meter.feed(":SOUR:VOLT?")) == 0.5
    wire = Wire(meter, meter.clock, greet=False)
    wire.receive(b":sour:func?;:OUTPUT?;:SENSE:CURRENT:RANGE:AUTO?\r\n")
    assert list(wire.messages) == [b"VOLT;0;0\n"]


@pytest.mark.parametrize("level", ["0.25", "+.25", "2.5e-1", "2.5E-01", "0.250000"])
@pytest.mark.parametrize(
    "head", [":SOUR:VOLT", "SOURCE:VOLTAGE:LEVEL", "sour1:volt:lev:imm:ampl", "SOURce1:VOLTage:LEVel:IMMediate"]
)
def test_a_level_may_be_said_in_many_ways(meter, head, level):
    tell(meter, f"{head} {level}")
    assert float(meter.feed(f"{head}?")) == 0.25
    assert not meter.errors


def test_words_for_bounds_and_switches(meter):
    tell(meter, "OUTP ON", ":SENS:VOLT:NPLC MAX")
    assert meter.feed("OUTP:STAT?") == "1"
    assert float(meter.feed(":SENS:VOLT:NPLC?")) == 10
    tell(meter, "OUTP OFF", ":SENS:VOLT:NPLC MINimum")
    assert meter.feed("OUTP?") == "0"
    assert float(meter.feed(":SENS:VOLT:NPLC?")) == 0.01


# what a SourceMeter does


def test_with_the_output_off_a_reading_is_an_error(meter):
    assert meter.feed(":READ?") is None
    assert "off" in error(meter).lower()


def test_a_level_beyond_its_fixed_range_is_refused_and_the_old_one_stays(meter):
    tell(meter, ":SOUR:VOLT:RANG 1.5", ":SOUR:VOLT 1.2")
    assert meter.feed(":SOUR:VOLT:RANG:AUTO?") == "0"
    tell(meter, ":SOUR:VOLT 5")
    assert error(meter).startswith("-222")
    assert float(meter.feed(":SOUR:VOLT?")) == 1.2
    tell(meter, ":SOUR:VOLT:RANG:AUTO 1", ":SOUR:VOLT 5")
    assert float(meter.feed(":SOUR:VOLT:RANG?")) in (20, 21)


@pytest.mark.parametrize(
    ("cls", "asked", "taken"),
    [(Keithley2400Twin, 1.5, 2.1), (Keithley2400Twin, 2.1, 2.1), (Keithley2400Twin, 2.2, 21.0),
     (Keithley2450Twin, 1.5, 2.0), (Keithley2450Twin, 2.2, 20.0), (Keithley2450Twin, 0.001, 0.02)],
)  # fmt: skip
def test_a_range_snaps_to_the_next_that_there_is(cls, asked, taken):
    twin = fresh(cls)
    tell(twin, f":SENS:VOLT:RANG {asked}", f":SOUR:VOLT:RANG {asked}")
    assert float(twin.feed(":SENS:VOLT:RANG?")) == float(twin.feed(":SOUR:VOLT:RANG?")) == taken
    assert twin.feed(":SENS:VOLT:RANG:AUTO?;:SOUR:VOLT:RANG:AUTO?") == "0;0"


def test_after_a_reset_the_ranges_of_a_2400_are_those_of_its_manual():
    twin = fresh(Keithley2400Twin)
    tell(twin, ":SENS:CURR:RANG 1", ":SOUR:VOLT 3", "*RST")
    replies = twin.feed(":SENS:CURR:RANG?;:SENS:VOLT:RANG?;:SENS:RES:RANG?").split(";")
    assert [float(reply) for reply in replies] == [1.05e-4, 21, 2.1e5]
    assert float(twin.feed(":SOUR:VOLT?")) == 0


def test_a_level_has_the_steps_of_its_range():
    """5 uV on the range of 0.2 V, 500 uV on that of 20 V."""
    twin = fresh(Keithley2400Twin)
    tell(twin, ":SOUR:VOLT 0.1234567")
    assert float(twin.feed(":SOUR:VOLT?")) == pytest.approx(0.123455)
    tell(twin, ":SOUR:VOLT 12.34567")
    assert float(twin.feed(":SOUR:VOLT?")) == pytest.approx(12.3455)


@pytest.mark.parametrize("sign", [1, -1])
def test_in_compliance_the_other_quantity_stays_at_its_limit(sign):
    twin = fresh(Keithley2400Twin)
    twin.gate = Gate(leak_ohm=1e3)
    twin.noise_A = twin.noise_V = 0.0
    tell(twin, ":SENS:CURR:PROT 1e-3", f":SOUR:VOLT {sign * 5}", "OUTP 1")
    volts, amperes, _, _, status = map(float, twin.feed(":READ?").split(","))
    assert (volts, amperes) == (pytest.approx(sign * 1.0), sign * 1e-3)
    assert int(status) & 8
    tell(twin, f":SOUR:VOLT {sign * 0.5}")
    assert not int(float(twin.feed(":READ?").split(",")[4])) & 8


def test_the_elements_of_a_2400_are_those_that_were_chosen():
    twin = fresh(Keithley2400Twin)
    tell(twin, "OUTP 1", ":FORM:ELEM CURR, VOLT")
    assert twin.feed(":FORM:ELEM?") == "VOLT,CURR"
    assert len(twin.feed(":READ?").split(",")) == 2
    tell(twin, ":FORM:ELEM VOLT,NOTHING")
    assert error(twin).startswith("-222")
    tell(twin, ":FORMAT:ELEMENTS VOLTAGE, CURRENT, RESISTANCE, TIME, STATUS")
    fields = twin.feed(":READ?").split(",")
    assert len(fields) == 5
    assert all(len(field) == len("+1.000000E+00") for field in fields)
    assert float(fields[2]) == 9.91e37


def test_a_2400_shows_only_what_it_measures():
    twin = fresh(Keithley2400Twin)
    tell(twin, "OUTP 1", ":SENS:FUNC:OFF:ALL", ":FORM:ELEM CURR")
    assert float(twin.feed(":READ?")) == 9.91e37
    tell(twin, ":SENS:FUNC 'CURR'")
    assert twin.feed(":SENS:FUNC?") == '"CURR:DC"'
    assert abs(float(twin.feed(":READ?"))) < 1e-10


def test_a_2450_reads_what_it_senses_and_fetches_the_same_again():
    twin = fresh(Keithley2450Twin)
    twin.gate = Gate(leak_ohm=1e6)
    tell(twin, ":SOUR:VOLT:ILIM 1e-3", ":SOUR:VOLT 2", "OUTP 1", ':SENS:FUNC "CURR:DC"')
    first = twin.feed(":READ?")
    assert float(first) == pytest.approx(2e-6, rel=1e-4)
    assert twin.feed(":FETC?") == twin.feed(":FETCh? 'defbuffer1', READing") == first
    tell(twin, ":SENS:FUNC 'VOLT'")
    assert float(twin.feed(":MEAS? 'defbuffer1'")) == pytest.approx(2.0, rel=1e-4)
    assert twin.feed(":SOUR:VOLT:ILIM:TRIP?") == "0"
    tell(twin, ":SOUR:VOLT:ILIM 1e-6")
    assert twin.feed(":SOUR:VOLT:ILIM:TRIPPED?") == "1"
    assert twin.feed(":SOUR:CURR:VLIM:TRIP?") == "0"


# the GS200


@pytest.fixture
def gs200():
    twin = fresh(GS200Twin)
    tell(twin, "SOUR:RANG 10", "OUTP 1", "SENS 1")
    return twin


def test_a_gs200_goes_twenty_percent_beyond_its_range(gs200):
    tell(gs200, "SOUR:LEV 12")
    assert gs200.feed("SOUR:LEV?") == "+1.20000E+01"
    tell(gs200, "SOUR:LEV 12.1")
    assert error(gs200).startswith("-222")
    assert gs200.feed("SOUR:LEV?") == "+1.20000E+01"
    tell(gs200, "SOUR:LEV:AUTO 0.5")
    assert gs200.feed("SOUR:RANG?;:SOUR:LEV?") == "+1.00000E+00;+5.00000E-01"


def test_the_function_of_a_gs200_is_not_changed_while_it_is_on(gs200):
    tell(gs200, "SOUR:FUNC CURR")
    assert error(gs200).startswith("-221")
    assert gs200.feed("SOUR:FUNC?") == "VOLT"
    tell(gs200, "OUTP 0", "SOUR:FUNC CURR")
    assert gs200.feed("SOUR:FUNC?;:SOUR:LEV?") == "CURR;+0.00000E+00"


def test_the_limiter_of_a_gs200_shows_in_its_condition(gs200):
    gs200.gate = Gate(leak_ohm=1e3)
    tell(gs200, "SOUR:PROT:CURR 2e-3", "SOUR:LEV 1")
    assert gs200.feed("STAT:COND?") == "0"
    tell(gs200, "SOUR:LEV 5")
    assert gs200.feed("STAT:COND?") == str(1 << 11)
    assert float(gs200.feed("MEAS?")) == pytest.approx(2e-3)
    tell(gs200, "SOUR:LEV -5")
    assert gs200.feed("STAT:COND?") == str(1 << 10)
    tell(gs200, "SENS 0")
    assert gs200.feed("MEAS?") is None


def test_a_program_of_a_gs200_is_a_ramp_on_the_clock(gs200):
    tell(gs200, "SOUR:LEV 1", ":PROG:EDIT:STAR;:SOUR:LEV 3;:PROG:EDIT:END;:PROG:INT 20;:PROG:SLOP 20")
    assert gs200.feed("SOUR:LEV?") == "+1.00000E+00"
    tell(gs200, ":PROG:REP 0;:PROG:RUN")
    gs200.clock.advance(5)
    assert gs200.feed("SOUR:LEV?") == "+1.50000E+00"
    assert int(gs200.feed("STAT:EVEN?")) & 128 == 0
    gs200.clock.advance(15)
    assert gs200.feed("SOUR:LEV?") == "+3.00000E+00"
    assert int(gs200.feed("STAT:EVEN?")) & 128
    assert int(gs200.feed("STAT:EVEN?")) & 128 == 0
    tell(gs200, "OUTP 0", ":PROG:RUN")
    assert error(gs200).startswith("-221")


# the 6221 and its 2182A


@pytest.fixture
def delta():
    twin = fresh(Keithley6221Twin)
    twin.voltmeter.noise_V_per_sqrtHz = 0.0
    twin.source = lambda: 1e3 * twin.excitation_A
    tell(twin, "SYST:COMM:SER:SEND 'SENS:VOLT:NPLC 1'", "SOUR:DELT:HIGH 1e-6")
    return twin


def test_the_two_currents_of_delta_mode_are_opposite(delta):
    assert float(delta.feed("SOUR:DELT:LOW?")) == -1e-6


def test_no_current_flows_before_the_start(delta):
    assert delta.excitation_A == 0.0
    tell(delta, "SOUR:DELT:ARM")
    assert (delta.feed("SOUR:DELT:ARM?"), delta.feed("OUTP?"), delta.excitation_A) == ("1", "1", 0.0)
    tell(delta, "INIT:IMM")
    assert delta.excitation_A == 1e-6
    tell(delta, "SOUR:SWE:ABOR")
    assert (delta.feed("SOUR:DELT:ARM?"), delta.feed("OUTP?"), delta.excitation_A) == ("0", "0", 0.0)
    tell(delta, "INIT")
    assert error(delta).startswith("-221")


def test_the_first_reading_takes_three(delta):
    tell(delta, "SOUR:DELT:ARM", "INIT")
    delta.clock.advance(2.9 * delta.reading_time_s)
    assert delta.feed("SENS:DATA?") is None
    delta.clock.advance(0.2 * delta.reading_time_s)
    assert float(delta.feed("SENS:DATA?").split(",")[0]) == pytest.approx(1e-3, rel=1e-6)


@pytest.mark.parametrize(("unit", "shown"), [("OHMS", 1e3), ("SIEM", 1e-3), ("W", 1e-9), ("V", 1e-3)])
def test_the_unit_of_a_reading(delta, unit, shown):
    tell(delta, f"UNIT:VOLT:DC {unit}", "SOUR:DELT:ARM", "INIT")
    delta.clock.advance(1)
    assert float(delta.feed("SENS:DATA:FRESH?").split(",")[0]) == pytest.approx(shown, rel=1e-5)


def test_nothing_of_delta_mode_is_changed_while_it_is_armed(delta):
    tell(delta, "SOUR:DELT:ARM", "SOUR:DELT:HIGH 1e-3")
    assert error(delta).startswith("-221")
    assert float(delta.feed("SOUR:DELT:HIGH?")) == 1e-6


def test_the_relay_carries_a_line_each_way_and_is_closed_while_it_runs(delta):
    tell(delta, 'SYST:COMM:SER:SEND "*IDN?"')
    assert "MODEL 2182A" in delta.feed("SYST:COMM:SER:ENT?")
    assert delta.feed("SYST:COMM:SER:ENT?") is None
    tell(delta, "*CLS", "SOUR:DELT:ARM", "INIT", 'SYST:COMM:SER:SEND "*IDN?"')
    assert error(delta).startswith("-221")


def test_without_a_2182a_it_does_not_arm(delta):
    delta.voltmeter = None
    tell(delta, "SOUR:DELT:ARM")
    assert delta.feed("SOUR:DELT:NVPR?;:SOUR:DELT:ARM?") == "0;0"
    assert "2182A" in error(delta)


def test_compliance_clips_the_voltage_and_shows_in_the_status(delta):
    tell(delta, "SOUR:CURR:COMP 0.5", "SYST:COMM:SER:SEND 'SENS:VOLT:RANG 10'")
    delta.source = lambda: 2.0
    tell(delta, "SOUR:DELT:ARM", "INIT")
    delta.clock.advance(1)
    assert delta.feed("STAT:MEAS:COND?") == "8"
    assert float(delta.feed("SENS:DATA?").split(",")[0]) == pytest.approx(0.5, rel=1e-4)


def test_a_2182a_beyond_its_range_says_so():
    twin = fresh(Keithley2182ATwin)
    twin.source = lambda: 0.5
    tell(twin, "SENS:VOLT:RANG 0.01")
    assert float(twin.feed("READ?")) == 9.9e37
    twin.source = lambda: -0.5
    assert float(twin.feed("READ?")) == -9.9e37
    tell(twin, "SENS:VOLT:CHAN1:RANG:AUTO 1")
    assert float(twin.feed("READ?")) == pytest.approx(-0.5)
    assert math.isfinite(float(twin.feed("SENS:TEMP:RTEM?")))
