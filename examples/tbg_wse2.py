"""Twisted bilayer graphene on WSe2: from raw lock-in volts to a published fit.

Arora, Polski, Zhang et al., Nature 583, 379 (2020), doi:10.1038/s41586-020-2473-8; data and published fit from
RMpolski/Graphene-Spin-Orbit-Analysis (CC0 1.0). Device W5 at a back gate of -2 V, 10 nA, four temperatures.

    python examples/tbg_wse2.py [FOLDER] [--write-tables DIR]

FOLDER holds the data sets (default: the environment variable CUSP_REFERENCE_DATA, else ../shared/data). The script
makes the curves, fits the four temperatures jointly as the authors did, and prints the published table beside its
own. Then it asks what the authors' program was not asked: is v_F determined at all?
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.constants import HBAR, E
from analysis.curve import Curve
from analysis.fit import Estimate, JointFit, joint_fit
from analysis.model import MODELS, Model, Parameter

CURRENT_A = 10e-9
E_ROUNDED, H_ROUNDED = 1.602e-19, 6.626e-34  # the authors' values, needed to meet their curves
TEMPERATURES = {"baseT": 0.025, "300mK": 0.3, "500mK": 0.5, "700mK": 0.7}  # name in the file: kelvin
REFERENCE = "900mK"
BROKEN_GATE_ROW = {"baseT": 11}  # this gate step stopped half-way
ZERO_COLUMN = 120  # -1 mT, where the curves are symmetric: the field offset of the magnet
STEP_T = 0.2e-3
MOBILITY, DENSITY = 1.5982, 6.9021e15  # m^2/Vs, 1/m^2
G0_PER_E2_H = math.pi


# --- from volts to curves -----------------------------------------------------------------------------------------


def conductance(folder: Path, temperature: str) -> np.ndarray:
    """Return the conductance at every gate voltage and field, shape (gates, 251) [e^2/h], of one temperature."""
    volts = np.loadtxt(folder / f"W5_10nA_-2Vbg_{temperature}_39-38.txt")
    if temperature in BROKEN_GATE_ROW:
        volts = np.delete(volts, BROKEN_GATE_ROW[temperature], axis=0)
    return CURRENT_A / volts / (E_ROUNDED**2 / H_ROUNDED)


def magnetoconductance(folder: Path, temperature: str) -> np.ndarray:
    """Return G(B) - G(-1 mT), the mean over all gate voltages, shape (251,) [e^2/h].

    The gate average takes out conductance fluctuations, which at one gate voltage are as large as the peak.
    """
    g = conductance(folder, temperature)
    return (g - g[:, [ZERO_COLUMN]]).mean(axis=0)


def symmetrised(values: np.ndarray) -> np.ndarray:
    """Return the even part about -1 mT at 0.2 to 24 mT, shape (120,)."""
    up = values[ZERO_COLUMN + 1 : 2 * ZERO_COLUMN + 1]
    down = values[ZERO_COLUMN - 1 :: -1]
    return (up + down) / 2


def processed_curves(folder: Path) -> dict[str, np.ndarray]:
    """Return delta sigma less that at 900 mK for each temperature, shape (120,) [e^2/h]."""
    background = magnetoconductance(folder, REFERENCE)
    return {name: symmetrised(magnetoconductance(folder, name) - background) for name in TEMPERATURES}


def fields() -> np.ndarray:
    """Return the fields of the processed curves, shape (120,) [T]."""
    return STEP_T * np.arange(1, ZERO_COLUMN + 1)


def as_curves(processed: Mapping[str, np.ndarray]) -> list[Curve]:
    """Return the processed curves as the fits take them, in G0."""
    return [Curve(fields(), values * G0_PER_E2_H, None, TEMPERATURES[name]) for name, values in processed.items()]


# --- the model in the authors' parameters --------------------------------------------------------------------------


def _time(name: str, meaning: str, shared: bool) -> Parameter:
    return Parameter(name, "ps", 1e-9, 1e9, meaning, shared=shared)


PARAMETERS = (
    Parameter("v_f_m_per_s", "m/s", 1e3, 1e7, "Fermi velocity", shared=True),
    _time("tau_phi_ps", "phase coherence time", shared=False),
    _time("tau_asy_ps", "spin-orbit time of the couplings that break z -> -z", shared=True),
    _time("tau_sym_ps", "spin-orbit time of the couplings that keep z -> -z", shared=True),
)


def diffusion_constant(v_f: float) -> float:
    """Return D = v_F^2 tau/2 [m^2/s] with tau = mu hbar k_F/(e v_F) and k_F = sqrt(pi n)."""
    return v_f * MOBILITY * HBAR * math.sqrt(math.pi * DENSITY) / (2 * E)


def _lengths(v_f: float, *times_ps: float) -> tuple[Sequence[float], np.ndarray]:
    """Return L_i = sqrt(D tau_i) [nm] and their derivatives by v_F and the times."""
    times = np.array(times_ps)
    lengths = 1e3 * np.sqrt(diffusion_constant(v_f) * times)
    return lengths.tolist(), np.column_stack([lengths / (2 * v_f), np.diag(lengths / (2 * times))])


def _times(lengths_nm: Mapping[str, float], held: Mapping[str, float]) -> dict[str, float]:
    """Return a start in times from one in lengths; the data know no velocity, so any will do."""
    v_f = held.get("v_f_m_per_s", 4e5)
    per_ps = 1e-6 / diffusion_constant(v_f)
    times = {
        name.replace("l_", "tau_").replace("_nm", "_ps"): per_ps * length**2 for name, length in lengths_nm.items()
    }
    return {"v_f_m_per_s": v_f, **times}


def graphene_in_times() -> Model:
    """Return the McCann-Fal'ko model with v_F and scattering times for parameters."""
    return MODELS["graphene_so"].in_terms_of(PARAMETERS, _lengths, _times, name="graphene_so in times")


# --- the published fits -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Published:
    """One row of the published table: what was held, chi^2 in (e^2/h)^2, and value and error of five times in ps."""

    v_f: float
    tau_phi_base_ps: float
    chi2: float
    times_ps: tuple[tuple[float, float], ...]


PUBLISHED = (
    Published(3.5e5, 60.0, 0.52459938,
              ((28.9738, 0.8909), (12.6907, 0.4453), (5.7565, 0.2867), (7.7857, 0.6706), (0.66909, 0.11577))),
    Published(4.5e5, 40.5, 0.50052712,
              ((19.7760, 0.5868), (8.8056, 0.2938), (4.1351, 0.1883), (3.2269, 0.8325), (1.01918, 0.37085))),
)  # fmt: skip
LABELS = ("tau_phi(300 mK)", "tau_phi(500 mK)", "tau_phi(700 mK)", "tau_asy", "tau_sym")


def fit_as_published(curves: Sequence[Curve], row: Published) -> JointFit:
    """Fit the four temperatures with v_F and the base-temperature tau_phi held, unweighted and without offset."""
    base: list[dict[str, float]] = [{"tau_phi_ps": row.tau_phi_base_ps}, {}, {}, {}]
    return joint_fit(graphene_in_times(), curves, fixed={"v_f_m_per_s": row.v_f}, per_curve_fixed=base, offset=False)


def fit_with_free_velocity(curves: Sequence[Curve]) -> JointFit:
    """Fit the four temperatures with nothing held."""
    return joint_fit(graphene_in_times(), curves, offset=False)


def own_row(joint: JointFit) -> tuple[float, list[tuple[float, float]]]:
    """Return chi^2 in (e^2/h)^2, and best value and first-order error [ps] in the order of the published table."""
    wanted = [(result, "tau_phi_ps") for result in joint.results[1:]]
    wanted += [(joint.results[1], "tau_asy_ps"), (joint.results[1], "tau_sym_ps")]
    return joint.chi2 / G0_PER_E2_H**2, [(r.values[name], r.standard_error(name)) for r, name in wanted]


# --- what is printed ----------------------------------------------------------------------------------------------


def table(joint: JointFit, row: Published) -> str:
    """Return one published row beside our own, and what the profiles say of each parameter."""
    chi2, own = own_row(joint)
    estimates = [result["tau_phi_ps"] for result in joint.results[1:]] + [joint["tau_asy_ps"], joint["tau_sym_ps"]]
    lines = [
        f"v_F = {row.v_f:.3g} m/s and tau_phi(base) = {row.tau_phi_base_ps} ps held",
        f"  {'':17}{'published':>24}{'here':>24}   determined by the data",
        f"  {'chi^2 (e^2/h)^2':17}{row.chi2:>24.8f}{chi2:>24.8f}",
    ]
    for label, published, here, estimate in zip(LABELS, row.times_ps, own, estimates, strict=True):
        lines.append(f"  {label:17}{_number(published):>24}{_number(here):>24}   {in_words(estimate)}")
    return "\n".join(lines)


def _number(pair: tuple[float, float]) -> str:
    return f"{pair[0]:.6g} +- {pair[1]:.4g} ps"


def in_words(estimate: Estimate) -> str:
    """Return what an estimate says: a 68 % range, or the 95 % bounds that are all there is."""
    if estimate.determined:
        return f"yes, {estimate.lower:.3g} to {estimate.upper:.3g} {estimate.unit}"
    low = "" if estimate.lower is None else f" above {estimate.lower:.3g}"
    high = "" if estimate.upper is None else f" below {estimate.upper:.3g}"
    return f"no{',' if low or high else ''}{' and'.join(part for part in (low, high) if part)}"


def verdict_on_velocity(curves: Sequence[Curve]) -> str:
    """Return what comes of v_F when it is left free."""
    free = fit_with_free_velocity(curves)
    held = joint_fit(graphene_in_times(), curves, per_curve_fixed=[{"tau_phi_ps": 60.0}, {}, {}, {}], offset=False)
    velocity = held.results[0].values["v_f_m_per_s"]
    lengths = joint_fit("graphene_so", curves, offset=False)
    return "\n".join([
        f"nothing held: chi^2 = {free.chi2 / G0_PER_E2_H**2:.5f}, v_F determined: {in_words(free['v_f_m_per_s'])}",
        "  v_F and the times enter as v_F tau only: no such curve holds a velocity.",
        f"tau_phi(base) = 60 ps held: v_F = {velocity:.3g} m/s, which is that assumption in other words;",
        f"  tau_asy determined: {in_words(held['tau_asy_ps'])}; tau_sym determined: {in_words(held['tau_sym_ps'])}",
        "in lengths, nothing held:",
        *(f"  L_phi({curve.temperature_K} K) determined: {in_words(result['l_phi_nm'])}"
          for curve, result in zip(curves, lengths.results, strict=True)),
    ])  # fmt: skip


def write_tables(processed: Mapping[str, np.ndarray], folder: Path) -> list[Path]:
    """Write one table a temperature, with the columns field_T and dsigma_e2_per_pi_h; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, values in processed.items():
        path = folder / f"tbg_wse2_{name}.csv"
        rows = np.column_stack([fields(), values * G0_PER_E2_H])
        np.savetxt(path, rows, delimiter=",", header="field_T,dsigma_e2_per_pi_h", comments="", fmt="%.10g")
        written.append(path)
    return written


def data_folder(named: Path | None) -> Path:
    """Return the folder of the measurement: in the folder named, in CUSP_REFERENCE_DATA, or beside the repository."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = named or Path(os.environ.get("CUSP_REFERENCE_DATA", default))
    inner = folder / "tbg-wse2-wal"
    return inner if inner.is_dir() else folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the example; return the exit code."""
    parser = argparse.ArgumentParser(description="Raw lock-in volts of twisted bilayer graphene to the published fit")
    parser.add_argument("folder", nargs="?", type=Path, help="folder of the data (default: CUSP_REFERENCE_DATA)")
    parser.add_argument("--write-tables", type=Path, metavar="DIR", help="write the curves for `cusp fit`")
    options = parser.parse_args(arguments)
    folder = data_folder(options.folder)
    try:
        processed = processed_curves(folder)
        authors = np.loadtxt(folder / "Data_array.txt")[1]
    except OSError as problem:
        print(f"tbg_wse2: {problem}; name the folder that holds tbg-wse2-wal", file=sys.stderr)
        return 1
    difference = np.abs(np.concatenate(list(processed.values())) - authors).max()
    print(f"curves from raw volts against the authors': largest difference {difference:.1e} e^2/h\n")
    curves = as_curves(processed)
    for row in PUBLISHED:
        print(table(fit_as_published(curves, row), row), end="\n\n")
    print(verdict_on_velocity(curves))
    if options.write_tables:
        for path in write_tables(processed, options.write_tables):
            print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
