"""`cusp demo`."""

from __future__ import annotations

import argparse
from pathlib import Path

from acquire.demo import Demo
from acquire.trouble import UserError
from acquire.worker import stopping_signals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take where to and whether with a window."""
    parser.add_argument("--headless", action="store_true", help="show no window, even where there is a display")
    parser.add_argument("--stay", action="store_true", help="leave the window open at the end")
    parser.add_argument("--output", type=Path, default=Path("data/demo"), metavar="DIR", help="default: data/demo")


def run(args: argparse.Namespace) -> int:
    """Run the demo with the real window, shown or not, and say what it left where."""
    from acquire.window.application import show

    try:
        args.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--output {args.output}: cannot be made: {error.strerror}") from error
    print("Cusp demo: a film is measured in a simulated cryostat, six temperatures, about a minute.", flush=True)
    demo = Demo(args.output)
    with stopping_signals(demo.session.stop):
        show(
            demo.session, demo.start, picture=args.output / "window.png",
            hidden=args.headless, stay=args.stay and not args.headless,
        )  # fmt: skip
    if demo.failure:
        raise UserError(demo.failure)
    print("\n".join(demo.report()))
    print(f"In {args.output}: " + ", ".join(sorted(path.name for path in args.output.iterdir())))
    return 0
