"""`cusp fit FILE ...`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from acquire import report
from acquire.files import add_file_arguments, read_files, settings_for
from acquire.report import statement_lines
from acquire.results import analyse_runs
from acquire.trouble import UserError
from analysis.background import BACKGROUNDS
from analysis.bootstrap import bootstrap
from analysis.model import MODELS
from analysis.snapshot import SweepResult
from analysis.statement import as_json

SEED = 1
"""Of the bootstrap: the same file gives the same interval."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take files, model and where the JSON goes."""
    add_file_arguments(parser)
    parser.add_argument(
        "--model", default="auto",
        help=f"auto, {', '.join(MODELS)}, each with a background if wanted, hln+kohler: {', '.join(BACKGROUNDS)} "
        "(default: auto)",
    )  # fmt: skip
    parser.add_argument(
        "--window-T", type=float, help="largest |B| that is fitted [T] (default: all, if the model holds)"
    )
    parser.add_argument("--fix", action="append", default=[], metavar="NAME=VALUE", help="hold a parameter: l_so_nm=90")
    parser.add_argument(
        "--bootstrap", type=int, metavar="N", help="draw each sweep N times again, and fit it: the interval of L_phi"
    )
    parser.add_argument(
        "--statement", type=Path, metavar="OUT", help="write what all sweeps together say of the film as JSON"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the results there; - for the terminal")


def run(args: argparse.Namespace) -> int:
    """Fit every sweep of every file; print a table and write JSON."""
    for path in (args.json, args.statement):
        if path is not None and not path.parent.is_dir():
            raise UserError(f"{path}: cannot be written: there is no folder {path.parent}")
    runs = read_files(args)
    settings = settings_for(args, runs)
    results = analyse_runs(runs, settings)
    if str(args.json) == "-":
        print(json.dumps(results.as_json(), indent=1, allow_nan=False))
    else:
        if args.json:
            _write(args.json, results.as_json())
        Console().print(report.table(results.snapshot, [path.name for path, _ in results.origins]))
        for result, (path, number) in zip(results.snapshot.sweeps, results.origins, strict=True):
            if args.bootstrap is not None:
                print(f"{path.name}, sweep {number}: {_bootstrap(result, args.bootstrap)}")
            for line in report.remark_lines([result], [f"{path.name}, sweep {number}"]):
                print(line, file=sys.stderr)
        if results.snapshot.statement is not None:
            print("\n".join(statement_lines(results.snapshot.statement)))
    if args.statement:
        _write(args.statement, None if results.snapshot.statement is None else as_json(results.snapshot.statement))
    for remark in (remark for run in runs for remark in run.remarks):
        print(remark, file=sys.stderr)
    return 0


def _bootstrap(result: SweepResult, samples: int) -> str:
    """Return the interval of L_phi over that many samples, in words; raises UserError."""
    if result.fit is None or result.curve is None or "l_phi_nm" not in result.fit.free:
        return "no bootstrap: L_phi was not fitted"
    try:
        return bootstrap(result.fit, result.curve, seed=SEED, samples=samples).sentence("l_phi_nm")
    except ValueError as error:
        raise UserError(str(error)) from error


def _write(path: Path, record: object) -> None:
    try:
        path.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
