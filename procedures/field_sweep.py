"""A sweep of the magnetic field in steps, at one temperature."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

from pymeasure.experiment import BooleanParameter, FloatParameter, ListParameter, Parameter

from procedures.measurement import Measurement
from procedures.points import SHAPES, branches, from_steps, parse_points
from procedures.rig import Rig


class SteppedField(Measurement):
    """Field sweeps in steps, one at each of some temperatures; a subclass says which."""

    field_start_T: Any = FloatParameter(
        "Field from", units="T", default=-0.2, minimum=-20, maximum=20, description="first field of a leg"
    )
    field_stop_T: Any = FloatParameter(
        "Field to", units="T", default=0.2, minimum=-20, maximum=20, description="last field of a leg"
    )
    field_step_T: Any = FloatParameter(
        "Field step", units="T", default=0.004, minimum=1e-7, maximum=10,
        description="largest distance of two fields; steps above B_phi cannot give L_phi",
    )  # fmt: skip
    field_list_T: Any = Parameter(
        "Field list (T)", default="",
        description="instead of from, to and step: -0.2, -0.1, 0 or -0.2:0.2:101; leave empty to use the steps",
    )  # fmt: skip
    shape: Any = ListParameter(
        "Legs", choices=list(SHAPES), default="up and down", description="how often and which way"
    )
    temperature_tolerance_K: Any = FloatParameter(
        "Temperature band", units="K", default=0.02, minimum=1e-5, maximum=10,
        description="settled means inside +- this; rows outside it are flagged and not fitted",
    )  # fmt: skip
    temperature_dwell_s: Any = FloatParameter(
        "Dwell time", units="s", default=20, minimum=0, maximum=36000, description="how long inside the band"
    )
    temperature_timeout_s: Any = FloatParameter(
        "Temperature timeout", units="s", default=1800, minimum=1, maximum=1e6,
        description="give up when the temperature has not settled by then",
    )  # fmt: skip

    def legs(self) -> list[tuple[float, ...]]:
        """Return the fields of every leg [T]; raises ValueError for a list that cannot be read."""
        text = str(self.field_list_T or "").strip()
        points = (
            parse_points(text, "field list", "T")
            if text
            else from_steps(self.field_start_T, self.field_stop_T, self.field_step_T)
        )
        return branches(points, self.shape)

    def temperatures(self) -> tuple[float, ...]:
        """Return the temperatures of the run, one a field sweep; nan means: as it is [K]."""
        raise NotImplementedError(f"{type(self).__name__} must say at which temperatures")

    def check(self, rig: Rig) -> None:
        """Check all fields and temperatures against the limits of the rig, with no command to an instrument."""
        super().check(rig)
        # the largest first: it is the one that was typed, and a message should name it
        for field_T in sorted(set(itertools.chain.from_iterable(self.legs())), key=abs, reverse=True):
            rig.magnet.check_field(field_T)
        for temperature_K in self.temperatures():
            if not math.isnan(temperature_K):
                rig.thermometer.check_temperature(temperature_K)

    def measure(self) -> None:
        """Take the sweeps, one for each temperature."""
        legs, temperatures = self.legs(), self.temperatures()
        self.rows_to_take = len(temperatures) * sum(map(len, legs))
        self.rows_taken = 0
        for sweep, temperature_K in enumerate(temperatures):
            self._one_sweep(sweep, temperature_K, legs)

    def _one_sweep(self, sweep: int, temperature_K: float, legs: list[tuple[float, ...]]) -> None:
        if not math.isnan(temperature_K):
            self.through_lost_connections(lambda: self.go_to_temperature(
                temperature_K, self.temperature_tolerance_K, self.temperature_dwell_s, self.temperature_timeout_s
            ))  # fmt: skip
        if self.auto_sensitivity:
            self.through_lost_connections(lambda: self._look_at_signal(legs[0][0]))
        for branch, fields in enumerate(legs):
            for field_T in fields:
                self.through_lost_connections(functools.partial(self._one_point, sweep, branch, field_T, temperature_K))
                self.rows_taken += 1
                self.emit("progress", 100 * self.rows_taken / self.rows_to_take)

    def _look_at_signal(self, field_T: float) -> None:
        self.go_to_field(field_T)
        self.choose_sensitivities()

    def _one_point(self, sweep: int, branch: int, field_T: float, temperature_K: float) -> None:
        self.go_to_field(field_T)
        self.settle_filters()
        self.take_row(
            sweep=sweep, branch=branch, field_set_T=field_T, temperature_set_K=temperature_K,
            tolerance_K=self.temperature_tolerance_K,
        )  # fmt: skip

    def estimate_s(self, rig: Rig) -> float:
        """Return how long the run will take [s]: ramps, settling of the lock-in and of the temperature."""
        path = [field_T for leg in self.legs() for field_T in leg]
        ways = (*itertools.pairwise(path), (path[-1], path[0]))
        ramps_s = sum(rig.magnet.duration_s(start_T, end_T, self.field_rate_T_per_min) for start_T, end_T in ways)
        one_sweep = ramps_s + len(path) * rig.settling_s(self.settle_percent / 100)
        settling = [0 if math.isnan(t) else 2 * self.temperature_dwell_s + 60 for t in self.temperatures()]
        return sum(one_sweep + wait for wait in settling)


class FieldSweep(SteppedField):
    """Step the field, wait for the lock-in at every step, take a row.

    Fields go from start to stop in steps, or through a list. The sweep runs once, up and down
    (so that the magnet's hysteresis and the lock-in's lag are seen and taken out), or through
    five quadrants from zero.
    """

    title = "Field sweep"

    set_temperature: Any = BooleanParameter(
        "Set temperature", default=True, description="off: measure at the temperature that there is"
    )
    temperature_K: Any = FloatParameter(
        "Temperature", units="K", default=1.5, minimum=0.001, maximum=400, group_by="set_temperature",
        description="set and settled before the field moves",
    )  # fmt: skip

    def temperatures(self) -> tuple[float, ...]:
        """Return the one temperature [K], nan to leave it as it is."""
        return (self.temperature_K,) if self.set_temperature else (math.nan,)
