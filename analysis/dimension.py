"""Which dimension the film has for what was fitted, and the fit with the model of that dimension.

Dimension is a matter of L_phi: a film is two-dimensional while L_phi is longer than it is thick and shorter than it
is wide. So it can only be checked after a fit, and a fit with the wrong model gives a wrong L_phi to check with:
model and L_phi are taken in turn until they agree.

The limits are those at which the wrong formula costs about 5 % of L_phi, from exact curves: a two-dimensional
formula at t = L_phi/2, Kawabata's at t = 30 L_phi, the formula of a wire at W = L_phi/3, that of a wide film at
W = 5 L_phi. Between a wide film and a wire there is no formula here; the nearer one is taken, and it is said so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.constants import HBAR, E, field_of_length
from analysis.curve import Curve
from analysis.estimate import FitResult
from analysis.interaction import thermal_length_nm
from analysis.model import Remark
from analysis.refit import has_offset
from analysis.sample import Sample
from analysis.selection import select

THIN, BULK = 0.5, 30.0
"""Thickness in L_phi up to which a film is two-dimensional, and from which on it is bulk."""

WIRE, WIDE = 3.0, 0.2
"""L_phi in widths from which on a bar is a wire, and up to which it is a wide film."""

LONG = 10.0
"""Length in L_phi from which on the ends of a wire do not matter: they take 1 L_phi/L of the correction."""

BALLISTIC_RATIO, BALLISTIC_FIELD = 1e-3, 0.1
"""B_phi and the largest field in B_tr above which formulas of diffusion are several per cent wrong."""

FLAT_FIELD = 0.3
"""The largest field in B_t = (hbar/4e)(pi/t)^2, the B_i of the lowest mode across the film, up to which that mode does
not show: above, a two-dimensional formula misses 0.004 G0 and more, however long L_phi is."""

_WIRE_FIELD = 4.0  # (W/l_B)^2 up to which the formula of a wire holds
_EVIDENCE = 6.0  # of AICc, odds of 20 to 1, before spin-orbit scattering is taken to be there
_TURNS = 4  # of model and L_phi, before it is called a crossover
_FEWEST_POINTS = 20  # that must be left in a window that is made narrower

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "film": ("hln", "hln_full"),
    "thick film": ("film_crossover", "film_crossover_so"),
    "bulk": ("kawabata", "fukuyama_hoshino"),
    "wire": ("wire", "wire_so"),
    "short wire": ("wire_finite",),
    "ballistic wire": ("wire_ballistic",),
}
"""Models of each dimension, without and with spin-orbit scattering where there are both."""

_EXACT = {"mean_free_path_nm"}  # parameters by which a formula of a film is one beyond diffusion
_KIN = {"wire_nyquist": "wire", "wire_nyquist_so": "wire", "fukuyama_hoshino_zeeman": "bulk"}


@dataclass(frozen=True, eq=False)
class DimensionCheck:
    """What the dimension is, and the fits before and after.

    Attributes
    ----------
    first : FitResult
        The fit that was checked.
    best : FitResult
        The fit to use: `first` where its dimension holds or where there is no better model.
    dimension : str
        A name of `FAMILIES`.
    settled : bool
        The model of `best` is that of the dimension its own L_phi gives.
    ratios : dict of str to float
        What it was decided by, with the final L_phi: "t/L_phi", "B/B_t", "L_phi/W", "L/L_phi", "l/W",
        "B_phi/B_tr", "B/B_tr".
    remarks : tuple of Remark
    sentence : str
    """

    first: FitResult
    best: FitResult
    dimension: str
    settled: bool
    ratios: dict[str, float]
    remarks: tuple[Remark, ...]
    sentence: str

    @property
    def refitted(self) -> bool:
        """Another model than the first was needed."""
        return self.best.model != self.first.model


def check_dimension(
    fitted: FitResult, curve: Curve, sample: Sample, *, diffusion_cm2_per_s: float | None = None
) -> DimensionCheck:
    """Check the dimension of a fit, and refit with the model of the right one where it fails.

    Parameters
    ----------
    fitted : FitResult
        By a model with `l_phi_nm`. Models that are in no family (graphene, Rashba, ...) are checked, not replaced.
    curve : Curve
        The curve that was fitted.
    sample : Sample
        What is not known of it is not checked.
    diffusion_cm2_per_s : float, optional
        Diffusion constant, for the thermal length; the temperature is the curve's.

    Raises
    ------
    ValueError
        The model has no `l_phi_nm`.
    """
    if "l_phi_nm" not in fitted.values:
        raise ValueError(f"dimension: {fitted.model} has no l_phi_nm to compare thickness and width with")
    part = curve.within(max(abs(end) for end in fitted.window_T))
    best, seen, wanted = fitted, [fitted.model], _dimension(fitted, part, sample)
    for _ in range(_TURNS):
        if _family(best) == wanted or not _replaceable(best):
            break
        candidate = _fit_as(wanted, best, part, sample)
        if candidate.model in seen:
            break
        best = candidate
        seen.append(best.model)
        wanted = _dimension(best, part, sample)
    settled = _family(best) == wanted
    remarks = (*_between(best, sample), *_coherent(best, sample), *_thermal(curve, sample, best, diffusion_cm2_per_s))
    ratios = _ratios(best, part, sample)
    return DimensionCheck(
        fitted, best, wanted, settled, ratios, remarks, _sentence(fitted, best, wanted, settled, ratios)
    )  # fmt: skip


def _replaceable(fitted: FitResult) -> bool:
    """Return whether the model is one of a family, in which others say the same of another dimension."""
    return any(fitted.model in models for models in FAMILIES.values())


def _family(fitted: FitResult) -> str | None:
    """Return the dimension that the model is made for, None where it is not known here."""
    for name, models in FAMILIES.items():
        if fitted.model in models:
            return name
    # whatever asks neither for a width nor for a thickness speaks of a wide, thin film
    return "film" if {"width_nm", "thickness_nm"}.isdisjoint(fitted.values) else _KIN.get(fitted.model)


def _ratios(fitted: FitResult, curve: Curve, sample: Sample) -> dict[str, float]:
    """Return the ratios that can be had from what is known."""
    l_phi, path = fitted.values["l_phi_nm"], sample.mean_free_path_nm
    width = None if sample.width_um is None else 1e3 * sample.width_um
    length, highest_T = _length_nm(sample), float(np.abs(curve.field_T).max())
    b_t = None if sample.thickness_nm is None else field_of_length(1e-9 * sample.thickness_nm / math.pi)
    found: dict[str, float | None] = {
        "t/L_phi": None if sample.thickness_nm is None else sample.thickness_nm / l_phi,
        "B/B_t": None if b_t is None else highest_T / b_t,
        "L_phi/W": None if width is None else l_phi / width,
        "L/L_phi": None if length is None else length / l_phi,
        "l/W": None if width is None or path is None else path / width,
        "B_phi/B_tr": None if path is None else path**2 / (2 * l_phi**2),
        "B/B_tr": None if path is None else highest_T * 2 * E * (1e-9 * path) ** 2 / HBAR,
    }
    return {name: value for name, value in found.items() if value is not None}


def _length_nm(sample: Sample) -> float | None:
    return None if sample.length_um is None else 1e3 * sample.length_um


def _dimension(fitted: FitResult, curve: Curve, sample: Sample) -> str:
    """Return the family that L_phi of this fit asks for."""
    ratio = _ratios(fitted, curve, sample)
    if ratio.get("L_phi/W", 0.0) > 1:
        if ratio.get("l/W", 0.0) > 1:
            return "ballistic wire"
        return "short wire" if ratio.get("L/L_phi", math.inf) < LONG else "wire"
    if ratio.get("t/L_phi", 0.0) > BULK:
        return "bulk"
    if ratio.get("t/L_phi", 0.0) > THIN:
        return "thick film"
    # electrons that fly across have no modes there
    diffuse = sample.thickness_nm is not None and not moves_in_plane(sample)
    return "thick film" if diffuse and ratio["B/B_t"] > FLAT_FIELD else "film"


def film_beyond_diffusion(fitted: FitResult, curve: Curve, sample: Sample) -> bool:
    """Return whether this is a film, and its L_phi and the field are beyond what formulas of diffusion hold for."""
    return is_film(fitted, curve, sample) and _beyond(_ratios(fitted, curve, sample))


def is_film(fitted: FitResult, curve: Curve, sample: Sample) -> bool:
    """Return whether the film is wide and thin by the L_phi of this fit."""
    return _dimension(fitted, curve, sample) == "film"


def moves_in_plane(sample: Sample) -> bool:
    """Return whether electrons fly along the film, as the exact sums have it: not where it is thicker than l."""
    path, thickness = sample.mean_free_path_nm, sample.thickness_nm
    return path is not None and (thickness is None or thickness <= path)


def _beyond(ratio: Mapping[str, float]) -> bool:
    """Return whether formulas of a diffusive film are several per cent wrong."""
    return ratio.get("B_phi/B_tr", 0.0) > BALLISTIC_RATIO or ratio.get("B/B_tr", 0.0) > BALLISTIC_FIELD


def _without_spin(fitted: FitResult, curve: Curve) -> bool:
    """Return whether the fitted curve rises all the way: there is no sign of spin-orbit scattering."""
    field = np.linspace(0, float(np.abs(curve.field_T).max()), 60)
    return bool((np.diff(fitted.evaluate(field)) >= 0).all())


def _fit_as(wanted: str, fitted: FitResult, curve: Curve, sample: Sample) -> FitResult:
    """Return the better fit of a family's models."""
    models, fixed, window_T = FAMILIES[wanted], {}, None
    if wanted == "film" and not _without_spin(fitted, curve):
        models = models[1:]
    if wanted == "short wire":
        fixed["length_nm"] = _length_nm(sample)
    if "wire" in wanted:
        window_T = _wire_window(curve, sample)
    selection = select(curve, sample, models=models, fixed=fixed, window_T=window_T, offset=has_offset(fitted))
    if wanted == "film":
        return selection.best
    results = {candidate.model: candidate.result for candidate in selection.candidates}
    plain, spin = results[models[0]], results[models[-1]]
    return spin if spin.aicc < plain.aicc - _EVIDENCE else plain


def _wire_window(curve: Curve, sample: Sample) -> float | None:
    """Return the field up to which a wire is one, if the curve goes beyond and has enough points below [T]."""
    if sample.width_um is None:
        return None
    limit = _WIRE_FIELD * HBAR / (E * (1e-6 * sample.width_um) ** 2)
    inside = int((np.abs(curve.field_T) <= limit).sum())
    return limit if _FEWEST_POINTS <= inside < curve.field_T.size else None


def _between(fitted: FitResult, sample: Sample) -> list[Remark]:
    """Return a remark where the bar is neither wide nor a wire."""
    l_phi = fitted.values["l_phi_nm"]
    width = math.inf if sample.width_um is None else 1e3 * sample.width_um
    if not WIDE < l_phi / width < WIRE:
        return []
    text = f"L_phi = {l_phi:.3g} nm and the bar is {width:.3g} nm wide: between a wide film and a wire"
    if l_phi > width:
        return [Remark("strip", f"{text}; the formula of a wire gives L_phi 6 % short at 3 W, 9 % at 2 W, 17 % at W")]
    return [Remark("strip", f"{text}; the edges raise the correction by about L_phi/W, {100 * l_phi / width:.0f} %")]


def _coherent(fitted: FitResult, sample: Sample) -> list[Remark]:
    """Return a remark where the whole conductor is coherent."""
    length, l_phi = _length_nm(sample), fitted.values["l_phi_nm"]
    if length is None or l_phi < length:
        return []
    text = f"L_phi = {l_phi:.3g} nm is longer than the conductor, {length:.3g} nm"
    return [Remark("coherent", f"{text}: nothing averages, and fluctuations are as large as the mean correction")]


def _thermal(curve: Curve, sample: Sample, fitted: FitResult, diffusion_cm2_per_s: float | None) -> list[Remark]:
    """Return a remark where the interaction correction has another dimension than weak localization."""
    if curve.temperature_K is None or diffusion_cm2_per_s is None:
        return []
    l_t, l_phi = float(thermal_length_nm(curve.temperature_K, diffusion_cm2_per_s)), fitted.values["l_phi_nm"]
    width = None if sample.width_um is None else 1e3 * sample.width_um
    remarks = []
    for name, size in (("thick", sample.thickness_nm), ("wide", width)):
        if size is not None and (l_t < size) != (l_phi < size):
            text = (
                f"L_T = {l_t:.3g} nm and L_phi = {l_phi:.3g} nm lie on either side of {size:.3g} nm, how {name} it is"
            )
            remarks.append(Remark(
                "thermal_length", f"{text}: the interaction correction has another dimension than weak localization"
            ))  # fmt: skip
    return remarks


_REASONS: Mapping[str, Callable[[dict[str, float]], str]] = {
    "film": lambda ratio: _listed(ratio, "t/L_phi", "B/B_t", "L_phi/W", "B_phi/B_tr", "B/B_tr"),
    "thick film": lambda ratio: (
        f"t = {ratio['t/L_phi']:.2g} L_phi and the field reaches {ratio['B/B_t']:.2g} (hbar/4e)(pi/t)^2, between two "
        "and three dimensions"
    ),
    "bulk": lambda ratio: f"t = {ratio['t/L_phi']:.2g} L_phi, three-dimensional",
    "wire": lambda ratio: f"L_phi = {ratio['L_phi/W']:.2g} W, one-dimensional",
    "short wire": lambda ratio: (
        f"L_phi = {ratio['L_phi/W']:.2g} W and L = {ratio['L/L_phi']:.2g} L_phi, one-dimensional and short"
    ),
    "ballistic wire": lambda ratio: (
        f"L_phi = {ratio['L_phi/W']:.2g} W and l = {ratio['l/W']:.2g} W, one-dimensional and clean"
    ),
}


def _listed(ratio: Mapping[str, float], *names: str) -> str:
    return ", ".join(f"{name} = {ratio[name]:.2g}" for name in names if name in ratio)


def _sentence(first: FitResult, best: FitResult, wanted: str, settled: bool, ratios: dict[str, float]) -> str:
    if not ratios:
        return "dimension not checked: neither thickness, width nor mean free path is given"
    after, before = best.values["l_phi_nm"], first.values["l_phi_nm"]
    reason = f"{wanted}: {_REASONS[wanted](ratios)}"
    if not settled and not _replaceable(first):
        return f"{reason}; {first.model} is not replaced, check that it holds there"
    if not settled:
        rough = f"by the L_phi of {best.model}, {after:.3g} nm"
        return f"{reason}, {rough}, which holds elsewhere: a crossover, no model agrees with its own L_phi"
    if best is not first:
        return f"{reason}; {first.model} does not hold (L_phi = {before:.3g} nm), {best.model} gives {after:.3g} nm"
    if wanted == "film" and _beyond(ratios):
        if _EXACT & set(best.declared.names):
            return f"{reason}; {first.model} holds beyond diffusion"
        return f"{reason}; beyond diffusion {first.model} does not hold: make the window narrower"
    return f"{reason}; {first.model} holds"
