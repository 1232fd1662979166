"""A session with nothing behind it: the same words, made-up sweeps, and a record of what it was told."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import numpy as np
from pymeasure.experiment import (
    BooleanParameter,
    FloatParameter,
    IntegerParameter,
    ListParameter,
    Parameter,
    Procedure,
)
from scipy.special import digamma

from acquire.status import Job, JobStatus, Readings, State, Status
from analysis.curve import Curve
from analysis.fit import Estimate, FitResult
from analysis.live import Settings
from analysis.model import MODELS, Remark
from analysis.resistance import Resistance
from analysis.selection import Symmetry
from analysis.snapshot import Snapshot, SweepResult

HBAR_OVER_4E = 1.0545718e-34 / (4 * 1.602176634e-19)
TEMPERATURES_K = (1.5, 2.6, 4.6, 8.1, 14.2, 25.0)


class Sweep(Procedure):
    """Step the field and wait for the lock-in at every step."""

    set_temperature = BooleanParameter("Set temperature", default=True, description="off: as it is")
    temperature_K = FloatParameter(
        "Temperature", units="K", default=1.5, minimum=0.3, maximum=300, group_by="set_temperature"
    )
    field_start_T = FloatParameter("Field from", units="T", default=-0.2, minimum=-9, maximum=9)
    field_stop_T = FloatParameter("Field to", units="T", default=0.2, minimum=-9, maximum=9, description="last field")
    field_step_T = FloatParameter("Field step", units="T", default=0.004, minimum=1e-7, maximum=10)
    field_list_T = Parameter("Field list (T)", default="")
    shape = ListParameter("Legs", choices=["single", "up and down", "five quadrants"], default="up and down")
    repeats = IntegerParameter("Repeats", default=1, minimum=1, maximum=100)
    temperature_tolerance_K = FloatParameter("Temperature band", units="K", default=0.02, minimum=1e-5, maximum=10)
    temperature_dwell_s = FloatParameter("Dwell time", units="s", default=20, minimum=0, maximum=36000)
    temperature_timeout_s = FloatParameter("Temperature timeout", units="s", default=1800, minimum=1, maximum=1e6)
    field_rate_T_per_min = FloatParameter("Ramp rate", units="T/min", default=0.2, minimum=1e-4, maximum=5.0)
    current_nA = FloatParameter("Excitation current", units="nA", default=100.0, minimum=0.01, maximum=1e6)
    settle_percent = FloatParameter("Settled to", units="%", default=1.0, minimum=0.001, maximum=30.0)
    at_end = ListParameter("Magnet at the end", choices=["hold", "zero"], default="hold")


class Series(Sweep):
    """One field sweep at each temperature of a list."""

    temperatures_K = Parameter("Temperatures (K)", default="1.5:25:6 log")


def hln(field_T: np.ndarray, alpha: float, l_phi_nm: float) -> np.ndarray:
    x = HBAR_OVER_4E / (l_phi_nm * 1e-9) ** 2 / np.maximum(np.abs(field_T), 1e-9)
    return alpha * (digamma(0.5 + x) - np.log(x))


def estimate(name: str, unit: str, value: float | None, error: float | None, determined: bool = True) -> Estimate:
    low = None if value is None or error is None else value - error
    high = None if value is None or error is None else value + error
    return Estimate(name, unit, value, error, low, high, determined)


def sweep_result(
    number: int, temperature_K: float, points: int = 101, part: float = 1.0, final: bool = True, seed: int = 1
) -> SweepResult:
    """Make a finished or a half-done sweep of a film that shows antilocalization when it is cold."""
    random = np.random.default_rng(seed + number)
    field = np.linspace(-0.2, 0.2, points)[: max(int(part * points), 2)]
    l_phi, l_so = 900 * (temperature_K / 1.5) ** -0.55, 300.0

    l_triplet = 1 / np.sqrt(1 / l_phi**2 + 1 / l_so**2)

    def curve_of(b):
        return hln(b, 1.5, l_triplet) - hln(b, 0.5, l_phi)

    noise = 0.012
    dsigma = curve_of(field) + noise * random.standard_normal(len(field))
    curve = Curve(field, dsigma, np.full(len(field), noise), temperature_K)
    grid = np.linspace(field[0], field[-1], 401)
    error = 0.012 * l_phi / max(part, 0.05)
    antilocalized = temperature_K < 6
    estimates = (
        estimate("l_phi_nm", "nm", l_phi * (1 + 0.004 * random.standard_normal()), error, part > 0.3),
        estimate("l_so_nm", "nm", l_so + random.standard_normal(), 3.4),
        Estimate("l_e_nm", "nm", None, None, None, 60.0, False),
    )
    fit = FitResult(
        "hln_full", estimates, {"alpha": -0.5, "l_phi_nm": l_phi}, np.eye(2), ("l_phi_nm", "l_so_nm"), 0.0, 0.001, 96.0,
        1.04, len(field), 3, 12.0, (float(field[0]), float(max(abs(field[0]), field[-1]))),
        (Remark("window", "L_phi changes by 0.4 errors between half and full window"),), MODELS["hln"],
    )  # fmt: skip
    sheet = 1200 + 15 * np.log(temperature_K) - 25.8 * 1200**2 / 25812 / 1000 * dsigma
    both = np.concatenate([field, field[::-1]])
    raw = Resistance(
        both, np.concatenate([sheet, sheet[::-1] + 0.02]), 310 * both + 0.05 * random.standard_normal(len(both)),
        np.repeat([0, 1], len(field)),
    )  # fmt: skip
    symmetry = (
        Symmetry("symplectic", "weak antilocalization: magnetoconductance −0.12 G0 at 8 mT, 41 errors below 0")
        if antilocalized else Symmetry("orthogonal", "weak localization: +0.31 G0 at 200 mT, 63 errors above 0")
    )  # fmt: skip
    return SweepResult(
        sweep=number, temperature_K=temperature_K, temperature_spread_K=0.003, rows=2 * len(field), flagged=2,
        final=final, curve=curve, resistance=raw, fit=fit, drawn=(grid, curve_of(grid)), symmetry=symmetry,
        field_offset_T=-0.41e-3, field_offset_error_T=0.02e-3, leg_offsets_T={}, sheet_ohm=1215.0, candidates=(),
        remarks=(Remark("heating", "e I R L_phi is 0.08 k_B T: no heating"),),
        advice="" if part > 0.3 else "field range below 10 B_phi: go to 0.08 T",
    )  # fmt: skip


def snapshot(count: int = 6, part: float = 1.0, points: int = 101) -> Snapshot:
    """Make `count` sweeps, the last of them done to `part`."""
    done = part >= 1
    sweeps = [sweep_result(n, TEMPERATURES_K[n], points) for n in range(count - 1)]
    sweeps.append(sweep_result(count - 1, TEMPERATURES_K[count - 1], points, part, done))
    law = estimate("exponent", "", -0.553, 0.021) if count > 2 else None
    return Snapshot(tuple(sweeps), None if done else count - 1, None, law, 2 * points * count)


class FakeSession:
    """Same interface as `acquire.session.Session`."""

    station_name = "simulated cryostat"
    simulated = True
    procedures = {"Temperature series": Series, "Field sweep": Sweep}

    def __init__(self) -> None:
        self.settings = Settings()
        self.status = Status()
        self.readings = Readings()
        self.snapshot = None
        self.is_running = False
        self.after_stop = "hold"
        self.calls: list[tuple] = []
        self.listeners: list = []
        self.release = threading.Event()
        self.refuse = ""
        self.closed_on = ""

    def listen(self, listener) -> None:
        self.listeners.append(listener)

    def check(self, procedure) -> None:
        if procedure.field_stop_T > 5:
            raise ValueError(f"magnet: field {procedure.field_stop_T:g} T is above its limit 5 T; choose a lower field")

    def estimate_s(self, procedure) -> float:
        self.check(procedure)
        return 720.0

    def submit(self, procedure) -> Job:
        self.check(procedure)
        if self.refuse:
            raise ValueError(self.refuse)
        self.calls.append(("submit", procedure))
        number = len(self.status.jobs) + 1
        job = Job(number, type(procedure).__name__, f"field to {procedure.field_stop_T} T")
        self.tell(jobs=(*self.status.jobs, job))
        return job

    def tell(self, **changes) -> None:
        self.status = dataclasses.replace(self.status, **changes)
        for listener in self.listeners:
            listener.on_status(self.status)

    def read(self, readings: Readings) -> None:
        self.readings = readings
        for listener in self.listeners:
            listener.on_readings(readings)

    def show(self, shown: Snapshot) -> None:
        self.snapshot = shown
        for listener in self.listeners:
            listener.on_snapshot(shown)

    def start(self) -> None:
        self.calls.append(("start",))
        self.is_running = True
        self.tell(state=State.RUNNING, sentence="settling at 1.500 K")

    def stop(self) -> None:
        self.calls.append(("stop",))
        self.is_running = False
        self.tell(state=State.STOPPING, sentence="stopping")

    def hold(self) -> None:
        self.calls.append(("hold",))
        self.tell(state=State.HOLDING, sentence="magnet holding; the run waits")

    def resume(self) -> None:
        self.calls.append(("resume",))
        self.tell(state=State.RUNNING, sentence="running again")

    def remove(self, number: int) -> None:
        self.calls.append(("remove", number))

    def move(self, number: int, places: int) -> None:
        self.calls.append(("move", number, places))

    def do_errand(self, word: str) -> None:
        self.calls.append(("errand", word))

    def replay(self, paths, speed: float) -> None:
        self.calls.append(("replay", tuple(paths), speed))

    def open_files(self, paths) -> None:
        self.calls.append(("open", tuple(paths)))

    def origin(self, sweep: int) -> Path | None:
        return next((job.path for job in self.status.jobs if job.path is not None), None)

    def analyse_with(self, settings: Settings) -> None:
        self.settings = settings
        self.calls.append(("analyse_with", settings))

    def close(self) -> None:
        self.closed_on = threading.current_thread().name
        self.release.wait(10)
        self.is_running = False


def busy(session: FakeSession) -> None:
    """Put a session into the middle of an evening."""
    jobs = (
        Job(1, "Field sweep", "temperature 1.5 K", JobStatus.FINISHED, 1.0, None, Path("2026-11-20_1203_film.csv")),
        Job(2, "Field sweep", "temperature 300 K", JobStatus.FAILED, 0.3, None, None, "thermometer: 300 K not reached"),
        Job(3, "Temperature series", "temperatures 1.5:25:6 log, current 50 nA", JobStatus.RUNNING, 0.71, 371.0,
            Path("2026-11-20_121455_Temperature-series_film.csv")),
        Job(4, "Temperature series", "temperatures 2, 3, 4, current 20 nA, legs five quadrants"),
    )  # fmt: skip
    session.is_running = True
    session.tell(state=State.RUNNING, sentence="sweep 5: 14.20 K, leg 2 of 2", jobs=jobs)
    for second in range(0, 3000, 5):
        field = 0.2 * np.sin(second / 200)
        session.read(Readings(
            100.0 + second, field, 0.2, "ramping", 14.2 - 12 * np.exp(-second / 900), 14.2, 0.32, 0.05,
            1212 + 8 * abs(field) ** 0.5,
        ))  # fmt: skip
        for listener in session.listeners:
            listener.parent().readings.add(session.readings)
    for level, text in (
        (20, "magnet holding at 0.2000 T"), (20, "temperature 14.20 K reached, in band for 20 s"),
        (30, "lockin_xx: a reply was lost <Timeout after 2 s>, asked again"), (20, "sweep 5 begins"),
    ):  # fmt: skip
        for listener in session.listeners:
            listener.on_message(level, text)
