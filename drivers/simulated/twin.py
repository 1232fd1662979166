"""What every simulated instrument has: its language, its manners, what was said on the wire, and faults.

A twin knows no transport: a line goes in, a reply or nothing comes out. `Wire` is one connection to
it, in bytes; the simulated VISA library and the TCP server both use it.
"""

from __future__ import annotations

import collections
import enum
import functools
import inspect
import itertools
import math
import random
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from drivers.clock import Clock

if TYPE_CHECKING:
    from drivers.simulated.rack import Rack

STEP_WALL_S = 5e-4
"""Seconds of the wall between two steps of a twin, so that a fast clock does not run away from it."""
LOG_LENGTH = 200_000
"""Lines of the wire log that are kept, the newest."""

_COMMAND = re.compile(r"\s*:?(\*?[A-Za-z]+(?::[A-Za-z]+)*(?::[0-9]+)?)\s*(\??)\s*(.*?)\s*")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class Said(NamedTuple):
    """One line on the wire: when, which way ("in" to the instrument, "out" of it, "fault"), and what."""

    time_s: float
    direction: str
    text: str


class NotUnderstood(Exception):  # noqa: N818
    """What the instrument does not accept; it records an error and stays silent."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


SYNTAX = NotUnderstood(-101, "Unrecognized command")
ARGUMENT = NotUnderstood(-102, "Invalid argument")
OUT_OF_RANGE = NotUnderstood(-301, "Value out of range")


def number(text: str, low: float = -math.inf, high: float = math.inf) -> float:
    """Return the number in an argument, as tolerantly as instruments read them."""
    if not _NUMBER.fullmatch(text):
        raise ARGUMENT
    value = float(text)
    if not low <= value <= high or not math.isfinite(value):
        raise OUT_OF_RANGE
    return value


@dataclass(frozen=True)
class Field:
    """One value that a twin remembers: at power-on, its range, and how it is shown."""

    start: float | str
    low: float = -math.inf
    high: float = math.inf
    shown: str = "%d"

    def read(self, text: str) -> float | str:
        """Return the value in an argument."""
        if isinstance(self.start, str):
            return text.strip('"')
        value = number(text, self.low, self.high)
        if self.shown == "%d" and value != int(value):
            raise ARGUMENT
        return value


class Setting:
    """What is set with ``HEAD value,...`` and asked with ``HEAD?``, for every key in `keys` if there are any."""

    def __init__(self, head: str, *fields: Field, keys: Sequence[str] = ("",)) -> None:
        self.head, self.ways = re.sub(r"\[.*?\]", "", head), spoken(head)
        self.fields, self.keys = fields, tuple(keys)

    @property
    def start(self) -> dict[tuple[str, str], list[float | str]]:
        """The values at power-on, by head and key."""
        return {(self.head.upper(), key): [field.start for field in self.fields] for key in self.keys}


def spoken(head: str) -> set[str]:
    """Return every way to say a mnemonic, in capitals; its capitals are the short form, [brackets] may be left out."""
    if "[" in head:
        before, _, rest = head.partition("[")
        inside, _, after = rest.partition("]")
        return spoken(before + inside + after) | spoken(before + after)
    ways = [{part.upper(), "".join(c for c in part if not c.islower())} for part in head.split(":")]
    return {":".join(way) for way in itertools.product(*ways)}


def on(*heads: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a method of a twin as the answer to these mnemonics; a query ends with a question mark."""

    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        method.heads = heads  # type: ignore[attr-defined]
        return method

    return mark


@functools.lru_cache(maxsize=4096)
def _parsed(command: str) -> tuple[str, tuple[str, ...]]:
    """Return the head, with its question mark, and the arguments of one command."""
    found = _COMMAND.fullmatch(command)
    if not found:
        return "", ()
    head, mark, rest = found.groups()
    arguments = tuple(part.strip() for part in rest.split(",")) if rest else ()
    return head.upper() + mark, arguments


class Fault(enum.Enum):
    """What can happen to a reply on its way, or with HANG to everything that is said for some time."""

    DROP = "drop"
    GARBLE = "garble"
    CUT = "cut"
    REPEAT = "repeat"
    DELAY = "delay"
    DISCONNECT = "disconnect"
    POWER_CYCLE = "power cycle"
    HANG = "hang"


class Faults:
    """The faults of one twin, by schedule.

    ``plan(Fault.DROP)`` spoils the next reply, ``plan(Fault.CUT, skip=3, keep=4)`` keeps four
    characters of the fourth reply from now.

    Attributes
    ----------
    hung_until_s : float
        Until then the instrument neither hears nor says anything [s].
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  no secret
        self._plan: dict[int, tuple[Fault, int, float]] = {}
        self._count = 0
        self._last = b""
        self.hung_until_s = -math.inf

    def plan(self, fault: Fault, *, skip: int = 0, keep: int = 0, seconds: float = 0.0) -> None:
        """Let a fault happen to a reply after `skip` good ones."""
        self._plan[self._count + skip] = (fault, keep, seconds)

    def spoil(self, reply: bytes, terminator: bytes) -> tuple[Fault | None, bytes | None, float]:
        """Return the fault that is due, what is left of the reply, and how late it is [s]."""
        fault, keep, seconds = self._plan.pop(self._count, (None, 0, 0.0))
        self._count += 1
        self._last, last = reply, self._last
        if fault in (Fault.DROP, Fault.DISCONNECT, Fault.POWER_CYCLE):
            return fault, None, 0.0
        if fault is Fault.GARBLE:
            spoilt = bytearray(reply)
            spoilt[self._random.randrange(max(1, len(reply) - len(terminator)))] = self._random.choice(b"#\x00\xff~ ")
            return fault, bytes(spoilt), 0.0
        if fault is Fault.CUT:
            return fault, reply[:keep], 0.0
        if fault is Fault.REPEAT:
            return fault, last or reply, 0.0
        return fault, reply, seconds


class Twin:
    """A simulated instrument.

    Parameters
    ----------
    clock : Clock
        The time of the experiment.
    seed : int
        Of its noise and of garbled replies.

    Attributes
    ----------
    wire_log : collections.deque of Said
        Every line in and out, the newest `LOG_LENGTH`.
    listener : callable or None
        Called with every `Said`.
    moment : callable
        Returns the context in which a line is answered: the twin's own lock, or, on a rack, the
        cryostat's `moment`, which locks the world and brings it to the present.
    """

    driver_name: ClassVar[str] = ""
    model: ClassVar[str] = ""
    """The maker's name of the instrument in lower case without spaces."""
    ADDRESS: ClassVar[str] = "GPIB0::1::INSTR"
    """Where such an instrument usually is, as VISA names it."""
    BANNER: ClassVar[str] = ""
    READ_TERMINATION: ClassVar[str] = "\n"
    """What ends a reply."""
    WRITE_TERMINATION: ClassVar[str] = "\n"
    """What usually ends a command; each of its characters does, and CR and LF always."""
    SETTINGS: ClassVar[tuple[Setting, ...]] = ()
    PERIOD_S: ClassVar[tuple[float, float]] = (0.0, 0.0)
    """How often a rack calls `step` on a slow clock, and at least on the fastest [s]; 0 for never."""

    _answers: ClassVar[dict[str, tuple[str, int, int]]] = {}
    _frozen = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._answers = {}
        for name, method in inspect.getmembers(cls, inspect.isfunction):
            for head in getattr(method, "heads", ()):
                for way in spoken(head):
                    cls._answers[way] = (name, *_arity(method))

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self.clock = clock
        self.wire_log: collections.deque[Said] = collections.deque(maxlen=LOG_LENGTH)
        self.listener: Callable[[Said], None] | None = None
        lock = threading.RLock()
        self.moment: Callable[[], AbstractContextManager[Any]] = lambda: lock
        self.faults = Faults(seed)
        often_s, seldom_s = self.PERIOD_S
        self.period_s = max(often_s, min(seldom_s, STEP_WALL_S * clock.speed))
        self._settings = {way: setting for setting in self.SETTINGS for way in setting.ways}
        self.values: dict[tuple[str, str], list[Any]] = {}
        self.power_on()

    def __setattr__(self, name: str, value: object) -> None:
        if self._frozen and not hasattr(self, name):
            raise AttributeError(f"{type(self).__name__} has no {name!r}; a typo?")
        super().__setattr__(name, value)

    @classmethod
    def hang(cls, rack: Rack, name: str, seed: int) -> Twin:
        """Return one that is wired into a rack, as its name there says."""
        raise NotImplementedError(f"{cls.__name__} must say how it hangs in a rack")

    def step(self, time_s: float) -> None:
        """Do what the instrument does by itself every `period_s`; time [s]."""

    def freeze(self) -> None:
        """End of construction: from here on a new attribute is a typo and raises."""
        self._frozen = True

    def power_on(self) -> None:
        """Take the settings of a fresh start; a subclass adds its own state."""
        self.values = {key: list(start) for setting in self.SETTINGS for key, start in setting.start.items()}

    def value(self, head: str, key: str = "") -> Any:
        """Return the first value of a setting."""
        return self.values[head, key][0]

    def refuse(self, trouble: NotUnderstood) -> None:
        """Record what was not understood, as the instrument does."""

    def changed(self, head: str, key: str) -> None:
        """Act on a setting that has just been changed."""

    @classmethod
    def asks(cls, line: str) -> bool:
        """Return whether a line only asks: nothing is changed by it."""
        return "?" in line

    @classmethod
    def parse(cls, command: str) -> tuple[str, tuple[str, ...]]:
        """Return the head of a command, with a question mark if it only asks for a setting, and its arguments."""
        return _parsed(command)

    def connected(self) -> str:
        """Return what is said to somebody who connects."""
        return self.BANNER

    def feed(self, line: str) -> str | None:
        """Take a line, without its end, and return the reply, without its end, or None."""
        with self.moment():
            self.say("in", line)
            replies = [reply for command in line.split(";") if (reply := self._answer(command)) is not None]
            if not replies:
                return None
            reply = ";".join(replies)
            self.say("out", reply)
            return reply

    def say(self, direction: str, text: str) -> None:
        """Put a line into the wire log."""
        said = Said(self.clock.now(), direction, text)
        self.wire_log.append(said)
        if self.listener is not None:
            self.listener(said)

    def _answer(self, command: str) -> str | None:
        head, arguments = self.parse(command)
        if not head and not command.strip():
            return None
        try:
            if head in self._answers:
                name, least, most = self._answers[head]
                if not least <= len(arguments) <= most:
                    raise ARGUMENT
                return getattr(self, name)(*arguments)
            return self._remembered(head, arguments)
        except NotUnderstood as trouble:
            self.refuse(trouble)
            return None

    def _remembered(self, head: str, arguments: tuple[str, ...]) -> str | None:
        """Answer from the table of settings."""
        setting = self._settings.get(head.removesuffix("?"))
        if setting is None:
            raise SYNTAX
        keyed = setting.keys != ("",)
        key = arguments[0].upper() if keyed and arguments else ""
        values = self.values.get((setting.head.upper(), key))
        if values is None:
            raise ARGUMENT
        rest = arguments[1:] if keyed else arguments
        if head.endswith("?"):
            if rest:
                raise ARGUMENT
            return ",".join(field.shown % value for field, value in zip(setting.fields, values, strict=True))
        if not 1 <= len(rest) <= len(setting.fields):
            raise ARGUMENT
        read = [field.read(text) for field, text in zip(setting.fields, rest, strict=False)]
        values[: len(read)] = read
        self.changed(setting.head.upper(), key)
        return None


class Wire:
    """One connection to a twin, in bytes.

    Attributes
    ----------
    closed : bool
        The instrument's end is gone.
    messages : collections.deque of bytes
        What it has sent and nobody has read, one entry a message.
    """

    def __init__(self, twin: Twin, clock: Clock, *, greet: bool) -> None:
        self.twin, self.clock = twin, clock
        self.closed = False
        self.messages: collections.deque[bytes] = collections.deque([twin.connected().encode()] if greet else [])
        self.late: list[tuple[float, bytes]] = []
        self._input = b""
        self._ends = re.compile(b"[\r\n%s]" % re.escape(twin.WRITE_TERMINATION.encode()))

    def receive(self, data: bytes, *, end: bool = False) -> None:
        """Take bytes; every whole line is fed to the twin. `end`: the bus says that the line is whole."""
        *lines, self._input = self._ends.split(self._input + data)
        if end:
            lines, self._input = [*lines, self._input], b""
        for line in lines:
            if line and not self.closed and not self._hung(line):
                self._reply(self.twin.feed(line.decode("ascii", errors="replace")))

    def _hung(self, line: bytes) -> bool:
        hung = self.clock.now() < self.twin.faults.hung_until_s
        if hung:
            self.twin.say("fault", f"{Fault.HANG.value}: {line!r} was not heard")
        return hung

    def _reply(self, reply: str | None) -> None:
        if reply is None:
            return
        terminator = self.twin.READ_TERMINATION.encode()
        fault, data, seconds = self.twin.faults.spoil(reply.encode() + terminator, terminator)
        if fault is not None:
            self.twin.say("fault", fault.value)
        if fault is Fault.POWER_CYCLE:
            self.twin.power_on()
        self.closed = fault is Fault.DISCONNECT
        if data and (seconds or self.late):  # what comes after a late reply waits behind it
            last_s = self.late[-1][0] if self.late else 0.0
            self.late.append((max(last_s, self.clock.now() + seconds), data))
        elif data:
            self.messages.append(data)

    def arrive(self) -> None:
        """Let the late messages arrive whose time has come."""
        now = self.clock.now()
        for entry in [entry for entry in self.late if entry[0] <= now]:
            self.late.remove(entry)
            self.messages.append(entry[1])


def _arity(method: Callable[..., Any]) -> tuple[int, int]:
    parameters = list(inspect.signature(method).parameters.values())[1:]
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return 0, 99
    return sum(parameter.default is parameter.empty for parameter in parameters), len(parameters)
