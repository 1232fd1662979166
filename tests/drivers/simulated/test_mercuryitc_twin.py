import pytest
from pymeasure.instruments.oxfordinstruments import MercuryiTC

from drivers.simulated.library import SimulatedLibrary
from drivers.simulated.mercury import shown_short
from drivers.simulated.mercuryitc import MercuryITCTwin

LOOP = "DEV:MB1.T1:TEMP:LOOP"


@pytest.fixture
def twin(on_stage):
    return on_stage(MercuryITCTwin)


def test_manners(twin):
    assert twin.feed("*IDN?").split(":")[4] == "2.6.04.000"
    assert twin.feed("READ:DEV:MB1.T1:TEMP:SIG:TEMP").startswith("STAT:DEV:MB1.T1:TEMP:SIG:TEMP:4.")
    assert twin.feed("READ:DEV:MB1.T1:TEMP:SIG:TEMP?").endswith("K")
    assert twin.feed(f"SET:{LOOP}:TSET:5.0") == f"STAT:SET:{LOOP}:TSET:5.0:VALID"
    assert twin.feed(f"READ:{LOOP}:TSET") == f"STAT:{LOOP}:TSET:5.0000K"
    assert twin.feed(f"SET:{LOOP}:TSET:9999").endswith(":INVALID")
    assert twin.feed(f"SET:{LOOP}:ENAB:MAYBE").endswith(":INVALID")
    assert twin.feed("SET:DEV:MB1.T1:TEMP:SIG:TEMP:5").endswith(":N/A")
    assert twin.feed("READ:DEV:DB9.T1:TEMP:SIG:TEMP") == "STAT:DEV:DB9.T1:TEMP:SIG:TEMP:NOT_FOUND"
    assert twin.feed("READ:DEV:MB1.T1:TEMP:SIG:FROG").endswith(":INVALID")
    twin.locked = True
    assert twin.feed(f"SET:{LOOP}:TSET:6.0") == f"STAT:SET:{LOOP}:TSET:6.0:DENIED"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "100.0000mT"),
        (1.5, "1.5000T"),
        (0.0, "0.0000T"),
        (-2e-6, "-2.0000uT"),
        (3e-12, "0.0030nT"),
        (5e7, "50.0000MT"),
    ],
)
def test_prefixes(value, text):
    assert shown_short(value, "T") == text


def test_saturation_and_hand(twin, clock, cryostat):
    twin.feed(f"SET:{LOOP}:TSET:80;SET:{LOOP}:ENAB:ON")
    clock.advance(300)
    assert twin.feed(f"READ:{LOOP}:HSET").endswith(":100.0000")
    assert cryostat.heat.heater_W == 5
    assert twin.feed(f"SET:{LOOP}:HSET:10").endswith(":INVALID")
    twin.feed(f"SET:{LOOP}:ENAB:OFF;SET:{LOOP}:HSET:10")
    assert cryostat.heat.heater_W == pytest.approx(0.5)
    twin.power_on()
    assert cryostat.heat.heater_W == 0


@pytest.fixture
def itc(twin, clock):
    return MercuryiTC("GPIB0::25::INSTR", visa_library=SimulatedLibrary({"GPIB0::25::INSTR": twin}, clock))


def test_pymeasure_reads_every_parameter(itc):
    sensor, heater = itc.TS_MB, itc.HTR_MB
    assert "MERCURY ITC" in itc.identity
    assert sensor.temperature == pytest.approx(4.2, abs=0.01)
    assert 0.1 < sensor.voltage < 0.3
    assert sensor.control_loop_PID_enabled is False
    assert (sensor.control_loop_P, sensor.control_loop_I, sensor.control_loop_D) == (10, 0.2, 0)
    assert sensor.control_loop_temperature_setpoint == 0
    assert (sensor.control_loop_heater_percent, sensor.control_loop_ramp_rate) == (0, 10)
    assert sensor.control_loop_ramp_enabled is False
    assert (heater.voltage, heater.current, heater.power) == (0, 0, 0)
    assert (heater.voltage_limit, heater.resistance, heater.max_power) == (40, 320, 5)


def test_pymeasure_sets_a_temperature_and_it_settles(itc, clock):
    sensor = itc.TS_MB
    sensor.control_loop_P = 8
    sensor.control_loop_ramp_rate = 20
    sensor.control_loop_ramp_enabled = True
    sensor.control_loop_temperature_setpoint = 8
    sensor.control_loop_PID_enabled = True
    assert sensor.control_loop_P == 8
    clock.advance(6)
    assert sensor.temperature < 5
    clock.advance(300)
    assert sensor.temperature == pytest.approx(8, abs=0.02)
    assert 10 < sensor.control_loop_heater_percent < 16
    assert itc.HTR_MB.power == pytest.approx(0.67, abs=0.03)
