import socket
import threading

import pytest
from pymeasure.instruments.srs import SR830

from drivers.ami430 import AMI430
from drivers.clock import Clock
from drivers.errors import Lost
from drivers.roles import RampOutcome
from drivers.simulated.server import LOOPBACK, Server
from drivers.simulated.twin import Fault
from tests.drivers.rig import INSTRUMENTS, make_rack, still


@pytest.fixture
def rack():
    return make_rack(Clock(100), cryostat=still())


@pytest.fixture
def server(rack):
    with Server(rack.twins, rack.clock) as server:
        yield server


def where(server, name):
    return next(entry for entry in server.connections() if entry["name"] == name)


def test_it_says_where(server):
    connections = server.connections()
    assert [entry["name"] for entry in connections] == list(INSTRUMENTS)
    assert len({entry["port"] for entry in connections}) == 4
    assert where(server, "magnet") == {
        "name": "magnet", "driver": "ami430", "model": "ami430", "host": "127.0.0.1",
        "port": where(server, "magnet")["port"],
        "resource": f"TCPIP::127.0.0.1::{where(server, 'magnet')['port']}::SOCKET",
        "read_termination": "\r\n", "write_termination": "\n",
    }  # fmt: skip


def test_it_listens_on_loopback_alone(server):
    assert LOOPBACK == "127.0.0.1"
    for port in server._ports.values():
        assert port.socket.getsockname()[0] == "127.0.0.1"


def test_a_plain_socket(server):
    with socket.create_connection((LOOPBACK, where(server, "magnet")["port"]), timeout=5) as client:
        file = client.makefile("rwb")
        assert file.readline() == b"American Magnetics Model 430 IP Interface\r\n"
        assert file.readline() == b"Hello.\r\n"
        client.sendall(b"FIELD:MA")
        client.sendall(b"G?\r\n*IDN?\r\n")
        assert file.readline() == b"0.000000\r\n"
        assert b"MODEL 430" in file.readline()


def test_our_driver_over_tcp(rack, server):
    magnet = AMI430(
        str(where(server, "magnet")["resource"]), name="magnet", clock=rack.clock, visa_library="@py",
        settings=AMI430.Settings(field_max_T=1, ramp_rate_max_T_per_min=1),
    )  # fmt: skip
    assert magnet.ramp_to(0.05, 1.0) is RampOutcome.HOLDING
    magnet.close()


def test_pymeasures_driver_over_tcp(server):
    lockin = SR830(str(where(server, "lockin_xx")["resource"]), visa_library="@py", read_termination="\n")
    assert "SR830" in lockin.id
    lockin.sensitivity = 1e-3
    assert lockin.sensitivity == 1e-3
    lockin.adapter.close()


def test_a_hang_up_is_seen(rack, server):
    magnet = AMI430(
        str(where(server, "magnet")["resource"]), name="magnet", clock=rack.clock, visa_library="@py", timeout_s=0.2,
        settings=AMI430.Settings(field_max_T=1, ramp_rate_max_T_per_min=1),
    )  # fmt: skip
    rack.twins["magnet"].faults.plan(Fault.DISCONNECT)
    errors = []
    for _ in range(4):
        try:
            magnet.field_T  # noqa: B018
        except Exception as error:
            errors.append(type(error).__name__)
    assert errors[-1] == Lost.__name__
    magnet.close()


def test_after_closing_nothing_listens(rack):
    server = Server(rack.twins, rack.clock)
    port = where(server, "magnet")["port"]
    server.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port), timeout=0.5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("rack ")]


def test_a_missing_server_is_named():
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        port = taken.getsockname()[1]
    with pytest.raises(Lost, match=f"magnet: .*{port}.*"):
        AMI430(
            f"TCPIP::127.0.0.1::{port}::SOCKET", name="magnet", clock=Clock(), visa_library="@py", timeout_s=0.3,
            settings=AMI430.Settings(field_max_T=1, ramp_rate_max_T_per_min=1),
        )  # fmt: skip
