"""The procedures of a session in their order: those that have run, the one under way, those that wait."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from acquire.audience import Audience
from acquire.status import Job, JobStatus
from procedures.measurement import Measurement


class JobList:
    """The jobs in the status of a session, and the procedures behind them.

    Parameters
    ----------
    audience : Audience
        Is told of every change.
    """

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._procedures: dict[int, Measurement] = {}
        self._next_number = 1

    def add(self, procedure: Measurement) -> Job:
        """Put a procedure at the end."""
        with self._audience.lock:
            job = Job(self._next_number, procedure.title, _in_words(procedure))
            self._next_number += 1
            self._procedures[job.number] = procedure
            self._set([*self._jobs, job])
        return job

    def procedure(self, number: int) -> Measurement:
        """Return the procedure of a job."""
        return self._procedures[number]

    def next_queued(self) -> Job | None:
        """Return the job that is to run next, None if none waits."""
        return next((job for job in self._jobs if job.status is JobStatus.QUEUED), None)

    def remove(self, number: int) -> None:
        """Take a job that is not running out of the list; its file stays."""
        with self._audience.lock:
            self._set([job for job in self._jobs if job.number != number or job.status is JobStatus.RUNNING])

    def move(self, number: int, places: int) -> None:
        """Move a queued job down by `places` (up, if negative) among the queued ones."""
        with self._audience.lock:
            done = [job for job in self._jobs if job.status is not JobStatus.QUEUED]
            queued = [job for job in self._jobs if job.status is JobStatus.QUEUED]
            at = next((i for i, job in enumerate(queued) if job.number == number), None)
            if at is not None:
                job = queued.pop(at)
                queued.insert(max(0, at + places), job)
                self._set([*done, *queued])

    def change(self, number: int, **changes: Any) -> None:
        """Tell what has become of a job."""
        with self._audience.lock:
            self._set([dataclasses.replace(job, **changes) if job.number == number else job for job in self._jobs])

    @property
    def _jobs(self) -> tuple[Job, ...]:
        return self._audience.status.jobs

    def _set(self, jobs: Sequence[Job]) -> None:
        self._audience.change({"jobs": tuple(jobs)})


def _in_words(procedure: Measurement) -> str:
    parts = []
    for parameter in procedure.parameter_objects().values():
        if parameter.value != parameter.default and parameter.value not in (None, ""):
            unit = getattr(parameter, "units", None) or ""
            parts.append(f"{parameter.name} {parameter.value} {unit}".strip())
    return ", ".join(parts) or "defaults"
