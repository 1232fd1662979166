"""Shubnikov-de Haas oscillations: golden values, limits, recovery, and what one temperature cannot say."""

import math

import numpy as np
import pytest

from analysis.oscillations import (
    Oscillation,
    _both,
    density_of_frequency,
    dingle,
    dingle_temperature_K,
    fit_oscillations,
    frequency,
    lifshitz_kosevich,
    scattering_ratio,
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
    assert dingle_temperature_K(1e-12) == pytest.approx(1.2157, abs=5e-5)
    assert density_of_frequency(1.0) == pytest.approx(4.836e14, rel=1e-3)
    assert density_of_frequency(1.0, 1) == pytest.approx(2.418e14, rel=1e-3)


def test_cold_and_clean_limit_is_four():
    field = 1 / np.arange(3.5, 9.5)  # F/B - 1/2 whole
    assert lifshitz_kosevich(field, 1e-9, 1.0, 0.067, 1e9) == pytest.approx(4, rel=1e-5)
    assert lifshitz_kosevich(field, 1e-9, 1.0, 0.067, 1e9, gamma_B=0.5) == pytest.approx(-4, rel=1e-5)


def test_hot_limit_stays_finite():
    assert np.all(np.abs(lifshitz_kosevich(np.array([1e-3, 0.1]), 300.0, F, 1.0, 1.0)) < 1e-100)


def test_dingle_temperature_adds_like_a_temperature():
    tau, t = 0.5, 20.0  # far in the exponential: X/sinh X ~ 2 X exp(-X)
    x = thermal_argument(1.0, t, 0.067)
    both = thermal_argument(1.0, t + dingle_temperature_K(0.5e-12), 0.067)
    peak = abs(float(lifshitz_kosevich(np.array(1.0), t, 8.0, 0.067, tau, gamma_B=0.5)))
    assert peak == pytest.approx(8 * x * math.exp(-both), rel=1e-6)


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


def test_dingle_plot_agrees_with_the_fit():
    data = sweeps()
    found = fit_oscillations(data)
    plot = dingle(data[0], found.oscillating[0], found["frequency_T"].value, found["mass_me"].value)
    assert plot.tau_q_ps == pytest.approx(1.0, rel=0.1)
    assert plot.amplitude == pytest.approx(4.0, rel=0.25)


def test_what_the_ratio_says():
    assert "short-range" in scattering_ratio(1e-12, 1e-12)[1]
    assert "small-angle" in scattering_ratio(2e-11, 1e-12)[1]
    assert scattering_ratio(2e-11, 1e-12)[0] == pytest.approx(20)


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
