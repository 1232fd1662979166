"""Shubnikov-de Haas oscillations: golden values, limits, recovery, and what one temperature cannot say."""

import math

import numpy as np
import pytest

from analysis.oscillations import (
    MAXIMAL,
    MINIMAL,
    Oscillation,
    _both,
    bulk_density_of_frequency,
    density_of_frequency,
    fit_oscillations,
    frequency,
    lifshitz_kosevich,
    thermal_argument,
)
from tests.analysis.models.golden_rest import entries, golden

F = 4e15 / density_of_frequency(1.0)
FIELD = np.linspace(0.2, 0.45, 300)
NOISE = 1e-3


def sweeps(temperatures=(0.3, 0.8, 1.4, 2.0), seed=0, known=True, gamma=0.0, amplitude=4.0, field=FIELD):
    rng = np.random.default_rng(seed)
    made = []
    for t in temperatures:
        wave = lifshitz_kosevich(field, t, F, 0.067, 1.0, gamma, amplitude)
        rho = 50 * (1 + 0.05 * field**2 + wave + rng.normal(0, NOISE, field.size))
        made.append(Oscillation(t, field, rho, 50.0, np.full(field.size, 50 * NOISE) if known else None))
    return made


@golden
@pytest.mark.parametrize(("a", "expected"), entries("sdh_2d"))
def test_golden(a, expected):
    f = a["n"] / density_of_frequency(1.0)
    found = lifshitz_kosevich(
        np.array(a["B"]), a["T"], f, a["m"], 1e12 * a["tauq"], harmonics=int(a.get("harmonics", 1))
    )
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_constants_of_the_reference():
    assert float(thermal_argument(1.0, 1.0, 1.0)) == pytest.approx(14.693, abs=5e-4)
    assert density_of_frequency(1.0) == pytest.approx(4.836e14, rel=1e-3)
    assert density_of_frequency(1.0, 1) == pytest.approx(2.418e14, rel=1e-3)


def test_cold_and_clean_limit_is_four():
    field = 1 / np.arange(3.5, 9.5)  # F/B - 1/2 whole
    assert lifshitz_kosevich(field, 1e-9, 1.0, 0.067, 1e9) == pytest.approx(4, rel=1e-5)
    assert lifshitz_kosevich(field, 1e-9, 1.0, 0.067, 1e9, gamma_B=0.5) == pytest.approx(-4, rel=1e-5)


def test_bulk_amplitude_is_five_halves():
    # short-range scatterers let orbits of levels N, N' jump, sigma_xx ~ sum (N + N' + 1) g_N g_N', with
    # g_N = (E - N - 1/2)^(-1/2): 1 from sum g_N and 3/2 from sum (N + 1/2) g_N; energies in hbar omega_c
    theta, middle = 0.15, 400
    v, weight = np.polynomial.legendre.leggauss(60)
    v, weight = (v + 1) / 2, weight / 2
    energy = np.linspace(middle, middle + 1, 21)
    average = np.zeros((2, energy.size))
    for last in range(middle - 8, middle + 9):  # E between two levels, last + 1/2 + v^2
        n = np.arange(last + 1)[:, np.newaxis]
        g = 1 / np.sqrt(v**2 + last - n)
        sums = np.array([g.sum(axis=0), ((n + 0.5) * g).sum(axis=0)])
        thermal = 1 / (4 * theta * np.cosh((last + 0.5 + v**2 - energy[:, np.newaxis]) / (2 * theta)) ** 2)
        average += sums @ (2 * v * weight * thermal).T
    smooth = np.array([2 * energy**0.5, 4 / 3 * energy**1.5])
    wave = (average / smooth - 1).sum(axis=0)
    mass = theta / float(thermal_argument(1.0, 1.0, 1.0)) * 2 * math.pi**2  # k T = theta hbar e B/m at 1 K, 1 T
    field = middle / energy  # F/B = E, and so little of it that k T stays theta
    expected = lifshitz_kosevich(field, 1.0, float(middle), mass, 1e9, amplitude=2.5, harmonics=3, kind=MAXIMAL)
    assert wave == pytest.approx(expected, abs=0.02 * np.abs(expected).max())


def test_hot_limit_stays_finite():
    assert np.all(np.abs(lifshitz_kosevich(np.array([1e-3, 0.1]), 300.0, F, 1.0, 1.0)) < 1e-100)


@pytest.mark.parametrize("harmonics", [1, 3])
def test_derivatives(harmonics):
    u = np.array([F, 0.067, 1.0, 0.1, 4.0])
    _, derivative = _both(FIELD, 0.5, harmonics, *u)
    for i in range(5):
        step = np.zeros(5)
        step[i] = 1e-6 * u[i]
        change = _both(FIELD, 0.5, harmonics, *(u + step))[0] - _both(FIELD, 0.5, harmonics, *(u - step))[0]
        assert derivative[:, i] == pytest.approx(
            change / (2 * step[i]), rel=1e-5, abs=1e-7 * abs(derivative[:, i]).max()
        )


def test_frequency_from_the_spectrum():
    assert frequency(sweeps()[0]) == pytest.approx(F, rel=0.01)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("gamma", [0.0, 0.4])
def test_joint_fit_recovers(known, gamma):
    found = fit_oscillations(sweeps(known=known, gamma=gamma))
    truth = {"frequency_T": F, "mass_me": 0.067, "tau_q_ps": 1.0, "gamma_B": gamma, "amplitude": 4.0}
    for name, true in truth.items():
        assert found[name].determined
        assert abs(found[name].value - true) < 4 * found[name].error
    assert found["mass_me"].value == pytest.approx(0.067, rel=0.02)
    assert found.density.value == pytest.approx(4e15, rel=1e-3)
    assert not found.remarks


def test_errors_cover():
    pulls = []
    for seed in range(10):
        found = fit_oscillations(sweeps(seed=seed))
        pulls += [(found["mass_me"].value - 0.067) / found["mass_me"].error]
        pulls += [(found["tau_q_ps"].value - 1) / found["tau_q_ps"].error]
    assert 0.4 < np.mean(np.abs(pulls) < 1) < 0.95


def test_one_hot_temperature_does_not_tell_mass_from_lifetime():
    found = fit_oscillations(sweeps((2.0,)))
    assert not found["mass_me"].determined
    assert found["mass_me"].value is None
    assert "sdh_loose" in [r.code for r in found.remarks]


def test_wrong_amplitude_is_said():
    found = fit_oscillations(sweeps(amplitude=2.0))
    assert [r.code for r in found.remarks] == ["sdh_amplitude"]


@pytest.mark.parametrize(
    ("field", "rho", "word"),
    [([0.1, 0.2], [1.0, 1.0], "different fields"), ([0.1, -0.2], [1.0, 1.0], "not usable"),
     ([0.1, 0.2], [1.0, math.nan], "not usable"), ([0.1, 0.2], [1.0], "shape")],
)  # fmt: skip
def test_bad_input(field, rho, word):
    with pytest.raises(ValueError, match=word):
        fit_oscillations([Oscillation(1.0, np.array(field), np.array(rho), 50.0)])


@pytest.mark.parametrize("field", [FIELD, np.linspace(0.3, 3, 200), np.linspace(5, 9, 100)])
@pytest.mark.parametrize("seed", range(5))
def test_noise_does_not_oscillate(field, seed):
    noise = np.random.default_rng(seed).normal(0, 0.1, field.size)
    with pytest.raises(ValueError, match="stands out|no peak"):
        fit_oscillations([Oscillation(1.0, field, 50 + noise, 50.0)])


def test_large_oscillations_are_said():
    found = fit_oscillations(sweeps(field=np.linspace(0.25, 0.6, 300)))
    assert [r.code for r in found.remarks] == ["sdh_large"]


def test_all_alike_is_refused():
    with pytest.raises(ValueError, match="different fields"):
        fit_oscillations([Oscillation(1.0, np.full(50, 0.3), np.full(50, 50.0), 50.0)])
    with pytest.raises(ValueError, match="sweeps"):
        fit_oscillations([])


@pytest.mark.parametrize("kind", [MAXIMAL, MINIMAL])
def test_derivatives_in_bulk(kind):
    u = np.array([F, 0.067, 1.0, 0.1, 2.5])
    _, derivative = _both(FIELD, 0.5, 2, *u, kind=kind)
    for i in range(5):
        step = np.zeros(5)
        step[i] = 1e-6 * u[i]
        change = _both(FIELD, 0.5, 2, *(u + step), kind=kind)[0] - _both(FIELD, 0.5, 2, *(u - step), kind=kind)[0]
        assert derivative[:, i] == pytest.approx(
            change / (2 * step[i]), rel=1e-5, abs=1e-7 * abs(derivative[:, i]).max()
        )


def test_bulk_is_the_film_with_a_root_and_an_eighth_of_a_turn():
    bulk = lifshitz_kosevich(FIELD, 0.5, F, 0.067, 1.0, gamma_B=0.125, kind=MAXIMAL)
    film = lifshitz_kosevich(FIELD, 0.5, F, 0.067, 1.0)
    assert bulk == pytest.approx(film * np.sqrt(FIELD / (2 * F)), rel=1e-9)
    other = lifshitz_kosevich(FIELD, 0.5, F, 0.067, 1.0, gamma_B=-0.125, kind=MINIMAL)
    assert other == pytest.approx(bulk, rel=1e-9)


def test_density_of_a_sphere():
    # k_F from the cross-section, n = k_F^3/(3 pi^2) for two spins
    k_F = math.sqrt(2 * 1.602176634e-19 * 100 / 1.054571817e-34)
    assert bulk_density_of_frequency(100.0) == pytest.approx(k_F**3 / (3 * math.pi**2), rel=1e-9)


def bulk_sweeps():
    rng, made = np.random.default_rng(1), []
    field = np.linspace(2, 9, 400)
    for t in (1.5, 4.0, 8.0):
        wave = lifshitz_kosevich(field, t, 60.0, 0.1, 0.3, 0.2, 2.5, kind=MAXIMAL)
        rho = 50 * (1 + 0.001 * field**2 + wave + rng.normal(0, NOISE, field.size))
        made.append(Oscillation(t, field, rho, 50.0, np.full(field.size, 50 * NOISE)))
    return made


def test_bulk_recovers():
    found = fit_oscillations(bulk_sweeps(), kind=MAXIMAL)
    truth = {"frequency_T": 60.0, "mass_me": 0.1, "tau_q_ps": 0.3, "gamma_B": 0.2, "amplitude": 2.5}
    for name, true in truth.items():
        assert abs(found[name].value - true) < 4 * found[name].error
    assert found.density.unit == "1/m^3"
    assert found.density.value == pytest.approx(bulk_density_of_frequency(60.0), rel=1e-3)
    assert found.density.error == pytest.approx(1.5 * found.density.value * found["frequency_T"].error / 60, rel=1e-3)


def test_few_oscillations_are_said():
    field = np.linspace(0.45, 0.55, 80)
    found = fit_oscillations(sweeps((0.3, 1.0, 2.0), field=field, amplitude=1.0))
    assert found.oscillations == pytest.approx(F * (1 / 0.45 - 1 / 0.55), rel=0.1)
    assert "sdh_few" in [r.code for r in found.remarks]
    assert fit_oscillations(sweeps()).oscillations > 20


def test_bootstrap_on_request():
    data = sweeps((0.3, 1.0, 2.0), field=np.linspace(0.2, 0.45, 200))
    plain, shuffled = fit_oscillations(data), fit_oscillations(data, bootstrap=40)
    for name in ("frequency_T", "mass_me", "tau_q_ps"):
        assert shuffled[name].value == plain[name].value
        assert 0.4 < shuffled[name].error / plain[name].error < 2.5


def test_kind_is_checked():
    with pytest.raises(ValueError, match="kind 'bulk'"):
        fit_oscillations(sweeps(), kind="bulk")
