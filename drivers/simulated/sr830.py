"""Twin of the Stanford Research SR830 lock-in: filter, noise, sensitivity, overload, reference."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from drivers.clock import Clock
from drivers.simulated.lock_in_filter import Filter
from drivers.simulated.twin import ARGUMENT, OUT_OF_RANGE, Field, NotUnderstood, Setting, Twin, number, on

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

SENSITIVITIES_V = tuple(float(f"{m}e{e}") for e in range(-9, 0) for m in (2, 5, 10))
TIME_CONSTANTS_S = tuple(float(f"{m}e{e}") for e in range(-5, 5) for m in (1, 3))
INPUT_LIMIT_V = 1.4
OUTPUT_LIMIT = 1.09
"""X and Y are shown up to this many times full scale."""
RESERVE = (1000.0, 100.0, 5.0)
"""High reserve, normal, low noise: how many times full scale may be at the input of the filter."""

INPUT, FILTER, OUTPUT, UNLOCK = 1, 2, 4, 8


class SR830Twin(Twin):
    """A simulated SR830.

    Attributes
    ----------
    source : callable
        Returns the rms voltage at the input now, in phase with the oscillator [V].
    lock_to : SR830Twin or None
        Whose oscillator feeds the reference input.
    now : callable
        Returns the time that the source knows [s].
    """

    driver_name = "sr830"
    model = "sr830"
    ADDRESS = "GPIB0::8::INSTR"
    PERIOD_S = (0.1, 10.0)
    IDENTITY = "Stanford_Research_Systems,SR830,s/n00001,ver1.07"
    SETTINGS = (
        Setting("FREQ", Field(137.0, 0.001, 102000, "%.6g")),
        Setting("PHAS", Field(0.0, -360, 729.99, "%.2f")),
        Setting("SLVL", Field(0.004, 0.004, 5, "%.3f")),
        Setting("HARM", Field(1, 1, 19999)),
        Setting("SENS", Field(26, 0, 26)),
        Setting("OFLT", Field(8, 0, 19)),
        Setting("OFSL", Field(1, 0, 3)),
        Setting("RMOD", Field(1, 0, 2)),
        Setting("SYNC", Field(0, 0, 1)),
        Setting("ISRC", Field(0, 0, 3)),
        Setting("IGND", Field(0, 0, 1)),
        Setting("ICPL", Field(0, 0, 1)),
        Setting("ILIN", Field(0, 0, 3)),
        Setting("FMOD", Field(1, 0, 1)),
        Setting("RSLP", Field(0, 0, 2)),
        Setting("SRAT", Field(4, 0, 14)),
        Setting("SEND", Field(1, 0, 1)),
        Setting("TSTR", Field(0, 0, 1)),
        Setting("OUTX", Field(1, 0, 1)),
        Setting("OVRM", Field(1, 0, 1)),
        Setting("OEXP", Field(0.0, -105, 105, "%.2f"), Field(0, 0, 2), keys="123"),
        Setting("DDEF", Field(0, 0, 4), Field(0, 0, 2), keys="12"),
        Setting("AUXV", Field(0.0, -10.5, 10.5, "%.3f"), keys="1234"),
    )

    def __init__(self, clock: Clock, seed: int = 0, *, noise_V_per_sqrtHz: float = 5e-9) -> None:
        self.source: Callable[[], float] = lambda: 0.0
        self.lock_to: SR830Twin | None = None
        self.reference_present = True
        self.filter = Filter(noise_V_per_sqrtHz, seed)
        self._status = self._events = 0
        self.now: Callable[[], float] = clock.now
        self._seen_s = clock.now()
        super().__init__(clock, seed)
        self.freeze()

    def power_on(self) -> None:
        """Take the settings of a fresh start."""
        super().power_on()
        self._status, self._events = 0, 128  # bit 7 of the event status: power on

    @property
    def time_constant_s(self) -> float:
        """Get the time constant [s]."""
        return TIME_CONSTANTS_S[int(self.value("OFLT"))]

    @property
    def full_scale_V(self) -> float:
        """Get the sensitivity [V]."""
        return SENSITIVITIES_V[int(self.value("SENS"))]

    @property
    def oscillator_V(self) -> float:
        """Get the rms output of the oscillator [V]."""
        return self.value("SLVL")

    @property
    def external(self) -> bool:
        """Get whether the reference comes from outside."""
        return self.value("FMOD") == 0

    @property
    def locked(self) -> bool:
        """Get whether the reference is there."""
        return not self.external or (self.reference_present and self.lock_to is not None)

    @property
    def frequency_Hz(self) -> float:
        """Get the reference frequency [Hz]."""
        if self.external and self.locked and self.lock_to is not None:
            return self.lock_to.frequency_Hz
        return self.value("FREQ")

    def signal_V(self) -> complex:
        """Return what the demodulator gives now, before the filter: X + iY [V]."""
        synchronous = self.locked and (self.lock_to is None or self.frequency_Hz == self.lock_to.frequency_Hz)
        if not synchronous or self.value("HARM") != 1:
            return 0j
        return cmath.rect(self.source(), -math.radians(self.value("PHAS")))

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> SR830Twin:
        """Return one that is wired as the rack says for its name, and set as a person has left it."""
        settings = rack.settings
        twin = cls(rack.clock, seed, noise_V_per_sqrtHz=settings.noise_V_per_sqrtHz)
        twin.now, twin.source = rack.now, rack.source(name)
        twin.values["SENS", ""][0] = SENSITIVITIES_V.index(settings.sensitivity_V(name))
        twin.values["OFLT", ""][0] = TIME_CONSTANTS_S.index(settings.time_constant_s)
        twin.values["OFSL", ""][0] = settings.filter_stages - 1
        if isinstance(rack.driving, SR830Twin):
            twin.lock_to, twin.values["FMOD", ""][0] = rack.driving, 0
        return twin

    def step(self, time_s: float) -> None:
        """Bring the filter and the status bits up to a time."""
        signal = self.signal_V()
        stages = int(self.value("OFSL")) + 1
        self.filter.advance(signal, time_s - self._seen_s, self.time_constant_s, stages)
        self._seen_s = time_s
        shown = self.filter.output_V(stages)
        if abs(signal) > INPUT_LIMIT_V:
            self._status |= INPUT
        if abs(signal) > RESERVE[int(self.value("RMOD"))] * self.full_scale_V:
            self._status |= FILTER
        if max(abs(shown.real), abs(shown.imag)) > OUTPUT_LIMIT * self.full_scale_V:
            self._status |= OUTPUT
        if not self.locked:
            self._status |= UNLOCK

    def _answer(self, command: str) -> str | None:
        self.step(self.now())  # with the settings that were valid until now
        reply = super()._answer(command)
        if reply is None:
            self.step(self.now())  # a new setting has its effect from now on
        return reply

    def refuse(self, trouble: NotUnderstood) -> None:
        """Set the bit of the event status: execution error, or command error."""
        self._events |= 16 if trouble is OUT_OF_RANGE else 32

    def outputs(self) -> dict[int, float]:
        """Return everything that can be asked with SNAP, by number."""
        limit = OUTPUT_LIMIT * self.full_scale_V
        shown = self.filter.output_V(int(self.value("OFSL")) + 1)
        x, y = (max(-limit, min(limit, part)) for part in (shown.real, shown.imag))
        return {
            1: x, 2: y, 3: math.hypot(x, y), 4: math.degrees(math.atan2(y, x)), 5: 0.0, 6: 0.0, 7: 0.0, 8: 0.0,
            9: self.frequency_Hz, 10: x, 11: y,
        }  # fmt: skip

    @on("*IDN?")
    def _identity(self) -> str:
        return self.IDENTITY

    @on("*CLS")
    def _clear(self) -> None:
        self._status = self._events = 0

    @on("*RST")
    def _reset(self) -> None:
        self.power_on()

    @on("*STB?")
    def _status_byte(self) -> str:
        return str((8 if self._status else 0) | (32 if self._events else 0))

    @on("*ESR?")
    def _event_status(self) -> str:
        events, self._events = self._events, 0
        return str(events)

    @on("ERRS?")
    def _error_status(self) -> str:
        return "0"

    @on("LIAS?")
    def _lock_in_status(self, bit: str = "") -> str:
        if bit:
            one = 1 << int(number(bit, 0, 7))
            status, self._status = int(bool(self._status & one)), self._status & ~one
        else:
            status, self._status = self._status, 0
        return str(status)

    @on("LIAE", "*ESE", "*SRE", "OUTM", "LOCL", "STRT", "PAUS", "REST", "TRIG", "FAST", "STRD", "ARSV", "APHS", "AOFF")
    def _accepted(self, *arguments: str) -> None:
        """Take without an effect that this twin shows."""

    @on("AGAN")
    def _auto_gain(self) -> None:
        needed = abs(self.signal_V())
        self.values["SENS", ""][0] = next((i for i, full in enumerate(SENSITIVITIES_V) if full > needed), 26)

    @on("FREQ?")
    def _frequency(self) -> str:
        return f"{self.frequency_Hz:.6g}"

    @on("OUTP?")
    def _output(self, which: str) -> str:
        return _shown(self.outputs()[int(number(which, 1, 4))])

    @on("SNAP?")
    def _snap(self, *which: str) -> str:
        if not 2 <= len(which) <= 6:
            raise ARGUMENT
        outputs = self.outputs()
        return ",".join(_shown(outputs[int(number(one, 1, 11))]) for one in which)

    @on("OAUX?")
    def _aux_in(self, which: str) -> str:
        number(which, 1, 4)
        return "0.000"

    @on("SPTS?")
    def _points(self) -> str:
        return "0"


def _shown(value: float) -> str:
    return f"{value:.6g}"
