"""The sweep file: append-only, made before the first command to an instrument, never rewritten.

Layout (text, UTF-8, one record a line)::

    #Cusp: {"format": 1, "version": ..., "started": ..., "station": {...}, ...}     start record
    #Procedure: <procedures.field_sweep.FieldSweep>                                 PyMeasure's header
    #Parameters:
    #	Start: 0.1 T
    #Data:
    sweep,branch,time_s,...
    0,0,0.31,...                                                                    one row a line
    #End: {"status": "finished", "rows": 401, "sha256": "..."}                      end record

PyMeasure's `Results.load` reads it. Our own reader imports nothing, finds a torn tail and keeps
every whole row. A file without an end record names itself unfinished.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import numbers
import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from acquire.trouble import UserError
from analysis.row import COLUMNS, INTEGER_COLUMNS, OPTIONAL_COLUMNS

FORMAT = 1
SYNC_EVERY_S = 0.5
"""Rows reach the disk at least this often; the promise is one second."""
LONGEST_LINE = 1 << 20
LARGEST_WHOLE = 2**53
_SLUG = re.compile(r"[^A-Za-z0-9_-]+")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?|nan|-?inf", re.IGNORECASE | re.ASCII)


class JournalError(UserError):
    """A sweep file that cannot be written or read; the text says which, why and what to do."""


def slug(text: str) -> str:
    """Return `text` as a safe part of a file name: letters, digits, `_` and `-`, 1 to 64 of them."""
    return _SLUG.sub("-", text).strip("-")[:64] or "sweep"


def new_path(folder: Path, name: str) -> Path:
    """Return a path for a new sweep file in `folder`, named by the wall clock and `name`; makes the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{datetime.now():%Y-%m-%d_%H%M%S}_{slug(name)}"
    for attempt in range(1000):
        path = folder / f"{stem}{f'-{attempt}' if attempt else ''}.csv"
        if not path.exists():
            return path
    raise JournalError(f"journal: {folder} already holds 1000 files named {stem}; give another output folder")


class Journal:
    """Append rows to a sweep file that survives a kill at any moment.

    Parameters
    ----------
    path : Path
        A file that must not exist yet; opened exclusively.
    start : mapping
        The start record: parameters, station snapshot, versions, sample. JSON-able.
    procedure : str
        `module.Class` of the procedure, for PyMeasure's header.
    parameters : mapping of str to str
        Display name and value with unit, for PyMeasure's header.
    columns : sequence of str
        Those of every row: `COLUMNS`, and which of the optional ones the rig has.

    Raises
    ------
    JournalError
        The file exists, or cannot be made or written.
    """

    def __init__(
        self, path: Path, start: Mapping[str, Any], procedure: str = "",
        parameters: Mapping[str, str] | None = None, columns: Sequence[str] = COLUMNS,
    ) -> None:  # fmt: skip
        self.path = path
        self.columns = tuple(columns)
        self.rows = 0
        self.closed = False
        self._lock = threading.Lock()
        self._digest = hashlib.sha256()
        self._unsynced = False
        self._sync_fault: OSError | None = None
        header = _header(start, procedure, parameters or {}, self.columns)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            self._file = os.open(path, flags, 0o644)
        except OSError as error:
            raise JournalError(
                f"journal: cannot make {path}: {error.strerror}; choose another output folder"
            ) from error
        try:
            self._write(header)
            os.fsync(self._file)
        except OSError as error:
            os.close(self._file)
            path.unlink(missing_ok=True)
            raise JournalError(f"journal: cannot write {path}: {error}") from error
        self._stopping = threading.Event()
        self._syncer = threading.Thread(target=self._sync_loop, name="journal sync", daemon=True)
        self._syncer.start()

    def append(self, row: Mapping[str, float]) -> None:
        """Write one row; when this returns, the row survives the death of the program.

        Raises
        ------
        JournalError
            A column is missing or unknown, a value is not a number, or the file cannot grow.
        """
        line = _format_row(row, self.columns)
        with self._lock:
            if self.closed:
                raise JournalError(f"journal: {self.path.name} is closed; no row can be added")
            if self._sync_fault is not None:
                raise JournalError(f"journal: {self.path} cannot be synced to disk: {self._sync_fault.strerror}")
            try:
                self._write(line)
            except OSError as error:
                raise JournalError(
                    f"journal: {self.path} refused row {self.rows + 1}: {error.strerror}; "
                    f"{self.rows} rows are on disk; free some space, then start again"
                ) from error
            self.rows += 1
            self._unsynced = True

    def close(self, status: str, message: str = "") -> None:
        """Write the end record, sync, close. A second call does nothing.

        Raises
        ------
        JournalError
            The end record could not be written; the rows before it are on disk.
        """
        self._stopping.set()
        self._syncer.join()
        with self._lock:
            if self.closed:
                return
            self.closed = True
            if self._sync_fault is not None:
                status, message = "failed", f"not synced to disk: {self._sync_fault.strerror}; {message}".strip("; ")
            end = {"status": status, "rows": self.rows, "sha256": self._digest.hexdigest(), "message": message}
            end["ended"] = datetime.now().astimezone().isoformat(timespec="seconds")
            try:
                self._write(f"#End: {_json(end)}\n".encode())
                os.fsync(self._file)
            except OSError as error:
                raise JournalError(
                    f"journal: {self.path} has no end record: {error.strerror}; its {self.rows} rows are on disk"
                ) from error
            finally:
                os.close(self._file)
            if self._sync_fault is not None:
                raise JournalError(f"journal: {self.path} {message}; the disk may not hold its last rows")

    def _write(self, line: bytes) -> None:
        """Write whole or not at all: a row that went in half is taken out again."""
        written = os.write(self._file, line)
        if written != len(line):
            size = os.fstat(self._file).st_size
            os.ftruncate(self._file, size - written)
            raise OSError(errno.ENOSPC, "no space left for a whole row")
        self._digest.update(line)

    def _sync_loop(self) -> None:
        while not self._stopping.wait(SYNC_EVERY_S):
            if not self._unsynced:
                continue
            self._unsynced = False
            try:
                _sync(self._file)
            except OSError as error:
                # told to the measurement by its next row: it must fail there, not here
                self._sync_fault = error
                return


_sync = getattr(os, "fdatasync", os.fsync)


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=True, allow_nan=False, sort_keys=True)


def _header(start: Mapping[str, Any], procedure: str, parameters: Mapping[str, str], columns: Sequence[str]) -> bytes:
    record = {"format": FORMAT, "started": datetime.now().astimezone().isoformat(timespec="seconds"), **start}
    lines = [f"#Cusp: {_json(record)}", f"#Procedure: <{procedure}>", "#Parameters:"]
    lines += [f"#\t{name}: {_one_line(value)}" for name, value in parameters.items()]
    lines += ["#Data:", ",".join(columns)]
    return ("\n".join(lines) + "\n").encode()


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def _format_row(row: Mapping[str, float], columns: Sequence[str]) -> bytes:
    if odd := sorted(row.keys() ^ set(columns)):
        raise JournalError(f"journal: a row must have exactly the columns of its file; missing or unknown: {odd}")
    cells = []
    for name in columns:
        value = row[name]
        # numpy's numbers are Numbers too; text that looks like one is a mistake of the procedure
        if not isinstance(value, numbers.Real) or math.isinf(value):
            raise JournalError(f"journal: {name} = {value!r} is not a number that a row can hold")
        whole = name in INTEGER_COLUMNS
        if whole and not (abs(value) < LARGEST_WHOLE and value == int(value)):
            raise JournalError(f"journal: {name} = {value!r} is not a whole number")
        cells.append(str(int(value)) if whole else repr(float(value)))
    return (",".join(cells) + "\n").encode()


@dataclass(frozen=True, eq=False)
class SweepFile:
    """A sweep file as read.

    Attributes
    ----------
    path : Path
    start, end : dict
        Start and end record; `end` is empty for an unfinished file.
    columns : dict of str to ndarray, shape (n,)
        Every whole row, column by column.
    status : str
        What the end record says, or "unfinished".
    torn : int
        Number of bytes of the tail that are no whole row.
    damage : str
        Empty, or one sentence on what does not agree with the end record.
    """

    path: Path
    start: dict[str, Any]
    end: dict[str, Any]
    columns: dict[str, np.ndarray]
    status: str
    torn: int
    damage: str

    @property
    def rows(self) -> int:
        """Number of whole rows."""
        return len(self.columns[COLUMNS[0]])

    def each_row(self) -> list[dict[str, float]]:
        """Return the rows one by one, as they were emitted."""
        return each_row(self.columns)


def each_row(columns: Mapping[str, np.ndarray]) -> list[dict[str, float]]:
    """Return rows one by one, as they were emitted, from their columns."""
    names = [name for name in (*COLUMNS, *OPTIONAL_COLUMNS) if name in columns]
    lists = [columns[name].tolist() for name in names]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*lists, strict=True)]


def is_sweep_file(path: Path) -> bool:
    """Tell whether `path` begins like one of our own files."""
    try:
        with path.open("rb") as file:
            return file.read(7) == b"#Cusp: "
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error


def read(path: Path) -> SweepFile:
    """Read a sweep file, finished or not; nothing in it is imported or run.

    Raises
    ------
    JournalError
        It cannot be opened, is not a sweep file, or its header is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error
    if not content.startswith(b"#Cusp: "):
        raise JournalError(f"{path}: not a Cusp sweep file; for other tables say which column is what with --column")
    header, begin = _split_header(path, content)
    start = _record(path, header[0], "#Cusp: ")
    if start.get("format") != FORMAT:
        raise JournalError(f"{path}: format {start.get('format')!r} is not known here ({FORMAT} is); update Cusp")
    names = header[-1].split(",")
    if names != [*COLUMNS, *(name for name in OPTIONAL_COLUMNS if name in names)]:
        raise JournalError(
            f"{path}: its columns are {header[-1][:200]!r}, expected {','.join(COLUMNS)}, "
            f"behind them some of {','.join(OPTIONAL_COLUMNS)}, or none"
        )
    return _read_body(path, content, begin, start, names)


def _split_header(path: Path, content: bytes) -> tuple[list[str], int]:
    """Return the header lines up to the line of columns, and where the rows begin."""
    lines, position = [], 0
    while True:
        end = content.find(b"\n", position, position + LONGEST_LINE)
        if end < 0:
            raise JournalError(f"{path}: the header is damaged or cut; the file holds no rows")
        line = content[position:end].decode("utf-8", "replace").rstrip("\r")
        lines.append(line)
        position = end + 1
        if not line.startswith("#"):
            return lines, position


def _record(path: Path, line: str, mark: str) -> dict[str, Any]:
    try:
        record = json.loads(line[len(mark) :])
    except (ValueError, RecursionError) as error:
        raise JournalError(f"{path}: the record {mark.strip('#: ').lower()!r} is damaged") from error
    if not isinstance(record, dict):
        raise JournalError(f"{path}: the record {mark.strip('#: ').lower()!r} is damaged")
    return record


def _read_body(path: Path, content: bytes, begin: int, start: dict[str, Any], names: Sequence[str]) -> SweepFile:
    lines = content[begin:].split(b"\n")
    torn = len(lines.pop())  # after the last newline: nothing, or a torn row
    end: dict[str, Any] = {}
    damage = ""
    rows: list[list[float]] = []
    position = begin
    for number, line in enumerate(lines):
        if line.startswith(b"#End: "):
            more = bool(torn) or number + 1 < len(lines)
            try:
                end = _record(path, line.decode("utf-8", "replace"), "#End: ")
                damage = damage or _disagreement(end, len(rows), content[:position], more)
            except JournalError:
                damage = "its end record cannot be read"
            torn = 0 if not damage else torn
            break
        cells = _parse_row(line, names)
        if cells is None:
            damage = damage or f"row {len(rows) + 1} cannot be read"
        else:
            rows.append(cells)
        position += len(line) + 1
    table = np.array(rows, dtype=float).reshape(len(rows), len(names))
    columns = {name: table[:, i].astype(np.int64) if name in INTEGER_COLUMNS else table[:, i].copy()
               for i, name in enumerate(names)}  # fmt: skip
    status = str(end.get("status", "unfinished"))
    return SweepFile(path, start, end, columns, status, torn, damage)


def _disagreement(end: Mapping[str, Any], rows: int, before: bytes, more: bool) -> str:
    if end.get("rows") != rows:
        return f"the end record counts {end.get('rows')} rows, {rows} can be read"
    if end.get("sha256") != hashlib.sha256(before).hexdigest():
        return "the checksum of the end record does not fit the rows: something changed the file after it was closed"
    return "there is something after the end record" if more else ""


def _parse_row(line: bytes, names: Sequence[str]) -> list[float] | None:
    try:
        cells = line.decode("ascii").rstrip("\r").split(",")
    except UnicodeDecodeError:
        return None
    if len(cells) != len(names) or not all(_NUMBER.fullmatch(cell) for cell in cells):
        return None
    values = [float(cell) for cell in cells]
    whole = all(
        v.is_integer() and abs(v) < LARGEST_WHOLE
        for v, name in zip(values, names, strict=True)
        if name in INTEGER_COLUMNS
    )
    return values if whole and not any(map(math.isinf, values)) else None
