"""`cusp rack`."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from acquire.config import Config, load
from acquire.demo import demo_config
from acquire.station import make_rack
from acquire.trouble import UserError
from acquire.worker import stopping_signals
from drivers.catalogue import DRIVERS
from drivers.clock import Clock
from drivers.instrument import Instrument
from drivers.simulated.catalogue import TWINS
from drivers.simulated.mishap import KINDS, Mishap
from drivers.simulated.rack import Rack
from drivers.simulated.server import Server
from drivers.simulated.twin import Said, Twin

FOLLOW_S, LEFT_OVER = 0.1, 4.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take speed, log and choice."""
    parser.add_argument("--all", action="store_true", help="one of every kind that there is a twin of")
    parser.add_argument("--speed", type=float, default=1.0, help="times faster than real time (default: 1)")
    parser.add_argument(
        "--mishap", action="append", default=[], metavar="TIME:INSTRUMENT:KIND[:AMOUNT]",
        help=f"let something go wrong, seconds after the start: 30:magnet:quench; kinds: {', '.join(KINDS)}",
    )  # fmt: skip
    parser.add_argument("--wire-log", type=Path, metavar="FILE", help="write every line in and out with its time")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; one line of JSON says where."""
    if not (math.isfinite(args.speed) and 0.01 <= args.speed <= 1e4):
        raise UserError(f"--speed {args.speed:g}: must be from 0.01 to 10000")
    config = load(args.config) if args.config.exists() else demo_config()
    clock = Clock(args.speed)
    try:
        racks = [make_rack(config, clock), *(_alone(config, clock) if args.all else [])]
        behind = {name: rack for rack in racks for name in rack.twins}
        for mishap in (Mishap.parse(text, behind) for text in args.mishap):
            behind[mishap.instrument].let_happen(mishap)
    except ValueError as error:
        raise UserError(f"rack: {error}") from error
    twins = {name: rack.twins[name] for name, rack in behind.items()}
    ended = threading.Event()
    with _wire_log(args.wire_log, twins), Server(twins, clock) as server, stopping_signals(ended.set):
        print(json.dumps({"instruments": server.connections()}), flush=True)
        follow(racks, ended)
    return 0


def follow(racks: Sequence[Rack], ended: threading.Event) -> None:
    """Let time pass in the racks also while nobody asks; whoever asks after hours would wait until it has passed."""
    pause_s = FOLLOW_S
    while not ended.wait(pause_s):
        began_s = time.monotonic()
        for rack in racks:
            rack.now()
        # with many racks on a fast clock most of the time is left to those who ask
        pause_s = max(FOLLOW_S, LEFT_OVER * (time.monotonic() - began_s))


def _alone(config: Config, clock: Clock) -> list[Rack]:
    """Return one of every kind that the rig has not, each with its own cryostat: two supplies on a coil would fight."""
    hung = {entry.driver for entry in config.instruments.values()}
    return [
        Rack(clock, replace(config.simulation, mishaps=()), {driver: (driver, twin.ADDRESS)},
             series_resistor_ohm=config.series_resistor_ohm, driving=driver)
        for driver, twin in TWINS.items() if driver not in hung and _speaks_lines(driver)
    ]  # fmt: skip


def _speaks_lines(driver: str) -> bool:
    """Return whether the instrument has a wire; a data server of its maker's is not served here."""
    return driver not in DRIVERS or issubclass(DRIVERS[driver], Instrument)


@contextlib.contextmanager
def _wire_log(path: Path | None, twins: Mapping[str, Twin]) -> Iterator[None]:
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
        for name, twin in twins.items():
            _listen(name, twin, file, lock)
        yield
        for twin in twins.values():
            twin.listener = None


def _listen(name: str, twin: Twin, file: TextIO, lock: threading.Lock) -> None:
    def write(said: Said) -> None:
        with lock:
            file.write(f"{said.time_s:.4f} {name} {said.direction} {said.text!r}\n")
            file.flush()

    twin.listener = write
