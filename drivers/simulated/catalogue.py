"""The twins that there are: every one that a module of this package declares."""

from __future__ import annotations

import importlib
import pkgutil

import drivers.simulated
from drivers.simulated.twin import Twin

BUILT_ON_TWINS = ("catalogue", "rack")


def _find() -> dict[str, type[Twin]]:
    found: dict[str, type[Twin]] = {}
    for module in pkgutil.iter_modules(drivers.simulated.__path__):
        if module.name in BUILT_ON_TWINS:
            continue
        for thing in vars(importlib.import_module(f"{drivers.simulated.__name__}.{module.name}")).values():
            if isinstance(thing, type) and issubclass(thing, Twin) and thing.driver_name:
                found[thing.driver_name] = thing
    return dict(sorted(found.items()))


TWINS: dict[str, type[Twin]] = _find()
"""Name of each driver -> the twin of its instrument. A new twin is one new file in this folder."""
