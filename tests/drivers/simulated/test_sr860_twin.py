import math

import pytest

from drivers.simulated.sr860 import RANGE, SENSITIVITIES_V, TIME_CONSTANTS_S, UNLOCK, SR860Twin


@pytest.fixture
def twin(clock):
    twin = SR860Twin(clock, noise_V_per_sqrtHz=0)
    twin.source = lambda: 1e-3
    twin.feed("SCAL 6;OFSL 1;*CLS")  # 10 mV
    return twin


def read(twin, line):
    return [float(part) for part in twin.feed(line).split(",")]


def test_tables_count_from_the_largest():
    assert (SENSITIVITIES_V[0], SENSITIVITIES_V[9], SENSITIVITIES_V[27]) == (1.0, 1e-3, 1e-9)
    assert (TIME_CONSTANTS_S[0], TIME_CONSTANTS_S[10], TIME_CONSTANTS_S[21]) == (1e-6, 0.1, 3e4)


@pytest.mark.parametrize("line", ["SNAP? 0,1", "SNAP? X, Y", "snap? x,y", "SNAP?0,1"])
def test_outputs_by_number_and_by_name(twin, clock, line):
    twin.feed("PHAS 30")
    clock.advance(100)
    assert read(twin, line) == pytest.approx([1e-3 * math.cos(math.pi / 6), -0.5e-3])
    assert read(twin, "SNAPD?") == pytest.approx([*read(twin, "SNAP? 0,1"), 1e-3, -30])
    assert [read(twin, f"OUTP? {i}")[0] for i in range(4)] == pytest.approx(read(twin, "SNAPD?"))
    assert read(twin, "SNAP? TH,PHA") == pytest.approx([-30, 30])


@pytest.mark.parametrize("line", ["SNAP? 0", "SNAP? 0,1,2,3", "SNAP? 0,17", "OUTP? 4", "SCAL 28", "SCAL 1.5"])
def test_what_is_out_of_range_is_an_error(twin, line):
    assert twin.feed(line) is None
    assert int(twin.feed("*ESR?")) & 48


def test_x_and_y_go_beyond_full_scale_which_is_said(twin, clock):
    twin.feed("SCAL 12")  # 0.1 mV
    clock.advance(100)
    assert read(twin, "OUTP? 0") == pytest.approx([1e-3])
    assert twin.feed("CUROVLDSTAT?") == twin.feed("CUROVLDSTAT?") == "1"
    assert twin.feed("LIAS?") == "1"
    twin.feed("SCAL 6")
    twin.feed("LIAS?")
    assert twin.feed("LIAS?") == twin.feed("CUROVLDSTAT?") == "0"


def test_the_range_of_the_input_clips(twin, clock):
    twin.source = lambda: 0.1
    twin.feed("IRNG 4;SCAL 0;LIAS?")  # 10 mV peak
    clock.advance(100)
    assert int(twin.feed("LIAS?")) == RANGE
    assert read(twin, "OUTP? 0")[0] == pytest.approx(4 / math.pi * 0.01 / math.sqrt(2))
    twin.feed("IRNG 1")  # 300 mV
    clock.advance(100)
    twin.feed("LIAS?")
    assert twin.feed("LIAS?") == "0"
    assert read(twin, "OUTP? 0")[0] == pytest.approx(0.1)


def test_a_reference_that_is_not_there(twin, clock):
    twin.feed("RSRC 1")
    clock.advance(1)
    assert int(twin.feed("LIAS?")) & UNLOCK
    twin.lock_to = SR860Twin(clock, noise_V_per_sqrtHz=0)
    twin.lock_to.feed("FREQ 17.77")
    twin.feed("LIAS?")
    clock.advance(100)
    assert twin.feed("LIAS?") == "0"
    assert twin.feed("FREQ?") == twin.feed("FREQEXT?") == "17.77"
    assert float(twin.feed("FREQINT?")) == 1e5


def test_auto_scale_and_noise_bandwidth(twin, clock):
    clock.advance(100)
    twin.feed("ASCL")
    assert twin.feed("SCAL?") == "8"  # 2 mV
    assert float(twin.feed("ENBW?")) == pytest.approx(1.25)  # 1/(8 tau) at 12 dB/octave
