"""Simulated instruments as a PyVISA library: the drivers' whole real path, down to the VISA call.

The object itself is handed to PyMeasure's adapter or to `pyvisa.ResourceManager`; a twin answers
under the same address as the real instrument.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from pyvisa import constants, highlevel, rname
from pyvisa.constants import InterfaceType, ResourceAttribute, StatusCode
from pyvisa.util import LibraryPath

from drivers.clock import Clock
from drivers.simulated.twin import Twin, Wire

_serial = itertools.count(1)


class _Session:
    """One opened resource: a wire and its VISA attributes."""

    def __init__(self, twin: Twin, clock: Clock, name: rname.ResourceName) -> None:
        interface = name.interface_type_const
        self.stream = name.resource_class == "SOCKET" or interface is InterfaceType.asrl
        """No END line: a message ends with its terminator alone."""
        self.wire = Wire(twin, clock, greet=name.resource_class == "SOCKET")
        self.attributes: dict[int, Any] = {
            ResourceAttribute.timeout_value: 2000,
            ResourceAttribute.termchar: ord("\n"),
            ResourceAttribute.termchar_enabled: False,
            ResourceAttribute.send_end_enabled: True,
            ResourceAttribute.interface_type: interface,
            ResourceAttribute.interface_number: 0,
            ResourceAttribute.resource_name: str(name),
            ResourceAttribute.resource_class: name.resource_class,
            ResourceAttribute.resource_manufacturer_name: "Cusp",
        }

    def take(self, count: int) -> tuple[bytes, StatusCode] | None:
        """Return up to `count` bytes that can be read now, or None."""
        messages = self.wire.messages
        if not messages:
            return None
        data = messages[0]
        end, status = len(data), StatusCode.success
        if self.attributes[ResourceAttribute.termchar_enabled]:
            found = data.find(self.attributes[ResourceAttribute.termchar])
            if found >= 0:
                end, status = found + 1, StatusCode.success_termination_character_read
            elif self.stream:
                return self._joined(count)
        if end > count:
            end, status = count, StatusCode.success_max_count_read
        if end < len(data):
            messages[0] = data[end:]
        else:
            messages.popleft()
        return data[:end], status

    def _joined(self, count: int) -> tuple[bytes, StatusCode] | None:
        """On a stream, a message without its terminator runs into the next one."""
        messages = self.wire.messages
        if len(messages) < 2:
            return None
        messages[0] += messages[1]
        del messages[1]
        return self.take(count)


class SimulatedLibrary(highlevel.VisaLibraryBase):
    """A PyVISA library with twins on its wires.

    Parameters
    ----------
    twins : mapping of str to Twin
        VISA resource name (GPIB, ASRL, TCPIP SOCKET) -> the twin that answers there; for a twin with a
        `session` of its own, whatever its makers call an address.
    clock : Clock
        Timeouts pass in the time of the experiment.
    """

    twins: dict[str, Twin]
    clock: Clock

    def __new__(cls, twins: Mapping[str, Twin], clock: Clock) -> SimulatedLibrary:
        """Make a library of its own; pyvisa would give back one with the same path."""
        library: Any = super().__new__(cls, LibraryPath(f"simulated-{next(_serial)}", "simulated"))
        library.twins = {_canonical(name): twin for name, twin in twins.items()}
        library.clock = clock
        return library

    def __init__(self, twins: Mapping[str, Twin], clock: Clock) -> None:
        super().__init__()

    def _init(self) -> None:
        self._sessions: dict[int, _Session] = {}
        self._handles = itertools.count(1)
        self._lock = threading.Lock()

    @staticmethod
    def get_library_paths() -> Iterable[LibraryPath]:
        """Return no path: there is nothing on the disk."""
        return ()

    def open_default_resource_manager(self) -> Any:
        """Open the resource manager's own session."""
        return next(self._handles), StatusCode.success

    def open(
        self, session: Any, resource_name: str, access_mode: Any = constants.AccessModes.no_lock,
        open_timeout: int = constants.VI_TMO_IMMEDIATE,
    ) -> Any:  # fmt: skip
        """Open a resource; raises VisaIOError where no twin is."""
        try:
            name = rname.ResourceName.from_string(resource_name)
            twin = self.twins[str(name)]
        except rname.InvalidResourceName:
            return 0, self.handle_return_value(session, StatusCode.error_invalid_resource_name)
        except KeyError:
            return 0, self.handle_return_value(session, StatusCode.error_resource_not_found)
        with self._lock:
            handle = next(self._handles)
            self._sessions[handle] = _Session(twin, self.clock, name)
        return handle, StatusCode.success

    def close(self, session: Any) -> StatusCode:
        """Close a session."""
        with self._lock:
            self._sessions.pop(session, None)
        return StatusCode.success

    def session(self, address: str) -> Any:
        """Return a connection to a twin that is not reached through VISA; raises ConnectionError if none is there."""
        twin: Any = self.twins.get(address)
        if not hasattr(twin, "session"):
            raise ConnectionError(f"nothing answers at {address}")
        return twin.session(self.clock)

    def _session(self, session: Any) -> _Session:
        try:
            return self._sessions[session]
        except KeyError:
            self.handle_return_value(session, StatusCode.error_invalid_object)
            raise

    def write(self, session: Any, data: bytes) -> Any:
        """Send bytes to the twin, which answers before this returns."""
        opened = self._session(session)
        if opened.wire.closed:
            self.handle_return_value(session, StatusCode.error_connection_lost)
        opened.wire.receive(data, end=not opened.stream)
        return len(data), StatusCode.success

    def read(self, session: Any, count: int) -> Any:
        """Return the bytes that wait, or let the timeout pass and raise VisaIOError."""
        opened = self._session(session)
        taken = opened.take(count)
        if taken is None and not opened.wire.closed:
            self._wait(opened)
            taken = opened.take(count)
        if taken is not None:
            return taken
        if opened.wire.closed:
            return b"", self.handle_return_value(session, StatusCode.error_connection_lost)
        opened.wire.messages.clear()  # an unfinished message; what was read of it is thrown away, as by pyvisa-py
        return b"", self.handle_return_value(session, StatusCode.error_timeout)

    def _wait(self, opened: _Session) -> None:
        """Wait for a late reply, at most for the timeout."""
        timeout_ms = opened.attributes[ResourceAttribute.timeout_value]
        timeout_s = 1e-3 * min(timeout_ms, 3_600_000)
        due = min((time_s for time_s, _ in opened.wire.late), default=self.clock.now() + timeout_s)
        self.clock.sleep(max(0.0, min(due - self.clock.now(), timeout_s)))
        opened.wire.arrive()

    def clear(self, session: Any) -> StatusCode:
        """Throw away what waits to be read."""
        self._session(session).wire.messages.clear()
        return StatusCode.success

    def flush(self, session: Any, mask: Any) -> StatusCode:
        """Throw away what waits to be read; nothing waits to be written."""
        return self.clear(session)

    def read_stb(self, session: Any) -> Any:
        """Return the message-available bit of the status byte."""
        return 16 if self._session(session).wire.messages else 0, StatusCode.success

    def get_attribute(self, session: Any, attribute: Any) -> Any:
        """Return a VISA attribute; raises VisaIOError for one that was never set and has no default."""
        try:
            return self._session(session).attributes[attribute], StatusCode.success
        except KeyError:
            return 0, self.handle_return_value(session, StatusCode.error_nonsupported_attribute)

    def set_attribute(self, session: Any, attribute: Any, attribute_state: Any) -> StatusCode:
        """Remember a VISA attribute."""
        self._session(session).attributes[attribute] = attribute_state
        return StatusCode.success

    def disable_event(self, session: Any, event_type: Any, mechanism: Any) -> StatusCode:
        """Do nothing; there are no events."""
        return StatusCode.success

    def discard_events(self, session: Any, event_type: Any, mechanism: Any) -> StatusCode:
        """Do nothing; there are no events."""
        return StatusCode.success

    def list_resources(self, session: Any, query: str = "?*::INSTR") -> tuple[str, ...]:
        """Return the addresses at which twins answer."""
        return rname.filter(self.twins, query)


def _canonical(address: str) -> str:
    """Return an address as VISA writes it, or as it is if it is none of VISA's."""
    try:
        return rname.to_canonical_name(address)
    except rname.InvalidResourceName:
        return address
