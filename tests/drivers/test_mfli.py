"""The MFLI speaks through its maker's library: here through the rig's nodes, and through a stand-in for zhinst."""

import math
import sys
import types

import pytest

from drivers.clock import SteppedClock
from drivers.errors import Garbled, LimitExceeded, Lost, Refused, Timeout
from drivers.mfli import FULL_SCALES_V, MFLI
from drivers.simulated.twin import Fault
from tests.drivers.rig import heard, make_rack, orders

ADDRESS = "dev1234@127.0.0.1:8004"


@pytest.fixture
def rack():
    return make_rack(driver="mfli", noise_V_per_sqrtHz=0.0)


@pytest.fixture
def twin(rack):
    return rack.twins["lockin_xx"]


def open_mfli(address=ADDRESS, library="", clock=None):
    return MFLI(address, name="xx", settings=MFLI.Settings(), clock=clock or SteppedClock(), visa_library=library)


def test_opening_and_snapshot_set_nothing(rack, lockin):
    assert lockin.identity == "Zurich Instruments,MFLI,DEV1234"
    snapshot = lockin.snapshot()
    assert {"driver", "address", "identity", *lockin.SNAPSHOT} == set(snapshot)
    assert snapshot["address"] == ADDRESS
    assert orders(rack, "lockin_xx") == []


def test_volts_are_rms_on_our_side_and_peak_on_the_device(rack, lockin, twin):
    lockin.oscillator_V = 0.1
    assert twin.value("SIGOUTS/0/AMPLITUDES/1") == pytest.approx(0.1 * math.sqrt(2))
    assert lockin.oscillator_V == pytest.approx(twin.oscillator_V) == pytest.approx(0.1)
    for full_V in FULL_SCALES_V:
        lockin.sensitivity_V = full_V
        assert lockin.sensitivity_V == pytest.approx(full_V)
    twin.source = lambda: 1e-3
    twin.step(rack.now())
    rack.clock.advance(10)
    assert lockin.read().x_V == pytest.approx(1e-3, rel=1e-4)


def test_settings_are_read_back(lockin):
    for name, value in (("time_constant_s", 0.3), ("filter_stages", 8), ("frequency_Hz", 33.3), ("phase_deg", -12.5)):
        setattr(lockin, name, value)
        assert getattr(lockin, name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [("oscillator_V", 1.1), ("oscillator_V", math.nan), ("filter_stages", 9), ("time_constant_s", 0),
     ("phase_deg", "1"), ("sensitivity_V", 0.5), ("frequency_Hz", 6e6)],
)  # fmt: skip
def test_what_there_is_not_is_refused(rack, lockin, name, value):
    with pytest.raises(LimitExceeded, match=name):
        setattr(lockin, name, value)
    assert orders(rack, "lockin_xx") == []


def test_what_can_be_read_only_says_so(lockin):
    with pytest.raises(AttributeError, match="harmonic_number can be read only"):
        lockin.harmonic_number = 2


def test_an_output_that_is_switched_off_gives_nothing_and_takes_nothing(rack, lockin, twin):
    lockin.oscillator_V = 0.1
    twin.values["SIGOUTS/0/ON", ""][0] = 0
    assert lockin.oscillator_V == 0
    before = orders(rack, "lockin_xx")
    with pytest.raises(Refused, match="switch it on in LabOne"):
        lockin.oscillator_V = 0.2
    assert orders(rack, "lockin_xx") == before


def test_a_clipped_input_and_a_lost_reference(rack, lockin, twin):
    twin.source = lambda: 0.98 * FULL_SCALES_V[0]
    assert not lockin.read().overload
    twin.source = lambda: 1.01 * FULL_SCALES_V[0]
    assert lockin.read().overload
    twin.values["EXTREFS/0/ENABLE", ""][0] = 1
    assert lockin.read().unlocked


def test_every_reading_is_a_new_sample(rack, lockin, twin):
    readings = {lockin._sample()[2] for _ in range(5)}
    assert len(readings) == 1, "nothing new without time"
    began_s = rack.now()
    lockin.read()
    lockin.read()
    assert rack.now() - began_s == pytest.approx(1e-3)
    twin.values["DEMODS/0/ENABLE", ""][0] = 0
    lockin.read()  # the timestamp of nothing is another one
    with pytest.raises(Timeout, match="no new sample"):
        lockin.read()


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT])
def test_one_bad_answer_costs_one_reading_only(lockin, twin, fault):
    twin.faults.plan(fault, keep=3)
    with pytest.raises((Timeout, Garbled), match="lockin_xx"):
        lockin.read()
    lockin.read()


def test_a_lost_connection_is_opened_again(lockin, twin):
    twin.faults.plan(Fault.DISCONNECT)
    for _ in range(2):
        with pytest.raises(Lost, match="is gone"):
            lockin.read()
    lockin.reconnect()
    lockin.read()


@pytest.mark.parametrize("address", ["GPIB0::8::INSTR", "dev1234", "1234@localhost:8004", "dev1@local host:1", ""])
def test_an_address_of_another_kind_is_refused(address):
    with pytest.raises(Lost, match=r"write device@host:port"):
        open_mfli(address)


def test_another_address_in_the_rig_is_not_answered(rack):
    with pytest.raises(Lost, match="nothing answers"):
        open_mfli("dev9@127.0.0.1:8004", rack.library)


@pytest.mark.parametrize("volts", [0, -1, 7.1])
def test_settings_out_of_reason_are_refused(volts):
    with pytest.raises(ValueError, match="oscillator_max_V"):
        MFLI.Settings(oscillator_max_V=volts)


# LabOne


class StandIn:
    """As much of zhinst.toolkit.Session as the driver uses."""

    nodes = {}  # noqa: RUF012
    calls = []  # noqa: RUF012

    def __init__(self, host, port):
        self.calls.append(("session", host, port))

    def connect_device(self, device):
        if device != "dev1234":
            raise KeyError(device)
        return self

    def __getitem__(self, node):
        def call(value=None, **options):
            self.calls.append((node, value, options))
            if value is not None:
                self.nodes[node] = value
            if node not in self.nodes:
                raise RuntimeError("unknown node")
            return self.nodes[node]

        return call

    def sync(self):
        self.calls.append("sync")


@pytest.fixture
def labone(monkeypatch):
    sample = {"x": [0.0, 1e-3], "y": [0.0, -1e-4], "timestamp": [1, 2]}
    nodes = {
        "features/devtype": "MFLI", "features/serial": "1234", "demods/0/sample": sample, "sigins/0/max": 0.2,
        "sigins/0/min": -0.2, "extrefs/0/enable": 0, "demods/0/order": 3,
    }  # fmt: skip
    monkeypatch.setattr(StandIn, "nodes", nodes)
    monkeypatch.setattr(StandIn, "calls", [])
    toolkit = types.ModuleType("zhinst.toolkit")
    toolkit.Session = StandIn
    monkeypatch.setitem(sys.modules, "zhinst", types.ModuleType("zhinst"))
    monkeypatch.setitem(sys.modules, "zhinst.toolkit", toolkit)
    return StandIn


def test_through_labone(labone):
    lockin = open_mfli()
    assert labone.calls[0] == ("session", "127.0.0.1", 8004)
    assert lockin.identity == "Zurich Instruments,MFLI,1234"
    reading = lockin.read()
    assert (reading.x_V, reading.y_V, reading.overload, reading.unlocked) == (1e-3, -1e-4, False, False)
    assert ("demods/0/sample", None, {"enum": False}) in labone.calls, "enumerated values come as numbers"
    lockin.filter_stages = 4
    assert labone.calls[-3:-1] == [("demods/0/order", 4.0, {}), "sync"]
    lockin.close()


@pytest.mark.parametrize(
    "sample", [None, {}, {"x": [], "y": [], "timestamp": []}, {"x": [math.nan], "y": [0], "timestamp": [1]}, 1.0,
               {"x": ["a"], "y": [0], "timestamp": [1]}, {"x": [11], "y": [0], "timestamp": [1]}]
)  # fmt: skip
def test_a_sample_that_cannot_be_is_refused(labone, sample):
    lockin = open_mfli()
    labone.nodes["demods/0/sample"] = sample
    with pytest.raises(Garbled, match="demods/0/sample"):
        lockin.read()


@pytest.mark.parametrize("value", [math.nan, "3", None, 9, True])
def test_a_node_that_cannot_be_is_refused(labone, value):
    lockin = open_mfli()
    labone.nodes["demods/0/order"] = value
    with pytest.raises(Garbled, match="demods/0/order"):
        _ = lockin.filter_stages


def test_what_labone_raises_names_the_instrument_and_what_to_do(labone):
    with pytest.raises(Lost, match=r"xx: cannot open dev7@.*KeyError.*data server"):
        open_mfli("dev7@127.0.0.1:8004")
    lockin = open_mfli()
    with pytest.raises(Lost, match="xx: the connection .* is gone at oscs/0/freq: RuntimeError"):
        _ = lockin.frequency_Hz
    labone.nodes["features/devtype"] = "HF2LI"
    with pytest.raises(Lost, match="no MFLI, it says 'HF2LI'"):
        open_mfli()


def test_without_the_toolkit_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "zhinst", None)
    monkeypatch.setitem(sys.modules, "zhinst.toolkit", None)
    with pytest.raises(Lost, match=r"pip install cusp\[mfli\]"):
        open_mfli()


def test_asking_is_all_that_a_reading_does(rack, lockin):
    lockin.read()
    assert heard(rack, "lockin_xx")[-4:] == ["demods/0/sample", "sigins/0/max", "sigins/0/min", "extrefs/0/enable"]
