"""The procedures that there are: every one that a module of this package declares."""

from __future__ import annotations

import importlib
import pkgutil

import procedures
from procedures.measurement import Measurement


def _find() -> dict[str, type[Measurement]]:
    found: dict[str, type[Measurement]] = {}
    for module in pkgutil.iter_modules(procedures.__path__):
        for thing in vars(importlib.import_module(f"procedures.{module.name}")).values():
            if isinstance(thing, type) and issubclass(thing, Measurement) and "title" in vars(thing):
                found[thing.title] = thing
    return dict(sorted(found.items()))


PROCEDURES: dict[str, type[Measurement]] = _find()
"""Title of each procedure -> its class. A new procedure is one new file in this folder."""
