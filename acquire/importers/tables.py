"""Plain tables: text in columns, of which the user says which column is what."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acquire.journal import JournalError
from analysis.curve import Curve
from analysis.row import (
    BRANCH,
    COLUMNS,
    CURRENT,
    FIELD,
    FIELD_SET,
    INTEGER_COLUMNS,
    TEMPERATURE,
    TEMPERATURE_SET,
    TIME,
    X_XX,
    X_XY,
    Y_XX,
    Y_XY,
)

FIELD_NAME = "field_T"
DSIGMA = "dsigma_e2_per_pi_h"
ERROR = "dsigma_error_e2_per_pi_h"
SIGNALS = (DSIGMA, "resistance_ohm", "sheet_resistance_ohm", "sigma_S", "x_V")
QUANTITIES = (FIELD_NAME, *SIGNALS, ERROR, "hall_ohm", "temperature_K", "time_s")
LARGEST_FILE = 256 << 20
_SEPARATOR = re.compile(r"\s*[,;\t]\s*|\s+")


@dataclass(frozen=True)
class Columns:
    """Which column of a table is what.

    Attributes
    ----------
    names : mapping of quantity to (column, factor)
        ``{"field_T": ("B", 1e-3)}``; a column is named by its heading or its number from 1.
    excitation_nA : float or None
        Current behind `x_V` [nA].
    temperature_K : float or None
        Temperature of the whole table [K].
    squares : float
        Length over width, to turn a sheet resistance into the resistance of a bar.
    """

    names: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    excitation_nA: float | None = None
    temperature_K: float | None = None
    squares: float = 1.0


def parse_column(text: str) -> tuple[str, tuple[str, float]]:
    """Read ``field_T=NAME`` or ``field_T=NAME*FACTOR``; raises ValueError."""
    quantity, equals, rest = text.partition("=")
    if not equals or not rest:
        raise ValueError(f"--column {text!r}: write quantity=column, for example field_T=B or field_T=B*1e-3")
    if quantity not in QUANTITIES:
        close = difflib.get_close_matches(quantity, QUANTITIES, n=1)
        hint = f", did you mean {close[0]}?" if close else ""
        raise ValueError(f"--column {text!r}: {quantity!r} is not known{hint}; there are: {', '.join(QUANTITIES)}")
    name, star, factor = rest.rpartition("*")
    if not star:
        return quantity, (rest, 1.0)
    try:
        value = float(factor)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value == 0:
        raise ValueError(f"--column {text!r}: the factor {factor!r} is not a number")
    return quantity, (name, value)


def read_table(path: Path, columns: Columns) -> dict[str, np.ndarray] | Curve:
    """Read a table: a curve where it holds delta sigma, else the rows of one sweep.

    Raises
    ------
    JournalError
        The file, a column or a number is missing; the text says which.
    """
    signals = [name for name in SIGNALS if name in columns.names]
    if FIELD_NAME not in columns.names or len(signals) != 1:
        raise JournalError(
            f"{path}: a table needs --column {FIELD_NAME}=NAME and one of {', '.join(SIGNALS)}; "
            f"given: {', '.join(columns.names) or 'none'}"
        )
    headings, values = _read(path)
    data = {q: values[:, _index(path, name, headings, values)] * factor for q, (name, factor) in columns.names.items()}
    good = np.isfinite(data[FIELD_NAME]) & np.isfinite(data[signals[0]])
    if not good.any():
        raise JournalError(f"{path}: no row holds a field and a value")
    data = {name: column[good] for name, column in data.items()}
    return _curve(path, data, columns) if signals[0] == DSIGMA else _rows(path, data, signals[0], columns)


def _read(path: Path) -> tuple[list[str], np.ndarray]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise JournalError(f"{path}: larger than {LARGEST_FILE >> 20} MB; cut it first")
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error
    headings: list[str] = []
    rows: list[list[float]] = []
    for line in text.splitlines():
        cells = [cell for cell in _SEPARATOR.split(line.strip().lstrip("#%").strip())]
        numbers = None if line.lstrip().startswith(("#", "%")) else _numbers(cells)
        if numbers is None:
            headings = headings if rows else _better_headings(line, cells, headings)
        elif numbers and (not rows or len(numbers) == len(rows[0])):
            rows.append(numbers)
        elif numbers:
            raise JournalError(f"{path}: row {len(rows) + 1} has {len(numbers)} columns, the first has {len(rows[0])}")
    if not rows:
        raise JournalError(f"{path}: no rows of numbers in it")
    return headings, np.array(rows)


def _better_headings(line: str, cells: list[str], headings: list[str]) -> list[str]:
    """Keep the last line of words before the numbers: that one names the columns."""
    if not line.strip().lstrip("#%").strip():
        return headings
    by_comma = [cell.strip() for cell in re.split(r"[,;\t]", line.strip().lstrip("#%"))]
    return by_comma if len(by_comma) > 1 else cells


def _numbers(cells: Sequence[str]) -> list[float] | None:
    if cells == [""]:
        return []
    try:
        return [float(cell) if cell else math.nan for cell in cells]
    except ValueError:
        return None


def _index(path: Path, name: str, headings: Sequence[str], values: np.ndarray) -> int:
    if name in headings[: values.shape[1]]:
        return headings.index(name)
    if name.isdecimal() and 1 <= int(name) <= values.shape[1]:
        return int(name) - 1
    known = ", ".join(headings[: values.shape[1]]) or "none are named"
    raise JournalError(f"{path}: no column {name!r}; its columns: {known}, or 1 to {values.shape[1]}")


def _curve(path: Path, data: Mapping[str, np.ndarray], columns: Columns) -> Curve:
    try:
        return Curve(data[FIELD_NAME], data[DSIGMA], data.get(ERROR), _temperature(data, columns))
    except ValueError as error:
        raise JournalError(f"{path}: {error}") from error


def _temperature(data: Mapping[str, np.ndarray], columns: Columns) -> float | None:
    if columns.temperature_K is not None:
        return columns.temperature_K
    return float(np.nanmean(data["temperature_K"])) if "temperature_K" in data else None


def _rows(path: Path, data: Mapping[str, np.ndarray], signal: str, columns: Columns) -> dict[str, np.ndarray]:
    """Return the rows that a lock-in would have given: V = R I."""
    current_A = 1.0 if columns.excitation_nA is None else columns.excitation_nA * 1e-9
    if signal == "x_V" and columns.excitation_nA is None:
        raise JournalError(f"{path}: x_V needs the current behind it: give --excitation-nA")
    resistance_ohm = _resistance(data[signal], signal, current_A, columns.squares)
    n = len(resistance_ohm)
    temperature_K = _temperature(data, columns)
    nan = np.full(n, math.nan)
    row = {name: np.zeros(n, dtype=np.int64 if name in INTEGER_COLUMNS else float) for name in COLUMNS}
    row[BRANCH] = _branches(data[FIELD_NAME])
    row[TIME] = data.get("time_s", np.arange(n, dtype=float))
    row[FIELD] = row[FIELD_SET] = data[FIELD_NAME]
    row[TEMPERATURE] = row[TEMPERATURE_SET] = np.full(n, math.nan if temperature_K is None else temperature_K)
    row[CURRENT] = np.full(n, current_A)
    row[X_XX] = resistance_ohm * current_A
    row[X_XY] = data["hall_ohm"] * current_A if "hall_ohm" in data else nan
    row[Y_XX] = row[Y_XY] = nan
    return row


def _resistance(values: np.ndarray, signal: str, current_A: float, squares: float) -> np.ndarray:
    if signal == "sigma_S":
        return squares / values
    return {"resistance_ohm": values, "sheet_resistance_ohm": values * squares, "x_V": values / current_A}[signal]


def _branches(field_T: np.ndarray) -> np.ndarray:
    """Return the number of the leg of each row; the field moves one way on a leg."""
    moves = np.sign(np.diff(field_T))
    turns = np.zeros(len(field_T), dtype=np.int64)
    direction = 0.0
    for i, move in enumerate(moves, start=1):
        turns[i] = turns[i - 1] + (move != 0 and direction != 0 and move != direction)
        direction = move or direction
    return turns
