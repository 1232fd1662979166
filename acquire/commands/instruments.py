"""`cusp instruments`."""

from __future__ import annotations

import argparse
import dataclasses

from rich.console import Console
from rich.table import Table

from drivers.catalogue import DRIVERS
from drivers.simulated.catalogue import TWINS
from procedures.catalogue import PROCEDURES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(args: argparse.Namespace) -> int:
    """Print every driver with its settings, and every procedure with its parameters."""
    console = Console()
    table = Table(title="Instruments", title_justify="left")
    for heading in ("driver", "role", "what", "settings in config.yaml", "simulated"):
        table.add_column(heading)
    for name, driver in DRIVERS.items():
        settings = ", ".join(_setting(field) for field in dataclasses.fields(driver.Settings))
        table.add_row(name, driver.role, (driver.__doc__ or "").split("\n")[0], settings, _yes(name in TWINS))
    console.print(table)
    for title, procedure in PROCEDURES.items():
        table = Table(title=f"{title}: {(procedure.__doc__ or '').splitlines()[0]}", title_justify="left")
        for heading in ("--set", "default", "unit", "meaning"):
            table.add_column(heading)
        for name, parameter in procedure().parameter_objects().items():
            unit = getattr(parameter, "units", None) or ""
            table.add_row(name, str(parameter.default), unit, parameter.description or parameter.name)
        console.print(table)
    return 0


def _setting(field: dataclasses.Field) -> str:
    return field.name if field.default is dataclasses.MISSING else f"{field.name}={field.default}"


def _yes(true: bool) -> str:
    return "yes" if true else "no"
