"""What storing a row costs its caller: at 200 Hz, and flat out beside a buffered write that a kill would lose."""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from acquire.journal import Journal
from analysis.row import COLUMNS, INTEGER_COLUMNS

MEDIAN_US, RARE_US = 60.0, 500.0
ROWS = 3000


def row(number):
    return {name: number if name in INTEGER_COLUMNS else 1.234567890123 * number for name in COLUMNS}


def timed(append, interval_s):
    taken, due = [], time.perf_counter()
    for number in range(ROWS):
        due += interval_s
        while interval_s and time.perf_counter() < due:
            time.sleep(max(0.0, due - time.perf_counter()))
        one = row(number)
        began = time.perf_counter()
        append(one)
        taken.append(time.perf_counter() - began)
    return 1e6 * np.array(taken)


def main():
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "paced.csv", {})
        paced = timed(journal.append, 0.005)
        journal.close("finished")
        journal = Journal(Path(folder) / "flat.csv", {})
        flat = timed(journal.append, 0)
        journal.close("finished")
        with (Path(folder) / "buffered.csv").open("w") as file:
            buffered = timed(lambda r: file.write(",".join(map(repr, r.values())) + "\n"), 0)
    median, rare = np.median(paced), np.percentile(paced, 99.9)
    print(f"append at 200 Hz: median {median:.1f} us (<= {MEDIAN_US:g}), 99.9 % {rare:.0f} us (<= {RARE_US:g})")
    print(f"flat out: median {np.median(flat):.1f} us, {np.median(flat) / np.median(buffered):.1f} x a buffered write")
    return bool(median > MEDIAN_US or rare > RARE_US)


if __name__ == "__main__":
    sys.exit(main())
