"""How rows are analysed: what the user decides, checked once when it is said."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, field

from analysis.model import MODELS
from analysis.sample import Sample
from analysis.selection import candidates_for
from analysis.window import SMALLEST_T

AUTO = "auto"


@dataclass(frozen=True)
class Settings:
    """How rows are analysed.

    Attributes
    ----------
    model : str
        Name of a model, or "auto": those of the sample's material are compared.
    window_T : float or None
        Fit |B| <= window_T; None for all.
    field_offset_T : float or None
        What the magnet reads at zero field; None to find it from the data.
    fixed : tuple of (name, value)
        Parameters that are not fitted, wherever a model has them.
    sample : Sample
    joint : bool
        Fit finished sweeps of different temperatures together, with one spin-orbit (or valley) length.
    reference_ohm : float or None
        Resistor over which a column `v_ref_V` was measured: the current is taken from it.
    current_known : bool
        The current in the rows is the one that flowed. False where only resistances are known: heating is then not
        looked at.
    """

    model: str = AUTO
    window_T: float | None = None
    field_offset_T: float | None = None
    fixed: tuple[tuple[str, float], ...] = ()
    sample: Sample = field(default_factory=Sample)
    joint: bool = True
    reference_ohm: float | None = None
    current_known: bool = True

    def __post_init__(self) -> None:
        """Refuse what no sweep could be analysed with.

        Raises
        ------
        ValueError
            Unknown model, a fixed parameter that it does not have, or a number that is not usable.
        """
        if self.model != AUTO and self.model not in MODELS:
            close = difflib.get_close_matches(self.model, (AUTO, *MODELS), n=1)
            meant = f", did you mean {close[0]}?" if close else ""
            raise ValueError(f"model {self.model!r} is not known{meant}; there are {AUTO}, {', '.join(MODELS)}")
        if self.window_T is not None and not 0 < self.window_T < math.inf:
            raise ValueError(f"window: {self.window_T} T; give a field above 0, or leave it out to fit all")
        if self.window_T is not None and self.window_T < SMALLEST_T:
            limit = f"is below {SMALLEST_T:g} T, finer than any magnet"
            raise ValueError(f"window: {self.window_T:g} T {limit}; give it in tesla, or leave it out to fit all")
        if self.field_offset_T is not None and not math.isfinite(self.field_offset_T):
            raise ValueError(f"field offset: {self.field_offset_T} T is not finite; leave it out to have it found")
        if self.reference_ohm is not None and not 0 < self.reference_ohm < math.inf:
            raise ValueError(f"reference resistor: {self.reference_ohm} ohm must be a number above 0")
        names = {name for model in self.models for name in MODELS[model].names}
        for name, value in self.fixed:
            if name not in names:
                raise ValueError(f"fixed: no parameter {name!r} in {self.model}; there are {', '.join(sorted(names))}")
            bounds = next(MODELS[model][name] for model in self.models if name in MODELS[model].names)
            if not bounds.lower <= value <= bounds.upper:
                raise ValueError(f"fixed: {name} = {value:g} is outside {bounds.lower:g} to {bounds.upper:g}")

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are tried."""
        return candidates_for(self.sample) if self.model == AUTO else (self.model,)

    def held(self, model: str) -> dict[str, float]:
        """Return the fixed parameters that this model has."""
        return {name: value for name, value in self.fixed if name in MODELS[model].names}
