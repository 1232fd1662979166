"""`cusp models`."""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.table import Table

from analysis.background import BACKGROUNDS
from analysis.model import MODELS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take none."""


def run(args: argparse.Namespace) -> int:
    """Print every model with its parameters."""
    console = Console()
    width = min(100, console.width)
    for model in MODELS.values():
        table = Table(title=f"{model.name}: {model.title}", caption=model.source, title_justify="left", width=width)
        for heading in ("parameter", "unit", "range", "meaning"):
            table.add_column(heading)
        for p in model.parameters:
            known = f" (known; {p.default:g} unless given)" if p.known and p.default is not None else ""
            table.add_row(p.name, p.unit or "1", f"{p.lower:g} to {p.upper:g}", p.meaning + known)
        console.print(table)
    for background in BACKGROUNDS.values():
        console.print(f"+{background.name}: {background.title}, added to any of them: hln+{background.name}")
    return 0
