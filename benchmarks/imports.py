"""Time to import the analysis and every model in a fresh process, the time of a bare Python taken off.

Python compiles a module once and keeps it; an environment that forbids that (PYTHONDONTWRITEBYTECODE) would have the
compiler measured, so the processes here keep theirs in a folder of their own.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS = 0.5
REPEATS = 7
ROOT = Path(__file__).resolve().parents[1]
WHAT = "import analysis.live; from analysis.model import MODELS; list(MODELS)"


def fastest(code, compiled):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
    best = float("inf")
    for _ in range(REPEATS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=environment)
        best = min(best, time.perf_counter() - began)
    return best


def main():
    with tempfile.TemporaryDirectory() as compiled:
        codes = ("pass", "import numpy, scipy.special, scipy.linalg", WHAT)
        bare, numpy, whole = (fastest(code, compiled) for code in codes)
    print(f"numpy and scipy {numpy - bare:.2f} s, analysis with every model {whole - bare:.2f} s (<= {SECONDS:g})")
    return whole - bare > SECONDS


if __name__ == "__main__":
    sys.exit(main())
