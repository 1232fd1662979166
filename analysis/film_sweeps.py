"""From analysed sweeps to the `FilmSeries` that a statement is made from.

sigma at B = 0 is the mean over a sweep with the fitted magnetoconductance taken off; its error is the scatter over the
root of the number of rows, or that of the constant of the fit where the fitted curve is less certain than the rows are.
What all rows share (geometry, gain) is not in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import digamma

from analysis.constants import G0, field_of_length
from analysis.estimate import Estimate
from analysis.film_series import FilmSeries
from analysis.sample import Sample
from analysis.snapshot import JointSeries, SweepResult
from analysis.transport import Hall, hall

_NEAR_TOP = 0.95  # of the largest field that all sweeps reach: rows above are averaged for sigma in the field
_FEWEST = 4  # rows for a mean with an error
_MISSING = (math.nan, math.nan)


def film_series(
    sweeps: Sequence[SweepResult], joint: JointSeries | None = None, sample: Sample | None = None, *,
    current_A: Sequence[float | None] | None = None, **known: Any,
) -> FilmSeries | None:  # fmt: skip
    """Return the series of the finished sweeps that have a temperature and a fitted L_phi.

    Parameters
    ----------
    sweeps : sequence of SweepResult, length n
    joint : JointSeries, optional
        Its lengths and classes take the place of those of the single fits.
    sample : Sample, optional
    current_A : sequence of float or None, length n, optional
        rms; the rows know it, `SweepResult` does not.
    known
        What else `FilmSeries` takes and sweeps do not hold: band, degeneracy, diffusion_cm2_per_s, ...

    Returns
    -------
    FilmSeries or None
        None where no sweep is left.
    """
    currents = [None] * len(sweeps) if current_A is None else list(current_A)
    used = [
        (s, c) for s, c in zip(sweeps, currents, strict=True)
        if s.final and s.temperature_K and s.fit is not None and "l_phi_nm" in s.fit.values
    ]  # fmt: skip
    if not used:
        return None
    alpha = [_alpha(s) for s, _ in used]
    current = np.array([math.nan if c is None else abs(c) for _, c in used])
    return FilmSeries(
        np.array([s.temperature_K for s, _ in used]), tuple(_length(s, joint) for s, _ in used),
        alpha=tuple(alpha) if any(a.determined for a in alpha) else None,
        current_A=None if np.isnan(current).all() else current, sample=sample or Sample(),
        symmetry_class=_class([s for s, _ in used], joint), **{**_measured([s for s, _ in used], joint), **known},
    )  # fmt: skip


def _measured(sweeps: Sequence[SweepResult], joint: JointSeries | None) -> dict[str, Any]:
    """Return sheet resistance, Hall slope and sigma in the largest common field, with their errors."""
    fields = [_true_field(s) for s in sweeps]
    reach = min((float(np.abs(f).max()) if f.size else 0.0) for f in fields)
    slopes = [_hall(s, field) for s, field in zip(sweeps, fields, strict=True)]
    zero = [_zero_field(s, f, h) for s, f, h in zip(sweeps, fields, slopes, strict=True)]
    high = [_high_field(s, f, h, reach, joint) for s, f, h in zip(sweeps, fields, slopes, strict=True)]
    sheet = [(1 / sigma, error / sigma**2) for sigma, error in zero]
    slope = [(h.coefficient.value, h.coefficient.error) if h else _MISSING for h in slopes]
    given: dict[str, Any] = {
        **_pair("sheet_ohm", "sheet_error_ohm", sheet),
        **_pair("hall_ohm_per_T", "hall_error_ohm_per_T", slope),
        **_pair("high_field_sigma_S", "high_field_error_S", high),
    }
    if "high_field_sigma_S" in given:
        given["high_field_T"] = reach
    return given


def _true_field(sweep: SweepResult) -> np.ndarray:
    """Return the field of each good row with the offset of its leg taken off, shape (n,)."""
    rows = sweep.resistance
    offsets = [sweep.leg_offsets_T.get(int(leg), sweep.field_offset_T) for leg in rows.branch]
    return rows.field_T - np.array(offsets, dtype=float)


def _hall(sweep: SweepResult, field_T: np.ndarray) -> Hall | None:
    """Return the Hall slope; the part of rho_xx that contacts out of line add is even and does not tilt it."""
    rho = sweep.resistance.hall_ohm
    good = np.isfinite(rho)
    if sweep.sheet_ohm is None or np.unique(field_T[good]).size < _FEWEST or np.ptp(rho[good]) == 0:
        return None
    return hall(field_T[good], rho[good], sweep.sheet_ohm)


def _sigma(sweep: SweepResult, field_T: np.ndarray, slope: Hall | None) -> np.ndarray:
    """Return sigma_xx of each row from the tensor, without a Hall slope 1/rho_xx [S], shape (n,)."""
    rho = sweep.resistance.sheet_ohm
    across = 0.0 if slope is None or slope.coefficient.value is None else slope.coefficient.value * field_T
    return rho / (rho**2 + across**2)


def _zero_field(sweep: SweepResult, field_T: np.ndarray, slope: Hall | None) -> tuple[float, float]:
    if sweep.fit is None or sweep.sheet_ohm is None:
        return _MISSING
    low, high = sweep.fit.window_T
    inside = (field_T >= low) & (field_T <= high)
    sigma = _sigma(sweep, field_T, slope)[inside] - G0 * sweep.fit.evaluate(field_T[inside])
    mean, error = _mean(sigma)
    error = max(error, G0 * sweep.fit.offset_error)
    return (mean, error) if error < mean else _MISSING  # a fit that does not determine L_phi cannot tell sigma(0)


def _high_field(
    sweep: SweepResult, field_T: np.ndarray, slope: Hall | None, reach_T: float, joint: JointSeries | None
) -> tuple[float, float]:
    """Return sigma_xx in the field, without what localization still adds there, and its error [S]."""
    if sweep.sheet_ohm is None:
        return _MISSING
    top = (np.abs(field_T) >= _NEAR_TOP * reach_T) & (np.abs(field_T) <= reach_T / _NEAR_TOP)
    mean, error = _mean(_sigma(sweep, field_T, slope)[top])
    left, doubt = _left(sweep, joint, reach_T)
    return mean - G0 * left, math.hypot(error, G0 * doubt)


def _left(sweep: SweepResult, joint: JointSeries | None, field_T: float) -> tuple[float, float]:
    """Return how much the correction at a field still depends on L_phi, and how sure that is [G0].

    psi(1/2 + B_i/B) - psi(1/2 + B_i0/B) summed over the channels of HLN, B_i0 for an endless L_phi: about
    alpha (pi^2/2) B_phi/B. It falls with 1/B only, and taken for a part of the interaction it makes K_ee too large.
    """
    length, fitted = _length(sweep, joint), sweep.fit
    if length.value is None or fitted is None:
        return 0.0, 0.0
    b_phi = field_of_length(1e-9 * length.value)
    relative = 2 * (length.error or 0.0) / length.value
    shared = {e.name: e for e in (*(joint.shared if joint is not None else ()), *fitted.estimates)}
    spin, alpha = shared.get("l_so_nm"), shared.get("alpha")

    def channel(rate_T: float) -> float:
        return float(digamma(0.5 + (b_phi + rate_T) / field_T) - digamma(0.5 + rate_T / field_T))

    if alpha is not None and alpha.value is not None:
        left = alpha.value * channel(0.0)
    elif spin is not None and spin.value is not None and spin.determined:
        left = 1.5 * channel(4 / 3 * field_of_length(1e-9 * spin.value)) - 0.5 * channel(0.0)
    elif spin is not None:
        left = channel(0.0)
    else:  # a model with other channels: what one of them would leave is all that is known
        return 0.0, channel(0.0)
    return left, abs(left) * relative


def _mean(values: np.ndarray) -> tuple[float, float]:
    if values.size < _FEWEST or np.ptp(values) == 0:
        return _MISSING
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(values.size))


def _pair(name: str, error_name: str, pairs: Sequence[tuple[float | None, float | None]]) -> dict[str, np.ndarray]:
    values, errors = (np.array([math.nan if v is None else v for v in side]) for side in zip(*pairs, strict=True))
    return {} if np.isnan(values).all() else {name: values, error_name: errors}


def _length(sweep: SweepResult, joint: JointSeries | None) -> Estimate:
    together = joint.of(sweep.sweep) if joint is not None else None
    if together is not None:
        return together[0]
    if sweep.fit is None:
        raise ValueError(f"film series: sweep {sweep.sweep} has no fit")
    return sweep.fit["l_phi_nm"]


def _alpha(sweep: SweepResult) -> Estimate:
    fitted = sweep.fit
    if fitted is not None and "alpha" in fitted.free:
        return fitted["alpha"]
    return Estimate("alpha", "", None, None, None, None, determined=False)


def _class(sweeps: Sequence[SweepResult], joint: JointSeries | None) -> str:
    """Return the class that all sweeps agree on, "undetermined" where they do not."""
    found = {(s.symmetry if (pair := joint.of(s.sweep) if joint else None) is None else pair[1]).symmetry_class
             for s in sweeps}  # fmt: skip
    return found.pop() if len(found) == 1 else "undetermined"
