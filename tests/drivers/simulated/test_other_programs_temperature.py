"""Other people's drivers for Lake Shore, as they are, on the twins, over loopback TCP; run where they are installed."""

import contextlib
import inspect
import time

import pytest
from pymeasure.instruments.lakeshore import LakeShore3xx

from drivers.clock import Clock
from drivers.simulated.cryostat import CryostatSettings
from drivers.simulated.server import Server
from tests.drivers.rig import make_rack

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]  # what they and pyvisa-py warn of is theirs

SPEED = 50.0
START_K, TARGET_K = 1.3, 4.0
"""The bath, where nothing moves; and what half a watt can reach."""
RANGE = {"lakeshore335": "medium", "lakeshore336": "medium", "lakeshore372": "100mA"}


@contextlib.contextmanager
def served(driver):
    rack = make_rack(Clock(speed=SPEED), driver=driver, cryostat=CryostatSettings(start_K=START_K))
    with Server({driver: rack.twins["thermometer"]}, rack.clock) as server:
        yield rack, server.connections()[0]


def wait_until(settled, timeout_s=30.0):
    """Wait until something has been so for half a second."""
    began_s = since_s = time.monotonic()
    while time.monotonic() - since_s < 0.5:
        assert time.monotonic() - began_s < timeout_s
        if not settled():
            since_s = time.monotonic()
        time.sleep(0.02)


def near(kelvin):
    return abs(kelvin - TARGET_K) < 0.05


@pytest.mark.parametrize("driver", ["lakeshore335", "lakeshore336", "lakeshore350"])
def test_pymeasure(driver):
    with served(driver) as (rack, connection):
        controller = LakeShore3xx(connection["resource"], visa_library="@py")
        assert "MODEL" + driver[-3:] in controller.id
        readings = (controller.input_A.kelvin, controller.input_A.celsius, controller.input_A.sensor)
        assert readings == pytest.approx((START_K, START_K - 273.15, START_K), abs=0.01)
        output = controller.output_1
        assert (output.output, output.mout, output.range, output.setpoint) == (0, 0, "off", 0)
        output.range = "high" if driver == "lakeshore350" else "medium"
        output.setpoint = TARGET_K
        controller.input_A.wait_for_temperature(TARGET_K, accuracy=0.5, interval=0.1, timeout=30)
        wait_until(lambda: near(controller.input_A.kelvin))
        controller.adapter.close()


@pytest.mark.parametrize("driver", ["lakeshore331", "lakeshore340"])
def test_pymeasure_reads_the_older_ones(driver):
    """It sets their range with a number of the output, which they have not (pymeasure#1405)."""
    with served(driver) as (rack, connection):
        controller = LakeShore3xx(connection["resource"], visa_library="@py")
        assert "MODEL" + driver[-3:] in controller.id
        assert controller.input_A.kelvin == pytest.approx(START_K, abs=0.01)
        rack.twins["thermometer"].feed("RANGE 2" if driver == "lakeshore331" else "RANGE 4")
        controller.output_1.setpoint = TARGET_K
        wait_until(lambda: near(controller.input_A.kelvin))
        controller.adapter.close()


@pytest.mark.parametrize("driver", RANGE)
def test_qcodes(driver):
    module = pytest.importorskip("qcodes.instrument_drivers.Lakeshore")
    with served(driver) as (rack, connection):
        cls = getattr(module, f"LakeshoreModel{driver[-3:]}")
        controller = cls(f"cusp_{driver}", connection["resource"], visalib="@py")
        assert controller.get_idn()["model"] == driver[-3:]
        values = readable(controller)
        assert len(values) > 60
        output = controller.sample_heater if driver == "lakeshore372" else controller.output_1
        assert output.mode() == "closed_loop"
        output.setpoint_ramp_rate(60)
        output.setpoint_ramp_enabled(True)
        output.output_range(RANGE[driver])
        output.setpoint(TARGET_K)
        sensor = controller.ch01 if driver == "lakeshore372" else controller.A
        wait_until(lambda: near(sensor.temperature()))
        output.wait_until_set_point_reached(wait_cycle_time=0.02, wait_tolerance=0.01, wait_equilibration_time=0.2)
        assert near(sensor.temperature())
        controller.close()


def readable(controller):
    """Everything that can be read; of the heaters of a 372 it expects five fields where there are four."""
    found = {}
    for part in [controller, *controller.submodules.values()]:
        for name, parameter in getattr(part, "parameters", {}).items():
            unlike = type(controller).__name__.endswith("372") and name.startswith("output_") and name not in (
                "output_range", "output",
            )  # fmt: skip
            third = name in ("mode", "input_channel", "powerup_enable", "polarity", "use_filter", "delay")
            unlike = unlike or (third and getattr(part, "_output_index", 0) in (1, 2) and "372" in type(part).__name__)
            if parameter.gettable and not unlike:
                found[parameter.full_name] = parameter.get()
    return found


@pytest.mark.parametrize("driver", RANGE)
def test_lake_shores_own_package(driver):
    package = pytest.importorskip("lakeshore")
    cls = getattr(package, f"Model{driver[-3:]}")
    with served(driver) as (rack, connection):
        options = {"ip_address": connection["host"], "tcp_port": connection["port"], "timeout": 5.0}
        if driver == "lakeshore335":  # it has a USB port only, but speaks the same through a connection given to it
            options = {"connection": Socket(connection)}
            pytest.importorskip("pyvisa_py")
        controller = cls(**({"baud_rate": 57600} | options if driver != "lakeshore336" else options))
        assert controller.model_number == f"MODEL{driver[-3:]}"
        if driver == "lakeshore372":
            which, output, heat = 1, 0, controller.SampleHeaterOutputRange.RANGE_100_MILLI_AMPS
        else:
            which, output, heat = "A", 1, controller.HeaterRange.MEDIUM
        assert controller.get_kelvin_reading(which) == pytest.approx(START_K, abs=0.01)
        assert "\n".join(asked(controller, which, output)) == ""
        controller.set_setpoint_ramp_parameter(output, True, 60)
        set_range = "set_heater_output_range" if driver == "lakeshore372" else "set_heater_range"
        getattr(controller, set_range)(output, heat)
        if driver == "lakeshore372":
            controller.set_setpoint_kelvin(output, TARGET_K)
        else:
            controller.set_control_setpoint(output, TARGET_K)
        wait_until(lambda: near(controller.get_kelvin_reading(which)))


class Socket:
    """A connection for a driver that takes any object with write, query and clear."""

    def __init__(self, connection):
        import pyvisa

        self._port = pyvisa.ResourceManager("@py").open_resource(connection["resource"])
        self._port.read_termination, self._port.write_termination = "\r\n", "\n"
        self.write, self.query = self._port.write, self._port.query

    def clear(self):
        pass


THEIRS = {
    "Model335": ("get_service_request", "get_status_byte"),  # they are given no register to put it into
    "Model336": ("get_heater_setup",),  # reads four fields of HTRSET?, QCoDeS reads five; it can be one only
    "Model372": ("get_service_request", "get_status_byte"),
}
"""What their package cannot read whatever is answered, or where it and QCoDeS contradict each other."""
VALUES = {
    "input_channel": 0, "channel": 0, "output": 1, "heater_output": 1, "output_channel": 1, "zone": 3,
    "curve_number": 21, "curve": 21, "index": 5, "field": 1, "relay_number": 1, "relay_channel": 1,
}  # fmt: skip


def asked(controller, which, output):
    """What could not be read of everything that begins with get_ and needs nothing that is not known."""
    wrong = []
    for name, method in inspect.getmembers(controller, inspect.ismethod):
        if not name.startswith("get_") or name in ("get_curve", *THEIRS[type(controller).__name__]):
            continue
        arguments = {}
        for parameter in inspect.signature(method).parameters.values():
            arguments[parameter.name] = VALUES.get(parameter.name)
            if parameter.name in ("input_channel", "channel"):
                arguments[parameter.name] = which
            if parameter.name in ("output", "heater_output", "output_channel"):
                arguments[parameter.name] = 2 if name.startswith("get_analog") else output
        try:
            method(**arguments)
        except Exception as error:  # noqa: BLE001  whatever it is, it is told below
            wrong.append(f"{name}: {type(error).__name__}: {error}")
    return wrong
