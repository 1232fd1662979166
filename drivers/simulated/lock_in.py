"""What every lock-in twin has, whoever made it: an input, a reference, a filter, and bits that say what is wrong.

A maker's twin adds its language, its tables and its limits; any of them can drive the film, and any
can lock to any other.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from drivers.clock import Clock
from drivers.simulated.lock_in_filter import Filter
from drivers.simulated.twin import Twin

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

FREQUENCY_IN_RACK_Hz = 137.0
"""Where a person has left the oscillators."""


class Heads(NamedTuple):
    """Under which mnemonic a lock-in keeps what they all have; the first three are indices in its tables."""

    sensitivity: str
    time_constant: str
    slope: str
    oscillator: str
    frequency: str
    phase: str
    harmonic: str
    reference: str


class LockInTwin(Twin):
    """A simulated lock-in.

    Attributes
    ----------
    source : callable
        Returns the rms voltage at the input now, in phase with the oscillator [V].
    lock_to : LockInTwin or None
        Whose oscillator feeds the reference input.
    reference_present : bool
        The cable of the reference is plugged in.
    now : callable
        Returns the time that the source knows [s].
    """

    PERIOD_S = (0.1, 10.0)
    HEADS: ClassVar[Heads]
    TIME_CONSTANTS_S: ClassVar[Sequence[float]]
    SENSITIVITIES_V: ClassVar[Sequence[float]]
    INTERNAL: ClassVar[int] = 0
    EXTERNAL: ClassVar[int] = 1
    """The values of the setting that says where the reference comes from."""

    def __init__(self, clock: Clock, seed: int = 0, *, noise_V_per_sqrtHz: float = 5e-9) -> None:
        self.source: Callable[[], float] = lambda: 0.0
        self.lock_to: LockInTwin | None = None
        self.reference_present = True
        self.filter = Filter(noise_V_per_sqrtHz, seed)
        self.now: Callable[[], float] = clock.now
        self._status = self._events = 0
        self._seen_s = clock.now()
        super().__init__(clock, seed)
        self.freeze()

    @property
    def time_constant_s(self) -> float:
        """Get the time constant [s]."""
        return self.TIME_CONSTANTS_S[int(self.value(self.HEADS.time_constant))]

    @property
    def stages(self) -> int:
        """Get the number of RC stages of the filter."""
        return int(self.value(self.HEADS.slope)) + 1

    @property
    def full_scale_V(self) -> float:
        """Get the sensitivity, rms [V]."""
        return self.SENSITIVITIES_V[int(self.value(self.HEADS.sensitivity))]

    @property
    def oscillator_V(self) -> float:
        """Get the rms output of the oscillator [V]."""
        return self.value(self.HEADS.oscillator)

    @property
    def internal_frequency_Hz(self) -> float:
        """Get the frequency of the oscillator [Hz]."""
        return self.value(self.HEADS.frequency)

    @property
    def phase_deg(self) -> float:
        """Get the phase of the reference [deg]."""
        return self.value(self.HEADS.phase)

    @property
    def harmonic(self) -> int:
        """Get the harmonic that is detected."""
        return int(self.value(self.HEADS.harmonic))

    @property
    def external(self) -> bool:
        """Get whether the reference comes from outside."""
        return self.value(self.HEADS.reference) != self.INTERNAL

    def leave(self, *, full_scale_V: float, time_constant_s: float, stages: int, external: bool) -> None:
        """Set it as a person has left it in a rig: the next larger range and time constant that it has."""
        left = {
            self.HEADS.sensitivity: entry_above(self.SENSITIVITIES_V, full_scale_V),
            self.HEADS.time_constant: entry_above(self.TIME_CONSTANTS_S, time_constant_s),
            self.HEADS.slope: stages - 1,
            self.HEADS.frequency: FREQUENCY_IN_RACK_Hz,
            self.HEADS.reference: self.EXTERNAL if external else self.INTERNAL,
        }
        for head, value in left.items():
            self.values[head, ""][0] = value

    def watch(self, signal_V: complex, shown_V: complex) -> None:
        """Note in the status what is wrong with the signal before, and with what is shown after the filter [V]."""
        raise NotImplementedError(f"{type(self).__name__} must say when it is overloaded")

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> Any:
        """Return one that is wired as the rack says for its name, and set as a person has left it."""
        settings = rack.settings
        twin = cls(rack.clock, seed, noise_V_per_sqrtHz=settings.noise_V_per_sqrtHz)
        twin.now, twin.source = rack.now, rack.source(name)
        if isinstance(rack.driving, LockInTwin):
            twin.lock_to = rack.driving
        twin.leave(
            full_scale_V=settings.sensitivity_V(name), time_constant_s=settings.time_constant_s,
            stages=settings.filter_stages, external=twin.lock_to is not None,
        )  # fmt: skip
        return twin

    @property
    def locked(self) -> bool:
        """Get whether the reference is there."""
        return not self.external or (self.reference_present and self.lock_to is not None)

    @property
    def frequency_Hz(self) -> float:
        """Get the reference frequency [Hz]."""
        if self.external and self.locked and self.lock_to is not None:
            return self.lock_to.frequency_Hz
        return self.internal_frequency_Hz

    def signal_V(self) -> complex:
        """Return what the demodulator gives now, before the filter: X + iY [V]."""
        synchronous = self.locked and (self.lock_to is None or self.frequency_Hz == self.lock_to.frequency_Hz)
        if not synchronous or self.harmonic != 1:
            return 0j
        return cmath.rect(self.source(), -math.radians(self.phase_deg))

    def shown_V(self) -> complex:
        """Return what the filter gives now: X + iY [V]."""
        return self.filter.output_V(self.stages)

    def step(self, time_s: float) -> None:
        """Bring the filter and the status up to a time."""
        signal_V = self.signal_V()
        self.filter.advance(signal_V, time_s - self._seen_s, self.time_constant_s, self.stages)
        self._seen_s = time_s
        self.watch(signal_V, self.shown_V())

    def _only_settings(self, command: str) -> bool:
        """Return whether a command asks for a setting or an identity: neither needs the filter to be up to date."""
        head, _ = self.parse(command)
        return head.endswith("?") and (head.startswith("*") or head[:-1] in self._settings)

    def take_status(self, mask: int = -1) -> int:
        """Return these bits of the status, and clear them, as reading does."""
        taken = self._status & mask
        self._status &= ~mask
        return taken

    def _answer(self, command: str) -> str | None:
        if self._only_settings(command):
            return super()._answer(command)
        self.step(self.now())  # with the settings that were valid until now
        reply = super()._answer(command)
        if not reply:
            self.step(self.now())  # a new setting has its effect from now on
        return reply


def entry_above(table: Sequence[float], value: float) -> int:
    """Return the index of the smallest entry that is not below a value, or of the largest; in any order."""
    at_least = [entry for entry in table if entry >= value * (1 - 1e-9)]
    return list(table).index(min(at_least) if at_least else max(table))


def clipped(value: complex, limit: float) -> complex:
    """Return a value whose parts do not go beyond a limit, as an output shows it."""
    x, y = (max(-limit, min(limit, part)) for part in (value.real, value.imag))
    return complex(x, y)
