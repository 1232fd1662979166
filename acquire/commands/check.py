"""`cusp check`."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from acquire.config import Config, load
from acquire.station import Station
from drivers.instrument import DriverError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(args: argparse.Namespace) -> int:
    """Open every instrument and print what it says; go on when one does not answer, and fail at the end."""
    config = load(args.config)
    console = Console()
    console.print(f"{args.config}: station {config.station}, {'simulated' if config.simulated else 'real instruments'}")
    station = Station(config, open_now=False)
    faults = []
    try:
        for name in config.instruments:
            try:
                console.print(_table(name, station))
            except DriverError as error:
                faults.append(str(error))
        if config.axes and not faults:
            console.print(_vector_table(config))
    finally:
        station.close()
    for fault in faults:
        print(f"cusp: {fault}", file=sys.stderr)
    if not faults:
        console.print("all instruments answer; nothing was changed")
    return 1 if faults else 0


def _vector_table(config: Config) -> Table:
    """Return what several supplies make together: the allowed fields and the direction of a sweep."""
    axes, vector = config.axes, config.vector_magnet
    table = Table(title=f"magnet: {', '.join(axes.values())}", title_justify="left", show_header=False, width=_width())
    for volume in vector.volumes(list(axes)):
        table.add_row("limit", "field_T", str(volume))
    for axis, share in zip(axes, vector.direction(list(axes)), strict=True):
        table.add_row("setting", f"share of the field along {axis}", f"{share:g}")
    return table


def _width() -> int:
    """Return the width of every table: one that is wider than the terminal loses its right side."""
    return min(90, Console().width)


def _table(name: str, station: Station) -> Table:
    instrument = station.open(name)
    table = Table(title=f"{name}: {instrument.identity}", title_justify="left", show_header=False, width=_width())
    for kind, entries in (("limit", instrument.limits()), ("setting", instrument.snapshot())):
        for key, value in entries.items():
            table.add_row(kind, key, f"{value:g}" if isinstance(value, float) else str(value))
    return table
