"""`cusp rack`."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from acquire.config import Config, load
from acquire.demo import demo_config
from acquire.station import make_rack
from acquire.trouble import UserError
from acquire.worker import stopping_signals
from drivers.clock import Clock
from drivers.simulated.catalogue import TWINS
from drivers.simulated.rack import Rack
from drivers.simulated.server import Server
from drivers.simulated.twin import Said, Twin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take speed, log and choice."""
    parser.add_argument("--all", action="store_true", help="one of every kind that there is a twin of")
    parser.add_argument("--speed", type=float, default=1.0, help="times faster than real time (default: 1)")
    parser.add_argument("--wire-log", type=Path, metavar="FILE", help="write every line in and out with its time")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; one line of JSON says where."""
    if not (math.isfinite(args.speed) and 0.01 <= args.speed <= 1e4):
        raise UserError(f"--speed {args.speed:g}: must be from 0.01 to 10000")
    config = load(args.config) if args.config.exists() else demo_config()
    rack = make_rack(config, Clock(args.speed), _others(config) if args.all else None)
    ended = threading.Event()
    with _wire_log(args.wire_log, rack), Server(rack.twins, rack.clock) as server, stopping_signals(ended.set):
        print(json.dumps({"instruments": server.connections()}), flush=True)
        ended.wait()
    return 0


def _others(config: Config) -> dict[str, tuple[str, str]]:
    """Return one of every kind that the rig itself has not; the rig stays wired to the film."""
    hung = {entry.driver for entry in config.instruments.values()}
    others = [driver for driver in TWINS if driver not in hung]
    return {driver: (driver, f"GPIB9::{number}::INSTR") for number, driver in enumerate(others, start=1)}


@contextlib.contextmanager
def _wire_log(path: Path | None, rack: Rack) -> Iterator[None]:
    """Write what is said on every wire into a file while inside."""
    if path is None:
        yield
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise UserError(f"--wire-log {path}: cannot be written: {error.strerror}") from error
    lock = threading.Lock()
    with file:
        for name, twin in rack.twins.items():
            _listen(name, twin, file, lock)
        yield
        for twin in rack.twins.values():
            twin.listener = None


def _listen(name: str, twin: Twin, file: TextIO, lock: threading.Lock) -> None:
    def write(said: Said) -> None:
        with lock:
            file.write(f"{said.time_s:.4f} {name} {said.direction} {said.text!r}\n")
            file.flush()

    twin.listener = write
