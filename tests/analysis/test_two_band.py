"""Two bands: golden tensor, limits, recovery, and what is not determined."""

import math

import numpy as np
import pytest

from analysis.constants import E
from analysis.two_band import ELECTRONS, HOLES, fit_two_band, two_band, zero_field_hall_coefficient
from tests.analysis.models.golden_rest import ENTRIES, golden

FIELD = np.linspace(-9, 9, 121)
TRUTH = (2e16, 0.8, 3e15, 0.25)


def noisy(truth=TRUTH, signs=(ELECTRONS, HOLES), field=FIELD, noise=1e-3, seed=0):
    rng = np.random.default_rng(seed)
    xx, yx = two_band(field, *truth, signs=signs)
    sd = np.full(field.size, noise * xx.min())
    return field, xx + rng.normal(0, sd), yx + rng.normal(0, sd), sd


@golden
@pytest.mark.parametrize("entry", [e for e in ENTRIES if e["function"] == "two_band"], ids=lambda e: str(e["id"]))
def test_golden(entry):
    a = {name: float(text) for name, text in entry["arguments"].items()}
    xx, yx = two_band(np.array(a["B"]), a["n"], a["mun"], a["p"], a["mup"])
    found = {"rho_xx": xx, "rho_yx": yx}[entry["quantity"]]
    assert float(found) == pytest.approx(float(entry["value"]), rel=1e-9)


def test_limits_of_the_hall_coefficient():
    n, mun, p, mup = 1e16, 0.4, 6e15, 0.1
    small, large = two_band(np.array(1e-6), n, mun, p, mup)[1] / 1e-6, two_band(np.array(1e6), n, mun, p, mup)[1] / 1e6
    assert small == pytest.approx((p * mup**2 - n * mun**2) / (E * (p * mup + n * mun) ** 2), rel=1e-9)
    assert small == pytest.approx(zero_field_hall_coefficient(n, mun, p, mup), rel=1e-9)
    assert large == pytest.approx(1 / (E * (p - n)), rel=1e-6)


def test_compensated():
    xx, _ = two_band(FIELD, 1e16, 0.4, 1e16, 0.1)
    zero = 1 / (1e16 * E * 0.5)
    assert xx == pytest.approx(zero * (1 + 0.04 * FIELD**2), rel=1e-12)


def test_even_and_odd():
    xx, yx = two_band(FIELD, *TRUTH)
    assert xx == pytest.approx(xx[::-1])
    assert yx == pytest.approx(-yx[::-1])


def test_two_alike_bands_are_one():
    xx, yx = two_band(FIELD, 1e16, 0.4, 2e16, 0.4, signs=(HOLES, HOLES))
    assert xx == pytest.approx(1 / (3e16 * E * 0.4), rel=1e-12)
    assert yx == pytest.approx(FIELD / (3e16 * E), rel=1e-12)


@pytest.mark.parametrize("signs", [(ELECTRONS, HOLES), (ELECTRONS, ELECTRONS), (HOLES, HOLES)])
@pytest.mark.parametrize("known", [True, False])
def test_recovers_both_bands_and_their_signs(signs, known):
    field, xx, yx, sd = noisy((5e15, 1.2, 2e16, 0.2), signs)
    found = fit_two_band(field, xx, yx, error_xx_ohm=sd if known else None, error_yx_ohm=sd if known else None)
    assert found.signs == signs
    assert found.signs_determined
    for estimate, true in zip(found.estimates, (5e15, 1.2, 2e16, 0.2), strict=True):
        assert estimate.determined
        assert abs(estimate.value - true) < 4 * estimate.error


def test_errors_cover():
    pulls = []
    for seed in range(25):
        field, xx, yx, sd = noisy(seed=seed)
        found = fit_two_band(field, xx, yx, error_xx_ohm=sd, error_yx_ohm=sd, signs=(ELECTRONS, HOLES))
        pulls += [(e.value - t) / e.error for e, t in zip(found.estimates, TRUTH, strict=True)]
    assert 0.5 < np.mean(np.abs(pulls) < 1) < 0.85


def test_one_band_determines_no_second():
    field, xx, yx, sd = noisy((1e16, 0.5, 1e16, 0.5), (ELECTRONS, ELECTRONS))
    found = fit_two_band(field, xx, yx, error_xx_ohm=sd, error_yx_ohm=sd)
    assert not found["density_1"].determined
    assert not found["density_2"].determined
    assert found.remarks


def test_small_fields_determine_nothing():
    field, xx, yx, sd = noisy(field=np.linspace(-0.05, 0.05, 61), noise=1e-3)
    found = fit_two_band(field, xx, yx, error_xx_ohm=sd, error_yx_ohm=sd)
    assert not any(e.determined for e in found.estimates)
    assert all(e.value is None and e.error is None for e in found.estimates)


def test_cusp_is_left_out():
    field, xx, yx, sd = noisy()
    bent = xx * (1 + 0.2 * np.exp(-((field / 0.2) ** 2)))
    found = fit_two_band(field, bent, yx, error_xx_ohm=sd, error_yx_ohm=sd, exclude_T=0.8)
    assert abs(found["mobility_1"].value - 0.8) < 4 * found["mobility_1"].error


def test_wrong_signs_are_said():
    field, xx, yx, sd = noisy((5e15, 1.2, 2e16, 0.2))
    found = fit_two_band(field, xx, yx, error_xx_ohm=sd, error_yx_ohm=sd, signs=(HOLES, HOLES))
    assert "misfit" in [r.code for r in found.remarks]


def test_same_input_same_bits():
    field, xx, yx, _ = noisy()
    assert fit_two_band(field, xx, yx).values == fit_two_band(field, xx, yx).values


@pytest.mark.parametrize(
    ("xx", "yx", "more", "word"),
    [
        ([1.0, math.nan, 2.0], [0.0, 1.0, 2.0], {}, "finite"),
        ([1.0, 1.0, 2.0], [0.0, 1.0], {}, "equal length"),
        ([-1.0, 1.0, 2.0], [0.0, 1.0, 2.0], {}, "above 0"),
        ([1.0, 1.0, 2.0], [0.0, 1.0, 2.0], {"error_xx_ohm": [1, 1, 1]}, "both or none"),
        ([1.0, 1.0, 2.0], [0.0, 1.0, 2.0], {"exclude_T": 5.0}, "different"),
        ([1.0, 1.0, 1.0], [0.0, 0.0, 0.0], {}, "changes with the field"),
        ([1.0, 1.0, 2.0], [0.0, 1.0, 2.0], {"signs": (2, 0)}, "signs"),
    ],
)
def test_bad_input(xx, yx, more, word):
    with pytest.raises(ValueError, match=word):
        fit_two_band(np.array([0.0, 1.0, 2.0]), np.array(xx), np.array(yx), **more)


def test_all_choices_of_signs_are_shown():
    field, xx, yx, sd = noisy((5e15, 1.2, 2e16, 0.2))
    found = fit_two_band(field, xx, yx, error_xx_ohm=sd, error_yx_ohm=sd)
    assert [c.chi2 for c in found.choices] == sorted(c.chi2 for c in found.choices)
    assert len(found.choices) == 3
    assert found.choices[0].signs == found.signs
    assert found.carriers == ("electrons", "holes")


def test_carriers_that_every_good_choice_has_are_certain():
    field, xx, yx, sd = noisy((1e16, 0.5, 1e16, 0.5), (ELECTRONS, ELECTRONS))
    found = fit_two_band(field, xx, yx, error_xx_ohm=sd, error_yx_ohm=sd)
    assert not found.signs_determined
    assert "holes" not in found.carriers
    assert all(e.value is None for e in found.estimates)


def test_signs_called_determined_are_right():
    # among the seeds those at which a difference of 3.84 in chi^2 would have claimed wrong signs
    claimed = 0
    for seed in (*range(12), 55, 118, 128, 275, 280, 362):
        rng, signs = np.random.default_rng(seed), ((ELECTRONS, HOLES), (ELECTRONS, ELECTRONS), (HOLES, HOLES))[seed % 3]
        n, mu = 10 ** rng.uniform(15, 16.5, 2), np.sort(10 ** rng.uniform(-2, 0, 2))[::-1]
        field, xx, yx, sd = noisy((n[0], mu[0], n[1], mu[1]), signs, np.linspace(-9, 9, 41), 3e-3, seed)
        bent = xx * (1 + 1e-3 * np.abs(field))  # something else is in the resistance as well
        found = fit_two_band(field, bent, yx, error_xx_ohm=sd, error_yx_ohm=sd)
        claimed += found.signs_determined
        assert found.signs == signs or not found.signs_determined
    assert claimed > 6
