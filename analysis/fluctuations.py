"""Conductance fluctuations: structure in B that comes again with every sweep, and is no noise.

It cannot be averaged away, and a fit that takes it for noise of independent points quotes an L_phi many of its
standard errors from the truth. What is the same in two sweeps (or at +B and -B of a symmetrized one) shows in the
cross-covariance of their residuals, in which noise has no part; its size and correlation field (see
`analysis.field_correlation`) then enter the fit as a correlated error, in C = noise + rms^2 K. A model that does not
hold leaves structure that comes again too: a correlation field that is not much smaller than the field range is said
to be that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from analysis import refit
from analysis.constants import E, H
from analysis.correlated import centred_fit, correlated_fit
from analysis.curve import Curve
from analysis.estimate import FitResult
from analysis.field_correlation import FieldCorrelation, Likelihood
from analysis.model import Remark
from analysis.sample import Sample

SIGNIFICANT = 2.5
"""Standard errors of the cross-covariance above which structure is called reproducible. It takes as many features as
its square: m of them, however clear, are sqrt(m) standard errors."""

FEWEST_FEATURES = 6.0
"""Correlation fields in the field range, times 1/2, below which structure may as well be the model's misfit."""

UNITS = frozenset({"conductance_unit", "field_unit"})
"""Remarks on a fit after which no structure is looked for: its size and correlation field would have no unit."""

_FEWEST_POINTS = 16


@dataclass(frozen=True)
class Fluctuations:
    """What comes again in the residuals.

    Numbers are None where no structure was found.

    Attributes
    ----------
    recognised : bool
        There is reproducible structure, and it is no misfit of the model.
    significance : float
        Cross-covariance at equal fields, in its standard errors.
    rms_G0 : float
        Root mean square of the structure, far from B = 0 where the curve is even [G0].
    correlation_field_T : float
        Field B_c by which the correlation of the structure has fallen to one half [T].
    noise_factor : float
        Scatter that does not come again, in error bars of the curve; in residuals of the first fit without any.
    features : float
        Field range over 2 B_c.
    even : bool
        The structure is the same at B and -B.
    sentence : str
    """

    recognised: bool
    significance: float
    rms_G0: float | None
    correlation_field_T: float | None
    noise_factor: float | None
    features: float | None
    even: bool
    sentence: str


@dataclass(frozen=True, eq=False)
class TreatedFit:
    """Fluctuations, and the fit with them as a correlated error.

    Attributes
    ----------
    fluctuations : Fluctuations
    fit : FitResult or None
        None where none were recognised: the fit that takes points for independent stands.
    centre_T : float
        Field of a symmetrized curve at which it is even once structure is told from curve: `fit` holds for the curve
        moved by that much [T]. 0 for repeated sweeps.
    """

    fluctuations: Fluctuations
    fit: FitResult | None
    centre_T: float


def mirror_halves(curve: Curve) -> tuple[Curve, Curve]:
    """Return the points of a symmetrized curve at B > 0 and those at B < 0 with their fields reversed.

    Each is made of readings of its own, so noise is independent in them; what is even in B is the same.
    """
    halves = []
    for sign in (1.0, -1.0):
        here = np.flatnonzero(sign * curve.field_T > 0)
        here = here[np.argsort(sign * curve.field_T[here], kind="stable")]
        error = None if curve.error is None else curve.error[here]
        halves.append(Curve(sign * curve.field_T[here], curve.dsigma[here], error, curve.temperature_K))
    return halves[0], halves[1]


def together(first: Curve, second: Curve) -> Curve:
    """Return the points of two sweeps as one curve, the first one's before the second's.

    Raises
    ------
    ValueError
        One has error bars and the other has none.
    """
    if (first.error is None) != (second.error is None):
        raise ValueError("sweeps: one has error bars and the other has none; give them to both")
    error = None if first.error is None or second.error is None else np.append(first.error, second.error)
    return Curve(
        np.append(first.field_T, second.field_T), np.append(first.dsigma, second.dsigma), error, first.temperature_K
    )  # fmt: skip


def fit_symmetrized(fitted: FitResult, curve: Curve, sample: Sample | None = None) -> TreatedFit:
    """Look for fluctuations in a symmetrized curve, at +B and -B, and fit it with them.

    Parameters
    ----------
    fitted : FitResult
        The fit of this curve that takes its points for independent.
    curve : Curve
    sample : Sample, optional
    """
    part = refit.fitted_part(fitted, curve)
    return _treated(fitted, part, mirror_halves(part), True, sample)


def fit_repeated(fitted: FitResult, first: Curve, second: Curve, sample: Sample | None = None) -> TreatedFit:
    """Look for fluctuations that two sweeps share, and fit both with them.

    Parameters
    ----------
    fitted : FitResult
        A fit of either sweep or of both, taking points for independent.
    first, second : Curve
        Sweeps under the same conditions, not symmetrized: up and down, or today and tomorrow.
    sample : Sample, optional
    """
    limit_T = max(abs(end) for end in fitted.window_T)
    pair = first.within(limit_T), second.within(limit_T)
    return _treated(fitted, together(*pair), pair, False, sample)


def coherence_length_nm(correlation_field_T: float, width_um: float) -> float:
    """Return the order of magnitude of L_phi [nm] from B_c ~ (h/e)/(W L_phi), of a wire of width W < L_phi.

    P. A. Lee, A. D. Stone, H. Fukuyama, Phys. Rev. B 35, 1039 (1987), doi:10.1103/PhysRevB.35.1039. The prefactor is of
    order one and not known better; below W it means nothing.
    """
    return 1e9 * H / E / (1e-6 * width_um * correlation_field_T)


def _treated(
    fitted: FitResult, curve: Curve, pair: tuple[Curve, Curve], even: bool, sample: Sample | None
) -> TreatedFit:
    sample = sample or Sample()
    fewest = min(len(one.field_T) for one in pair)
    if fewest < _FEWEST_POINTS:
        return _nothing(0.0, even, f"only {fewest} points to compare, fluctuations take {_FEWEST_POINTS} to be told")
    wrong = [remark for remark in fitted.remarks if remark.code in UNITS]
    if wrong:
        return _nothing(0.0, even, f"structure that comes again was not looked for: {wrong[0].message}")
    # the sweeps may not have the offset of the earlier fit: it is fitted to them anew
    task = refit.task(fitted, curve)
    minimum = task.problem.minimise(task.starts()[0])
    offset = float(minimum.products[0].mean[-1]) if refit.has_offset(fitted) else 0.0
    result = replace(fitted, values=task.values(0, minimum), offset=offset)
    significance, start = _shared(_residual(result, curve), curve, pair, even)
    if significance <= SIGNIFICANT:
        where = "at B and -B" if even else "in both sweeps"
        seen = f": {significance:.1f} standard errors" if significance > 0 else ""
        return _nothing(significance, even, f"no structure comes again {where}{seen}")
    bare = np.full(len(curve.field_T), task.variance(minimum) ** 0.5)
    # the first fit lies far from the truth, and so its residuals are not yet those of the structure alone
    error, found = _first_look(result, curve, bare if curve.error is None else curve.error, start, even)
    if _features(found, curve, even) < FEWEST_FEATURES / 2:
        # the model misses the curve: it need not be fitted twice more to say so
        said = _fluctuations(found, _range_T(curve, even), significance, even, sample)
        return TreatedFit(said, None, 0.0)
    result, moved_T = _fit_with(found, 1.0, result, curve, error, even, sample)
    curve = replace(curve, field_T=curve.field_T - moved_T)
    likelihood = _likelihood(result, curve, error, even)
    found = likelihood.best_of(found)
    result, again_T = _fit_with(found, likelihood.widening(found), result, curve, error, even, sample)
    said = _fluctuations(found, _range_T(curve, even), significance, even, sample)
    if not said.recognised:
        return TreatedFit(said, None, 0.0)
    remark = Remark("fluctuations", said.sentence)
    # the window is told in fields of the curve that came in: by it others find the points that were fitted
    result = replace(result, window_T=fitted.window_T, remarks=(*result.remarks, remark))
    return TreatedFit(said, result, moved_T + again_T)


def _first_look(
    fitted: FitResult, curve: Curve, error: np.ndarray, start: tuple[float, float], even: bool
) -> tuple[np.ndarray, FieldCorrelation]:
    """Return the error bars that go with the structure, and the structure, by the residuals of the first fit."""
    likelihood = _likelihood(fitted, curve, error, even)
    found = likelihood.best(*start)
    if np.ptp(error) > 0:
        # what comes again may have been taken for noise, growing with the field, when the error bars were made
        equal = np.full(error.size, math.sqrt(float(np.mean(error**2))))
        alike = _likelihood(fitted, curve, equal, even)
        other = alike.best_of(found)
        if alike.minus_twice_ln(other) < likelihood.minus_twice_ln(found):
            return equal, other
    return error, found


def _range_T(curve: Curve, even: bool) -> float:
    return float(np.ptp(np.abs(curve.field_T) if even else curve.field_T))


def _features(found: FieldCorrelation, curve: Curve, even: bool) -> float:
    """Return how many times the structure can change its sign within the curve."""
    return _range_T(curve, even) / (2 * found.correlation_field_T)


def _fit_with(
    found: FieldCorrelation, widening: float, fitted: FitResult, curve: Curve, error: np.ndarray, even: bool,
    sample: Sample,
) -> tuple[FitResult, float]:  # fmt: skip
    """Return the fit with the structure as an error, and the field at which the curve is even [T]."""
    field = np.abs(curve.field_T) if even else curve.field_T
    covariance = widening * found.covariance(field, error, even)
    if not even:  # its zero field was not found from the curve
        return correlated_fit(fitted, curve, covariance, sample), 0.0
    rounding = _rounding(found, fitted, curve)
    covariance += 3 * rounding[:, np.newaxis] * rounding
    return centred_fit(fitted, curve, covariance, float(np.median(np.diff(np.sort(curve.field_T)))), sample)


def _rounding(found: FieldCorrelation, fitted: FitResult, curve: Curve) -> np.ndarray:
    """Return what one standard error of the zero field does to a symmetrized curve, shape (n,) [G0].

    What is odd in the structure moves the field d that was taken for zero when the curve was made, by the regression
    on its slope g: var(d) = g^T K_odd g/(g^T g)^2. Symmetrizing about it gives [f(B + d) + f(B - d)]/2, which goes with
    d^2: its mean square is three times the square of its value at one standard error.
    """
    field = curve.field_T
    hair = 1e-3 * float(np.abs(field).max()) / field.size
    slope = (fitted.evaluate(field + hair) - fitted.evaluate(field - hair)) / (2 * hair)
    nothing = np.zeros(field.size)
    odd = 2 * found.covariance(field, nothing, False) - found.covariance(np.abs(field), nothing, True)
    # |B| in K(B - B') + K(B + B') makes the mirror image of equal sign: twice the one less their sum is the odd part
    steepness = float(slope @ slope)
    spread = math.sqrt(max(float(slope @ odd @ slope), 0.0)) / steepness if steepness > 0 else 0.0
    return (fitted.evaluate(field + spread) + fitted.evaluate(field - spread)) / 2 - fitted.evaluate(field)


def _likelihood(fitted: FitResult, curve: Curve, error: np.ndarray, even: bool) -> Likelihood:
    """Return the likelihood of correlations of what the fit leaves over."""
    model, field = fitted.declared, np.abs(curve.field_T) if even else curve.field_T
    derivative = model.derivative(curve.field_T, *fitted.values.values())
    free = [
        derivative[:, model.names.index(name)] * (fitted.values[name] if model[name].log else 1.0)
        for name in fitted.free
    ]
    constant = [np.ones(field.size)] if refit.has_offset(fitted) else []
    return Likelihood(field, error, _residual(fitted, curve), np.column_stack([*free, *constant]), even)


def _nothing(significance: float, even: bool, sentence: str) -> TreatedFit:
    return TreatedFit(Fluctuations(False, significance, None, None, None, None, even, sentence), None, 0.0)


def _residual(fitted: FitResult, curve: Curve) -> np.ndarray:
    return curve.dsigma - fitted.evaluate(curve.field_T) - fitted.offset


def _shared(
    residual: np.ndarray, curve: Curve, pair: tuple[Curve, Curve], even: bool
) -> tuple[float, tuple[float, float]]:
    """Return the cross-covariance at equal fields in standard errors, and by it the rms [G0] and B_c [T].

    Its variance, were there nothing in common, is that of two independent correlated series (M. S. Bartlett,
    J. R. Stat. Soc. Suppl. 8, 27 (1946), doi:10.2307/2983611): the sum of the products of their autocovariances.
    """
    if even:
        first, second = (half.dsigma for half in mirror_halves(replace(curve, dsigma=residual)))
    else:
        first, second = np.split(residual, [pair[0].field_T.size])
    fields = [one.field_T for one in pair]
    step = float(max(np.median(np.diff(np.unique(field))) for field in fields))
    first, second = first - first.mean(), second - second.mean()
    cross, pairs = _by_lag(fields[0], first, fields[1], second, step)
    own = [_by_lag(field, part, field, part, step)[0] for field, part in zip(fields, (first, second), strict=True)]
    size = min(len(own[0]), len(own[1]))
    products = own[0][:size] * own[1][:size]
    lags = _until_lost(products, min(first.size, second.size))
    variance = (products[0] + 2 * products[1:lags].sum()) / pairs[0]
    below = np.flatnonzero(cross < cross[0] / 2)
    half = step * max(float(below[0]) if below.size else len(cross), 1.0)
    return float(cross[0]) / math.sqrt(variance), (math.sqrt(max(cross[0], 1e-300)), half)


def _by_lag(
    field_1: np.ndarray, one: np.ndarray, field_2: np.ndarray, two: np.ndarray, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean product of readings k steps of field apart, shape (m,), and how many pairs are that far apart."""
    apart = np.rint(np.abs(field_1[:, np.newaxis] - field_2) / step).astype(int).ravel()
    kept = apart <= max(len(one), len(two)) // 3
    products = np.multiply.outer(one, two).ravel()[kept]
    count = np.bincount(apart[kept])
    return np.bincount(apart[kept], products) / np.maximum(count, 1), count


def _until_lost(products: np.ndarray, points: int) -> int:
    """Return the lag at which a product of autocovariances is lost in its own noise."""
    lost = np.flatnonzero(products[1:] < 4 / points * products[0])
    return 1 + (int(lost[0]) if lost.size else len(products) - 1)


def _fluctuations(
    found: FieldCorrelation, range_T: float, significance: float, even: bool, sample: Sample
) -> Fluctuations:
    noise = math.sqrt(found.noise)
    rms, field = noise * found.rms_G0, found.correlation_field_T
    features = range_T / (2 * field)
    where = "at B and -B" if even else "in both sweeps"
    size = f"{rms:.2g} G0 rms, correlation field {1e3 * field:.3g} mT"
    text = f"conductance fluctuations: the same structure {where}, {size}; taken as a correlated error"
    if features < FEWEST_FEATURES:
        text = (
            f"the same residuals {where} ({size}), but only {features:.1f} features in the field range: the model's "
            "misfit as likely as fluctuations; try another model or a narrower window"
        )
    elif sample.width_um is not None:
        length = coherence_length_nm(field, sample.width_um)
        if length > 1e3 * sample.width_um:
            text += f"; B_c ~ (h/e)/(W L_phi) would mean L_phi ~ {length:.2g} nm, up to a factor of order one"
    return Fluctuations(features >= FEWEST_FEATURES, significance, rms, field, noise, features, even, text)
