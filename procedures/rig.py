"""The opened instruments in their roles, and what hangs between them."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field

from analysis.row import COLUMNS, GATE, GATE_CURRENT
from analysis.sample import Sample
from drivers.clock import Clock
from drivers.errors import Lost
from drivers.field_direction import FieldAlong
from drivers.limited import Limited
from drivers.lock_in import settling_time_constants
from drivers.roles import LockIn, MagnetSupply, Source, SourceReading, TemperatureController

log = logging.getLogger(__name__)


@dataclass
class Rig:
    """The opened instruments in their roles, and what hangs between them.

    Attributes
    ----------
    series_resistor_ohm : float
        The oscillator of `lockin_xx` drives the current through it [ohm].
    """

    clock: Clock
    magnet: MagnetSupply
    thermometer: TemperatureController
    lockin_xx: LockIn
    lockin_xy: LockIn | None
    series_resistor_ohm: float
    sample: Sample = field(default_factory=Sample)
    gate: Source | None = None
    _filters: list[tuple[float, int]] = field(default_factory=list)

    @property
    def lockins(self) -> tuple[LockIn, ...]:
        """The lock-ins that there are, the longitudinal one first."""
        return (self.lockin_xx,) if self.lockin_xy is None else (self.lockin_xx, self.lockin_xy)

    @property
    def instruments(self) -> tuple[Limited, ...]:
        """The instruments as what they all are: set in some way, and on some connection."""
        roles = (*self.magnet.supplies(), self.thermometer, *self.lockins, self.gate)
        return tuple(instrument for instrument in roles if isinstance(instrument, Limited))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a row that is measured on this rig."""
        return COLUMNS if self.gate is None else (*COLUMNS, GATE, GATE_CURRENT)

    def read_gate(self) -> SourceReading:
        """Return where the gate stands; nan while its output is off, since then nobody knows."""
        gate = self.gate
        if gate is None or not gate.output_on:
            return SourceReading(math.nan, math.nan, False)
        return gate.reading

    def hold_magnet(self) -> None:
        """Tell the magnet to hold, where its connection is gone on a new one; raises DriverError."""
        try:
            self.magnet.hold()
        except Lost:
            if not isinstance(self.magnet, Limited | FieldAlong):
                raise
            self.magnet.reconnect()  # which sends the hold that is owed

    def current_A(self) -> float:
        """Return the rms current that the oscillator drives [A]."""
        return self.lockin_xx.oscillator_V / self.series_resistor_ohm

    def look_at_filters(self) -> None:
        """Ask the lock-ins for their time constants and slopes."""
        self._filters = [(lockin.time_constant_s, lockin.filter_stages) for lockin in self.lockins]

    def settling_s(self, fraction: float) -> float:
        """Return how long the slower lock-in needs until `fraction` of a step is left, as last asked [s]."""
        if not self._filters:
            self.look_at_filters()
        return max(tau_s * settling_time_constants(stages, fraction) for tau_s, stages in self._filters)
