"""Oxford Instruments' one-letter language of the ITC503 and IPS120-10, on GPIB, RS-232 or ISOBUS.

Every command answers its own letter, a refused one a question mark; a reply to R is a number
without exponent and with as many digits as the front panel shows. Nothing in such a reply tells a
whole number from one that lost a digit, so every number is asked for twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pyvisa.constants import Parity, StopBits

from drivers.instrument import Instrument, Number, Refused, Word
from drivers.reply import Form

DIGITS = re.compile(r"[+-]?[0-9]{1,6}(?:\.[0-9]{0,6})?")
REMOTE = "C3"
"""Remote, with the buttons of the front panel alive."""
LOCAL = ("0", "2")
"""Digits after C in the status while the front panel is in control."""


class Isobus(Instrument):
    """An instrument that speaks in single letters and echoes them.

    Its settings have an `isobus_address`, None when it is alone on its wire.
    """

    IDENTITY_QUERY = "V"
    READ_TERMINATION = "\r"
    WRITE_TERMINATION = "\r"
    SERIAL = {"baud_rate": 9600, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.two}
    STATUS: re.Pattern[str]
    """What X answers after its letter, with a group `control` for the digit of C."""

    def _write(self, command: str) -> None:
        """Write a command to the instrument of this address on the bus."""
        super()._write(self._addressed(command))

    def _addressed(self, command: str) -> str:
        address = self.settings.isobus_address
        return command if address is None else f"@{address}{command}"

    def send(self, command: str) -> None:
        """Send a command and read its echo; one that is refused in local control is sent again in remote.

        Raises
        ------
        Refused
            The instrument does not obey.
        Garbled, Timeout, Lost
        """
        with self.lock:
            try:
                self._echoed(command)
            except Refused:
                if not self.in_local():
                    raise
                self._echoed(REMOTE)
                self._echoed(command)

    def send_silently(self, command: str) -> None:
        """Send a command that is to have no reply, and so cannot disturb the order of those of others."""
        self._write(f"${command}")

    def _echoed(self, command: str) -> None:
        reply = self._answer(command)
        if reply:
            raise self.garbled(command, command[0] + reply, f"is not the echo {command[0]!r}")

    def _answer(self, command: str) -> str:
        """Return the reply without the letter that it must begin with."""
        reply = self.ask(command)
        if reply.startswith("?") and reply[1:] in self._addressed(command):  # all or a part of it comes back
            raise Refused(
                f"{self.name}: refused {command!r}; it is not allowed in the state that the instrument is in, "
                "look at its front panel",
                instrument=self.name,
            )
        if not reply.startswith(command[0]):
            raise self.garbled(command, reply, f"does not begin with {command[0]!r}")
        return reply[1:]

    def query(self, command: str, form: Form) -> Any:
        """Ask and return the reply without its letter, parsed by its form; a number must come the same way twice."""
        with self.lock:
            reply = self._answer(command)
            if isinstance(form, Number) and self._answer(command) != reply:
                raise self.garbled(command, reply, "came differently when it was asked for again")
        try:
            return form.parse(reply)
        except ValueError as error:
            raise self.garbled(command, reply, str(error)) from None

    def moving(
        self, register: str, form: Number, *, allowed: float, per_s: float = 0.0,
        excuse: Callable[[], bool] = lambda: False,
    ) -> float:  # fmt: skip
        """Return a number that may move a little between two replies: the later one, if both have the same form.

        Parameters
        ----------
        register : str
            The question, R and a number.
        form : Number
        allowed, per_s : float
            How far it may move between the two, and how much more in every second.
        excuse : callable
            Asked when it moved more: whether there is a reason for that.
        """
        with self.lock:
            began_s = self.clock.now()
            replies = [self._answer(register) for _ in range(2)]
            allowed += per_s * (self.clock.now() - began_s)
        try:
            before, now = (form.parse(reply) for reply in replies)
        except ValueError as error:
            raise self.garbled(register, " ".join(replies), str(error)) from None
        digits = [len(reply.partition(".")[2]) for reply in replies]
        if (digits[0] != digits[1] or abs(now - before) > allowed) and not excuse():
            raise self.garbled(register, " ".join(replies), f"says two things that differ by more than {allowed:g}")
        return now

    def status(self) -> dict[str, str]:
        """Return the digits of the status by their names."""
        found = self.STATUS.fullmatch(self.query("X", Word(self.STATUS)))
        return {} if found is None else found.groupdict()

    def in_local(self) -> bool:
        """Return whether the front panel is in control."""
        return self.status()["control"] in LOCAL


def number(low: float, high: float) -> Number:
    """Return the form of a reply to R between two bounds."""
    return Number(low, high, DIGITS)
