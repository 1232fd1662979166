"""The command line: `cusp` or `python -m acquire`."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from acquire import version
from acquire.trouble import foreseen

COMMANDS = {
    "demo": "the main job on the simulated cryostat: sweeps, live fits, files and a figure",
    "check": "open every instrument, print identity, settings and limits; change nothing",
    "run": "run one procedure without a window",
    "magnet": "show the magnet; hold it, re-arm it, enter or leave the persistent mode",
    "replay": "send saved sweeps through the live chain",
    "fit": "fit saved sweeps; print a table, write JSON",
    "models": "list the models and their parameters",
    "instruments": "list the instruments and procedures that there are",
    "rack": "serve the simulated instruments on loopback TCP",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0, 1 when it failed, 2 for a wrong word."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    args = _parser(words).parse_args(words)
    logging.basicConfig(level=logging.INFO if args.verbose else logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("pymeasure").setLevel(logging.ERROR)
    try:
        return importlib.import_module(f"acquire.commands.{args.command or 'window'}").run(args)
    except KeyboardInterrupt:
        print("cusp: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read what we print has gone; nothing more is printed, not even at the end of the program
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if not foreseen(error):
            raise
        print(f"cusp: {error}", file=sys.stderr)
        return 1


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cusp", description="Measures weak localization live. Without a command it opens the window.",
        epilog="cusp COMMAND --help tells more of a command.",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"cusp {version()}")
    _common(parser, Path("config.yaml"), False)
    chosen = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, help_text in COMMANDS.items():
        command = chosen.add_parser(name, help=help_text, description=help_text)
        _common(command, argparse.SUPPRESS, argparse.SUPPRESS)
        if name in words:  # a command is imported only when it is asked for: --help answers at once
            importlib.import_module(f"acquire.commands.{name}").add_arguments(command)
    return parser


def _common(parser: argparse.ArgumentParser, config: Path | str, verbose: bool | str) -> None:
    parser.add_argument("--config", type=Path, default=config, help="description of the rig (default: config.yaml)")
    parser.add_argument("--verbose", action="store_true", default=verbose, help="tell more of what is done")


if __name__ == "__main__":
    sys.exit(main())
