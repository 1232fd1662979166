"""The film against closed forms that it does not use, its limits, and its symmetries."""

import dataclasses
import math
import timeit

import numpy as np
import pytest
from scipy.constants import e, h, hbar, k
from scipy.optimize import least_squares
from scipy.special import digamma, polygamma

from drivers.simulated.sample import G0, Film, FilmSettings, cooperon_correction

B_PHI, B_SO, B_TR = 9e-4, 0.0136, 21.0
FIELDS = [1e-5, 3e-4, 1e-3, 0.01, 0.1, 0.4]


def F(field_T, rate_T):  # noqa: N802
    return (digamma(0.5 + rate_T / field_T) - np.log(rate_T / field_T)).real


def change(field_T, b_so_T=0.0, zeeman=0.0, b_phi_T=B_PHI, b_tr_T=B_TR):
    """Magnetoconductance [G0]; the Zeeman field grows with the field as it must."""
    zero = cooperon_correction(0.0, b_phi_T, b_so_T, 0.0, b_tr_T)
    return cooperon_correction(field_T, b_phi_T, b_so_T, zeeman * field_T, b_tr_T) - zero


@pytest.mark.parametrize("b", [1e-4, 0.01, 0.3, 1.0, 5.0, 100.0])
@pytest.mark.parametrize("gamma", [1e-5, 1e-3, 0.1])
def test_the_sum_over_levels_is_exact_at_any_field(b, gamma):
    # without spin the sum of 1/u - 1/(1+u) - 1/(1+u)^2 is known
    exact = digamma(0.5 + gamma / b) - digamma(0.5 + (1 + gamma) / b) + polygamma(1, 0.5 + (1 + gamma) / b) / b
    assert cooperon_correction(b, gamma, 0.0, 0.0, 1.0) == pytest.approx(exact, abs=2e-8)


def test_zero_field_is_the_logarithm():
    gamma = B_PHI / B_TR
    exact = -math.log((1 + gamma) / gamma) + 1 / (1 + gamma)
    assert cooperon_correction(0.0, B_PHI, 0.0, 0.0, B_TR) == pytest.approx(exact, abs=1e-8)


@pytest.mark.parametrize("field_T", FIELDS)
def test_without_spin_orbit_scattering_it_localizes(field_T):
    assert change(field_T) == pytest.approx(F(field_T, B_PHI), abs=3e-8 + (field_T / B_TR) ** 2)


@pytest.mark.parametrize("field_T", FIELDS[:4])
def test_strong_spin_orbit_scattering_gives_minus_one_half(field_T):
    assert change(field_T, b_so_T=30.0, b_tr_T=1e5) == pytest.approx(-0.5 * F(field_T, B_PHI), abs=1e-7)


@pytest.mark.parametrize("field_T", FIELDS)
@pytest.mark.parametrize("ratio", [0.1, 0.55, 3.0, 15.0])
def test_isotropic_scattering_is_three_triplets_and_a_singlet(field_T, ratio):
    b_so_T = ratio * B_PHI
    expected = 1.5 * F(field_T, B_PHI + 4 / 3 * b_so_T) - 0.5 * F(field_T, B_PHI)
    assert change(field_T, b_so_T) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("field_T", [1e-3, 0.03, 0.4])
def test_zeeman_needs_spin_orbit_scattering(field_T):
    assert change(field_T, zeeman=1.0) == pytest.approx(change(field_T), abs=1e-10)
    assert abs(change(field_T, B_SO, zeeman=1.0) - change(field_T, B_SO)) > 1e-5


@pytest.mark.parametrize("field_T", [1e-3, 0.01, 0.1])
@pytest.mark.parametrize("zeeman", [0.05, 0.8, 3.0])
def test_zeeman_mixes_the_singlet_with_one_triplet(field_T, zeeman):
    # Maekawa and Fukuyama: the pair of rates moves together, in the end into the complex plane
    singlet, triplet, w = B_PHI, B_PHI + 4 / 3 * B_SO, zeeman * field_T
    root = np.sqrt(complex(((triplet - singlet) / 2) ** 2 - w**2))
    middle = (triplet + singlet) / 2
    pair = (triplet - singlet) / (4 * root) * (digamma(0.5 + (middle + root) / field_T)
                                               - digamma(0.5 + (middle - root) / field_T))  # fmt: skip
    zero = 0.5 * np.log(triplet / singlet)
    expected = F(field_T, triplet) + pair.real - zero
    assert change(field_T, B_SO, zeeman) == pytest.approx(expected, abs=1e-4)


def test_nothing_happens_where_the_rates_of_the_pair_meet():
    field_T = 0.05
    at = [cooperon_correction(field_T, B_PHI, B_SO, 2 / 3 * B_SO * (1 + d), B_TR) for d in (-1e-6, 0.0, 1e-6)]
    assert at[1] == pytest.approx((at[0] + at[2]) / 2, abs=1e-9)


def test_even_continuous_and_parabolic_at_zero_field():
    film = Film()
    zero = film.localization_S(0.0, 1.5)
    assert film.localization_S(1e-12, 1.5) == pytest.approx(zero, abs=1e-12 * G0)
    assert film.localization_S(-0.07, 1.5) == film.localization_S(0.07, 1.5)
    field_T = 0.1 * B_PHI
    curvature = (1.5 / (B_PHI + 4 / 3 * B_SO) ** 2 - 0.5 / B_PHI**2) / 24
    assert change(field_T, B_SO) == pytest.approx(curvature * field_T**2, rel=5e-3)


def test_demo_film_is_a_good_metal_and_two_dimensional():
    film = Film()
    assert film.kf_l > 10
    assert film.b_tr_T > 50 * 0.4
    assert film.mean_free_path_m < film.settings.thickness_nm * 1e-9 < 0.5 * film.l_phi_m(30)
    # B_tr belongs to l, D and tau of the same film: hbar/(4 e D tau) = 3 hbar/(4 e l^2)
    assert film.b_tr_T == pytest.approx(3 * hbar / (4 * e * film.mean_free_path_m**2))
    # Einstein: sigma = e^2 nu D
    s = film.settings
    fermi = (3 * math.pi**2 * s.carrier_density_per_m3) ** (1 / 3)
    states = s.mass_me * 9.1093837e-31 * fermi / (math.pi * hbar) ** 2
    drude_S = e**2 * states * film.diffusion_m2_per_s * s.thickness_nm * 1e-9
    assert drude_S == pytest.approx(1 / s.sheet_resistance_ohm, rel=1e-6)


def test_demo_film_crosses_over_from_antilocalization_to_localization():
    film = Film()
    cold, warm = film.truth(1.5), film.truth(25.0)
    assert cold["symmetry_class"] == "symplectic"
    assert warm["symmetry_class"] == "orthogonal"
    assert film.truth(14.0)["symmetry_class"] == "crossover"
    assert cold["l_phi_nm"] == pytest.approx(430, rel=0.05)
    assert warm["l_phi_nm"] == pytest.approx(60, rel=0.05)
    zero = {T: film.localization_S(0.0, T) for T in (1.5, 25.0)}
    assert (film.localization_S(0.03, 1.5) - zero[1.5]) / G0 < -0.5
    rising = [(film.localization_S(field_T, 25.0) - zero[25.0]) / G0 for field_T in (0.01, 0.05, 0.1, 0.2, 0.4)]
    assert all(np.diff([0, *rising]) > 0)
    assert rising[-1] > 0.3


@pytest.mark.parametrize("temperature_K", [1.5, 5.0, 14.0, 25.0])
def test_a_right_fit_finds_the_truth(temperature_K):
    # noise-free: the bias must be far below the 1 % that a measurement reaches
    film, fields = Film(), np.linspace(0.002, 0.4, 120)
    rho = np.array([film.sheet_tensor(field_T, temperature_K) for field_T in fields])
    dsigma = rho[:, 0] / (rho**2).sum(axis=1) / G0
    b_e = film.b_tr_T

    def residual(p):
        b_phi, b_so = np.exp(p[:2])
        model = 1.5 * F(fields, b_phi + 4 / 3 * b_so) - 0.5 * F(fields, b_phi) - F(fields, b_e)
        return model + p[2] - dsigma

    b_phi_T = film.b_so_T * (film.l_so_m / film.l_phi_m(temperature_K)) ** 2
    start = [math.log(1.5 * b_phi_T), math.log(0.7 * film.b_so_T), dsigma[0]]
    fit = least_squares(residual, start, x_scale=[1, 1, 1], xtol=1e-14)
    l_phi_nm, l_so_nm = np.sqrt(hbar / (4 * e * np.exp(fit.x[:2]))) * 1e9
    assert np.abs(fit.fun).max() < 3e-4
    assert l_phi_nm == pytest.approx(film.truth(temperature_K)["l_phi_nm"], rel=4e-3)
    assert l_so_nm == pytest.approx(110, rel=4e-3)


def test_hall_resistance_is_that_of_electrons_and_localization_leaves_it():
    film = Film(FilmSettings(interaction=0.0))
    per_square = film.settings.carrier_density_per_m3 * film.settings.thickness_nm * 1e-9
    for temperature_K in (1.5, 20.0):
        rho_yx = film.sheet_tensor(0.3, temperature_K)[1]
        assert rho_yx == pytest.approx(-0.3 / (e * per_square), rel=1e-12)


def test_interaction_changes_the_hall_resistance_twice_as_much():
    with_it, without = Film(), Film(FilmSettings(interaction=0.0))
    (rho_1, hall_1), (rho_0, hall_0) = (film.sheet_tensor(0.1, 2.0) for film in (with_it, without))
    # exact in conductances for mu B -> 0: rho_xx ~ 1/sigma, rho_yx ~ sigma_xy/sigma_xx^2
    assert hall_1 / hall_0 == pytest.approx((rho_1 / rho_0) ** 2, rel=1e-6)


def test_onsager_symmetry():
    film = Film()
    for field_T in (1e-4, 0.02, 0.4):
        plus, minus = film.sheet_tensor(field_T, 3.0), film.sheet_tensor(-field_T, 3.0)
        assert plus[0] == minus[0]
        assert plus[1] == -minus[1]


def test_temperature_dependence_has_the_interaction_logarithm():
    cold, warm = 2.0, 8.0
    film, without = Film(), Film(FilmSettings(interaction=0.0))
    extra = {T: 1 / film.sheet_tensor(0.0, T)[0] - 1 / without.sheet_tensor(0.0, T)[0] for T in (cold, warm)}
    assert (extra[warm] - extra[cold]) / G0 == pytest.approx(0.8 * math.log(4), rel=1e-9)


def test_dephasing_is_the_sum_of_its_rates():
    film = Film()
    inverse_g = e**2 / h * 500.0
    nyquist = k * 4.0 / hbar * inverse_g * math.log(1 / (2 * inverse_g))
    assert film.dephasing_rate_per_s(4.0) == pytest.approx(5e8 + nyquist + 2.9e7 * 64, rel=1e-12)


def test_current_heats_the_electrons():
    film = Film()
    assert film.electron_temperature_K(1.5, 0.0) == pytest.approx(1.5, rel=1e-15)
    gentle, rough = film.electron_temperature_K(1.5, 1e-7), film.electron_temperature_K(1.5, 3e-5)
    assert film.l_phi_m(gentle) == pytest.approx(film.l_phi_m(1.5), rel=1e-4)
    assert film.l_phi_m(rough) < 0.9 * film.l_phi_m(1.5)
    assert film.sheet_tensor(0.0, 1.5, 3e-5) == film.sheet_tensor(0.0, rough)


def test_classical_magnetoresistance_is_kohlers():
    film = Film(FilmSettings(interaction=0.0, kohler=3.0))
    plain = Film(FilmSettings(interaction=0.0, kohler=0.0))
    extra = film.sheet_tensor(5.0, 2.0)[0] / plain.sheet_tensor(5.0, 2.0)[0] - 1
    assert extra == pytest.approx(3 * (film.mobility_m2_per_Vs * 5) ** 2, rel=0.1)


def test_one_point_is_fast():
    film, fields = Film(), iter(np.linspace(0.001, 0.3, 1000))
    seconds = min(timeit.repeat(lambda: film.sheet_tensor(next(fields), 1.5), repeat=5, number=50)) / 50
    assert seconds < 1e-3  # 0.1 ms where nothing else runs


def test_no_spin_orbit_scattering_is_an_infinite_length():
    film = Film(FilmSettings(l_so_nm=math.inf))
    assert film.truth(1.5)["symmetry_class"] == "orthogonal"
    assert film.localization_S(0.1, 1.5) > film.localization_S(0.0, 1.5)


@pytest.mark.parametrize("bad", [
    {"l_so_nm": 0.0}, {"l_so_nm": -1.0}, {"tau_0_ns": math.nan}, {"sheet_resistance_ohm": math.inf},
    {"sheet_resistance_ohm": 7000.0}, {"g_factor": -2.0}, {"carrier_density_per_m3": math.nan},
])  # fmt: skip
def test_impossible_films_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        FilmSettings(**bad)


def test_a_typo_raises():
    with pytest.raises(AttributeError):
        Film().difusion = 1.0  # type: ignore[attr-defined]
    with pytest.raises(dataclasses.FrozenInstanceError):
        FilmSettings().l_so_nm = 1.0  # type: ignore[misc]
