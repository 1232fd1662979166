"""A magnetoconductance curve, as a fit takes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analysis.carried_noise import CarriedNoise


@dataclass(frozen=True, eq=False)
class Curve:
    """Delta sigma against field, in the units the fits run in.

    Attributes
    ----------
    field_T : ndarray, shape (n,)
        Perpendicular field, offset removed [T].
    dsigma : ndarray, shape (n,)
        sigma(B) - sigma(0) per square [G0 = e^2/(pi h)], positive for weak localization.
    error : ndarray, shape (n,), or None
        One standard deviation of `dsigma` [G0]; None where nothing is known of it.
    temperature_K : float or None
        Mean temperature of the sweep [K].
    noise : CarriedNoise or None
        How the noise of the points is correlated, where that is known: the errors of what is fitted follow from it. The
        points are weighed by `error` all the same.
    """

    field_T: np.ndarray
    dsigma: np.ndarray
    error: np.ndarray | None = None
    temperature_K: float | None = None
    noise: CarriedNoise | None = None

    def __post_init__(self) -> None:
        """Check shapes and values; freeze the arrays.

        Raises
        ------
        ValueError
            Lengths differ, a value is not finite, or an error is not positive.
        """
        for name in ("field_T", "dsigma", "error"):
            values = getattr(self, name)
            if values is None and name == "error":
                continue
            array = np.array(values, dtype=float)
            if array.ndim != 1 or array.shape != np.shape(self.field_T):
                raise ValueError(f"curve: {name} has shape {array.shape}, field_T has {np.shape(self.field_T)}")
            bad = ~np.isfinite(array) if name != "error" else ~(np.isfinite(array) & (array > 0))
            if bad.any():
                raise ValueError(f"curve: {name} has {bad.sum()} values that are not usable, first at {bad.argmax()}")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def within(self, window_T: float) -> Curve:
        """Return the part of the curve with |B| <= window_T."""
        return self._among(np.abs(self.field_T) <= window_T)

    def first(self, points: int) -> Curve:
        """Return the curve as it was when `points` of its points had been measured."""
        return self._among(np.arange(self.field_T.size) < points)

    def _among(self, kept: np.ndarray) -> Curve:
        error = None if self.error is None else self.error[kept]
        noise = None if self.noise is None else self.noise.among(kept)
        return replace(self, field_T=self.field_T[kept], dsigma=self.dsigma[kept], error=error, noise=noise)
