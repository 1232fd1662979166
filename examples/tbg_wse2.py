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

from analysis.curve import Curve
from analysis.fit import JointFit, joint_fit
from analysis.model import MODELS, Model, Parameter

CURRENT_A = 10e-9
E_ROUNDED, H_ROUNDED = 1.602e-19, 6.626e-34  # the authors' values, needed to meet their numbers
TEMPERATURES = {"baseT": 0.025, "300mK": 0.3, "500mK": 0.5, "700mK": 0.7}  # name in the file: kelvin
REFERENCE = "900mK"
BROKEN_GATE_ROW = {"baseT": 11}  # this gate step stopped half-way
ZERO_COLUMN = 120  # -1 mT, where the curves are symmetric: the field offset of the magnet
STEP_T = 0.2e-3
MOBILITY, DENSITY = 1.5982, 6.9021e15  # m^2/Vs, 1/m^2
ERROR_SCALE = math.pi  # G0 in an e^2/h


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
    return [Curve(fields(), values * ERROR_SCALE, None, TEMPERATURES[name]) for name, values in processed.items()]


# --- the model in the authors' parameters --------------------------------------------------------------------------


def _time(name: str, meaning: str, shared: bool) -> Parameter:
    return Parameter(name, "ps", 1e-4, 1e4, meaning, shared=shared)


PARAMETERS = (
    Parameter("v_f_m_per_s", "m/s", 1e3, 1e7, "Fermi velocity", shared=True),
    _time("tau_phi_ps", "phase coherence time", shared=False),
    _time("tau_asy_ps", "spin-orbit time of the couplings that break z -> -z", shared=True),
    _time("tau_sym_ps", "spin-orbit time of the couplings that keep z -> -z", shared=True),
)


def diffusion_constant(v_f: float) -> float:
    """Return D = v_F^2 tau/2 [m^2/s] with tau = mu hbar k_F/(e v_F) and k_F = sqrt(pi n)."""
    hbar = H_ROUNDED / (2 * math.pi)
    return v_f * MOBILITY * hbar * math.sqrt(math.pi * DENSITY) / (2 * E_ROUNDED)


def _lengths(v_f: float, *times_ps: float) -> tuple[Sequence[float], np.ndarray]:
    """Return L_i = sqrt(D tau_i) [nm] and their derivatives by v_F and the times."""
    times = np.array(times_ps)
    lengths = 1e3 * np.sqrt(diffusion_constant(v_f) * times)
    return lengths.tolist(), np.column_stack([lengths / (2 * v_f), np.diag(lengths / (2 * times))])


def _times(lengths_nm: Mapping[str, float], held: Mapping[str, float]) -> dict[str, float]:
    """Return a start in times from one in lengths; the data know no velocity, so any will do."""
    v_f = held.get("v_f_m_per_s", 4e5)
    per_ps = 1e-6 / diffusion_constant(v_f)
    times = {name.replace("l_", "tau_").replace("_nm", "_ps"): per_ps * l**2 for name, l in lengths_nm.items()}
    return {"v_f_m_per_s": v_f, **times}


def graphene_in_times() -> Model:
    """Return the McCann-Fal'ko model with v_F and scattering times for parameters."""
    return MODELS["graphene_so"].in_terms_of(PARAMETERS, _lengths, _times, name="graphene_so in times")


# --- the published fits ----------------------------------------------------------------------------------------------


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
    return joint_fit(
        graphene_in_times(), curves, fixed={"v_f_m_per_s": row.v_f}, per_curve_fixed=base, offset=False
    )


def fit_with_free_velocity(curves: Sequence[Curve]) -> JointFit:
    """Fit the four temperatures with nothing held."""
    return joint_fit(graphene_in_times(), curves, offset=False)


def own_row(joint: JointFit) -> tuple[float, list[tuple[float | None, float | None]]]:
    """Return chi^2 in (e^2/h)^2 and value and error [ps] in the order of the published table."""
    estimates = [result["tau_phi_ps"] for result in joint.results[1:]]
    estimates += [joint["tau_asy_ps"], joint["tau_sym_ps"]]
    return joint.chi2 / ERROR_SCALE**2, [(e.value, e.error) for e in estimates]
