"""Rows a second through procedure, journal and mailbox, with the clock and the instruments out of the way."""

import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from acquire.journal import Journal
from acquire.live import LiveFit
from acquire.worker import Worker
from analysis.live import Settings
from procedures.control import Control
from procedures.field_sweep import FieldSweep
from tests.stubs import stub_rig

ROWS_PER_S = 3000


def run(folder, name, mailbox):
    ended = threading.Event()
    procedure = FieldSweep(field_start_T=-0.2, field_stop_T=0.2, field_step_T=0.4 / 3000, set_temperature=False)
    journal = Journal(Path(folder) / name, {})
    worker = Worker(procedure, Control(), stub_rig(), journal, mailbox, lambda done: None, lambda *_: ended.set())
    began = time.perf_counter()
    worker.start()
    ended.wait()
    return procedure.rows_taken / (time.perf_counter() - began)


class Nowhere:
    def put(self, row):
        pass


def main():
    with tempfile.TemporaryDirectory() as folder:
        bare = max(run(folder, f"bare{i}.csv", Nowhere()) for i in range(3))
        fit = LiveFit(Settings(), lambda snapshot: None)
        fit.start()
        fitted = run(folder, "fitted.csv", fit)
        fit.close()
    print(f"procedure + journal + mailbox: {bare:.0f} rows/s (>= {ROWS_PER_S})")
    print(f"the same with the live fit running beside it: {fitted:.0f} rows/s, {fitted / bare:.2f} x")
    return bare < ROWS_PER_S


if __name__ == "__main__":
    sys.exit(main())
