"""`cusp instruments`."""

from __future__ import annotations

import argparse
import dataclasses
import textwrap

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
    width = min(120, console.width)
    for name, driver in DRIVERS.items():
        twin = "with a simulated twin" if name in TWINS else "without a simulated twin"
        told = f"{name} ({driver.role}, {twin}): {(driver.__doc__ or '').splitlines()[0]}"
        settings = ", ".join(_setting(field) for field in dataclasses.fields(driver.Settings))
        print(_indented(told, width, ""), _indented(f"settings: {settings}", width, "  "), sep="\n")
    print()
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


def _indented(text: str, width: int, first: str) -> str:
    """Return the text in lines of a terminal; no word is broken, so that a name can be found and copied."""
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
