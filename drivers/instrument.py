"""PyMeasure's Instrument made strict: one lock, checked replies, limits that raise, errors that say what to do.

A driver declares its quantities in PyMeasure's dialect, one line of protocol and one docstring
each, with the exact form that the reply must have. Numbers go out through one function that knows
the limits; PyMeasure's own setters, which clip, cannot write at all.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Sequence
from typing import Any, ClassVar

import pymeasure.instruments
import pyvisa
from pymeasure.adapters import VISAAdapter
from pyvisa.constants import StatusCode
from pyvisa.highlevel import VisaLibraryBase

from drivers.clock import Clock
from drivers.errors import DriverError, Garbled, LimitExceeded, Lost, Quench, Refused, Timeout
from drivers.limited import Limited, check_settings
from drivers.quantity import Quantity
from drivers.reply import Fields, Form, Number, Whole, Word

__all__ = [
    "DriverError", "Fields", "Form", "Garbled", "Instrument", "LimitExceeded", "Lost", "Number", "Quantity", "Quench",
    "Refused", "Timeout", "Whole", "Word", "check_settings",
]  # fmt: skip

log = logging.getLogger(__name__)

POWER_ON = 128
"""Bit 7 of the standard event status register of IEEE 488.2: the power was off since it was read last."""
LONGEST_REPLY = 4096
"""Bytes; no instrument here has that much to say in one line."""


class _Adapter(VISAAdapter):
    """PyMeasure's adapter, but silent at the end of the program."""

    def __del__(self) -> None:
        """Leave the closing to pyvisa, which has done it by then; PyMeasure's would fail and print."""


class Instrument(pymeasure.instruments.Instrument, Limited):
    """An instrument on a wire, every reply and every value checked.

    Opening it asks for its identity and sends no command that sets anything.

    Parameters
    ----------
    address : str
        VISA resource name.
    name : str
        What the rig calls it; every message begins with it.
    settings : Settings
        Limits and choices of this driver.
    clock : Clock
        The time of the experiment.
    visa_library : str or VisaLibraryBase
        What pyvisa uses; an object is used as it is.
    timeout_s : float
        How long a reply may take [s].
    read_termination, write_termination : str, optional
        Instead of the instrument's usual ones.

    Raises
    ------
    Lost
        Nothing can be opened at the address, or something else answers there.
    Timeout
        Nothing answers.
    """

    IDENTITY_QUERY: ClassVar[str] = "*IDN?"
    IDENTITY: ClassVar[re.Pattern[str]]
    READ_TERMINATION: ClassVar[str] = "\n"
    WRITE_TERMINATION: ClassVar[str] = "\n"
    POWER_QUERY: ClassVar[str] = ""
    """Asks for the standard event status register; empty if there is none."""
    NUMBER: ClassVar[Number] = Number()
    """How it writes numbers, for PyMeasure's own getters."""
    SERIAL: ClassVar[dict[str, Any]] = {}
    """What a serial port must be set to besides, in PyVISA's words."""

    def __init__(
        self,
        address: str,
        *,
        name: str,
        settings: Any,
        clock: Clock,
        visa_library: str | VisaLibraryBase = "",
        timeout_s: float = 2.0,
        read_termination: str | None = None,
        write_termination: str | None = None,
    ) -> None:
        self.address, self.settings, self.clock, self.timeout_s = address, settings, clock, timeout_s
        self.name = name
        self.lock = threading.RLock()
        self._out_of_step = self._is_lost = False
        self._library, self._write_termination = visa_library, write_termination or self.WRITE_TERMINATION
        self._limits = self._own_limits()
        self._termination = (read_termination or self.READ_TERMINATION).encode("ascii")
        adapter = self._open()
        # not super(): a driver may stand on one of PyMeasure's, whose own __init__ takes other arguments
        pymeasure.instruments.Instrument.__init__(self, adapter, name, includeSCPI=False)
        try:
            self.identity = self._identify()
            self._on_open()
        except BaseException:
            adapter.close()
            raise

    # what a driver supplies

    def _own_identity(self) -> tuple[str, re.Pattern[str]]:
        """Return the question for the identity, and what must be in the answer."""
        return self.IDENTITY_QUERY, self.IDENTITY

    def _on_open(self) -> None:
        """Ask for whatever must be known before the first command; sets nothing."""

    # opening and closing

    def _open(self) -> VISAAdapter:
        try:
            return _Adapter(
                self.address,
                visa_library=self._library,  # type: ignore[arg-type]  # pyvisa takes an object as well
                timeout=1000 * self.timeout_s,
                open_timeout=int(1000 * self.timeout_s),
                read_termination=self._termination.decode("ascii"),
                write_termination=self._write_termination,
                asrl=dict(self.SERIAL),
            )
        except Exception as error:  # pyvisa and its backends raise a bare Exception, OSError and ValueError, too
            raise Lost(
                f"{self.name}: cannot open {self.address}: {_one_line(error)}; is it switched on and connected, "
                "and is the address in config.yaml right?",
                instrument=self.name,
            ) from error

    def _identify(self) -> str:
        """Return the identity; what comes before it is a banner or belongs to an older question."""
        question, form = self._own_identity()
        self._write(question)
        line = ""
        for _ in range(4):
            try:
                line = self._read(question)
            except Timeout as error:
                if not line:
                    raise
                raise Lost(
                    f"{self.name}: what answers at {self.address} is no {self.model}, it says {line!r}; "
                    "correct driver or address in config.yaml",
                    instrument=self.name,
                ) from error
            if found := form.search(line):
                return found.group()
        raise Lost(
            f"{self.name}: {self.address} talks without being asked, last {line!r}; is another program using it?",
            instrument=self.name,
        )

    def reconnect(self) -> None:
        """Open the connection again after it was lost, and see that it is the same instrument.

        Raises
        ------
        Lost, Timeout
            Nothing, or something else, answers at the address.
        """
        with self.lock:
            if not self._is_lost:
                return
            self.adapter.close()
            self.adapter = self._open()
            self._resynchronise()
            self._is_lost = False

    def close(self) -> None:
        """Close the connection; the instrument stays as it is."""
        with self.lock:
            self.adapter.close()

    def power_cycled(self) -> bool:
        """Return whether the event status has had its power-on bit since it was read last; False if there is none."""
        return self._power_was_off(self.POWER_QUERY)

    def _power_was_off(self, query: str) -> bool:
        """Return whether the reply to this query, if there is one, has the power-on bit."""
        return bool(query) and bool(self.query(query, Whole(0, 255)) & POWER_ON)

    # one write, one read

    def send(self, command: str) -> None:
        """Send a command that has no reply. Only for values that have passed `check_limit`."""
        with self.lock:
            self._write(command)

    def query(self, command: str, form: Form) -> Any:
        """Ask and return the reply, parsed by its form.

        Raises
        ------
        Timeout, Garbled, Lost
        """
        reply = self.ask(command)
        try:
            return form.parse(reply)
        except ValueError as error:
            raise self.garbled(command, reply, str(error)) from None

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Send a query and return the reply without its terminator, under one lock."""
        with self.lock:
            if self._out_of_step:
                self._resynchronise()
            self._write(command)
            if query_delay:
                time.sleep(query_delay)
            return self._read(command)

    def write(self, command: str, **kwargs: Any) -> None:
        """Refuse: this is where PyMeasure's own setters end, and they clip what is out of range."""
        raise Refused(
            f"{self.name}: {command!r} was not sent, its value has passed no limit; "
            f"use the quantities of {type(self).__name__} that have their unit in the name",
            instrument=self.name,
        )

    def values(self, command: str, *args: Any, cast: Any = float, **kwargs: Any) -> list[Any]:
        """Return the fields of a reply for PyMeasure's own getters; each must be a number if it should be one."""
        if cast is not float:
            return super().values(command, *args, cast=cast, **kwargs)
        reply = self.ask(command).strip()
        try:
            return [self.NUMBER.parse(field) for field in reply.split(",")]
        except ValueError as error:
            raise self.garbled(command, reply, str(error)) from None

    def _write(self, command: str) -> None:
        try:
            self.adapter.write(command)
        except (pyvisa.Error, OSError) as error:
            raise self._wire_error(error, command) from error

    def _read(self, command: str) -> str:
        try:
            reply = self.adapter.read_bytes(LONGEST_REPLY, break_on_termchar=True)
        except (pyvisa.Error, OSError) as error:
            raise self._wire_error(error, command) from error
        if not reply.endswith(self._termination):
            raise self.garbled(command, reply, f"does not end with {self._termination!r} within {LONGEST_REPLY} bytes")
        text = reply[: -len(self._termination)]
        if not text.isascii():
            raise self.garbled(command, reply, "is not ASCII")
        return text.decode("ascii")

    def _resynchronise(self) -> None:
        """Read past whatever is still under way, up to the answer to a question that no other reply can answer."""
        identity = self._identify()
        if identity != self.identity:
            raise Lost(
                f"{self.name}: {self.address} now answers as {identity!r}, before as {self.identity!r}; open it again",
                instrument=self.name,
            )
        self._out_of_step = False

    # errors

    def garbled(self, command: str, reply: str | bytes, why: str) -> Garbled:
        """Return the error for a reply that cannot be; the next question first finds its way back into step."""
        self._out_of_step = True
        shown = repr(reply if len(reply) <= 80 else reply[:80]) + ("" if len(reply) <= 80 else "...")
        return Garbled(
            f"{self.name}: the reply {shown} to {command!r} {why}; asked again it should be right, "
            "if not check cable, terminator and whether another program talks to it",
            instrument=self.name,
        )

    def _wire_error(self, error: Exception, command: str) -> DriverError:
        self._out_of_step = True
        if isinstance(error, pyvisa.VisaIOError) and error.error_code == StatusCode.error_timeout:
            return Timeout(
                f"{self.name}: no reply to {command!r} within {self.timeout_s:g} s at {self.address}; "
                "check that it is on, not in local, and connected",
                instrument=self.name,
            )
        self._is_lost = True
        return Lost(
            f"{self.name}: the connection to {self.address} is gone at {command!r}: {_one_line(error)}; "
            "check the cable and open it again",
            instrument=self.name,
        )

    # PyMeasure's dialect, made strict

    @staticmethod
    def measurement(query: str, docs: str, form: Form, *, table: Sequence[float] = ()) -> Any:  # type: ignore[override]
        """Return a quantity that can be read."""
        return Quantity(query, None, docs, form, table=table)

    @staticmethod
    def control(  # type: ignore[override]
        query: str, command: str, docs: str, form: Form, *,
        limit: str = "", table: Sequence[float] = (), first: int = 0, within: float = 0.0, share: float = 1e-4,
    ) -> Any:  # fmt: skip
        """Return a quantity that can be read and set; what was set is read back."""
        return Quantity(query, command, docs, form, limit=limit, table=table, first=first, within=within, share=share)


def _one_line(error: Exception) -> str:
    return str(error).split("\n")[0] or type(error).__name__
