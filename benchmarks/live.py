"""What a snapshot costs beside seven finished sweeps, and the reduction of one sweep, short and long."""

import sys  # noqa: I001  acquire must come before numpy
import time
from pathlib import Path

import acquire  # noqa: F401  one thread of linear algebra, as in the app
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from analysis.live import LiveAnalysis, Settings
from analysis.reduction import reduce_sweep
from analysis.sample import Sample
from tests.analysis.simulated_sweep import as_rows, sweep_rows

SNAPSHOT_MS, LONG_OVER_SHORT = 30.0, 60.0


def best_ms(work, rounds):
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return 1e3 * min(taken)


def main():
    live = LiveAnalysis(Settings(sample=Sample(squares=5.0)))
    for sweep in range(8):
        for row in as_rows(sweep_rows(100 + 50 * sweep, sweep=sweep, temperature_K=2.0 + sweep, noise_V=100e-9)):
            live.add(row)
    live.snapshot()
    row = as_rows(sweep_rows(450, sweep=7, temperature_K=9.0))[-1]

    def one_more():
        live.add(row)
        live.snapshot()

    snapshot = best_ms(one_more, 20)
    short, long = sweep_rows(300), sweep_rows(300, fields=np.linspace(-0.4, 0.4, 100_000))
    short_ms, long_ms = best_ms(lambda: reduce_sweep(short, 5.0), 20), best_ms(lambda: reduce_sweep(long, 5.0), 3)
    print(f"one more row, with seven finished sweeps beside it: {snapshot:.1f} ms (<= {SNAPSHOT_MS:g})")
    print(f"reduction of 402 rows {short_ms:.1f} ms, of 200 000 rows {long_ms:.0f} ms, "
          f"{long_ms / short_ms:.0f} x (<= {LONG_OVER_SHORT:g})")  # fmt: skip
    return snapshot > SNAPSHOT_MS or long_ms / short_ms > LONG_OVER_SHORT


if __name__ == "__main__":
    sys.exit(main())
