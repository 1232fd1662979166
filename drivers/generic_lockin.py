"""A lock-in that is described by its command strings in config.yaml.

Its full scale is set by hand and stands in the description; nothing here changes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.described import FIXED_SHARE, Described, Description
from drivers.instrument import Whole
from drivers.limited import check_settings, is_number
from drivers.lock_in import LockIn, LockInReading
from drivers.patience import insist
from drivers.srs_lock_in import agree
from drivers.templates import Reply, Words, bounded

BEYOND = 10.0
"""Times full scale: no lock-in shows as much, a reply that says so was spoilt."""
LARGEST_STATUS = 2**31 - 1
LONGEST_S, HIGHEST_HZ, MOST_STAGES = 1e5, 1e7, 8


class GenericLockIn(Described, LockIn):
    """Any lock-in, described by its command strings."""

    driver_name = "generic_lockin"
    role = "lockin"
    SNAPSHOT = ("frequency_Hz", "oscillator_V", "sensitivity_V", "time_constant_s", "filter_stages", "xy_factor_V")
    KEPT = ("oscillator_V", "time_constant_s", "filter_stages", "as_described")

    @dataclass(frozen=True, kw_only=True)
    class Settings(Description):
        """The words of a lock-in, and what of it is fixed.

        Attributes
        ----------
        xyr_query, xyr_reply : str
            Asks for X, Y and R at one instant; best, as a reply whose R is not the length of X and Y is refused.
        xy_query, xy_reply : str
            Asks for X and Y, where R cannot be had with them.
        x_query, x_reply, y_query, y_reply : str
            Ask for X and for Y, one after the other, where both cannot be had at once.
        xy_factor_V : float
            Volts rms in the unit of X and Y [V].
        full_scale_V : float
            The full scale, as a person has set it, rms [V].
        status_query, overload_bits, unlocked_bits : str, int, int
            Asks for a status word, and which of its bits mean an overload and a missing reference. Without: overload
            is when X or Y reaches full scale, and a missing reference is not seen.
        time_constant_s : float, or time_constant_query, time_constant_reply, time_constant_factor_s
            Of the filter [s]: fixed, or asked for.
        time_constants : tuple of (str, float)
            Where the reply to `time_constant_query` is a code: each with its time constant [s].
        filter_stages : int, or filter_stages_query, filter_stages_codes
            Number of RC stages, 6 dB/octave each: fixed, or asked for, each reply with its number.
        frequency_Hz : float, or frequency_query, frequency_reply, frequency_factor_Hz
            Of the reference [Hz]: fixed by an external generator, or asked for.
        oscillator_V : float, or oscillator_query, oscillator_reply, oscillator_factor_V
            Voltage of the oscillator, rms [V]: that of an external generator, or asked for.
        oscillator_command, oscillator_min_V, oscillator_max_V, oscillator_step_V : str, float, float, float
            Sets the oscillator; its limits, and how far the instrument may round [V]. Without: set by hand.
        """

        xyr_query: str = ""
        xyr_reply: str = "%g,%g,%g"
        xy_query: str = ""
        xy_reply: str = "%g,%g"
        x_query: str = ""
        x_reply: str = "%g"
        y_query: str = ""
        y_reply: str = "%g"
        xy_factor_V: float = 1.0
        full_scale_V: float
        status_query: str = ""
        overload_bits: int = 0
        unlocked_bits: int = 0
        time_constant_s: float | None = None
        time_constant_query: str = ""
        time_constant_reply: str = "%g"
        time_constant_factor_s: float = 1.0
        time_constants: tuple[tuple[str, float], ...] = ()
        filter_stages: int | None = None
        filter_stages_query: str = ""
        filter_stages_codes: tuple[tuple[str, int], ...] = ()
        frequency_Hz: float | None = None
        frequency_query: str = ""
        frequency_reply: str = "%g"
        frequency_factor_Hz: float = 1.0
        oscillator_V: float | None = None
        oscillator_query: str = ""
        oscillator_reply: str = "%g"
        oscillator_factor_V: float = 1.0
        oscillator_command: str = ""
        oscillator_min_V: float = 0.0
        oscillator_max_V: float = 1.0
        oscillator_step_V: float = 1e-3

        COUNTS = {"xyr_reply": 3, "xy_reply": 2}

        def __post_init__(self) -> None:
            self.check_words()
            self._check_signal()
            for fixed, query in (
                ("time_constant_s", "time_constant_query"), ("filter_stages", "filter_stages_query"),
                ("frequency_Hz", "frequency_query"), ("oscillator_V", "oscillator_query"),
            ):  # fmt: skip
                self.check_either(fixed, query)
            self.check_codes("time_constants")
            self.check_codes("filter_stages_codes")
            self._check_filter()
            self._check_oscillator()

        def _check_signal(self) -> None:
            check_settings(self, positive=("full_scale_V",))
            ways = [bool(self.xyr_query), bool(self.xy_query), bool(self.x_query or self.y_query)]
            if sum(ways) != 1 or bool(self.x_query) != bool(self.y_query):
                raise ValueError("give one of xyr_query, xy_query, or x_query and y_query")
            for name in ("overload_bits", "unlocked_bits"):
                bits = getattr(self, name)
                if isinstance(bits, bool) or not isinstance(bits, int) or not 0 <= bits <= LARGEST_STATUS:
                    raise ValueError(f"{name} = {bits!r} must be the sum of the bits, a whole number")
            if bool(self.status_query) != bool(self.overload_bits):
                raise ValueError("status_query and overload_bits belong together: give both or neither")
            if self.unlocked_bits and not self.status_query:
                raise ValueError("unlocked_bits needs status_query")

        def _check_filter(self) -> None:
            if bool(self.filter_stages_query) != bool(self.filter_stages_codes):
                raise ValueError("filter_stages_query and filter_stages_codes belong together: give both or neither")
            if self.time_constants and not self.time_constant_query:
                raise ValueError("time_constants needs time_constant_query")
            stages = [self.filter_stages, *(count for _, count in self.filter_stages_codes)]
            if wrong := [count for count in stages if count is not None and count not in range(1, MOST_STAGES + 1)]:
                raise ValueError(f"filter_stages = {wrong[0]!r}; there are 1 to {MOST_STAGES}")
            times_s = [self.time_constant_s, *(time_s for _, time_s in self.time_constants)]
            if wrong := [t for t in times_s if t is not None and not (is_number(t) and 0 < t <= LONGEST_S)]:
                raise ValueError(f"time_constant_s = {wrong[0]!r} must be a positive number")

        def _check_oscillator(self) -> None:
            fixed = [name for name in ("frequency_Hz", "oscillator_V") if getattr(self, name) is not None]
            check_settings(self, positive=("oscillator_max_V", "oscillator_step_V", *fixed))
            self.check_command("oscillator_command", "oscillator_query")
            if not (is_number(self.oscillator_min_V) and 0 <= self.oscillator_min_V < self.oscillator_max_V):
                raise ValueError(f"oscillator_min_V = {self.oscillator_min_V!r} must be from 0 to oscillator_max_V")
            if self.oscillator_V is not None and self.oscillator_V > self.oscillator_max_V:
                raise ValueError(f"oscillator_V = {self.oscillator_V!r} is above oscillator_max_V")

    def _own_limits(self) -> dict[str, tuple[float, float]]:
        s = self.settings
        if s.oscillator_V is None:
            return {"oscillator_V": (s.oscillator_min_V, s.oscillator_max_V)}
        return {"oscillator_V": (s.oscillator_V * (1 - FIXED_SHARE), s.oscillator_V * (1 + FIXED_SHARE))}

    def _on_open(self) -> None:
        s = self.settings
        self._time_constant = Words(s.time_constant_query, s.time_constant_reply, factor=s.time_constant_factor_s)
        self._frequency = Words(s.frequency_query, s.frequency_reply, factor=s.frequency_factor_Hz)
        self._oscillator = Words(s.oscillator_query, s.oscillator_reply, s.oscillator_command, s.oscillator_factor_V)
        super()._on_open()

    # what it measures

    def read(self) -> LockInReading:  # type: ignore[override]  # what PyMeasure calls read is not for the user
        """Measure X and Y [V] with the status since the last reading, in one transaction.

        Raises
        ------
        Timeout, Garbled, Lost
        """
        s = self.settings
        with self.lock:
            x_V, y_V = self._ask_x_y()
            if not s.status_query:
                return LockInReading(x_V, y_V, max(abs(x_V), abs(y_V)) >= s.full_scale_V, False)
            status, lost = self._take_status(lambda: self.query(s.status_query, Whole(0, LARGEST_STATUS)))
        return LockInReading(x_V, y_V, bool(status & s.overload_bits), bool(status & s.unlocked_bits), lost)

    def _ask_x_y(self) -> tuple[float, float]:
        s = self.settings
        most = BEYOND * s.full_scale_V / s.xy_factor_V
        number = bounded(-most, most)
        if s.xyr_query:
            x_V, y_V, r_V = (s.xy_factor_V * v for v in self.query(s.xyr_query, Reply(s.xyr_reply, 3, number)))
            if not agree(x_V, y_V, r_V):
                raise self.garbled(s.xyr_query, f"{x_V:g} {y_V:g} {r_V:g} V", "has an R that is not the length of X, Y")
            return x_V, y_V
        if s.xy_query:
            x, y = self.query(s.xy_query, Reply(s.xy_reply, 2, number))
        else:
            (x,), (y,) = (
                self.query(query, Reply(reply, 1, number))
                for query, reply in ((s.x_query, s.x_reply), (s.y_query, s.y_reply))
            )
        return x * s.xy_factor_V, y * s.xy_factor_V

    def power_cycled(self) -> bool:
        """Return whether the event status has had its power-on bit since it was read last."""
        return self._power_was_off(self.settings.event_query)

    # how it is set

    @property
    def sensitivity_V(self) -> float:
        """Get the full scale of the description, rms [V]."""
        return self.settings.full_scale_V

    @property
    def xy_factor_V(self) -> float:
        """Get what the unit of X and Y is, as described [V]."""
        return self.settings.xy_factor_V

    @property
    def time_constant_s(self) -> float:
        """Get the time constant of the filter [s]."""
        s = self.settings
        if s.time_constant_s is not None:
            return s.time_constant_s
        if s.time_constants:
            return self._ask_code(s.time_constant_query, s.time_constants)
        return self._ask_number(self._time_constant, 1e-7, LONGEST_S)

    @property
    def filter_stages(self) -> int:
        """Get the number of RC stages of the filter, 6 dB/octave each [1]."""
        s = self.settings
        if s.filter_stages is not None:
            return s.filter_stages
        return self._ask_code(s.filter_stages_query, s.filter_stages_codes)

    @property
    def frequency_Hz(self) -> float:
        """Get the reference frequency [Hz]."""
        if self.settings.frequency_Hz is not None:
            return self.settings.frequency_Hz
        return self._ask_number(self._frequency, 1e-3, HIGHEST_HZ)

    @property
    def oscillator_V(self) -> float:
        """Control the oscillator output, rms [V]; of an external generator, only what it gives is accepted."""
        s = self.settings
        if s.oscillator_V is not None:
            return s.oscillator_V
        return self._ask_number(self._oscillator, 0, 2 * s.oscillator_max_V)

    @oscillator_V.setter
    def oscillator_V(self, value: float) -> None:
        volts, s = self.check_oscillator(value), self.settings
        within_V = s.oscillator_step_V + FIXED_SHARE * volts
        if s.oscillator_V is not None:
            return
        line = self._worded("oscillator_V", self._oscillator, volts, within=within_V)[0] if s.oscillator_command else ""
        with self.lock:
            if line:
                self.send(line)
            taken_V = insist(lambda: self.oscillator_V)
        self._check_said("the oscillator", volts, taken_V, within_V, "V")

    def check_oscillator(self, volts: float) -> float:
        """Return the voltage [V] if the oscillator may be set to it; raises LimitExceeded."""
        return self.check_limit("oscillator_V", volts)
