"""The drivers that there are: every one that a module of this package declares."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import drivers
from drivers.limited import Limited


def _find() -> dict[str, type[Any]]:
    found: dict[str, type[Any]] = {}
    for module in pkgutil.iter_modules(drivers.__path__):
        if module.ispkg or module.name == __name__.rpartition(".")[2]:
            continue
        for thing in vars(importlib.import_module(f"{drivers.__name__}.{module.name}")).values():
            if isinstance(thing, type) and issubclass(thing, Limited) and thing.driver_name:
                found[thing.driver_name] = thing
    return dict(sorted(found.items()))


DRIVERS: dict[str, type[Any]] = _find()
"""Name of each driver -> its class. A new driver is one new file in this folder."""
