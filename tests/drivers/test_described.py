"""What described instruments share: texts that carry numbers, descriptions that are refused, units that must stay."""

import itertools
import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquire.config import ConfigError, parse
from acquire.station import Station
from acquire.trouble import UserError
from drivers.catalogue import DRIVERS
from drivers.errors import DriverError, Garbled, LimitExceeded, Lost, Refused, Restarted
from drivers.simulated.twin import Fault
from drivers.templates import LONGEST, Command, Reply, bounded
from tests.drivers.descriptions import AMI430, LAKESHORE336, SR830
from tests.drivers.rig import HANGS_ON, NAMES, heard, make_rack, open_driver, orders

BY_DRIVER = {"generic_lockin": SR830, "generic_magnet": AMI430, "generic_thermometer": LAKESHORE336}
PAGE = Path(__file__).parents[2] / "docs" / "described-instruments.md"


def opened(driver, **settings):
    rack = make_rack(driver=driver)
    return rack, open_driver(rack, NAMES[driver], **settings)


# commands with a number in them


@pytest.mark.parametrize(
    ("text", "number", "line"),
    [
        ("FIELD %.3f", 1.23456, "FIELD 1.235"), ("F%d", 3.0, "F3"), ("T %+.2e K", 4.2, "T +4.20e+00 K"),
        ("SLVL%g", 0.1, "SLVL0.1"), ("S%06.2f,1", 1.5, "S001.50,1"), ("X %.3f", -1e-9, "X 0.000"),
    ],
)  # fmt: skip
def test_a_command_carries_its_number(text, number, line):
    command = Command(text)
    assert command.carrying(command.rounded(number)) == line


@pytest.mark.parametrize(
    "text",
    ["", " ", "FIELD", "F %f %f", "F %s", "F %x", "F %%", "F %.6f\nRAMP", "F %.6f\r", "F %.6f;RAMP", "F %.6f °", "%",
     "F %*f", "F %(a)f", "F %c", "F %.123f", "F %.3f" + " " * LONGEST, None, 3],
)  # fmt: skip
def test_what_is_not_one_command_with_one_number_is_refused(text):
    with pytest.raises(ValueError, match="must|semicolon"):
        Command(text)


@given(st.sampled_from([("%d", 1), ("%.0f", 1), ("%.3f", 1e-3), ("%.6f", 1e-6)]), st.floats(1e-4, 1e6))
def test_a_number_rounded_down_is_less_than_a_last_digit_below(conversion, number):
    written, step = conversion
    down = Command(f"RATE {written}").rounded_down(number)
    assert float(written % down) == down
    assert number - step * (1 + 1e-6) <= down <= number * (1 + 1e-8) + 1e-6 * step


@given(st.sampled_from([("%.2e", 1e-2), ("%.0e", 1.0), ("%g", 1e-5), ("%.3g", 1e-2)]), st.floats(1e-4, 1e6))
def test_so_is_one_with_an_exponent(conversion, number):
    written, share = conversion
    down = Command(f"RATE {written}").rounded_down(number)
    assert float(written % down) == down
    assert number * (1 - share - 1e-6) <= down <= number * (1 + 1e-6)


# replies


@pytest.mark.parametrize(
    ("form", "text", "numbers"),
    [
        ("%g", "+1.5E-03", (1.5e-3,)), ("R%g", "R-0.25", (-0.25,)), ("%g K", "4.2 K", (4.2,)), ("%g,%*g", "1,2", (1,)),
        ("X=%g V, Y=%g V", "X=1.0 V, Y=-2e-6 V", (1.0, -2e-6)), ("a.%gT", "a.1T", None), ("%g(T)", "1.0(T)", (1.0,)),
    ],
)  # fmt: skip
def test_numbers_stand_where_the_reply_says(form, text, numbers):
    if numbers is None:
        with pytest.raises(ValueError, match="beside a number"):
            Reply(form)
    else:
        assert Reply(form, len(numbers)).parse(text) == numbers


@pytest.mark.parametrize(
    ("form", "text"),
    [("%g", ""), ("%g", "1 "), ("%g", " 1"), ("%g", "1,2"), ("%g", "nan"), ("%g", "inf"), ("%g", "1_0"), ("%g", "0x1"),
     ("%g", "1e999"), ("%g", "--1"), ("%g", "1.2.3"), ("%g", "."), ("R%g", "1.0"), ("R%g", "r1.0"), ("%g K", "1.0K"),
     ("%g K", "1.0 K "), ("%g K", "1.0 KK"), ("%g,%*g", "1,"), ("%g,%*g", "1,x"), ("%g,%*g", "1,2,3"), ("%g(T)", "1T"),
     ("%g", "\u0661")],
)  # fmt: skip
def test_a_reply_of_another_form_is_refused(form, text):
    with pytest.raises(ValueError, match="form|outside"):
        Reply(form).parse(text)


@pytest.mark.parametrize("form", ["", "K", "%g%g", "%g %g", "%f", "%g %s", "%%g", "1%g", "%g0", "%ge", "-%g", "%g\n"])
def test_a_reply_that_could_be_read_in_two_ways_is_refused(form):
    with pytest.raises(ValueError, match="must|beside|between"):
        Reply(form)


@given(st.floats(-1e9, 1e9), st.sampled_from(["%.6g", "%.4f", "%.3e"]))
def test_what_was_written_is_read(number, shown):
    assert Reply("A %g T", 1, bounded(-1e10, 1e10)).parse(f"A {shown % number} T") == (float(shown % number),)


# descriptions that are refused

MISTAKES = [
    ("generic_lockin", {"identity": ""}, "identity"),
    ("generic_lockin", {"identity_query": ""}, "identity_query"),
    ("generic_lockin", {"xyr_query": ""}, "give one of xyr_query, xy_query"),
    ("generic_lockin", {"xy_query": "SNAP? 1,2"}, "give one of xyr_query, xy_query"),
    ("generic_lockin", {"xyr_reply": "%g,%g"}, "xyr_reply = .* must have 3 times %g"),
    ("generic_lockin", {"xy_factor_V": 0.0}, "xy_factor_V = 0.0 must be a positive"),
    ("generic_lockin", {"full_scale_V": -1.0}, "full_scale_V = -1.0 must be a positive"),
    ("generic_lockin", {"overload_bits": 0}, "status_query and overload_bits"),
    ("generic_lockin", {"overload_bits": -7}, "overload_bits = -7"),
    ("generic_lockin", {"time_constant_s": 0.1}, "either time_constant_query, or time_constant_s"),
    ("generic_lockin", {"frequency_query": ""}, "either frequency_query, or frequency_Hz"),
    ("generic_lockin", {"filter_stages_codes": ()}, "filter_stages_query and filter_stages_codes"),
    ("generic_lockin", {"filter_stages_codes": (("0", 1), ("0", 2))}, "'0', which is twice there"),
    ("generic_lockin", {"filter_stages_codes": (("0", 9),)}, "filter_stages = 9; there are 1 to 8"),
    ("generic_lockin", {"oscillator_query": "", "oscillator_V": 0.1}, "oscillator_command needs oscillator_query"),
    ("generic_lockin", {"oscillator_command": "SLVL%.3f,%d"}, "oscillator_command = .* exactly one number"),
    ("generic_lockin", {"oscillator_min_V": 6.0}, "oscillator_min_V = 6.0 must be from 0 to oscillator_max_V"),
    ("generic_lockin", {"expected_replies": (("HARM?\n", "1"),)}, "expected_replies = .* printable ASCII"),
    ("generic_magnet", {"target_command": "CONF:FIELD:TARG %.6f;RAMP"}, "target_command = .* semicolon"),
    ("generic_magnet", {"target_command": "CONF:FIELD:TARG"}, "target_command = .* exactly one number"),
    ("generic_magnet", {"hold_command": ""}, "hold_command = .* printable ASCII"),
    ("generic_magnet", {"hold_command": "PAUSE %d"}, "hold_command = .* carries no number"),
    ("generic_magnet", {"field_query": "FIELD:MAG?\r\n"}, "field_query = .* printable ASCII"),
    ("generic_magnet", {"field_query": "Q" * 81}, "field_query = .* 1 to 80"),
    ("generic_magnet", {"rate_reply": "%g%*g"}, "rate_reply = .* nothing between"),
    ("generic_magnet", {"states": (("1", "ramping"), ("2", "holds"))}, "states has 'holds'; there are: ramping"),
    ("generic_magnet", {"states": (("1", "ramping"),)}, "states must say which replies mean ramping and holding"),
    ("generic_magnet", {"states": ()}, "state_query and states belong together"),
    ("generic_magnet", {"state_query": "", "states": (), "ramp_rate_max_T_per_min": 0.001}, "too slow to be told"),
    ("generic_magnet", {"rate_factor_T_per_min": float("nan")}, "rate_factor_T_per_min = nan must be"),
    ("generic_magnet", {"field_max_T": 0.0}, "field_max_T = 0.0"),
    ("generic_thermometer", {"rate_command": ""}, "rate_query and rate_command belong together"),
    ("generic_thermometer", {"rate_command": "", "rate_query": ""}, "jump_command needs rate_command"),
    ("generic_thermometer", {"setpoint_command": "SETP 1,%s"}, "setpoint_command = .* exactly one number"),
    ("generic_thermometer", {"temperature_query": "KRDG? %d"}, "temperature_query = .* carries no number"),
    ("generic_thermometer", {"temperature_min_K": 400.0}, "temperature_min_K must be below"),
]


@pytest.mark.parametrize(("driver", "mistake", "text"), MISTAKES)
def test_a_wrong_description_is_refused_with_one_sentence(driver, mistake, text):
    with pytest.raises(ValueError, match=text) as caught:
        DRIVERS[driver].Settings(**(BY_DRIVER[driver] | mistake))
    assert "\n" not in str(caught.value)


# who it is, and in which units


@pytest.mark.parametrize("driver", BY_DRIVER)
def test_another_instrument_is_not_taken_for_the_described_one(driver):
    with pytest.raises(Lost, match="is no instrument of its description.*correct driver or address"):
        opened(driver, identity="ACME,MODEL 1")


@pytest.mark.parametrize(
    ("driver", "expected"),
    [("generic_magnet", (("FIELD:UNITS?", "0"),)), ("generic_lockin", (("HARM?", "1"), ("FMOD?", "0"))),
     ("generic_thermometer", (("OUTMODE? 1", "1,2,0"),))],
)  # fmt: skip
def test_in_other_units_or_modes_it_is_not_opened_and_nothing_is_set(driver, expected):
    rack = make_rack(driver=driver)
    with pytest.raises(Refused, match=re.escape(expected[-1][0]) + ".*units or modes"):
        open_driver(rack, NAMES[driver], expected_replies=expected)
    assert orders(rack, NAMES[driver]) == []


def test_a_mode_that_somebody_changes_is_seen_at_the_next_point():
    rack, lock_in = opened("generic_lockin")
    lock_in.remember()
    lock_in.verify()
    whole, spoilt = lock_in._read, ["7"]
    lock_in._read = lambda command: spoilt.pop() if command == "HARM?" and spoilt and whole(command) else whole(command)
    lock_in.verify()  # one spoilt reply is no other mode
    assert not spoilt
    rack.twins["lockin_xx"].feed("HARM 2")
    with pytest.raises(Restarted, match="as_described was True, is False"):
        lock_in.verify()


@pytest.mark.parametrize("driver", BY_DRIVER)
def test_a_power_cycle_is_seen(driver):
    rack, instrument = opened(driver)
    instrument.power_cycled()
    assert not instrument.power_cycled()
    rack.twins[NAMES[driver]].power_on()
    assert instrument.power_cycled()
    assert not opened(driver, event_query="")[1].power_cycled()


@pytest.mark.parametrize("driver", BY_DRIVER)
def test_one_spoilt_expected_reply_is_no_other_mode(driver):
    rack = make_rack(driver=driver)
    rack.twins[NAMES[driver]].faults.plan(Fault.GARBLE, skip=1)
    open_driver(rack, NAMES[driver])


@pytest.mark.parametrize(("driver", "name"), [("generic_magnet", "field_T"), ("generic_thermometer", "temperature_K")])
def test_one_changed_reply_of_two_never_gives_another_value(driver, name):
    """Digits lost, doubled or changed, with the terminator left: on a wire without a checksum."""
    rack, instrument = opened(driver)
    if driver == "generic_magnet":
        instrument.ramp_to(0.123456, 1.0)
    whole, random_, turn = instrument._read, random.Random(3), itertools.count()
    good, refused = getattr(instrument, name), 0

    def read(command):
        reply = whole(command)
        if next(turn) or command not in ("FIELD:MAG?", "KRDG? A"):
            return reply
        where = random_.randrange(len(reply))
        return reply[:where] + random_.choice(["", *"0123456789.-+E"]) + reply[where + 1 :]

    instrument._read = read
    for _ in range(1000):
        turn = itertools.count()
        try:
            got = getattr(instrument, name)
        except Garbled:
            refused += 1
            continue
        assert got == pytest.approx(good, abs=1e-3 * good)
    assert refused > 300


@pytest.mark.parametrize(
    ("driver", "settings", "order"),
    [
        ("generic_lockin", {"oscillator_command": "SLVL%.0f"}, lambda it: setattr(it, "oscillator_V", 0.4)),
        ("generic_magnet", {"target_command": "CONF:FIELD:TARG %.1f"}, lambda it: it.ramp_to(0.04, 1.0)),
        ("generic_magnet", {"rate_command": "RATE %d"}, lambda it: it.ramp_to(0.04, 0.5)),
        ("generic_magnet", {"field_max_T": 0.96, "target_command": "T %.1f", "field_tolerance_T": 0.1},
         lambda it: it.ramp_to(0.96, 0.5)),
        ("generic_thermometer", {"setpoint_command": "SETP 1,%d"}, lambda it: it.start_ramp(4.4)),
    ],
)  # fmt: skip
def test_a_value_that_its_command_would_round_to_another_is_refused_before_anything_is_set(driver, settings, order):
    rack, instrument = opened(driver, **settings)
    with pytest.raises(LimitExceeded, match="would be sent as.*nothing was sent"):
        order(instrument)
    assert orders(rack, NAMES[driver]) == []


@pytest.mark.parametrize("driver", BY_DRIVER)
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT])
def test_after_a_spoilt_reply_the_next_ones_are_right(driver, fault):
    rack, instrument = opened(driver)
    before = instrument.snapshot()
    rack.twins[NAMES[driver]].faults.plan(fault, keep=2)
    with pytest.raises(DriverError, match=instrument.name):
        instrument.snapshot()
    again = instrument.snapshot()
    again.pop("temperature_K", None)  # it cools while the reply is waited for
    for name, value in again.items():
        assert value == (pytest.approx(before[name], rel=1e-3) if isinstance(value, float) else before[name])


# the page


def blocks() -> dict[str, str]:
    found = re.findall(r"```yaml\ninstruments:\n(  (\w+):\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return {name: text for text, name in found}


def rig_of_the_page() -> str:
    return "series_resistor_ohm: 1e6\ninstruments:\n" + "".join(blocks().values())


def test_the_examples_of_the_page_are_accepted():
    config = parse(rig_of_the_page())
    assert {name: entry.driver for name, entry in config.instruments.items()} == {
        "lockin_xx": "generic_lockin", "magnet": "generic_magnet", "thermometer": "generic_thermometer",
    }  # fmt: skip


def test_the_examples_of_the_page_measure():
    config = parse(rig_of_the_page())
    for entry, name in ((config.instruments[name], name) for name in config.instruments):
        rack = make_rack(driver=entry.driver)
        if name == "magnet":
            rack.twins[name].feed("CONF:FIELD:UNITS 0;CONF:RAMP:RATE:UNITS 0")
        instrument = DRIVERS[entry.driver](
            rack.addresses[name], name=name, settings=entry.settings, clock=rack.clock, visa_library=rack.library,
            read_termination=entry.read_termination,
        )  # fmt: skip
        assert instrument.snapshot()["driver"] == entry.driver
        if name == "magnet":
            instrument.ramp_to(0.1, 0.5)
            assert rack.cryostat.coil.current_A == pytest.approx(1.0, abs=1e-3)


def test_a_mistake_in_the_file_is_told_with_its_line():
    text = rig_of_the_page().replace('hold_command: "PAUSE"', 'hold_command: "PAUSE;RAMP"')
    with pytest.raises(ConfigError, match=r"line \d+: instruments.magnet: hold_command = 'PAUSE;RAMP' has a semicolon"):
        parse(text)
    text = rig_of_the_page().replace('["2", holding]', "[2, holding]")
    with pytest.raises(ConfigError, match=r"line \d+: instruments.magnet.states: .*valid string"):
        parse(text)


def test_there_is_no_simulated_one():
    with pytest.raises(UserError, match="simulation: there is no simulated generic_lockin: .*simulated are .*sr830"):
        Station(parse("visa_library: simulated\n" + rig_of_the_page()))


def test_every_described_driver_is_tested_as_one():
    assert set(HANGS_ON) == {name for name in DRIVERS if name.startswith("generic_")}
    assert heard(make_rack(driver="generic_magnet"), "magnet") == []
