"""What the head of a sweep file says of its run: procedure, parameters, sample, every setting of every instrument."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from acquire.journal import Journal, new_path
from acquire.station import Station, versions
from procedures.measurement import Measurement


def open_journal(procedure: Measurement, station: Station, folder: Path) -> Journal:
    """Make the sweep file of a run in a folder; the instruments are asked how they are set, and told nothing.

    Raises
    ------
    DriverError
        An instrument does not answer.
    JournalError
        The file cannot be made.
    """
    cls = type(procedure)
    record, parameters = _start_record(procedure, station), _parameters_in_words(procedure)
    path = new_path(folder, f"{procedure.title}_{station.config.sample.name}")
    return Journal(path, record, f"{cls.__module__}.{cls.__qualname__}", parameters, station.rig.columns)


def _start_record(procedure: Measurement, station: Station) -> dict[str, Any]:
    config = station.config
    record = {
        "procedure": procedure.title,
        "parameters": {name: parameter.value for name, parameter in procedure.parameter_objects().items()},
        "station": config.station,
        "simulated": config.simulated,
        "sample": dataclasses.asdict(config.sample),
        "series_resistor_ohm": config.series_resistor_ohm,
        "instruments": station.snapshot(),
        "versions": versions(),
    }
    if config.vector_magnet is not None:
        record["vector_magnet"] = dataclasses.asdict(config.vector_magnet)
    return record


def _parameters_in_words(procedure: Measurement) -> dict[str, str]:
    """Return the parameters as PyMeasure's header has them: name, value and unit."""
    return {p.name: f"{p.value!r} {getattr(p, 'units', None) or ''}".strip() if isinstance(p.value, float)
            else str(p.value) for p in procedure.parameter_objects().values()}  # fmt: skip
