"""All benchmarks, one after the other: `python -m benchmarks`. Exits non-zero when a bound is missed."""

import subprocess
import sys
from pathlib import Path

import acquire  # noqa: F401  one thread of linear algebra in all of them, as in the app

missed = []
for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
    print(f"== {path.stem}", flush=True)
    if subprocess.run([sys.executable, str(path)]).returncode != 0:
        missed.append(path.stem)
print(f"missed: {', '.join(missed)}" if missed else "all bounds are kept")
sys.exit(bool(missed))
