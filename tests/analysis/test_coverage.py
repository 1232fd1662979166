"""How often the 68 % interval of a length holds the truth, over simulated sweeps, from volts to what the window shows.

The whole chain is under test: offset, pairing, noise, fit, examination. White noise, a lock-in's filter slower than the
rows, and drift as 1/f noise; cusps from a tenth of the field range down to a tenth of a step; one leg and two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import binom

from analysis.constants import length_of_field
from analysis.live import Settings, analyse
from analysis.sample import Sample
from tests.analysis.simulated_noise import noisy
from tests.analysis.simulated_sweep import sweep_rows

REACH_T, ROWS, SQUARES = 0.4, 201, 5.0
SINGLE, BOTH = "single", "up and down"


@dataclass(frozen=True)
class Setting:
    """Film, sweep and noise; `width` is B_phi over the largest field, `coupling` B_so over it, None for none."""

    width: float
    shape: str = BOTH
    knee: float = 0.0
    rows_of_tau: float = 0.0
    noise_nV: float = 60.0
    coupling: float | None = 0.15

    def __str__(self) -> str:
        noise = f"{self.noise_nV:g} nV, knee {self.knee:g}, tau {self.rows_of_tau:g} rows"
        return f"1/{1 / self.width:.0f} {self.shape}, {noise}{'' if self.coupling else ', no spin'}"

    @property
    def lengths_nm(self):
        """The true L_phi and L_so."""
        fields = {"l_phi_nm": self.width, "l_so_nm": self.coupling}
        return {name: 1e9 * length_of_field(b * REACH_T) for name, b in fields.items() if b is not None}

    def sweep(self, seed):
        """Return what the program says of one sweep, its zero field anywhere within a step."""
        rng, truth = np.random.default_rng(seed), self.lengths_nm
        rows = sweep_rows(
            truth["l_phi_nm"], truth.get("l_so_nm", math.inf), fields=np.linspace(-REACH_T, REACH_T, ROWS),
            shape=self.shape, offsets_T=tuple(2 * REACH_T / ROWS * rng.uniform(-1, 1, 2)), seed=None,
        )  # fmt: skip
        size = len(rows["x_xx_V"])
        rows["x_xx_V"] = rows["x_xx_V"] + 1e-9 * self.noise_nV * noisy(rng, size, self.knee, self.rows_of_tau)
        rows["x_xy_V"] = rows["x_xy_V"] + 1e-9 * self.noise_nV * rng.standard_normal(size)
        model = "auto" if self.coupling else "hln"
        return analyse(rows, Settings(model=model, sample=Sample(squares=SQUARES))).fit


def hits(setting, sweeps, first_seed):
    """Of each length, in how many sweeps it was determined, and in how many of these its interval held the truth."""
    counts = {name: np.zeros(2, int) for name in setting.lengths_nm}
    for seed in range(first_seed, first_seed + sweeps):
        fitted = setting.sweep(seed)
        for name, truth in setting.lengths_nm.items():
            if name in fitted.values and fitted[name].determined:
                counts[name] += 1, fitted[name].lower <= truth <= fitted[name].upper
    return counts


USUAL = [
    Setting(1 / 100), Setting(1 / 30, noise_nV=300.0), Setting(1 / 30, coupling=None), Setting(1 / 30, rows_of_tau=1.0),
    Setting(1 / 30, knee=0.03), Setting(1 / 10, SINGLE, knee=0.03), Setting(1 / 30, knee=0.1, coupling=None),
]  # fmt: skip
CORNERS = [
    Setting(1 / 10, rows_of_tau=3.0), Setting(1 / 100, SINGLE, rows_of_tau=3.0), Setting(1 / 30, SINGLE, knee=0.01),
    Setting(1 / 300, knee=0.01), Setting(1 / 300, SINGLE, knee=0.1), Setting(1 / 100, knee=0.03, rows_of_tau=1.0),
    Setting(1 / 1000), Setting(1 / 3000, SINGLE), Setting(1 / 1000, noise_nV=600.0), Setting(1 / 10, SINGLE),
]  # fmt: skip
"""Little information on the noise: few independent rows, a knee below what one sweep shows, one leg (whose white noise
may as well be drift, so that intervals are too wide), one reading in the cusp."""


def agrees(held, determined, low, high):
    """Whether a true coverage somewhere from low to high gives so many hits, but for once in a hundred times."""
    return binom.ppf(0.005, determined, low) <= held <= binom.ppf(0.995, determined, high)


@pytest.mark.parametrize("setting", [USUAL[0], USUAL[3], USUAL[4]], ids=str)
def test_interval_holds_the_truth_as_often_as_it_says(setting):
    determined, held = hits(setting, 40, 0)["l_phi_nm"]
    assert determined == 40
    assert agrees(held, determined, 0.64, 0.72)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("setting", USUAL, ids=str)
def test_interval_over_500_sweeps(setting):
    for name, (determined, held) in hits(setting, 500, 1000).items():
        assert determined >= 495
        assert agrees(held, determined, 0.64, 0.72), f"{name}: {held} of {determined}"


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("setting", CORNERS, ids=str)
def test_interval_where_the_sweep_hardly_shows_its_noise(setting):
    for name, (determined, held) in hits(setting, 300, 1000).items():
        assert determined >= 150
        assert agrees(held, determined, 0.60, 0.80), f"{name}: {held} of {determined}"
