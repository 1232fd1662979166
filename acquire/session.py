"""One evening at the rig: the queue, the run under way, its live fit, and the words stop and hold.

The window and the command line both drive this object; it knows neither of them.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import math
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from acquire.audience import Audience, Listener
from acquire.interlock import Interlock, after_trip
from acquire.job_list import JobList
from acquire.journal import JournalError
from acquire.live import LiveFit
from acquire.magnet_errand import IN_WORDS, run_errand
from acquire.replay import Replay
from acquire.run import Run, load
from acquire.start_record import open_journal
from acquire.station import Station
from acquire.status import Job, JobStatus, Readings, State, Status
from acquire.supervisor import Supervisor
from acquire.trouble import foreseen
from acquire.worker import ABORTED, FAILED, FINISHED, QUENCHED, Worker
from analysis.live import Settings
from analysis.snapshot import Snapshot
from drivers.errors import DriverError, Quench, Tripped
from drivers.patience import insist
from procedures.catalogue import PROCEDURES
from procedures.control import Control
from procedures.measurement import HOLD, ZERO, Measurement

log = logging.getLogger(__name__)


class Session:
    """Runs procedures one after the other on a station.

    Parameters
    ----------
    station : Station or None
        None where there is no rig: only replay works then.
    data_folder : Path
        Where sweep files go.
    settings : Settings
        How rows are analysed.
    """

    procedures: Mapping[str, type[Measurement]] = PROCEDURES

    def __init__(self, station: Station | None, data_folder: Path, settings: Settings) -> None:
        self._station = station
        self.station_name = station.config.station if station else "no rig"
        self.simulated = bool(station and station.config.simulated)
        self.data_folder = data_folder
        self.settings = settings
        self._audience = Audience()
        self._lock, self._tell = self._audience.lock, self._audience.tell
        self._jobs = JobList(self._audience)
        self._control: Control | None = None
        self._replay: Replay | None = None
        self._origins: dict[int, Path] = {}
        self._fit = LiveFit(settings, self._audience.publish_snapshot)
        self._fit.start()
        self._row: Mapping[str, float] | None = None
        self._began_s = 0.0
        self._after_stop = HOLD
        self._closed = False
        self._quiet = threading.Event()
        self._quiet.set()
        self._interlock: Interlock | None = None
        self._supervisor: Supervisor | None = None
        if station:
            self._interlock = Interlock(station, self._audience, self.hold, self.resume, lambda: self._control)
            self._supervisor = Supervisor(
                station.rig, self._audience.publish_readings, self._tripped, self._interlock.judge_temperature,
                lambda: self._row,
            )  # fmt: skip
            self._supervisor.start()

    # ---- what the outside hears

    def listen(self, listener: Listener) -> None:
        """Tell `listener` everything from now on."""
        self._audience.listen(listener)

    @property
    def status(self) -> Status:
        """State of the whole, and the queue."""
        return self._audience.status

    @property
    def readings(self) -> Readings:
        """The last look at the instruments."""
        return self._audience.readings

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest fits, None before the first."""
        return self._audience.snapshot

    # ---- the queue

    @property
    def is_running(self) -> bool:
        """Whether a procedure or a replay is under way."""
        return not self._quiet.is_set()

    def check(self, procedure: Measurement) -> None:
        """Check a procedure against the limits of the rig.

        Raises
        ------
        ValueError
            One line saying which parameter is not accepted and why.
        """
        if self._station is None:
            raise ValueError("there is no rig: start Cusp with a configuration to measure")
        try:
            procedure.check(self._station.rig)
        except DriverError as error:
            raise ValueError(str(error)) from error

    def estimate_s(self, procedure: Measurement) -> float:
        """Return how long a procedure will take by the wall [s]; raises ValueError as `check`."""
        self.check(procedure)
        assert self._station is not None
        try:
            return procedure.estimate_s(self._station.rig) / self._station.clock.speed
        except DriverError as error:
            raise ValueError(str(error)) from error

    def submit(self, procedure: Measurement) -> Job:
        """Check a procedure and put it at the end of the queue; raises ValueError as `check`."""
        self.check(procedure)
        return self._jobs.add(procedure)

    def remove(self, number: int) -> None:
        """Take a job that is not running out of the list; its file stays."""
        self._jobs.remove(number)

    def move(self, number: int, places: int) -> None:
        """Move a queued job down by `places` (up, if negative) among the queued ones."""
        self._jobs.move(number, places)

    # ---- running

    def start(self) -> None:
        """Run the queue; does nothing while something runs or when nothing is queued."""
        with self._lock:
            if self.is_running or self._closed:
                return
            job = self._jobs.next_queued()
            if job is None:
                return
            self._quiet.clear()
            # from here on stop, hold and close reach this run, though its file is not open yet
            self._control = control = Control()
            if self._interlock is not None and self._interlock.too_warm:
                control.request_hold()
            self._row = None
            self._jobs.change(job.number, status=JobStatus.RUNNING)
            self._tell(State.RUNNING, f"{job.title} running")
        threading.Thread(target=self._start_job, args=(job, control), name="start", daemon=True).start()

    def _start_job(self, job: Job, control: Control) -> None:
        assert self._station is not None
        procedure, rig, journal = self._jobs.procedure(job.number), self._station.rig, None
        try:
            expected_s = insist(lambda: procedure.estimate_s(rig))
            journal = open_journal(procedure, self._station, self.data_folder)
            worker = Worker(
                procedure, control, rig, journal, self,
                lambda done: self._progress(job.number, done, expected_s),
                lambda status, message: self._job_ended(job.number, control, status, message),
            )  # fmt: skip
        except Exception as error:
            if not foreseen(error):
                log.exception("%s could not be started", job.title)
            if journal is not None:
                with contextlib.suppress(JournalError):
                    journal.close(FAILED, str(error))
            self._job_ended(job.number, control, FAILED, str(error))
            return
        self._begin(journal.path)
        self._began_s = self._station.clock.now()
        self._jobs.change(job.number, path=journal.path)
        self._progress(job.number, 0.0, expected_s)
        worker.start()

    def put(self, row: Mapping[str, float]) -> None:
        """Take a stored row from the worker and hand it to the fit; never waits."""
        self._row = row
        self._fit.put(row)

    def _progress(self, number: int, done: float, expected_s: float) -> None:
        assert self._station is not None
        elapsed = self._station.clock.now() - self._began_s
        # the plan at first, what was seen later
        left = (1 - done) * (elapsed + expected_s * (1 - done))
        self._jobs.change(number, progress=done, seconds_left=left / self._station.clock.speed)

    def _job_ended(self, number: int, control: Control, status: str, message: str) -> None:
        try:
            self._fit.finish()
            self._fit.flush()
            self._jobs.change(number, status=JobStatus(status), seconds_left=None, message=message)
        finally:
            if status == FINISHED:
                message = "magnet at zero" if self._jobs.procedure(number).at_end == ZERO else "magnet holding"
            state = {FINISHED: State.IDLE, ABORTED: State.HOLDING, FAILED: State.FAILED}[status]
            self._finish_with(*after_trip(control, state, f"{status}: {message}"))
        if status == FINISHED and not control.interrupt.is_set():
            self.start()

    def _finish_with(self, state: State, sentence: str) -> None:
        with self._lock:
            self._control = self._replay = self._row = None
            self._quiet.set()
            self._tell(state, sentence)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing runs; tell whether that is so."""
        return self._quiet.wait(timeout_s)

    # ---- stop and hold

    @property
    def after_stop(self) -> str:
        """What a stop leaves the magnet doing: ``"hold"`` or ``"zero"``."""
        return self._after_stop

    @after_stop.setter
    def after_stop(self, choice: str) -> None:
        if choice not in (HOLD, ZERO):
            raise ValueError(f"after stop: {choice!r} is not known; take {HOLD} or {ZERO}")
        self._after_stop = choice

    def stop(self) -> None:
        """End what runs; returns at once. The magnet holds, then does what `after_stop` says.

        A second stop keeps the magnet where it is.
        """
        with self._lock:
            if self._replay is not None:
                self._replay.stop()
            if self._control is not None:
                self._control.request_stop(self._after_stop)
                self._tell(State.STOPPING, "stopping: the magnet holds first")
        if self._interlock is not None:
            self._interlock.send_hold()

    def hold(self) -> None:
        """Let the magnet hold where it is and the run wait; returns at once, works in every state."""
        with self._lock:
            if self._control is not None:
                self._control.request_hold()
            shown = self.status.state in (State.IDLE, State.RUNNING, State.HOLDING)
            # a hold that was not taken shows as failed while the run waits; the next may be taken
            waits_on = self._control is not None and not self._control.trip and self.status.state is State.FAILED
            if (shown or waits_on) and self._station is not None:
                waits = "; the run waits" if self._control is not None else ""
                self._tell(State.HOLDING, f"holding the magnet{waits}")
        if self._interlock is not None:
            self._interlock.send_hold()

    def resume(self) -> None:
        """Go on after a hold."""
        with self._lock:
            control = self._control
            if control is not None and control.held.is_set() and not control.stop.is_set():
                control.resume()
                self._tell(State.RUNNING, "running again")

    def _tripped(self, error: Quench | Tripped) -> None:
        """End what runs: the magnet has quenched, tripped or lost its power."""
        quenched = isinstance(error, Quench)
        sentence = QUENCHED if quenched else str(error)
        log.critical("%s", sentence)
        with self._lock:
            if self._control is not None:
                self._control.quenched |= quenched
                self._control.trip = sentence
                self._control.request_stop(HOLD)
            self._tell(State.QUENCH if quenched else State.FAILED, sentence)

    def do_errand(self, word: str) -> None:
        """Re-arm the magnet, or enter or leave the persistent mode; returns at once, stop and hold interrupt it.

        Raises
        ------
        ValueError
            Something runs, or there is no rig.
        """
        with self._lock:
            if self._station is None or self.is_running or self._closed:
                raise ValueError("magnet: something runs, or there is no rig; stop the run first")
            self._quiet.clear()
            self._control = control = Control()
            self._tell(State.RUNNING, IN_WORDS[word])
        threading.Thread(target=self._run_errand, args=(word, control), name=word, daemon=True).start()

    def _run_errand(self, word: str, control: Control) -> None:
        assert self._station is not None
        state, sentence = State.FAILED, ""
        try:
            tell = functools.partial(self._tell, State.RUNNING)
            sentence = run_errand(word, self._station.rig.magnet, control.interrupt, tell)
            state = State.HOLDING if control.interrupt.is_set() else State.IDLE
        except Exception as error:
            if not foreseen(error):
                log.exception("%s failed", word)
            sentence = f"{IN_WORDS[word]} failed: {error}"
        finally:
            self._finish_with(*after_trip(control, state, sentence))

    # ---- analysis and replay

    def analyse_with(self, settings: Settings) -> None:
        """Fit what is shown again with other settings, and everything that comes after it."""
        self.settings = settings
        self._fit.analyse_with(settings)

    def clear(self) -> None:
        """Take all finished sweeps off the screen; their files stay.

        Raises
        ------
        ValueError
            Something runs.
        """
        with self._lock:
            if self.is_running:
                raise ValueError("clear: something runs; stop it first")
            self._origins.clear()
            self._fit.clear()

    def origin(self, sweep: int) -> Path | None:
        """Return the file from which the numbers of a sweep come."""
        first = max((number for number in self._origins if number <= sweep), default=None)
        return None if first is None else self._origins[first]

    def _begin(self, path: Path) -> None:
        self._origins[self._fit.begin()] = path

    def open_files(self, paths: Sequence[Path]) -> None:
        """Show saved sweeps at once; raises as `replay`."""
        self.replay(paths, math.inf)

    def replay(self, paths: Sequence[Path], speed: float) -> None:
        """Send saved sweep files through the live chain; raises JournalError for a file that cannot be used."""
        self.replay_runs([load(Path(path)) for path in paths], speed)

    def replay_runs(self, runs: Sequence[Run], speed: float = math.inf) -> None:
        """Send saved runs through the live chain, `speed` times faster than they were measured; returns at once.

        Raises
        ------
        ValueError
            Something runs already, or the speed is not above 0.
        """
        names = ", ".join(run.path.name for run in runs)
        replay = Replay(runs, speed, self._fit, self._begin, self._replay_ended)
        with self._lock:
            if self.is_running or self._closed:
                raise ValueError("replay: something runs; stop it first")
            self._quiet.clear()
            self._replay = replay
            self._tell(State.REPLAYING, f"replaying {names}")
        for remark in (remark for run in runs for remark in run.remarks):
            log.warning("%s", remark)
        replay.start()

    def _replay_ended(self, sentence: str) -> None:
        self._finish_with(State.IDLE, sentence)

    # ---- the end

    def close(self) -> None:
        """Hold the magnet, wait for the run's shutdown, end all threads and close the instruments."""
        self._closed = True
        if self._replay is not None:
            self._replay.stop()
        if self._control is not None:
            self._after_stop = HOLD
            self.stop()
        self.wait()
        self._fit.close()
        if self._supervisor is not None:
            self._supervisor.close()
        if self._station is not None:
            self._station.close()
