"""The formula of every model as papers and reference print it, in plain double precision, for fields above zero.

Written apart from the models: digammas are scipy's, roots and differences are taken as they stand, sums over modes are
added up one by one. Only the sums over Landau levels are those of `analysis`, which the models read from tables.
"""

import numpy as np
from scipy.special import airye, digamma, zeta

from analysis.constants import HBAR_OVER_4E, KB, MU_B, E
from analysis.landau_levels import interference, zero_field
from analysis.spin_levels import at_zero, corrections
from analysis.spin_matrix import triplet_matrix
from analysis.superconducting_fluctuations import larkin_beta

FIELD_NM2 = 1e18 * HBAR_OVER_4E
SERIES = np.array([1 / 24, -7 / 960, 31 / 8064, -127 / 30720, 511 / 67584])
"""c_k of F = sum c_k (B/B_i)^(2 k), physics-2d section 11."""


def fields_of(*lengths_nm):
    return [FIELD_NM2 / length**2 for length in lengths_nm]


def F(B, b_i):
    x = b_i / B
    small = np.maximum(x, 30.0) ** -2.0
    far = small * np.polynomial.polynomial.polyval(small, SERIES)
    near = np.minimum(x, 30.0)
    return np.where(x > 30, far, digamma(0.5 + near) - np.log(near))


def channels(weights_and_fields):
    """sum of weight F(B, field), the weights and fields from those of the lengths."""
    return lambda B, *lengths: sum(weight * F(B, field) for weight, field in weights_and_fields(*fields_of(*lengths)))


def coupled(B, l_phi, l_t, phi_ratio, sigma_ratio, alpha):
    b_phi, b_t = fields_of(l_phi, l_t)
    off = -b_t * np.sqrt(sigma_ratio)
    matrix = [[b_phi + b_t, off], [off, b_phi / phi_ratio**2 + b_t * sigma_ratio]]
    return alpha * sum(F(B, b) for b in np.linalg.eigvalsh(matrix))


def massive(published):
    def value(B, l_phi, l_gap, l_e):
        c = l_e / np.hypot(l_gap, l_e)
        a, b = (1 + c) / 2, (1 - c) / 2  # a^2 and b^2 of the reference
        S = a**2 + b**2
        W = S - a * b
        b_phi, b_e = fields_of(l_phi, l_e)
        alpha_1 = -((a * b) ** 2) / (S * W if published else 2 * W**2)
        alpha_0 = S * (a - b) ** 2 / (2 * W**2)
        rate_1, rate_0 = a * b * (a - b) ** 2 / S**2, b**2 * (a - b) ** 2 / (a**2 * W)
        return alpha_1 * F(B, b_phi + rate_1 * b_e) + alpha_0 * F(B, b_phi + rate_0 * b_e)

    return value


def tmd(B, *lengths):
    b_phi, asy, sym, b_i, star = fields_of(*lengths)
    spins = (-1, 0), (1, 2 * asy), (1, asy + sym), (1, asy + sym)
    valleys = (1, 0), (-1, 2 * b_i), (-1, star), (-1, star)
    return sum(s * v * F(B, b_phi + bs + bv) for s, bs in spins for v, bv in valleys) / 2


def spin_pair(B, singlet, triplet, w):
    """1/2 X(G_T) - 1/2 X(G_S) with the Zeeman energy, X(G) = psi(1/2 + G/B) and ln G: physics-2d section 7."""
    half = (triplet - singlet) / 2
    root = np.sqrt(half**2 - w**2 + 0j)
    plus, minus = (triplet + singlet) / 2 + root, (triplet + singlet) / 2 - root
    front = half / (2 * root)
    logarithms = (front * (np.log(plus) - np.log(minus))).real - np.log(triplet / singlet) / 2
    if B is None:
        return logarithms
    digammas = front * (digamma(0.5 + plus / B) - digamma(0.5 + minus / B))
    return digammas.real - np.log(triplet / singlet) / 2


def zeeman(partner, third=None):
    def value(B, l_phi, l_so, g, diffusion):
        b_phi, b_so = fields_of(l_phi, l_so)
        w = g * MU_B * B / (4 * E * 1e-4 * diffusion)
        mixed = spin_pair(B if third else None, b_phi, b_phi + partner * b_so, w)
        return mixed + F(B, b_phi + third * b_so) if third else mixed

    return value


def rashba(B, l_phi, l_rashba, l_cubic=np.inf):
    """The three digammas of physics-2d section 4a, its line 1, less the limit at B = 0."""
    b_phi, linear, cubic = fields_of(l_phi, l_rashba, l_cubic)
    b_so = linear + cubic
    q = b_phi + b_so
    A = np.roots(np.array([1, b_so - 4 * linear, 4 * linear * q], dtype=complex))
    without = np.log(q) + ((2 * A + b_so) / (2 * A + b_so - 4 * linear) * np.log(q - A)).sum().real - np.log(b_phi)
    found = []
    for at in B:
        b, s, p = b_phi / at, b_so / at, linear / at
        c = 0.5 + b + s
        cube = [1, 3 * c + s - 4 * p, 3 * c**2 + 2 * c * s - 1 - 2 * p * (2 * c + 1), (c + s) * (c**2 - 1)]
        cube[3] -= 2 * p * (c - 1)
        r = np.roots(np.array(cube, dtype=complex))
        a = r + c
        u = (3 * a**2 + 2 * a * s - 1 - 2 * p * (2 * r + 1)) / np.polyval(np.polyder(np.array(cube, dtype=complex)), r)
        lowest = 1 / c + (2 * c + 1 + s) / ((c + 1) * (c + s) - 2 * p)
        levels = (u * digamma(1 - r)).sum().real - lowest - digamma(0.5 + b) + 2 * np.log(at)
        found.append((levels - without) / 2)
    return np.array(found)


def rashba_dresselhaus(B, *lengths):
    b_phi, *splittings = fields_of(*lengths)
    return (triplet_matrix(B, b_phi, *splittings)[0] - F(B, b_phi)) / 2


def exact(B, free_path, gamma):
    """Both corrections beyond diffusion, sums over Landau levels less their value at B = 0."""
    b = B * free_path**2 / (2 * FIELD_NM2)
    whole = [np.sum(interference(one, np.array([gamma]))) for one in b]
    return np.array(whole) - np.sum(zero_field(gamma))


def ballistic(B, l_phi, free_path):
    return exact(B, free_path, free_path**2 / (2 * l_phi**2))


def ballistic_so(B, l_phi, l_so, free_path):
    singlet, triplet = l_phi**-2, l_phi**-2 + 4 / 3 * l_so**-2
    return 1.5 * exact(B, free_path, free_path**2 / 2 * triplet) - 0.5 * exact(B, free_path, free_path**2 / 2 * singlet)


def ballistic_rashba(B, l_phi, l_rashba, free_path):
    gamma, theta = free_path**2 / (2 * l_phi**2), free_path / l_rashba
    b = B * free_path**2 / (2 * FIELD_NM2)
    levels = corrections(b, np.full(b.size, gamma), np.full(b.size, theta)).sum(axis=0)
    triplet = levels - at_zero(np.array([gamma]), np.array([theta])).sum()
    return (triplet - exact(B, free_path, gamma)) / 2


def over_modes(B, b_phi, thickness):
    """Sum over n (pi/t), and what is beyond the last by the first terms of the series of F."""
    b_t, n = FIELD_NM2 * (np.pi / thickness) ** 2, np.arange(2000.0)
    modes = F(B[:, np.newaxis], b_phi + b_t * n**2).sum(axis=1)
    z = B / b_t
    return modes + SERIES[0] * z**2 * zeta(4, n.size) + SERIES[1] * z**4 * zeta(8, n.size)


def film(B, l_phi, thickness):
    return over_modes(B, FIELD_NM2 / l_phi**2, thickness)


def film_so(B, l_phi, l_so, thickness):
    b_phi, b_so = fields_of(l_phi, l_so)
    return 1.5 * over_modes(B, b_phi + 4 / 3 * b_so, thickness) - 0.5 * over_modes(B, b_phi, thickness)


def f3(delta):
    """Kawabata's sum: 30 terms and its asymptotic series from there; delta may be complex."""
    terms = (1 / np.sqrt(np.arange(30)[:, np.newaxis] + 0.5 + delta)).sum(axis=0)
    a = delta + 30
    return 2 * np.sqrt(a) - 2 * np.sqrt(delta) - terms + a**-1.5 / 48 - 7 * a**-3.5 / 3072 + 31 * a**-5.5 / 32768


def root_of_field(B, thickness):
    """t sqrt(e B/hbar)."""
    return thickness * np.sqrt(B / (4 * FIELD_NM2))


def bulk(B, l_phi, thickness):
    return root_of_field(B, thickness) * f3(FIELD_NM2 / l_phi**2 / B)


def bulk_so(B, l_phi, l_so, thickness):
    return bulk_zeeman(B, l_phi, l_so, thickness, 0.0, 1.0)


def bulk_zeeman(B, l_phi, l_so, thickness, g, diffusion):
    """The formula of physics-rest section 3.2 as it stands."""
    b_phi, b_so = fields_of(l_phi, l_so)
    root = np.sqrt(1 - (3 * g * MU_B * B / (8 * E * 1e-4 * diffusion * b_so)) ** 2 + 0j)
    triplet = b_phi + 4 / 3 * b_so
    plus, minus = b_phi + 2 / 3 * b_so * (1 + root), b_phi + 2 / 3 * b_so * (1 - root)
    levels = f3(triplet / B) - (f3(minus / B) - f3(plus / B)) / (2 * root)
    zero = (np.sqrt(plus) - np.sqrt(minus)) / root - (np.sqrt(triplet) - np.sqrt(b_phi))
    return root_of_field(B, thickness) * (levels + zero / np.sqrt(B)).real


def wired(kernel, spin=False):
    """2 pi/W [K(0) - K(B)], K of 1/L_phi^2 + W^2/(3 l_B^4): physics-rest section 2."""

    def value(B, l_phi, *others):
        l_so, (*more, width) = (others[0], others[1:]) if spin else (np.inf, others)
        added = (width * B / (4 * FIELD_NM2)) ** 2 / 3
        channels = ((1.5, 4 / (3 * l_so**2)), (-0.5, 0.0)) if spin else ((1.0, 0.0),)
        change = sum(w * (kernel(rate + 0 * added, l_phi, *more) - kernel(rate + added, l_phi, *more))
                     for w, rate in channels)  # fmt: skip
        return 2 * np.pi / width * change

    return value


def airy_length(rate, l_phi, l_0):
    unit = l_phi / np.sqrt(2)
    s = unit**2 * (rate + (1 / l_0**2 if l_0 < 1e6 else 0.0))
    far = np.maximum(s, 1e6)  # scipy's functions end at 1e7
    ai, slope, _, _ = airye(np.minimum(s, 1e6))
    return unit * np.where(s < 1e6, -ai / slope, (1 - 0.25 * far**-1.5) / np.sqrt(far))


def finite_length(rate, l_phi, length):
    x = length * np.sqrt(rate + 1 / l_phi**2)
    return length * (1 / np.tanh(x) - 1 / x) / x


def wire_ballistic(B, l_phi, free_path, width):
    """Section 2.4 with D = v_F l/2 and specular walls."""
    inverse = B / (4 * FIELD_NM2)  # 1/l_B^2
    time = np.pi**5 / (31 * zeta(5)) / (inverse**2 * width**3) + 4.8 * free_path / (inverse * width**2)  # times v_F
    rate = 2 / (free_path * time)

    def length(rate):
        return (1 / l_phi**2 + rate) ** -0.5 - (1 / l_phi**2 + 2 / free_path**2 + rate) ** -0.5

    return 2 * np.pi / width * (length(0.0) - length(rate))


def parallel_film(B, l_phi, l_so, thickness):
    added = (thickness * B / (4 * FIELD_NM2)) ** 2 / 3  # 1/(D tau_B)
    triplet = 1 / l_phi**2 + 4 / (3 * l_so**2)
    return 1.5 * np.log1p(added / triplet) - 0.5 * np.log1p(added * l_phi**2)


def parallel_rough(B, l_phi, alpha, height, correlation, free_path):
    b = np.sqrt(np.pi) * height**2 * correlation / free_path * B**2 / (8 * FIELD_NM2)
    return alpha * np.log1p(b * l_phi**2 / FIELD_NM2)


def pairs(x):
    """8 x^2 [psi(1/2 + x) - psi(x) - 1/(2 x)] - 1, what a field changes of e^2/(16 hbar epsilon)."""
    near, far = np.minimum(x, 30.0), np.maximum(x, 30.0) ** -2.0
    plain = 8 * near**2 * (digamma(0.5 + near) - digamma(near) - 1 / (2 * near)) - 1
    return np.where(x > 30, far * (-1 / 8 + far * (1 / 16 - far * 17 / 256)), plain)


def superconductor(near):
    def value(B, l_phi, l_so, temperature, critical, diffusion):
        b_phi, b_so = fields_of(l_phi, l_so)
        epsilon = np.log(temperature / critical)
        b_eps = 2 * KB * critical * epsilon / (np.pi * E * 1e-4 * diffusion)
        whole = 1.5 * F(B, b_phi + 4 / 3 * b_so) - 0.5 * F(B, b_phi) + np.pi**2 / (8 * epsilon) * pairs(b_eps / B)
        if not near:
            return whole - larkin_beta(epsilon)[0] * F(B, b_phi)
        front = np.pi**2 / 4 / (epsilon - epsilon * b_phi / b_eps)
        return whole + front * (F(B, b_eps) - F(B, b_phi))

    return value


def exponential_length(rate, l_phi):
    return (rate + 1 / l_phi**2) ** -0.5


FORMULAS = {
    "hln": lambda B, alpha, l_phi: alpha * F(B, FIELD_NM2 / l_phi**2),
    "hln_full": channels(lambda phi, so, e: ((1.5, phi + 4 / 3 * so), (-0.5, phi), (-1, e))),
    "hln_dp": channels(lambda phi, so, e: ((1, phi + so), (0.5, phi + 2 * so), (-0.5, phi), (-1, e))),
    "hln_magnetic": channels(
        lambda phi, so, s, e: ((1.5, phi + 4 / 3 * so + 2 / 3 * s), (-0.5, phi + 2 * s), (-1, e))
    ),
    "hln_general": channels(
        lambda phi, so_x, so_z, s_x, s_z, e: (
            (1, phi + 2 * so_x + 2 * so_z + 2 * s_x), (0.5, phi + 4 * so_x + 2 * s_z),
            (-0.5, phi + 4 * s_x + 2 * s_z), (-1, e),
        )
    ),
    "two_channels": lambda B, l_phi, l_extra, *alpha: (
        alpha[0] * F(B, FIELD_NM2 / l_phi**2) + alpha[1] * F(B, sum(fields_of(l_phi, l_extra)))
    ),
    "three_channels": lambda B, l_phi, l_extra, l_more, alpha: (
        alpha * sum(F(B, b) for b in np.cumsum(fields_of(l_phi, l_extra, l_more)))
    ),
    "coupled_channels": coupled,
    "massive_dirac": massive(False),
    "massive_dirac_published": massive(True),
    "graphene_mono": channels(lambda phi, i, star: ((1, phi), (-1, phi + 2 * i), (-2, phi + star))),
    "graphene_bilayer": channels(lambda phi, i, star: ((1, phi), (-1, phi + 2 * i), (2, phi + star))),
    "graphene_so": channels(lambda phi, asy, sym: ((-0.5, phi), (0.5, phi + 2 * asy), (1, phi + asy + sym))),
    "tmd": tmd,
    "maekawa_fukuyama_dp": zeeman(2, 1),
    "maekawa_fukuyama_iso": zeeman(4 / 3, 4 / 3),
    "inplane_zeeman_dp": zeeman(1),
    "inplane_zeeman_iso": zeeman(4 / 3),
    "parallel_film": parallel_film,
    "parallel_rough": parallel_rough,
    "rashba": rashba,
    "rashba_cubic": rashba,
    "rashba_dresselhaus": rashba_dresselhaus,
    "ballistic": ballistic,
    "ballistic_so": ballistic_so,
    "ballistic_rashba": ballistic_rashba,
    "film_crossover": film,
    "film_crossover_so": film_so,
    "kawabata": bulk,
    "fukuyama_hoshino": bulk_so,
    "fukuyama_hoshino_zeeman": bulk_zeeman,
    "wire": wired(exponential_length),
    "wire_so": wired(exponential_length, spin=True),
    "wire_nyquist": wired(airy_length),
    "wire_nyquist_so": wired(airy_length, spin=True),
    "wire_finite": wired(finite_length),
    "wire_ballistic": wire_ballistic,
    "superconductor": superconductor(near=False),
    "superconductor_near": superconductor(near=True),
}  # fmt: skip
"""delta sigma(B) [G0] of a model at fields above zero, its parameters in their order."""
