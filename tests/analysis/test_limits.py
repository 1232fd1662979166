"""Limits that physics-2d and physics-rest state and that tie several formulas together."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import digamma, polygamma

from analysis.channels import FIELD_NM2
from analysis.constants import G0, HBAR, KB, MU_B, E, H
from analysis.curve import Curve
from analysis.dephasing_rates import bulk_nyquist_rate
from analysis.fit import fit
from analysis.loops import FLUX_QUANTUM, cylinder_oscillation, ring_cooperon
from analysis.model import MODELS
from analysis.models.bulk import zero_field_bulk
from analysis.models.parallel_field import of_roughness
from analysis.models.wire import zero_field_ballistic, zero_field_wire
from analysis.scaling import leading_beta
from analysis.special import cooperon
from analysis.superconducting_fluctuations import larkin_beta
from analysis.wire_cooperon import SPECULAR, axial_rate, cylinder_rate, strip_rate

FIELD = np.linspace(-0.1, 0.1, 101)
OUT = 1e9  # nm: left out


def length(field_T):
    return float(np.sqrt(FIELD_NM2 / field_T))


def F(field_T, b_T):
    return cooperon(np.asarray(field_T, dtype=float), np.array([b_T]))[0][0]


# --- thin films, perpendicular field ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "lengths"),
    [("hln_full", (OUT,)), ("hln_dp", (OUT,)), ("hln_magnetic", (OUT, OUT)), ("hln_general", (OUT,) * 4)],
)
def test_without_spin_scattering_the_elastic_term_is_what_is_left(model, lengths):
    value = MODELS[model].value(FIELD, length(2e-3), *lengths, length(0.5))
    assert value == pytest.approx(F(FIELD, 2e-3) - F(FIELD, 0.5), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("hln_full", lambda phi, so: [(1.5, phi + 4 / 3 * so), (-0.5, phi)]),
        ("hln_dp", lambda phi, so: [(1.0, phi + so), (0.5, phi + 2 * so), (-0.5, phi)]),
    ],
)
def test_channels_far_beyond_the_sweep_are_a_parabola(model, fields):
    # 24 c_2 = sum of weights/B_i^2, physics-2d sections 2 and 10; the singlet is left as it is
    b_phi, b_so, b_e = 1e-3, 40.0, 300.0
    beyond = sum(weight / b**2 for weight, b in [*fields(b_phi, b_so), (-1, b_e)] if b > 1) / 24
    value = MODELS[model].value(FIELD, length(b_phi), length(b_so), length(b_e))
    assert value == pytest.approx(-F(FIELD, b_phi) / 2 + beyond * FIELD**2, abs=1e-5 * beyond * 0.01)
    # and that is what the background `rise` adds to one term
    found = MODELS["hln+rise"].value(FIELD, -0.5, length(b_phi), beyond)
    assert found == pytest.approx(value, abs=1e-5 * beyond * 0.01)


def test_next_term_of_the_parabola():
    b = 1e-3
    small = MODELS["hln"].value(np.array([0.02 * b]), 1.0, length(b))[0]
    assert (small - 0.02**2 / 24) / 0.02**4 == pytest.approx(-7 / 960, rel=3e-3)


@pytest.mark.parametrize(
    ("model", "factor", "rel"), [("hln_full", 3.6 * 4 / 3, 0.01), ("hln_dp", 4.45, 0.005), ("rashba", 1.18, 0.005)]
)
def test_minimum_where_antilocalization_ends(model, factor, rel):
    # physics-2d section 10: B_min of B_so >> B_phi, class dependent by a factor of 4
    b_phi, b_so = 1e-6, 1.0
    elastic = () if model == "rashba" else (1e-6,)
    of = MODELS[model]

    def value(field):
        return of.value(np.array([field]), length(b_phi), length(b_so), *elastic)[0]

    lowest = minimize_scalar(value, bounds=(0.3 * factor, 3 * factor), method="bounded", options={"xatol": 1e-6})
    assert lowest.x == pytest.approx(factor, rel=rel)


@pytest.mark.parametrize(
    ("model", "spins", "alpha"),
    [
        ("hln", (), 1.0), ("hln_full", (OUT, 1e-3), 1.0), ("hln_full", (1e-2, 1e-4), -0.5),
        ("hln_magnetic", (OUT, 1e-2, 1e-4), 0.0), ("graphene_so", (OUT, OUT), 1.0), ("graphene_so", (1e-2, OUT), -0.5),
        ("graphene_so", (OUT, 1e-2), 0.0), ("rashba", (1e-2,), -0.5), ("massive_dirac", (1e9, 1e-3), -0.5),
    ],
)  # fmt: skip
def test_slope_in_the_logarithm_of_the_field_is_alpha(model, spins, alpha):
    # B_phi << B << what comes next: +1 orthogonal, 0 unitary, -1/2 symplectic
    of, l_phi = MODELS[model], length(1e-7)
    values = (1.0, l_phi) if model == "hln" else (l_phi, *spins)
    low, high = of.value(np.array([0.01, 0.1]), *values)
    assert (high - low) / math.log(10) == pytest.approx(alpha, abs=2e-4)


@pytest.mark.parametrize(("model", "partner"), [("maekawa_fukuyama_dp", 2.0), ("maekawa_fukuyama_iso", 4 / 3)])
def test_small_splitting_adds_w2_over_the_gap_to_the_dephasing_of_the_singlet(model, partner):
    # in dp half of what the same field does in the plane, where the partner is B_phi + B_so
    b_phi, b_so, diffusion, field = 1e-4, 50.0, 1.0, np.array([0.1, 0.3])
    w = 2.0 * MU_B * field / (4 * E * 1e-4 * diffusion)
    rise = w**2 / (partner * b_so)
    assert (rise / b_phi > 0.05).all()
    singlet = digamma(0.5 + (b_phi + rise) / field) - np.log(b_phi / field)
    value = MODELS[model].value(field, length(b_phi), length(b_so), 2.0, diffusion)
    assert value == pytest.approx(-singlet / 2, rel=2e-4)


@pytest.mark.parametrize(
    ("apart", "l_phi", "alpha"), [(0.2, -0.001, 0.001), (0.5, -0.009, 0.007), (1.0, -0.035, 0.026)]
)
def test_a_wrong_zero_of_the_field_smears_the_cusp(apart, l_phi, alpha):
    # physics-rest section 5, fields to 30 B_phi: what symmetrizing about a field `apart` B_phi off does
    b_phi = FIELD_NM2 / 200.0**2
    field = np.linspace(0, 30 * b_phi, 201)
    smeared = (F(field + apart * b_phi, b_phi) + F(field - apart * b_phi, b_phi)) / 2
    found = fit("hln", Curve(field, smeared)).values
    assert found["l_phi_nm"] / 200 - 1 == pytest.approx(l_phi, abs=0.0015)
    assert found["alpha"] - 1 == pytest.approx(alpha, abs=0.0015)


# --- the two spins of a Cooperon, 4 x 4 ------------------------------------------------------------------------------

PAULI = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
ONE = np.kron(PAULI, np.eye(2))  # retarded
TWO = np.array([np.kron(np.eye(2), sigma) for sigma in PAULI])  # advanced
SWAP = (np.eye(4) + (ONE @ TWO).sum(axis=0)) / 2  # +1 on the triplet, -1 on the singlet


def relaxation(b_phi, so=(0.0, 0.0, 0.0), magnetic=(0.0, 0.0, 0.0)):
    """Return the rates as fields: spin-orbit (1 + s1 s2) along each axis, magnetic (1 - s1 s2)."""
    pairs = ONE @ TWO
    return (
        b_phi * np.eye(4)
        + sum(b * (np.eye(4) + pair) for b, pair in zip(so, pairs, strict=True))
        + sum(b * (np.eye(4) - pair) for b, pair in zip(magnetic, pairs, strict=True))
    )


def traced(matrix, function):
    """Return 1/2 tr[SWAP function(matrix)]; the matrix has four different eigenvectors but need not be hermitian."""
    values, vectors = np.linalg.eig(matrix)
    return (np.trace(SWAP @ vectors @ np.diag(function(values)) @ np.linalg.inv(vectors)) / 2).real


@pytest.mark.parametrize(
    ("model", "so", "magnetic"),
    [
        ("hln_full", (3e-3, 3e-3, 3e-3), (0, 0, 0)), ("hln_dp", (4e-3, 4e-3, 0), (0, 0, 0)),
        ("hln_magnetic", (3e-3, 3e-3, 3e-3), (1e-3, 1e-3, 1e-3)),
        ("hln_general", (3e-3, 3e-3, 7e-3), (5e-4, 5e-4, 2e-3)),
    ],
)  # fmt: skip
def test_channels_are_those_of_two_spins(model, so, magnetic):
    b_phi, field = 1e-3, 0.02
    # in lengths: 1/tau_so is the sum over the axes, but of `hln_general`
    own = {
        "hln_full": (sum(so),), "hln_dp": (sum(so),), "hln_magnetic": (sum(so), sum(magnetic)),
        "hln_general": (so[0], so[2], magnetic[0], magnetic[2]),
    }[model]  # fmt: skip
    expected = traced(relaxation(b_phi, so, magnetic), lambda g: digamma(0.5 + g / field) - np.log(g / field))
    found = MODELS[model].value(np.array([field]), length(b_phi), *(length(b) for b in own), 1e-6)[0]
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("model", "axis"),
    [("maekawa_fukuyama_dp", 2), ("maekawa_fukuyama_iso", 2), ("inplane_zeeman_dp", 0), ("inplane_zeeman_iso", 0)],
)
@pytest.mark.parametrize("field", [0.01, 0.3, 4.0])
def test_zeeman_energy_turns_one_spin_against_the_other(model, axis, field):
    # i w (s1 - s2) n/2, n across the film or in it; gamma from below 1 to far above
    b_phi, b_so, diffusion = 1e-2, 6e-2, 3.0
    w = 2.0 * MU_B * field / (4 * E * 1e-4 * diffusion)
    so = (b_so / 2, b_so / 2, 0.0) if model.endswith("dp") else (b_so / 3,) * 3
    still = relaxation(b_phi, so)
    turning = still + 1j * w * (ONE[axis] - TWO[axis]) / 2
    if axis == 2:
        expected = traced(turning, lambda g: digamma(0.5 + g / field)) - traced(still, lambda g: np.log(g / field))
    else:
        expected = traced(turning, np.log) - traced(still, np.log)
    found = MODELS[model].value(np.array([field]), length(b_phi), length(b_so), 2.0, diffusion)[0]
    assert found == pytest.approx(expected, rel=1e-9)


# --- roughness, wires, loops: the rate as an average, the sum over paths or modes -----------------------------------


@pytest.mark.parametrize("correlator", ["gaussian", "half"])
def test_roughness_is_the_phase_of_straight_flights_over_hills(correlator):
    # A = B h(r) across the field: <phase^2>/2 of a flight in direction theta is (2 e B cos(theta)/hbar)^2/2 times
    # length times int <h h'> ds; 1/tau is v_F times its mean over directions, and B_i = hbar/(4 e D tau_i), D = v l/2
    d, correlation, path, field = 1.3e-9, 9e-9, 240e-9, 4.0
    width = {"gaussian": 1.0, "half": 2.0}[correlator]  # exp(-r^2/L^2) and exp(-r^2/(2 L^2))
    along = d**2 * correlation * quad(lambda s: math.exp(-(s**2) / width), -12, 12)[0]
    directions = quad(lambda theta: math.cos(theta) ** 2, 0, 2 * math.pi)[0] / (2 * math.pi)
    per_length = (2 * E * field / HBAR) ** 2 / 2 * along * directions
    expected = HBAR / (4 * E) * per_length * 2 / path
    found = of_roughness(np.array([field]), 1e9 * d, 1e9 * correlation, 1e9 * path)[0]
    assert found * math.sqrt(width) == pytest.approx(expected, rel=1e-9)


def lowest_rate(potential, width_nm, nodes=400):
    """Return the lowest eigenvalue of -d^2/dy^2 + potential(y) between walls that let nothing through [1/nm^2]."""
    n = np.arange(24)
    y = (np.arange(nodes) + 0.5) / nodes - 0.5
    waves = np.cos(np.pi * np.outer(n, y + 0.5)) * np.where(n == 0, 1, math.sqrt(2))[:, np.newaxis]
    matrix = waves * potential(y * width_nm) @ waves.T / nodes + np.diag((np.pi * n / width_nm) ** 2)
    return np.linalg.eigvalsh(matrix)[0]


def test_strip_rate_is_the_lowest_eigenvalue_at_low_field():
    width = 80.0
    for field, tolerance in ((1e-3, 1e-4), (0.03, 0.02)):  # W/l_B = 0.1 and 0.5
        exact = lowest_rate(lambda y, b=field: (b * y / (2 * FIELD_NM2)) ** 2, width)
        assert strip_rate(field, width) == pytest.approx(exact, rel=tolerance)


def test_cylinder_rates_are_averages_over_the_cross_section():
    # 1/(D tau_B) = (2 e/hbar)^2 <A^2>, A without a part that a gauge takes away: B y along the axis, B rho/2 round it
    rho = (np.arange(2000) + 0.5) / 2000
    phi = 2 * np.pi * (np.arange(64) + 0.5) / 64
    weight = rho / rho.sum()
    y2 = (weight[:, np.newaxis] * (rho[:, np.newaxis] * np.sin(phi)) ** 2).sum() / phi.size
    field, radius = 0.2, 40.0
    scale = (field * radius / (2 * FIELD_NM2)) ** 2  # (2 e B r/hbar)^2
    assert cylinder_rate(field, radius) == pytest.approx(scale * y2, rel=1e-5)
    assert axial_rate(field, radius) == pytest.approx(scale * (weight * rho**2).sum() / 4, rel=1e-5)


def strip_cooperon(field_T, width_nm, l_phi_nm):
    """Return the Cooperon of a diffusive strip at one point, averaged over it [1]: 12 modes across, any k along."""
    n, nodes = np.arange(12), 200
    y = ((np.arange(nodes) + 0.5) / nodes - 0.5) * width_nm
    waves = np.cos(np.pi * np.outer(n, y / width_nm + 0.5)) * np.where(n == 0, 1, math.sqrt(2))[:, np.newaxis]
    across = np.diag((np.pi * n / width_nm) ** 2 + 1 / l_phi_nm**2)
    k, weight = np.polynomial.legendre.leggauss(80)
    # k = tan: the whole line
    angle, weight = math.pi / 2 * k, math.pi / 2 * weight
    scale = 1.5 / l_phi_nm
    along, jacobian = scale * np.tan(angle), scale / np.cos(angle) ** 2
    total = 0.0
    for one, share in zip(along, weight * jacobian, strict=True):
        moved = (one - field_T * y / (2 * FIELD_NM2)) ** 2
        matrix = across + waves * moved @ waves.T / nodes
        total += share * float((1 / np.linalg.eigvalsh(matrix)).sum())
    return total / (2 * math.pi * width_nm)


def test_wire_is_the_strip_where_l_phi_is_ten_widths():
    # delta sigma per square = -(2 e^2 D/pi hbar) C = -4 pi G0 C
    width, l_phi = 50.0, 500.0
    field = 0.06  # (W/l_B)^2 = 0.23
    exact = 4 * math.pi * (strip_cooperon(0.0, width, l_phi) - strip_cooperon(field, width, l_phi))
    assert MODELS["wire"].value(np.array([field]), l_phi, width)[0] == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("ratio", "found"), [(1, 0.83), (2, 0.91), (3, 0.94), (5, 0.96), (10, 0.98), (20, 0.99)])
def test_wire_formula_fitted_to_a_strip(ratio, found):
    # physics-rest section 1, (W/l_B)^2 up to 4
    width = 50.0
    l_phi = ratio * width
    field = np.linspace(0, 4 * 4 * FIELD_NM2 / width**2, 12)
    cooperon_ = np.array([strip_cooperon(one, width, l_phi) for one in field])
    curve = Curve(field, 4 * math.pi * (cooperon_[0] - cooperon_))
    assert fit("wire", curve, fixed={"width_nm": width}).values["l_phi_nm"] / l_phi == pytest.approx(found, abs=0.012)


def test_flux_cancels_between_mirror_walls_but_for_the_ends_of_a_flight():
    # 1/tau_B = 1/2 (2/l_B^2)^2 2 int dt <y v_x(0) y v_x(t)>: y is a triangle wave, the direction is lost within l/v.
    # In its waves (4 W/pi^2) cos(k pi y/W)/k^2 the time and the direction are integrals; W = v = 1, in W^3 v/l_B^4
    def over_directions(x):  # mean of cos^2/(1 + x^2 sin^2), by u = x tan
        rest = quad(lambda u: 1 / (1 + (u / x) ** 2) / (1 + u**2 * (1 + x**-2.0)), 0, np.inf)[0]
        return 2 / np.pi * rest / x

    def constant(path):
        odd = np.arange(1, 60, 2)
        waves = sum(over_directions(k * np.pi * path) / k**4 for k in odd.tolist())
        return 1 / (4 * 8 / np.pi**4 * path * waves)

    assert constant(30) == pytest.approx(9.6, abs=0.05)
    assert constant(3000) == pytest.approx(SPECULAR[0], rel=1e-3)


def test_short_flights_leave_the_diffusive_wire():
    # l -> 0 at B = 0, and the field no longer knows the second term of tau_B
    assert zero_field_ballistic(50.0, 1e-3, 300.0) == pytest.approx(zero_field_wire(50.0, 300.0), rel=1e-5)


def test_cylinder_is_the_sum_over_waves_round_it():
    # -4 pi G0 int dk/(2 pi) sum_m 1/(2 pi r)/(k^2 + (m - Phi/Phi_0)^2/r^2 + 1/L^2), Phi_0 = h/2e
    radius, l_phi = 0.6e-6, 1.1e-6
    turns = np.array([0.0, 0.13, 0.5])
    m = np.arange(-4000, 4001)[:, np.newaxis]
    waves = -(1 / np.sqrt((m - turns) ** 2 + (radius / l_phi) ** 2)).sum(axis=0)
    found = cylinder_oscillation(turns * FLUX_QUANTUM / (math.pi * radius**2), radius, l_phi)
    assert found - found[0] == pytest.approx(waves - waves[0], abs=1e-6)


def test_ring_is_the_sum_over_windings():
    turns, x = np.array([0.0, 0.21, 0.5, 0.8]), 0.7
    n = np.arange(1, 80)[:, np.newaxis]
    windings = 0.5 + (np.exp(-n * x) * np.cos(2 * math.pi * n * turns)).sum(axis=0)
    assert ring_cooperon(turns, x, 1.0) == pytest.approx(windings, rel=1e-12)


# --- dephasing, scaling, superconductors -----------------------------------------------------------------------------


def test_bulk_nyquist_rate_is_the_phase_that_thermal_fields_give():
    # <V V> = 2 hbar omega/sinh(hbar omega/k T)/(nu D q^2), the Pauli principle in the sinh; two paths that meet no
    # more: 1/tau = int d omega/(2 pi) int d^3 q/(2 pi)^3 <V V> 2 D q^2/((D q^2)^2 + omega^2)/hbar^2
    temperature, diffusion, states = 1.7, 12e-4, 8e46
    waves = quad(lambda u: u**2 / (1 + u**4), 0, np.inf)[0] / (2 * math.pi**2)  # q = u sqrt(omega/D)
    frequencies = 2 * quad(lambda x: math.sqrt(x) / math.sinh(x), 0, 60)[0] / (2 * math.pi)  # hbar omega = x k T
    omega = KB * temperature / HBAR
    expected = 4 / (HBAR * states) * waves * frequencies * (omega / diffusion) ** 1.5
    assert bulk_nyquist_rate(temperature, 1e4 * diffusion, states) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("name", "l_so"), [("orthogonal", None), ("symplectic", 1e-6)])
def test_wire_line_of_beta_is_that_of_the_correction(name, l_so):
    # g = sigma_1(L_phi) h/e^2/L_phi, sigma_1 = sigma_0 + W times the correction per square
    width, step, at = 50.0, 1e-4, 300.0
    classical = 1e3 * width  # of G0 nm: the correction is 0.4 %

    def log_g(l_phi):
        return math.log((classical + width * zero_field_wire(width, l_phi, l_so)) / l_phi)

    slope = (log_g(at * (1 + step)) - log_g(at * (1 - step))) / math.log((1 + step) / (1 - step))
    g = math.exp(log_g(at)) * G0 * H / E**2
    assert float(leading_beta(g, 1, name)) == pytest.approx(slope, abs=1e-6)


def test_bulk_line_of_beta_is_that_of_the_correction():
    step, at, classical = 1e-4, 300.0, 2.0  # G0/nm

    def log_g(l_phi):
        return math.log((classical + zero_field_bulk(l_phi, 1.0)) * l_phi)

    slope = (log_g(at * (1 + step)) - log_g(at * (1 - step))) / math.log((1 + step) / (1 - step))
    g = math.exp(log_g(at)) * G0 * H / E**2
    assert float(leading_beta(g, 3, "orthogonal")) == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("epsilon", [0.01, 0.3, 2.0])
def test_both_forms_of_larkins_beta(epsilon):
    # (pi^2/4) sum (-1)^m Gam(|m|) - sum Gam''(2 n + 1), Gam = 1/[epsilon + psi(1/2 + x/2) - psi(1/2)]
    def denominator(x):
        return epsilon + digamma(0.5 + x / 2) - digamma(0.5)

    def curvature(x):
        first, second = polygamma(1, 0.5 + x / 2) / 2, polygamma(2, 0.5 + x / 2) / 4
        return (2 * first**2 / denominator(x) - second) / denominator(x) ** 2

    # what is left of both sums: the alternating one by halves, the other by the midpoint rule, -Gam'/2
    last = 20_000
    m = np.arange(1, last + 1)
    alternating = 1 / denominator(0) + 2 * ((-1.0) ** m / denominator(m)).sum() - 1 / denominator(last + 0.5)
    end = 2.0 * last
    rest = polygamma(1, 0.5 + end / 2) / 2 / denominator(end) ** 2 / 2
    total = math.pi**2 / 4 * alternating - curvature(2.0 * np.arange(last) + 1).sum() - rest
    assert larkin_beta(epsilon)[0] == pytest.approx(total, rel=1e-7)


def test_larkins_beta_far_above_the_transition():
    # pi^2/(6 ln^2), slowly: what is left goes as 1/ln
    excess = [larkin_beta(x)[0] * 6 * x**2 / math.pi**2 - 1 for x in (1e3, 1e4)]
    assert abs(excess[0]) < 0.01
    assert excess[1] / excess[0] == pytest.approx(0.1, rel=0.05)
