"""What a fit answers: estimates with their errors, or with bounds where the data give no more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.model import Model, Remark


@dataclass(frozen=True)
class Estimate:
    """What the data say of one parameter.

    Attributes
    ----------
    name, unit : str
        As the model declares them.
    value, error : float or None
        Best value and one standard error (the larger side where they differ); None where the data do not
        determine the parameter. A fixed parameter has its value and no error.
    lower, upper : float or None
        Ends of the 68 % interval. Where `determined` is False: 95 % bounds, None on a side that is open.
    determined : bool
        The data (or, if `fixed`, the user) fix this parameter.
    fixed : bool
        It was not fitted.
    """

    name: str
    unit: str
    value: float | None
    error: float | None
    lower: float | None
    upper: float | None
    determined: bool
    fixed: bool = False


@dataclass(frozen=True, eq=False)
class FitResult:
    """One curve, one model, one answer.

    Attributes
    ----------
    model : str
        Name of the model.
    estimates : tuple of Estimate
        One for each parameter, in the model's order; `result["l_phi_nm"]` finds one by name.
    values : dict
        The best point, undetermined parameters included: for drawing, not for quoting.
    covariance : ndarray, shape (k, k)
        Of the free parameters in the order of `free`; of the logarithm of a parameter that is fitted so.
    free : tuple of str
        Names of the fitted parameters.
    offset, offset_error : float
        Constant added to the model [G0], 0 where none was fitted.
    chi2, chi2_reduced : float
        Sum of squared residuals over errors; over the residual degrees of freedom. Without error bars the
        residuals are in G0 and `chi2_reduced` is their variance.
    points, parameters_free : int
        Points fitted; free parameters, the offset included.
    aicc : float
        Akaike's criterion with the correction for few points.
    window_T : tuple of float
        Lowest and highest field fitted [T].
    remarks : tuple of Remark
        What the user should know.
    declared : Model
        The model itself.
    derived : tuple of Estimate
        What follows from the parameters (`Model.derived`), with its errors.
    """

    model: str
    estimates: tuple[Estimate, ...]
    values: dict[str, float]
    covariance: np.ndarray
    free: tuple[str, ...]
    offset: float
    offset_error: float
    chi2: float
    chi2_reduced: float
    points: int
    parameters_free: int
    aicc: float
    window_T: tuple[float, float]
    remarks: tuple[Remark, ...]
    declared: Model
    derived: tuple[Estimate, ...] = ()

    def __getitem__(self, name: str) -> Estimate:
        for estimate in (*self.estimates, *self.derived):
            if estimate.name == name:
                return estimate
        raise KeyError(f"model {self.model} has no parameter {name!r}")

    def standard_error(self, name: str) -> float:
        """Return the first-order standard error of a fitted parameter, in its unit.

        It comes from the covariance alone and exists for undetermined parameters too, where it means nothing:
        compare it with other programs, quote `result[name].error`.
        """
        if name not in self.free:
            raise KeyError(f"{name!r} was not fitted; {', '.join(self.free)} were")
        place = self.free.index(name)
        spread = float(self.covariance[place, place]) ** 0.5
        return spread * self.values[name] if self.declared[name].log else spread

    def evaluate(self, field_T: np.ndarray) -> np.ndarray:
        """Return the fitted delta sigma without the offset, shape (n,) [G0]."""
        return self.declared.value(field_T, *self.values.values())


@dataclass(frozen=True, eq=False)
class JointFit:
    """Several curves fitted together, some parameters shared.

    Attributes
    ----------
    model : str
        Name of the model.
    results : tuple of FitResult
        One for each curve, in the order given; shared parameters appear in each.
    shared : tuple of Estimate
        The shared parameters, fixed ones included.
    covariance : ndarray, shape (k, k); free : tuple of str
        Of all fitted parameters: shared ones by name, the others as `name[curve]`.
    chi2, chi2_reduced, points, parameters_free, aicc, remarks
        As in `FitResult`, of the whole.
    """

    model: str
    results: tuple[FitResult, ...]
    shared: tuple[Estimate, ...]
    covariance: np.ndarray
    free: tuple[str, ...]
    chi2: float
    chi2_reduced: float
    points: int
    parameters_free: int
    aicc: float
    remarks: tuple[Remark, ...]

    def __getitem__(self, name: str) -> Estimate:
        """Return a shared parameter."""
        for estimate in self.shared:
            if estimate.name == name:
                return estimate
        raise KeyError(f"joint fit of {self.model} shares no parameter {name!r}")
