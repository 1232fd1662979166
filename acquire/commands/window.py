"""`cusp` without a command: the window."""

from __future__ import annotations

import argparse
from pathlib import Path

from acquire.config import load
from acquire.session import Session
from acquire.station import Station
from analysis.live import Settings


def run(args: argparse.Namespace) -> int:
    """Open the rig and the window."""
    config = load(args.config)
    session = Session(Station(config), Path(config.data_folder), Settings(sample=config.sample))
    from acquire.window.application import show

    return show(session)
