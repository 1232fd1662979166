"""What a reading of a Keithley consists of, as ``FORM:ELEM`` chooses it."""

from __future__ import annotations

from typing import ClassVar

from drivers.clock import Clock
from drivers.simulated.scpi import SCPITwin
from drivers.simulated.twin import OUT_OF_RANGE, on, spoken


class ReadingElements(SCPITwin):
    """A simulated instrument whose readings have elements."""

    ELEMENTS: ClassVar[tuple[str, ...]]
    """All that there are, in their order."""
    USUAL: ClassVar[tuple[str, ...]]
    """Those of a fresh start."""

    def __init__(self, clock: Clock, seed: int = 0) -> None:
        self._elements: tuple[str, ...] = self.USUAL
        super().__init__(clock, seed)

    def power_on(self) -> None:
        """Take the settings of a fresh start."""
        super().power_on()
        self._elements = self.USUAL

    @on("FORMat:ELEMents")
    def _set_elements(self, *words: str) -> None:
        chosen = [element for element in self.ELEMENTS if any(word.upper() in spoken(element) for word in words)]
        if len(chosen) != len(words):
            raise OUT_OF_RANGE
        self._elements = tuple(chosen)

    @on("FORMat:ELEMents?")
    def _which_elements(self) -> str:
        return ",".join("".join(c for c in element if not c.islower()) for element in self._elements)
