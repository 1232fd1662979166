"""PyMeasure's own lock-in classes, as they are, on the twins: every property that can be read is read."""

import inspect

import pytest
from pymeasure.instruments.ametek import Ametek7270
from pymeasure.instruments.signalrecovery import DSP7265
from pymeasure.instruments.srs import SR830, SR860

from tests.drivers.rig import make_rack, orders

OF_SCPI = {"complete", "id", "next_error", "options", "status"}
"""PyMeasure's base class has them for instruments that speak SCPI; of these only some do."""
LOCK_INS = {
    "sr830": (SR830, OF_SCPI - {"id", "status"}, "Stanford_Research_Systems,SR830"),
    "sr860": (SR860, OF_SCPI, "Stanford_Research_Systems,SR860"),
    "sr865a": (SR860, OF_SCPI, "Stanford_Research_Systems,SR865A"),
    # its getter of auto_gain takes int() of a list
    "dsp7265": (DSP7265, OF_SCPI - {"id"} | {"auto_gain"}, "7265"),
    # those of the dual modes, which an empty reply says
    "dsp7270": (Ametek7270, {"x1", "x2", "y1", "y2"}, "7270"),
}


@pytest.fixture(params=sorted(LOCK_INS))
def opened(request):
    cls, _, _ = LOCK_INS[request.param]
    rack = make_rack(driver=request.param, noise_V_per_sqrtHz=0.0)
    rack.clock.advance(1)
    # on a socket PyMeasure must be told where a reply ends
    options = {"read_termination": "\n"} if cls is SR860 else {}
    return request.param, rack, cls(rack.addresses["lockin_xx"], visa_library=rack.library, **options)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # PyMeasure's own: misspelt names, and what is SCPI
def test_every_property_can_be_read_but_those_that_are_wrong_in_pymeasure(opened):
    driver, rack, lock_in = opened
    wrong = set()
    readable = [name for name, thing in inspect.getmembers(type(lock_in)) if isinstance(thing, property)]
    for name in readable:
        try:
            getattr(lock_in, name)
        except Exception:  # whatever a foreign getter raises
            wrong.add(name)
    assert wrong == LOCK_INS[driver][1]
    assert len(readable) - len(wrong) > 20
    assert orders(rack, "lockin_xx") == []


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_identity_and_settings(opened):
    driver, _, lock_in = opened
    query = "ID" if driver.startswith("dsp") else "*IDN?"
    assert lock_in.ask(query).strip().startswith(LOCK_INS[driver][2])
    lock_in.time_constant = 1.0
    lock_in.sensitivity = 1e-3
    lock_in.frequency = 33.0
    assert lock_in.time_constant == 1.0
    assert lock_in.sensitivity == pytest.approx(1e-3)
    assert lock_in.frequency == 33.0


@pytest.mark.parametrize("typo", ["REFZ&d", "ADVFIL 1", "GSDP 5"])
def test_misspelt_commands_of_pymeasure_are_errors(typo):
    twin = make_rack(driver="sr860").twins["lockin_xx"]
    twin.feed("*CLS")
    before = {key: list(value) for key, value in twin.values.items()}
    assert twin.feed(typo) is None
    assert twin.feed("*ESR?") == "32"
    assert twin.values == before
