import math

import pytest

from drivers.simulated.sr830 import FILTER, INPUT, OUTPUT, SENSITIVITIES_V, TIME_CONSTANTS_S, UNLOCK, SR830Twin


@pytest.fixture
def twin(clock):
    twin = SR830Twin(clock, noise_V_per_sqrtHz=0)
    twin.source = lambda: 1e-3
    twin.feed("SENS 20")  # 10 mV
    return twin


def read(twin, line):
    return [float(part) for part in twin.feed(line).split(",")]


def test_tables():
    assert len(SENSITIVITIES_V) == 27
    assert (SENSITIVITIES_V[0], SENSITIVITIES_V[17], SENSITIVITIES_V[26]) == (2e-9, 1e-3, 1.0)
    assert len(TIME_CONSTANTS_S) == 20
    assert (TIME_CONSTANTS_S[0], TIME_CONSTANTS_S[9], TIME_CONSTANTS_S[19]) == (1e-5, 0.3, 3e4)


@pytest.mark.parametrize(
    "line", ["SLVL0.250", "slvl 0.25", "SLVL 2.5e-1", "SLVL 250e-3;*CLS", "SLVL .25", "SLVL +0.2500000"]
)
def test_number_formats(twin, line):
    twin.feed(line)
    assert twin.feed("SLVL?") == twin.feed("slvl ?") == "0.250"


@pytest.mark.parametrize(
    "line", ["SLVL 6", "SLVL nan", "SLVL", "SLVL 1,2", "SLVL 1e", "SENS 27", "SENS 1.5", "HARM 0", "AUXV 5,1"]
)
def test_what_is_out_of_range_changes_nothing_and_sets_the_event_bit(twin, line):
    before = {key: list(value) for key, value in twin.values.items()}
    twin.feed("*ESR?")
    assert twin.feed(line) is None
    assert twin.values == before
    assert int(twin.feed("*ESR?")) & 48


def test_keyed_settings(twin):
    twin.feed("OEXP 1,9.70,1;AUXV1,0.500000;DDEF2,1,0")
    assert twin.feed("OEXP? 1") == "9.70,1"
    assert twin.feed("OEXP? 2") == "0.00,0"
    assert twin.feed("AUXV?1;") == "0.500"
    assert twin.feed("DDEF ? 2") == "1,0"


def test_a_step_settles_with_time_constant_and_slope(twin, clock):
    twin.feed("OFLT 9;OFSL 3")  # 0.3 s, 24 dB/octave
    twin.source = lambda: 0.0
    clock.advance(100)
    twin.feed("SNAP?1,2")
    twin.source = lambda: 1e-3
    twin.feed("*CLS")
    clock.advance(0.3 * 10.045)
    assert read(twin, "SNAP? 1,2,3") == pytest.approx([0.99e-3, 0, 0.99e-3], rel=1e-4, abs=1e-12)


def test_phase_and_the_four_outputs(twin, clock):
    twin.feed("PHAS 30")
    clock.advance(100)
    x, y, r, theta = (read(twin, f"OUTP?{i}")[0] for i in (1, 2, 3, 4))
    assert (x, y) == pytest.approx((1e-3 * math.cos(math.pi / 6), -0.5e-3), rel=1e-5)
    assert (r, theta) == pytest.approx((1e-3, -30), rel=1e-5)
    assert read(twin, "SNAP? 1,2,3,4,9") == pytest.approx([x, y, r, theta, 137], rel=1e-5)


def test_another_harmonic_sees_nothing(twin, clock):
    twin.feed("HARM 2")
    clock.advance(100)
    assert read(twin, "OUTP? 3")[0] == 0


def test_output_overload_saturates_and_stays_until_read(twin, clock):
    clock.advance(100)
    twin.feed("LIAS?")
    twin.feed("SENS 14")  # 100 uV
    assert read(twin, "OUTP? 1")[0] == pytest.approx(1.09e-4, rel=1e-5)
    twin.feed("SENS 20")
    assert int(twin.feed("LIAS?")) == OUTPUT
    assert int(twin.feed("LIAS?")) == 0


def test_input_and_filter_overload(twin, clock):
    twin.source = lambda: 2.0
    clock.advance(1)
    assert int(twin.feed("LIAS?")) & INPUT
    twin.source = lambda: 0.5
    twin.feed("SENS 17;RMOD 2")  # 1 mV at low noise: 5 mV before the filter
    twin.feed("LIAS?")
    clock.advance(1)
    assert int(twin.feed("LIAS? 1")) == 1
    assert not int(twin.feed("LIAS?")) & INPUT
    assert FILTER == 2


def test_a_reference_that_is_not_there(twin, clock):
    twin.feed("FMOD 0")
    clock.advance(1)
    assert int(twin.feed("LIAS?")) & UNLOCK
    driver = SR830Twin(clock, noise_V_per_sqrtHz=0)
    twin.lock_to = driver
    twin.feed("LIAS?")
    clock.advance(100)
    assert int(twin.feed("LIAS?")) == 0
    driver.feed("FREQ 17.77")
    assert twin.feed("FREQ?") == "17.77"
    assert read(twin, "OUTP? 1")[0] == pytest.approx(1e-3)


def test_on_its_own_frequency_it_sees_nothing_of_anothers_current(twin, clock):
    twin.lock_to = SR830Twin(clock, noise_V_per_sqrtHz=0)
    twin.feed("FREQ 33")
    clock.advance(100)
    assert read(twin, "OUTP? 3")[0] == pytest.approx(0, abs=1e-15)


def test_auto_gain(twin, clock):
    twin.feed("AGAN")
    assert twin.feed("SENS?") == "18"  # 2 mV
