"""What goes wrong in the simulated rig, and when: a spoilt reply, a quench, a frozen sensor, a heater run away."""

from __future__ import annotations

import difflib
import enum
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drivers.simulated.cryostat import SensorFault
from drivers.simulated.twin import Fault

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

FOR_EVER_S = 1e9
RUNAWAY_W = 5.0
LATE_S = 1.0


class Accident(enum.Enum):
    """What can happen to the cryostat, whichever instrument looks at it."""

    QUENCH = "quench"
    FREEZE = "freeze"
    OPEN = "open"
    RUNAWAY = "runaway"


KINDS: dict[str, Fault | Accident] = {kind.value: kind for kind in (*Fault, *Accident)}


@dataclass(frozen=True)
class Mishap:
    """One thing that goes wrong.

    Attributes
    ----------
    time_s : float
        When, by the clock of the experiment since the rack was switched on [s].
    instrument : str
        To whom; for the accidents of the cryostat the one through which it is seen.
    kind : Fault or Accident
    amount : float
        How late a delayed reply is, or how long it hangs [s]; how many characters are left of a cut one; the power of
        a heater that runs away [W]. 0 takes what is usual.
    """

    time_s: float
    instrument: str
    kind: Fault | Accident
    amount: float = 0.0

    @classmethod
    def parse(cls, text: str, instruments: Iterable[str]) -> Mishap:
        """Return what ``TIME:INSTRUMENT:KIND`` or ``TIME:INSTRUMENT:KIND:AMOUNT`` says, as in ``30:magnet:quench``.

        Raises
        ------
        ValueError
            One line that says which part is not understood.
        """
        parts = [part.strip() for part in text.split(":")]
        if len(parts) not in (3, 4):
            raise ValueError(f"{text!r}: write TIME:INSTRUMENT:KIND, for example 30:magnet:quench")
        time_s, amount = (_number(text, part) for part in (parts[0], parts[3] if len(parts) == 4 else "0"))
        names = list(instruments)
        if parts[1] not in names:
            raise ValueError(f"{text!r}: there is no instrument {parts[1]!r}; there are {', '.join(names)}")
        if parts[2] not in KINDS:
            close = difflib.get_close_matches(re.sub("[_-]", " ", parts[2].lower()), KINDS, n=1)
            hint = f", did you mean {close[0]}?" if close else f"; there are {', '.join(KINDS)}"
            raise ValueError(f"{text!r}: nothing is known of {parts[2]!r}{hint}")
        return cls(time_s, parts[1], KINDS[parts[2]], amount)

    def happen(self, rack: Rack) -> None:
        """Let it happen now."""
        faults, heat = rack.twins[self.instrument].faults, rack.cryostat.heat
        if self.kind is Fault.HANG:
            faults.hung_until_s = rack.clock.now() + (self.amount or FOR_EVER_S)
        elif isinstance(self.kind, Fault):
            faults.plan(self.kind, keep=int(self.amount), seconds=self.amount or LATE_S)
        elif self.kind is Accident.QUENCH:
            rack.coil(self.instrument).quench()
        elif self.kind is Accident.RUNAWAY:
            heat.run_away(self.amount or RUNAWAY_W)
        else:
            heat.sensor_fault = SensorFault.FROZEN if self.kind is Accident.FREEZE else SensorFault.OPEN


def _number(text: str, part: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{text!r}: {part!r} is not a number from 0 up")
    return value
