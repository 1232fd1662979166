"""The statement of a simulated film: each chapter gives back what the film was made of, or says what is wanting."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.constants import G0, E
from analysis.dephasing import nyquist_rate
from analysis.film_series import FilmSeries
from analysis.sample import Sample
from analysis.statement import as_json, state
from analysis.theory_lines import nyquist_rate_per_um2
from analysis.transport import drude_2d
from tests.analysis.estimates import known, unknown

SHEET, DENSITY, MASS, K_EE = 400.0, 3e16, 1.0, 0.8
GAS = drude_2d(DENSITY, 1 / (SHEET * DENSITY * E), MASS)
T = np.append(np.geomspace(1, 20, 9), 1.0)  # the last sweep: the coldest again at four times the current
HOT = 1.25  # temperature of its electrons


def film(alpha=1.0, seed=0):
    rng = np.random.default_rng(seed)
    electrons = np.append(T[:-1], HOT)
    length = 1e3 / np.sqrt(nyquist_rate_per_um2(electrons, 2, SHEET, GAS.diffusion_cm2_per_s))
    sigma = 1 / SHEET - 2 * alpha * G0 * np.log(length / length[0]) + K_EE * G0 * np.log(electrons)
    error = np.full(T.size, 0.01 * G0)
    return FilmSeries(
        T, tuple(known(v, 0.01 * v, "l_phi_nm") for v in length * np.exp(rng.normal(0, 0.01, T.size))),
        alpha=tuple(known(a, 0.03, "alpha") for a in alpha + rng.normal(0, 0.03, T.size)),
        sheet_ohm=1 / (sigma + rng.normal(0, error)), sheet_error_ohm=error / sigma**2,
        hall_ohm_per_T=-1 / (DENSITY * E) * np.exp(-2 * SHEET * K_EE * G0 * np.log(electrons)),
        hall_error_ohm_per_T=np.full(T.size, 0.05), current_A=np.append(np.full(9, 1e-7), 4e-7), high_field_T=0.3,
        high_field_sigma_S=1 / SHEET + K_EE * G0 * np.log(electrons) + rng.normal(0, error),
        high_field_error_S=error, g_factor=0.5, symmetry_class="orthogonal" if alpha > 0 else "symplectic",
        sample=Sample(width_um=10, length_um=100, thickness_nm=5, effective_mass_m0=MASS),
    )  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return state(film())


def number(chapter, name):
    return next(e for e in chapter.numbers if e.name == name)


def within(estimate, true):
    return abs(estimate.value - true) < 4 * estimate.error


def test_transport(made):
    assert number(made.transport, "density").value == pytest.approx(DENSITY, rel=1e-2)
    assert number(made.transport, "diffusion_cm2_per_s").value == pytest.approx(GAS.diffusion_cm2_per_s, rel=1e-2)
    assert "electrons" in made.transport.sentences[0]


def test_dephasing(made):
    assert within(number(made.dephasing, "rate_exponent"), 1.0)
    assert within(number(made.dephasing, "nyquist_ratio"), 1.0)
    assert within(number(made.dephasing, "l_phi_exponent"), -0.5)
    assert "agrees with" in made.dephasing.sentences[1]
    assert made.dephasing.range_K == pytest.approx((1, 20))
    rate = number(made.dephasing, "nyquist_per_ns")
    assert within(rate, 1e-9 * float(nyquist_rate(1.0, SHEET)))
    assert {"Nyquist, film", "best sum of mechanisms"} <= {line.name for line in made.dephasing.lines}


def test_heating(made):
    assert within(number(made.heating, "electron_K"), HOT)
    assert "the current heats" in made.heating.sentences[0]
    assert any("below k T" in text for text in made.heating.sentences)


def test_temperature(made):
    assert within(number(made.temperature, "k_ee"), K_EE)
    assert within(number(made.temperature, "alpha_p"), 1.0)
    assert "ln T" in made.temperature.sentences[0]
    assert made.temperature.sentences[1].startswith("localization and interaction")


def test_scaling(made):
    assert any("consistent with: orthogonal" in t for t in made.scaling.sentences if t.startswith("by lengths"))
    assert "no proof" in made.scaling.sentences[0]
    assert [line.name for line in made.scaling.lines] == ["orthogonal", "unitary (UNVERIFIED)", "symplectic"]
    assert any("localization length of order" in text for text in made.scaling.sentences)


def test_antilocalization_has_no_localization_length():
    scaling = state(film(alpha=-0.5)).scaling
    assert any("no localization length" in text for text in scaling.sentences)
    assert any("consistent with: symplectic" in t for t in scaling.sentences if t.startswith("by lengths"))


def test_plain_numbers_that_json_can_hold(made):
    text = json.dumps(as_json(made), allow_nan=False)
    back = json.loads(text)
    assert list(back) == ["transport", "dephasing", "heating", "temperature", "scaling"]
    keys = {"name", "unit", "value", "error", "lower", "upper", "determined", "fixed"}
    for chapter in back.values():
        assert chapter["sentences"]
        assert all(set(entry) == keys for entry in chapter["numbers"])
        assert all((e["value"] is None) == (not e["determined"]) for e in chapter["numbers"])


def test_same_series_same_statement(made):
    assert as_json(state(film())) == as_json(made)


def test_little_is_known_of_little():
    made = state(FilmSeries(T[:2], (known(500.0, 5.0), unknown())))
    words = [text for chapter in made.chapters for text in chapter.sentences]
    for wanting in ("no Hall slope", "four or more", "current is not known", "at three temperatures", "takes a film"):
        assert any(wanting in text for text in words), wanting
    assert all(e.value is None for chapter in made.chapters for e in chapter.numbers)


@pytest.mark.parametrize(
    "change",
    [{"alpha": None}, {"high_field_T": None, "high_field_sigma_S": None, "high_field_error_S": None},
     {"sheet_ohm": np.full(10, 2e4)}, {"dimension": 1}, {"dimension": 3},
     {"sample": Sample()}, {"current_A": np.full(10, math.nan)}, {"hall_ohm_per_T": np.linspace(-1, 1, 10)},
     {"l_phi_nm": tuple(unknown() for _ in T)}, {"alpha": tuple(unknown() for _ in T)}],
    ids=lambda change: "+".join(change),
)  # fmt: skip
def test_every_chapter_stands_whatever_is_wanting(change):
    made = state(replace(film(), **change))
    assert all(chapter.sentences for chapter in made.chapters)
    json.dumps(as_json(made), allow_nan=False)
