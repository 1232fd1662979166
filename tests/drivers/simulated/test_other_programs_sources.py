"""PyMeasure's and QCoDeS' own drivers of sources, as they are, on the twins, over loopback TCP."""

import contextlib
import inspect

import pytest
from pymeasure.instruments.keithley import Keithley2182, Keithley2400, Keithley2450, Keithley6221
from pymeasure.instruments.yokogawa import YokogawaGS200

from drivers.clock import Clock, SteppedClock
from drivers.simulated.server import Server
from tests.drivers.rig import NAMES, make_rack

pytestmark = pytest.mark.filterwarnings("ignore")  # what PyMeasure, QCoDeS and pyvisa-py warn of is theirs

OF_THREE = {
    f"{statistic}_{quantity}"
    for statistic in ("mean", "max", "min", "std") for quantity in ("voltage", "current", "resistance")
}  # fmt: skip
"""PyMeasure wants three numbers of a 2450's buffer, which holds one quantity only."""
PYMEASURE = {
    "keithley2400": (Keithley2400, "KEITHLEY INSTRUMENTS INC.,MODEL 2400", set()),
    "keithley2450": (Keithley2450, "KEITHLEY INSTRUMENTS,MODEL 2450", OF_THREE),
    "keithley6221": (Keithley6221, "KEITHLEY INSTRUMENTS INC.,MODEL 6221", set()),
    "keithley2182a": (Keithley2182, "KEITHLEY INSTRUMENTS INC.,MODEL 2182A", set()),
    "gs200": (YokogawaGS200, "YOKOGAWA,GS210", set()),
}
QCODES = {
    "keithley2400": ("qcodes.instrument_drivers.Keithley", "Keithley2400"),
    "keithley2450": ("qcodes.instrument_drivers.Keithley", "Keithley2450"),
    "gs200": ("qcodes.instrument_drivers.yokogawa", "YokogawaGS200"),
}


@contextlib.contextmanager
def served(driver, clock):
    """The twin alone on a port, and its address."""
    rack = make_rack(clock, driver=driver, alone=True)
    twin = rack.twins[NAMES[driver]]
    with Server({driver: twin}, rack.clock) as server:
        yield twin, server.connections()[0]["resource"]


@contextlib.contextmanager
def by_pymeasure(driver):
    cls, *_ = PYMEASURE[driver]
    with served(driver, SteppedClock()) as (twin, resource):
        ends = {"read_termination": "\n", "write_termination": "\n"}
        instrument = cls(resource, visa_library="@py", timeout=2000, **ends)
        yield twin, instrument
        instrument.adapter.close()


def heard(instrument):
    """Wait until everything that was sent has been heard; a socket gives no sign of it."""
    assert instrument.ask("*OPC?").strip() == "1"


def wrong_ones(instrument):
    """The properties that cannot be read."""
    wrong = set()
    for name, thing in inspect.getmembers(type(instrument)):
        if isinstance(thing, property):
            try:
                getattr(instrument, name)
            except Exception:  # whatever a foreign getter raises
                wrong.add(name)
    return wrong


@pytest.mark.parametrize("driver", PYMEASURE)
def test_pymeasure_reads_identity_and_every_property(driver):
    _, identity, wrong = PYMEASURE[driver]
    with by_pymeasure(driver) as (twin, instrument):
        assert instrument.ask("*IDN?").startswith(identity)
        channels = [instrument.ch_1, instrument.ch_2] if driver == "keithley2182a" else []
        assert set().union(*map(wrong_ones, [instrument, *channels])) == wrong
        assert not twin.errors


def test_pymeasure_sets_a_level_of_a_2400():
    with by_pymeasure("keithley2400") as (twin, smu):
        smu.source_mode = "voltage"
        smu.compliance_current = 1e-6
        smu.source_voltage = 1.5
        assert smu.voltage == pytest.approx(1.5, abs=1e-4)
        assert smu.current == pytest.approx(1.5e-11, abs=1e-11)
        assert smu.measure_all()["status"] & 8 == 0
        smu.disable_source()
        assert (smu.voltage, smu.current) == (0.0, 0.0)
        smu.check_errors()
        assert twin.value("SOURCE:VOLTAGE") == 1.5


def test_pymeasure_sets_a_level_of_a_2450():
    with by_pymeasure("keithley2450") as (twin, smu):
        smu.apply_voltage(compliance_current=1e-6)
        smu.source_voltage = -0.5
        smu.measure_current()
        assert smu.current == pytest.approx(-5e-12, abs=1e-11)
        assert (twin.value("SOURCE:VOLTAGE"), smu.compliance_current) == (-0.5, 1e-6)


def test_pymeasure_sets_a_level_of_a_gs200_and_ramps_it():
    with by_pymeasure("gs200") as (twin, source):
        source.source_range, source.source_level = 10, 2.0
        assert source.source_level == 2.0
        source.trigger_ramp_to_level(2.1, 0.1)
        heard(source)
        twin.clock.advance(0.05)
        assert source.source_level == pytest.approx(2.05)
        twin.clock.advance(0.06)
        assert source.source_level == 2.1


def test_pymeasure_measures_in_delta_mode():
    with by_pymeasure("keithley6221") as (twin, source):
        assert source.delta_connected
        source.delta_abort()
        source.delta_high_source, source.delta_delay = 1e-6, 2e-3
        assert source.delta_low_source == -1e-6
        twin.source = lambda: 1e3 * twin.excitation_A
        source.delta_arm()
        source.delta_start()
        heard(source)
        twin.clock.advance(0.15)
        assert source.delta_sense[0] == pytest.approx(1e-3, rel=1e-3)
        assert not twin.errors


@pytest.mark.long
@pytest.mark.parametrize("driver", QCODES)
def test_qcodes_reads_every_parameter_and_sets_a_level(driver):
    module, name = QCODES[driver]
    cls = getattr(pytest.importorskip(module), name)
    with served(driver, Clock()) as (twin, resource):
        source = cls(f"cusp_{driver}", resource, visalib="@py", timeout=1)
        try:
            assert source.get_idn()["model"] in twin.IDENTITY
            assert wrong_parameters(source, driver) == WRONG.get(driver, set())
            set_a_level(driver, source)
            assert not twin.errors
        finally:
            source.close()


WRONG = {
    # there is no sweep before one is set up
    "keithley2450": {"sweep_axis", "sweep"},
    # of the function that is not chosen, and before its range is set by QCoDeS itself
    "gs200": {"current_range", "current", "measure"},
}


def wrong_parameters(instrument, driver):
    wrong = set()
    if hasattr(instrument, "user_number"):
        instrument.user_number(1)
    for name, parameter in instrument.parameters.items():
        if parameter.gettable:
            try:
                parameter.get()
            except Exception:  # whatever a foreign getter raises
                wrong.add(name)
    return wrong.union(*(wrong_parameters(child, driver) for child in instrument.submodules.values()))


def set_a_level(driver, source):
    if driver == "keithley2400":
        source.volt(0.5)
        assert source.volt() == pytest.approx(0.5, abs=1e-4)
        assert source.curr() == pytest.approx(5e-12, abs=1e-11)
    elif driver == "keithley2450":
        source.source.voltage(0.5)
        assert source.source.voltage() == 0.5
        assert source.sense.current() == pytest.approx(5e-12, abs=1e-11)
        assert not source.source.limit_tripped()
    else:
        source.voltage_range(10.0)
        source.voltage(0.5)
        source.ramp_rate(5.0)
        source.ramp_voltage(1.0)
        assert source.voltage() == 1.0
        source.measure.on()
        assert source.measure.measure() == pytest.approx(1e-11, abs=1e-11)
