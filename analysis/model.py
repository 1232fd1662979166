"""What a model of magnetoconductance is: declared once, used by every fit.

A model is one `Model` object in a file of `analysis/models/`. It states its
parameters, one function that gives the curve and its derivative together (they
share their digammas), a guess from the data, and its validity as checks that
answer in words and numbers. `MODELS` finds it there; nothing else is touched.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

import numpy as np

from analysis.constants import field_of_length
from analysis.curve import Curve
from analysis.sample import Sample


@dataclass(frozen=True)
class Remark:
    """Something the user should know of a result: a short code and one sentence with numbers."""

    code: str
    message: str


class Derived(NamedTuple):
    """A number that follows from a model's parameters: its name with the unit at its end, unit, meaning, value."""

    name: str
    unit: str
    meaning: str
    value: float


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model.

    Attributes
    ----------
    name : str
        Name with the unit at its end, the same everywhere: `l_phi_nm`, `alpha`.
    unit : str
        Unit in words, "nm"; "" for a pure number.
    lower, upper : float
        Range in which a fit looks for it, in `unit`.
    meaning : str
        What it is, in a few words.
    log : bool
        Fitted as its logarithm: lengths, rates, whatever is positive. A parameter fitted as it is
        should be of order one.
    known : bool
        The user usually knows it: held at `default` unless a fit is given a start for it.
    shared : bool
        Does not depend on temperature: one value for all curves of a joint fit.
    prefactor : bool
        The whole curve is proportional to it. At most one parameter of a model is.
    default : float or None
        Value of a known parameter that nobody gave.
    """

    name: str
    unit: str
    lower: float
    upper: float
    meaning: str
    log: bool = True
    known: bool = False
    shared: bool = False
    prefactor: bool = False
    default: float | None = None


Starts = tuple[dict[str, float], ...]
"""Where a fit may start, most likely place first; several where chi^2 can have several minima."""


def _nothing_known(sample: Sample) -> dict[str, float]:
    return {}


def _no_remarks(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    return []


def _none_out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    return {}


def phase_field(values: Mapping[str, float], sample: Sample) -> tuple[Derived, ...]:
    """Return B_phi = hbar/(4 e L_phi^2) of a model that has an L_phi."""
    if "l_phi_nm" not in values:
        return ()
    return (Derived("b_phi_T", "T", "hbar/(4 e L_phi^2)", field_of_length(1e-9 * values["l_phi_nm"])),)


def _no_twin(values: Mapping[str, float]) -> dict[str, float]:
    return {}


@dataclass(frozen=True)
class Model:
    """A magnetoconductance model, declared.

    Attributes
    ----------
    name, title, source : str
        Name on the command line, name in words, paper with its DOI.
    parameters : tuple of Parameter
        In the order in which `both`, `value` and `derivative` take them.
    both : callable
        `both(field_T, *parameters)` gives delta sigma, shape (n,) [G0], and its derivative by each
        parameter in the parameter's own unit, shape (n, k). Even in the field, 0 at B = 0.
    guess : callable
        `guess(curve, held)` gives starts from the data alone; `held` are the parameters not fitted.
    validity : callable
        `validity(values, curve, sample)` gives remarks where the model is used outside its range.
    known : callable
        `known(sample)` gives the values of the known parameters that follow from the sample.
    out_of_reach : callable
        `out_of_reach(values, curve)` names the parameters of which such a curve holds only a bound,
        with the side, "lower" or "upper", on which the bound lies.
    twin : callable
        `twin(values)` gives other parameters whose curve is nearly the same, empty if there are none: a fit
        looks there for a second minimum before it trusts the first.
    derived : callable
        `derived(values, sample)` gives numbers that follow from the parameters and are reported beside them.
    alone : Model or None
        The model without its backgrounds, where it has some: what of the curve is localization.
    """

    name: str
    title: str
    source: str
    parameters: tuple[Parameter, ...]
    both: Callable[..., tuple[np.ndarray, np.ndarray]]
    guess: Callable[[Curve, Mapping[str, float]], Starts]
    validity: Callable[[Mapping[str, float], Curve, Sample], list[Remark]] = _no_remarks
    known: Callable[[Sample], dict[str, float]] = _nothing_known
    out_of_reach: Callable[[Mapping[str, float], Curve], dict[str, str]] = _none_out_of_reach
    twin: Callable[[Mapping[str, float]], dict[str, float]] = _no_twin
    derived: Callable[[Mapping[str, float], Sample], tuple[Derived, ...]] = phase_field
    alone: Model | None = None
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Collect the parameter names."""
        object.__setattr__(self, "names", tuple(parameter.name for parameter in self.parameters))

    def __getitem__(self, name: str) -> Parameter:
        """Return the parameter of that name.

        Raises
        ------
        ValueError
            The model has no such parameter.
        """
        if name not in self.names:
            raise ValueError(f"model {self.name} has no parameter {name!r}; it has {', '.join(self.names)}")
        return self.parameters[self.names.index(name)]

    def value(self, field_T: np.ndarray, *parameters: float) -> np.ndarray:
        """Return sigma(B) - sigma(0), shape (n,) [G0], at fields of shape (n,) [T]."""
        return self.both(np.asarray(field_T, dtype=float), *parameters)[0]

    def derivative(self, field_T: np.ndarray, *parameters: float) -> np.ndarray:
        """Return the derivative of `value` by each parameter, shape (n, k) [G0 per unit of the parameter]."""
        return self.both(np.asarray(field_T, dtype=float), *parameters)[1]

    def in_terms_of(
        self,
        parameters: Sequence[Parameter],
        to_own: Callable[..., tuple[Sequence[float], np.ndarray]],
        from_own: Callable[[Mapping[str, float], Mapping[str, float]], dict[str, float]],
        name: str | None = None,
    ) -> Model:
        """Return the same model in other parameters (times instead of lengths, say).

        Parameters
        ----------
        parameters : sequence of Parameter, length m
            The new ones.
        to_own : callable
            `to_own(*new)` gives the k values of this model's parameters and their Jacobian, shape (k, m).
        from_own : callable
            `from_own(own, held)` gives new values from this model's, for the guess; `held` are the new
            parameters that are not fitted.
        name : str, optional
            Name of the new model.

        Notes
        -----
        The checks (`validity`, `known`, `out_of_reach`) and `derived` speak of this model's own parameters and are
        left behind.
        """

        def both(field_T: np.ndarray, *new: float) -> tuple[np.ndarray, np.ndarray]:
            own, jacobian = to_own(*new)
            value, derivative = self.both(field_T, *own)
            return value, derivative @ jacobian

        def guess(curve: Curve, held: Mapping[str, float]) -> Starts:
            return tuple(from_own(start, held) for start in self.guess(curve, {}))

        def twin(values: Mapping[str, float]) -> dict[str, float]:
            own, _ = to_own(*(values[parameter.name] for parameter in parameters))
            other = self.twin(dict(zip(self.names, own, strict=True)))
            return from_own(other, values) if other else {}

        return replace(
            self, name=name or self.name, parameters=tuple(parameters), both=both, guess=guess,
            validity=_no_remarks, known=_nothing_known, out_of_reach=_none_out_of_reach, twin=twin,
            derived=phase_field,
        )  # fmt: skip


class _Discovered(Mapping[str, Model]):
    """Every `Model` found in a module of `analysis.models`, looked for at first use.

    A name such as "hln+kohler" is a model with backgrounds added (`analysis.background`); they are not iterated over.
    """

    def __getitem__(self, name: str) -> Model:
        models = _walk()
        plain, *added = name.split("+")
        if plain not in models:
            raise KeyError(f"no model {plain!r}; there are {', '.join(models)}")
        return _with_backgrounds(name) if added else models[plain]

    def __iter__(self) -> Iterator[str]:
        return iter(_walk())

    def __len__(self) -> int:
        return len(_walk())


@cache
def _walk() -> dict[str, Model]:
    # not at import time: the model files themselves import this one
    package = importlib.import_module("analysis.models")
    found: dict[str, Model] = {}
    for entry in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        module = importlib.import_module(f"analysis.models.{entry.name}")
        for name, model in vars(module).items():
            if name.startswith("_"):
                continue
            if isinstance(model, Model) and found.setdefault(model.name, model) is not model:
                raise ValueError(f"two models are called {model.name!r}, one of them in {module.__name__}")
    return found


@cache
def _with_backgrounds(name: str) -> Model:
    # not at import time either: backgrounds are made of what this module declares
    background = importlib.import_module("analysis.background")
    plain, *added = name.split("+")
    return background.with_backgrounds(_walk()[plain], *(background.background(one) for one in added))


MODELS: Mapping[str, Model] = _Discovered()
"""Every model by name, and with backgrounds added: `MODELS["hln+kohler"]`."""
