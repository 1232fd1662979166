"""Other people's drivers of the AMI 430 talk to its twin over loopback TCP as to the real one."""

import logging

import pytest
from pymeasure.instruments import ami as pymeasure_ami

from drivers.clock import Clock
from drivers.simulated.server import Server
from tests.drivers.rig import make_rack

TERMINATIONS = {"read_termination": "\r\n", "write_termination": "\n"}


@pytest.fixture
def port():
    rack = make_rack(Clock(200.0))
    with Server(rack.twins, rack.clock) as server:
        yield rack, next(c["port"] for c in server.connections() if c["name"] == "magnet")


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_pymeasure_reads_and_ramps(port):
    rack, number = port
    magnet = pymeasure_ami.AMI430(f"TCPIP::127.0.0.1::{number}::SOCKET", visa_library="@py", **TERMINATIONS)
    assert "MODEL 430" in magnet.id
    assert magnet.magnet_current == pytest.approx(0)
    assert magnet.supply_current == pytest.approx(0)
    assert magnet.field == pytest.approx(0)
    assert magnet.state in (3, "PAUSED")
    magnet.ramp_rate_field = 0.5
    magnet.target_field = 0.2
    magnet.ramp()
    magnet.wait_for_holding()
    assert rack.cryostat.coil.current_A == pytest.approx(2.0, abs=1e-3)
    assert magnet.field == pytest.approx(0.2, abs=1e-3)
    magnet.adapter.close()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_qcodes_reads_everything_and_ramps(port):
    ami = pytest.importorskip("qcodes.instrument_drivers.american_magnetics")
    logging.getLogger("qcodes").setLevel(logging.ERROR)
    rack, number = port
    magnet = ami.AMIModel430(
        "ami", f"TCPIP::127.0.0.1::{number}::SOCKET", visalib="@py", device_clear=False, terminator="\r\n",
    )  # fmt: skip
    try:
        assert "430" in str(magnet.get_idn()["model"])
        read = {name: p.get() for name, p in magnet.parameters.items() if p.gettable}
        assert read["field"] == pytest.approx(0)
        assert read["ramping_state"] in ("paused", "at zero current", "holding")
        magnet.field_limit(1.0)
        magnet.ramp_rate(0.01)
        magnet.set_field(0.1)
        assert magnet.field() == pytest.approx(0.1, abs=1e-3)
        assert rack.cryostat.coil.current_A == pytest.approx(1.0, abs=1e-2)
    finally:
        magnet.close()
