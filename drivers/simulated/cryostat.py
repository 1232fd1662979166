"""The simulated cryostat: a magnet coil, a heated stage with its sensor, and the film between its contacts.

Everything moves with one clock and is advanced when somebody looks, by closed forms: what is seen does not depend on
how often it is looked at.
"""

from __future__ import annotations

import enum
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, fields

from scipy.special import lambertw, wrightomega

from drivers.clock import Clock
from drivers.simulated.coil import Coil
from drivers.simulated.sample import Film

Moment = Callable[[], AbstractContextManager[None]]
"""Locks the cryostat and brings it to the present."""


@dataclass(frozen=True)
class CryostatSettings:
    """A cryostat with a superconducting magnet and a heated copper stage; the defaults are those of the demo.

    On the 5 W range of a heater (Lake Shore 336: Medium) P = 10 % of the power per kelvin, I = 100 (an integral time of
    1000/I = 10 s) and D = 0 settle anywhere from 1.5 to 30 K in less than two minutes, the cooling from 30 K included;
    5 W reach 51 K. The 0.5 W range (Low) wants P = 100 and reaches 6 K, the 50 W range (High) wants P = 1.

    Attributes
    ----------
    field_per_ampere_T, inductance_H : float
        Field over current [T/A] and inductance [H] of the coil.
    quench_time_s : float
        Time constant of the current in a quench [s].
    trapped_flux_T, reversal_field_T : float
        How far the field stays behind the current in a long ramp [T], and how much the field must move after a reversal
        until this is so again but for 1/e [T].
    bath_K, start_K : float
        Temperature of the bath, and of the stage in the beginning [K].
    link_W_per_K : float
        Conductance from the stage to the bath [W/K].
    time_constant_s_per_K, sensor_time_constant_s_per_K : float
        Thermal time constants of stage and sensor over temperature [s/K]; the sensor's is the smaller.
    squares : float
        Length over width of the film between the longitudinal contacts.
    misalignment : float
        Part of R_xx that the Hall contacts see.
    """

    field_per_ampere_T: float = 0.1
    inductance_H: float = 5.0
    quench_time_s: float = 1.5
    trapped_flux_T: float = 1e-3
    reversal_field_T: float = 0.02
    bath_K: float = 1.3
    start_K: float = 4.2
    link_W_per_K: float = 0.1
    time_constant_s_per_K: float = 1.0
    sensor_time_constant_s_per_K: float = 0.1
    squares: float = 5.0
    misalignment: float = 0.01

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            above = value > 0 or name == "misalignment" or (name == "trapped_flux_T" and value == 0)
            if not (above and math.isfinite(value)):
                raise ValueError(f"cryostat: {name} = {value}: must be positive and finite; correct the settings")
        if self.sensor_time_constant_s_per_K >= self.time_constant_s_per_K:
            raise ValueError(
                f"cryostat: sensor_time_constant_s_per_K = {self.sensor_time_constant_s_per_K} must be below "
                f"time_constant_s_per_K = {self.time_constant_s_per_K}: the sensor is smaller than the stage"
            )


class SensorFault(enum.Enum):
    """What can be wrong with the sensor."""

    NONE = "none"
    FROZEN = "frozen"
    OPEN = "open"
    SHORTED = "shorted"


class Heat:
    r"""A stage of copper on a link to the bath, with a heater and a sensor.

    The heat capacities of stage and sensor go with T, the conductances are constant, so that both time constants go
    with T. In the stretched time d theta = dt/T the two equations are linear,

    .. math:: dT/d\theta = (T_\infty - T)/\tau', \quad dT_s/d\theta = (T - T_s)/\tau_s', \quad
              T_\infty = T_{bath} + P/K,

    and t(theta) is inverted by Lambert's W. tau' and tau_s' are the time constants over temperature [s/K].
    """

    __slots__ = ("settings", "_moment", "_stage_K", "_sensor_K", "_heater_W", "_runaway_W", "_fault", "_frozen_K")

    def __init__(self, settings: CryostatSettings, moment: Moment) -> None:
        self.settings = settings
        self._moment = moment
        self._stage_K = self._sensor_K = self._frozen_K = settings.start_K
        self._heater_W = 0.0
        self._runaway_W: float | None = None
        self._fault = SensorFault.NONE

    @property
    def stage_K(self) -> float:
        """Measure the true temperature of stage and film [K]."""
        with self._moment():
            return self._stage_K

    @property
    def sensor_K(self) -> float:
        """Measure what the sensor shows [K]; nan when it is open or shorted."""
        with self._moment():
            if self._fault is SensorFault.NONE:
                return self._sensor_K
            return self._frozen_K if self._fault is SensorFault.FROZEN else math.nan

    @property
    def sensor_fault(self) -> SensorFault:
        """Control what is wrong with the sensor; a frozen one shows what it showed when it froze."""
        return self._fault

    @sensor_fault.setter
    def sensor_fault(self, fault: SensorFault) -> None:
        with self._moment():
            self._fault, self._frozen_K = SensorFault(fault), self._sensor_K

    @property
    def heater_W(self) -> float:
        """Control the power of the heater [W]."""
        return self._heater_W

    @heater_W.setter
    def heater_W(self, power_W: float) -> None:
        if not (math.isfinite(power_W) and power_W >= 0):
            raise ValueError(f"heater: {power_W} W is not accepted; give a finite power, not below zero")
        with self._moment():
            self._heater_W = float(power_W)

    def run_away(self, power_W: float) -> None:
        """Let the heater give this power [W] from now on, whatever is asked of it."""
        with self._moment():
            self._runaway_W = float(power_W)

    def advance(self, elapsed_s: float) -> None:
        """Let time pass; for the cryostat alone."""
        s = self.settings
        slow, fast = s.time_constant_s_per_K, s.sensor_time_constant_s_per_K
        power_W = self._heater_W if self._runaway_W is None else self._runaway_W
        end_K = s.bath_K + power_W / s.link_W_per_K
        before_K, after_K = self._stage_K, end_K * _relaxed(self._stage_K / end_K, elapsed_s / (slow * end_K))
        theta = (elapsed_s - slow * (before_K - after_K)) / end_K
        follow = slow / (slow - fast)
        free_K = self._sensor_K - end_K - follow * (before_K - end_K)
        self._sensor_K = end_K + follow * (after_K - end_K) + free_K * math.exp(-theta / fast)
        self._stage_K = after_K


def _relaxed(y: float, time: float) -> float:
    """Solve dy/dt = (1 - y)/y, that is (y - 1) exp(y - 1) exp(t) = constant, for y > 0."""
    z = y - 1
    if z > 0:
        return 1 + float(wrightomega(math.log(z) + z - time))
    return 1 + float(lambertw(z * math.exp(z - time)).real)


@dataclass
class _Loop:
    """Something that is done every period, or once if that is 0."""

    start_s: float
    period_s: float
    action: Callable[[float], None]
    done: int = 0

    @property
    def due_s(self) -> float:
        return self.start_s + (self.done + 1) * self.period_s


class Cryostat:
    """Coil, heat and film on one clock; safe to use from several threads.

    Parameters
    ----------
    clock : Clock
        The time of the experiment.
    film : Film
    settings : CryostatSettings, optional
    """

    __slots__ = ("clock", "film", "settings", "coil", "heat", "_lock", "_time_s", "_loops", "_depth", "_coils")

    def __init__(self, clock: Clock, film: Film, settings: CryostatSettings | None = None) -> None:
        self.clock = clock
        self.film = film
        self.settings = settings or CryostatSettings()
        self._lock = threading.RLock()
        self._time_s = clock.now()
        self._loops: list[_Loop] = []
        self._depth = 0
        self._coils: list[Coil] = []
        self.coil = self.add_coil()
        self.heat = Heat(self.settings, self.moment)

    def add_coil(self) -> Coil:
        """Return one more coil on this clock; the film sees the field of the first alone."""
        coil = Coil(self.settings, self.moment)
        self._coils.append(coil)
        return coil

    @contextmanager
    def moment(self) -> Iterator[None]:
        """Hold the cryostat at the present: what is read and set inside belongs to one moment."""
        with self._lock:
            self._depth += 1
            try:
                if self._depth == 1:  # inside of it time stands still
                    self._march(self.clock.now())
                yield
            finally:
                self._depth -= 1

    def every(self, period_s: float, action: Callable[[float], None]) -> None:
        """Call `action(time_s)` every period from now on, at exactly that time of the cryostat's.

        A control loop (read the sensor, set the heater) or the filter of a lock-in lives here, so that it too does not
        depend on who looks when. The action runs while the cryostat is locked: it must not wait for another lock.
        """
        if not (math.isfinite(period_s) and period_s > 0):
            raise ValueError(f"cryostat: cannot do something every {period_s} s; give a positive period")
        with self.moment():
            self._loops.append(_Loop(self._time_s, period_s, action))

    def at(self, time_s: float, action: Callable[[float], None]) -> None:
        """Call `action(time_s)` once, at that time of the clock [s]; under the same lock as those of `every`."""
        with self.moment():
            self._loops.append(_Loop(time_s, 0.0, action))

    def _march(self, until_s: float) -> None:
        while self._loops and (loop := min(self._loops, key=lambda one: one.due_s)).due_s <= until_s:
            self._advance(loop.due_s)
            loop.done += 1
            if not loop.period_s:
                self._loops.remove(loop)
            loop.action(self._time_s)
        self._advance(until_s)

    def _advance(self, until_s: float) -> None:
        elapsed_s = until_s - self._time_s
        if elapsed_s > 0:
            for coil in self._coils:
                coil.advance(elapsed_s)
            self.heat.advance(elapsed_s)
            self._time_s = until_s

    @property
    def time_s(self) -> float:
        """Get the time of the cryostat: the clock's, and inside an action of `every` the one it is called for [s]."""
        with self.moment():
            return self._time_s

    @property
    def field_T(self) -> float:
        """Measure the true field at the film, trapped flux included [T]."""
        return self.coil.field_T

    @property
    def temperature_K(self) -> float:
        """Measure what the sensor shows [K]; nan when it is open or shorted."""
        return self.heat.sensor_K

    def voltages(self, current_A: float) -> tuple[float, float]:
        """Measure (v_xx, v_xy), the rms voltages at the contacts for an rms current [A], without noise [V].

        v_xy is the Hall voltage I rho_yx, and a part of v_xx by the misaligned contacts.
        """
        with self.moment():
            field_T, stage_K = self.coil.field_T, self.heat.stage_K
        rho_xx, rho_yx = self.film.sheet_tensor(field_T, stage_K, current_A)
        r_xx = self.settings.squares * rho_xx
        return current_A * r_xx, current_A * (rho_yx + self.settings.misalignment * r_xx)
