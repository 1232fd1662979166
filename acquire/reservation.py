"""One program at a time on an instrument: each address is reserved on this computer while a station is open.

The reservation is a lock of the operating system on a small file, so that it ends with its process, however that ends.
Beside it lies a note of who holds it. Two programs on one instrument would read each other's replies.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock, Timeout
from pyvisa import rname

from acquire.trouble import UserError

LONGEST_NOTE = 1000
EVERYBODYS = 0o666
"""The next user of this computer must be able to open the file as well."""


class InUseError(UserError):
    """Another program has reserved an instrument; the text names it."""


class Reservation:
    """The instruments that this process has for itself, until `release`.

    Parameters
    ----------
    addresses : mapping of str to str
        Name of each instrument -> its VISA address.
    folder : Path, optional
        Where the locks lie; by default a folder that all users of this computer share.

    Raises
    ------
    InUseError
        Another process has one of them; none is reserved then.
    """

    def __init__(self, addresses: Mapping[str, str], folder: Path | None = None) -> None:
        self._folder = folder or shared_folder()
        self._locks: list[FileLock] = []
        try:
            for slug, (name, address) in {
                _slug(address): (name, address) for name, address in addresses.items()
            }.items():
                self._reserve(slug, name, address)
        except BaseException:
            self.release()
            raise

    def _reserve(self, slug: str, name: str, address: str) -> None:
        path = self._folder / f"{slug}.lock"
        note = path.with_suffix(".json")
        lock = FileLock(path, timeout=0, mode=EVERYBODYS, thread_local=False, fallback_to_soft=False)
        try:
            _make(self._folder)
            lock.acquire()
        except Timeout:
            raise InUseError(
                f"{name}: {address} is in use by {_holder(note)}; end that program, or measure on another instrument"
            ) from None
        except (OSError, NotImplementedError) as error:
            raise UserError(f"{name}: {address} cannot be reserved in {self._folder}: {error}") from error
        self._locks.append(lock)
        record = {"pid": os.getpid(), "host": socket.gethostname(), "program": _program(), "since": time.time()}
        # who holds it is told if it can be; the lock itself is what counts
        with contextlib.suppress(OSError):
            note.unlink(missing_ok=True)  # that of another user could not be written over, and would be taken for ours
            note.write_text(json.dumps(record), encoding="utf-8")

    def release(self) -> None:
        """Let others have the instruments."""
        while self._locks:
            self._locks.pop().release()


def shared_folder() -> Path:
    """Return the folder of the locks: one for all users of this computer."""
    return Path(os.environ.get("PUBLIC") or tempfile.gettempdir()) / "cusp-instruments"


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)  # not sticky: Linux would keep other users from opening a lock that is not theirs


def _slug(address: str) -> str:
    """Return a file name for an address; two ways to write one address give the same."""
    canonical = address.upper()
    with contextlib.suppress(Exception):  # what is no VISA address is taken as it stands
        canonical = str(rname.ResourceName.from_string(canonical))
    return f"{re.sub('[^A-Z0-9]+', '-', canonical)[:40]}-{hashlib.sha256(canonical.encode()).hexdigest()[:8]}"


def _program() -> str:
    return " ".join(["cusp", *sys.argv[1:]])[:200]


def _holder(note: Path) -> str:
    """Return who holds a lock, in words; what the note says is not trusted."""
    try:
        with note.open(encoding="utf-8") as file:
            record = json.loads(file.read(LONGEST_NOTE))
        since = time.strftime("%H:%M", time.localtime(float(record["since"])))
        program = "".join(c for c in str(record["program"]) if c.isprintable())
        return f"process {int(record['pid'])} on {str(record['host'])[:80]!r} since {since} ({program})"
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return "another program, which has left no note of itself"
