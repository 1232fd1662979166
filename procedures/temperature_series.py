"""Field sweeps over a list of temperatures: from here comes L_phi(T)."""

from __future__ import annotations

from typing import Any

from pymeasure.experiment import Parameter

from procedures.field_sweep import SteppedField
from procedures.points import parse_points


class TemperatureSeries(SteppedField):
    """Take one field sweep at each temperature of a list."""

    title = "Temperature series"

    temperatures_K: Any = Parameter(
        "Temperatures (K)", default="1.5:25:6 log",
        description="one field sweep at each: 1.5, 2, 3 or 1.5:20:8 log",
    )  # fmt: skip

    def temperatures(self) -> tuple[float, ...]:
        """Return the temperatures of the list [K]; raises ValueError for a list that cannot be read."""
        return parse_points(self.temperatures_K, "temperatures", "K")
