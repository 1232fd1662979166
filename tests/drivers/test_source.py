"""What every source does, whoever made it: a limited rate, compliance and leak, and nothing that nobody asked for."""

import dataclasses
import itertools
import math
import random
import threading

import pytest

from drivers.catalogue import DRIVERS
from drivers.clock import SteppedClock
from drivers.errors import Compliance, DriverError, LimitExceeded, Refused, Restarted
from drivers.roles import RampOutcome, SourceFunction, SourceReading
from drivers.simulated.twin import Fault
from drivers.source import SourceSettings
from tests.drivers.rig import heard, make_rack, open_driver, orders

SOURCES = sorted(driver for driver, cls in DRIVERS.items() if cls.role == "source")
SLOW = {"voltage_max_V": 10.0, "ramp_rate_V_per_s": 0.1}
LEVEL = {"keithley2400": ":SOUR:VOLT ", "keithley2450": ":SOUR:VOLT ", "gs200": ":SOUR:LEV "}
BREAKDOWN_V = 2.0


@pytest.fixture(params=SOURCES)
def kind(request):
    return request.param


@pytest.fixture
def rack(kind):
    return make_rack(driver=kind, alone=True)


@pytest.fixture
def source(rack):
    return open_driver(rack, "source", **SLOW)


@pytest.fixture
def gate(rack):
    """The gate at the terminals, one that breaks down early."""
    gate = rack.twins["source"].gate
    gate.breakdown_V = BREAKDOWN_V
    return gate


def levels(rack, kind):
    """When each set point was sent, and which [s], [V]."""
    said = [line for line in rack.twins["source"].wire_log if line.direction == "in"]
    return [(one.time_s, float(one.text.split()[1])) for one in said if one.text.startswith(LEVEL[kind])]


def test_these_are_the_sources():
    assert {"keithley2400", "keithley2450", "gs200"} == set(SOURCES) == set(LEVEL)


# the ramp


def test_a_ramp_goes_in_steps_no_faster_than_its_rate(rack, source, kind):
    seen = []
    assert source.ramp_to(1.0, on_reading=seen.append) is RampOutcome.HOLDING
    sent = [(0.0, 0.0), *levels(rack, kind)]
    assert sent[-1][1] == 1.0
    for (before_s, before_V), (at_s, at_V) in itertools.pairwise(sent):
        assert 0 < at_V - before_V <= 0.1 * (at_s - before_s) + 1e-9
    assert rack.clock.now() == pytest.approx(10.0) == source.duration_s(0.0, 1.0)
    assert source.level == 1.0
    assert [reading.level for reading in seen] == pytest.approx([0.0, *(level for _, level in levels(rack, kind))])
    assert seen[-1].measured == pytest.approx(1e-11, abs=1e-11)
    assert source.ramp_to(1.0) is RampOutcome.HOLDING
    assert source.ramp_to(-0.25) is RampOutcome.HOLDING
    assert source.reading == SourceReading(-0.25, pytest.approx(-2.5e-12, abs=1e-11), limited=False)


def test_on_a_fast_clock_the_rate_is_kept_as_well(kind):
    class Fast(SteppedClock):
        def __init__(self):
            super().__init__()
            self.speed = 1000.0

    rack = make_rack(Fast(), driver=kind, alone=True)
    open_driver(rack, "source", **SLOW).ramp_to(1.0)
    assert rack.clock.now() == pytest.approx(10.0)
    assert len(levels(rack, kind)) == 10


def test_the_dialogue_of_a_step():
    """The set point is read back twice, then the output looked at; nothing else is sent on the way."""
    rack = make_rack(driver="keithley2400", alone=True)
    source = open_driver(rack, "source", **SLOW)
    source.ramp_to(0.01)
    before = len(heard(rack, "source"))
    source.ramp_to(0.02)
    assert heard(rack, "source")[before:] == [
        ":SOUR:FUNC?", ":OUTP?", ":SOUR:VOLT?", ":SOUR:VOLT?", ":SENS:CURR:PROT?", ":SENS:CURR:PROT?",
        ":OUTP?", ":SOUR:VOLT?", ":SOUR:VOLT?", ":FORM:ELEM?;:READ?",
        ":SOUR:VOLT 2.000000E-02", ":SOUR:VOLT?", ":SOUR:VOLT?",
        ":OUTP?", ":SOUR:VOLT?", ":SOUR:VOLT?", ":FORM:ELEM?;:READ?",
    ]  # fmt: skip


@pytest.mark.parametrize("after_V", [0.05, 0.5])
def test_interrupted_it_holds_where_it_is(rack, source, after_V):
    interrupt = threading.Event()
    outcome = source.ramp_to(
        1.0, interrupt=interrupt, on_reading=lambda now: interrupt.set() if now.level >= after_V else None
    )
    assert outcome is RampOutcome.ABORTED
    held = source.level
    assert after_V <= held <= after_V + 0.011
    before = orders(rack, "source")
    assert source.ramp_to(1.0, interrupt=interrupt) is RampOutcome.ABORTED
    assert orders(rack, "source") == before
    assert source.level == held


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.CUT, Fault.GARBLE, Fault.DELAY])
def test_spoilt_replies_on_the_way_do_not_end_a_ramp(rack, source, kind, fault):
    random_ = random.Random(f"{kind} {fault}")
    for number in range(8):
        rack.twins["source"].faults.plan(fault, skip=12 * number + random_.randrange(8), keep=2, seconds=3)
    assert source.ramp_to(0.1) is RampOutcome.HOLDING
    assert source.level == pytest.approx(0.1)
    sent = [(0.0, 0.0), *levels(rack, kind)]
    for (before_s, before_V), (at_s, at_V) in itertools.pairwise(sent):
        assert abs(at_V - before_V) <= 0.1 * (at_s - before_s) + 1e-9


def test_a_lost_connection_ends_it_where_it_is(rack, source):
    rack.twins["source"].faults.plan(Fault.DISCONNECT, skip=60)
    with pytest.raises(DriverError, match="source: "):
        source.ramp_to(1.0)
    source.reconnect()
    assert 0 < source.level < 0.5


def test_a_loss_of_power_on_the_way_ends_it(rack, source):
    """It comes up with its output off, at zero: the ramp must not go on as if nothing had been."""
    rack.twins["source"].faults.plan(Fault.POWER_CYCLE, skip=100)
    with pytest.raises(Refused, match="output is off"):
        source.ramp_to(1.0)
    assert not source.output_on
    assert rack.clock.now() < 10


# what is refused


@pytest.mark.parametrize("level", [10.1, -11, math.nan, math.inf, -math.inf, "1", None, True])
def test_a_level_beyond_the_limits_is_refused_without_a_byte(rack, source, level):
    before = heard(rack, "source")
    for ask in (source.check_level, source.ramp_to):
        with pytest.raises(LimitExceeded, match="source: level_V"):
            ask(level)
    assert heard(rack, "source") == before


def test_with_the_output_off_nothing_is_sent(rack, source):
    rack.twins["source"].feed(":OUTP 0")
    before = orders(rack, "source")
    with pytest.raises(Refused, match="output is off"):
        source.ramp_to(0.5)
    with pytest.raises(Refused, match="output is off"):
        source.reading  # noqa: B018
    assert orders(rack, "source") == before


def test_a_source_of_the_other_quantity_is_refused(rack, kind):
    source = open_driver(rack, "source", function="current")
    before = orders(rack, "source")
    for what in (lambda: source.ramp_to(1e-9), source.switch_on):
        with pytest.raises(Refused, match=r"puts out a voltage, config\.yaml says current"):
            what()
    assert orders(rack, "source") == before


def test_from_beyond_its_limits_it_does_not_start(rack, source):
    head = "SOURCE:LEVEL" if source.driver_name == "gs200" else "SOURCE:VOLTAGE"
    rack.twins["source"].values[head, ""][0] = 12.0
    with pytest.raises(Refused, match="stands at 12 V, beyond its limit 10 V"):
        source.ramp_to(0.0)
    assert orders(rack, "source") == []


def test_a_level_that_is_not_taken_is_said():
    rack = make_rack(driver="gs200", alone=True)
    rack.twins["source"].feed(":SOUR:RANG 1")
    source = open_driver(rack, "source", **SLOW)
    with pytest.raises(Refused, match=r"set point 1\.21 V was sent, but the instrument says 1\.2 V"):
        source.ramp_to(5.0)
    assert source.level == 1.2


@pytest.mark.parametrize(
    ("setting", "value"),
    [("function", "power"), ("voltage_max_V", 0.0), ("ramp_rate_V_per_s", -1), ("leak_max_A", math.nan),
     ("compliance_A", math.inf), ("compliance_V", "1")],
)  # fmt: skip
def test_settings_out_of_reason_are_refused(kind, setting, value):
    with pytest.raises(ValueError, match=setting):
        DRIVERS[kind].Settings(**{setting: value})


def test_the_limiter_of_a_gs200_has_a_smallest_value():
    with pytest.raises(ValueError, match="at least 1 mA"):
        DRIVERS["gs200"].Settings(compliance_A=1e-6)


def test_the_limits_are_those_of_the_instrument_if_smaller(kind):
    source = open_driver(make_rack(driver=kind, alone=True), "source", voltage_max_V=1e4)
    assert source.limits()["level_V"][1] == {"gs200": 32.0}.get(kind, 210.0)


# compliance and leak


def test_a_compliance_above_that_of_the_settings_is_lowered_before_the_first_step(rack, source, kind):
    before = source.compliance
    assert before > source.settings.compliance_A
    source.ramp_to(0.02)
    assert source.compliance == source.settings.compliance_A
    sent = orders(rack, "source")
    assert "PROT" in sent[0] or "ILIM" in sent[0]
    source.ramp_to(0.04)
    assert [line for line in orders(rack, "source") if "PROT" in line or "ILIM" in line] == sent[:1]


def test_a_leak_ends_the_ramp_and_the_output_stays(rack, source, gate):
    gate.broken_ohm = 1e7
    with pytest.raises(Compliance, match=r"source: at 2\.\d+ V on the way to 5 V it leaks .* leak_max_A = 1e-08"):
        source.ramp_to(5.0)
    assert BREAKDOWN_V + 0.05 < source.level < BREAKDOWN_V + 0.15
    assert source.output_on
    stays = orders(rack, "source")
    with pytest.raises(Compliance):
        source.ramp_to(3.0)
    assert orders(rack, "source") == stays


def test_compliance_ends_the_ramp_and_the_way_back_is_open(rack, kind, gate):
    limit_A = 1e-3 if kind == "gs200" else 1e-7
    source = open_driver(rack, "source", **SLOW, compliance_A=limit_A, leak_max_A=1.0)
    gate.broken_ohm = 100.0
    with pytest.raises(Compliance, match=r"in compliance, .* A of at most .* The output stays where it is"):
        source.ramp_to(5.0)
    reading = source.reading
    assert reading.limited
    assert reading.measured == pytest.approx(limit_A, rel=1e-3)
    assert BREAKDOWN_V <= reading.level < BREAKDOWN_V + 0.2
    assert rack.twins["source"].output.voltage_V < reading.level
    assert source.ramp_to(0.0) is RampOutcome.HOLDING
    assert not source.reading.limited


def test_a_compliance_is_not_lowered_below_what_flows(rack, kind):
    """The output would fall at once, which is a jump; on the way to zero it is left as it is until less flows."""
    limit_A = 1e-3 if kind == "gs200" else 1e-7
    twin = rack.twins["source"]
    twin.gate.leak_ohm = 1.0 / (2 * limit_A)
    twin.feed(f"{LEVEL[kind]}1.0")
    source = open_driver(rack, "source", **SLOW, compliance_A=limit_A, leak_max_A=1.0)
    before = source.compliance
    twin.wire_log.clear()
    with pytest.raises(Compliance, match=r"gives .* A at 1 V, not less than its compliance in config\.yaml"):
        source.ramp_to(2.0)
    assert orders(rack, "source") == []
    assert source.ramp_to(0.25) is RampOutcome.HOLDING
    assert source.compliance == before
    source.ramp_to(0.3)
    assert source.compliance == limit_A


def test_what_the_wire_takes_is_part_of_the_time_between_steps(rack, source, kind, monkeypatch):
    real_ask = source.ask

    def slow_ask(command, query_delay=None):
        rack.clock.advance(0.01)
        return real_ask(command, query_delay)

    monkeypatch.setattr(source, "ask", slow_ask)
    source.ramp_to(0.02)
    began_s = rack.clock.now()
    source.ramp_to(0.5)
    sent = levels(rack, kind)
    assert all(at_s - before_s >= 0.1 - 1e-9 for (before_s, _), (at_s, _) in itertools.pairwise(sent))
    assert rack.clock.now() - began_s < 1.3 * source.duration_s(0.02, 0.5)


def test_below_zero_a_leak_ends_it_as_well(source, gate):
    gate.broken_ohm = 1e6
    with pytest.raises(Compliance, match=r"at -2\.\d+ V on the way to -5 V it leaks -1"):
        source.ramp_to(-5.0)


def test_across_zero_the_way_beyond_is_looked_at(source, gate):
    source.ramp_to(1.0)
    gate.breakdown_V, gate.broken_ohm = 0.5, 1e6
    with pytest.raises(Compliance, match=r"at -0\.\d+ V on the way to -1 V"):
        source.ramp_to(-1.0)


# the output


def test_the_output_is_switched_on_at_zero_with_the_compliance_of_the_settings(rack, source, kind):
    twin = rack.twins["source"]
    head = "SOURCE:LEVEL" if kind == "gs200" else "SOURCE:VOLTAGE"
    twin.feed(":OUTP 0")
    twin.values[head, ""][0] = 0.7
    source.switch_on()
    sent = orders(rack, "source")
    assert sent[-1] == ":OUTP 1"
    assert sent[-3].startswith(LEVEL[kind] + "0.0")
    assert source.output_on
    assert source.level == 0.0
    source.switch_on()
    assert orders(rack, "source") == sent


def test_it_is_switched_off_at_zero_only(rack, source):
    source.ramp_to(0.3)
    before = orders(rack, "source")
    with pytest.raises(Refused, match=r"stands at 0\.3 V"):
        source.switch_off()
    assert orders(rack, "source") == before
    source.ramp_to(0.0)
    source.switch_off()
    assert not source.output_on
    sent = orders(rack, "source")
    source.switch_off()
    assert orders(rack, "source") == sent


def test_a_power_cycle_is_noticed(rack, source):
    source.remember()
    source.verify()
    rack.twins["source"].power_on()
    with pytest.raises(Restarted, match="source"):
        source.verify()


def test_a_level_turned_by_hand_is_noticed(rack, source, kind):
    source.ramp_to(0.3)
    source.remember()
    rack.twins["source"].feed(f"{LEVEL[kind]}0.4")
    with pytest.raises(Restarted, match=r"level was 0\.3, is 0\.4"):
        source.verify()


def test_a_gs200_that_does_not_measure_says_so_and_has_its_limiter(caplog):
    rack = make_rack(driver="gs200", alone=True)
    rack.twins["source"].feed("SENS 0")
    source = open_driver(rack, "source", **SLOW)
    assert "leak_max_A is not watched" in caplog.text
    rack.twins["source"].gate.breakdown_V, rack.twins["source"].gate.broken_ohm = 0.5, 10.0
    with pytest.raises(Compliance, match="in compliance"):
        source.ramp_to(1.0)
    assert math.isnan(source.reading.measured)


def test_a_2450_of_another_command_set_is_refused(monkeypatch):
    rack = make_rack(driver="keithley2450", alone=True)
    monkeypatch.setattr(type(rack.twins["source"]), "_language", lambda twin: "SCPI2400")
    with pytest.raises(Refused, match="command set is SCPI2400; choose SCPI"):
        open_driver(rack, "source")


@pytest.mark.parametrize(
    ("driver", "line"),
    [("keithley2400", ":FORM:ELEM VOLT,CURR"), ("keithley2400", ":FORM:ELEM VOLT,STAT"),
     ("keithley2400", ":SENS:FUNC:OFF:ALL"), ("keithley2450", ":SENS:FUNC 'RES'")],
)  # fmt: skip
def test_one_that_does_not_measure_the_leak_is_refused(driver, line):
    rack = make_rack(driver=driver, alone=True)
    source = open_driver(rack, "source")
    rack.twins["source"].feed(line)
    before = orders(rack, "source")
    with pytest.raises(Refused, match="CURR"):
        source.ramp_to(0.1)
    assert not [line for line in orders(rack, "source")[len(before) :] if line.startswith(LEVEL[driver])]


# a current


@pytest.fixture
def current_source(kind):
    rack = make_rack(driver=kind, alone=True)
    twin = rack.twins["source"]
    measure_volts = ":SENS 1" if kind == "gs200" else ':SENS:FUNC "VOLT"'
    for line in (":OUTP 0", ":SOUR:FUNC CURR", ":OUTP 1", measure_volts):
        twin.feed(line)
    twin.gate.leak_ohm, twin.gate.breakdown_V = 1e3, 100.0
    options = {"function": "current", "current_max_A": 2e-3, "ramp_rate_A_per_s": 1e-3, "compliance_V": 1.5}
    return rack, twin, open_driver(rack, "source", **options)


def test_a_current_is_ramped_and_its_voltage_measured(current_source):
    _, twin, source = current_source
    assert source.function is SourceFunction.CURRENT
    assert set(source.limits()) == {"level_A", "compliance_V"}
    assert source.ramp_to(1e-3) is RampOutcome.HOLDING
    assert source.reading.measured == pytest.approx(1.0, rel=1e-4)
    assert not twin.errors
    with pytest.raises(Compliance, match=r"in compliance, 1\.5\d* V of at most 1\.5 V"):
        source.ramp_to(2e-3)
    assert source.ramp_to(0.0) is RampOutcome.HOLDING


def test_default_settings_are_modest():
    """Nothing that a forgotten line of config.yaml could break down: a volt, a hundred nanoamperes."""
    defaults = SourceSettings()
    assert defaults.voltage_max_V <= 1
    assert defaults.leak_max_A <= defaults.compliance_A <= 1e-7
    assert dataclasses.replace(defaults, function="current").level_max == defaults.current_max_A
