"""Set-up that pip cannot do: the virtual environment, and the system libraries that Qt needs.

python .ci/libraries.py venv FOLDER
python .ci/libraries.py qt
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

QT_PACKAGES = "libgl1 libglib2.0-0 libfontconfig1 libxext6 libdbus-1-3 fonts-dejavu-core"
WINDOW_PACKAGES = (
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 "
    "libxkbcommon-x11-0"
)
PROBE = (
    "from PyQt5.QtGui import QFontDatabase; from PyQt5.QtWidgets import QApplication; "
    "a = QApplication([]); assert QFontDatabase().families(), 'no font is installed: text would be blank'"
)


def main(words: list[str]) -> int:
    """Do what the first word says."""
    return make_venv(words[1]) if words[0] == "venv" else prepare_qt()


def make_venv(folder: str) -> int:
    """Make the virtual environment; Debian keeps a part of `venv` in a package of its own."""
    if sys.version_info < (3, 11):
        print(f"Cusp needs Python 3.11 or newer, this is {sys.version.split()[0]}: make PYTHON=python3.12 ...")
        return 1
    made = subprocess.run([sys.executable, "-m", "venv", folder], capture_output=True, text=True)
    if made.returncode == 0:
        return 0
    if install("python3-venv"):
        return subprocess.run([sys.executable, "-m", "venv", folder]).returncode
    print(made.stdout, made.stderr, file=sys.stderr)
    return 1


def prepare_qt() -> int:
    """Install what Qt lacks, or say what to type."""
    trouble = qt_trouble()
    if not trouble:
        return 0
    wanted = QT_PACKAGES + (" " + WINDOW_PACKAGES if os.environ.get("DISPLAY") else "")
    if install(wanted) and not (trouble := qt_trouble()):
        return 0
    print(f"Qt does not start: {trouble}", file=sys.stderr)
    return 1


def qt_trouble() -> str:
    """Start Qt without a display in a process of its own; return what it complains of."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    probe = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True)
    lines = probe.stderr.strip().splitlines()
    return "" if probe.returncode == 0 else (lines[-1] if lines else f"it ended with code {probe.returncode}")


def install(packages: str) -> bool:
    """Install Debian packages when this is root on Debian; else say what to type."""
    if shutil.which("apt-get") is None:
        print(f"Please install what Debian calls: {packages}", file=sys.stderr)
        return False
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        print(f"Please type: sudo apt-get install --no-install-recommends {packages}", file=sys.stderr)
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages.split()]):
        if subprocess.run(["apt-get", *command], env=environment, stdout=subprocess.DEVNULL).returncode != 0:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
