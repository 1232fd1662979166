"""Plain tables: text in columns, of which the user says which column is what."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acquire.journal import JournalError
from acquire.trouble import nearest
from analysis.curve import Curve
from analysis.row import (
    BRANCH,
    COLUMNS,
    CURRENT,
    FIELD,
    FIELD_SET,
    GATE,
    INTEGER_COLUMNS,
    TEMPERATURE,
    TEMPERATURE_SET,
    TIME,
    V_REF,
    X_XX,
    X_XY,
    Y_XX,
    Y_XY,
)

FIELD_NAME = "field_T"
DSIGMA = "dsigma_e2_per_pi_h"
ERROR = "dsigma_error_e2_per_pi_h"
SIGNALS = (DSIGMA, "resistance_ohm", "sheet_resistance_ohm", "sigma_S", "x_V")
QUANTITIES = (FIELD_NAME, *SIGNALS, ERROR, "hall_ohm", "temperature_K", "time_s", V_REF, GATE)
LARGEST_FILE = 256 << 20
FEWEST_ROWS = 8
"""A table of fewer rows and more columns than this may lie on its side."""
_DECIMAL = re.compile(r"[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Columns:
    """Which column of a table is what.

    Attributes
    ----------
    names : mapping of quantity to (column, factor)
        ``{"field_T": ("B", 1e-3)}``; a column is named by its heading or its number from 1.
    excitation_nA : float or None
        Current behind `x_V` [nA].
    reference_ohm : float or None
        Resistor in series with the film, over which the column `v_ref_V` was measured [ohm]: the current row by row.
    temperature_K : float or None
        Temperature of the whole table [K].
    squares : float
        Length over width, to turn a sheet resistance into the resistance of a bar.
    """

    names: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    excitation_nA: float | None = None
    temperature_K: float | None = None
    squares: float = 1.0
    reference_ohm: float | None = None


def parse_column(text: str) -> tuple[str, tuple[str, float]]:
    """Read ``field_T=NAME`` or ``field_T=NAME*FACTOR``; raises ValueError."""
    quantity, equals, rest = text.partition("=")
    if not equals or not rest:
        raise ValueError(f"--column {text!r}: write quantity=column, for example field_T=B or field_T=B*1e-3")
    if quantity not in QUANTITIES:
        hint = nearest(quantity, QUANTITIES)
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


def read_table(path: Path, columns: Columns) -> tuple[dict[str, np.ndarray] | Curve, tuple[str, ...]]:
    """Read a table: a curve where it holds delta sigma, else the rows of one sweep; and what was left out.

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
    headings, values, odd = _read(path)
    data = {q: values[:, _index(path, name, headings, values)] * factor for q, (name, factor) in columns.names.items()}
    if signals[0] != DSIGMA:
        data[signals[0]] = _resistance(path, data, signals[0], columns)
    good = np.isfinite(data[FIELD_NAME]) & np.isfinite(data[signals[0]])
    if not good.any():
        raise JournalError(f"{path}: no row holds a field and a value")
    data = {name: column[good] for name, column in data.items()}
    left_out = odd + int((~good).sum())
    remarks = (f"{path.name}: {left_out} rows left out, they hold no number",) if left_out else ()
    if len(values) < FEWEST_ROWS < values.shape[1]:
        told = f"{path.name}: {len(values)} rows of {values.shape[1]} columns: does it lie on its side? Transpose it"
        remarks += (told,)
    return (_curve if signals[0] == DSIGMA else _rows)(path, data, signals[0], columns), remarks


def _read(path: Path) -> tuple[list[str], np.ndarray, int]:
    """Return the headings, the rows of numbers, and how many lines among the rows are none."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise JournalError(f"{path}: larger than {LARGEST_FILE >> 20} MB; cut it first")
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error
    headings: list[str] = []
    rows: list[list[float]] = []
    odd = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        comment = line.lstrip().startswith(("#", "%"))
        cells = _cells(line)
        numbers = None if comment else _numbers(cells)
        if numbers is None:
            odd += bool(rows) and not comment
            headings = headings if rows else cells
        elif not rows or len(numbers) == len(rows[0]):
            rows.append(numbers)
        else:
            raise JournalError(
                f"{path}: line {number} has {len(numbers)} columns, the first row has {len(rows[0])}; if the file was "
                "cut there, take the original, or a copy without that line"
            )
    if not rows:
        raise JournalError(f"{path}: no rows of numbers in it")
    return headings, np.array(rows), odd


def _cells(line: str) -> list[str]:
    """Split a line at tabs or semicolons, else at commas, else at spaces; beside the first two a comma is a decimal."""
    line = line.strip().lstrip("#%").strip()
    if ";" in line or "\t" in line:
        return [cell.strip().replace(",", ".") if _DECIMAL.fullmatch(cell.strip()) else cell.strip()
                for cell in re.split(r"[;\t]", line)]  # fmt: skip
    return [cell.strip() for cell in line.split(",")] if "," in line else line.split()


def _numbers(cells: Sequence[str]) -> list[float] | None:
    try:
        return [float(cell) if cell else math.nan for cell in cells]
    except ValueError:
        return None


def _index(path: Path, name: str, headings: Sequence[str], values: np.ndarray) -> int:
    width = values.shape[1]
    if name.isdecimal() and 1 <= int(name) <= width:
        return int(name) - 1
    if len(headings) != width:
        raise JournalError(
            f"{path}: its rows have {width} columns, its heading {len(headings)} names, so that {name!r} cannot be "
            f"told; name the columns by number, 1 to {width}"
        )
    if name not in headings:
        raise JournalError(f"{path}: no column {name!r}; its columns: {', '.join(headings)}, or 1 to {width}")
    return headings.index(name)


def _curve(path: Path, data: Mapping[str, np.ndarray], signal: str, columns: Columns) -> Curve:
    try:
        return Curve(data[FIELD_NAME], data[signal], data.get(ERROR), _temperature(path, data, columns))
    except ValueError as error:
        raise JournalError(f"{path}: {error}") from error


def _temperature(path: Path, data: Mapping[str, np.ndarray], columns: Columns) -> float | None:
    if columns.temperature_K is not None:
        return columns.temperature_K
    if "temperature_K" not in data:
        return None
    known = np.isfinite(data["temperature_K"])
    if not known.any():
        raise JournalError(
            f"{path}: the column of temperature_K holds no number; name another one, or give --temperature-K"
        )
    return float(data["temperature_K"][known].mean())


def _rows(path: Path, data: Mapping[str, np.ndarray], signal: str, columns: Columns) -> dict[str, np.ndarray]:
    """Return the rows that a lock-in would have given: V = R I."""
    current_A = _current_A(path, data, columns)
    resistance_ohm = data[signal]
    n = len(resistance_ohm)
    temperature_K = _temperature(path, data, columns)
    nan = np.full(n, math.nan)
    row = {name: np.zeros(n, dtype=np.int64 if name in INTEGER_COLUMNS else float) for name in COLUMNS}
    row[BRANCH] = _branches(data[FIELD_NAME])
    row[TIME] = data.get("time_s", np.arange(n, dtype=float))
    row[FIELD] = row[FIELD_SET] = data[FIELD_NAME]
    row[TEMPERATURE] = row[TEMPERATURE_SET] = np.full(n, math.nan if temperature_K is None else temperature_K)
    row[CURRENT] = np.broadcast_to(current_A, n)
    row[X_XX] = resistance_ohm * current_A
    row[X_XY] = data["hall_ohm"] * current_A if "hall_ohm" in data else nan
    row[Y_XX] = row[Y_XY] = nan
    if GATE in data:
        row[GATE] = data[GATE]
    return row


def _current_A(path: Path, data: Mapping[str, np.ndarray], columns: Columns) -> np.ndarray | float:
    """Return the current behind a voltage [A]: that over the reference resistor, or the one given, or 1."""
    if (V_REF in data) != (columns.reference_ohm is not None):
        raise JournalError(f"{path}: --column {V_REF}=NAME and --reference-ohm belong together; give both or none")
    if columns.reference_ohm is not None:
        return data[V_REF] / columns.reference_ohm
    return 1.0 if columns.excitation_nA is None else columns.excitation_nA * 1e-9


def _resistance(path: Path, data: Mapping[str, np.ndarray], signal: str, columns: Columns) -> np.ndarray:
    """Return the resistance of the bar [ohm]; nan where there is none."""
    values = data[signal]
    if signal == "x_V":
        if columns.excitation_nA is None and columns.reference_ohm is None:
            raise JournalError(
                f"{path}: x_V needs the current behind it: give --excitation-nA, or --column {V_REF}=NAME and "
                "--reference-ohm"
            )
        current = np.broadcast_to(_current_A(path, data, columns), values.shape)
        return np.divide(values, current, out=np.full_like(values, math.nan), where=current != 0)
    if signal == "sigma_S":
        return np.divide(columns.squares, values, out=np.full_like(values, math.nan), where=values != 0)
    return values * (columns.squares if signal == "sheet_resistance_ohm" else 1.0)


def _branches(field_T: np.ndarray) -> np.ndarray:
    """Return the number of the leg of each row; the field moves one way on a leg."""
    moves = np.sign(np.diff(field_T))
    turns = np.zeros(len(field_T), dtype=np.int64)
    direction = 0.0
    for i, move in enumerate(moves, start=1):
        turns[i] = turns[i - 1] + (move != 0 and direction != 0 and move != direction)
        direction = move or direction
    return turns
