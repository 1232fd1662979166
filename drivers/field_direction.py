"""The field of a vector magnet along one direction: to whoever sweeps it, a magnet like any other."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.errors import DriverError, LimitExceeded, Quench, Refused, Tripped
from drivers.field_volume import Box, Cylinder, Sphere, Vector, Volume
from drivers.limited import is_number
from drivers.magnet_supply import MagnetState, MagnetSupply, RampOutcome
from drivers.vector_magnet import VectorMagnet

AXES = ("x", "y", "z")
"""The axes that a vector magnet may have; the film lies across z."""
PRECISION = 12
"""Digits of a direction: the sine of 180 degrees is no field."""
BY_WEIGHT = (
    MagnetState.QUENCH, MagnetState.FAULT, MagnetState.MANUAL, MagnetState.HEATING_SWITCH, MagnetState.COOLING_SWITCH,
    MagnetState.RAMPING, MagnetState.ZEROING, MagnetState.HOLDING, MagnetState.PAUSED, MagnetState.AT_ZERO,
)  # fmt: skip
"""What the magnet is said to do when its axes do different things: the first of these."""
TRIPPED = (MagnetState.QUENCH, MagnetState.FAULT)


@dataclass(frozen=True)
class VectorSettings:
    """The fields that a vector magnet may have, and the direction in which it is swept.

    The allowed volume is the union of those that are given, at least one, as the maker of the magnet says.

    Attributes
    ----------
    sphere_T : float, optional
        Largest amount of the field in any direction [T].
    cylinder_radius_T, cylinder_half_length_T : float, optional
        Largest field across z and along z [T].
    box_T : tuple of float, optional
        Largest field along each axis, either sign, in the order x, y, z of those that there are [T].
    polar_deg : float
        Angle of the direction from z, 0 to 180 [degrees].
    azimuth_deg : float
        Angle of its part across z, from x towards y, -180 to 360 [degrees].
    """

    sphere_T: float | None = None
    cylinder_radius_T: float | None = None
    cylinder_half_length_T: float | None = None
    box_T: tuple[float, ...] | None = None
    polar_deg: float = 0.0
    azimuth_deg: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in (("polar_deg", 0, 180), ("azimuth_deg", -180, 360)):
            if not (is_number(value := getattr(self, name)) and low <= value <= high):
                raise ValueError(f"{name} = {value!r} must be a number from {low} to {high}")
        if (self.cylinder_radius_T is None) != (self.cylinder_half_length_T is None):
            raise ValueError("cylinder_radius_T and cylinder_half_length_T belong together; give both or none")
        if self.sphere_T is None and self.cylinder_radius_T is None and self.box_T is None:
            raise ValueError(
                "no allowed volume; give what the maker of the magnet says: sphere_T, cylinder_radius_T with "
                "cylinder_half_length_T, box_T, or several of them"
            )

    def volumes(self, axes: Sequence[str]) -> tuple[Volume, ...]:
        """Return the allowed volumes of a magnet with these axes; raises ValueError where they do not fit it."""
        found: list[Volume] = [] if self.sphere_T is None else [Sphere(self.sphere_T)]
        if self.cylinder_radius_T is not None and self.cylinder_half_length_T is not None:
            if "z" not in axes:
                raise ValueError("the cylinder lies along z, and there is no axis z; give sphere_T or box_T")
            found.append(Cylinder(self.cylinder_radius_T, self.cylinder_half_length_T, list(axes).index("z")))
        if self.box_T is not None:
            if len(self.box_T) != len(axes):
                raise ValueError(f"box_T = {list(self.box_T)} is not one number for each of {', '.join(axes)}")
            found.append(Box(self.box_T))
        return tuple(found)

    def direction(self, axes: Sequence[str]) -> Vector:
        """Return the direction as a unit vector on these axes; raises ValueError where it needs another one."""
        polar, azimuth = math.radians(self.polar_deg), math.radians(self.azimuth_deg)
        across = math.sin(polar)
        parts = {"x": across * math.cos(azimuth), "y": across * math.sin(azimuth), "z": math.cos(polar)}
        parts = {axis: round(part, PRECISION) for axis, part in parts.items()}
        if missing := [axis for axis, part in parts.items() if part and axis not in axes]:
            raise ValueError(
                f"polar_deg = {self.polar_deg:g}, azimuth_deg = {self.azimuth_deg:g} need a field along {missing[0]}, "
                f"and the magnet has {', '.join(axes)}"
            )
        return tuple(parts[axis] for axis in axes)


class FieldAlong(MagnetSupply):
    """The field of a vector magnet along one direction.

    Every field that it is told is one along this direction, and the field across is brought to zero with it. A sweep is
    made of points that are each reached one axis after another, so that between them the field leaves the direction by
    no more than a step.

    Parameters
    ----------
    magnet : VectorMagnet
        With boxes, spheres and cylinders as its volumes.
    direction : tuple of float
        Unit vector on its axes.
    """

    def __init__(self, magnet: VectorMagnet, direction: Vector) -> None:
        self.magnet, self.direction = magnet, direction
        self.name, self.clock = magnet.name, magnet.clock
        self._seen: dict[str, MagnetState] = {}

    def supplies(self) -> tuple[MagnetSupply, ...]:
        """Return the supplies of the axes."""
        return tuple(self.magnet.axes.values())

    def _along(self, vector_T: Sequence[float]) -> float:
        return sum(part * share for part, share in zip(vector_T, self.direction, strict=True))

    def _vector(self, field_T: float) -> Vector:
        return tuple(field_T * share for share in self.direction)

    # what it is doing

    @property
    def field_T(self) -> float:
        """Measure the part of the field along the direction [T]."""
        return self._along(self.magnet.field_T)

    @property
    def target_T(self) -> float:
        """Get the part along the direction of the field that the supplies ramp to [T]."""
        return self._along([axis.target_T for axis in self.supplies()])

    @property
    def state(self) -> MagnetState:
        """Get what the magnet is doing; a quench or fault of one axis is seen though another does not answer."""
        seen, errors = {}, []
        for name, axis in self.magnet.axes.items():
            try:
                seen[name] = axis.state
            except DriverError as error:
                errors.append(error)
        self._seen = seen
        if errors and not any(state in TRIPPED for state in seen.values()):
            raise errors[0]
        return min(seen.values(), key=BY_WEIGHT.index)

    def latched_error(self, state: MagnetState) -> Quench | Tripped:
        """Return the error of the axis that was last seen in this state."""
        axis = next((name for name, seen in self._seen.items() if seen is state), None)
        return super().latched_error(state) if axis is None else self.magnet.axes[axis].latched_error(state)

    @property
    def ramp_rate_T_per_min(self) -> float:
        """Get the slowest ramp rate of the axes [T/min]."""
        return min(axis.ramp_rate_T_per_min for axis in self.supplies())

    @property
    def field_tolerance_T(self) -> float:
        """Get how close to the target the field must be [T]."""
        return max(axis.field_tolerance_T for axis in self.supplies())

    def duration_s(self, start_T: float, end_T: float, rate_T_per_min: float) -> float:
        """Return how long the axes take, one after another, each at this rate [T/min] [s]."""
        parts = zip(self.supplies(), self._vector(start_T), self._vector(end_T), strict=True)
        return sum(axis.duration_s(start, end, rate_T_per_min) for axis, start, end in parts)

    # checks: nothing is sent

    def check_field(self, field_T: float) -> float:
        """Return the field [T] if it is a number, and allowed along the direction; raises LimitExceeded."""
        if not is_number(field_T):
            raise LimitExceeded(
                f"{self.name}: field_T = {field_T!r} is not a number; nothing was sent", instrument=self.name
            )
        try:
            self.magnet.check_field(self._vector(field_T))
        except LimitExceeded as error:
            raise LimitExceeded(
                f"{self.name}: {field_T:g} T along {self.direction} is not allowed: {error}", instrument=self.name
            ) from error
        return float(field_T)

    def check_rate(self, rate_T_per_min: float) -> float:
        """Return the ramp rate [T/min] if every axis may have it; raises LimitExceeded."""
        return min(axis.check_rate(rate_T_per_min) for axis in self.supplies())

    # what it is told

    def ramp_to(
        self,
        field_T: float,
        rate_T_per_min: float | None = None,
        *,
        interrupt: threading.Event | None = None,
        on_reading: Callable[[float], None] | None = None,
    ) -> RampOutcome:
        """Ramp all axes to a field along the direction and wait until they hold it; as `VectorMagnet.ramp_to`."""
        vector = self._vector(self.check_field(field_T))
        told = None if on_reading is None else lambda vector_T: on_reading(self._along(vector_T))
        return self.magnet.ramp_to(vector, rate_T_per_min, interrupt=interrupt, on_reading=told)

    def start_ramp(self, field_T: float, rate_T_per_min: float | None = None) -> None:
        """Let all axes set out for zero, at the rates that are set; any other field has a way to be followed.

        Raises
        ------
        Refused
            Another field, or a rate; nothing was sent.
        Quench, Tripped
            Of an axis; the others have set out.
        """
        if field_T != 0 or rate_T_per_min is not None:
            raise Refused(
                f"{self.name}: several axes can only set out for zero, at the rates that are set, without being "
                f"followed; nothing was sent. Use ramp_to for {field_T!r} T",
                instrument=self.name,
            )
        self.magnet.start_zero()

    def hold(self) -> None:
        """Tell all axes to hold, each of them even if another cannot be told."""
        self.magnet.hold()

    def reconnect(self) -> None:
        """Open the connections of the axes that were lost, and send the holds that are owed."""
        self.magnet.reconnect()

    def rearm(self) -> None:
        """Allow ramps again after a quench or fault; for a person who has looked at every magnet."""
        self.magnet.rearm()
