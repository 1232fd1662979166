"""The table of zones of Lake Shore's temperature controllers, from which P, I, D and range follow the set point."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from drivers.instrument import Fields, Instrument, Number, Refused, Whole
from drivers.patience import insist

ZONES = 10
ZONE_START = (Number(0, 2000), Number(0, 1e4), Number(0, 1e5), Number(0, 1e4), Number(-100, 100), Whole(0, 8))
"""Up to [K], P, I, D, manual output [%], range: with these every model begins a line of its table."""


class Control(NamedTuple):
    """How the heater is controlled."""

    closed: bool
    zones: bool
    sensor: str
    text: str


@dataclass(frozen=True)
class Zone:
    """One line of the table that chooses PID and range by the set point.

    Attributes
    ----------
    up_to_K : float
        The line holds for set points up to this; 0 for a line that is not used [K].
    gain, reset, derivative : float
        P, I and D as the instrument counts them.
    heater_range : int
    manual_percent : float
        Is added to the output of the loop [%].
    ramp_rate_K_per_min : float or None
        With which the set point ramps in this zone; None if the model has no such rate [K/min].
    """

    up_to_K: float
    gain: float
    reset: float
    derivative: float
    heater_range: int
    manual_percent: float = 0.0
    ramp_rate_K_per_min: float | None = None


class ZoneTable(Instrument):
    """A controller with such a table."""

    CLOSED_LOOP, ZONE_MODE = 1, 2
    ZONE_REST: ClassVar[tuple[Any, ...]] = (Whole(0, 8), Number(0, 100))
    """What follows in a line of the table of zones; the ramp rate is at `ZONE_RATE` in all, if there is one."""
    ZONE_RATE: ClassVar[int | None] = 7

    # what a model supplies

    @abstractmethod
    def _control(self) -> Control:
        """Ask how the heater is controlled."""

    @abstractmethod
    def _send_mode(self, mode: int) -> None:
        """Send how the heater is to be controlled: CLOSED_LOOP or ZONE_MODE; the sensor stays."""

    @property
    @abstractmethod
    def setpoint_K(self) -> float:
        """Get the set point, on its way while it ramps [K]."""

    # what follows

    @property
    def zone_number(self) -> int:
        """Get which line of the table of zones gives P, I, D and range, 0 if they were set by hand [1]."""
        with self.lock:
            if not self._control().zones:
                return 0
            setpoint_K, table = self.setpoint_K, self.zones()
        reaching = (number for number, zone in enumerate(table, 1) if zone.up_to_K and setpoint_K <= zone.up_to_K)
        return next(reaching, 0)

    def use_zones(self, on: bool) -> None:
        """Take P, I, D and range from the table of zones, or as they were set by hand; the loop is closed."""
        with self.lock:
            self._send_mode(self.ZONE_MODE if on else self.CLOSED_LOOP)
            taken = insist(self._control).zones
        self._check_same("zone mode", [on], [taken])

    def zones(self) -> list[Zone]:
        """Return the table of zones."""
        with self.lock:
            return [self._zone(self._zone_line(number)) for number in range(1, ZONES + 1)]

    def write_zones(self, zones: Sequence[Zone]) -> None:
        """Write the first lines of the table of zones, the coldest first, and read them back; the others are not used.

        Raises
        ------
        LimitExceeded
            A value is out of its limits; nothing was sent.
        ValueError
            No zone, more than ten, or not in order.
        """
        if not 0 < len(zones) <= ZONES or list(zones) != sorted(zones, key=lambda zone: zone.up_to_K):
            raise ValueError(f"{self.name}: {len(zones)} zones; give 1 to {ZONES}, the coldest first")
        for zone in zones:
            self._check_zone(zone)
        with self.lock:
            for number in range(1, ZONES + 1):
                line = insist(lambda number=number: self._zone_line(number))
                wanted = self._changed(line, zones[number - 1]) if number <= len(zones) else [0.0, *line[1:]]
                self.send(f"ZONE {self.settings.output},{number}," + ",".join(f"{value:g}" for value in wanted))
                taken = insist(lambda number=number: self._zone_line(number))
                self._check_same(f"zone {number}", wanted, taken)

    def _zone_line(self, number: int) -> tuple[float, ...]:
        return self.query(f"ZONE? {self.settings.output},{number}", Fields(*ZONE_START, *self.ZONE_REST))

    def _zone(self, line: Sequence[float]) -> Zone:
        up_to_K, gain, reset, derivative, manual, heater_range = line[:6]
        rate = None if self.ZONE_RATE is None else line[self.ZONE_RATE]
        return Zone(up_to_K, gain, reset, derivative, int(heater_range), manual, rate)

    def _changed(self, line: Sequence[float], zone: Zone) -> list[float]:
        """Return a line with a zone in it; what the zone does not say stays."""
        changed = [
            zone.up_to_K, zone.gain, zone.reset, zone.derivative, zone.manual_percent, zone.heater_range, *line[6:],
        ]  # fmt: skip
        if self.ZONE_RATE is not None and zone.ramp_rate_K_per_min is not None:
            changed[self.ZONE_RATE] = zone.ramp_rate_K_per_min
        return changed

    def _check_zone(self, zone: Zone) -> None:
        named = {"temperature_K": zone.up_to_K, "gain": zone.gain, "reset": zone.reset, "derivative": zone.derivative}
        if zone.ramp_rate_K_per_min is not None:
            named["ramp_rate_K_per_min"] = zone.ramp_rate_K_per_min
        for name, value in named.items():
            self.check_limit(name, value)
        if zone.heater_range not in range(self.settings.RANGES + 1) or not 0 <= zone.manual_percent <= 100:
            raise ValueError(
                f"{self.name}: range {zone.heater_range!r} and manual output {zone.manual_percent!r} % of a zone; "
                f"give 0 to {self.settings.RANGES} and 0 to 100 %"
            )

    def _check_zone_rates(self, most: float) -> None:
        """Raise Refused if a zone would ramp the set point faster than this [K/min]."""
        fast = [zone for zone in self.zones() if zone.up_to_K and (zone.ramp_rate_K_per_min or 0.0) > most]
        if fast:
            raise Refused(
                f"{self.name}: the zone up to {fast[0].up_to_K:g} K ramps at {fast[0].ramp_rate_K_per_min:g} K/min, "
                f"faster than the {most:g} K/min asked for; ask for that, or correct the table of zones",
                instrument=self.name,
            )

    def _check_same(self, what: str, wanted: Sequence[float], taken: Sequence[float]) -> None:
        """Raise Refused unless what was sent was taken, but for the last digit."""
        if any(abs(got - sent) > 0.051 + 1e-3 * abs(sent) for sent, got in zip(wanted, taken, strict=True)):
            raise Refused(
                f"{self.name}: {what} {list(wanted)} was sent, the instrument says {list(taken)}; look at its front "
                "panel, then ask again",
                instrument=self.name,
            )
