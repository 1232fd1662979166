"""Which model the data prefer, and which symmetry class they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.curve import Curve
from analysis.fit import FitResult
from analysis.sample import Sample


@dataclass(frozen=True, eq=False)
class Candidate:
    """One model tried on the curve, with its Akaike weight (the weights add up to 1)."""

    model: str
    aicc: float
    weight: float
    result: FitResult


@dataclass(frozen=True, eq=False)
class Selection:
    """The preferred fit and all that were tried, best AICc first."""

    best: FitResult
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Symmetry:
    """Symmetry class of the film: "orthogonal", "symplectic", "unitary", "crossover" or "undetermined".

    `sentence` names the evidence.
    """

    symmetry_class: str
    sentence: str


def select(
    curve: Curve, sample: Sample | None = None, *, models: Sequence[str] = ("hln", "hln_full"),
    fixed: Mapping[str, float] | None = None, window_T: float | None = None, offset: bool = True,
) -> Selection:  # fmt: skip
    raise NotImplementedError


def symmetry(fitted: Selection | FitResult, curve: Curve) -> Symmetry:
    raise NotImplementedError
