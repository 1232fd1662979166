"""Numbers that physics allows: checked once, refused with the name of who asked and what was given."""

from __future__ import annotations

import numpy as np


def finite(who: str, name: str, value: float | np.ndarray) -> np.ndarray:
    """Return the value as an array of floats.

    Raises
    ------
    ValueError
        A number in it is not finite; the text names `who`, `name` and the value.
    """
    array = np.asarray(value, dtype=float)
    if not np.isfinite(array).all():
        raise ValueError(f"{who}: {name} = {value}; it must be finite")
    return array


def positive(who: str, name: str, value: float | np.ndarray) -> np.ndarray:
    """Return the value as an array of floats; like `finite`, and every number must be above 0."""
    array = finite(who, name, value)
    if not (array > 0).all():
        raise ValueError(f"{who}: {name} = {value}; it must be above 0")
    return array
