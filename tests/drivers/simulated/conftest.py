import pytest

from drivers.clock import SteppedClock
from drivers.simulated.cryostat import Cryostat, CryostatSettings
from drivers.simulated.sample import Film


@pytest.fixture
def clock():
    return SteppedClock()


@pytest.fixture
def cryostat(clock):
    return Cryostat(clock, Film(), CryostatSettings(field_per_ampere_T=0.1, inductance_H=5.0))


@pytest.fixture
def still_cryostat(clock):
    """Without trapped flux."""
    return Cryostat(clock, Film(), CryostatSettings(field_per_ampere_T=0.1, inductance_H=5.0, trapped_flux_T=0.0))


@pytest.fixture
def coil(cryostat):
    return cryostat.coil


@pytest.fixture
def on_stage(clock, cryostat):
    """Returns a twin of a kind that regulates the stage of the cryostat."""

    def hang(kind):
        twin = kind(clock, cryostat.heat)
        twin.moment = cryostat.moment
        cryostat.every(twin.period_s, twin.step)
        return twin

    return hang
