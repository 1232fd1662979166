"""A simulated rig for the tests of the drivers."""

from __future__ import annotations

from typing import Any

from drivers.catalogue import DRIVERS
from drivers.clock import Clock, SteppedClock
from drivers.simulated.catalogue import TWINS
from drivers.simulated.cryostat import CryostatSettings
from drivers.simulated.rack import Rack, RackSettings
from tests.drivers.descriptions import AMI430, LAKESHORE336, SR830

INSTRUMENTS = {
    "lockin_xx": ("sr830", "GPIB0::8::INSTR"),
    "lockin_xy": ("sr830", "GPIB0::9::INSTR"),
    "magnet": ("ami430", "TCPIP0::192.168.0.5::7180::SOCKET"),
    "thermometer": ("lakeshore336", "TCPIP0::192.168.0.6::7777::SOCKET"),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "ami430": {"field_max_T": 1.0, "ramp_rate_max_T_per_min": 1.0},
    "cryomagnetics4g": {"field_max_T": 1.0, "ramp_rate_max_T_per_min": 1.0, "coil_T_per_A": 0.1},
    "lakeshore331": {"heater_range": 2},
    "lakeshore335": {"heater_range": 2},
    "lakeshore336": {"heater_range": 2},
    "lakeshore340": {"heater_range": 4},
    "lakeshore350": {"heater_range": 4},
    "lakeshore372": {"heater_range": 8},
    "itc503": {"switch_heater_on": True},
    "mercuryitc": {"switch_heater_on": True},
    "mercuryips": {"field_max_T": 1.0, "ramp_rate_max_T_per_min": 1.0, "switch_installed": False},
    "generic_lockin": SR830,
    "generic_magnet": AMI430,
    "generic_thermometer": LAKESHORE336,
}
HANGS_ON = {"generic_lockin": "sr830", "generic_magnet": "ami430", "generic_thermometer": "lakeshore336"}
"""The drivers of described instruments, and those of the instruments that SETTINGS describe to them."""
SWITCHED: dict[str, dict[str, Any]] = {
    "cryomagnetics4g": {"switch_heating_time_s": 20.0, "switch_cooling_time_s": 20.0},
    "mercuryips": {"switch_installed": True},
}
"""What the driver of a magnet must be told besides if there is a persistent switch."""
SETTINGS_BY_ROLE: dict[str, dict[str, Any]] = {"magnet": SETTINGS["ami430"]}
BY_ROLE = {
    "lockin": "lockin_xx", "magnet": "magnet", "temperature": "thermometer", "source": "source",
    "voltmeter": "voltmeter",
}  # fmt: skip
NAMES = {driver: BY_ROLE[cls.role] for driver, cls in DRIVERS.items()}
"""The name in the rig of an instrument of each driver."""
RESISTOR_OHM = 1e6


def make_rack(clock: Clock | None = None, *, driver: str | None = None, alone: bool = False, **settings: Any) -> Rack:
    """Return the usual rig, with an instrument of `driver` in the place of the usual one of its role, or it alone."""
    hung = HANGS_ON.get(driver or "", driver)
    own = {NAMES[driver]: (hung, TWINS[hung].ADDRESS)} if driver and hung else {}
    instruments = own if alone else INSTRUMENTS | own
    rack = Rack(clock or SteppedClock(), RackSettings(**settings), instruments, series_resistor_ohm=RESISTOR_OHM)
    if driver in HANGS_ON:
        rack.twins[NAMES[driver]].driver_name = driver  # type: ignore[misc]  # for `open_driver`
    for twin in rack.twins.values():
        if hasattr(twin, "remove_switch"):  # a warm switch, of which nobody knows how long it has been so
            twin.remove_switch()
    return rack


def open_driver(rack: Rack, name: str, timeout_s: float = 2.0, **settings: Any) -> Any:
    twin = rack.twins[name]
    cls = DRIVERS[twin.driver_name]
    usual = SETTINGS.get(twin.driver_name, SETTINGS_BY_ROLE.get(cls.role, {}))
    chosen = cls.Settings(**(usual | settings))
    end = twin.READ_TERMINATION if twin.driver_name in HANGS_ON else None
    return cls(
        rack.addresses[name],
        name=name,
        settings=chosen,
        clock=rack.clock,
        visa_library=rack.library,
        timeout_s=timeout_s,
        read_termination=end,
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
