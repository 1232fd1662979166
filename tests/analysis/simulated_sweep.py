"""Rows of a simulated field sweep, for the tests of everything between volts and L_phi.

The film here is the full HLN formula, so that the truth is known to the last digit; the acceptance tests of the
whole program use a film that no formula of ours describes.
"""

from __future__ import annotations

import math

import numpy as np

from analysis.constants import G0, E, field_of_length
from analysis.row import COLUMNS, INTEGER_COLUMNS
from analysis.special import cooperon


def dsigma(field_T: np.ndarray, l_phi_nm: float, l_so_nm: float = math.inf) -> np.ndarray:
    """HLN, isotropic spin-orbit scattering, no elastic cut-off [G0]."""
    b_phi = field_of_length(l_phi_nm * 1e-9)
    b_so = 0.0 if math.isinf(l_so_nm) else field_of_length(l_so_nm * 1e-9)
    f = cooperon(np.asarray(field_T, float), np.array([b_phi + 4 * b_so / 3, b_phi]))[0]
    return 1.5 * f[0] - 0.5 * f[1]


def sweep_rows(
    l_phi_nm: float = 300.0, l_so_nm: float = 100.0, *, fields: np.ndarray | None = None, shape: str = "up and down",
    offsets_T: tuple[float, ...] = (1.5e-3, -1.5e-3), sheet_ohm: float = 500.0, squares: float = 5.0,
    current_A: float = 1e-6, noise_V: float = 20e-9, misalignment: float = 0.03, density: float = 1e19,
    hall_in_xx: float = 0.0, temperature_K: float = 1.5, sweep: int = 0, seed: int | None = 0, hall: bool = True,
    magnetoconductance=None, interval_s: float = 2.0,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Rows as a procedure writes them; true field = read field - offset of the leg."""
    fields = np.linspace(-0.4, 0.4, 201) if fields is None else np.asarray(fields, float)
    legs = {"single": [fields], "up and down": [fields, fields[::-1]]}.get(shape)
    if legs is None:  # five quadrants
        legs = [fields[fields >= 0], fields[::-1], fields]
    rng = np.random.default_rng(seed)
    read = np.concatenate(legs)
    branch = np.repeat(np.arange(len(legs)), [len(leg) for leg in legs])
    true = read - np.asarray(offsets_T, float)[branch % len(offsets_T)]
    mc = magnetoconductance or (lambda b: dsigma(b, l_phi_nm, l_so_nm))
    # the film: sigma_xx carries the correction, and the Hall coefficient does not (as weak localization has it)
    rho_yx = true / (density * E)
    sigma_0 = 1 / sheet_ohm
    sigma_xx = sigma_0 + G0 * mc(true)
    rho_xx = (1 + np.sqrt(1 - (2 * sigma_xx * rho_yx) ** 2)) / (2 * sigma_xx)
    r_xx = squares * rho_xx + hall_in_xx * rho_yx
    r_xy = rho_yx + misalignment * squares * rho_xx
    n = len(read)
    scatter = rng.standard_normal((4, n)) * noise_V if seed is not None else np.zeros((4, n))
    columns = dict.fromkeys(COLUMNS, np.zeros(n))
    columns |= {
        "sweep": np.full(n, sweep), "branch": branch, "time_s": interval_s * np.arange(n), "field_set_T": read,
        "field_T": read, "temperature_set_K": np.full(n, temperature_K), "temperature_K": np.full(n, temperature_K),
        "current_A": np.full(n, current_A), "x_xx_V": current_A * r_xx + scatter[0], "y_xx_V": scatter[1],
        "x_xy_V": current_A * r_xy + scatter[2] if hall else np.full(n, np.nan),
        "y_xy_V": scatter[3] if hall else np.full(n, np.nan), "flags": np.zeros(n, int),
    }  # fmt: skip
    return columns


def as_rows(columns: dict[str, np.ndarray]) -> list[dict[str, float]]:
    """The same sweep row by row, as the worker hands it to the fit."""
    return [
        {name: (int if name in INTEGER_COLUMNS else float)(columns[name][i]) for name in COLUMNS}
        for i in range(len(columns["field_T"]))
    ]
