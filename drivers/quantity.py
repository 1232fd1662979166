"""A quantity of an instrument, declared in PyMeasure's dialect: one line of protocol and a docstring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from drivers.errors import Refused
from drivers.patience import insist
from drivers.reply import Form

if TYPE_CHECKING:
    from drivers.instrument import Instrument


class Quantity:
    """A quantity of an instrument: a query, the form of its reply, and how it is set, if it can be.

    Parameters
    ----------
    query, command : str
        What is sent to ask and, with the value in it, to set.
    docs : str
        Begins with Get, Set, Control or Measure and names the unit in brackets.
    form : Form
        What the reply must look like.
    limit : str
        Name of the limit that a new value must pass.
    table : sequence of float
        The values that the instrument counts through; reply and command hold the index.
    first : int
        The index of the first of them.
    within : float
        How far the value read back may be from the one sent; the instrument rounds.
    share : float
        The same over the value, in addition.
    """

    def __init__(
        self, query: str, command: str | None, docs: str, form: Form, *,
        limit: str = "", table: Sequence[float] = (), first: int = 0, within: float = 0.0, share: float = 1e-4,
    ) -> None:  # fmt: skip
        self.query, self.command, self.form = query, command, form
        self.limit, self.table, self.first, self.within, self.share = limit, table, first, within, share
        self.__doc__ = docs

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instrument: Instrument | None, owner: type | None = None) -> Any:
        if instrument is None:
            return self
        reply = instrument.query(self.query, self.form)
        return self.table[reply - self.first] if self.table else reply

    def __set__(self, instrument: Instrument, value: Any) -> None:
        if self.command is None:
            raise AttributeError(f"{instrument.name}: {self.name} can be read only")
        number = instrument.check_limit(self.limit or self.name, value)
        sent = self.first + instrument.index_of(self.name, self.table, number) if self.table else number
        with instrument.lock:
            instrument.send(self.command % sent)
            taken = insist(lambda: instrument.query(self.query, self.form))
        if abs(taken - sent) > self.within + self.share * abs(sent):
            raise Refused(
                f"{instrument.name}: {self.name} = {value!r} was sent as {self.command % sent!r}, but the instrument "
                f"says {taken!r}; look at its front panel, then set it again",
                instrument=instrument.name,
            )
