"""The simulated film: its sheet resistivity tensor, with the quantum correction summed over Cooperon levels.

Nothing here is a formula that `analysis` fits. Each Landau level of the Cooperon is a 4 x 4 matrix in the spins of
the two time-reversed electrons; the levels are summed and traced by machine. Conventions: G0 = e^2/(pi h), a rate
1/tau is quoted as the field hbar/(4 e D tau) [T], a positive change of the conductance is weak localization.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy import constants

E, H, HBAR, KB = constants.e, constants.h, constants.hbar, constants.k
MU_B, ELECTRON_MASS = constants.physical_constants["Bohr magneton"][0], constants.m_e
G0 = E**2 / (math.pi * H)
"""Unit of the quantum correction, e^2/(pi h) [S]."""
LARGEST_RESISTANCE_OHM = H / (4 * E**2)

EXPLICIT_LEVELS = 12
HIGHEST_LEVEL = 1e5
"""Where the sum over levels ends [B_tr]; the rest is below 1e-10 G0."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(56)
_ONE = np.eye(4)
_PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_FIRST = np.array([np.kron(s, np.eye(2)) for s in _PAULI])
_SECOND = np.array([np.kron(np.eye(2), s) for s in _PAULI])
_SPIN_ORBIT = sum(_ONE + s1 @ s2 for s1, s2 in zip(_FIRST, _SECOND, strict=True)) / 3
_ZEEMAN = 1j * (_FIRST[2] - _SECOND[2]) / 2
_SWAP = (_ONE + sum(s1 @ s2 for s1, s2 in zip(_FIRST, _SECOND, strict=True))) / 2
"""Exchanges the two spins: +1 on each triplet, -1 on the singlet."""


def cooperon_correction(field_T: float, b_phi_T: float, b_so_T: float, b_zeeman_T: float, b_tr_T: float) -> float:
    r"""Return the quantum correction of the sheet conductance, cut-off included [G0].

    .. math:: \delta\sigma/G_0 = -b \sum_n \tfrac12 \mathrm{Tr}\, X P_n^3 (1-P_n)^{-1},
              \quad P_n = [1 + \Gamma + b (n + 1/2)]^{-1},

    with b = B/B_tr and X the exchange of the two spins, which weighs the triplets by 3/2 and the singlet by -1/2.
    P^3/(1-P) are the closed paths with three scatterers or more, so that the sum converges by itself at B_tr. The
    rates (in units of B_tr, with s the Pauli matrices of the retarded and the advanced electron) are

    .. math:: \Gamma B_{tr} = B_\phi + \tfrac{B_{so}}{3} \sum_i (1 + s_{1i} s_{2i}) + \tfrac{i}{2} w (s_{1z} - s_{2z}).

    The first levels are summed one by one, the others by the Euler-Maclaurin midpoint formula, whose integral runs over
    a continuum of the same matrices. At B = 0 only the integral is left. Numerical error below 1e-8.
    The matrices are inverted, never diagonalised: at w = (2/3) B_so they have no full set of eigenvectors.

    Parameters
    ----------
    field_T : float
        Perpendicular field B [T].
    b_phi_T, b_so_T : float
        Dephasing (> 0) and spin-orbit scattering (isotropic, triplet gap 4/3 B_so) as fields [T].
    b_zeeman_T : float
        Zeeman splitting w = g mu_B B/(4 e D) as a field [T].
    b_tr_T : float
        hbar/(4 e D tau) [T].

    Notes
    -----
    Spin structure: Hikami, Larkin, Nagaoka, Prog. Theor. Phys. 63, 707 (1980), doi:10.1143/PTP.63.707; Zeeman term:
    Maekawa, Fukuyama, J. Phys. Soc. Jpn. 50, 2516 (1981), doi:10.1143/JPSJ.50.2516.
    """
    b = abs(field_T) / b_tr_T
    gap = b_phi_T / b_tr_T
    rates = (b_phi_T * _ONE + b_so_T * _SPIN_ORBIT + b_zeeman_T * _ZEEMAN) / b_tr_T
    edge = b * EXPLICIT_LEVELS
    lower, upper = math.log(edge + gap), math.log(HIGHEST_LEVEL)
    shifted = np.exp(lower + (upper - lower) / 2 * (1 + _NODES))  # continuum of levels, even in the logarithm
    energies = np.concatenate([b * (np.arange(EXPLICIT_LEVELS) + 0.5), shifted - gap])
    weights = np.concatenate([np.full(EXPLICIT_LEVELS, b), shifted * _WEIGHTS * (upper - lower) / 2])
    loops = np.tensordot(weights, _loops(rates, energies), 1) + _midpoint_terms(rates + edge * _ONE, b)
    return -0.5 * float(np.trace(_SWAP @ loops).real)


def _loops(rates: NDArray, energies: NDArray) -> NDArray:
    """Return P^3/(1-P) = 1/(u (1+u)^2), u = rates + energy, for each level; shape (n, 4, 4)."""
    u = rates + energies[:, None, None] * _ONE
    return np.linalg.inv(u + 2 * (squared := u @ u) + squared @ u)


def _midpoint_terms(u: NDArray, b: float) -> NDArray:
    """Return b^2 f'/24 - 7 b^4 f'''/5760 of f = 1/(u (1+u)^2) = 1/u - 1/(1+u) - 1/(1+u)^2."""
    r, s = np.linalg.inv(u), np.linalg.inv(_ONE + u)
    r2, s2 = r @ r, s @ s
    first = -r2 + s2 + 2 * s2 @ s
    third = -6 * r2 @ r2 + 6 * s2 @ s2 + 24 * s2 @ s2 @ s
    return b**2 / 24 * first - 7 * b**4 / 5760 * third


class Truth(TypedDict):
    """What a fit should find: lengths [nm], L_e = sqrt(D tau) among them, and the symmetry class."""

    l_phi_nm: float
    l_so_nm: float
    l_e_nm: float
    symmetry_class: str


@dataclass(frozen=True)
class FilmSettings:
    """A thin film of a degenerate metal; the defaults are the film of the demo.

    Antilocalization at 1.5 K (L_phi = 430 nm) turns into localization at 25 K (L_phi = 60 nm).

    Attributes
    ----------
    sheet_resistance_ohm : float
        Drude (classical) sheet resistance [ohm]; the quantum corrections come on top of it.
    thickness_nm, width_um : float
        Thickness [nm] and width of the bar [um]; the thickness is more than the mean free path, less than L_phi.
    carrier_density_per_m3, mass_me : float
        Density [1/m^3] and effective mass [electron masses] of the electrons.
    g_factor : float
        Of the Zeeman term.
    l_so_nm : float
        Spin-orbit length sqrt(D tau_so) [nm], at all temperatures.
    tau_0_ns : float
        Dephasing time that is left at T = 0 [ns].
    phonon_rate_per_s_K3 : float
        Dephasing rate by phonons over T^3 [1/(s K^3)].
    interaction : float
        K_ee of the interaction term K_ee G0 ln T.
    kohler : float
        Classical magnetoresistance over (mu B)^2.
    phonon_cooling_W_per_m3_K5 : float
        Sigma: the electrons give Sigma (T_e^5 - T^5) per volume to the phonons [W/(m^3 K^5)].
    """

    sheet_resistance_ohm: float = 500.0
    thickness_nm: float = 8.0
    width_um: float = 20.0
    carrier_density_per_m3: float = 5.3e26
    mass_me: float = 0.2
    g_factor: float = 2.0
    l_so_nm: float = 110.0
    tau_0_ns: float = 2.0
    phonon_rate_per_s_K3: float = 2.9e7
    interaction: float = 0.8
    kohler: float = 1.0
    phonon_cooling_W_per_m3_K5: float = 2e9

    def __post_init__(self) -> None:
        may_be_zero = {"g_factor", "phonon_rate_per_s_K3", "interaction", "kohler"}
        may_be_infinite = {"l_so_nm", "tau_0_ns"}
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            above = value >= 0 if name in may_be_zero else value > 0
            if not (above and (math.isfinite(value) or name in may_be_infinite)):
                raise ValueError(f"film: {name} = {value}: must be positive and finite; correct the settings")
        if self.sheet_resistance_ohm > LARGEST_RESISTANCE_OHM:
            raise ValueError(
                f"film: sheet_resistance_ohm = {self.sheet_resistance_ohm:g}: above h/4e^2 = "
                f"{LARGEST_RESISTANCE_OHM:.0f} ohm it localizes strongly, which is not simulated; give a smaller one"
            )


class Film:
    """The film: carriers (electrons), lengths and the resistivity tensor.

    Mean free path and diffusion constant follow from resistance, density and mass in the free-electron way, with
    three-dimensional motion (l < thickness): sigma = e^2 k_F^2 l/(3 pi^2 hbar), D = v_F l/3.

    Attributes
    ----------
    mean_free_path_m, diffusion_m2_per_s, mobility_m2_per_Vs, kf_l : float
        l [m], D [m^2/s], mu = e tau/m [m^2/(V s)] and k_F l.
    b_tr_T, b_so_T : float
        Elastic and spin-orbit scattering as fields [T].
    """

    __slots__ = (
        "settings", "mean_free_path_m", "diffusion_m2_per_s", "mobility_m2_per_Vs", "kf_l", "b_tr_T", "b_so_T",
        "_tau_s", "_correction",
    )  # fmt: skip

    def __init__(self, settings: FilmSettings | None = None) -> None:
        self.settings = s = settings or FilmSettings()
        fermi_per_m = (3 * math.pi**2 * s.carrier_density_per_m3) ** (1 / 3)
        sigma_S_per_m = 1 / (s.sheet_resistance_ohm * s.thickness_nm * 1e-9)
        velocity = HBAR * fermi_per_m / (s.mass_me * ELECTRON_MASS)
        self.mean_free_path_m = 3 * math.pi**2 * HBAR * sigma_S_per_m / (E * fermi_per_m) ** 2
        self.kf_l = fermi_per_m * self.mean_free_path_m
        self.diffusion_m2_per_s = velocity * self.mean_free_path_m / 3
        self._tau_s = self.mean_free_path_m / velocity
        self.mobility_m2_per_Vs = E * self._tau_s / (s.mass_me * ELECTRON_MASS)
        self.b_tr_T = self._field_of_rate(1 / self._tau_s)
        self.b_so_T = HBAR / (4 * E * self.l_so_m**2)
        self._correction = lru_cache(maxsize=4096)(cooperon_correction)

    def _field_of_rate(self, rate_per_s: float) -> float:
        return HBAR * rate_per_s / (4 * E * self.diffusion_m2_per_s)

    @property
    def l_so_m(self) -> float:
        """Get the spin-orbit length [m]."""
        return self.settings.l_so_nm * 1e-9

    def dephasing_rate_per_s(self, temperature_K: float) -> float:
        """Return 1/tau_phi [1/s]: a constant, electron-electron (Nyquist, two dimensions) and electron-phonon part.

        The Nyquist rate (k T/hbar) (e^2 R/(2 pi hbar)) ln(pi hbar/(e^2 R)) is that of Altshuler, Aronov, Khmelnitsky,
        J. Phys. C 15, 7367 (1982), doi:10.1088/0022-3719/15/36/018.
        """
        s = self.settings
        inverse_g = E**2 * s.sheet_resistance_ohm / H
        nyquist = KB * temperature_K / HBAR * inverse_g * math.log(1 / (2 * inverse_g))
        return 1e9 / s.tau_0_ns + nyquist + s.phonon_rate_per_s_K3 * temperature_K**3

    def l_phi_m(self, temperature_K: float) -> float:
        """Return the phase coherence length sqrt(D tau_phi) at an electron temperature [m]."""
        return math.sqrt(self.diffusion_m2_per_s / self.dephasing_rate_per_s(temperature_K))

    def truth(self, temperature_K: float) -> Truth:
        """Return what a fit should find at a temperature [K].

        The class follows r = B_so/B_phi: below 0.549 the conductance rises from zero field on (orthogonal), above 2
        it has a clear minimum, at least 0.1 G0 deep (symplectic), between the two it crosses over.
        """
        l_phi_m = self.l_phi_m(temperature_K)
        ratio = (l_phi_m / self.l_so_m) ** 2
        symmetry = "orthogonal" if ratio < 0.549 else "symplectic" if ratio > 2 else "crossover"
        return {
            "l_phi_nm": l_phi_m * 1e9,
            "l_so_nm": self.settings.l_so_nm,
            "l_e_nm": self.mean_free_path_m / math.sqrt(3) * 1e9,
            "symmetry_class": symmetry,
        }

    def electron_temperature_K(self, temperature_K: float, current_A: float) -> float:
        """Return T_e of the electrons that a current [A] heats and phonons cool [K].

        T_e^5 = T^5 + power/(Sigma volume): Roukes et al., PRL 55, 422 (1985), doi:10.1103/PhysRevLett.55.422.
        """
        s = self.settings
        density_A_per_m = current_A / (s.width_um * 1e-6)
        power_W_per_m3 = density_A_per_m**2 * s.sheet_resistance_ohm / (s.thickness_nm * 1e-9)
        return (temperature_K**5 + power_W_per_m3 / s.phonon_cooling_W_per_m3_K5) ** 0.2

    def localization_S(self, field_T: float, electron_K: float) -> float:
        """Return the weak-localization correction of the sheet conductance, cut-off included [S].

        With the default film it differs from the formula of Hikami, Larkin and Nagaoka (isotropic, with L_e) by less
        than 2e-4 G0 up to 0.4 T: 1e-4 from the Zeeman term, 5e-5 from the cut-off.
        """
        b_phi_T = self._field_of_rate(self.dephasing_rate_per_s(electron_K))
        b_zeeman_T = self.settings.g_factor * MU_B * abs(field_T) / (4 * E * self.diffusion_m2_per_s)
        return G0 * self._correction(abs(field_T), b_phi_T, self.b_so_T, b_zeeman_T, self.b_tr_T)

    def sheet_tensor(self, field_T: float, temperature_K: float, current_A: float = 0.0) -> tuple[float, float]:
        """Return (rho_xx, rho_yx) per square at field [T], lattice temperature [K] and rms current [A], in ohm.

        Weak localization changes the mobility and leaves the Hall resistance; the interaction term,
        K_ee G0 ln(k T tau/hbar), adds to sigma_xx alone, so that both tensors are inverted in turn (Altshuler, Aronov,
        in Electron-Electron Interactions in Disordered Systems, 1985). rho_yx = B/(q n) < 0 for B > 0: electrons.
        """
        s = self.settings
        electron_K = self.electron_temperature_K(temperature_K, current_A)
        classical = 1 + s.kohler * (self.mobility_m2_per_Vs * field_T) ** 2
        sigma_S = 1 / (s.sheet_resistance_ohm * classical) + self.localization_S(field_T, electron_K)
        hall_ohm = -field_T / (E * s.carrier_density_per_m3 * s.thickness_nm * 1e-9)
        sigma_xx, sigma_xy = _inverted(1 / sigma_S, hall_ohm)
        sigma_xx += s.interaction * G0 * math.log(KB * electron_K * self._tau_s / HBAR)
        return _inverted(sigma_xx, sigma_xy)


def _inverted(diagonal: float, off_diagonal: float) -> tuple[float, float]:
    """Invert an isotropic tensor in either direction: (rho_xx, rho_yx) <-> (sigma_xx, sigma_xy)."""
    square = diagonal**2 + off_diagonal**2
    return diagonal / square, off_diagonal / square
