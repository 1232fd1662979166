"""A measured run as it comes out of a file: rows, or a curve that somebody has reduced already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acquire.importers.tables import Columns, read_table
from acquire.journal import JournalError, each_row, is_sweep_file, read
from analysis.curve import Curve
from analysis.row import SWEEP
from analysis.sample import Sample


@dataclass(frozen=True, eq=False)
class Run:
    """What a file holds: either rows, or one reduced curve.

    Attributes
    ----------
    path : Path
    columns : dict of str to ndarray, shape (n,)
        Rows, column by column; empty for a reduced curve.
    curve : Curve or None
    sample : Sample or None
        What the file says of the sample; None where it says nothing.
    remarks : tuple of str
        What a reader should know: unfinished, torn.
    current_known : bool
        The current of the rows is the one that flowed; False for resistances of a table, where it is but a factor.
    """

    path: Path
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    curve: Curve | None = None
    sample: Sample | None = None
    remarks: tuple[str, ...] = ()
    current_known: bool = True

    def sweeps(self) -> list[int]:
        """Return the numbers of the field sweeps in the file, in order; a reduced curve is number 0."""
        return sorted(set(self.columns[SWEEP].tolist())) if self.columns else [0]

    def rows(self) -> list[dict[str, float]]:
        """Return the rows one by one, as they were emitted."""
        return each_row(self.columns)


def load(path: Path, columns: Columns | None = None) -> Run:
    """Read a sweep file of ours, or a plain table of which `columns` says what is what.

    Raises
    ------
    JournalError
        The file cannot be read, is damaged or holds no row.
    """
    if path.is_dir():
        raise JournalError(f"{path}: is a folder; name the files in it")
    if not path.is_file():
        raise JournalError(f"{path}: there is no such file")
    return _own(path) if is_sweep_file(path) else _table(path, columns)


def load_all(paths: Sequence[Path], columns: Columns | None = None) -> list[Run]:
    """Read several files; raises as `load`."""
    return [load(path, columns) for path in paths]


def _own(path: Path) -> Run:
    file = read(path)
    if file.damage:
        raise JournalError(
            f"{path}: damaged: {file.damage}; {file.rows} rows can be read, none is used: take a copy of the original"
        )
    if file.rows == 0:
        raise JournalError(f"{path}: holds no rows ({file.status})")
    remarks = []
    if not file.end:
        torn = f", {file.torn} bytes of a torn row left out" if file.torn else ""
        remarks.append(f"{path.name}: unfinished, {file.rows} whole rows{torn}")
    vector = file.start.get("vector_magnet")
    if told := tilt(vector.get("polar_deg") if isinstance(vector, dict) else None):
        remarks.append(f"{path.name}: {told}")
    return Run(path, file.columns, sample=_sample(path, file.start.get("sample")), remarks=tuple(remarks))


def tilt(polar_deg: float | None) -> str:
    """Return what is to be said where a vector magnet was swept in another direction than across the film."""
    if polar_deg in (None, 0, 180):
        return ""
    return (
        f"the field was swept {polar_deg} degrees from z and field_T is the whole of it; models of a "
        "perpendicular field take it for that"
    )


def _sample(path: Path, record: object) -> Sample | None:
    """Return the sample of a start record, None where it has none; what is damaged is not guessed."""
    if record is None:
        return None
    try:
        return Sample(**record)  # type: ignore[arg-type]  # checked by the class itself
    except (TypeError, ValueError) as error:
        raise JournalError(f"{path}: what it says of its sample is damaged: {error}") from error


def _table(path: Path, columns: Columns | None) -> Run:
    if columns is None or not columns.names:
        raise JournalError(
            f"{path}: not a Cusp sweep file; for another table say what is what, for example "
            "--column field_T=B --column resistance_ohm=Rxx"
        )
    table, remarks = read_table(path, columns)
    if isinstance(table, Curve):
        return Run(path, curve=table, remarks=remarks)
    known = columns.excitation_nA is not None or columns.reference_ohm is not None
    return Run(path, table, remarks=remarks, current_known=known)
