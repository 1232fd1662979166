"""`cusp fit FILE ...`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from acquire import report
from acquire.files import add_file_arguments, read_files, settings_for
from acquire.results import analyse_runs
from acquire.trouble import UserError
from analysis.model import MODELS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take files, model and where the JSON goes."""
    add_file_arguments(parser)
    parser.add_argument("--model", default="auto", help=f"auto, {', '.join(MODELS)} (default: auto)")
    parser.add_argument(
        "--window-T", type=float, help="largest |B| that is fitted [T] (default: all, if the model holds)"
    )
    parser.add_argument("--fix", action="append", default=[], metavar="NAME=VALUE", help="hold a parameter: l_so_nm=90")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the results there; - for the terminal")


def run(args: argparse.Namespace) -> int:
    """Fit every sweep of every file; print a table and write JSON."""
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
            for remark in result.remarks:
                print(f"{path.name}, sweep {number}: {remark.message}", file=sys.stderr)
    for remark in (remark for run in runs for remark in run.remarks):
        print(remark, file=sys.stderr)
    return 0


def _write(path: Path, record: object) -> None:
    try:
        path.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
