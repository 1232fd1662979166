"""What saved runs say: every sweep analysed as it is live, with the file it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acquire import version
from acquire.run import Run
from analysis.live import LiveAnalysis, Settings, as_json
from analysis.row import SWEEP
from analysis.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class Results:
    """All sweeps of some files, fitted one by one and, where they are a series in temperature, together.

    Attributes
    ----------
    snapshot : Snapshot
    origins : tuple of (Path, int), one a sweep
        The file of each sweep, and its number there.
    """

    snapshot: Snapshot
    origins: tuple[tuple[Path, int], ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the objects that `cusp fit --json` writes, one a sweep."""
        joint, software = self.snapshot.joint, {"version": version()}
        return [
            {"file": str(path), **as_json(result, joint), "sweep": number, "software": software}
            for result, (path, number) in zip(self.snapshot.sweeps, self.origins, strict=True)
        ]


def analyse_runs(runs: Sequence[Run], settings: Settings) -> Results:
    """Analyse every sweep of every run, all rows at once."""
    analysis = LiveAnalysis(settings)
    origins: list[tuple[Path, int]] = []
    for run in runs:
        first = len(origins)
        numbers = run.sweeps()
        if run.curve is not None:
            analysis.set_curve(first, run.curve)
        for row in run.rows():
            analysis.add({**row, SWEEP: first + numbers.index(int(row[SWEEP]))})
        analysis.finish()
        origins += [(run.path, number) for number in numbers]
    return Results(analysis.snapshot(), tuple(origins))
