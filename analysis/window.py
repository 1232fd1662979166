"""How L_phi depends on the field window, and which window to take.

A model that holds gives the same L_phi whatever the largest field fitted; one that breaks down towards high field
(beyond diffusion, a classical magnetoresistance, a thick film) gives an L_phi that drifts. Windows are nested, so
their results share data and cannot be compared as if they were independent: for efficient estimators the small window
S and the large one L have cov(S, L) = var(L), hence var(S - L) = var(S) - var(L) (J. A. Hausman, Econometrica 46,
1251 (1978), doi:10.2307/1913827). For the same reason successive changes are independent of each other. Errors are
those of a parabola, and where L_phi is hardly determined chi^2 is none. A change that is many of them must therefore
also show in chi^2 itself: the narrow window, fitted with the L_phi of the wide one, must fit worse, by the square of
the change in errors of S times 1 - var(L)/var(S), which is what is left to the change under the same reasoning.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from analysis import refit
from analysis.channels import FIELD_NM2
from analysis.confidence import WIDEST
from analysis.curve import Curve
from analysis.estimate import FitResult
from analysis.fit_task import Task, misses
from analysis.least_squares import Point
from analysis.noise import point_noise
from analysis.sample import Sample

SMALLEST_T = 1e-6
"""A window below it holds no field that a magnet sets, and B_phi of no film."""

FEWEST_POINTS = 8
"""Points of a window below which a fit says nothing that could be checked."""

WINDOWS = 8
"""Windows looked at, the whole curve among them."""

DRIFT = 3.3
"""Standard errors of a change beyond which it is a drift. The largest of the changes among 8 nested windows is
beyond it in less than one of 20 sweeps of a model that holds."""

DRIFTING = 1.0
"""The same where wider windows have shown that the model breaks down: a small change is then the beginning of it."""

TOO_HIGH = frozenset({"beyond_diffusion", "field_above_width"})
"""Remarks by which a model says that the field goes beyond its validity."""

_FROM_B_PHI, _WIDEST_RANGE, _NARROWEST_RANGE = 3.0, 50.0, 3.0
_STEPS = 50  # from a neighbour: a model that holds needs ten, one that does not may creep for hundreds
_POINTS = 4  # for each unknown, in the narrowest window
_RESOLUTION = 1e-3  # of L_phi: a smaller change is none, whatever the error bars


@dataclass(frozen=True)
class Window:
    """One window and what a fit within it gives.

    Attributes
    ----------
    limit_T : float
        |B| <= limit_T was fitted [T].
    points : int
    value : float
        Best value of the parameter, in its unit.
    error : float
        Its standard error from the covariance.
    chi2_reduced : float
        chi^2 over the degrees of freedom. A curve without error bars is given those of its scatter.
    valid : bool
        The field stays where the model says it holds.
    described : bool
        chi^2 is what noise can give.
    drift : float
        Largest change from any narrower window, in standard errors of that change; 0 for the narrowest.
    """

    limit_T: float
    points: int
    value: float
    error: float
    chi2_reduced: float
    valid: bool
    described: bool
    drift: float = 0.0

    @property
    def good(self) -> bool:
        """The model is valid, describes the data, and its answer has not drifted yet."""
        return self.valid and self.described and self.drift <= DRIFT


@dataclass(frozen=True)
class WindowScan:
    """The parameter against the window.

    Attributes
    ----------
    name, unit : str
        The parameter.
    windows : tuple of Window
        Narrowest first. Windows too narrow to determine the parameter are left out.
    chosen : int or None
        Place of the widest window that is good with all narrower ones; where wider ones show that the model breaks
        down, of the widest that has not changed by more than `DRIFTING`. None where there is no such window.
    stable : bool
        At least three windows up to the chosen one agree, over a factor of two in field.
    spread : float
        Half of the range of the values in those windows, in the unit of the parameter: what the choice matters.
    sentence : str
    """

    name: str
    unit: str
    windows: tuple[Window, ...]
    chosen: int | None
    stable: bool
    spread: float
    sentence: str


def too_narrow(curve: Curve, window_T: float | None) -> str:
    """Return why |B| <= window_T cannot be fitted and what to give instead, "" where it can."""
    if window_T is None:
        return ""
    field = np.sort(np.abs(curve.field_T))
    points = int(np.searchsorted(field, window_T, side="right"))
    if points >= min(FEWEST_POINTS, field.size):
        return ""
    seen = f"window: |B| <= {window_T:.3g} T keeps {points} of {field.size} points, a fit takes {FEWEST_POINTS}"
    enough_T = 1.01 * field[min(FEWEST_POINTS, field.size) - 1]  # so that no rounding of the number leaves a point out
    return f"{seen}: give at least {enough_T:.3g} T, or measure in finer steps"


def scan_windows(
    fitted: FitResult, curve: Curve, sample: Sample | None = None, *, of: str = "l_phi_nm", windows: int = WINDOWS
) -> WindowScan:
    """Fit the curve in a series of windows and choose one.

    Parameters
    ----------
    fitted : FitResult
        A fit of this curve, in any window: it says what is fitted, and where to start.
    curve : Curve
        The whole curve.
    sample : Sample, optional
        What is known of the film, for the field up to which the model holds.
    of : str
        The parameter that is followed; it must have been fitted, and as a logarithm.
    windows : int
        How many windows.

    Raises
    ------
    ValueError
        The parameter was not fitted as a logarithm, or fewer than two windows are asked for.
    """
    if of not in fitted.free or not fitted.declared[of].log:
        raise ValueError(f"windows: {of} is no fitted length of {fitted.model}; there are {', '.join(fitted.free)}")
    if windows < 2:
        raise ValueError(f"windows: {windows} asked for; it takes 2 or more to see a drift")
    sample, curve, asked = sample or Sample(), _with_errors(curve), fitted.free
    misses_whole = any(remark.code == "misfit" for remark in fitted.remarks)
    if not (fitted[of].determined or misses_whole):  # what the whole curve does not determine, no part of it does
        return _judged(fitted, (), of)
    fitted = _without_loose(fitted, of)
    found: list[_Fitted] = []
    values = dict(fitted.values)
    # from the widest inwards, each from its neighbour's solution
    for limit_T in _limits(fitted, curve, sample, windows)[::-1]:
        part = curve.within(limit_T)
        if len(np.unique(np.abs(part.field_T))) < 3 or np.ptp(part.dsigma) == 0:
            break  # the same fields again and again, or the steps of a digitizer: nothing to fit
        task = refit.task(fitted, part, start=values)
        minimum = task.problem.minimise(task.starts()[0], steps=_STEPS)
        window = _window(task, minimum, limit_T, of, sample)
        if window.error > WIDEST * window.value or not minimum.converged:
            break
        found.append(_Fitted(window, task, minimum))
        values = task.values(0, minimum)
    scan = _judged(fitted, _with_drifts(found[::-1], of), of)
    held = [name for name in asked if name not in fitted.free]
    if not held:
        return scan
    # the errors in the sentence are those with them held, and smaller than that of the fit
    return replace(scan, sentence=f"with {', '.join(held)} held, which the sweep does not determine: {scan.sentence}")


def _without_loose(fitted: FitResult, of: str) -> FitResult:
    """Return the fit with what it does not determine held, where it describes the curve.

    What the whole curve does not determine, a part of it does not either. Left free, such a length runs to its bound
    in one window and not in the next, and their errors are not those of nested estimators any more.
    """
    if any(remark.code == "misfit" for remark in fitted.remarks):
        return fitted
    kept = tuple(name for name in fitted.free if name == of or fitted[name].determined)
    loose = len(fitted.free) - len(kept)
    return replace(fitted, free=kept, parameters_free=fitted.parameters_free - loose)


def _with_errors(curve: Curve) -> Curve:
    """Return the curve with error bars: its own, or those of the scatter of neighbouring points."""
    if curve.error is not None:
        return curve
    order = np.argsort(curve.field_T, kind="stable")
    noise = point_noise(curve.field_T[order], curve.dsigma[order])
    if not noise > 0:
        raise ValueError(f"windows: no noise can be told from {curve.field_T.size} points; give the curve error bars")
    return replace(curve, error=np.full(curve.field_T.size, noise))


def _limits(fitted: FitResult, curve: Curve, sample: Sample, windows: int) -> list[float]:
    """Return the largest fields of the windows, rising [T]."""
    field = np.sort(np.abs(curve.field_T))
    reach = float(field[-1])
    lowest = reach / _WIDEST_RANGE
    # a fit that misses the whole curve says nothing of its B_phi
    if "l_phi_nm" in fitted.values and not any(remark.code == "misfit" for remark in fitted.remarks):
        lowest = max(lowest, _FROM_B_PHI * FIELD_NM2 / fitted.values["l_phi_nm"] ** 2)
    lowest = min(lowest, reach / _NARROWEST_RANGE)
    fewest = min(_POINTS * fitted.parameters_free, field.size)
    lowest = max(lowest, float(field[fewest - 1]))
    if lowest == reach:
        return [reach]
    limits = {float(limit) for limit in np.geomspace(lowest, reach, windows - 1)[:-1]} | {reach}
    # the one more is the field up to which diffusive formulas hold, where that is known
    edge = None if sample.mean_free_path_nm is None else 0.2 * FIELD_NM2 / sample.mean_free_path_nm**2
    if edge is None or not lowest < edge < reach:
        edge = math.sqrt(lowest * sorted(limits)[1])
    # each ends at a point of the curve, and no two at the same one
    places = np.searchsorted(field, sorted(limits | {edge}), side="right") - 1
    return [float(field[place]) for place in np.unique(places)]


def _window(task: Task, minimum: Point, limit_T: float, of: str, sample: Sample) -> Window:
    values, curve = task.values(0, minimum), task.curves[0]
    freedom = task.degrees_of_freedom()
    place = task.places[0][of]
    error = values[of] * math.sqrt(task.covariance(minimum)[place, place])
    remarks = task.model.validity(values, curve, sample)
    valid = not any(remark.code in TOO_HIGH for remark in remarks)
    described = not misses(minimum.chi2, freedom)
    return Window(limit_T, curve.field_T.size, values[of], error, minimum.chi2 / freedom, valid, described)


@dataclass(frozen=True)
class _Fitted:
    """A window with the fit in it."""

    window: Window
    task: Task
    minimum: Point


def _with_drifts(fits: list[_Fitted], of: str) -> tuple[Window, ...]:
    """Return the windows, narrowest first, with the largest change of each from a narrower one."""
    found: list[Window] = []
    for i, wide in enumerate(fits):
        drift = max((_drift(narrow, wide, of) for narrow in fits[:i]), default=0.0)
        found.append(replace(wide.window, drift=drift))
    return tuple(found)


def _drift(narrow: _Fitted, wide: _Fitted, of: str) -> float:
    """Return the change from one window to another, in standard errors; large ones as chi^2 shows them."""
    change = _change(narrow.window, wide.window)
    if change <= DRIFT:
        return change
    place = narrow.task.places[0][of]
    values = wide.task.values(0, wide.minimum)
    start = np.array([_unknown(narrow.task, name, values) for name in narrow.task.places[0]])
    held = narrow.task.problem.minimise(start, held=(place,))
    rise = (held.chi2 - narrow.minimum.chi2) / narrow.task.rises(narrow.minimum)[place]
    variances = [(one.window.error / one.window.value) ** 2 for one in (narrow, wide)]
    # a wide window that knows less than a narrow one is no efficient estimator: all of the change counts
    left = 1.0 if variances[1] >= variances[0] else 1 - variances[1] / variances[0] + _RESOLUTION**2 / variances[0]
    return min(change, math.sqrt(max(rise, 0.0) / left))


def _unknown(task: Task, name: str, values: dict[str, float]) -> float:
    return math.log(values[name]) if task.model[name].log else values[name]


def _change(narrow: Window, wide: Window) -> float:
    """Return the change of ln(value) in standard errors of nested estimators."""
    change = math.log(wide.value / narrow.value)
    variance = (narrow.error / narrow.value) ** 2 - (wide.error / wide.value) ** 2
    return abs(change) / math.sqrt(max(variance, 0.0) + _RESOLUTION**2)


def _judged(fitted: FitResult, windows: tuple[Window, ...], of: str) -> WindowScan:
    unit = fitted.declared[of].unit
    bad = [i for i, window in enumerate(windows) if not window.good]
    if any(not windows[i].described or windows[i].drift > DRIFT for i in bad):
        bad += [i for i, window in enumerate(windows) if window.drift > DRIFTING]
    chosen = min(bad, default=len(windows)) - 1
    if chosen < 0:
        reason = "no window determines it" if not windows else "even the narrowest window is not described"
        return WindowScan(of, unit, windows, None, False, 0.0, f"{of} against the window: {reason} by {fitted.model}")
    agreeing = windows[: chosen + 1]
    values = [window.value for window in agreeing]
    stable = len(agreeing) >= 3 and agreeing[-1].limit_T >= 2 * agreeing[0].limit_T
    spread = (max(values) - min(values)) / 2
    sentence = _sentence(of, unit, windows, chosen, stable)
    return WindowScan(of, unit, windows, chosen, stable, spread, sentence)


def _sentence(of: str, unit: str, windows: tuple[Window, ...], chosen: int, stable: bool) -> str:
    window, narrow = windows[chosen], windows[0]
    value = f"{of} = {window.value:.4g} +- {window.error:.2g} {unit}".rstrip()
    if chosen == 0:
        text = f"{value} in the narrowest window, {_field(window.limit_T)}, only"
    else:
        word = "the same within errors" if stable else "not seen to change"
        text = f"{value}, {word} from {_field(narrow.limit_T)} to {_field(window.limit_T)}"
    if chosen + 1 == len(windows):
        return f"{text}, the whole curve"
    return f"{text}; beyond, {_fault(of, windows[chosen], windows[chosen + 1 :])}"


def _fault(of: str, chosen: Window, wider: tuple[Window, ...]) -> str:
    """Return what is wrong with the windows wider than the chosen one."""
    if not wider[0].valid:
        return "the field is too high for the model"
    worst, widest = max(wider, key=lambda window: window.drift), wider[-1]
    if worst.drift <= DRIFT:
        miss = next(window for window in wider if not window.good)
        return f"the model misses the data (chi^2 {miss.chi2_reduced:.3g} at {_field(miss.limit_T)})"
    percent = 100 * (widest.value / chosen.value - 1)
    drift = f"{of} drifts, by {worst.drift:.1f} standard errors and {percent:+.2g} % at {_field(widest.limit_T)}"
    return f"{drift}, the beginning of which the error does not contain"


def _field(value_T: float) -> str:
    return f"{1e3 * value_T:.3g} mT" if value_T < 1 else f"{value_T:.3g} T"
