"""The usual station with an instrument of any driver in the place of the usual one of its role."""

from __future__ import annotations

import dataclasses
from typing import Any

import acquire.station
from acquire.config import Config, Instrument
from acquire.station import Station
from drivers.catalogue import DRIVERS
from drivers.clock import Clock
from drivers.simulated.catalogue import TWINS
from drivers.simulated.rack import Rack
from tests.drivers.rig import HANGS_ON, NAMES, SETTINGS, SETTINGS_BY_ROLE

RUNNING = [driver for driver, cls in DRIVERS.items() if cls.role in ("lockin", "magnet", "temperature")]
"""The drivers that a run can be made with."""


def config_with(config: Config, driver: str, **more: Any) -> Config:
    """Return a configuration with this driver in it, at the address of its twin."""
    name, cls, twin = NAMES[driver], DRIVERS[driver], TWINS[HANGS_ON.get(driver, driver)]
    settings = cls.Settings(**SETTINGS.get(driver, SETTINGS_BY_ROLE.get(cls.role, {})))
    end = twin.READ_TERMINATION if driver in HANGS_ON else None
    entry = Instrument(driver=driver, address=twin.ADDRESS, settings=settings, read_termination=end, **more)
    return config.model_copy(update={"instruments": config.instruments | {name: entry}})


def station_with(config: Config, driver: str, clock: Clock, monkeypatch: Any) -> Station:
    """Return such a station, with a magnet whose switch is not there."""
    monkeypatch.setattr(acquire.station, "make_rack", make_rack)
    return Station(config_with(config, driver), clock)


def make_rack(config: Config, clock: Clock) -> Rack:
    """Return the rack of a configuration; behind a described instrument stands the one that is described."""
    named = {name: (HANGS_ON.get(e.driver, e.driver), e.address) for name, e in config.instruments.items()}
    simulation = dataclasses.replace(config.simulation)
    rack = Rack(clock, simulation, named, series_resistor_ohm=config.series_resistor_ohm)
    for twin in rack.twins.values():
        if hasattr(twin, "remove_switch"):
            twin.remove_switch()
    return rack
