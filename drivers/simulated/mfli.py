"""Twin of the Zurich Instruments MFLI, at the border of our own driver: nodes, not LabOne's protocol."""

from __future__ import annotations

import math
import re
from typing import Any

from drivers.clock import Clock
from drivers.simulated.lock_in import FREQUENCY_IN_RACK_Hz, Heads, LockInTwin, entry_above
from drivers.simulated.maker_session import MakerSession, number_or_text
from drivers.simulated.twin import Field, Setting, on

INPUT_RANGES_V = (1e-3, 3e-3, 10e-3, 30e-3, 100e-3, 300e-3, 1.0, 3.0)
"""Peak."""
CLOCKBASE_Hz = 60e6
_LINE = re.compile(r"\s*/?([A-Za-z0-9/]+)\s*(.*?)\s*")


class MFLITwin(LockInTwin):
    """A simulated MFLI: a line with the path of a node asks for it, with a value it sets it."""

    driver_name = "mfli"
    model = "mfli"
    ADDRESS = "dev1234@127.0.0.1:8004"
    HEADS = Heads(
        "SIGINS/0/RANGE", "DEMODS/0/TIMECONSTANT", "DEMODS/0/ORDER", "SIGOUTS/0/AMPLITUDES/1", "OSCS/0/FREQ",
        "DEMODS/0/PHASESHIFT", "DEMODS/0/HARMONIC", "EXTREFS/0/ENABLE",
    )  # fmt: skip
    SETTINGS = (
        Setting("OSCS/0/FREQ", Field(1e5, 0, 5e6, "%.15g")),
        Setting("DEMODS/0/PHASESHIFT", Field(0.0, -360, 360, "%.15g")),
        Setting("DEMODS/0/HARMONIC", Field(1, 1, 1023)),
        Setting("DEMODS/0/TIMECONSTANT", Field(0.1, 3e-8, 100, "%.15g")),
        Setting("DEMODS/0/ORDER", Field(3, 1, 8)),
        Setting("SIGINS/0/RANGE", Field(3.0, 0, 3, "%.15g")),
        Setting("SIGINS/0/AC", Field(0, 0, 1)),
        Setting("SIGINS/0/DIFF", Field(0, 0, 1)),
        Setting("SIGINS/0/FLOAT", Field(0, 0, 1)),
        Setting("SIGINS/0/IMP50", Field(0, 0, 1)),
        Setting("SIGOUTS/0/ON", Field(0, 0, 1)),
        Setting("SIGOUTS/0/ENABLES/1", Field(0, 0, 1)),
        Setting("SIGOUTS/0/RANGE", Field(10.0, 0, 10, "%.15g")),
        Setting("SIGOUTS/0/AMPLITUDES/1", Field(0.0, 0, 10, "%.15g")),
        Setting("EXTREFS/0/ENABLE", Field(0, 0, 1)),
        Setting("DEMODS/0/ENABLE", Field(1, 0, 1)),
    )

    @property
    def time_constant_s(self) -> float:
        """Get the time constant [s]."""
        return self.value(self.HEADS.time_constant)

    @property
    def stages(self) -> int:
        """Get the number of RC stages of the filter."""
        return int(self.value(self.HEADS.slope))

    @property
    def full_scale_V(self) -> float:
        """Get the sensitivity, rms [V]."""
        return self.value(self.HEADS.sensitivity) / math.sqrt(2)

    @property
    def oscillator_V(self) -> float:
        """Get the rms output of the oscillator [V]."""
        switched_on = self.value("SIGOUTS/0/ON") and self.value("SIGOUTS/0/ENABLES/1")
        return self.value(self.HEADS.oscillator) / math.sqrt(2) if switched_on else 0.0

    def leave(self, *, full_scale_V: float, time_constant_s: float, stages: int, external: bool) -> None:
        """Set it as a person has left it in a rig: its output switched on."""
        left = {
            "SIGINS/0/RANGE": INPUT_RANGES_V[entry_above(INPUT_RANGES_V, full_scale_V * math.sqrt(2))],
            "DEMODS/0/TIMECONSTANT": time_constant_s, "DEMODS/0/ORDER": stages, "EXTREFS/0/ENABLE": int(external),
            "OSCS/0/FREQ": FREQUENCY_IN_RACK_Hz, "SIGOUTS/0/ON": 1, "SIGOUTS/0/ENABLES/1": 1,
        }  # fmt: skip
        for node, value in left.items():
            self.values[node, ""][0] = value

    def changed(self, head: str, key: str) -> None:
        """Take the next larger range that there is."""
        if head == "SIGINS/0/RANGE":
            value = self.values[head, key]
            value[0] = INPUT_RANGES_V[entry_above(INPUT_RANGES_V, value[0])]

    def watch(self, signal_V: complex, shown_V: complex) -> None:
        """Keep nothing: the nodes tell of the moment."""

    def session(self, clock: Clock) -> SimulatedSession:
        """Return a connection such as the driver has to LabOne."""
        return SimulatedSession(self, clock)

    # language

    @classmethod
    def parse(cls, command: str) -> tuple[str, tuple[str, ...]]:
        """Return the node, with a question mark if it is a setting that is asked for, and the value."""
        found = _LINE.fullmatch(command)
        if not found:
            return "", ()
        node, value = found[1].upper(), found[2]
        asks = not value and node in {setting.head for setting in cls.SETTINGS}
        return node + ("?" if asks else ""), (value,) if value else ()

    @classmethod
    def asks(cls, line: str) -> bool:
        """Return whether a line only asks."""
        return not any(cls.parse(command)[1] for command in line.split(";"))

    @on("OSCS/0/FREQ?")
    def _frequency(self) -> str:
        return f"{self.frequency_Hz:.15g}"

    @on("FEATURES/DEVTYPE")
    def _kind(self) -> str:
        return "MFLI"

    @on("FEATURES/SERIAL")
    def _serial(self) -> str:
        return "DEV1234"

    @on("SIGINS/0/MAX")
    def _highest(self) -> str:
        return f"{min(1.0, math.sqrt(2) * abs(self.signal_V()) / self.value('SIGINS/0/RANGE')):.6g}"

    @on("SIGINS/0/MIN")
    def _lowest(self) -> str:
        return f"-{self._highest()}"

    @on("EXTREFS/0/LOCKED")
    def _reference_locked(self) -> str:
        return str(int(self.external and self.locked))

    @on("DEMODS/0/SAMPLE")
    def _sample(self) -> str:
        shown_V = self.shown_V()
        ticks = int(self.now() * CLOCKBASE_Hz) if self.value("DEMODS/0/ENABLE") else 0
        return f"x={shown_V.real:.9g} y={shown_V.imag:.9g} timestamp={ticks}"


class SimulatedSession(MakerSession):
    """A connection to the nodes of a twin, as `drivers.mfli.NodeSession` says.

    Raises
    ------
    TimeoutError
        From `get`: nothing came.
    ConnectionError
        From `get` and `set`: the twin has hung up.
    """

    def get(self, node: str) -> Any:
        """Return the value of a node: a number, a text, or for a sample a mapping of lists."""
        self._say(node)
        if not (line := self._heard()):
            raise TimeoutError(node)
        text = line.strip()
        if "=" in text:
            return {key: [number_or_text(part)] for key, _, part in (field.partition("=") for field in text.split())}
        return number_or_text(text)

    def set(self, node: str, value: float) -> None:
        """Set a node."""
        self._say(f"{node} {value!r}")
