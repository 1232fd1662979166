"""A connection to Quantum Design's MultiVu, through the server of MultiPyVu that runs on the cryostat's computer.

MultiPyVu admits one client at a time, so that magnet and thermometer of a cryostat share one connection.
"""

from __future__ import annotations

import logging
import math
import re
import threading
import weakref
from typing import Any, ClassVar, Protocol, runtime_checkable

from drivers.errors import DriverError, Garbled, Lost, Refused, Timeout
from drivers.library_instrument import LibraryInstrument
from drivers.limited import is_number
from drivers.patience import insist

log = logging.getLogger(__name__)

ADDRESS = re.compile(r"ppms@([A-Za-z0-9][A-Za-z0-9.-]{0,252}):([0-9]{1,5})", re.IGNORECASE)
"""Host and port of MultiPyVu's server."""
ADOPTION_LOOKS, ADOPTION_S = 8, 0.25
"""How often, and at what interval [s], is looked whether MultiVu shows a new set point."""


class Declined(OSError):
    """MultiVu did not accept what it was told."""


class MultiVuSession(Protocol):
    """What the drivers need of a connection.

    Questions are FLAVOR? (name), FIELD? (field [Oe], status), TEMP? (temperature [K], status), FIELDSET? (set point
    [Oe], rate [Oe/s]) and TEMPSET? (set point [K], rate [K/min]); commands FIELD and TEMP, each with set point, rate
    and number of the approach. Both raise TimeoutError if nothing answers in time, Declined if MultiVu refuses, and
    another OSError if the connection is gone.
    """

    def ask(self, question: str) -> tuple[Any, ...]:
        """Return what MultiVu says to a question."""
        ...

    def tell(self, command: str, setpoint: float, rate: float, approach: int) -> None:
        """Give MultiVu a new set point."""
        ...

    def close(self) -> None:
        """Let go; the server goes on."""
        ...


@runtime_checkable
class MultiVuLibrary(Protocol):
    """What opens such connections instead of MultiPyVu: the simulated rig."""

    def session(self, address: str) -> MultiVuSession:
        """Return a connection to the cryostat at an address; raises OSError."""
        ...


class MultiPyVuSession:
    """A connection through MultiPyVu.

    Raises
    ------
    ImportError
        MultiPyVu is not installed.
    OSError
        Nothing answers at the address, or another client is connected.
    """

    def __init__(self, host: str, port: int) -> None:
        try:
            import MultiPyVu  # pyright: ignore[reportMissingImports]
            from MultiPyVu import MultiVuClient_base  # pyright: ignore[reportMissingImports]
        except SystemExit as error:  # it ends the program when it misses something on Windows
            raise ImportError(str(error)) from error
        # opening a client would close every handler of the program's own log and write one of its own
        MultiVuClient_base.setup_logging = lambda *_: None  # type: ignore[assignment]
        self._client = MultiPyVu.Client(host, port)
        with _as_os_error():
            self._client.open()

    def ask(self, question: str) -> tuple[Any, ...]:
        """Return what MultiVu says to a question."""
        if question == "FLAVOR?":
            return (self._client.instrument_name,)
        with _as_os_error():
            if question == "FIELD?":
                return self._status_known(self._client.get_field(), self._client.field)
            if question == "TEMP?":
                return self._status_known(self._client.get_temperature(), self._client.temperature)
            if question == "FIELDSET?":
                return self._client.get_field_setpoints()[:2]
            return self._client.get_temperature_setpoints()[:2]

    @staticmethod
    def _status_known(reply: tuple[float, str], subsystem: Any) -> tuple[float, str]:
        """Return a reading; MultiPyVu says 0 with the text of an error for a status where there is none."""
        if reply[1] not in subsystem.state_code_dict().values():
            raise TimeoutError(str(reply[1]))
        return reply

    def tell(self, command: str, setpoint: float, rate: float, approach: int) -> None:
        """Give MultiVu a new set point; a magnet is left driven."""
        with _as_os_error():
            if command == "FIELD":
                modes = self._client.field
                self._client.set_field(setpoint, rate, modes.approach_mode(approach), modes.driven_mode.driven)
            else:
                self._client.set_temperature(setpoint, rate, self._client.temperature.approach_mode(approach))

    def close(self) -> None:
        """Let go; the server goes on."""
        with _as_os_error():
            self._client.close_client()


class _as_os_error:  # noqa: N801  reads as a phrase
    """Within it, what MultiPyVu raises becomes an OSError; it even leaves the program when a socket fails."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None or isinstance(error, OSError | KeyboardInterrupt):
            return
        if type(error).__name__ == "MultiPyVuError":
            raise Declined(str(error)) from error
        raise ConnectionError(f"{type(error).__name__}: {error}") from error


class Connection:
    """The one connection to a cryostat, for all drivers that speak through it.

    Attributes
    ----------
    lock : threading.RLock
        Is held during a question and its answer.
    """

    _all: ClassVar[weakref.WeakValueDictionary[tuple[str, int], Connection]] = weakref.WeakValueDictionary()
    _guard: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, address: str, library: Any) -> None:
        self.address, self._library = address, library
        self.lock = threading.RLock()
        self._session: MultiVuSession | None = None
        self._users = 0

    @classmethod
    def shared(cls, address: str, library: Any) -> Connection:
        """Return the connection to this address, the same for all who ask."""
        key = address.lower(), id(library) if isinstance(library, MultiVuLibrary) else 0
        with cls._guard:
            connection = cls._all.get(key)
            if connection is None:
                connection = cls._all[key] = cls(address, library)
            return connection

    def join(self, name: str) -> None:
        """Open it, if it is not, for one more user; raises Lost."""
        with self.lock:
            self.reopen(name)
            self._users += 1

    def leave(self) -> None:
        """Close it if nobody else uses it."""
        with self.lock:
            self._users -= 1
            if self._users <= 0:
                self._drop()

    def reopen(self, name: str) -> bool:
        """Open it again if it is gone, and return whether it was; raises Lost."""
        with self.lock:
            if self._session is not None:
                return False
            self._session = self._open(name)
            return True

    def _open(self, name: str) -> MultiVuSession:
        found = ADDRESS.fullmatch(self.address)
        if not found:
            raise Lost(
                f"{name}: {self.address!r} is no address of a MultiVu; write ppms@host:port, such as "
                "ppms@127.0.0.1:5000",
                instrument=name,
            )
        try:
            if isinstance(self._library, MultiVuLibrary):
                return self._library.session(self.address)
            return MultiPyVuSession(found[1], int(found[2]))
        except ImportError as error:
            raise Lost(
                f"{name}: a PPMS needs MultiPyVu, which is not installed; pip install cusp[ppms]", instrument=name
            ) from error
        except OSError as error:
            raise Lost(
                f"{name}: cannot open {self.address}: {error}; is MultiPyVu's server running there, in the same "
                "version, and without another client?",
                instrument=name,
            ) from error

    def ask(self, name: str, question: str) -> tuple[Any, ...]:
        """Return what MultiVu says to a question of the driver `name`; raises Timeout, Refused, Lost."""
        with self.lock:
            session = self._there(name)
            try:
                return session.ask(question)
            except OSError as error:
                raise self._trouble(error, name, question) from error

    def tell(self, name: str, command: str, setpoint: float, rate: float, approach: int) -> None:
        """Give MultiVu a new set point for the driver `name`; raises Timeout, Refused, Lost."""
        with self.lock:
            session = self._there(name)
            try:
                session.tell(command, setpoint, rate, approach)
            except OSError as error:
                raise self._trouble(error, name, f"{command} {setpoint:g}") from error

    def _there(self, name: str) -> MultiVuSession:
        if self._session is None:
            raise Lost(f"{name}: the connection to {self.address} is closed; open it again", instrument=name)
        return self._session

    def _trouble(self, error: OSError, name: str, what: str) -> DriverError:
        if isinstance(error, TimeoutError):
            return Timeout(f"{name}: {what} was not answered in time by {self.address}: {error}", instrument=name)
        self._drop()  # MultiPyVu's client does not go on after any other error
        if isinstance(error, Declined):
            return Refused(f"{name}: MultiVu did not accept {what}: {error}; look at MultiVu", instrument=name)
        return Lost(
            f"{name}: the connection to {self.address} is gone at {what}: {error}; check network and server",
            instrument=name,
        )

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            try:
                session.close()
            except OSError as error:
                log.info("%s: closing the connection: %s", self.address, error)


class MultiVuInstrument(LibraryInstrument):
    """Something that is reached through MultiVu, at an address such as ppms@127.0.0.1:5000: MultiPyVu's server."""

    ADDRESS_EXAMPLE = "ppms@127.0.0.1:5000"
    SHARES_ADDRESS = True
    IDENTITY_QUERY = "FLAVOR?"
    IDENTITY = re.compile(r"^(PPMS|DYNACOOL|VERSALAB|OPTICOOL)$")
    GRACE_S: ClassVar[float] = 1.5
    """How long MultiVu may show the state before a new set point [s]."""

    def _connect(self, library: Any) -> None:
        self._connection = Connection.shared(self.address, library)
        self.lock = self._connection.lock
        self._commanded_s = -math.inf
        self._connection.join(self.name)
        self._joined = True

    @classmethod
    def accepts_address(cls, address: str) -> bool:
        """Return whether this is host and port of a MultiPyVu server, as in ppms@127.0.0.1:5000."""
        return bool(ADDRESS.fullmatch(address))

    def _identify(self) -> str:
        (flavor,) = self._connection.ask(self.name, self.IDENTITY_QUERY)
        if not (isinstance(flavor, str) and self.IDENTITY.search(flavor)):
            raise Lost(
                f"{self.name}: what answers at {self.address} says it is a {flavor!r}; there are PPMS, DynaCool, "
                "VersaLab and OptiCool",
                instrument=self.name,
            )
        return f"Quantum Design,{flavor}"

    def reconnect(self) -> None:
        """Open the connection again if it is gone; raises Lost or Timeout."""
        with self.lock:
            if self._connection.reopen(self.name) and (identity := self._identify()) != self.identity:
                raise Lost(f"{self.name}: {self.address} is now {identity}, was {self.identity}", instrument=self.name)

    def close(self) -> None:
        """Leave the connection, which is closed with the last one; the cryostat stays as it is."""
        if self._joined:
            self._joined = False
            self._connection.leave()

    def _reading(self, question: str, low: float, high: float, states: Any) -> tuple[float, str]:
        """Return value and status; both are what they can be, or Garbled is raised."""
        value, status = self._connection.ask(self.name, question)
        if not (is_number(value) and low <= value <= high and status in states):
            raise self._garbled(question, (value, status))
        return float(value), status

    def _setpoint(self, question: str) -> tuple[float, float]:
        """Return set point and rate."""
        setpoint, rate = self._connection.ask(self.name, question)
        if not (is_number(setpoint) and is_number(rate)):
            raise self._garbled(question, (setpoint, rate))
        return float(setpoint), abs(float(rate))

    def _garbled(self, question: str, reply: tuple[Any, ...]) -> Garbled:
        return Garbled(
            f"{self.name}: {question} gave {str(reply)[:80]}, which cannot be; look at MultiVu", instrument=self.name
        )

    def _set(self, command: str, setpoint: float, rate: float, approach: int, *, within: float) -> None:
        """Give a new set point and wait until MultiVu shows it; raises Refused if it does not. All were checked."""
        self._connection.tell(self.name, command, setpoint, rate, approach)
        self._commanded_s = self.clock.now()
        for _ in range(ADOPTION_LOOKS):
            taken, taken_rate = insist(lambda: self._setpoint(f"{command}SET?"))
            if abs(taken - setpoint) <= within and abs(taken_rate - rate) <= 1e-2 * rate + 1e-3:
                return
            self.clock.sleep(ADOPTION_S)
        raise Refused(
            f"{self.name}: {command} {setpoint:g} at {rate:g} was sent, MultiVu shows {taken:g} at {taken_rate:g}; "
            "look at MultiVu: is it in a sequence, or limited?",
            instrument=self.name,
        )
