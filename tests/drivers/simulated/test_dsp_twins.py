import math

import pytest
import pyvisa

from drivers.simulated.dsp7265 import DSP7265Twin, shown
from drivers.simulated.dsp7270 import DSP7270Twin
from drivers.simulated.library import SimulatedLibrary
from drivers.simulated.server import Server
from drivers.simulated.twin import Wire


@pytest.fixture(params=[DSP7265Twin, DSP7270Twin])
def twin(request, clock):
    twin = request.param(clock, noise_V_per_sqrtHz=0)
    twin.source = lambda: 1e-3
    twin.feed("SEN 21")  # 10 mV
    return twin


def ask(twin, line):
    return twin.feed(line).rstrip("\n")


def read(twin, line):
    return [float(part) for part in ask(twin, line).split(",")]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.0E+00"), (-180, "-1.8E+02"), (-0.164, "-1.64E-01"), (12000, "1.2E+04"), (1.23456789e-9, "1.23457E-09")],
)
def test_numbers_as_a_real_7270_writes_them(value, text):
    """The first four are replies in PyMeasure's tests, taken from an instrument."""
    assert shown(value) == text


@pytest.mark.parametrize("line", ["OA. 0.25", "oa. 0.25", "OA.0.25", "OA.  2.5E-1", "OA. 0.25;ID"])
def test_ways_to_set(twin, line):
    twin.feed(line)
    assert ask(twin, "OA.") == "2.5E-01"


def test_a_bare_word_asks_and_a_value_sets(twin):
    twin.feed("DAC. 1 0.5")
    assert ask(twin, "DAC. 1") == "5.0E-01"
    assert ask(twin, "DAC. 2") == "0.0E+00"
    asking = ("SEN", "XY.", "DAC. 1", "ADC. 1", "ST", "sen;tc", "LF")
    setting = ("SEN 3", "DAC. 1 2", "AS", "SEN;TC 4", "AQN", "LF 3 0", "TD")
    assert all(twin.asks(line) for line in asking)
    assert not any(twin.asks(line) for line in setting)


@pytest.mark.parametrize(("line", "bit"), [("NONSENSE", 2), ("SEN 28", 4), ("SEN 0", 4), ("TC x", 4), ("XY. 1", 4)])
def test_errors_are_in_the_status_byte_until_the_next_command(twin, line, bit):
    before = {key: list(value) for key, value in twin.values.items()}
    assert not twin.feed(line)
    assert int(ask(twin, "ST")) == int(ask(twin, "ST")) == 1 + bit
    assert twin.values == before
    twin.feed("SEN")
    assert ask(twin, "ST") == "1"


def test_phase_and_outputs(twin, clock):
    twin.feed("REFP. 30")
    clock.advance(100)
    x, y = 1e-3 * math.cos(math.pi / 6), -0.5e-3
    assert read(twin, "XY.") == pytest.approx([x, y], rel=1e-5)
    assert read(twin, "MP.") == pytest.approx([1e-3, -30], rel=1e-5)
    assert [read(twin, word)[0] for word in ("X.", "Y.", "MAG.", "PHA.")] == pytest.approx([x, y, 1e-3, -30], rel=1e-5)
    twin.feed("AQN")
    clock.advance(100)
    assert read(twin, "XY.") == pytest.approx([1e-3, 0], abs=1e-8)


def test_auto_sensitivity(twin, clock):
    clock.advance(100)
    twin.feed("AS")
    assert read(twin, "SEN.") == [2e-3]


def test_overload_bytes_tell_of_the_moment(clock):
    for twin, byte_at in ((DSP7265Twin(clock), {1.5: 2, 4.0: 18}), (DSP7270Twin(clock), {1.5: 16, 4.0: 17})):
        twin.feed("SEN 18")  # 1 mV
        for times_full_scale, byte in byte_at.items():
            twin.source = lambda volts=1e-3 * times_full_scale: volts
            twin.step(clock.now())
            clock.advance(100)
            assert int(ask(twin, "N")) == byte
            assert int(ask(twin, "ST")) == 1 + 16
            assert read(twin, "X.")[0] == pytest.approx(1e-3 * min(times_full_scale, 3.0), rel=1e-4)
        twin.feed("SEN 24")
        assert (ask(twin, "N"), ask(twin, "ST")) == ("0", "1")


def test_a_reference_that_is_not_there(clock):
    for twin, byte in ((DSP7265Twin(clock), "128"), (DSP7270Twin(clock), "0")):
        twin.feed("IE 2")
        assert (ask(twin, "ST"), ask(twin, "N")) == ("9", byte)
        twin.lock_to = DSP7265Twin(clock)
        twin.lock_to.feed("OF. 17.77")
        assert (ask(twin, "ST"), ask(twin, "N")) == ("1", "0")
        assert ask(twin, "FRQ.") == "1.777E+01"


def test_a_7270_ends_everything_with_nul_and_answers_everything(clock):
    wire = Wire(DSP7270Twin(clock), clock, greet=False)
    wire.receive(b"SEN 2")
    wire.receive(b"0\x00SEN\x00NONSENSE\x00X1.\x00")
    assert list(wire.messages) == [b"\x00", b"20\n\x00", b"\x00", b"\n\x00"]


def test_a_nul_is_no_end_for_others(clock):
    wire = Wire(DSP7265Twin(clock), clock, greet=False)
    wire.receive(b"ID\x00")
    assert list(wire.messages) == []


def test_a_terminator_of_two_bytes_through_pyvisa(clock):
    address = DSP7270Twin.ADDRESS
    manager = pyvisa.ResourceManager(SimulatedLibrary({address: DSP7270Twin(clock)}, clock))  # type: ignore[arg-type]
    opened = manager.open_resource(address, read_termination="\n\x00", write_termination="\x00")
    assert opened.query("ID") == "7270"
    assert opened.query("SEN") == "27"
    opened.close()


def test_the_server_says_that_lines_end_with_nul(clock):
    with Server({"lockin_xx": DSP7270Twin(clock)}, clock) as server:
        connection = server.connections()[0]
        assert (connection["read_termination"], connection["write_termination"]) == ("\x00", "\x00")
        opened = pyvisa.ResourceManager("@py").open_resource(
            str(connection["resource"]), read_termination="\n\x00", write_termination="\x00"
        )
        assert opened.query("ID") == "7270"
        opened.write("OA. 0.1")
        assert opened.read_bytes(1) == b"\x00"
        assert opened.query("OA.") == "1.0E-01"
        opened.close()
