"""kill -9 in the middle of a run: no acknowledged row is lost, the file says that it is unfinished, and replays."""

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from acquire.journal import read
from acquire.run import load
from acquire.session import Session
from analysis.live import Settings

ROOT = Path(__file__).parent.parent.parent
CHILD = textwrap.dedent("""
    import sys
    from pathlib import Path
    from acquire.config import load
    from acquire.session import Session
    from acquire.station import Station
    from analysis.live import Settings
    from drivers.clock import SteppedClock
    from procedures.field_sweep import FieldSweep

    class Telling(Session):
        rows = 0
        def put(self, row):                       # called when the row has been stored
            super().put(row)
            self.rows += 1
            sys.stdout.write(f"{self.rows}\\n")
            sys.stdout.flush()

    config = load(Path("config.yaml"))
    session = Telling(Station(config, SteppedClock()), Path(sys.argv[1]), Settings(sample=config.sample))
    session.submit(FieldSweep(field_list_T="-0.4:0.4:8001", set_temperature=False, current_nA=150))
    session.start()
    session.wait()
""")


def killed(folder: Path, after_s: float) -> tuple[Path, int]:
    """Run the child, kill it some time after its first row; return its file and the rows that it had acknowledged."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout is not None
    first = child.stdout.readline()
    assert first
    time.sleep(after_s)
    child.kill()
    lines = (first + child.stdout.read()).split(b"\n")
    child.stdout.close()
    child.wait()
    (path,) = folder.glob("*.csv")
    return path, int(lines[-2])


def survives(folder: Path, after_s: float) -> None:
    path, acknowledged = killed(folder, after_s)
    file = read(path)
    assert file.rows >= acknowledged
    assert file.status == "unfinished"
    assert file.damage == ""
    session = Session(None, folder, Settings())
    try:
        session.replay_runs([load(path)])
        assert session.wait(30)
        assert session.snapshot is not None
        assert session.snapshot.rows_total == file.rows
    finally:
        session.close()


pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")


@pytest.mark.parametrize("after_s", [0.05, 0.6])
def test_a_killed_run_loses_no_row(tmp_path, after_s):
    survives(tmp_path, after_s)


@pytest.mark.long
@pytest.mark.parametrize("attempt", range(20))
def test_twenty_kills_at_random_times_lose_no_row(tmp_path, attempt):
    survives(tmp_path, float(np.random.default_rng(attempt).uniform(0, 2)))


LIMIT = """import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
"""
TELL_THE_END = """
print(session.status.jobs[-1].status.value, session.status.sentence)
print([s.text for s in session._station.rack.twins["magnet"].wire_log if s.direction == "in" and "?" not in s.text][-1])
session.close()
"""


def test_a_file_that_may_not_grow_fails_the_run_with_every_accepted_row_on_disk(tmp_path):
    pytest.importorskip("resource")
    words = [sys.executable, "-c", LIMIT + CHILD + TELL_THE_END, str(tmp_path)]
    child = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60)
    *rows, status, last_command, _ = child.stdout.split("\n")
    assert status.startswith("failed")
    assert "refused row" in status
    assert last_command == "PAUSE"
    (path,) = tmp_path.glob("*.csv")
    file = read(path)
    assert file.rows == int(rows[-1])
    assert file.torn == 0
