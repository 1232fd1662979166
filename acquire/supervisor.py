"""Looks at the instruments on a thread of its own, also when nothing runs: a quench, a temperature too high.

A connection that is gone is opened again here, too, so that a magnet is within reach when nothing runs.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from acquire.status import Readings
from analysis.row import CURRENT, FLAGS, X_XX, X_XY, Flag
from drivers.errors import DriverError, Lost, Quench, Timeout, Tripped
from drivers.roles import LockIn, MagnetState
from procedures.rig import Rig

log = logging.getLogger(__name__)

INTERVAL_S = 0.3
"""Between two looks, by the wall: a quench is to be seen within half a second."""

SILENCE_S = 10.0
"""How long a silent instrument is left alone, so that its timeouts do not delay the look at the magnet."""

MAGNET = "magnet"

TRIPPED = (MagnetState.QUENCH, MagnetState.FAULT)

Value = TypeVar("Value")


class Supervisor(threading.Thread):
    """Reads field, temperature and lock-ins again and again.

    Parameters
    ----------
    rig : Rig
    publish : callable of Readings
    on_trip : callable of Quench or Tripped
        Called once when the magnet supply reports a quench, a trip or a fault, with what that means.
    on_temperature : callable of float
        Called with every temperature that is read [K].
    row_under_way : callable
        Returns the newest row while a procedure runs, else None. A lock-in clears its status bits when they
        are read, so they are left to the procedure while there is one.
    """

    def __init__(
        self, rig: Rig, publish: Callable[[Readings], None], on_trip: Callable[[Quench | Tripped], None],
        on_temperature: Callable[[float], None], row_under_way: Callable[[], Mapping[str, float] | None],
    ) -> None:  # fmt: skip
        super().__init__(name="supervisor", daemon=True)
        self._rig = rig
        self._publish = publish
        self._on_trip = on_trip
        self._on_temperature = on_temperature
        self._row_under_way = row_under_way
        self._closing = threading.Event()
        self._told = ""
        self._full_scale: dict[str, float] = {}
        self._silent: dict[str, tuple[float, str]] = {}
        self._never_silent = {MAGNET, *(supply.name for supply in rig.magnet.supplies())}

    def run(self) -> None:
        """Look until closed."""
        while not self._closing.is_set():
            try:
                readings = self.look()
                self._tell_trip(readings)
                if readings.temperature_K is not None:
                    self._on_temperature(readings.temperature_K)
                self._publish(readings)
            except Exception:
                # whatever it is, the next look must come: a quench would go unseen
                log.exception("supervisor: this look failed")
            self._closing.wait(INTERVAL_S)

    def _tell_trip(self, readings: Readings) -> None:
        if not readings.magnet:  # it did not answer; what was told still holds
            return
        if readings.tripped and readings.magnet != self._told:
            self._on_trip(self._rig.magnet.latched_error(MagnetState(readings.magnet)))
        self._told = readings.magnet

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        if self.is_alive():
            self.join()

    def look(self) -> Readings:
        """Read everything once; an instrument that does not answer is named in `faults`."""
        faults: list[str] = []
        rig, magnet, thermometer = self._rig, self._rig.magnet, self._rig.thermometer
        for instrument in rig.instruments:
            self._ask(instrument.name, instrument.reconnect, faults)
        state = self._ask(MAGNET, lambda: magnet.state, faults)
        lockins = self._lockins_from_row(faults)
        return Readings(
            time_s=rig.clock.now(),
            field_T=self._ask(MAGNET, lambda: magnet.field_T, faults),
            field_target_T=self._ask(MAGNET, lambda: magnet.target_T, faults),
            magnet="" if state is None else state.value,
            tripped=state in TRIPPED,
            temperature_K=self._ask("thermometer", lambda: thermometer.temperature_K, faults),
            setpoint_K=self._ask("thermometer", lambda: thermometer.setpoint_K, faults),
            faults=tuple(dict.fromkeys(faults)),
            **lockins,
        )

    def _lockins_from_row(self, faults: list[str]) -> dict[str, Any]:
        row = self._row_under_way()
        if row is None:
            return self._lockins_now(faults)
        flags = Flag(int(row[FLAGS]))
        return {
            "level_xx": self._level("xx", self._rig.lockin_xx, row[X_XX], faults),
            "level_xy": self._level("xy", self._rig.lockin_xy, row[X_XY], faults),
            "resistance_ohm": row[X_XX] / row[CURRENT] if row[CURRENT] else None,
            "overload": bool(flags & (Flag.OVERLOAD_XX | Flag.OVERLOAD_XY)),
            "unlocked": bool(flags & (Flag.UNLOCK_XX | Flag.UNLOCK_XY)),
        }

    def _lockins_now(self, faults: list[str]) -> dict[str, Any]:
        self._full_scale.clear()  # a person may turn the knob while nothing runs
        rig = self._rig
        readings = [self._ask(lockin.name, lockin.read, faults) for lockin in rig.lockins]
        xx, xy = readings[0], readings[1] if len(readings) > 1 else None
        current_A = self._ask(rig.lockin_xx.name, rig.current_A, faults)
        return {
            "level_xx": None if xx is None else self._level("xx", rig.lockin_xx, xx.x_V, faults),
            "level_xy": None if xy is None else self._level("xy", rig.lockin_xy, xy.x_V, faults),
            "resistance_ohm": xx.x_V / current_A if xx is not None and current_A else None,
            "overload": any(r.overload for r in readings if r is not None),
            "unlocked": any(r.unlocked for r in readings if r is not None),
        }

    def _level(self, name: str, lockin: LockIn | None, signal_V: float, faults: list[str]) -> float | None:
        if lockin is None or math.isnan(signal_V):
            return None
        if name not in self._full_scale:
            full_scale = self._ask(lockin.name, lambda: lockin.sensitivity_V, faults)
            if full_scale is None:
                return None
            self._full_scale[name] = full_scale
        return abs(signal_V) / self._full_scale[name]

    def _ask(self, name: str, read: Callable[[], Value], faults: list[str]) -> Value | None:
        """Read, and name the fault; an instrument that was silent is left alone for a while, the others go on."""
        until, why = self._silent.get(name, (0.0, ""))
        if time.monotonic() < until:
            faults.append(why)
            return None
        try:
            return read()
        except DriverError as error:
            faults.append(str(error))
            if isinstance(error, Timeout | Lost) and name not in self._never_silent:
                self._silent[name] = (time.monotonic() + SILENCE_S, str(error))
            return None
