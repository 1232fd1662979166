"""What a person may ask of the magnet beside a run: re-arm it, enter the persistent mode, leave it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from acquire.trouble import UserError
from drivers.persistent_switch import PersistentSwitch, SwitchProgress, SwitchState
from drivers.roles import MagnetSupply

REARM, ENTER, LEAVE = "rearm", "enter-persistent", "leave-persistent"
IN_WORDS = {
    REARM: "re-arming the magnet",
    ENTER: "entering the persistent mode",
    LEAVE: "leaving the persistent mode",
}


def run_errand(word: str, magnet: MagnetSupply, interrupt: threading.Event, tell: Callable[[str], None]) -> str:
    """Do it and return how it ended, in one sentence; nothing else switches a heater or clears a latch.

    Parameters
    ----------
    word : str
        `REARM`, `ENTER` or `LEAVE`.
    magnet : MagnetSupply
    interrupt : threading.Event
        Ends it in a state that the sentence names.
    tell : callable of str
        Told where it is, again and again.

    Raises
    ------
    UserError
        The magnet has no persistent switch, or several.
    DriverError
        It was refused or failed; the text says why.
    """
    if word == REARM:
        magnet.rearm()
        return f"the magnet is re-armed: {magnet.state.value} at {magnet.field_T:g} T"
    if len(magnet.supplies()) > 1:
        raise UserError(
            f"{magnet.name}: each of its axes has its own switch; do it at the supply, or with a configuration in "
            "which this supply alone is the magnet"
        )
    if not isinstance(magnet, PersistentSwitch) or magnet.switch is SwitchState.ABSENT:
        raise UserError(f"{magnet.name}: no persistent switch is known of; see its entry in config.yaml")
    do = magnet.enter_persistent if word == ENTER else magnet.leave_persistent
    return in_words(do(interrupt, lambda progress: tell(in_words(progress))))


def in_words(progress: SwitchProgress) -> str:
    """Return where the switch, the magnet and the supply are."""
    return (
        f"{progress.step}: switch {progress.switch.value}, magnet {progress.magnet_field_T:g} T, "
        f"supply {progress.supply_field_T:g} T"
    )
