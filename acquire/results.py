"""What saved runs say: every sweep analysed as it is live, with the file it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acquire import version
from acquire.run import Run
from analysis.live import LiveAnalysis, Settings, Snapshot, SweepResult, as_json


@dataclass(frozen=True)
class FileResult:
    """One sweep of one file."""

    path: Path
    result: SweepResult

    def as_json(self) -> dict[str, Any]:
        """Return the object that `cusp fit --json` writes for a sweep."""
        return {"file": str(self.path), **as_json(self.result), "software": {"version": version()}}


def analyse_runs(runs: Sequence[Run], settings: Settings) -> list[FileResult]:
    """Analyse every sweep of every run, each from its own rows alone."""
    return [FileResult(run.path, result) for run in runs for result in analyse_run(run, settings).sweeps]


def analyse_run(run: Run, settings: Settings) -> Snapshot:
    """Analyse one run, all its rows at once."""
    analysis = LiveAnalysis(settings)
    if run.curve is not None:
        analysis.set_curve(0, run.curve)
    for row in run.rows():
        analysis.add(row)
    analysis.finish()
    return analysis.snapshot()
