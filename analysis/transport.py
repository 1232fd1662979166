"""From resistances to carriers: van der Pauw, the Hall slope, and the numbers of a Fermi gas.

Fields along +z, current along +x: rho_yx = E_y/J_x = B/(q n), positive for holes and negative for electrons. Files
call V_y/I "R_xy"; that is rho_yx here. Sheet quantities (ohm per square, 1/m^2) throughout, except `drude_3d`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from analysis.confidence import TWO_SIGMA, WIDEST
from analysis.constants import ELECTRON_MASS, HBAR, E, H
from analysis.estimate import Estimate
from analysis.model import Remark

_NEWTON_STEPS = 60
_CURVED = 3.0  # standard errors of a cubic term from which on the Hall voltage counts as bent


def van_der_pauw(first_ohm: float, second_ohm: float) -> float:
    """Return the sheet resistance R_s of exp(-pi R_A/R_s) + exp(-pi R_B/R_s) = 1 [ohm per square].

    L. J. van der Pauw, Philips Res. Rep. 13, 1 (1958). A film of any shape without holes, contacts small and at its
    edge.

    Parameters
    ----------
    first_ohm, second_ohm : float
        R_A and R_B, each the mean over both current directions, over swapped current and voltage contacts, and
        over +B and -B.

    Raises
    ------
    ValueError
        One of the two is not a positive number.
    """
    for value in (first_ohm, second_ohm):
        if not 0 < value < math.inf:
            raise ValueError(f"van der Pauw: a resistance is {value:g} ohm; both must be above 0: check the contacts")
    # in y = pi (R_A + R_B)/(2 R_s) the equation is ln(2 cosh(y d)) = y, whose sides differ by a convex function
    d = abs(first_ohm - second_ohm) / (first_ohm + second_ohm)
    y = math.log(2)
    for _ in range(_NEWTON_STEPS):
        excess = y * (1 - d) - math.log1p(math.exp(-2 * y * d))
        step = excess / (1 - d * math.tanh(y * d))
        y -= step
        if abs(step) <= 1e-16 * y:
            break
    return math.pi * (first_ohm + second_ohm) / (2 * y)


@dataclass(frozen=True)
class Hall:
    """What a Hall measurement says of the carriers.

    Attributes
    ----------
    coefficient : Estimate
        R_H = d rho_yx/dB [ohm/T], sign included; always a number.
    density : Estimate
        n = 1/(e |R_H|) [1/m^2], for a Hall factor r_H = 1 (assumed, not measured). Not determined where R_H is not:
        then only its lower bound (95 %).
    mobility : Estimate
        |R_H|/rho_xx(0) [m^2/(V s)].
    carriers : str
        "electrons", "holes", or "" where the sign is not determined at 95 %.
    offset_ohm : float
        rho_yx at B = 0: what the contacts are out of line by, if it was not taken out before.
    sheet_ohm, sheet_error_ohm : float
        rho_xx(0), as it was given.
    points : int
    remarks : tuple of Remark
    """

    coefficient: Estimate
    density: Estimate
    mobility: Estimate
    carriers: str
    offset_ohm: float
    sheet_ohm: float
    sheet_error_ohm: float
    points: int
    remarks: tuple[Remark, ...]


def hall(
    field_T: np.ndarray, rho_yx_ohm: np.ndarray, sheet_ohm: float, *, error_ohm: np.ndarray | None = None,
    sheet_error_ohm: float = 0.0, window_T: float | None = None,
) -> Hall:  # fmt: skip
    """Fit a straight line to rho_yx(B).

    Parameters
    ----------
    field_T, rho_yx_ohm : ndarray, shape (n,)
    sheet_ohm : float
        rho_xx at B = 0 [ohm per square].
    error_ohm : ndarray, shape (n,), optional
        Standard errors of rho_yx; without them the scatter about the line sets the scale.
    sheet_error_ohm : float
    window_T : float, optional
        Fit |B| <= window_T only: where rho_yx is straight.

    Raises
    ------
    ValueError
        Values that are not finite, or fewer than three different fields.
    """
    field, rho, error = _window(field_T, rho_yx_ohm, error_ohm, window_T)
    line = _line(field, rho, error, odd_only=False)
    found = hall_of_slope(line.slope, line.slope_error, sheet_ohm, sheet_error_ohm)
    remarks = (*found.remarks, *_bent(field, rho, error))
    return replace(found, offset_ohm=line.offset, points=field.size, remarks=remarks)


def hall_of_slope(coefficient: float, sd: float, sheet_ohm: float, sheet_error_ohm: float = 0.0) -> Hall:
    """Return the same from a slope d rho_yx/dB that somebody has fitted, with its standard error [ohm/T].

    Its offset is then 0 and its number of points 0: they are not known.
    """
    if not 0 < sheet_ohm < math.inf or not 0 <= sheet_error_ohm < math.inf:
        raise ValueError(f"Hall: rho_xx(0) is {sheet_ohm:g} +- {sheet_error_ohm:g} ohm; it must be above 0 and finite")
    if not math.isfinite(coefficient) or not 0 <= sd < math.inf:
        raise ValueError(f"Hall: the slope is {coefficient:g} +- {sd:g} ohm/T; it must be finite, the error 0 or more")
    sure = abs(coefficient) > math.sqrt(TWO_SIGMA) * sd
    carriers = ("holes" if coefficient > 0 else "electrons") if sure else ""
    remarks = () if sure else (_unsigned(coefficient, sd),)
    return Hall(
        Estimate("hall_coefficient", "ohm/T", coefficient, sd, coefficient - sd, coefficient + sd, True),
        _density(abs(coefficient), sd), _mobility(abs(coefficient), sd, sheet_ohm, sheet_error_ohm),
        carriers, 0.0, sheet_ohm, sheet_error_ohm, 0, remarks,
    )  # fmt: skip


def _window(
    field_T: np.ndarray, rho_ohm: np.ndarray, error_ohm: np.ndarray | None, window_T: float | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    field, rho = np.asarray(field_T, dtype=float), np.asarray(rho_ohm, dtype=float)
    error = None if error_ohm is None else np.asarray(error_ohm, dtype=float)
    if field.ndim != 1 or field.shape != rho.shape or (error is not None and error.shape != field.shape):
        raise ValueError(f"Hall: {field.shape} fields, {rho.shape} resistances; they must be lists of equal length")
    if not (np.isfinite(field).all() and np.isfinite(rho).all()):
        raise ValueError("Hall: a field or resistance is not a finite number; leave the row out")
    if error is not None and not (np.isfinite(error) & (error > 0)).all():
        raise ValueError("Hall: an error bar is not above 0; leave it out or give a real one")
    if window_T is not None:
        keep = np.abs(field) <= window_T
        field, rho = field[keep], rho[keep]
        error = None if error is None else error[keep]
    if np.unique(field).size < 3:
        raise ValueError(f"Hall: {np.unique(field).size} different fields; a slope with an error needs three")
    return field, rho, error


class _Line(NamedTuple):
    slope: float
    slope_error: float
    offset: float
    cubic: float
    cubic_error: float


def _line(field: np.ndarray, rho: np.ndarray, error: np.ndarray | None, odd_only: bool) -> _Line:
    """Return a least-squares line; with `odd_only` a cubic term is fitted with it, slope and cubic reported."""
    scale = float(np.abs(field).max())
    x = field / scale
    columns = [np.ones_like(x), x, x**3] if odd_only else [np.ones_like(x), x]
    weight = np.ones_like(x) if error is None else 1 / error
    rows = np.stack(columns, axis=1) * weight[:, np.newaxis]
    answer, _, rank, _ = np.linalg.lstsq(rows, rho * weight, rcond=None)
    if rank < rows.shape[1]:
        raise ValueError("Hall: the fields do not determine a slope; take them over a wider range")
    covariance = np.linalg.inv(rows.T @ rows)
    if error is None:
        rest = rho - rows @ answer
        covariance *= float(rest @ rest) / max(x.size - rows.shape[1], 1)
    sd = np.sqrt(covariance.diagonal())
    cubic = (float(answer[2]) / scale**3, float(sd[2]) / scale**3) if odd_only else (0.0, 0.0)
    return _Line(float(answer[1]) / scale, float(sd[1]) / scale, float(answer[0]), *cubic)


def _bent(field: np.ndarray, rho: np.ndarray, error: np.ndarray | None) -> list[Remark]:
    if np.unique(field).size < 5:
        return []
    line = _line(field, rho, error, odd_only=True)
    noise = 1e-9 * float(np.abs(rho).max()) / float(np.abs(field).max()) ** 3
    if abs(line.cubic) <= _CURVED * max(line.cubic_error, noise):
        return []
    share = abs(line.cubic) * float(np.abs(field).max()) ** 2 / max(abs(line.slope), 1e-300)
    return [Remark("hall_bent", f"Hall: rho_yx is not straight in B: its cubic part is {share:.2g} of the linear one "
                   "at the largest field. Fit a smaller window, or two bands.")]  # fmt: skip


def _unsigned(coefficient: float, sd: float) -> Remark:
    return Remark("hall_sign", f"Hall: R_H = {coefficient:.3g} +- {sd:.2g} ohm/T is not told from 0; no density, no "
                  "sign. Go to a larger field.")  # fmt: skip


def _density(size: float, sd: float) -> Estimate:
    if sd >= WIDEST * size:
        ends = size + math.sqrt(TWO_SIGMA) * sd, size - math.sqrt(TWO_SIGMA) * sd
        bounds = [1 / (E * end) if end > 0 else None for end in ends]
        return Estimate("density", "1/m^2", None, None, *bounds, determined=False)
    value, lower, upper = 1 / (E * size), 1 / (E * (size + sd)), 1 / (E * (size - sd))
    return Estimate("density", "1/m^2", value, max(value - lower, upper - value), lower, upper, True)


def _mobility(size: float, sd: float, sheet_ohm: float, sheet_error_ohm: float) -> Estimate:
    value = size / sheet_ohm
    error = math.hypot(sd / sheet_ohm, value * sheet_error_ohm / sheet_ohm)
    if error >= WIDEST * value:
        low = value - math.sqrt(TWO_SIGMA) * error
        high = value + math.sqrt(TWO_SIGMA) * error
        return Estimate("mobility", "m^2/(V s)", None, None, low if low > 0 else None, high, False)
    return Estimate("mobility", "m^2/(V s)", value, error, value - error, value + error, True)


@dataclass(frozen=True)
class FermiGas:
    """The numbers of carriers in a simple band at zero temperature; SI, but D in cm^2/s.

    Attributes
    ----------
    kind : str
        "2D", "3D" or "Dirac".
    k_F, v_F, fermi_energy_J, mass_me
        Fermi wave vector [1/m], velocity [m/s], energy [J]; mass [m_e], of a Dirac cone hbar k_F/v_F.
    tau_tr_s, mean_free_path_m, diffusion_cm2_per_s
        Transport time mu m/e [s], l = v_F tau_tr [m], D = v_F^2 tau_tr/d [cm^2/s].
    k_F_l : float
        Ioffe-Regel: about 1 is the end of metallic transport; theory of weak localization wants it well above 1.
    conductivity : float
        n e mu, per square [S]; in 3D [S/m].
    g : float or None
        Conductance per square in e^2/h; None in 3D.
    """

    kind: str
    k_F: float
    v_F: float
    fermi_energy_J: float
    mass_me: float
    tau_tr_s: float
    mean_free_path_m: float
    diffusion_cm2_per_s: float
    k_F_l: float
    conductivity: float
    g: float | None

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """Whether k_F l is large enough for what is done with it."""
        if self.k_F_l > 5:
            return ()
        return (Remark("ioffe_regel", f"k_F l = {self.k_F_l:.2g}: the theory of weak localization is an expansion in "
                       "1/(k_F l) and wants above 5."),)  # fmt: skip

    def estimates(self, measured: Hall) -> tuple[Estimate, ...]:
        """Return the numbers with the errors that R_H and rho_xx(0) of the Hall measurement give them.

        n = 1/(e R_H) and mu = R_H/rho share R_H: k_F l of a 2D gas, for one, does not depend on it at all. Only the
        errors are taken from `measured`; the numbers must have been made from its density and mobility.
        """
        determined = measured.density.determined and measured.mobility.determined
        by_hall = (measured.coefficient.error or 0.0) / abs(measured.coefficient.value or math.inf)
        by_sheet = measured.sheet_error_ohm / measured.sheet_ohm
        found = []
        for name, unit, power_n, power_mu in _POWERS[self.kind]:
            value = float(getattr(self, name))
            error = value * math.hypot((power_mu - power_n) * by_hall, power_mu * by_sheet)
            if determined:
                found.append(Estimate(name, unit, value, error, value - error, value + error, True))
            else:
                found.append(Estimate(name, unit, None, None, None, None, False))
        return tuple(found)


_POWERS = {
    "2D": (
        ("k_F", "1/m", 0.5, 0), ("v_F", "m/s", 0.5, 0), ("fermi_energy_J", "J", 1, 0), ("tau_tr_s", "s", 0, 1),
        ("mean_free_path_m", "m", 0.5, 1), ("diffusion_cm2_per_s", "cm^2/s", 1, 1), ("k_F_l", "", 1, 1),
        ("g", "", 1, 1),
    ),
    "3D": (
        ("k_F", "1/m", 1 / 3, 0), ("v_F", "m/s", 1 / 3, 0), ("fermi_energy_J", "J", 2 / 3, 0), ("tau_tr_s", "s", 0, 1),
        ("mean_free_path_m", "m", 1 / 3, 1), ("diffusion_cm2_per_s", "cm^2/s", 2 / 3, 1), ("k_F_l", "", 2 / 3, 1),
    ),
    "Dirac": (
        ("k_F", "1/m", 0.5, 0), ("fermi_energy_J", "J", 0.5, 0), ("mass_me", "m_e", 0.5, 0), ("tau_tr_s", "s", 0.5, 1),
        ("mean_free_path_m", "m", 0.5, 1), ("diffusion_cm2_per_s", "cm^2/s", 0.5, 1), ("k_F_l", "", 1, 1),
        ("g", "", 1, 1),
    ),
}  # fmt: skip
"""Powers of the density and of the mobility that each number is proportional to."""


def drude_2d(density: float, mobility: float, mass_me: float, degeneracy: float = 2) -> FermiGas:
    """Return the numbers of a parabolic band in two dimensions.

    Parameters
    ----------
    density : float
        n [1/m^2].
    mobility : float
        mu [m^2/(V s)].
    mass_me : float
        Band mass [m_e].
    degeneracy : float
        g = g_s g_v, spin and valleys.
    """
    _check(density=density, mobility=mobility, mass_me=mass_me, degeneracy=degeneracy)
    k_F = math.sqrt(4 * math.pi * density / degeneracy)
    return _parabolic("2D", k_F, density, mobility, mass_me)


def drude_3d(density: float, mobility: float, mass_me: float, degeneracy: float = 2) -> FermiGas:
    """Return the numbers of a parabolic band in three dimensions; `density` is per volume [1/m^3]."""
    _check(density=density, mobility=mobility, mass_me=mass_me, degeneracy=degeneracy)
    k_F = (6 * math.pi**2 * density / degeneracy) ** (1 / 3)
    return _parabolic("3D", k_F, density, mobility, mass_me)


def dirac_2d(density: float, mobility: float, v_F: float, degeneracy: float) -> FermiGas:
    """Return the numbers of a Dirac cone; `degeneracy` is 1 for one surface of an insulator, 4 for graphene.

    Parameters
    ----------
    density, mobility : float
        n [1/m^2], mu [m^2/(V s)].
    v_F : float
        Velocity of the cone [m/s].
    """
    _check(density=density, mobility=mobility, v_F=v_F, degeneracy=degeneracy)
    k_F = math.sqrt(4 * math.pi * density / degeneracy)
    mass = HBAR * k_F / v_F
    return _gas("Dirac", k_F, v_F, HBAR * v_F * k_F, mass, density, mobility)


def _parabolic(kind: str, k_F: float, density: float, mobility: float, mass_me: float) -> FermiGas:
    mass = mass_me * ELECTRON_MASS
    return _gas(kind, k_F, HBAR * k_F / mass, (HBAR * k_F) ** 2 / (2 * mass), mass, density, mobility)


def _gas(
    kind: str, k_F: float, v_F: float, energy: float, mass: float, density: float, mobility: float
) -> FermiGas:  # fmt: skip
    tau = mobility * mass / E
    length = v_F * tau
    conductivity = density * E * mobility
    return FermiGas(
        kind, k_F, v_F, energy, mass / ELECTRON_MASS, tau, length, 1e4 * v_F * length / (3 if kind == "3D" else 2),
        k_F * length, conductivity, None if kind == "3D" else conductivity * H / E**2,
    )  # fmt: skip


def _check(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise ValueError(f"transport numbers: {name} is {value:g}; it must be above 0 and finite")
