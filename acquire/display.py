"""Whether a window can be shown here; Qt itself would end the program when it cannot."""

from __future__ import annotations

import os
import subprocess
import sys

OFFSCREEN = "offscreen"
NONE = "there is no display"
_PROBE = "from PyQt5.QtWidgets import QApplication; QApplication([])"


def trouble() -> str:
    """Return why no window can be shown here, or nothing; Qt is tried in a process of its own."""
    if os.environ.get("QT_QPA_PLATFORM") == OFFSCREEN:
        return NONE
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return NONE
    try:
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=20)  # noqa: S603
    except subprocess.TimeoutExpired:
        return "the display does not answer"
    lines = probe.stderr.strip().splitlines()
    return "" if probe.returncode == 0 else f"Qt cannot use the display: {lines[0] if lines else probe.returncode}"


def use_offscreen() -> None:
    """Let Qt draw into memory; must be called before Qt starts."""
    os.environ["QT_QPA_PLATFORM"] = OFFSCREEN
