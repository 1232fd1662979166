from pathlib import Path

import pytest

from acquire.config import Config, load
from acquire.session import Session
from acquire.station import Station
from analysis.live import Settings
from drivers.clock import SteppedClock
from procedures.field_sweep import FieldSweep

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def config() -> Config:
    return load(ROOT / "config.yaml")


@pytest.fixture
def station(config):
    opened = Station(config, SteppedClock())
    yield opened
    opened.close()


@pytest.fixture
def session(station, tmp_path):
    made = Session(station, tmp_path, Settings(sample=station.config.sample))
    yield made
    made.close()


@pytest.fixture
def short_sweep():
    return FieldSweep(
        field_list_T="-0.1:-0.02:5, -0.016:0.016:17, 0.02:0.1:5", field_rate_T_per_min=1.0,
        set_temperature=False, current_nA=150.0,
    )  # fmt: skip
