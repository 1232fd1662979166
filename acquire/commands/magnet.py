"""`cusp magnet`."""

from __future__ import annotations

import argparse
import threading

from rich.console import Console

from acquire.config import load
from acquire.magnet_errand import ENTER, IN_WORDS, LEAVE, REARM, run_errand
from acquire.station import Station
from acquire.worker import stopping_signals
from drivers.persistent_switch import PersistentSwitch
from drivers.roles import MagnetSupply

STATE, HOLD = "state", "hold"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the word."""
    parser.add_argument("word", nargs="?", default=STATE, choices=[STATE, HOLD, REARM, ENTER, LEAVE],
                        help="state (default, changes nothing), hold, rearm after a quench, fault or loss of power, "
                        "enter-persistent, leave-persistent; Ctrl-C interrupts safely")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Open the magnet alone and do what the word says."""
    station = Station(load(args.config), open_now=False)
    try:
        magnet = station.open_magnet()
        if args.word == HOLD:
            magnet.hold()
        elif args.word != STATE:
            _errand(args.word, magnet)
        for one in dict.fromkeys((magnet, *magnet.supplies())):
            print(_state(one))
    finally:
        station.close()
    return 0


def _errand(word: str, magnet: MagnetSupply) -> None:
    interrupt, console = threading.Event(), Console(stderr=True)
    with stopping_signals(interrupt.set), console.status(IN_WORDS[word]) as status:
        print(run_errand(word, magnet, interrupt, status.update))


def _state(magnet: MagnetSupply) -> str:
    text = f"{magnet.name}: {magnet.state.value}, {magnet.field_T:g} T, target {magnet.target_T:g} T"
    if isinstance(magnet, PersistentSwitch):
        text += f", switch {magnet.switch.value}"
    return text
