"""QCoDeS' own lock-in drivers, as they are, on the twins, over loopback TCP; run where QCoDeS is installed."""

import pytest

from drivers.clock import Clock
from drivers.simulated.server import Server
from tests.drivers.rig import make_rack

pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]  # what QCoDeS and pyvisa-py warn of is theirs

LOCK_INS = {
    "sr830": ("qcodes.instrument_drivers.stanford_research", "SR830"),
    "sr860": ("qcodes.instrument_drivers.stanford_research", "SR860"),
    "sr865a": ("qcodes.instrument_drivers.stanford_research", "SR865A"),
    "dsp7270": ("qcodes_contrib_drivers.drivers.Ametek.SR_7270", "Signalrecovery7270"),
}
LEFT_OUT = ("output_interface", *(f"ch{n}_{kind}" for n in (1, 2) for kind in ("databuffer", "datatrace")))
"""Of the SR830: one compares with a reply that still has its terminator, the others read a buffer that is empty."""


@pytest.mark.parametrize("driver", LOCK_INS)
def test_every_parameter_can_be_read(driver):
    module, name = LOCK_INS[driver]
    cls = getattr(pytest.importorskip(module), name)
    rack = make_rack(Clock(), driver=driver)
    with Server({driver: rack.twins["lockin_xx"]}, rack.clock) as server:
        more = {"terminator": "\n"} if driver == "sr830" else {}  # its author took GPIB for granted
        lock_in = cls(f"cusp_{driver}", server.connections()[0]["resource"], visalib="@py", **more)
        assert lock_in.get_idn()["model"] in driver.upper()
        values = {
            name: parameter.get()
            for name, parameter in lock_in.parameters.items()
            if parameter.gettable and name not in LEFT_OUT
        }
        assert len(values) > 15
        lock_in.close()
