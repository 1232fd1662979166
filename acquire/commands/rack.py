"""`cusp rack`."""

from __future__ import annotations

import argparse
from pathlib import Path

from acquire.config import load
from acquire.demo import demo_config
from acquire.trouble import UserError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take speed, log and choice."""
    parser.add_argument("--all", action="store_true", help="one of every kind that there is a twin of")
    parser.add_argument("--speed", type=float, default=1.0, help="times faster than real time (default: 1)")
    parser.add_argument("--wire-log", type=Path, metavar="FILE", help="write every line in and out with its time")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted; one line of JSON says where."""
    if not 0.01 <= args.speed <= 1e5:
        raise UserError(f"--speed {args.speed:g}: must be from 0.01 to 100000")
    config = load(args.config) if args.config.exists() and not args.all else demo_config()
    return 0
