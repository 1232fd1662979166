"""From rows of simulated sweeps to a statement, through the analysis that runs live."""

import math

import numpy as np
import pytest
from scipy.special import digamma

from analysis.constants import E, field_of_length
from analysis.film_sweeps import film_series
from analysis.live import LiveAnalysis, Settings
from analysis.sample import Sample
from analysis.statement import state
from tests.analysis.simulated_sweep import as_rows, dsigma, sweep_rows

T = (1.0, 2.0, 4.0, 8.0)
BAR = Sample(squares=5.0, width_um=20.0, effective_mass_m0=1.0)
DENSITY = 1e17


def length(t):
    return 400 * t**-0.5


@pytest.fixture(scope="module")
def snapshot():
    live = LiveAnalysis(Settings(model="hln", sample=BAR))
    for i, t in enumerate(T):
        film = {"magnetoconductance": lambda b, t=t: dsigma(b, length(t)), "density": DENSITY, "seed": i, "sweep": i}
        for row in as_rows(sweep_rows(temperature_K=t, sheet_ohm=500.0, **film)):
            live.add(row)
    live.finish()
    return live.snapshot()


def test_series_holds_what_the_rows_were_made_of(snapshot):
    made = film_series(snapshot.sweeps, snapshot.joint, BAR, current_A=[1e-6] * 4)
    assert made.temperature_K == pytest.approx(T)
    assert [e.value for e in made.l_phi_nm] == pytest.approx([length(t) for t in T], rel=0.05)
    assert made.sheet_ohm == pytest.approx(np.full(4, 500.0), rel=1e-3)
    assert made.hall_ohm_per_T == pytest.approx(np.full(4, 1 / (DENSITY * E)), rel=0.05)
    assert made.hall.carriers == "holes"
    assert (made.symmetry_class, made.high_field_T) == ("orthogonal", pytest.approx(0.4, rel=0.02))
    assert [e.value for e in made.alpha] == pytest.approx([1.0] * 4, rel=0.1)
    assert made.current_A.tolist() == [1e-6] * 4


def test_high_field_conductance_is_that_of_the_film(snapshot):
    made = film_series(snapshot.sweeps, sample=BAR)
    b = np.linspace(0.95, 1, 20) * 0.4
    for t, sigma, error in zip(T, made.high_field_sigma_S, made.high_field_error_S, strict=True):
        b_phi = field_of_length(1e-9 * length(t))
        left = digamma(0.5 + b_phi / b) - digamma(0.5)  # what localization adds over an endless L_phi
        true = 1 / 500 + 1.2331e-5 * (dsigma(b, length(t)) - left).mean()
        assert abs(sigma - true) < 4 * error + 1e-7


def test_sheet_resistance_is_no_surer_than_the_curve_that_is_taken_off():
    """sigma(0) is read off under the fitted cusp: an L_phi that is wrong by its error moves it by more than noise."""
    pulls = []
    for seed in range(12):
        live = LiveAnalysis(Settings(model="hln_full", sample=BAR))
        for row in as_rows(sweep_rows(400.0, math.inf, noise_V=60e-9, seed=seed)):
            live.add(row)
        live.finish()
        made = film_series(live.snapshot().sweeps, sample=BAR)
        pulls.append((made.sheet_ohm[0] - 500) / made.sheet_error_ohm[0])
    assert np.mean(np.square(pulls)) < 3


def test_a_sheet_resistance_with_an_error_above_it_is_none():
    """A fit that leaves L_phi open leaves sigma(0) open too: 500 +- 80000 ohm is no number."""
    live = LiveAnalysis(Settings(model="graphene_so", sample=BAR))
    for row in as_rows(sweep_rows(60.0, math.inf, noise_V=60e-9, seed=1)):
        live.add(row)
    live.finish()
    (sweep,) = live.snapshot().sweeps
    assert sweep.fit["l_phi_nm"].value is None
    assert film_series([sweep], sample=BAR).sheet_ohm is None


def test_a_hall_slope_that_tells_no_density_is_named_and_not_the_mass():
    live = LiveAnalysis(Settings(model="hln", sample=BAR))
    for row in as_rows(sweep_rows(l_so_nm=math.inf, noise_V=2e-6)):
        live.add(row)
    live.finish()
    told = " ".join(state(film_series(live.snapshot().sweeps, sample=BAR)).transport.sentences)
    assert "does not determine density" in told
    assert "not given" not in told


def test_statement_of_the_sweeps(snapshot):
    made = state(film_series(snapshot.sweeps, snapshot.joint, BAR, band="2D"))
    numbers = {e.name: e for e in (*made.transport.numbers, *made.dephasing.numbers)}
    assert numbers["density"].value == pytest.approx(DENSITY, rel=0.05)
    assert numbers["l_phi_exponent"].value == pytest.approx(-0.5, abs=0.05)
    assert all(chapter.sentences for chapter in made.chapters)


def test_nothing_to_make_a_series_of(snapshot):
    assert film_series([]) is None
    with pytest.raises(ValueError, match="shorter"):
        film_series(snapshot.sweeps, current_A=[1e-6])


def test_rows_without_a_hall_voltage():
    live = LiveAnalysis(Settings(model="hln", sample=BAR))
    for row in as_rows(sweep_rows(l_so_nm=math.inf, hall=False)):
        live.add(row)
    live.finish()
    made = film_series(live.snapshot().sweeps, sample=BAR)
    assert made.hall_ohm_per_T is None
    assert made.sheet_ohm == pytest.approx([500.0], rel=1e-3)


def test_the_interaction_is_not_enlarged_by_the_localization_that_is_left_in_the_field():
    """A film whose ln T slope is that of K_ee = 1 at any field, and localization above it, measured up to 14 B_phi."""
    live = LiveAnalysis(Settings(model="hln", sample=BAR))
    for i, t in enumerate((1.0, 1.5, 2.2, 3.3, 5.0)):
        slope = 1.2331e-5 * np.log(t)  # of the interaction, K_ee = 1
        rate = field_of_length(1e-9 * length(t))
        zero = 1 / 500 + slope + 1.2331e-5 * np.log(rate / field_of_length(400e-9))
        film = {"magnetoconductance": lambda b, t=t: dsigma(b, length(t)), "seed": 40 + i, "sweep": i}
        reach = np.linspace(-1, 1, 201) * 14 * field_of_length(179e-9)
        for row in as_rows(sweep_rows(fields=reach, temperature_K=t, sheet_ohm=1 / zero, **film)):
            live.add(row)
    live.finish()
    shot = live.snapshot()
    chapter = state(film_series(shot.sweeps, shot.joint, BAR)).temperature
    k_ee = next(e for e in chapter.numbers if e.name == "k_ee")
    assert k_ee.determined
    assert k_ee.value == pytest.approx(1.0, abs=4 * k_ee.error + 0.02)
