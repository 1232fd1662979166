"""Conducting channels side by side: two or three independent ones, or two exchanging electrons coherently.

The surfaces of a topological insulator, a surface and the bulk below it, the wells of a double well. N equal
independent channels give N times the curve of one: that is the model `hln` with alpha = N alpha_1, and no curve says
more of them. Two unequal ones give two terms, and so do two coupled ones: a single curve cannot tell which it is,
and says so in a remark.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis.channels import FIELD_NM2, channel_model, thinned, trial_fields
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.model import Model, Parameter, Remark, Starts
from analysis.sample import Sample
from analysis.special import cooperon

_STARTS = 2  # of a guess

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length of the channel that keeps its phase longer")
L_EXTRA = Parameter(
    "l_extra_nm", "nm", 1.0, 1e6,
    "length of what dephases the second channel more than the first: 1/L_phi2^2 = 1/L_phi^2 + 1/L_extra^2",
)  # fmt: skip
ALPHA_1 = Parameter(
    "alpha_1", "", -5.0, 5.0, "prefactor of the first channel: +1 orthogonal, -1/2 symplectic, times their number",
    log=False, known=True, shared=True, default=-0.5,
)  # fmt: skip
ALPHA_2 = Parameter(
    "alpha_2", "", -5.0, 5.0, "prefactor of the second channel, counted in the same way",
    log=False, known=True, shared=True, default=-0.5,
)  # fmt: skip


def _independent(
    field_T: np.ndarray, l_phi_nm: float, l_extra_nm: float, alpha_1: float, alpha_2: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give delta sigma = alpha_1 F(B, B_phi) + alpha_2 F(B, B_phi + B_extra) and its derivative."""
    b_phi, b_extra = FIELD_NM2 / l_phi_nm**2, FIELD_NM2 / l_extra_nm**2
    value, slope = cooperon(field_T, np.array([b_phi, b_phi + b_extra]))
    second = alpha_2 * slope[1] / (b_phi + b_extra)
    derivative = np.stack(
        [
            (alpha_1 * slope[0] + second * b_phi) * (-2 / l_phi_nm),
            second * b_extra * (-2 / l_extra_nm),
            value[0],
            value[1],
        ],
        axis=1,
    )
    return alpha_1 * value[0] + alpha_2 * value[1], derivative


def _independent_guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Try both fields on a grid, at the prefactors held; those that are not, by linear regression."""
    field, dsigma = thinned(curve)
    grid = trial_fields(field)
    axes = (_axis(held, name, grid) for name in ("l_phi_nm", "l_extra_nm"))
    tried = list(itertools.product(*axes))
    b_phi, b_extra = np.array(tried).T
    known = [held.get(p.name, np.nan) for p in (ALPHA_1, ALPHA_2)]
    shapes = _shapes(field, b_phi, b_phi + b_extra)
    alphas = [_regression(pair, dsigma - dsigma.mean(), known) for pair in shapes]
    left = dsigma - np.einsum("mi,min->mn", alphas, shapes)
    best = np.argsort(left.var(axis=1), kind="stable")[:_STARTS]
    lengths = [tuple(map(_length, tried[at])) for at in best]
    return tuple(
        dict(zip(TWO_CHANNELS.names, (*pair, *alphas[at]), strict=True)) for at, pair in zip(best, lengths, strict=True)
    )


def _regression(shapes: np.ndarray, dsigma: np.ndarray, known: list[float]) -> list[float]:
    """Return the prefactors of two shapes, those not known (NaN) chosen for the least squares."""
    alphas = np.array(known)
    free = np.isnan(alphas)
    if free.any():
        alphas[free] = np.linalg.lstsq(shapes[free].T, dsigma - alphas[~free] @ shapes[~free], rcond=1e-4)[0]
    return np.clip(alphas, ALPHA_1.lower, ALPHA_1.upper).tolist()


def _shapes(field: np.ndarray, b_1: np.ndarray, b_2: np.ndarray) -> np.ndarray:
    """Return F of both fields of m pairs, the mean out, shape (m, 2, n)."""
    distinct, place = np.unique(np.stack([b_1, b_2], axis=1), return_inverse=True)
    value = cooperon(field, distinct)[0]
    return (value - value.mean(axis=1, keepdims=True))[place.reshape(-1, 2)]


def _axis(held: Mapping[str, float], name: str, grid: np.ndarray) -> np.ndarray:
    return np.array([FIELD_NM2 / held[name] ** 2]) if name in held else grid


def _length(b_T: float) -> float:
    return float((FIELD_NM2 / b_T) ** 0.5)


def _independent_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = diffusive_film(values["l_phi_nm"], curve, sample)
    b_phi, b_extra = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_extra_nm"))
    text = f"the second channel's L_phi is {_length(b_phi + b_extra):.3g} nm"
    if values["alpha_1"] == values["alpha_2"]:
        text += (
            f"; two equal channels of L_phi = {values['l_phi_nm']:.3g} nm that exchange electrons over "
            f"L_t = {values['l_extra_nm'] * 2**0.5:.3g} nm have the same curve: a gate or the temperature tells"
        )
    return [*remarks, Remark("second_channel", text)]


def _independent_out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Channels nearly equal give a bound from below, a second one broader than the sweep a bound from above."""
    b_phi, b_extra = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_extra_nm"))
    if b_extra < 0.1 * b_phi:
        return {"l_extra_nm": "lower"}
    return {"l_extra_nm": "upper"} if b_extra > 3 * np.abs(curve.field_T).max() else {}


TWO_CHANNELS = Model(
    name="two_channels",
    title="two independent channels: alpha_1 F(B_phi) + alpha_2 F(B_phi + B_extra)",
    source="S. Hikami, A. I. Larkin, Y. Nagaoka, Prog. Theor. Phys. 63, 707 (1980), doi:10.1143/PTP.63.707",
    parameters=(L_PHI, L_EXTRA, ALPHA_1, ALPHA_2),
    both=_independent,
    guess=_independent_guess,
    validity=_independent_validity,
    out_of_reach=_independent_out_of_reach,
)
"""The two lengths are ordered, because the same two channels the other way round are the same curve. With a
prefactor free as well (give it a `start`), a curve hardly determines all of them."""


L_PHI_FIRST = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length of the first channel")
L_T = Parameter(
    "l_t_nm", "nm", 1.0, 1e6,
    "length sqrt(D_1 tau_12) over which an electron of the first channel diffuses before it changes over", shared=True,
)  # fmt: skip
L_PHI_RATIO = Parameter(
    "l_phi_ratio", "", 1e-3, 1e3, "phase coherence length of the second channel over that of the first",
    known=True, default=1.0,
)  # fmt: skip
SIGMA_RATIO = Parameter(
    "sigma_ratio", "", 1e-3, 1e3, "conductivity of the first channel over that of the second",
    known=True, shared=True, default=1.0,
)  # fmt: skip
ALPHA = Parameter(
    "alpha", "", -5.0, 5.0, "prefactor of each channel alone: +1 orthogonal, -1/2 symplectic",
    log=False, known=True, shared=True, prefactor=True, default=-0.5,
)  # fmt: skip


def eigenfields(b_phi_1: float, b_phi_2: float, b_t_1: float, b_t_2: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the two dephasing fields of two coupled channels, and their derivatives.

    Parameters
    ----------
    b_phi_1, b_phi_2 : float
        Dephasing fields of the channels alone [T].
    b_t_1, b_t_2 : float
        hbar/(4 e D_i tau_ij) of changing over from each to the other [T].

    Returns
    -------
    fields : ndarray, shape (2,)
        Larger and smaller eigenvalue of [[B_phi1 + B_t1, -sqrt(B_t1 B_t2)], [-sqrt(B_t1 B_t2), B_phi2 + B_t2]] [T].
    derivative : ndarray, shape (2, 4)
        By the four arguments.
    """
    a, d = b_phi_1 + b_t_1, b_phi_2 + b_t_2
    spread = np.hypot(a - d, 2 * np.sqrt(b_t_1 * b_t_2))
    upper = (a + d + spread) / 2
    # the determinant without the terms that cancel: the smaller one keeps all its digits however strong the coupling
    lower = (b_phi_1 * b_phi_2 + b_phi_1 * b_t_2 + b_phi_2 * b_t_1) / upper
    tilt = (a - d) / spread
    rise = np.array([1 + tilt, 1 - tilt, 1 + tilt + 2 * b_t_2 / spread, 1 - tilt + 2 * b_t_1 / spread]) / 2
    determinant = np.array([b_phi_2 + b_t_2, b_phi_1 + b_t_1, b_phi_2, b_phi_1])
    return np.array([upper, lower]), np.stack([rise, (determinant - lower * rise) / upper])


def _coupled_fields(
    l_phi_nm: float, l_t_nm: float, l_phi_ratio: float, sigma_ratio: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the two eigenfields and their derivatives by the four parameters, shape (2, 4).

    Detailed balance, nu_1/tau_12 = nu_2/tau_21, makes B_t2/B_t1 = D_1 nu_1/(D_2 nu_2): the ratio of conductivities.
    """
    b_phi, b_t = FIELD_NM2 / l_phi_nm**2, FIELD_NM2 / l_t_nm**2
    b_phi_2, b_t_2 = b_phi / l_phi_ratio**2, b_t * sigma_ratio
    fields, slope = eigenfields(b_phi, b_phi_2, b_t, b_t_2)
    by_phi, by_t = slope[:, 0] * b_phi + slope[:, 1] * b_phi_2, slope[:, 2] * b_t + slope[:, 3] * b_t_2
    columns = (by_phi * (-2 / l_phi_nm), by_t * (-2 / l_t_nm), slope[:, 1] * b_phi_2 * (-2 / l_phi_ratio))
    return fields, np.stack([*columns, slope[:, 3] * b_t], axis=1)


def _coupled(
    field_T: np.ndarray, l_phi_nm: float, l_t_nm: float, l_phi_ratio: float, sigma_ratio: float, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give delta sigma = alpha [F(B, lambda_+) + F(B, lambda_-)] and its derivative."""
    fields, jacobian = _coupled_fields(l_phi_nm, l_t_nm, l_phi_ratio, sigma_ratio)
    value, slope = cooperon(field_T, fields)
    total = value.sum(axis=0)
    return alpha * total, np.column_stack([alpha * (slope / fields[:, np.newaxis]).T @ jacobian, total])


def _coupled_guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    """Try both lengths on a grid, the rest at what is held or at its default."""
    # what is not held was given a start, which takes the place of the default here
    ratios = {p.name: held.get(p.name, p.default or 1.0) for p in (L_PHI_RATIO, SIGMA_RATIO, ALPHA)}
    grid = trial_fields(thinned(curve)[0])
    axes = (_axis(held, name, grid) for name in ("l_phi_nm", "l_t_nm"))
    tried = [(_length(b_phi), _length(b_t)) for b_phi, b_t in itertools.product(*axes)]
    fields = [_coupled_fields(l_phi, l_t, ratios["l_phi_ratio"], ratios["sigma_ratio"])[0] for l_phi, l_t in tried]
    field, dsigma = thinned(curve)
    left = dsigma - ratios["alpha"] * _shapes(field, *np.array(fields).T).sum(axis=1)
    best = np.argsort(left.var(axis=1), kind="stable")[:_STARTS]
    return tuple({"l_phi_nm": tried[at][0], "l_t_nm": tried[at][1], **ratios} for at in best)


def _coupled_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = diffusive_film(values["l_phi_nm"], curve, sample)
    fields = _coupled_fields(*(values[p.name] for p in (L_PHI_FIRST, L_T, L_PHI_RATIO, SIGMA_RATIO)))[0]
    short, long = _length(fields[0]), _length(fields[1])
    text = (
        f"two independent channels of L_phi = {long:.3g} nm and {short:.3g} nm have the same curve as these coupled "
        "ones: a gate or the temperature tells"
    )
    return [*remarks, Remark("second_channel", text)]


def _coupled_out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Weak coupling gives a bound from below on the length, coupling beyond the sweep one from above."""
    b_phi, b_t = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_t_nm"))
    if b_t < 0.05 * b_phi:
        return {"l_t_nm": "lower"}
    return {"l_t_nm": "upper"} if b_t > 1.5 * np.abs(curve.field_T).max() else {}


COUPLED_CHANNELS = Model(
    name="coupled_channels",
    title="two coherently coupled channels: alpha [F(lambda_+) + F(lambda_-)]",
    source="O. E. Raichev, P. Vasilopoulos, J. Phys.: Condens. Matter 12, 589 (2000); surfaces of topological "
    "insulators: I. Garate, L. Glazman, Phys. Rev. B 86, 035422 (2012), doi:10.1103/PhysRevB.86.035422",
    parameters=(L_PHI_FIRST, L_T, L_PHI_RATIO, SIGMA_RATIO, ALPHA),
    both=_coupled,
    guess=_coupled_guess,
    validity=_coupled_validity,
    out_of_reach=_coupled_out_of_reach,
)
"""Equal channels as in the source (lambda = B_phi, B_phi + 2 B_t); unequal ones from the same diffusion equation,
checked in its limits. The curve holds two numbers, so that the ratios of the channels have to be known."""


_SUM = channel_model(
    name="three_channels",
    title="three independent channels: alpha [F(B_phi) + F(B_phi + B_extra) + F(B_phi + B_extra + B_more)]",
    source=TWO_CHANNELS.source,
    parameters=(
        replace(L_PHI, meaning="phase coherence length of the channel that keeps its phase longest"),
        L_EXTRA,
        replace(
            L_EXTRA, name="l_more_nm", meaning="length of what dephases the third channel more than the second one"
        ),
    ),
    weights=(1.0, 1.0, 1.0),
    rates=((1, 0, 0), (1, 1, 0), (1, 1, 1)),
)


def _three(field_T: np.ndarray, *parameters: float) -> tuple[np.ndarray, np.ndarray]:
    """Give alpha [F(B_1) + F(B_2) + F(B_3)] and its derivative by the three lengths and alpha."""
    *lengths, alpha = parameters
    value, derivative = _SUM.both(field_T, *lengths)
    return alpha * value, np.column_stack([alpha * derivative, value])


def _three_guess(curve: Curve, held: Mapping[str, float]) -> Starts:
    alpha = held.get("alpha", ALPHA.default or 1.0)
    starts = _SUM.guess(Curve(curve.field_T, curve.dsigma / alpha), held)
    return tuple({**start, "alpha": alpha} for start in starts)


def _three_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    b = np.cumsum([FIELD_NM2 / values[name] ** 2 for name in _SUM.names])
    second, third = (_length(float(field)) for field in b[1:])
    text = f"the other channels' L_phi are {second:.3g} and {third:.3g} nm: three lengths of one curve"
    return [
        *diffusive_film(values["l_phi_nm"], curve, sample),
        Remark("second_channel", f"{text}; try `two_channels` and compare"),
    ]


THREE_CHANNELS = replace(
    _SUM, parameters=(*_SUM.parameters, ALPHA), both=_three, guess=_three_guess, validity=_three_validity
)
"""The lengths are ordered, as those of two channels. It takes a wide sweep and little noise to tell three."""
