"""Magnet and thermometer of a Quantum Design cryostat: through the rig's stand-in, and through MultiPyVu's server."""

import math
import socket
import sys
import threading
import types

import pytest

from drivers.clock import Clock, SteppedClock
from drivers.errors import Garbled, LimitExceeded, Lost, Quench, Refused, Timeout, Tripped
from drivers.multivu import Connection
from drivers.ppms import PPMSMagnet, PPMSTemperature
from drivers.roles import MagnetState, RampOutcome
from drivers.simulated.cryostat import SensorFault
from drivers.simulated.rack import Rack, RackSettings
from drivers.simulated.twin import Fault
from tests.drivers.rig import orders

ADDRESS = "ppms@127.0.0.1:5000"
NAMES = {"magnet": ("ppms_magnet", ADDRESS), "thermometer": ("ppms_temperature", ADDRESS)}
MAGNET = {"field_max_T": 1.0, "ramp_rate_max_T_per_min": 1.0}


@pytest.fixture
def rack():
    return Rack(SteppedClock(), RackSettings(), NAMES, series_resistor_ohm=1e6)


def open_magnet(library, clock, address=ADDRESS, **settings):
    chosen = PPMSMagnet.Settings(**(MAGNET | settings))
    return PPMSMagnet(address, name="magnet", settings=chosen, clock=clock, visa_library=library)


def open_thermometer(library, clock, address=ADDRESS, **settings):
    chosen = PPMSTemperature.Settings(**({"temperature_min_K": 1.5} | settings))
    return PPMSTemperature(address, name="thermometer", settings=chosen, clock=clock, visa_library=library)


@pytest.fixture
def magnet(rack):
    return open_magnet(rack.library, rack.clock)


@pytest.fixture
def thermometer(rack):
    return open_thermometer(rack.library, rack.clock)


@pytest.fixture
def twin(rack):
    """The one that answers at the address which both share."""
    return rack.library.twins[ADDRESS]


def said(rack):
    return orders(rack, "thermometer")


def test_opening_and_snapshot_set_nothing(rack, magnet, thermometer):
    assert magnet.identity == thermometer.identity == "Quantum Design,DYNACOOL"
    for instrument in (magnet, thermometer):
        assert {"driver", "address", "identity", *instrument.SNAPSHOT} == set(instrument.snapshot())
    assert said(rack) == []


def test_both_speak_through_one_connection_that_the_last_one_closes(rack, magnet, thermometer):
    """MultiPyVu admits one client: a second one would be turned away."""
    assert magnet._connection is thermometer._connection
    magnet.close()
    magnet.close()
    assert thermometer.temperature_K == pytest.approx(4.2, abs=0.01)
    thermometer.close()
    with pytest.raises(Lost, match="thermometer: the connection to ppms@127.0.0.1:5000 is closed"):
        thermometer.temperature_K  # noqa: B018
    assert open_magnet(rack.library, rack.clock).field_T == 0


def test_a_ramp_arrives_by_its_value_and_not_by_what_is_said_of_it(rack, magnet):
    """For a second after the set point the state is still that of before, and holding."""
    magnet.start_ramp(0.1, 0.6)
    assert said(rack) == ["FIELD 1000.0,100.0,0"]
    assert magnet.state is MagnetState.HOLDING
    assert magnet.field_T == 0
    began_s = rack.clock.now()
    seen: list[float] = []
    assert magnet.ramp_to(0.2, 0.6, on_reading=seen.append) is RampOutcome.HOLDING
    assert seen[0] == 0
    assert rack.cryostat.coil.current_A * 0.1 == pytest.approx(0.2)
    assert rack.clock.now() - began_s >= 20 + 1
    assert (magnet.target_T, magnet.ramp_rate_T_per_min) == pytest.approx((0.2, 0.6))


def test_a_ramp_to_where_it_is_waits_until_the_state_can_be_believed(rack, magnet):
    began_s = rack.clock.now()
    assert magnet.ramp_to(0.0, 0.6) is RampOutcome.HOLDING
    assert rack.clock.now() - began_s > 1.5


def test_a_segment_slows_the_ramp(rack):
    magnet = open_magnet(rack.library, rack.clock, ramp_segments=((0.5, 1.0), (1.0, 0.1)))
    assert magnet.duration_s(0.0, 0.6, 1.0) == pytest.approx(360)
    magnet.start_ramp(0.6, 1.0)
    assert magnet.ramp_rate_T_per_min == pytest.approx(0.1)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1.0001, -1.0001, "0", None, True])
def test_what_is_outside_the_limits_is_not_sent(rack, magnet, bad):
    with pytest.raises(LimitExceeded, match="field_T"):
        magnet.ramp_to(bad, 0.5)
    for rate in (0, -1, 1.1, math.nan):
        with pytest.raises(LimitExceeded, match="ramp_rate_T_per_min"):
            magnet.start_ramp(0.1, rate)
    assert said(rack) == []


def test_an_interrupt_holds_the_field(rack, magnet):
    interrupt = threading.Event()
    outcome = magnet.ramp_to(
        0.5, 0.6, interrupt=interrupt, on_reading=lambda field_T: interrupt.set() if field_T > 0.05 else None
    )
    assert outcome is RampOutcome.ABORTED
    rack.clock.advance(10)
    assert magnet.field_T == pytest.approx(0.05, abs=0.02)
    assert magnet.target_T == pytest.approx(0.05, abs=0.02)


def test_a_magnet_at_rest_is_told_nothing_by_a_hold(rack, magnet):
    """MultiVu would heat the switch of a persistent one; a ramp that has not shown yet is stopped all the same."""
    magnet.hold()
    assert said(rack) == []
    magnet.start_ramp(0.5, 0.6)
    magnet.hold()
    assert len(said(rack)) == 2
    rack.clock.advance(30)
    assert magnet.field_T == 0
    magnet.hold()
    assert len(said(rack)) == 2


def test_a_ramp_whose_state_becomes_unknown_is_told_to_hold(rack, magnet):
    """What MultiVu does not know is latched as a fault; the magnet may ramp on all the same."""
    magnet.start_ramp(0.5, 0.6)
    rack.clock.advance(10)
    assert magnet.state is MagnetState.RAMPING
    rack.twins["magnet"].field.status = "Unknown"
    with pytest.raises(Tripped, match="MultiVu says 'Unknown'"):
        magnet.ramp_to(0.1, 0.6)
    assert rack.cryostat.coil.ramping
    magnet.hold()
    rack.clock.advance(2)
    before_T = magnet.field_T
    rack.clock.advance(20)
    assert magnet.field_T == pytest.approx(before_T, abs=1e-6)
    assert before_T < 0.2


def test_a_quench_is_latched_and_nothing_is_sent_after_it(rack, magnet):
    magnet.start_ramp(0.5, 0.6)
    rack.clock.advance(20)
    rack.cryostat.coil.quench()
    rack.clock.advance(1)
    assert magnet.state is MagnetState.QUENCH
    before = said(rack)
    magnet.hold()
    with pytest.raises(Quench, match="magnet: quench; no ramp is sent"):
        magnet.start_ramp(0.1, 0.5)
    with pytest.raises(Quench):
        magnet.rearm()
    rack.clock.advance(60)
    assert magnet.state is MagnetState.QUENCH
    assert said(rack) == before
    magnet.rearm()
    assert magnet.ramp_to(0.1, 0.5) is RampOutcome.HOLDING


@pytest.mark.parametrize("status", ["PSU Error", "Unknown", "General Failure", "Switch Error"])
def test_errors_and_an_unknown_state_are_latched_as_a_fault(rack, magnet, twin, status):
    twin.field.status = status
    with pytest.raises(Tripped, match=f"MultiVu says '{status}'"):
        magnet.start_ramp(0.1, 0.5)
    twin.field.status = "Stable"
    assert magnet.state is MagnetState.FAULT
    magnet.rearm()
    assert magnet.state is MagnetState.HOLDING


def test_a_state_that_is_none_is_garbled(magnet, twin):
    twin.field.status = "Stab"
    with pytest.raises(Garbled, match="FIELD"):
        magnet.state  # noqa: B018
    twin.field.status = "Switch Cooling"
    with pytest.raises(Refused, match="cooling the switch; no ramp is started"):
        magnet.start_ramp(0.1, 0.5)


def test_the_switch_of_a_persistent_magnet_is_not_heated_unasked(rack, twin, monkeypatch):
    """Only a PPMS can be persistent; it says Stable then, and Holding (driven) else."""
    monkeypatch.setattr(type(twin), "_flavor", lambda self: "PPMS")
    twin.field.status = "Stable"
    with pytest.raises(Refused, match="persistent, MultiVu would heat the switch"):
        open_magnet(rack.library, rack.clock).start_ramp(0.1, 0.5)
    assert said(rack) == []
    open_magnet(rack.library, rack.clock, leave_persistent=True).start_ramp(0.1, 0.5)


def test_a_set_point_that_is_not_taken_is_seen_and_the_magnet_told_to_hold(rack, magnet, twin, monkeypatch):
    monkeypatch.setattr(twin.field, "set", lambda *args: None, raising=False)
    with pytest.raises(Refused, match="FIELD 1000 at .* was sent, MultiVu shows 0 at"):
        magnet.start_ramp(0.1, 0.5)
    assert said(rack)[-1].startswith("FIELD 0.0,")


@pytest.mark.parametrize("target", [1.8, 10.0])
def test_a_temperature_settles(rack, thermometer, target):
    thermometer.start_ramp(target, 20)
    assert said(rack) == [f"TEMP {target},20.0,0"]
    assert thermometer.status == "Stable"
    assert thermometer.setpoint_K == target
    assert thermometer.settle(target, tolerance_K=0.02, dwell_s=15, timeout_s=900)
    assert rack.cryostat.heat.stage_K == pytest.approx(target, abs=0.03)
    assert abs(thermometer.drift_K_per_min) < 0.16
    assert thermometer.ramp_rate_K_per_min == 20
    assert math.isnan(thermometer.heater_percent)


def test_stable_at_the_old_temperature_is_not_settled_at_the_new_one(rack, thermometer):
    thermometer.start_ramp(4.3, 20)
    began_s = rack.clock.now()
    assert thermometer.settle(4.3, tolerance_K=0.2, dwell_s=0, timeout_s=60)
    assert rack.clock.now() - began_s >= 1.5


@pytest.mark.parametrize("fault", [SensorFault.OPEN, SensorFault.SHORTED])
def test_a_broken_thermometer_is_named_and_nothing_is_sent(rack, thermometer, fault):
    rack.cryostat.heat.sensor_fault = fault
    rack.clock.advance(1)
    with pytest.raises(Refused, match="0 K with status 'General Failure'"):
        thermometer.start_ramp(10)
    with pytest.raises(Refused, match="cannot be told to switch a heater off"):
        thermometer.heater_off()
    assert said(rack) == []


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.GARBLE, Fault.CUT])
def test_single_spoilt_answers_are_survived(magnet, thermometer, twin, fault):
    for skip in (0, 2, 5, 9):
        twin.faults.plan(fault, skip=skip, keep=3)
    assert magnet.ramp_to(0.05, 0.6) is RampOutcome.HOLDING
    twin.faults.plan(fault, keep=3)
    with pytest.raises((Timeout, Garbled), match="thermometer"):
        thermometer.temperature_K  # noqa: B018
    thermometer.temperature_K  # noqa: B018


def test_a_lost_connection_is_opened_again_once_for_both(magnet, thermometer, twin):
    twin.faults.plan(Fault.DISCONNECT)
    with pytest.raises(Lost, match="magnet: the connection .* is gone at FIELD"):
        magnet.field_T  # noqa: B018
    with pytest.raises(Lost, match="thermometer: the connection .* is closed"):
        thermometer.temperature_K  # noqa: B018
    thermometer.reconnect()
    magnet.reconnect()
    assert magnet.field_T == 0


@pytest.mark.parametrize("address", ["GPIB0::8::INSTR", "ppms@host", "dev1@localhost:1", "ppms@local host:1", ""])
def test_an_address_of_another_kind_is_refused(address):
    assert not PPMSMagnet.accepts_address(address)
    with pytest.raises(Lost, match=r"write ppms@host:port"):
        open_magnet("", SteppedClock(), address)


@pytest.mark.parametrize(
    "settings",
    [{"approach": "fast"}, {"field_max_T": 0.0}, {"ramp_segments": ((0.5, 1.0),)}],
)
def test_settings_of_the_magnet_out_of_reason_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        PPMSMagnet.Settings(**(MAGNET | settings))


@pytest.mark.parametrize("settings", [{"approach": "linear"}, {"ramp_rate_max_K_per_min": 21.0}])
def test_settings_of_the_thermometer_out_of_reason_are_refused(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        PPMSTemperature.Settings(**settings)


# MultiPyVu


def test_without_multipyvu_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "MultiPyVu", None)
    with pytest.raises(Lost, match=r"pip install cusp\[ppms\]"):
        open_magnet("", SteppedClock())


class StandIn:
    """As much of MultiPyVu.Client as the driver uses."""

    instrument_name = "DYNACOOL"
    reply = (1000.0, "Holding (driven)")

    def __init__(self, host, port):
        self.field = types.SimpleNamespace(state_code_dict=lambda: {4: "Holding (driven)"})

    def open(self):
        return self

    def get_field(self):
        if isinstance(self.reply, BaseException):
            raise self.reply
        return self.reply

    def close_client(self):
        pass


@pytest.fixture
def multipyvu(monkeypatch):
    module, base = types.ModuleType("MultiPyVu"), types.ModuleType("MultiPyVu.MultiVuClient_base")
    module.Client, module.MultiVuClient_base = StandIn, base
    monkeypatch.setitem(sys.modules, "MultiPyVu", module)
    monkeypatch.setitem(sys.modules, "MultiPyVu.MultiVuClient_base", base)
    monkeypatch.setattr(StandIn, "reply", StandIn.reply)
    return StandIn


def test_oersted_become_tesla(multipyvu):
    magnet = open_magnet("", SteppedClock())
    assert magnet.field_T == pytest.approx(0.1)
    magnet.close()


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        ((0.0, "Timeout waiting for confirmation"), Timeout, "Timeout waiting"),
        (SystemExit(0), Lost, "SystemExit"),
        (IndexError("list index out of range"), Lost, "IndexError"),
        (ConnectionAbortedError("server closed"), Lost, "server closed"),
        (type("MultiPyVuError", (Exception,), {})("not now"), Refused, "MultiVu did not accept"),
    ],
)
def test_what_multipyvu_does_when_something_fails_is_no_reading(multipyvu, reply, error, words):
    """It says 0 with the text of an error for a status, ends the program, or trips over its own reply."""
    magnet = open_magnet("", SteppedClock())
    multipyvu.reply = reply
    with pytest.raises(error, match=words):
        magnet.field_T  # noqa: B018
    magnet.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def dynacool(monkeypatch, tmp_path):
    """MultiPyVu's own simulation of a DynaCool; it would listen on all addresses whatever it is told."""
    multipyvu = pytest.importorskip("MultiPyVu")
    monkeypatch.chdir(tmp_path)  # it writes a log where it stands
    bind = socket.socket.bind
    monkeypatch.setattr(socket.socket, "bind", lambda self, where: bind(self, ("127.0.0.1", *where[1:])))
    port = free_port()
    server = multipyvu.Server(["-s", "dynacool", f"-p={port}"], host="127.0.0.1")
    server.open()
    yield f"ppms@127.0.0.1:{port}"
    server.close()


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.filterwarnings("ignore")
def test_a_simulated_dynacool_of_quantum_design(dynacool):
    clock = Clock()
    magnet = None
    while magnet is None:  # it takes a moment to listen
        try:
            magnet = open_magnet("", clock, dynacool)
        except Lost:
            assert clock.now() < 20
            clock.sleep(0.5)
    thermometer = open_thermometer("", clock, dynacool)
    assert magnet.identity == "Quantum Design,DYNACOOL"
    assert magnet.snapshot()["field_T"] == 0
    assert thermometer.snapshot()["temperature_K"] == pytest.approx(300)
    assert magnet.ramp_to(0.02, 0.6) is RampOutcome.HOLDING
    assert magnet.field_T == pytest.approx(0.02, abs=1e-4)
    interrupt = threading.Event()
    outcome = magnet.ramp_to(
        0.1, 0.6, interrupt=interrupt, on_reading=lambda field_T: interrupt.set() if field_T > 0.03 else None
    )
    assert outcome is RampOutcome.ABORTED
    clock.sleep(4)
    assert magnet.field_T == pytest.approx(0.035, abs=0.015)
    thermometer.start_ramp(299, 20)
    assert thermometer.settle(299, tolerance_K=0.05, dwell_s=2, timeout_s=60)
    magnet.close()
    thermometer.close()
    assert not Connection._all.get((dynacool, 0)) or Connection._all[dynacool, 0]._session is None
