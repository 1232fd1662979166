"""A magnet of two or three axes: one field vector, kept in the volume that the maker allows on the whole way.

The axes are moved one after another, those whose field gets smaller first, so that every corner of the way is known
before it is begun: a way that leaves the allowed volume anywhere is refused and nothing is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drivers.clock import Clock
from drivers.errors import LimitExceeded
from drivers.field_volume import Vector, Volume, covered
from drivers.limited import Limited
from drivers.magnet_supply import MagnetState, MagnetSupply, RampOutcome
from drivers.patience import insist


class VectorMagnet:
    """Two or three supplies that make one field vector.

    Parameters
    ----------
    axes : mapping of str to MagnetSupply
        The supplies by the names of their axes, two or three; each keeps its own limits besides.
    volumes : sequence of Volume
        The allowed fields: their union.
    name : str
        What the rig calls it; every message begins with it.

    Raises
    ------
    ValueError
        Not two or three axes, no volume, or a field of zero is not allowed.
    """

    def __init__(
        self, axes: Mapping[str, MagnetSupply], volumes: Sequence[Volume], *, name: str = "vector magnet"
    ) -> None:
        if len(axes) not in (2, 3):
            raise ValueError(f"{name}: has {len(axes)} axes; it takes two or three")
        self.axes, self.volumes, self.name = dict(axes), tuple(volumes), name
        self._told_T: dict[str, float] = {}
        if not any(volume.holds((0.0,) * len(axes)) for volume in self.volumes):
            raise ValueError(f"{name}: no allowed volume holds a field of zero; correct the volumes")

    @property
    def clock(self) -> Clock:
        """Get the time of the experiment."""
        return next(iter(self.axes.values())).clock

    @property
    def field_T(self) -> Vector:
        """Measure the field along each axis [T]."""
        return tuple(insist(lambda axis=axis: axis.field_T) for axis in self.axes.values())

    def _start_T(self) -> Vector:
        """Return where the way begins: what is as close as it should be to where it was told to go, is there [T]."""
        start = []
        for (name, axis), now_T in zip(self.axes.items(), self.field_T, strict=True):
            told_T = self._told_T.get(name, now_T)
            start.append(told_T if abs(now_T - told_T) <= axis.field_tolerance_T else now_T)
        return tuple(start)

    @property
    def states(self) -> dict[str, MagnetState]:
        """Get what each supply is doing; a quench seen here is latched."""
        return {name: insist(lambda axis=axis: axis.state) for name, axis in self.axes.items()}

    # checks: nothing is sent

    def check_field(self, field_T: Any) -> Vector:
        """Return the vector [T] if it is allowed, by the volumes and by each supply.

        Raises
        ------
        LimitExceeded
            Not as many finite numbers as there are axes, or not allowed; nothing was sent.
        """
        if not isinstance(field_T, list | tuple) or len(field_T) != len(self.axes):
            raise self._exceeded(f"field_T = {field_T!r} is not one number [T] for each of {', '.join(self.axes)}")
        vector = tuple(axis.check_field(part) for axis, part in zip(self.axes.values(), field_T, strict=True))
        if not any(volume.holds(vector) for volume in self.volumes):
            raise self._exceeded(f"field_T = {vector} is outside the allowed volumes {self.volumes}")
        return vector

    def way(self, start_T: Vector, end_T: Any) -> list[tuple[str, float]]:
        """Return the moves, one axis at a time, from a field to another: what gets smaller first, the rest then.

        An axis that goes through zero is brought to zero with the first ones and up again with the last ones.

        Parameters
        ----------
        start_T, end_T : tuple of float
            Field along each axis [T].

        Returns
        -------
        list of (str, float)
            Axis and where it goes [T].

        Raises
        ------
        LimitExceeded
            The end, or the way to it, is outside the allowed volumes; nothing was sent.
        """
        end = self.check_field(end_T)
        down, up = [], []
        for name, begin, goal in zip(self.axes, start_T, end, strict=True):
            turn = 0.0 if begin * goal < 0 else goal if abs(goal) < abs(begin) else begin
            if turn != begin:
                down.append((name, turn))
            if goal != turn:
                up.append((name, goal))
        moves = [*down, *up]
        if not self._allowed(start_T, moves):
            raise self._exceeded(
                f"on the way from {start_T} T to {end} T, one axis at a time and ramping down first, the field would "
                f"not be in the allowed volumes {self.volumes} all the time"
            )
        return moves

    def _allowed(self, start_T: Vector, moves: Sequence[tuple[str, float]]) -> bool:
        """Return whether every field on the way is allowed."""
        names, here = list(self.axes), start_T
        for name, goal in moves:
            index = names.index(name)
            there = (*here[:index], goal, *here[index + 1 :])
            if not covered(self.volumes, here, there):
                return False
            here = there
        return True

    def _exceeded(self, what: str) -> LimitExceeded:
        return LimitExceeded(f"{self.name}: {what}; nothing was sent", instrument=self.name)

    # what it is told

    def ramp_to(
        self,
        field_T: Any,
        rate_T_per_min: float | None = None,
        *,
        interrupt: threading.Event | None = None,
        on_reading: Callable[[Vector], None] | None = None,
    ) -> RampOutcome:
        """Ramp to a field vector and wait until all axes hold it.

        Parameters
        ----------
        field_T : tuple of float
            Where to go, along each axis [T].
        rate_T_per_min : float, optional
            How fast each axis moves [T/min]; the rate that is set at each if omitted.
        interrupt : threading.Event, optional
            When set, all axes are told to hold and ABORTED is returned.
        on_reading : callable, optional
            Called with every field vector read on the way [T].

        Returns
        -------
        RampOutcome
            HOLDING: at the field. ABORTED: interrupted here, or an axis was paused by somebody else.

        Raises
        ------
        LimitExceeded
            The end or the way to it is not allowed; no command was sent.
        Quench, Tripped
            An axis quenched or tripped; the others were told to hold.
        """
        end = self.check_field(field_T)
        if rate_T_per_min is not None:
            for axis in self.axes.values():
                axis.check_rate(rate_T_per_min)
        if interrupt is not None and interrupt.is_set():
            self.hold()
            return RampOutcome.ABORTED
        try:
            self._check_sound()
            for name, goal_T in self.way(self._start_T(), end):
                outcome = self._move(name, goal_T, rate_T_per_min, interrupt, on_reading)
                if outcome is not RampOutcome.HOLDING:
                    self.hold()
                    return outcome
        except LimitExceeded:
            raise  # no ramp is under way
        except BaseException as error:
            self._hold_after(error)
            raise
        return RampOutcome.HOLDING

    def _move(
        self,
        name: str,
        goal_T: float,
        rate_T_per_min: float | None,
        interrupt: threading.Event | None,
        on_reading: Callable[[Vector], None] | None,
    ) -> RampOutcome:
        """Ramp one axis and watch the others meanwhile."""
        resting = {other: insist(lambda axis=axis: axis.field_T) for other, axis in self.axes.items() if other != name}

        def watch(now_T: float) -> None:
            self._check_sound(but=name)
            if on_reading is not None:
                on_reading(tuple(now_T if axis == name else resting[axis] for axis in self.axes))

        self._told_T[name] = goal_T
        return self.axes[name].ramp_to(goal_T, rate_T_per_min, interrupt=interrupt, on_reading=watch)

    def _check_sound(self, but: str = "") -> None:
        """Raise Quench or Tripped if an axis other than `but` shows one."""
        for name, axis in self.axes.items():
            if name != but:
                state = insist(lambda axis=axis: axis.state)
                if state in (MagnetState.QUENCH, MagnetState.FAULT):
                    raise axis.latched_error(state)

    def hold(self) -> None:
        """Tell all axes to hold, each of them even if another cannot be told; raises as `_each`."""
        self._each(lambda axis: axis.hold())

    def start_zero(self) -> None:
        """Let all axes set out for zero at once; raises as `_each`.

        Every component only gets smaller, so that a field in a box, a sphere or a cylinder stays in it.
        """
        self._each(lambda axis: axis.start_ramp(0.0))

    def reconnect(self) -> None:
        """Open the connections that were lost, and send the holds that are owed; raises as `_each`."""
        self._each(lambda axis: axis.reconnect() if isinstance(axis, Limited) else None)

    def _each(self, do: Callable[[MagnetSupply], object]) -> None:
        """Do something with every axis, also where it failed with another.

        Raises
        ------
        Exception
            The first error, with the others as notes; every axis has been tried.
        """
        errors: list[Exception] = []
        for axis in self.axes.values():
            try:
                do(axis)
            except Exception as error:  # whatever it is, the other axes must be told
                errors.append(error)
        if errors:
            for other in errors[1:]:
                errors[0].add_note(f"and: {other}")
            raise errors[0]

    def _hold_after(self, error: BaseException) -> None:
        """Hold all axes because nobody follows them any longer; note it on the error if that fails."""
        try:
            self.hold()
        except Exception as second:
            error.add_note(f"and not all axes could be told to hold: {second}")

    def rearm(self) -> None:
        """Allow ramps again after a quench or fault; for a person who has looked at every magnet."""
        for axis in self.axes.values():
            axis.rearm()
