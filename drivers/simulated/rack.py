"""The simulated rig: a cryostat with a film, and twins of the instruments, wired to it by their names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drivers.clock import Clock
from drivers.simulated.catalogue import TWINS
from drivers.simulated.coil import Coil
from drivers.simulated.cryostat import Cryostat, CryostatSettings
from drivers.simulated.library import SimulatedLibrary
from drivers.simulated.mishap import Mishap
from drivers.simulated.sample import Film, FilmSettings
from drivers.simulated.sr830 import SENSITIVITIES_V, TIME_CONSTANTS_S
from drivers.simulated.twin import Said, Twin

DRIVING, HALL = "lockin_xx", "lockin_xy"
"""Whose oscillator drives the current and who reads the longitudinal voltage; who reads the Hall voltage."""
IN_PLANE = ("magnet_x", "magnet_y")
"""Supplies of coils whose field lies in the plane of the film, which does not see it."""

FASTEST = 10_000.0
"""Times real time; the temperature loop must act every 0.2 s of the experiment."""


@dataclass(frozen=True)
class RackSettings:
    """The simulated rig; the defaults are the demo's.

    Attributes
    ----------
    film, cryostat
        What is measured, and in what.
    noise_V_per_sqrtHz : float
        Input noise of the lock-ins [V/sqrt(Hz)].
    sensitivity_xx_V, sensitivity_xy_V, time_constant_s, filter_stages
        How a person has left the lock-ins.
    seed : int
        Of all noise.
    mishaps : tuple of str
        What goes wrong and when, as `Mishap.parse` reads it: ``30:magnet:quench``.
    """

    film: FilmSettings = field(default_factory=FilmSettings)
    cryostat: CryostatSettings = field(default_factory=CryostatSettings)
    noise_V_per_sqrtHz: float = 5e-9
    sensitivity_xx_V: float = 500e-6
    sensitivity_xy_V: float = 50e-6
    time_constant_s: float = 0.1
    filter_stages: int = 2
    seed: int = 1
    mishaps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.noise_V_per_sqrtHz) and self.noise_V_per_sqrtHz >= 0):
            raise ValueError(f"noise_V_per_sqrtHz = {self.noise_V_per_sqrtHz!r} must not be negative")
        for name, table in (
            ("sensitivity_xx_V", SENSITIVITIES_V), ("sensitivity_xy_V", SENSITIVITIES_V),
            ("time_constant_s", TIME_CONSTANTS_S), ("filter_stages", (1, 2, 3, 4)),
        ):  # fmt: skip
            if getattr(self, name) not in table:
                known = ", ".join(f"{entry:g}" for entry in table)
                raise ValueError(f"{name} = {getattr(self, name)!r} does not exist on the lock-in; there are: {known}")

    def sensitivity_V(self, name: str) -> float:
        """Return the full scale of the lock-in of this name [V]."""
        return self.sensitivity_xy_V if name == HALL else self.sensitivity_xx_V


class Rack:
    """A cryostat, and a twin for every instrument.

    Parameters
    ----------
    clock : Clock
    settings : RackSettings
    instruments : mapping
        Name of each instrument -> (driver name, VISA address). The names `lockin_xx` and
        `lockin_xy` say what a lock-in is wired to.
    series_resistor_ohm : float
        Through which the oscillator of `driving` drives the film [ohm]; a current source needs none.
    driving : str
        Name of the lock-in that drives the film and reads its longitudinal voltage.

    Attributes
    ----------
    cryostat : Cryostat
    twins : dict of str to Twin
        By the name of the instrument.
    addresses : dict of str to str
        VISA address of each instrument, by its name.
    library : SimulatedLibrary
        Is given to the drivers as `visa_library`.

    Raises
    ------
    ValueError
        The clock is faster than this can be simulated, a mishap cannot be understood, or there is no twin of an
        instrument.
    """

    def __init__(
        self, clock: Clock, settings: RackSettings, instruments: Mapping[str, tuple[str, str]], *,
        series_resistor_ohm: float, driving: str = DRIVING,
    ) -> None:  # fmt: skip
        if clock.speed > FASTEST:
            raise ValueError(f"rack: {clock.speed:g} times real time is too fast to follow; at most {FASTEST:g}")
        self.clock, self.settings, self.series_resistor_ohm = clock, settings, series_resistor_ohm
        self._driving = driving
        self.cryostat = Cryostat(clock, Film(settings.film), settings.cryostat)
        self._in_plane = {name: self.cryostat.add_coil() for name in IN_PLANE if name in instruments}
        self.twins: dict[str, Twin] = {}
        self._seen: tuple[float, float, float] = (math.nan, math.nan, math.nan)
        self._voltages = (0.0, 0.0)
        # the lock-in that drives comes first, so that the others can lock to it
        for number, name in enumerate(sorted(instruments, key=lambda name: name != driving)):
            twin = _kind(instruments[name][0]).hang(self, name, settings.seed + number)
            twin.moment = self.cryostat.moment
            if twin.period_s:
                self.cryostat.every(twin.period_s, twin.step)
            self.twins[name] = twin
        self.addresses = {name: address for name, (_, address) in instruments.items()}
        for text in settings.mishaps:
            self.let_happen(Mishap.parse(text, self.twins))
        self.library = SimulatedLibrary({instruments[name][1]: twin for name, twin in self.twins.items()}, clock)

    def let_happen(self, mishap: Mishap) -> None:
        """Let something go wrong at its time; at once if that has passed."""
        self.cryostat.at(mishap.time_s, lambda _: mishap.happen(self))

    def coil(self, name: str) -> Coil:
        """Return the coil of the magnet supply of this name, that of the film for any other instrument."""
        return self._in_plane.get(name, self.cryostat.coil)

    @property
    def driving(self) -> Twin | None:
        """Get the lock-in whose oscillator drives the film, if there is one."""
        return self.twins.get(self._driving)

    @property
    def excitation_A(self) -> float:
        """Get the rms current through the film [A]: a current source's own, or an oscillator's through the resistor."""
        through_resistor_A = getattr(self.driving, "oscillator_V", 0.0) / self.series_resistor_ohm
        return getattr(self.driving, "excitation_A", through_resistor_A)

    def now(self) -> float:
        """Return the time that the cryostat has come to [s]."""
        return self.cryostat.time_s

    def source(self, name: str) -> Callable[[], float]:
        """Return what gives the voltage at the input of the lock-in of this name [V rms]."""
        if name == self._driving:
            return lambda: self._film_voltages()[0]
        if name == HALL:
            return lambda: self._film_voltages()[1]
        return lambda: 0.0

    def _film_voltages(self) -> tuple[float, float]:
        """Return (v_xx, v_xy) now [V]; computed again only when something has moved."""
        current_A = self.excitation_A
        with self.cryostat.moment():
            seen = (self.cryostat.field_T, self.cryostat.heat.stage_K, current_A)
            same_place = seen[0] == self._seen[0] and seen[2] == self._seen[2]
            # a thousandth of a percent in temperature moves the resistance by less than its last digit
            if not (same_place and abs(seen[1] - self._seen[1]) < 1e-5 * seen[1]):
                self._seen, self._voltages = seen, self.cryostat.voltages(current_A)
        return self._voltages

    @property
    def wire_log(self) -> list[tuple[str, Said]]:
        """Get every line on every wire, (name, said), in the order of time."""
        said = [(name, line) for name, twin in self.twins.items() for line in list(twin.wire_log)]
        return sorted(said, key=lambda entry: entry[1].time_s)


def _kind(driver: str) -> type[Twin]:
    """Return the twin of a driver's instrument; raises ValueError."""
    if driver in TWINS:
        return TWINS[driver]
    raise ValueError(
        f"there is no simulated {driver}: what an instrument does is not known from its name or description; "
        f"simulated are {', '.join(TWINS)}"
    )
