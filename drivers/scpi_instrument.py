"""What the drivers of SCPI instruments have in common: numbers of fixed length, readings of named elements."""

from __future__ import annotations

import re

from drivers.errors import Refused
from drivers.instrument import Instrument, Number

SCIENTIFIC = re.compile(r"[+-]?[0-9]\.[0-9]{6}E[+-][0-9]{2}")
"""How Keithley's instruments write a number, always with as many digits: one that has lost some is seen."""
ANY = Number(-1e38, 1e38, SCIENTIFIC)
"""Their 9.9E37 and 9.91E37 stand for too much, and for nothing."""
WORD = re.compile("[A-Z]{1,8}")


class SCPIInstrument(Instrument):
    """An instrument on a wire that speaks SCPI."""

    POWER_QUERY = "*ESR?"

    def _agreed(self, query: str, form: Number) -> float:
        """Return a number that is asked for twice and must be the same."""
        return self._confirmed(query, query, form)

    def _confirmed(self, query: str, again: str, form: Number) -> float:
        """Return a number that is asked for, and again in another way, and must be the same."""
        with self.lock:
            first, second = self.query(query, form), self.query(again, form)
        if first != second:
            raise self.garbled(query, f"{first:g}", f"is {second:g} when asked for again")
        return second

    def _elements(self, query: str) -> dict[str, str]:
        """Return a reading by its elements, which are asked for in the same line: somebody may have changed them."""
        line = f":FORM:ELEM?;{query}"
        reply = self.ask(line)
        names, _, fields = (part.split(",") for part in reply.partition(";"))
        if len(names) != len(fields) or len(set(names)) != len(names) or not all(map(WORD.fullmatch, names)):
            raise self.garbled(line, reply, "is not one field for each element")
        return dict(zip(names, fields, strict=True))

    def _number(self, query: str, field: str) -> float:
        """Return the number in a field of a reading."""
        try:
            return ANY.parse(field)
        except ValueError as error:
            raise self.garbled(query, field, str(error)) from None

    def _check_taken(self, what: str, wanted: float, taken: float, allowed: float, unit: str) -> None:
        """Raise Refused unless what was sent is what the instrument says it has taken."""
        if abs(taken - wanted) > allowed:
            raise Refused(
                f"{self.name}: {what} {wanted:g} {unit} was sent, but the instrument says {taken:g} {unit}; "
                "is its range large enough? Look at its front panel",
                instrument=self.name,
            )
