"""Sweeps that nobody wants: rows of a good one, spoilt in one way or several."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from analysis.row import COLUMNS
from tests.analysis.simulated_sweep import sweep_rows

Rows = dict[str, np.ndarray]
VALUES = ("field_T", "x_xx_V", "x_xy_V", "y_xx_V", "y_xy_V", "current_A", "temperature_K", "time_s")


def _some(rows: Rows, rng: np.random.Generator) -> np.ndarray:
    return rng.random(len(rows["field_T"])) < rng.choice([0.05, 0.5, 1.0])


def _put(value: float) -> Callable[[Rows, np.random.Generator], None]:
    def spoil(rows: Rows, rng: np.random.Generator) -> None:
        rows[rng.choice(VALUES)][_some(rows, rng)] = value

    return spoil


def _scaled(name: str, factor: float) -> Callable[[Rows, np.random.Generator], None]:
    def spoil(rows: Rows, rng: np.random.Generator) -> None:
        rows[name] *= factor

    return spoil


def _flagged(rows: Rows, rng: np.random.Generator) -> None:
    rows["flags"][_some(rows, rng)] = rng.choice([1, 16, 63])


def _doubled(rows: Rows, rng: np.random.Generator) -> None:
    rows["field_T"][:] = np.round(rows["field_T"], int(rng.integers(0, 3)))


def _shuffled(rows: Rows, rng: np.random.Generator) -> None:
    order = rng.permutation(len(rows["field_T"]))
    for name in COLUMNS:
        rows[name] = rows[name][order]


def _one_field(rows: Rows, rng: np.random.Generator) -> None:
    rows["field_T"][:] = rng.choice([0.0, 0.1, -5.0])


def _constant(rows: Rows, rng: np.random.Generator) -> None:
    name = rng.choice(VALUES)
    rows[name][:] = rows[name][0]


def _far_off(rows: Rows, rng: np.random.Generator) -> None:
    rows["field_T"] += rng.choice([-30.0, 0.35, 3.0])


def _current_turned(rows: Rows, rng: np.random.Generator) -> None:
    rows["current_A"] *= np.where(_some(rows, rng), -1.0, 1.0)


def _temperatures(rows: Rows, rng: np.random.Generator) -> None:
    rows["temperature_K"][:] = rng.choice([0.01, 1.5, 300.0, -1.0], size=len(rows["temperature_K"]))


def _branches(rows: Rows, rng: np.random.Generator) -> None:
    rows["branch"][:] = rng.integers(0, 4, size=len(rows["branch"]))


def _one_sign(rows: Rows, rng: np.random.Generator) -> None:
    rows["field_T"][:] = np.abs(rows["field_T"])


SPOILERS: dict[str, Callable[[Rows, np.random.Generator], None]] = {
    "nan": _put(np.nan), "inf": _put(np.inf), "minus inf": _put(-np.inf), "zero": _put(0.0), "huge": _put(1e300),
    "field in gauss": _scaled("field_T", 1e4), "field in mT": _scaled("field_T", 1e3),
    "field in kT": _scaled("field_T", 1e-3), "field of nothing": _scaled("field_T", 1e-12),
    "kilo-ohm": _scaled("x_xx_V", 1e-3), "milli-volt": _scaled("x_xx_V", 1e3), "tiny": _scaled("current_A", 1e-12),
    "femto-volt": _scaled("x_xx_V", 1e-15), "much Hall": _scaled("x_xy_V", 1e4), "negative": _scaled("x_xx_V", -1.0),
    "flags": _flagged, "doubled": _doubled, "shuffled": _shuffled, "one field": _one_field, "constant": _constant,
    "far off": _far_off, "current turned": _current_turned, "temperatures": _temperatures, "branches": _branches,
    "one sign": _one_sign,
}  # fmt: skip
"""What can be wrong with rows, by name."""


@st.composite
def malformed_sweeps(draw: st.DrawFn) -> Rows:
    """Rows of a sweep of 2 to 60 points a leg, or one of 2 to 20 rows, spoilt up to three times."""
    points = draw(st.integers(2, 60))
    rows = sweep_rows(
        draw(st.sampled_from([30.0, 300.0, 3000.0])), fields=np.linspace(-0.4, 0.4, points),
        shape=draw(st.sampled_from(["single", "up and down", "five quadrants"])),
        noise_V=draw(st.sampled_from([0.0, 20e-9, 5e-6])), hall=draw(st.booleans()), seed=draw(st.integers(0, 99)),
    )  # fmt: skip
    rows = {name: np.array(values, dtype=float) for name, values in rows.items()}
    if draw(st.booleans()):
        rows = {name: values[: draw(st.just(min(len(values), points)))] for name, values in rows.items()}
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    for name in draw(st.lists(st.sampled_from(sorted(SPOILERS)), max_size=3)):
        SPOILERS[name](rows, rng)
    return rows
