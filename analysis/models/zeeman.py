"""Maekawa, Fukuyama: spin-orbit scattering and Zeeman splitting, in a perpendicular and in an in-plane field.

The Zeeman energy mixes the singlet with that triplet whose spin lies along the field (`analysis.spin_pair`). It does
so by w = g mu_B B/(4 e D), so that g and D have to be known, and nothing happens without spin-orbit scattering. "dp" is
the scattering of a two-dimensional band (D'yakonov, Perel', no precession left), "iso" that of a metal film.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import numpy as np

from analysis.channels import FIELD_NM2, channel_model, thinned, trial_fields
from analysis.constants import MU_B, E
from analysis.curve import Curve
from analysis.film import diffusive_film
from analysis.in_plane import in_plane_film
from analysis.model import Model, Parameter, Remark, Starts
from analysis.sample import Sample
from analysis.special import cooperon
from analysis.spin_pair import logarithm, orbital

SOURCE = "S. Maekawa, H. Fukuyama, J. Phys. Soc. Jpn 50, 2516 (1981), doi:10.1143/JPSJ.50.2516"

L_PHI = Parameter("l_phi_nm", "nm", 1.0, 1e6, "phase coherence length sqrt(D tau_phi)")
L_SO = Parameter("l_so_nm", "nm", 1.0, 1e6, "spin-orbit length sqrt(D tau_so)", shared=True)
G_FACTOR = Parameter("g_factor", "", 1e-3, 500.0, "Lande factor, its size", known=True, shared=True, default=2.0)
DIFFUSION = Parameter(
    "diffusion_cm2_per_s", "cm2_per_s", 1e-3, 1e6, "diffusion constant D = sigma/(e^2 nu)", known=True, shared=True,
    default=1.0,
)  # fmt: skip
PARAMETERS = (L_PHI, L_SO, G_FACTOR, DIFFUSION)


def zeeman_field(field_T: np.ndarray, g_factor: float, diffusion_cm2_per_s: float) -> np.ndarray:
    """Return w = g mu_B |B|/(4 e D), the Zeeman splitting as a field [T], shape (n,)."""
    return g_factor * MU_B / (4 * E * 1e-4 * diffusion_cm2_per_s) * np.abs(field_T)


def _pair(l_phi_nm: float, l_so_nm: float, partner: float) -> tuple[float, float]:
    """Return m and h of the pair B_phi, B_phi + partner B_so [T]."""
    h = partner * FIELD_NM2 / l_so_nm**2 / 2
    return FIELD_NM2 / l_phi_nm**2 + h, h


def _by_parameters(
    m: float, h: float, by_m: np.ndarray, by_h: np.ndarray, by_w: np.ndarray, *values: float
) -> np.ndarray:
    """Return the derivative by L_phi, L_so, g and D, shape (n, 4), from those by the logarithms of m, h and w."""
    l_phi, l_so, g_factor, diffusion = values
    by_phi, by_so = by_m * (m - h) / m, by_m * h / m + by_h
    return np.stack([-2 / l_phi * by_phi, -2 / l_so * by_so, by_w / g_factor, -by_w / diffusion], axis=1)


def _perpendicular(partner: float, third: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Give F(B_phi + third B_so) and the pair B_phi, B_phi + partner B_so, which the Zeeman energy mixes."""

    def both(field_T: np.ndarray, *values: float) -> tuple[np.ndarray, np.ndarray]:
        # each |B| once: the pair costs more than the sorting
        distinct, place = np.unique(np.abs(field_T), return_inverse=True)
        value, derivative = np.zeros(distinct.size), np.zeros((distinct.size, 4))
        there = distinct > 0
        field = distinct[there]
        m, h = _pair(values[0], values[1], partner)
        w = zeeman_field(field, values[2], values[3])
        parts = [orbital(field, m, h, w), logarithm(m, h, w)]
        b = m - h + third / partner * 2 * h
        other, slope = (array[0] for array in cooperon(field, np.array([b])))
        value[there] = other + parts[0].value + parts[1].value
        by_m, by_h, by_w = (parts[0][i] + parts[1][i] for i in (1, 2, 3))
        by_h = by_h + slope * (2 * third / partner - 1) * h / b
        derivative[there] = _by_parameters(m, h, by_m + slope * m / b, by_h, by_w, *values)
        return value[place], derivative[place]

    return both


def _in_plane(partner: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Give the logarithm that the pair B_phi, B_phi + partner B_so leaves without a perpendicular field."""

    def both(field_T: np.ndarray, *values: float) -> tuple[np.ndarray, np.ndarray]:
        m, h = _pair(values[0], values[1], partner)
        part = logarithm(m, h, zeeman_field(field_T, values[2], values[3]))
        return part.value, _by_parameters(m, h, part.by_m, part.by_h, part.by_w, *values)

    return both


def _known_of(held: Mapping[str, float]) -> dict[str, float]:
    """Return g and D as held; what is not held was given a start, which takes the place of the default here."""
    return {p.name: held.get(p.name, p.default or 1.0) for p in (G_FACTOR, DIFFUSION)}


def _perpendicular_guess(partner: float, third: float) -> Callable[[Curve, Mapping[str, float]], Starts]:
    """Start from where the curve without Zeeman splitting fits."""
    plain = channel_model(
        name="plain", title="", source="", parameters=(L_PHI, L_SO),
        weights=(1.0, 0.5, -0.5), rates=((1, third), (1, partner), (1, 0)),
    )  # fmt: skip

    def guess(curve: Curve, held: Mapping[str, float]) -> Starts:
        known = _known_of(held)
        own = {name: held[name] for name in plain.names if name in held}
        return tuple({**start, **known} for start in plain.guess(curve, own))

    return guess


def _in_plane_guess(partner: float) -> Callable[[Curve, Mapping[str, float]], Starts]:
    both = _in_plane(partner)

    def guess(curve: Curve, held: Mapping[str, float]) -> Starts:
        """Try both lengths on a grid."""
        field, dsigma = thinned(curve)
        known = _known_of(held)
        grid = np.sqrt(FIELD_NM2 / trial_fields(zeeman_field(field, *known.values())))
        grid = np.clip(grid, L_PHI.lower, L_PHI.upper).tolist()
        axes = ([held[name]] if name in held else grid for name in ("l_phi_nm", "l_so_nm"))
        tried = list(itertools.product(*axes))
        misfit = [float((both(field, *pair, *known.values())[0] - dsigma).var()) for pair in tried]
        best = np.argsort(misfit, kind="stable")[:3]
        return tuple({"l_phi_nm": tried[at][0], "l_so_nm": tried[at][1], **known} for at in best)

    return guess


def _assumed(values: Mapping[str, float]) -> list[Remark]:
    if values["diffusion_cm2_per_s"] != DIFFUSION.default:
        return []
    text = f"D is taken as {DIFFUSION.default:g} cm^2/s; hold diffusion_cm2_per_s at the film's own"
    return [Remark("assumed", text)]


def _perpendicular_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    remarks = diffusive_film(values["l_phi_nm"], curve, sample) + _assumed(values)
    b_so, b_max = FIELD_NM2 / values["l_so_nm"] ** 2, np.abs(curve.field_T).max()
    w = zeeman_field(b_max, values["g_factor"], values["diffusion_cm2_per_s"])
    if w < 0.05 * b_so:
        text = f"at {b_max:.3g} T the Zeeman splitting is {w:.2g} T, {w / b_so:.2g} of B_so: the curve hardly shows it"
        remarks.append(Remark("small_zeeman", text))
    return remarks


def _perpendicular_out_of_reach(values: Mapping[str, float], curve: Curve) -> dict[str, str]:
    """Name L_so outside 0.3 B_phi < B_so < B_max, where a curve holds a bound on one side only."""
    b_phi, b_so = (FIELD_NM2 / values[name] ** 2 for name in ("l_phi_nm", "l_so_nm"))
    if b_so < 0.3 * b_phi:
        return {"l_so_nm": "lower"}
    return {"l_so_nm": "upper"} if b_so > np.abs(curve.field_T).max() else {}


def _in_plane_validity(values: Mapping[str, float], curve: Curve, sample: Sample) -> list[Remark]:
    def rate(field_T: np.ndarray) -> np.ndarray:
        return zeeman_field(field_T, values["g_factor"], values["diffusion_cm2_per_s"])

    remarks = in_plane_film(values["l_phi_nm"], rate, curve, sample) + _assumed(values)
    text = (
        f"B_so = {FIELD_NM2 / values['l_so_nm'] ** 2:.3g} T: linear-in-k spin precession is not in this formula, and "
        "the orbital effect of the in-plane field is another model"
    )
    return [*remarks, Remark("zeeman_only", text)]


def _perpendicular_model(name: str, title: str, partner: float, third: float) -> Model:
    return Model(
        name=name,
        title=f"{title}, Zeeman splitting, perpendicular field: F(B_phi + {third:.3g} B_so) and mixed singlet, triplet",
        source=SOURCE,
        parameters=PARAMETERS,
        both=_perpendicular(partner, third),
        guess=_perpendicular_guess(partner, third),
        validity=_perpendicular_validity,
        out_of_reach=_perpendicular_out_of_reach,
    )


def _in_plane_model(name: str, title: str, partner: float) -> Model:
    return Model(
        name=name,
        title=f"{title}, Zeeman splitting by an in-plane field: singlet mixed with triplet B_phi + {partner:.3g} B_so",
        source=SOURCE,
        parameters=PARAMETERS,
        both=_in_plane(partner),
        guess=_in_plane_guess(partner),
        validity=_in_plane_validity,
    )


MAEKAWA_FUKUYAMA_DP = _perpendicular_model("maekawa_fukuyama_dp", "two-dimensional band", partner=2.0, third=1.0)
MAEKAWA_FUKUYAMA_ISO = _perpendicular_model("maekawa_fukuyama_iso", "metal film", partner=4 / 3, third=4 / 3)
INPLANE_ZEEMAN_DP = _in_plane_model("inplane_zeeman_dp", "two-dimensional band", partner=1.0)
INPLANE_ZEEMAN_ISO = _in_plane_model("inplane_zeeman_iso", "metal film", partner=4 / 3)
