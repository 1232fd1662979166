"""What the running program says of itself: frozen records that any thread may read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class State(Enum):
    """What the rig is doing, in one word."""

    IDLE = "idle"
    RUNNING = "running"
    HOLDING = "holding"
    STOPPING = "stopping"
    REPLAYING = "replaying"
    FAILED = "failed"
    QUENCH = "quench"


class JobStatus(Enum):
    """How far a queued procedure has come."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    ABORTED = "aborted"
    FAILED = "failed"


@dataclass(frozen=True)
class Readings:
    """One look at the instruments; None where there is no reading.

    Attributes
    ----------
    time_s : float
        Experiment time of the look [s].
    field_T, field_target_T : float or None
        Field and where it is going [T].
    magnet : str
        State of the magnet supply in a word ("ramping", "holding", ...).
    temperature_K, setpoint_K : float or None
        Sample temperature and the (ramping) set point [K].
    level_xx, level_xy : float or None
        Signal of each lock-in as a fraction of its full scale.
    resistance_ohm : float or None
        Longitudinal resistance V_xx/I [ohm].
    overload, unlocked : bool
        A lock-in is overloaded, or has lost its reference.
    tripped : bool
        The magnet supply shows a quench, a trip or a fault, or one has not been re-armed.
    faults : tuple of str
        One sentence for each instrument that did not answer.
    """

    time_s: float = 0.0
    field_T: float | None = None
    field_target_T: float | None = None
    magnet: str = ""
    temperature_K: float | None = None
    setpoint_K: float | None = None
    level_xx: float | None = None
    level_xy: float | None = None
    resistance_ohm: float | None = None
    overload: bool = False
    unlocked: bool = False
    tripped: bool = False
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One procedure in the queue.

    Attributes
    ----------
    number : int
        Its name for `Session.remove` and `Session.move`.
    title, settings : str
        The procedure and its parameters in words.
    status : JobStatus
    progress : float
        From 0 to 1.
    seconds_left : float or None
        Estimated time to its end, by the wall [s]; a simulated rig may run faster than that.
    path : Path or None
        Its sweep file, once it has been opened.
    message : str
        Why it failed or was aborted.
    """

    number: int
    title: str
    settings: str
    status: JobStatus = JobStatus.QUEUED
    progress: float = 0.0
    seconds_left: float | None = None
    path: Path | None = None
    message: str = ""


@dataclass(frozen=True)
class Status:
    """State of the whole, and the queue in its order (finished jobs first)."""

    state: State = State.IDLE
    sentence: str = "nothing is running"
    jobs: tuple[Job, ...] = ()

    @property
    def running(self) -> Job | None:
        """The job under way, if there is one."""
        return next((job for job in self.jobs if job.status is JobStatus.RUNNING), None)
