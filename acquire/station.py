"""The rig of a configuration: instruments opened, real or simulated, and closed again."""

from __future__ import annotations

import logging
import platform
from typing import Any

import numpy
import pymeasure
import pyvisa
import scipy

from acquire import version
from acquire.config import Config
from acquire.reservation import Reservation
from acquire.trouble import UserError
from drivers.catalogue import DRIVERS
from drivers.clock import Clock
from drivers.field_direction import FieldAlong
from drivers.instrument import DriverError
from drivers.limited import Limited
from drivers.patience import insist
from drivers.roles import LockIn, MagnetSupply, Source, TemperatureController
from drivers.simulated.rack import Rack
from drivers.vector_magnet import VectorMagnet
from procedures.rig import Rig

log = logging.getLogger(__name__)


class Station:
    """Opens the instruments of a configuration; each is asked who it is, none is told anything.

    Parameters
    ----------
    config : Config
    clock : Clock, optional
        Another clock than the configuration's; tests give a stepped one.
    open_now : bool
        Open all instruments; without it `open` opens one by one.

    Raises
    ------
    DriverError
        An instrument does not answer or is not what the configuration says; those opened before are closed.
    InUseError
        Another program has one of the instruments.
    """

    def __init__(self, config: Config, clock: Clock | None = None, open_now: bool = True) -> None:
        self.config = config
        self.clock = clock or Clock(config.simulation_speed if config.simulated else 1.0)
        self.rack: Rack | None = None
        self.instruments: dict[str, Limited] = {}
        self._library: Any = config.visa_library
        self._reservation: Reservation | None = None
        if config.simulated:
            self.rack = make_rack(config, self.clock)
            self._library = self.rack.library
        else:
            self._reservation = Reservation({name: entry.address for name, entry in config.instruments.items()})
        if open_now:
            self._open_all()

    def _open_all(self) -> None:
        try:
            for name in self.config.instruments:
                self.open(name)
        except DriverError:
            self.close()
            raise
        self.rig = self._rig()

    def open(self, name: str) -> Limited:
        """Open one instrument and ask who it is; raises DriverError."""
        entry = self.config.instruments[name]
        self.instruments[name] = DRIVERS[entry.driver](
            entry.address, name=name, settings=entry.settings, clock=self.clock, visa_library=self._library,
            timeout_s=entry.timeout_s, read_termination=entry.read_termination,
            write_termination=entry.write_termination,
        )  # fmt: skip
        return self.instruments[name]

    def open_magnet(self) -> MagnetSupply:
        """Open the magnet alone, all axes of a vector magnet; raises DriverError."""
        for name in self.config.axes.values() or ("magnet",):
            self.open(name)
        return self._magnet()

    def _magnet(self) -> MagnetSupply:
        """Return the magnet, of a vector magnet the field along its direction."""
        if not self.config.axes:
            return self._supply("magnet")
        axes = {axis: self._supply(name) for axis, name in self.config.axes.items()}
        vector = self.config.vector_magnet
        return FieldAlong(VectorMagnet(axes, vector.volumes(list(axes)), name="magnet"), vector.direction(list(axes)))

    def _supply(self, name: str) -> MagnetSupply:
        supply = self.instruments[name]
        if not isinstance(supply, MagnetSupply):
            raise TypeError(f"station: the driver of {name} is none of a magnet; check the drivers in config")
        return supply

    def _rig(self) -> Rig:
        magnet, thermometer = self._magnet(), self.instruments["thermometer"]
        xx, xy, gate = (self.instruments.get(name) for name in ("lockin_xx", "lockin_xy", "gate"))
        # config.load has looked the drivers up by role; this tells the type checker, and guards a Config made by hand
        if not (isinstance(thermometer, TemperatureController) and isinstance(xx, LockIn)
                and isinstance(xy, LockIn | None) and isinstance(gate, Source | None)):  # fmt: skip
            raise TypeError("station: an instrument does not play the role of its name; check the drivers in config")
        rig = Rig(self.clock, magnet, thermometer, xx, xy, self.config.series_resistor_ohm, self.config.sample, gate)
        # known from here on, so that a form that shows how long a run takes need not ask the wire
        insist(rig.look_at_filters)
        return rig

    def snapshot(self) -> dict[str, Any]:
        """Return every readable setting of every instrument, for the start record of a sweep file."""
        return {
            name: {"identity": instrument.identity, "address": self.config.instruments[name].address,
                   "limits": instrument.limits(), "settings": insist(instrument.snapshot)}
            for name, instrument in self.instruments.items()
        }  # fmt: skip

    def close(self) -> None:
        """Close every connection; sends no command."""
        for name, instrument in self.instruments.items():
            try:
                instrument.close()
            except Exception as error:
                log.warning("%s: closing the connection failed: %s", name, error)
        self.instruments.clear()
        if self._reservation is not None:
            self._reservation.release()


def make_rack(config: Config, clock: Clock) -> Rack:
    """Return the simulated rack that stands behind the instruments of a configuration; raises UserError."""
    named = {name: (entry.driver, entry.address) for name, entry in config.instruments.items()}
    try:
        return Rack(clock, config.simulation, named, series_resistor_ohm=config.series_resistor_ohm)
    except ValueError as error:
        raise UserError(f"simulation: {error}") from error


def versions() -> dict[str, str]:
    """Return the versions of what makes a number, for records and results."""
    return {
        "cusp": version(), "python": platform.python_version(), "numpy": numpy.__version__,
        "scipy": scipy.__version__, "pymeasure": pymeasure.__version__, "pyvisa": pyvisa.__version__,
    }  # fmt: skip
