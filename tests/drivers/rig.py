"""A simulated rig for the tests of the drivers."""

from __future__ import annotations

from typing import Any

from drivers.catalogue import DRIVERS
from drivers.clock import Clock, SteppedClock
from drivers.simulated.catalogue import TWINS
from drivers.simulated.cryostat import CryostatSettings
from drivers.simulated.rack import Rack, RackSettings

INSTRUMENTS = {
    "lockin_xx": ("sr830", "GPIB0::8::INSTR"),
    "lockin_xy": ("sr830", "GPIB0::9::INSTR"),
    "magnet": ("ami430", "TCPIP0::192.168.0.5::7180::SOCKET"),
    "thermometer": ("lakeshore336", "TCPIP0::192.168.0.6::7777::SOCKET"),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "ami430": {"field_max_T": 1.0, "ramp_rate_max_T_per_min": 1.0},
    "lakeshore336": {"heater_range": 2},
}
SETTINGS_BY_ROLE: dict[str, dict[str, Any]] = {"magnet": SETTINGS["ami430"]}
BY_ROLE = {"lockin": "lockin_xx", "magnet": "magnet", "temperature": "thermometer", "source": "source"}
NAMES = {driver: BY_ROLE[cls.role] for driver, cls in DRIVERS.items()}
"""The name in the rig of an instrument of each driver."""
RESISTOR_OHM = 1e6


def make_rack(clock: Clock | None = None, *, driver: str | None = None, **settings: Any) -> Rack:
    """Return the usual rig, with an instrument of `driver` in the place of the usual one of its role."""
    instruments = INSTRUMENTS | ({NAMES[driver]: (driver, TWINS[driver].ADDRESS)} if driver else {})
    return Rack(clock or SteppedClock(), RackSettings(**settings), instruments, series_resistor_ohm=RESISTOR_OHM)


def open_driver(rack: Rack, name: str, timeout_s: float = 2.0, **settings: Any) -> Any:
    twin = rack.twins[name]
    cls = DRIVERS[twin.driver_name]
    usual = SETTINGS.get(twin.driver_name, SETTINGS_BY_ROLE.get(cls.role, {}))
    chosen = cls.Settings(**(usual | settings))
    return cls(
        rack.addresses[name],
        name=name,
        settings=chosen,
        clock=rack.clock,
        visa_library=rack.library,
        timeout_s=timeout_s,
    )


def heard(rack: Rack, name: str) -> list[str]:
    """Return the lines that an instrument was sent."""
    return [said.text for said in rack.twins[name].wire_log if said.direction == "in"]


def orders(rack: Rack, name: str) -> list[str]:
    """Return the lines that were no questions."""
    return [line for line in heard(rack, name) if not rack.twins[name].asks(line)]


def still() -> CryostatSettings:
    """A cryostat without trapped flux."""
    return CryostatSettings(trapped_flux_T=0.0)
