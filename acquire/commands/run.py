"""`cusp run PROCEDURE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pymeasure.experiment import FloatParameter, ListParameter, Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from acquire import report
from acquire.config import load
from acquire.run import tilt
from acquire.session import Session
from acquire.station import Station
from acquire.status import JobStatus
from acquire.trouble import UserError, nearest
from acquire.worker import stopping_signals
from analysis.live import Settings
from procedures.catalogue import PROCEDURES
from procedures.measurement import Measurement


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the procedure and its parameters."""
    parser.add_argument("procedure", help="field-sweep, temperature-series, ... (cusp instruments lists them)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the procedure")
    parser.add_argument("--output", type=Path, help="folder for the sweep file (default: data_folder of the config)")


def run(args: argparse.Namespace) -> int:
    """Run one procedure to its end, with the progress on the terminal."""
    procedure = make_procedure(args.procedure, args.set)
    config = load(args.config)
    station = Station(config)
    session = Session(station, args.output or Path(config.data_folder), Settings(sample=config.sample))
    try:
        with stopping_signals(session.stop):
            return _run(session, procedure, config.vector_magnet.polar_deg if config.axes else None)
    finally:
        session.close()


def _run(session: Session, procedure: Measurement, polar_deg: float | None) -> int:
    try:
        number = session.submit(procedure).number
    except ValueError as error:
        raise UserError(str(error)) from error
    session.start()
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[told]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(procedure.title, total=1.0, told="")
        while not session.wait(0.1):
            job = next(j for j in session.status.jobs if j.number == number)
            progress.update(task, completed=job.progress, told=_told(session, job.seconds_left))
    job = next(j for j in session.status.jobs if j.number == number)
    if session.snapshot is not None and session.snapshot.sweeps:
        Console().print(report.table(session.snapshot))
        for line in report.remark_lines(session.snapshot.sweeps):
            print(line, file=sys.stderr)
        if told := tilt(polar_deg):
            print(told, file=sys.stderr)
    if job.path is not None:
        print(f"{job.title} {job.status.value}: {job.path}")
    if job.status is JobStatus.FINISHED:
        return 0
    print(f"cusp: {job.title} {job.status.value}: {job.message}", file=sys.stderr)
    return 1


def _told(session: Session, seconds_left: float | None) -> str:
    readings = session.readings
    parts = [f"{readings.field_T:+.4f} T" if readings.field_T is not None else "",
             f"{readings.temperature_K:.3f} K" if readings.temperature_K is not None else "",
             f"{seconds_left / 60:.1f} min left" if seconds_left is not None else ""]  # fmt: skip
    return "  ".join(filter(None, parts))


def make_procedure(name: str, settings: Sequence[str]) -> Measurement:
    """Return a procedure with parameters set from words; raises UserError naming what is not known."""
    titles = {_plain(title): cls for title, cls in PROCEDURES.items()}
    if _plain(name) not in titles:
        raise UserError(
            f"procedure {name!r} is not known{nearest(_plain(name), list(titles))}; there are: {', '.join(titles)}"
        )
    procedure = titles[_plain(name)]()
    set_parameters(procedure, dict(_split(setting) for setting in settings))
    return procedure


def set_parameters(procedure: Measurement, values: Mapping[str, str]) -> None:
    """Set parameters from words; raises UserError for a name or a value that is not accepted."""
    known = procedure.parameter_objects()
    for name, value in values.items():
        if name not in known:
            raise UserError(f"--set {name}: {procedure.title} has no such parameter{nearest(name, list(known))}; "
                            f"it has: {', '.join(known)}")  # fmt: skip
        try:
            procedure.set_parameters({name: _boolean(value)})
        except (ValueError, TypeError) as error:
            raise UserError(f"--set {name}={value}: {_accepted(known[name], error)}") from error


def _accepted(parameter: Parameter, error: Exception) -> str:
    """Return what a parameter takes, in words."""
    if isinstance(parameter, FloatParameter):
        return f"give a number from {parameter.minimum:g} to {parameter.maximum:g} {parameter.units or ''}".rstrip()
    if isinstance(parameter, ListParameter):
        return f"give one of {', '.join(map(str, parameter.choices))}"
    return str(error)


def _split(setting: str) -> tuple[str, str]:
    name, equals, value = setting.partition("=")
    if not equals:
        raise UserError(f"--set {setting!r}: write name=value")
    return name.strip(), value.strip()


def _boolean(value: str) -> str | bool:
    return {"true": True, "yes": True, "false": False, "no": False}.get(value.lower(), value)


def _plain(name: str) -> str:
    return name.lower().replace(" ", "-").replace("_", "-")
