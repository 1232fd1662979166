"""What every driver has, whatever it is connected by: a name, limits that raise, and a snapshot of its settings."""

from __future__ import annotations

import dataclasses
import math
import numbers
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

from pyvisa.rname import ResourceName

from drivers.clock import Clock
from drivers.errors import LimitExceeded, Restarted
from drivers.patience import insist


class Limited:
    """An instrument as the rest of Cusp sees it: who it is, what may be sent to it, how it is set.

    Attributes
    ----------
    name : str
        What the rig calls it; every message begins with it.
    identity : str
        What the instrument says of itself.
    """

    driver_name: ClassVar[str] = ""
    role: ClassVar[str] = ""
    model: ClassVar[str] = ""
    ADDRESS_EXAMPLE: ClassVar[str] = "GPIB0::8::INSTR"
    SHARES_ADDRESS: ClassVar[bool] = False
    """Whether several drivers speak through one connection: magnet and thermometer of one cryostat's computer."""
    SNAPSHOT: ClassVar[tuple[str, ...]] = ()
    """The quantities that are written into the head of a sweep."""
    KEPT: ClassVar[tuple[str, ...]] = ()
    """The quantities that nothing changes during a run; one that changes makes the rows wrong."""
    SHOWS_POWER: ClassVar[bool] = True
    """Whether `power_cycled` sees every loss of power; without that the settings are compared at every row."""

    name: str
    address: str
    identity: str
    settings: Any
    clock: Clock
    lock: threading.RLock
    _limits: dict[str, tuple[float, float]]
    _remembered: dict[str, Any] | None = None

    @dataclasses.dataclass(frozen=True)
    class Settings:
        """Limits and choices; a driver declares its own."""

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        """Return the lowest and highest value of every quantity that can be set, from the settings."""
        return {}

    @classmethod
    def accepts_address(cls, address: str) -> bool:
        """Return whether such an instrument can be at this address; by default any VISA address."""
        try:
            ResourceName.from_string(address)
        except Exception:  # pyvisa raises its own InvalidResourceName, and others for odd parts
            return False
        return True

    def check_limit(self, quantity: str, value: Any) -> float:
        """Return the value as a float if it is a number within the limits of the quantity.

        Every number that is sent passes here; nothing is ever clipped.

        Raises
        ------
        LimitExceeded
            Not a number, NaN, infinite, or out of range.
        """
        low, high = self._limits[quantity]
        if is_number(value) and low <= value <= high:
            return float(value) + 0.0  # minus zero becomes zero
        raise LimitExceeded(
            f"{self.name}: {quantity} = {value!r} is not a number from {low:g} to {high:g}; nothing was sent. "
            "Ask for a value in this range; the limits are those of config.yaml and of the instrument itself",
            instrument=self.name,
        )

    def index_of(self, quantity: str, table: Sequence[float], value: float) -> int:
        """Return the index of a value in the table of those that the instrument has; raises LimitExceeded."""
        for index, entry in enumerate(table):
            if math.isclose(entry, value, rel_tol=1e-9):
                return index
        nearest = sorted(table, key=lambda entry: abs(entry - value))[:2]
        raise LimitExceeded(
            f"{self.name}: there is no {quantity} = {value!r}; nothing was sent. "
            f"The nearest that there are: {' and '.join(f'{entry:g}' for entry in sorted(nearest))}",
            instrument=self.name,
        )

    def limits(self) -> dict[str, tuple[float, float]]:
        """Return the lowest and highest accepted value of every quantity that has limits."""
        return dict(self._limits)

    def reconnect(self) -> None:
        """Open a connection again that was lost; does nothing where none was.

        Raises
        ------
        Lost, Timeout
            It cannot be opened, or another instrument answers.
        """

    def close(self) -> None:
        """Close the connection; the instrument stays as it is."""

    def snapshot(self) -> dict[str, str | int | float]:
        """Return what the instrument is and how it is set; only reads."""
        with self.lock:
            settings = {quantity: getattr(self, quantity) for quantity in self.SNAPSHOT}
        head = {"driver": self.driver_name, "address": self.address, "identity": self.identity}
        return head | {name: getattr(value, "value", value) for name, value in settings.items()}

    # what must stay as it is

    def remember(self) -> None:
        """Take the present settings for those that the rows of this run rest on."""
        insist(self.power_cycled)  # forgets what was before
        self._remembered = insist(self._kept)

    def verify(self) -> None:
        """Check that the instrument is set as it was remembered, and has not lost its power since.

        Raises
        ------
        Restarted
            It is not; the text says what has changed.
        """
        self.check_power()
        if self.SHOWS_POWER:
            self._check_kept()

    def _check_kept(self) -> None:
        kept, now = self._remembered or {}, insist(self._kept)
        if changed := [f"{name} was {kept[name]!r}, is {now[name]!r}" for name in kept if kept[name] != now[name]]:
            raise self._restarted("; ".join(changed))

    def check_power(self) -> None:
        """Check with as few questions as possible that the power was not off since `remember`; raises Restarted."""
        if insist(self.power_cycled) and self._remembered is not None:
            raise self._restarted("its power was off")
        if not self.SHOWS_POWER:
            self._check_kept()

    def power_cycled(self) -> bool:
        """Return whether the instrument shows that its power was off since it was asked last."""
        return False

    def _restarted(self, what: str) -> Restarted:
        return Restarted(
            f"{self.name}: {what}, since the run began: it was switched off and on, or somebody turned a knob; "
            "set it up as it should be and start again",
            instrument=self.name,
        )

    def _kept(self) -> dict[str, Any]:
        return {quantity: getattr(self, quantity) for quantity in self.KEPT}


def check_settings(settings: Any, *, positive: Sequence[str] = ()) -> None:
    """Check that these settings are positive, finite numbers; raises ValueError naming the one that is not."""
    for name in positive:
        value = getattr(settings, name)
        if not (is_number(value) and value > 0):
            raise ValueError(f"{name} = {value!r} must be a positive number")


def is_number(value: Any) -> bool:
    """Return whether this is a finite number; a truth value or a text is none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
