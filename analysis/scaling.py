r"""Scaling of the conductance: beta = d ln g/d ln L from data, beside the lines of the three symmetry classes.

g is the measured (total, both spins) conductance in e^2/h; the theory papers count per spin, g/2. A coherent block
is as long as L_phi, so sigma against ln L_phi is the flow, once the interaction, which is as large, is taken out.
Agreement with a line is consistent with a class and never proof of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtri

from analysis.constants import E, H
from analysis.estimate import Estimate
from analysis.model import Remark
from analysis.straight_line import line_through

SymmetryClass = Literal["orthogonal", "unitary", "symplectic"]
CLASSES: tuple[SymmetryClass, ...] = ("orthogonal", "unitary", "symplectic")
_ALPHA = {"orthogonal": 1.0, "unitary": 0.0, "symplectic": -0.5}
_DYSON = {"orthogonal": 1, "unitary": 2, "symplectic": 4}
_CONSISTENT = 2.0  # standard errors
CUT_OFF = "the prefactor depends on how dephasing cuts the paths off: here exponentially"
UNVERIFIED_UNITARY = "the unitary term -2/(pi^2 g^2) is UNVERIFIED: from the literature, not derived again"


@dataclass(frozen=True)
class Localization:
    """A localization length [nm], and in words what it is worth."""

    length_nm: float
    remark: Remark


@dataclass(frozen=True)
class MeasuredBeta:
    """One point of beta(g).

    Attributes
    ----------
    conductance : float
        g = sigma h/e^2, both spins.
    beta : Estimate
        Not determined where its error exceeds the distance between the orthogonal and the symplectic line.
    way : str
        "amplitude" or "lengths".
    dimension : int
    """

    conductance: float
    beta: Estimate
    way: str
    dimension: int = 2

    @property
    def consistent(self) -> tuple[SymmetryClass, ...]:
        """The classes whose leading-order line lies within two standard errors; none where beta is not determined."""
        return tuple(c for c in CLASSES if self._away(c) <= _CONSISTENT)

    def _away(self, symmetry_class: SymmetryClass) -> float:
        if self.beta.value is None or not self.beta.error:
            return math.inf
        line = float(leading_beta(self.conductance, self.dimension, symmetry_class))
        return abs(self.beta.value - line) / self.beta.error

    @property
    def sentence(self) -> str:
        """Which lines the point agrees with, in words that claim no more."""
        b = self.beta
        if b.value is None or not b.error:
            return f"beta at g = {self.conductance:.3g} is not determined by the data; no class can be told"
        near = [f"{name} ({self._away(name):.1f} standard errors away)" for name in self.consistent]
        text = f"beta = {b.value:.3g} +- {b.error:.2g} at g = {self.conductance:.3g}"
        told = (
            "consistent with: " + ", ".join(near) if near else "consistent with none of the three leading-order lines"
        )
        # only a film's unitary line has the term in question: in wires and bulk it is the classical value
        note = f" ({UNVERIFIED_UNITARY})" if self.dimension == 2 and "unitary" in self.consistent else ""
        return f"{text}, {told}{note}; this is no proof of a class"


def leading_beta(conductance: float | np.ndarray, dimension: int, symmetry_class: SymmetryClass) -> np.ndarray:
    """Return the leading weak-localization term of beta, shape of `conductance`.

    With L = L_phi and exponential dephasing: d = 1: -1 - 2 alpha/g; d = 2: -2 alpha/(pi g), which is universal;
    d = 3: 1 - alpha/(pi g), with alpha = 1, 0, -1/2. At d = 1 and 3 the prefactors depend
    on the cut-off. g -> inf gives d - 2.
    Unitary at d = 2: -2/(pi^2 g^2) for two decoupled spins, UNVERIFIED.
    F. Evers, A. D. Mirlin, Rev. Mod. Phys. 80, 1355 (2008), doi:10.1103/RevModPhys.80.1355.

    Parameters
    ----------
    conductance : float or ndarray
        g of both spins [e^2/h].
    dimension : int
        1, 2 or 3.
    symmetry_class : str
        "orthogonal", "unitary" or "symplectic".
    """
    g, alpha = _positive("g", conductance), _ALPHA[_known(symmetry_class)]
    _check_dimension(dimension)
    if dimension == 2 and symmetry_class == "unitary":
        return -2 / (math.pi * g) ** 2
    return dimension - 2 - alpha * {1: 2, 2: 2 / math.pi, 3: 1 / math.pi}[dimension] / g


@dataclass(frozen=True, eq=False)
class BetaLine:
    """A line of theory: its class, where it is drawn, and what is not sure about it ("" where nothing is)."""

    symmetry_class: SymmetryClass
    conductance: np.ndarray
    beta: np.ndarray
    note: str


def beta_lines(conductance: np.ndarray, dimension: int = 2) -> tuple[BetaLine, ...]:
    """Return the lines of the three classes at the conductances g of both spins, shape (n,) [e^2/h]: for a plot."""
    g = _positive("g", conductance)
    notes = {"unitary": UNVERIFIED_UNITARY} if dimension == 2 else dict.fromkeys(CLASSES, CUT_OFF)
    return tuple(BetaLine(c, g, leading_beta(g, dimension, c), notes.get(c, "")) for c in CLASSES)


def interpolated_beta(conductance_per_spin: float | np.ndarray, dimension: int) -> np.ndarray:
    """Return (d - 1) - (1 + x) ln(1 + 1/x), x = c g_s, c = 1/2, pi/2, pi: orthogonal class, a drawing aid.

    Right for g_s -> inf (its first term is `leading_beta`) and for g_s -> 0 (beta ~ ln g); between the two UNVERIFIED.
    Its critical conductance at d = 3 is not to be trusted. E. Abrahams, P. W. Anderson, D. C. Licciardello,
    T. V. Ramakrishnan, Phys. Rev. Lett. 42, 673 (1979), doi:10.1103/PhysRevLett.42.673, drew the curve.

    Parameters
    ----------
    conductance_per_spin : float or ndarray
        g_s = g/2 [e^2/h].
    dimension : int
    """
    _check_dimension(dimension)
    x = {1: 0.5, 2: math.pi / 2, 3: math.pi}[dimension] * _positive("g_s", conductance_per_spin)
    return dimension - 1 - (1 + x) * np.log1p(1 / x)


def film_localization(mean_free_path_nm: float, kf_l: float, symmetry_class: SymmetryClass) -> Localization:
    """Return l exp(pi k_F l/2), without time-reversal symmetry l exp((pi k_F l/2)^2) (UNVERIFIED) [nm].

    The leading beta integrated from g = k_F l at L = l down to 0. An order of magnitude; inf where it overflows.

    Raises
    ------
    ValueError
        Symplectic: weak antilocalization leads away from localization, there is no such length.
    """
    _known(symmetry_class)
    if symmetry_class == "symplectic":
        raise ValueError("film localization: symplectic films do not localize at leading order; there is no length")
    order = math.pi * float(_positive("k_F l", kf_l)) / 2
    exponent = order if symmetry_class == "orthogonal" else order**2
    length = float(_positive("mean free path", mean_free_path_nm)) * (
        math.exp(exponent) if exponent < 600 else math.inf
    )
    text = f"the {symmetry_class} localization length is exponential in k_F l = {kf_l:.3g}: an order of magnitude only"
    note = "" if symmetry_class == "orthogonal" else f"; {UNVERIFIED_UNITARY}"
    return Localization(length, Remark("localization_length", text + note))


def wire_localization_nm(conductivity_S_m: float, symmetry_class: SymmetryClass) -> float:
    """Return beta h sigma_1/(2 e^2), sigma_1 = L/R [S m], of a thick wire: 1 : 2 : 4 for the three classes [nm]."""
    sigma_1 = float(_positive("sigma_1", conductivity_S_m))
    return 1e9 * _DYSON[_known(symmetry_class)] * H * sigma_1 / (2 * E**2)


def ioffe_regel(kf_l: float) -> Remark | None:
    """Return what k_F l says of perturbation theory: nothing above 5, a remark below, strong disorder below 1."""
    kf_l = float(_positive("k_F l", kf_l))
    if kf_l > 5:
        return None
    if kf_l > 1:
        text = "below 5: weak-localization formulas are of the right size only"
    else:
        text = "not above 1, the Ioffe-Regel limit: the film is strongly disordered and these formulas do not hold"
    return Remark("ioffe_regel", f"k_F l = {kf_l:.2g} is {text}")


def beta_from_amplitude(alpha: Estimate, sheet_S: float, sheet_error_S: float = 0.0) -> MeasuredBeta:
    """Return beta = -2 alpha/(pi g) of a film from the amplitude alpha of its magnetoconductance.

    The interaction does not enter. Errors of alpha and of sigma are taken as independent.

    Parameters
    ----------
    alpha : Estimate
        +1 orthogonal, -1/2 symplectic; not determined: beta is not either, its bounds follow those of alpha.
    sheet_S, sheet_error_S : float
        sigma at B = 0 per square and its standard error [S].
    """
    g = float(_positive("sigma", sheet_S)) * H / E**2
    if not 0 <= sheet_error_S < math.inf:
        raise ValueError(
            f"beta from amplitude: error of sigma is {sheet_error_S:g} S; it must be 0 or more, and finite"
        )
    factor = -2 / (math.pi * g)
    if not alpha.determined or alpha.value is None or alpha.error is None:
        low, high = (None if end is None else factor * end for end in (alpha.upper, alpha.lower))
        return MeasuredBeta(g, Estimate("beta", "", None, None, low, high, determined=False), "amplitude")
    if not (math.isfinite(alpha.value) and 0 < alpha.error < math.inf):
        raise ValueError(f"beta from amplitude: alpha = {alpha.value:g} +- {alpha.error:g} is not usable")
    error = abs(factor) * math.hypot(alpha.error, alpha.value * sheet_error_S / sheet_S)
    return MeasuredBeta(g, _estimate(factor * alpha.value, error, g, 2), "amplitude")


def beta_from_lengths(
    l_phi_nm: Sequence[Estimate], sigma: np.ndarray, error: np.ndarray, interaction: np.ndarray, strength: Estimate,
    *, covariance: np.ndarray | None = None, dimension: int = 2,
) -> MeasuredBeta:  # fmt: skip
    """Return beta = (1/sigma) d sigma/d ln L_phi + d - 2 from sigma(T) and L_phi(T), the interaction taken out.

    Parameters
    ----------
    l_phi_nm : sequence of Estimate, length n
        One a temperature; those not determined are left out.
    sigma, error : ndarray, shape (n,)
        sigma at B = 0 and its standard error [S m^(2 - d)]; of a film per square [S].
    interaction : ndarray, shape (n,)
        The interaction correction of strength 1 [unit of sigma], of a film G0 ln T
        (`temperature.film_interaction`).
    strength : Estimate
        Its factor, of a film K_ee from sigma(T) at B >> B_phi. Its error is common to all points and is carried
        on. Not determined: then beta is not either, for the interaction is as large as localization.
    covariance : ndarray, shape (n,), optional
        Of sigma with ln L_phi [unit of sigma].
    dimension : int

    Raises
    ------
    ValueError
        Fewer than three determined lengths, or values that are not usable.
    """
    _check_dimension(dimension)
    x, dx, keep = _logarithms(l_phi_nm)
    sigma, error, interaction, both = (
        _points(name, values, keep) for name, values in
        (("sigma", sigma), ("error", error), ("interaction", interaction),
         ("covariance", np.zeros(len(keep)) if covariance is None else covariance))
    )  # fmt: skip
    g = float(_positive("sigma", sigma).mean()) * H / E**2 * _block(x, dimension)
    nothing = Estimate("beta", "", None, None, None, None, determined=False)
    if strength.value is None or not strength.determined or _all_alike(x, dx):
        return MeasuredBeta(g, nothing, "lengths", dimension)

    def slope(factor: float) -> tuple[float, float]:
        y = sigma - factor * interaction
        line = line_through(x, y, dx, error, covariance=both)
        # over the whole sigma, interaction included: the flow is of the conductance that is there
        height = float(sigma.mean())
        return line.slope / height, line.slope_error / height

    value, spread = slope(strength.value)
    step = strength.error or 0.0
    common = abs(slope(strength.value + step)[0] - slope(strength.value - step)[0]) / 2 if step else 0.0
    height_error = value * float(np.sqrt((error**2).mean() / len(x)) / sigma.mean())
    found = _estimate(value + dimension - 2, math.hypot(spread, common, height_error), g, dimension)
    return MeasuredBeta(g, found, "lengths", dimension)


def _estimate(value: float, error: float, g: float, dimension: int) -> Estimate:
    lines = [float(leading_beta(g, dimension, name)) for name in ("orthogonal", "symplectic")]
    if error > lines[1] - lines[0]:
        return Estimate("beta", "", None, None, value - 1.96 * error, value + 1.96 * error, determined=False)
    return Estimate("beta", "", value, error, value - error, value + error, determined=True)


def _logarithms(l_phi_nm: Sequence[Estimate]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keep = np.array([bool(e.determined and e.value and e.error and e.value > 0) for e in l_phi_nm], dtype=bool)
    known = [(math.log(e.value), e.error / e.value) for e, good in zip(l_phi_nm, keep, strict=True)
             if good and e.value and e.error]  # fmt: skip
    if len({x for x, _ in known}) < 3:
        raise ValueError(f"beta from lengths: {len(known)} determined L_phi; it takes three different ones or more")
    x, error = np.array(known).T
    return x, error, keep


def _points(name: str, values: np.ndarray, keep: np.ndarray) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    if array.shape != keep.shape:
        raise ValueError(f"beta from lengths: {name} has shape {array.shape}, there are {keep.size} lengths")
    if not np.isfinite(array[keep]).all():
        raise ValueError(f"beta from lengths: {name} has a value that is not finite; leave that temperature out")
    return array[keep]


def _all_alike(x: np.ndarray, error: np.ndarray) -> bool:
    weight = error**-2.0
    spread = float(weight @ (x - weight @ x / weight.sum()) ** 2)
    return bool(spread < chdtri(len(x) - 1, 0.05))


def _block(log_length_nm: np.ndarray, dimension: int) -> float:
    # g = sigma L^(d - 2): the conductance of a coherent block
    return float(np.exp(log_length_nm.mean()) * 1e-9) ** (dimension - 2)


def _positive(name: str, value: float | np.ndarray) -> np.ndarray:
    array = np.asarray(value, dtype=float)
    if not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(f"scaling: {name} = {value}; it must be above 0 and finite")
    return array


def _known(symmetry_class: str) -> str:
    if symmetry_class not in CLASSES:
        raise ValueError(f"scaling: symmetry class {symmetry_class!r}; it is one of {', '.join(CLASSES)}")
    return symmetry_class


def _check_dimension(dimension: int) -> None:
    if dimension not in (1, 2, 3):
        raise ValueError(f"scaling: dimension {dimension}; it is 1, 2 or 3")
