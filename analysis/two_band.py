"""Two kinds of carriers side by side: their resistivity tensor, and the fit of rho_xx and rho_yx together.

With s = +1 for holes and -1 for electrons, each band has sigma_xx + i sigma_xy = n e mu/(1 - i s mu B), and
1/(the sum) = rho_xx - i rho_yx in the sign convention of `transport`. rho_yx alone would be degenerate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.any_fit import Observations, Search
from analysis.constants import E
from analysis.estimate import Estimate
from analysis.model import Parameter, Remark

ELECTRONS, HOLES = -1, 1

_NAMES = {ELECTRONS: "electrons", HOLES: "holes"}
_SIGNS = ((ELECTRONS, HOLES), (ELECTRONS, ELECTRONS), (HOLES, HOLES))
_MOBILITIES = np.geomspace(0.02, 300, 13)  # over 1/B_max: those whose field dependence shows
_STARTS = 4
_CLEARLY = 9.0  # chi^2 by which every other choice of signs must be worse: three standard errors, for signs are a claim
_WIDE = 1e6  # bounds on densities and mobilities, over their scale


def two_band(
    field_T: np.ndarray, density_1: float, mobility_1: float, density_2: float, mobility_2: float,
    signs: tuple[int, int] = (ELECTRONS, HOLES),
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return rho_xx and rho_yx, of the shape of `field_T`.

    Parameters
    ----------
    field_T : ndarray
    density_1, density_2 : float
        Per square metre, then rho is per square [ohm]; or per cubic metre, then it is in ohm m.
    mobility_1, mobility_2 : float
        [m^2/(V s)].
    signs : tuple of int
        ELECTRONS or HOLES, for either band.
    """
    total, _ = _conductivity(np.asarray(field_T, float), (density_1, mobility_1, density_2, mobility_2), signs)
    rho = 1 / total
    return rho.real, -rho.imag


def _conductivity(
    field: np.ndarray, parameters: tuple[float, ...], signs: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return sigma_xx + i sigma_xy, shape (n,), and its derivatives by densities and mobilities, shape (n, 4)."""
    total, columns = np.zeros(field.shape, complex), []
    for sign, density, mobility in zip(signs, parameters[::2], parameters[1::2], strict=True):
        turned = 1 / (1 - 1j * sign * mobility * field)
        total += density * E * mobility * turned
        columns += [E * mobility * turned, density * E * turned**2]
    return total, np.stack(columns, axis=-1)


@dataclass(frozen=True, eq=False)
class Choice:
    """One choice of signs, ELECTRONS or HOLES, with its best values and their chi^2."""

    signs: tuple[int, int]
    chi2: float
    values: dict[str, float]


@dataclass(frozen=True, eq=False)
class TwoBandFit:
    """What rho_xx and rho_yx say of two bands.

    Attributes
    ----------
    signs : tuple of int
        Best signs, ELECTRONS or HOLES. Electrons come first; of two bands of one sign, the more mobile.
    signs_determined : bool
        Every other choice of signs describes the data worse by three standard errors or more, where the residuals
        exceed the errors measured in those. Both signs given: True.
    choices : tuple of Choice
        The choices of signs that were tried, best first.
    carriers : tuple of str
        "electrons", "holes": the kinds that every choice as good as the best contains.
    estimates : tuple of Estimate
        density_1 [1/m^2], mobility_1 [m^2/(V s)], density_2, mobility_2; none is determined if the signs are not.
    values : dict
        The best point, for drawing.
    chi2, chi2_reduced : float
        Without errors given: in units of rho_0^2.
    points : int
        Resistances fitted, rho_xx and rho_yx together.
    remarks : tuple of Remark
    """

    signs: tuple[int, int]
    signs_determined: bool
    choices: tuple[Choice, ...]
    carriers: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    values: dict[str, float]
    chi2: float
    chi2_reduced: float
    points: int
    remarks: tuple[Remark, ...]

    def __getitem__(self, name: str) -> Estimate:
        for estimate in self.estimates:
            if estimate.name == name:
                return estimate
        raise KeyError(f"two bands have no parameter {name!r}; there are {', '.join(self.values)}")

    def evaluate(self, field_T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the fitted rho_xx and rho_yx [ohm]."""
        return two_band(field_T, *self.values.values(), signs=self.signs)


def fit_two_band(
    field_T: np.ndarray, rho_xx_ohm: np.ndarray, rho_yx_ohm: np.ndarray, *, error_xx_ohm: np.ndarray | None = None,
    error_yx_ohm: np.ndarray | None = None, signs: tuple[int, int] | None = None, exclude_T: float = 0.0,
) -> TwoBandFit:  # fmt: skip
    """Fit two bands to rho_xx and rho_yx together.

    Parameters
    ----------
    field_T, rho_xx_ohm, rho_yx_ohm : ndarray, shape (n,)
        rho_yx antisymmetrised, rho_xx symmetrised.
    error_xx_ohm, error_yx_ohm : ndarray, shape (n,), optional
        Both or neither; without them all points weigh the same and their scatter sets the scale.
    signs : tuple of int, optional
        Hold the signs of the carriers; by default every choice is tried.
    exclude_T : float
        Leave out |B| below this: the cusp of weak localization, 10 B_phi.

    Raises
    ------
    ValueError
        Data that cannot be fitted; the text says why.
    """
    field, data, error, scale = _observed(field_T, rho_xx_ohm, rho_yx_ohm, error_xx_ohm, error_yx_ohm, exclude_T)
    choices = _SIGNS if signs is None else (signs,)
    if any(s not in (ELECTRONS, HOLES) for s in choices[0]) or len(choices[0]) != 2:
        raise ValueError(f"two bands: signs {signs} are not two of {ELECTRONS} (electrons) and {HOLES} (holes)")
    searches = [_search(field, data, error, scale, choice) for choice in choices]
    order = sorted(range(len(searches)), key=lambda i: searches[i].best.chi2)
    best = searches[order[0]].solution()
    unit = max(best.chi2_reduced, best.variance)  # a misfit says nothing of signs to better than its own size
    rivals = [i for i in order[1:] if searches[i].best.chi2 <= best.chi2 + _CLEARLY * unit]
    estimates = tuple(_loose(e) for e in best.estimates) if rivals else best.estimates
    remarks = (*best.misfit, *_remarks(choices, order[0], rivals, estimates))
    tried = tuple(Choice(choices[i], searches[i].best.chi2, searches[i].values(searches[i].best)) for i in order)
    alike = [set(choices[i]) for i in (order[0], *rivals)]
    carriers = tuple(_NAMES[s] for s in (ELECTRONS, HOLES) if all(s in signs for signs in alike))
    return TwoBandFit(
        choices[order[0]], not rivals, tried, carriers, estimates, best.values, best.chi2, best.chi2_reduced,
        best.points, remarks,
    )  # fmt: skip


def _observed(
    field_T: np.ndarray, rho_xx: np.ndarray, rho_yx: np.ndarray, error_xx: np.ndarray | None,
    error_yx: np.ndarray | None, exclude_T: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, float]:  # fmt: skip
    """Return the fields, [rho_xx, rho_yx] and their errors in units of the lowest-field rho_xx, and that [ohm]."""
    if (error_xx is None) != (error_yx is None):
        raise ValueError("two bands: errors of one resistance only; give both or none")
    given = [field_T, rho_xx, rho_yx] + ([] if error_xx is None or error_yx is None else [error_xx, error_yx])
    arrays = [np.asarray(values, dtype=float) for values in given]
    if arrays[0].ndim != 1 or any(a.shape != arrays[0].shape for a in arrays):
        raise ValueError(f"two bands: shapes {[a.shape for a in arrays]}; they must be lists of equal length")
    if not all(np.isfinite(a).all() for a in arrays):
        raise ValueError("two bands: a value is not a finite number; leave the row out")
    if any((a <= 0).any() for a in [arrays[1], *arrays[3:]]):
        raise ValueError("two bands: rho_xx and every error must be above 0; check signs and contacts")
    keep = np.abs(arrays[0]) >= exclude_T
    field, xx, yx, *errors = (a[keep] for a in arrays)
    if np.unique(np.abs(field)).size < 3:
        raise ValueError(f"two bands: {np.unique(np.abs(field)).size} different |B| are left; four unknowns need more")
    if np.ptp(xx) == 0 and np.ptp(yx) == 0:
        raise ValueError("two bands: neither rho_xx nor rho_yx changes with the field; check what was measured")
    scale = float(xx[np.abs(field).argmin()])
    return field, np.concatenate([xx, yx]) / scale, np.concatenate(errors) / scale if errors else None, scale


def _search(
    field: np.ndarray, data: np.ndarray, error: np.ndarray | None, scale: float, signs: tuple[int, int]
) -> Search:
    starts = _starts(field, data, scale, signs)
    mobility, density = 1 / float(np.abs(field).max()), 1 / (E * scale / float(np.abs(field).max()))
    parameters = [
        Parameter(f"{kind}_{band}", unit, size / _WIDE, size * _WIDE, meaning)
        for band in (1, 2)
        for kind, unit, size, meaning in (
            ("density", "1/m^2", density, "carriers per area"),
            ("mobility", "m^2/(V s)", mobility, "their mobility"),
        )
    ]

    def both(*values: float) -> tuple[np.ndarray, np.ndarray]:
        total, derivative = _conductivity(field, values, signs)
        rho = 1 / total / scale
        change = -derivative * (rho / total)[:, np.newaxis]
        return np.concatenate([rho.real, -rho.imag]), np.concatenate([change.real, -change.imag])

    return Search(Observations(both, data, error, parameters), parameters, [_ordered(s, signs) for s in starts])


def _starts(field: np.ndarray, data: np.ndarray, scale: float, signs: tuple[int, int]) -> list[list[float]]:
    """Return the best of a grid of mobilities: with them given, the densities are linear in the conductivity."""
    from scipy.optimize import nnls  # slow to import, and needed here only

    xx, yx = np.split(data, 2)
    measured = 1 / (xx - 1j * yx)
    mobilities = _MOBILITIES / float(np.abs(field).max())
    bands = {s: [1 / (1 - 1j * s * m * field) / np.abs(measured) for m in mobilities] for s in set(signs)}
    target = measured / np.abs(measured)
    target = np.concatenate([target.real, target.imag])
    found = []
    for i, first in enumerate(bands[signs[0]]):
        for j, second in enumerate(bands[signs[1]]):
            if signs[0] == signs[1] and j >= i:
                continue
            rows = np.stack([np.concatenate([c.real, c.imag]) for c in (first, second)], axis=1)
            share, misfit = nnls(rows, target)
            share = np.maximum(share, 1e-3 * max(share.max(), 1e-12)) / (E * scale)
            found.append((misfit, [share[0] / mobilities[i], mobilities[i], share[1] / mobilities[j], mobilities[j]]))
    return [start for _, start in sorted(found, key=lambda pair: pair[0])[:_STARTS]]


def _ordered(start: list[float], signs: tuple[int, int]) -> list[float]:
    swap = signs[0] == signs[1] and start[3] > start[1]
    return start[2:] + start[:2] if swap else start


def _loose(estimate: Estimate) -> Estimate:
    return Estimate(estimate.name, estimate.unit, None, None, None, None, determined=False)


def _remarks(choices: tuple[tuple[int, int], ...], best: int, rivals: list[int], estimates: tuple[Estimate, ...]):
    if rivals:
        said = " and ".join(_words(choices[i]) for i in (best, *rivals))
        yield Remark("two_band_signs", f"Two bands: {said} describe the data equally well; no band is determined. Go "
                     "to a larger field, or give the signs.")  # fmt: skip
    elif loose := [e.name for e in estimates if not e.determined]:
        yield Remark("two_band_loose", f"Two bands: the data do not determine {', '.join(loose)}. Go to a larger "
                     "field, or describe them with one band.")  # fmt: skip


def _words(signs: tuple[int, int]) -> str:
    first, second = (_NAMES[s] for s in signs)
    return f"{first} with {second}" if first != second else f"two kinds of {first}"


def zero_field_hall_coefficient(
    density_1: float, mobility_1: float, density_2: float, mobility_2: float,
    signs: tuple[int, int] = (ELECTRONS, HOLES),
) -> float:  # fmt: skip
    """Return R_H at B -> 0, sum(s n mu^2)/(e sum(n mu)^2); at large fields it becomes 1/(e sum(s n))."""
    weighted = signs[0] * density_1 * mobility_1**2 + signs[1] * density_2 * mobility_2**2
    return weighted / (E * math.pow(density_1 * mobility_1 + density_2 * mobility_2, 2))
