"""The arguments that every command on saved files takes, and what becomes of them."""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from acquire.importers.tables import QUANTITIES, Columns, parse_column
from acquire.journal import is_sweep_file
from acquire.run import Run, load_all
from acquire.trouble import UserError
from analysis.live import Settings
from analysis.material import MATERIALS, METAL
from analysis.sample import GEOMETRIES, VAN_DER_PAUW, Sample

_SAMPLE = {"squares": "length over width between the contacts", "thickness_nm": "film thickness [nm]",
           "width_um": "width of the bar [um]", "length_um": "length between the contacts [um]",
           "mean_free_path_nm": "elastic mean free path [nm]",
           "effective_mass_m0": "effective mass, in masses of the free electron",
           "van_der_pauw_ratio": "R_B/R_A of the two configurations of --geometry van_der_pauw"}  # fmt: skip


def add_file_arguments(parser: argparse.ArgumentParser) -> None:
    """Add files, columns of plain tables, and the sample."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="sweep files, or tables with --column")
    parser.add_argument(
        "--column", action="append", default=[], metavar="QUANTITY=NAME[*FACTOR]",
        help=f"which column of a plain table is what; quantities: {', '.join(QUANTITIES)}",
    )  # fmt: skip
    parser.add_argument("--excitation-nA", type=float, help="current behind x_V of a table [nA]")
    parser.add_argument("--reference-ohm", type=float, help="series resistor behind v_ref_V of a table [ohm]")
    parser.add_argument("--geometry", choices=GEOMETRIES, help="of the contacts (default: what the file says, or bar)")
    parser.add_argument(
        "--material",
        help=f"of the film, for --model auto: {', '.join(MATERIALS)} (default: what the file says, or {METAL})",
    )  # fmt: skip
    parser.add_argument("--temperature-K", type=float, help="temperature of a table [K]")
    for name, meaning in _SAMPLE.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, help=meaning)


def read_files(args: argparse.Namespace) -> list[Run]:
    """Read the files of the command line; raises UserError."""
    for name in ("excitation_nA", "temperature_K", "reference_ohm", *_SAMPLE):
        value = getattr(args, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UserError(f"--{name.replace('_', '-')} {value:g}: must be a number above 0")
    try:
        names = dict(parse_column(text) for text in args.column)
    except ValueError as error:
        raise UserError(str(error)) from error
    _refuse_what_tables_need(args)
    per_square = {"sheet_resistance_ohm", "sigma_S"} & set(names)
    if args.geometry == VAN_DER_PAUW and per_square:
        raise UserError(f"--geometry {VAN_DER_PAUW}: {per_square.pop()} is per square already; leave the geometry out")
    columns = Columns(names, args.excitation_nA, args.temperature_K, args.squares or 1.0, args.reference_ohm)
    return load_all(args.files, columns)


def _refuse_what_tables_need(args: argparse.Namespace) -> None:
    """Refuse what is said of a table where every file is one of ours, which says that itself."""
    said = [name for name in ("column", "temperature_K", "excitation_nA", "reference_ohm") if getattr(args, name)]
    if said and all(path.is_file() and is_sweep_file(path) for path in args.files):
        words = ", ".join("--" + name.replace("_", "-") for name in said)
        raise UserError(f"{words}: is for plain tables; {args.files[0]} is a sweep file of Cusp and says it itself")


def settings_for(args: argparse.Namespace, runs: Sequence[Run]) -> Settings:
    """Return how to analyse the runs: the command line first, then what the files say of their sample."""
    names = (*_SAMPLE, "geometry", "material")
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    try:
        return Settings(
            model=args.model, window_T=getattr(args, "window_T", None),
            fixed=tuple(_fixed(text) for text in getattr(args, "fix", [])),
            sample=dataclasses.replace(_common_sample(runs), **given),
            current_known=all(run.current_known for run in runs),
        )  # fmt: skip
    except ValueError as error:
        raise UserError(str(error)) from error


def _common_sample(runs: Sequence[Run]) -> Sample:
    """Return what the files say of their sample; raises UserError when two of them say different things."""
    known = [run for run in runs if run.sample is not None]
    for run in known[1:]:
        if run.sample != known[0].sample:
            raise UserError(f"{known[0].path.name} and {run.path.name} are of different samples ({known[0].sample}; "
                            f"{run.sample}); fit them one after the other")  # fmt: skip
    return (known[0].sample if known else None) or Sample()


def _fixed(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name.strip(), float(number)
    except ValueError:
        raise UserError(f"--fix {text!r}: write name=number, for example l_so_nm=90") from None
