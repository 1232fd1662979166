"""The Dingle plot beside the fit, the Dingle temperature, and the ratio of the two lifetimes."""

import math

import numpy as np
import pytest

from analysis.dingle import dingle, dingle_temperature_K, scattering_ratio
from analysis.oscillations import fit_oscillations, lifshitz_kosevich, thermal_argument
from tests.analysis.test_oscillations import sweeps


def test_constant_of_the_reference():
    assert dingle_temperature_K(1e-12) == pytest.approx(1.2157, abs=5e-5)


def test_dingle_temperature_adds_like_a_temperature():
    tau, t = 0.5, 20.0  # far in the exponential: X/sinh X ~ 2 X exp(-X)
    x = thermal_argument(1.0, t, 0.067)
    both = thermal_argument(1.0, t + dingle_temperature_K(0.5e-12), 0.067)
    peak = abs(float(lifshitz_kosevich(np.array(1.0), t, 8.0, 0.067, tau, gamma_B=0.5)))
    assert peak == pytest.approx(8 * x * math.exp(-both), rel=1e-6)


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


@pytest.mark.parametrize(("ratio", "word"), [(0.5, "below 1"), (4.0, "between")])
def test_ratios_between_and_below(ratio, word):
    assert word in scattering_ratio(ratio * 1e-12, 1e-12)[1]
    with pytest.raises(ValueError, match="above 0"):
        scattering_ratio(0.0, 1e-12)


def test_too_few_extrema():
    data = sweeps((0.3,), field=np.linspace(0.3, 0.31, 50))[0]
    with pytest.raises(ValueError, match="three are needed"):
        dingle(data, data.rho_xx_ohm / 50 - 1, 8.27, 0.067)
