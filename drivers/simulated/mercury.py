"""The manners of Oxford Instruments' Mercury instruments, for the twins that speak their language."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple

from drivers.clock import Clock
from drivers.simulated.twin import SYNTAX, NotUnderstood, Twin, number

STEPS = (("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("", 1.0), ("k", 1e3), ("M", 1e6))


class Node(NamedTuple):
    """A node of the tree: what READ returns, and what SET does with its value, if anything."""

    read: Callable[[], str]
    write: Callable[[str], object] | None = None


class MercuryTwin(Twin):
    """A simulated Mercury: ``READ:path`` and ``SET:path:value``, each answered by STAT and what was said.

    Attributes
    ----------
    locked : bool
        The front panel has been locked: every SET is answered with DENIED.
    """

    IDENTITY: ClassVar[str]

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.locked = False
        self.nodes = self._tree()
        super().__init__(clock, seed)

    def _tree(self) -> dict[str, Node]:
        """Return every node by its path from DEV downwards."""
        raise NotImplementedError(f"{type(self).__name__} must say which nodes it has")

    @classmethod
    def asks(cls, line: str) -> bool:
        """Return whether a line only asks."""
        return line.strip().upper().startswith(("READ:", "*IDN"))

    def _answer(self, command: str) -> str | None:
        line = command.strip()
        verb, _, rest = line.partition(":")
        if verb.upper() == "READ" and rest:
            return self._read(rest.removesuffix("?"))
        if verb.upper() == "SET" and rest:
            return self._set(rest)
        if line.replace(" ", "").upper() == "*IDN?":
            return self.IDENTITY
        self.refuse(SYNTAX)
        return None

    def _read(self, path: str) -> str:
        node = self.nodes.get(path.upper())
        return f"STAT:{path}:{node.read() if node else self._unknown(path)}"

    def _set(self, rest: str) -> str:
        path, _, value = rest.rpartition(":")
        node = self.nodes.get(path.upper())
        if node is None or node.write is None:
            return f"STAT:SET:{rest}:{'N/A' if node else self._unknown(path)}"
        if self.locked:
            return f"STAT:SET:{rest}:DENIED"
        try:
            node.write(value)
        except NotUnderstood:
            return f"STAT:SET:{rest}:INVALID"
        return f"STAT:SET:{rest}:VALID"

    def _unknown(self, path: str) -> str:
        board = ":".join(path.upper().split(":")[:2]) + ":"
        return "INVALID" if any(known.startswith(board) for known in self.nodes) else "NOT_FOUND"


def shown(value: float, unit: str = "") -> str:
    """Return a number with four decimals and its unit."""
    return f"{value:.4f}{unit}"


def shown_short(value: float, unit: str) -> str:
    """Return a number with its unit after the prefix that leaves one to three digits before the point."""
    prefix, step = next(
        (entry for entry in reversed(STEPS) if abs(value) >= entry[1]), STEPS[0] if value else ("", 1.0)
    )
    return f"{value / step:.4f}{prefix}{unit}"


def switch(value: str) -> bool:
    """Return whether the value is ON; raises NotUnderstood if it is not OFF either."""
    if value.upper() not in ("ON", "OFF"):
        raise SYNTAX
    return value.upper() == "ON"


def on_off(value: bool) -> str:
    """Return ON or OFF."""
    return "ON" if value else "OFF"


def bare(value: str, low: float, high: float) -> float:
    """Return the number that was set; a unit behind it is taken off."""
    return number(value.rstrip("TAKVWm/%"), low, high)
