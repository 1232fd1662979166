"""The demo: the main job on the simulated cryostat, from the wire to L_phi(T)."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from acquire import report
from acquire.config import Config, parse
from acquire.results import Results
from acquire.session import Session
from acquire.station import Station
from acquire.status import JobStatus
from analysis.live import Settings
from analysis.snapshot import Snapshot
from procedures.measurement import ZERO
from procedures.temperature_series import TemperatureSeries

FIELDS_T = "-0.4:-0.1:16, -0.09:-0.025:14, -0.02:0.02:41, 0.025:0.09:14, 0.1:0.4:16"
"""Dense where the cusp is, wide apart in the tails: steps above B_phi near zero could not give L_phi."""


def demo_config() -> Config:
    """Return the configuration of the simulated rig that comes with Cusp."""
    return parse((files("acquire") / "demo.yaml").read_text(encoding="utf-8"), "demo.yaml")


def demo_procedure() -> TemperatureSeries:
    """Return the run of the demo: six temperatures between antilocalization and localization."""
    return TemperatureSeries(
        temperatures_K="1.5:25:6 log", field_list_T=FIELDS_T,
        field_rate_T_per_min=1.0, current_nA=150.0, at_end=ZERO,
        temperature_tolerance_K=0.03, temperature_dwell_s=20.0,
    )  # fmt: skip


class Demo:
    """One run of the demo.

    Parameters
    ----------
    output : Path
        Folder for the sweep, `results.json`, `figure.pdf`, `figure.png` and `window.png`.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        config = demo_config()
        self.station = Station(config)
        self.session = Session(self.station, output, Settings(sample=config.sample))
        self.procedure = demo_procedure()

    def start(self) -> None:
        """Start the run; returns at once."""
        self.session.submit(self.procedure)
        self.session.start()

    @property
    def failure(self) -> str:
        """Why the run did not finish, empty when it did."""
        if not self.session.status.jobs:
            return "demo: nothing was measured"
        job = self.session.status.jobs[-1]
        return "" if job.status is JobStatus.FINISHED else f"demo {job.status.value}: {job.message}"

    def truth_nm(self) -> dict[float, float]:
        """Return the simulated film's L_phi at the temperatures of the run [K -> nm]."""
        assert self.station.rack is not None
        film = self.station.rack.cryostat.film
        return {temperature: film.truth(temperature)["l_phi_nm"] for temperature in self.procedure.temperatures()}

    def report(self) -> list[str]:
        """Write `results.json` and the figures; return the lines to print."""
        snapshot, path = self.session.snapshot, self.session.status.jobs[-1].path
        assert snapshot is not None
        assert path is not None
        results = Results(snapshot, tuple((path, sweep.sweep) for sweep in snapshot.sweeps))
        text = json.dumps(results.as_json(), indent=1, allow_nan=False)
        (self.output / "results.json").write_text(text + "\n", encoding="utf-8")
        truth_nm = self.truth_nm()
        report.save_figure(snapshot, self.output / "figure", truth_nm)
        return self._comparison(snapshot, truth_nm)

    def _comparison(self, snapshot: Snapshot, truth_nm: dict[float, float]) -> list[str]:
        lines = ["      T        L_phi measured       simulated film   difference"]
        for sweep, (temperature_K, true_nm) in zip(snapshot.sweeps, truth_nm.items(), strict=True):
            joint = snapshot.joint.of(sweep.sweep) if snapshot.joint is not None else None
            estimate = joint[0] if joint else (sweep.fit["l_phi_nm"] if sweep.fit else None)
            found = joint[1] if joint else sweep.symmetry
            if estimate is None or estimate.value is None or not estimate.error:
                lines.append(f"{temperature_K:7.3f} K   not determined       {true_nm:7.1f} nm")
                continue
            sigmas = (estimate.value - true_nm) / estimate.error
            lines.append(f"{temperature_K:7.3f} K   {estimate.value:7.1f} +- {estimate.error:5.1f} nm   "
                         f"{true_nm:7.1f} nm      {sigmas:+5.2f} standard errors   {found.symmetry_class}")  # fmt: skip
        return lines
