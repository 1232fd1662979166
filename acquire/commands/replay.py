"""`cusp replay FILE ...`."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from rich.console import Console

from acquire import report
from acquire.files import add_file_arguments, read_files, settings_for
from acquire.session import Session
from acquire.trouble import UserError
from acquire.worker import stopping_signals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take files and speed."""
    add_file_arguments(parser)
    parser.add_argument("--model", default="auto", help="auto, or one of cusp models")
    parser.add_argument(
        "--speed", type=float, default=20.0, help="times faster than measured (default: 20; inf: at once)"
    )
    parser.add_argument("--headless", action="store_true", help="without a window, at once; print the results")
    parser.add_argument(
        "--picture", type=Path, metavar="PNG", help="save a picture of the window at the end, and close it"
    )


def run(args: argparse.Namespace) -> int:
    """Replay in the window, or without one."""
    if not args.speed > 0 or math.isnan(args.speed):
        raise UserError(f"--speed {args.speed:g}: must be above 0")
    runs = read_files(args)
    session = Session(None, Path("data"), settings_for(args, runs))
    if args.headless:
        try:
            with stopping_signals(session.stop):
                session.replay_runs(runs)
                session.wait()
            if session.snapshot is not None:
                Console().print(report.table(session.snapshot))
                for line in report.remark_lines(session.snapshot.sweeps):
                    print(line, file=sys.stderr)
            print(session.status.sentence)
        finally:
            session.close()
        return 0 if "finished" in session.status.sentence else 1
    from acquire.window.application import show

    return show(session, lambda: session.replay_runs(runs, args.speed), picture=args.picture)
