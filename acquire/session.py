"""One evening at the rig: the queue, the run under way, its live fit, and the words stop and hold.

The window and the command line both drive this object; it knows neither of them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from acquire.journal import Journal, JournalError, new_path
from acquire.live import LiveFit
from acquire.magnet_errand import IN_WORDS, run_errand
from acquire.replay import Replay
from acquire.run import Run, load
from acquire.station import Station, versions
from acquire.status import Job, JobStatus, Readings, State, Status
from acquire.supervisor import Supervisor
from acquire.temperature_guard import TemperatureGuard, Word
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


class Listener(Protocol):
    """Is told what happens, on whatever thread it happens; it must return at once."""

    def on_status(self, status: Status) -> None:
        """Hear of the state and the queue."""

    def on_readings(self, readings: Readings) -> None:
        """Hear of a look at the instruments."""

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Hear of the newest fits."""


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
        self.status = Status()
        self.readings = Readings()
        self.snapshot: Snapshot | None = None
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()
        self._procedures: dict[int, Measurement] = {}
        self._next_number = 1
        self._control: Control | None = None
        self._replay: Replay | None = None
        self._origins: dict[int, Path] = {}
        self._fit = LiveFit(settings, self._publish_snapshot)
        self._fit.start()
        self._row: Mapping[str, float] | None = None
        self._began_s = 0.0
        self._after_stop = HOLD
        self._closed = False
        self._quiet = threading.Event()
        self._quiet.set()
        self._guard = TemperatureGuard()
        self._supervisor: Supervisor | None = None
        if station:
            self._guard = TemperatureGuard(station.config.temperature_pause_K, station.config.temperature_stop_K)
            self._supervisor = Supervisor(
                station.rig, self._publish_readings, self._tripped, self._judge_temperature, lambda: self._row
            )
            self._supervisor.start()

    # ---- what the outside hears

    def listen(self, listener: Listener) -> None:
        """Tell `listener` everything from now on."""
        self._listeners.append(listener)

    def _publish_readings(self, readings: Readings) -> None:
        self.readings = readings
        self._to_listeners(lambda listener: listener.on_readings(readings))

    def _publish_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._to_listeners(lambda listener: listener.on_snapshot(snapshot))

    def _tell(self, state: State | None = None, sentence: str | None = None) -> None:
        with self._lock:
            changes: dict[str, Any] = {}
            if state is not None:
                changes["state"] = state
            if sentence is not None:
                changes["sentence"] = sentence
            self.status = status = dataclasses.replace(self.status, **changes)
            self._to_listeners(lambda listener: listener.on_status(status))

    def _to_listeners(self, tell: Callable[[Listener], None]) -> None:
        for listener in self._listeners:
            try:
                tell(listener)
            except Exception:
                # a window that cannot draw must not end a measurement
                log.exception("session: %s failed to hear", type(listener).__name__)

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
        with self._lock:
            job = Job(self._next_number, procedure.title, _in_words(procedure))
            self._next_number += 1
            self._procedures[job.number] = procedure
            self._set_jobs([*self.status.jobs, job])
        return job

    def remove(self, number: int) -> None:
        """Take a job that is not running out of the list; its file stays."""
        with self._lock:
            kept = [j for j in self.status.jobs if j.number != number or j.status is JobStatus.RUNNING]
            self._set_jobs(kept)

    def move(self, number: int, places: int) -> None:
        """Move a queued job down by `places` (up, if negative) among the queued ones."""
        with self._lock:
            done = [j for j in self.status.jobs if j.status is not JobStatus.QUEUED]
            queued = [j for j in self.status.jobs if j.status is JobStatus.QUEUED]
            at = next((i for i, j in enumerate(queued) if j.number == number), None)
            if at is not None:
                job = queued.pop(at)
                queued.insert(max(0, at + places), job)
                self._set_jobs([*done, *queued])

    def _set_jobs(self, jobs: Sequence[Job]) -> None:
        self.status = dataclasses.replace(self.status, jobs=tuple(jobs))
        self._tell()

    def _change_job(self, number: int, **changes: Any) -> None:
        with self._lock:
            self._set_jobs([dataclasses.replace(j, **changes) if j.number == number else j for j in self.status.jobs])

    # ---- running

    def start(self) -> None:
        """Run the queue; does nothing while something runs or when nothing is queued."""
        with self._lock:
            if self.is_running or self._closed:
                return
            job = next((j for j in self.status.jobs if j.status is JobStatus.QUEUED), None)
            if job is None:
                return
            self._quiet.clear()
            # from here on stop, hold and close reach this run, though its file is not open yet
            self._control = control = Control()
            if self._guard.holding:
                control.request_hold()
            self._row = None
            self._change_job(job.number, status=JobStatus.RUNNING)
            self._tell(State.RUNNING, f"{job.title} running")
        threading.Thread(target=self._start_job, args=(job, control), name="start", daemon=True).start()

    def _start_job(self, job: Job, control: Control) -> None:
        assert self._station is not None
        procedure, rig, journal = self._procedures[job.number], self._station.rig, None
        try:
            expected_s = insist(lambda: procedure.estimate_s(rig))
            journal = self._open_journal(procedure)
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
        self._change_job(job.number, path=journal.path)
        self._progress(job.number, 0.0, expected_s)
        worker.start()

    def _open_journal(self, procedure: Measurement) -> Journal:
        """Make the sweep file; nothing but reading has been asked of any instrument before."""
        assert self._station is not None
        parameters = procedure.parameter_objects()
        start = {
            "procedure": procedure.title,
            "parameters": {name: parameter.value for name, parameter in parameters.items()},
            "station": self.station_name,
            "simulated": self.simulated,
            "sample": dataclasses.asdict(self._station.config.sample),
            "series_resistor_ohm": self._station.config.series_resistor_ohm,
            "instruments": self._station.snapshot(),
            "versions": versions(),
        }
        names = {p.name: f"{p.value!r} {getattr(p, 'units', None) or ''}".strip() if isinstance(p.value, float)
                 else str(p.value) for p in parameters.values()}  # fmt: skip
        cls = type(procedure)
        path = new_path(self.data_folder, f"{procedure.title}_{self._station.config.sample.name}")
        return Journal(path, start, f"{cls.__module__}.{cls.__qualname__}", names)

    def put(self, row: Mapping[str, float]) -> None:
        """Take a stored row from the worker and hand it to the fit; never waits."""
        self._row = row
        self._fit.put(row)

    def _progress(self, number: int, done: float, expected_s: float) -> None:
        assert self._station is not None
        elapsed = self._station.clock.now() - self._began_s
        # the plan at first, what was seen later
        left = (1 - done) * (elapsed + expected_s * (1 - done))
        self._change_job(number, progress=done, seconds_left=left / self._station.clock.speed)

    def _job_ended(self, number: int, control: Control, status: str, message: str) -> None:
        try:
            self._fit.finish()
            self._fit.flush()
            self._change_job(number, status=JobStatus(status), seconds_left=None, message=message)
        finally:
            if status == FINISHED:
                message = "magnet at zero" if self._procedures[number].at_end == ZERO else "magnet holding"
            state = {FINISHED: State.IDLE, ABORTED: State.HOLDING, FAILED: State.FAILED}[status]
            self._finish_with(*_after_trip(control, state, f"{status}: {message}"))
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
        self._send_hold()

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
        self._send_hold()

    def resume(self) -> None:
        """Go on after a hold."""
        with self._lock:
            control = self._control
            if control is not None and control.held.is_set() and not control.stop.is_set():
                control.resume()
                self._tell(State.RUNNING, "running again")

    def _send_hold(self) -> None:
        """Tell the magnet to hold from a thread of its own: nobody waits for a slow instrument."""
        if self._station is not None and "magnet" in self._station.instruments:
            on_its_way = contextlib.ExitStack()
            on_its_way.enter_context((self._control or Control()).pausing())
            threading.Thread(target=self._hold_magnet, args=(on_its_way,), name="hold", daemon=True).start()

    def _hold_magnet(self, on_its_way: contextlib.ExitStack) -> None:
        assert self._station is not None
        with on_its_way:
            try:
                self._station.rig.hold_magnet()
            except DriverError as error:
                log.error("hold: %s", error)
                self._tell(State.FAILED, f"the hold was NOT taken: {error}")

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
            self._finish_with(*_after_trip(control, state, sentence))

    def _judge_temperature(self, temperature_K: float) -> None:
        """Do what the guard says of a temperature; on the supervisor's thread, whatever the procedure is doing."""
        word = self._guard.judge(temperature_K, time.monotonic())
        if word is None:
            return
        log.warning("temperature %.4g K: %s", temperature_K, word.value)
        if word is Word.HOLD:
            self.hold()
            self._tell(sentence=f"{temperature_K:.4g} K is above temperature_pause_K: the magnet holds, the run waits")
        elif word is Word.RESUME:
            self.resume()
        else:
            self._give_up(temperature_K)

    def _give_up(self, temperature_K: float) -> None:
        sentence = f"{temperature_K:.4g} K is above temperature_stop_K: the magnet goes to zero"
        with self._lock:
            if self._control is not None:
                self._control.request_stop(ZERO)
                self._tell(State.STOPPING, sentence)
                return
        assert self._station is not None
        self._tell(State.FAILED, sentence)
        try:
            self._station.rig.magnet.start_ramp(0.0)
        except DriverError as error:
            log.error("temperature guard: %s", error)
            self._tell(State.FAILED, f"{sentence}, but it did not start: {error}")

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


def _after_trip(control: Control, state: State, sentence: str) -> tuple[State, str]:
    """Return state and sentence at the end of a run or errand; a quench or trip meanwhile is what a person must see."""
    if control.quenched or control.trip:
        state = State.QUENCH if control.quenched else State.FAILED
    return state, sentence if not control.trip or control.trip in sentence else f"{sentence}; {control.trip}"


def _in_words(procedure: Measurement) -> str:
    parts = []
    for parameter in procedure.parameter_objects().values():
        if parameter.value != parameter.default and parameter.value not in (None, ""):
            unit = getattr(parameter, "units", None) or ""
            parts.append(f"{parameter.name} {parameter.value} {unit}".strip())
    return ", ".join(parts) or "defaults"
