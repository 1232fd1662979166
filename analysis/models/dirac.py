"""Lu, Shi, Shen: a surface state whose Dirac cone has a gap, between antilocalization and localization.

A gap 2 M turns the Berry phase of an orbit away from pi. With the Fermi energy E_F from the middle of the gap and
cos T = M/E_F, delta sigma = alpha_1 F(B, B_phi + B_1) + alpha_0 F(B, B_phi + B_0).

Prefactors and fields are derived again, from the Cooperon ladder and the boxes that turn a velocity round, and a test
has them from spinors on a ring of angles. The alpha_1 that is remembered from the paper is UNVERIFIED: it differs
at order (M/E_F)^2, up to a factor of 2. Both are here, as two models, and each says so to its user. alpha_0, B_0, B_1
and the limits of alpha_1 are the same in both. With both prefactors free the two terms are the model `two_channels`,
given a start for its alpha_1 and alpha_2.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np

from analysis.channels import FIELD_NM2, thinned, trial_fields
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.model import Model, Parameter, Remark, Starts
from analysis.sample import Sample
from analysis.special import cooperon

SOURCE = (
    "H.-Z. Lu, J. Shi, S.-Q. Shen, Phys. Rev. Lett. 107, 076801 (2011), doi:10.1103/PhysRevLett.107.076801; "
    "small gap: G. Tkachov, E. M. Hankiewicz, Phys. Rev. B 84, 035444 (2011), doi:10.1103/PhysRevB.84.035444"
)

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
L_GAP = Parameter(
    "l_gap_nm", "nm", 1.0, 1e6,
    "length L_e hbar v k_F/M that a small gap leaves to antilocalization, B_1 = hbar/(4 e L_gap^2); M/E_F = "
    "(1 + L_gap^2/L_e^2)^(-1/2)", shared=True,
)  # fmt: skip
L_E = Parameter(
    "l_e_nm", "nm", 1e-3, 1e5, "elastic length v tau/sqrt(2), tau the time between collisions, half the transport time",
    known=True, shared=True, default=20.0,
)  # fmt: skip


def weights_and_rates(cos_theta: float, published: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the prefactors and rates of the two terms, and their derivatives by cos T.

    Parameters
    ----------
    cos_theta : float
        M/E_F, above 0 and below 1.
    published : bool
        Take alpha_1 = -a^4 b^4/(S W), remembered from the paper, instead of -a^4 b^4/(2 W^2), derived again.

    Returns
    -------
    numbers, derivative : ndarray, shape (4,)
        alpha_1, alpha_0, B_1/B_e and B_0/B_e, with B_e = hbar/(4 e L_e^2). a^2, b^2 = (1 +- cos T)/2,
        S = a^4 + b^4, W = S - a^2 b^2.
    """
    c = cos_theta
    p, s, w = (1 - c * c) / 4, (1 + c * c) / 2, (1 + 3 * c * c) / 4
    dp, ds, dw = -c / 2 / p, c / s, 1.5 * c / w  # of the logarithms of a^2 b^2, S, W
    alpha_1, slope_1 = (-p * p / (s * w), 2 * dp - ds - dw) if published else (-p * p / (2 * w * w), 2 * dp - 2 * dw)
    alpha_0, slope_0 = s * c * c / (2 * w * w), ds + 2 / c - 2 * dw
    rate_1, fall_1 = p * c * c / s**2, dp + 2 / c - 2 * ds
    rate_0, fall_0 = ((1 - c) / (1 + c)) ** 2 * c * c / w, -1 / p + 2 / c - dw
    numbers = np.array([alpha_1, alpha_0, rate_1, rate_0])
    return numbers, numbers * np.array([slope_1, slope_0, fall_1, fall_0])


def cos_theta(l_gap_nm: float, l_e_nm: float) -> float:
    """Return M/E_F of a gap."""
    return l_e_nm / float(np.hypot(l_gap_nm, l_e_nm))


def _both(published: bool) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    def both(field_T: np.ndarray, l_phi_nm: float, l_gap_nm: float, l_e_nm: float) -> tuple[np.ndarray, np.ndarray]:
        numbers, by_cos = weights_and_rates(cos_theta(l_gap_nm, l_e_nm), published)
        b_phi, b_e = FIELD_NM2 / l_phi_nm**2, FIELD_NM2 / l_e_nm**2
        alpha, b = numbers[:2], b_phi + numbers[2:] * b_e
        value, slope = cooperon(field_T, b)
        by_field = alpha[:, np.newaxis] * slope / b[:, np.newaxis]
        by_angle = by_cos[:2] @ value + (by_cos[2:] * b_e) @ by_field
        cubed = float(np.hypot(l_gap_nm, l_e_nm)) ** 3
        columns = (
            by_field.sum(axis=0) * (-2 * b_phi / l_phi_nm),
            by_angle * (-l_e_nm * l_gap_nm / cubed),
            by_angle * (l_gap_nm**2 / cubed) + (numbers[2:] * b_e) @ by_field * (-2 / l_e_nm),
        )
        return alpha @ value, np.stack(columns, axis=1)

    return both


def _guess(published: bool) -> Callable[[Curve, Mapping[str, float]], Starts]:
    def guess(curve: Curve, held: Mapping[str, float]) -> Starts:
        """Try both lengths on a grid."""
        field, dsigma = thinned(curve)
        l_e = held.get("l_e_nm", L_E.default or 1.0)
        grid = np.sqrt(FIELD_NM2 / trial_fields(field)).tolist()
        axes = ([held[name]] if name in held else grid for name in ("l_phi_nm", "l_gap_nm"))
        tried = list(itertools.product(*axes))
        numbers = np.array([weights_and_rates(cos_theta(l_gap, l_e), published)[0] for _, l_gap in tried])
        b_phi = FIELD_NM2 / np.array([l_phi for l_phi, _ in tried]) ** 2
        b = b_phi[:, np.newaxis] + numbers[:, 2:] * FIELD_NM2 / l_e**2
        value = cooperon(field, b.ravel())[0].reshape(len(tried), 2, -1)
        misfit = ((numbers[:, :2, np.newaxis] * value).sum(axis=1) - dsigma).var(axis=1)
        best = np.argsort(misfit, kind="stable")[:3]
        return tuple({"l_phi_nm": tried[at][0], "l_gap_nm": tried[at][1], "l_e_nm": l_e} for at in best)

    return guess


def _known(sample: Sample) -> dict[str, float]:
    """Take v tau/sqrt(2) from the transport mean free path, 2 v tau while the gap is small."""
    if sample.mean_free_path_nm is None:
        return {}
    return {"l_e_nm": sample.mean_free_path_nm / 8**0.5}


def _validity(published: bool) -> Callable[[Mapping[str, float], Curve, Sample], list[Remark]]:
    def validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
        remarks = diffusive_film(values["l_phi_nm"], curve, sample)
        if sample.mean_free_path_nm is None and values["l_e_nm"] == L_E.default:
            text = f"the mean free path is not given: L_e = {L_E.default:.3g} nm is assumed; M/E_F depends on it"
            remarks.append(Remark("assumed", text))
        c = cos_theta(values["l_gap_nm"], values["l_e_nm"])
        remembered, derived = (weights_and_rates(c, form)[0][0] for form in (True, False))
        text = (
            f"M/E_F = {c:.3g}; alpha_1 is {derived:.3g} as derived here and {remembered:.3g} in the form remembered "
            "from the paper (UNVERIFIED)"
        )
        other = "massive_dirac, which has the derived one" if published else "massive_dirac_published to compare"
        return [*remarks, Remark("unverified" if published else "alpha_1", f"{text}: fit {other}, or two_channels")]

    return validity


def _out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Name the gap if its field is far below B_phi and does not show."""
    return {"l_gap_nm": "lower"} if values["l_gap_nm"] > 3 * values["l_phi_nm"] else {}


def _massive_dirac(name: str, form: str, published: bool) -> Model:
    return Model(
        name=name,
        title=f"Dirac cone with a gap: alpha_1 F(B_phi + B_1) + alpha_0 F(B_phi + B_0), alpha_1 {form}",
        source=SOURCE,
        parameters=(L_PHI, L_GAP, L_E),
        both=_both(published),
        guess=_guess(published),
        validity=_validity(published),
        known=_known,
        out_of_reach=_out_of_reach,
    )


MASSIVE_DIRAC = _massive_dirac("massive_dirac", "derived again", published=False)
"""alpha_1 = -a^4 b^4/(2 W^2), derived."""

MASSIVE_DIRAC_PUBLISHED = _massive_dirac("massive_dirac_published", "as remembered (UNVERIFIED)", published=True)
"""alpha_1 = -a^4 b^4/(S W), as the paper is remembered. UNVERIFIED."""
