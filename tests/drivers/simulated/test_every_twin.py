"""The manners that every twin must have."""

import pytest

from drivers.catalogue import DRIVERS
from drivers.simulated.catalogue import TWINS
from drivers.simulated.twin import Fault, Twin, Wire, spoken
from tests.drivers.rig import HANGS_ON, NAMES, make_rack


@pytest.fixture(params=sorted(TWINS))
def twin(request) -> Twin:
    return make_rack(driver=request.param).twins[NAMES[request.param]]


@pytest.fixture
def question(twin) -> str:
    """What asks for the identity."""
    return getattr(DRIVERS[twin.driver_name], "IDENTITY_QUERY", "*IDN?")


def test_every_twin_is_of_a_driver():
    assert set(TWINS) == set(DRIVERS) - set(HANGS_ON)
    assert all(cls.model == cls.model.lower().replace(" ", "") for cls in TWINS.values())


@pytest.mark.parametrize("line", ["%s", " %s", "%s  ", ";%s", "%s;"])
def test_spaces_and_semicolons(twin, question, line):
    assert DRIVERS[twin.driver_name].IDENTITY.search(twin.feed(line % question))


@pytest.mark.parametrize("line", ["*idn?", " *IDN ?"])
def test_case_and_spaces_of_scpi(twin, question, line):
    if question == "*IDN?":
        assert DRIVERS[twin.driver_name].IDENTITY.search(twin.feed(line))


def test_several_commands_in_a_line(twin, question):
    identity = twin.feed(question)
    assert twin.feed(f"{question};{question}") == f"{identity};{identity}"
    if question == "*IDN?":
        assert twin.feed("*CLS;*IDN?") == identity


@pytest.mark.parametrize(
    "line", ["", " ", "NONSENSE?", "NONSENSE 1", "*IDN", "?", "%$&", "\x00", "ä?", "*IDN? 1,2,3", ";;;"]
)
def test_what_cannot_be_answered_stays_silent(twin, question, line):
    """Or is handed back with a question mark, or answered by nothing but a terminator, by those that do so."""
    reply = twin.feed(line)
    assert not reply or reply == f"?{line}".strip()
    assert twin.feed(question)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_end_of_line_is_understood(twin, question, end):
    wire = Wire(twin, twin.clock, greet=False)
    line = question.encode()
    for piece in (line[:2], line[2:], end, line + end + line + end):
        wire.receive(piece)
    assert len(wire.messages) == 3
    assert all(message.endswith(twin.READ_TERMINATION.encode()) for message in wire.messages)


def test_the_wire_log_has_both_directions_and_the_time(twin, question):
    heard = []
    twin.listener = heard.append
    twin.clock.advance(3)
    identity = twin.feed(question)
    assert list(twin.wire_log)[-2:] == heard == [(3.0, "in", question), (3.0, "out", identity)]


def test_a_typo_raises(twin):
    with pytest.raises(AttributeError, match="a typo"):
        twin.curent_limit_A = 3


def test_faults_come_when_they_are_planned(twin, question):
    whole = (twin.feed(question) + twin.READ_TERMINATION).encode()

    def said(fault, **options):
        wire = Wire(twin, twin.clock, greet=False)
        twin.faults.plan(fault, skip=1, **options)
        for _ in range(3):
            wire.receive(question.encode() + b"\n")
        return wire, list(wire.messages)

    assert said(Fault.DROP)[1] == [whole, whole]
    assert said(Fault.CUT, keep=7)[1] == [whole, whole[:7], whole]
    assert said(Fault.REPEAT)[1] == [whole] * 3
    garbled = said(Fault.GARBLE)[1]
    assert garbled[1] != whole
    assert len(garbled[1]) == len(whole)
    wire, messages = said(Fault.DISCONNECT)
    assert wire.closed
    assert messages == [whole]
    wire, messages = said(Fault.DELAY, seconds=5)
    assert messages == [whole]
    twin.clock.advance(5)
    wire.arrive()
    assert list(wire.messages) == [whole] * 3
    assert [line.text for line in twin.wire_log if line.direction == "fault"] == [
        "drop", "cut", "repeat", "garble", "disconnect", "delay",
    ]  # fmt: skip


def test_a_power_cycle_forgets_the_settings(twin, question):
    twin.power_on()
    before = {key: list(value) for key, value in twin.values.items()}
    for setting in twin.SETTINGS:
        for key in setting.keys:
            others = [field.low if field.start == field.high else field.high for field in setting.fields]
            twin.values[setting.head.upper(), key][:] = others
    twin.faults.plan(Fault.POWER_CYCLE)
    wire = Wire(twin, twin.clock, greet=False)
    wire.receive(question.encode() + b"\n")
    assert twin.values == before
    assert not wire.messages


def test_long_and_short_forms():
    assert spoken("SYSTem:ERRor?") == {"SYST:ERR?", "SYSTEM:ERR?", "SYST:ERROR?", "SYSTEM:ERROR?"}
