"""Where to measure for L_phi: the table of the reference, Chebyshev's alternation, invariances, honest refusals."""

import math

import numpy as np
import pytest

from analysis.constants import field_of_length
from analysis.curve import Curve
from analysis.design import (
    Design,
    Question,
    asinh_spaced,
    efficiency,
    expected,
    mixture,
    optimal,
    robust,
    time_ratio,
    uniform,
)
from analysis.fit import fit
from analysis.model import MODELS

HLN, FULL = MODELS["hln"], MODELS["hln_full"]
TRUE = {"alpha": 1.0, "l_phi_nm": 300.0}
B_PHI = float(field_of_length(300e-9))


def question(z_max, **changes):
    return Question(**{"model": HLN, "values": TRUE, "largest_field_T": z_max * B_PHI, **changes})


def spin_orbit(b_so_over_b_phi):
    values = {"l_phi_nm": 300.0, "l_so_nm": 300.0 / math.sqrt(b_so_over_b_phi)}
    return question(100, model=FULL, values=values)


def sweep_ratio(asked):
    return time_ratio(asked, uniform(asked.largest_field_T), optimal(asked))


# physics-rest 9.6; its z1 = 19.4 for zmax = 500 is a grid's: the alternation point is 19.34
TABLE = [
    (5, 2.5, 0.05, (0.29, 0.50, 0.21), 19.4, 0.05, 2.3, 0.05, 2.45),
    (20, 6.0, 0.05, (0.31, 0.50, 0.19), 5.20, 0.005, 2.9, 0.05, 2.28),
    (50, 9.2, 0.05, (0.33, 0.50, 0.17), 3.35, 0.005, 4.0, 0.05, 2.18),
    (100, 12.0, 0.05, (0.34, 0.50, 0.16), 2.70, 0.005, 5.6, 0.05, 2.14),
    (200, 15.1, 0.05, (0.345, 0.50, 0.155), 2.32, 0.005, 8.5, 0.05, 2.13),
    (500, 19.4, 0.1, (0.355, 0.50, 0.145), 2.01, 0.005, 16, 0.5, 2.13),
]


@pytest.mark.parametrize(
    ("z_max", "z1", "z1_digit", "weights", "sd", "sd_digit", "ratio", "ratio_digit", "spaced"), TABLE
)
def test_table_of_the_reference(z_max, z1, z1_digit, weights, sd, sd_digit, ratio, ratio_digit, spaced):
    asked = question(z_max)
    best = optimal(asked)
    assert best.field_T / B_PHI == pytest.approx([0, z1, z_max], abs=z1_digit)
    assert best.weight == pytest.approx(weights, abs=0.0051)
    assert asked.standard_error(best) == pytest.approx(sd, abs=sd_digit)
    assert sweep_ratio(asked) == pytest.approx(ratio, abs=ratio_digit)
    grid = asinh_spaced(asked.largest_field_T, B_PHI, 4001)
    assert time_ratio(asked, grid, best) == pytest.approx(spaced, abs=0.01)


@pytest.mark.parametrize("z_max", [0.5, 5, 20, 100, 500])
def test_middle_weight_is_exactly_one_half(z_max):
    best = optimal(question(z_max))
    assert best.field_T.size == 3
    assert best.weight[1] == pytest.approx(0.5, abs=1e-12)


def test_low_field_limit():
    """F and its slope become z^2 and z^4: the best error of z^2 against {1, z^4} has z1 = zmax/sqrt 2, weights 1/4."""
    best = optimal(question(0.1))
    assert best.field_T[1] / best.field_T[2] == pytest.approx(math.sqrt(0.5), rel=3e-3)
    assert best.weight == pytest.approx([0.25, 0.5, 0.25], abs=2e-3)


@pytest.mark.parametrize(("z_max", "ratio"), [(5, 2.5), (20, 3.2), (50, 4.8), (100, 7.3)])
def test_alpha_held(z_max, ratio):
    asked = question(z_max, held=("alpha",))
    best = optimal(asked)
    assert best.field_T / B_PHI == pytest.approx([0, z_max])
    assert best.weight == pytest.approx([0.5, 0.5])
    assert sweep_ratio(asked) == pytest.approx(ratio, abs=0.05)


def test_parabola():
    asked = question(100, parabola=True)
    best = optimal(asked)
    assert best.field_T / B_PHI == pytest.approx([0, 7.6, 53, 100], abs=0.5)
    assert best.field_T[1] / B_PHI == pytest.approx(7.6, abs=0.05)
    assert best.weight == pytest.approx([0.305, 0.448, 0.195, 0.052], abs=0.001)
    assert sweep_ratio(asked) == pytest.approx(5.7, abs=0.05)


@pytest.mark.parametrize(
    ("b_so", "z1", "digit", "weights", "ratio"),
    [(3, 9.9, 0.05, (0.39, 0.5, 0.11), 7.6), (30, 22, 0.5, (0.45, 0.5, 0.05), 7.3)],
)
def test_spin_orbit(b_so, z1, digit, weights, ratio):
    asked = spin_orbit(b_so)
    best = optimal(asked)
    assert best.field_T / B_PHI == pytest.approx([0, z1, 100], abs=digit)
    assert best.weight == pytest.approx(weights, abs=0.005)
    assert best.weight[1] == pytest.approx(0.5, abs=1e-12)
    assert sweep_ratio(asked) == pytest.approx(ratio, abs=0.05)


@pytest.mark.parametrize(
    ("wrong", "kept"), [(1 / 2, 0.89), (2, 0.86), (1 / 3, 0.77), (3, 0.66), (1 / 10, 0.44), (10, 0.14)]
)
def test_efficiency_of_a_wrong_guess(wrong, kept):
    """The design is for 100 B_guess, the true B_phi is B_guess times `wrong`, the largest field stays."""
    true = question(100, values={"alpha": 1.0, "l_phi_nm": 300.0 / math.sqrt(wrong)})
    assert efficiency(true, optimal(question(100))) == pytest.approx(kept, abs=0.011)


def test_nothing_beats_the_optimum():
    """Neither random designs nor moving the fields of the optimum."""
    asked, rng = question(100), np.random.default_rng(1)
    best = optimal(asked)
    least = asked.standard_error(best)
    for _ in range(300):
        fields = np.sort(asked.largest_field_T * rng.uniform(0, 1, 5) ** 2)
        assert asked.standard_error(Design(fields, rng.dirichlet(np.ones(5)))) > least
    for factor in (0.9, 0.99, 1.01, 1.1):
        moved = Design(best.field_T * np.array([1, factor, 1]), best.weight)
        assert asked.standard_error(moved) > least


@pytest.mark.parametrize("name", [m.name for m in MODELS.values() if "l_phi_nm" in m.names and not m["l_phi_nm"].known])
def test_sensitivity_touches_its_bound_at_the_fields_chosen(name):
    """The equivalence theorem, for every model: |y g(B)| <= 1 everywhere, with equality where one measures."""
    model = MODELS[name]
    values = {p.name: plausible(p) for p in model.parameters if p.default is None or p.name == "l_phi_nm"}
    asked = question(100, model=model, values=values)
    best = optimal(asked)
    at_fields = asked.sensitivity(best.field_T)
    information = (at_fields.T * best.weight) @ at_fields
    y = np.linalg.lstsq(information, asked.direction(), rcond=1e-14)[0] / asked.standard_error(best)
    everywhere = asked.sensitivity(np.linspace(0, asked.largest_field_T, 2001)) @ y
    assert np.abs(everywhere).max() <= 1 + 1e-4
    assert np.abs(at_fields @ y) == pytest.approx(np.ones(best.field_T.size), abs=1e-6)
    assert best.field_T.size <= len(asked.free) + 1


def test_what_the_user_must_know_cannot_be_designed_for():
    """A rough layer in a parallel field gives only roughness and L_phi in one combination."""
    rough = MODELS["parallel_rough"]
    values = {p.name: plausible(p) for p in rough.parameters}
    with pytest.raises(ValueError, match="tell l_phi_nm from roughness_nm"):
        optimal(question(100, model=rough, values=values))


def plausible(parameter):
    if parameter.name == "l_phi_nm":
        return 300.0
    if parameter.unit == "nm":
        return 120.0
    return 0.7 if parameter.lower < 0.7 < parameter.upper else math.sqrt(parameter.lower * parameter.upper)


def test_signs_alternate():
    asked = question(100)
    at_fields = asked.sensitivity(optimal(asked).field_T)
    u = np.linalg.solve(at_fields.T, asked.direction())
    assert np.sign(u).tolist() in ([1, -1, 1], [-1, 1, -1])
    assert u.sum() == pytest.approx(0, abs=1e-12)


def test_field_and_prefactor_only_scale():
    """Fields scale with B_phi; the sign and size of alpha and the noise do not move them."""
    best, least = optimal(question(100)), question(100).standard_error(optimal(question(100)))
    shorter = optimal(question(400, values={"alpha": 1.0, "l_phi_nm": 150.0}))
    assert shorter.field_T / 4 == pytest.approx(best.field_T, rel=1e-3)
    antilocal = question(100, values={"alpha": -0.5, "l_phi_nm": 300.0}, error_G0=0.01)
    other = optimal(antilocal)
    assert other.field_T == pytest.approx(best.field_T, rel=1e-3)
    assert other.weight == pytest.approx(best.weight, abs=1e-4)
    assert antilocal.standard_error(other) == pytest.approx(0.02 * least, rel=1e-6)


def test_noise_that_grows_with_field():
    """Readings that get worse at high field are worth less there; noise alike everywhere is no function of field."""
    same = question(100, error_G0=lambda b: np.full(b.shape, 2.0))
    assert optimal(same).weight == pytest.approx(optimal(question(100)).weight, abs=1e-4)
    worse = question(100, error_G0=lambda b: 1 + 5 * b / (100 * B_PHI))
    best, blind = optimal(worse), optimal(question(100))
    assert worse.standard_error(best) < worse.standard_error(blind)
    assert best.field_T[1] < blind.field_T[1]


def test_more_freedom_never_helps():
    held, free, parabola = question(50, held=("alpha",)), question(50), question(50, parabola=True)
    errors = [asked.standard_error(optimal(asked)) for asked in (held, free, parabola)]
    assert errors == sorted(errors)


def test_deterministic():
    first, second = optimal(question(100)), optimal(question(100))
    assert first.field_T.tobytes() == second.field_T.tobytes()
    assert first.weight.tobytes() == second.weight.tobytes()


def test_robust_design_is_seventy_thirty():
    asked = question(100)
    best, safe = optimal(asked), robust(asked)
    kept = efficiency(asked, safe)
    assert 0.7 + 0.3 / 2.3 < kept < 0.9
    assert safe.weight.sum() == pytest.approx(1)
    assert safe.field_T.size > 30
    for field, weight in zip(best.field_T, best.weight, strict=True):
        near = np.abs(safe.field_T - field) < 1e-9
        assert safe.weight[near].sum() >= 0.7 * weight - 1e-9


def test_mixture_adds_where_fields_coincide():
    mixed = mixture(Design(np.array([0.0, 1.0]), np.array([0.5, 0.5])), Design(np.array([1.0]), np.array([1.0])), 0.5)
    assert mixed.field_T.tolist() == [0, 1]
    assert mixed.weight == pytest.approx([0.25, 0.75])
    with pytest.raises(ValueError, match="share of 1"):
        mixture(mixed, mixed, 1.0)


def test_readings_keep_shares_and_signs():
    best = optimal(question(100))
    fields = best.readings(200)
    assert fields.size == 200
    for field, weight in zip(best.field_T, best.weight, strict=True):
        assert abs(np.count_nonzero(np.isclose(np.abs(fields), field)) - 200 * weight) <= 1
    assert abs(np.sign(fields).sum()) <= 2
    with pytest.raises(ValueError, match="0 readings"):
        best.readings(0)


def test_expected_error_is_what_a_fit_says():
    asked = question(100, error_G0=0.02)
    safe = robust(asked)
    fields = safe.readings(400)
    noise = np.random.default_rng(2).normal(0, 0.02, fields.size)
    answer = fit(HLN, Curve(fields, HLN.value(fields, 1.0, 300.0) + noise, np.full(400, 0.02)))["l_phi_nm"]
    foreseen = expected(asked, safe, 400)
    assert foreseen.determined
    assert answer.error == pytest.approx(foreseen.error, rel=0.05)
    assert abs(answer.value - 300) < 4 * foreseen.error


def test_expected_says_when_it_is_not_determined():
    asked = question(1)
    answer = expected(asked, optimal(asked), 100)
    assert not answer.determined
    assert (answer.value, answer.error) == (None, None)
    assert asked.standard_error(Design(np.array([0.0, B_PHI]), np.array([0.5, 0.5]))) == math.inf
    assert asked.standard_error(Design(np.array([0.0]), np.array([1.0]))) == math.inf


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"largest_field_T": math.nan}, "largest field"),
        ({"largest_field_T": 0.0}, "largest field"),
        ({"values": {"alpha": 1.0}}, "no value for l_phi_nm"),
        ({"values": {"alpha": math.nan, "l_phi_nm": 300.0}}, "alpha = nan"),
        ({"held": ("l_phi_nm",)}, "wanted and held"),
        ({"held": ("l_so_nm",)}, "no parameter 'l_so_nm'"),
        ({"of": "nonsense"}, "no parameter 'nonsense'"),
    ],
)
def test_useless_questions(changes, says):
    with pytest.raises(ValueError, match=says):
        question(100, **changes)


def test_hopeless_measurements():
    with pytest.raises(ValueError, match="nothing depends on l_phi_nm"):
        optimal(question(100, values={"alpha": 0.0, "l_phi_nm": 300.0}))
    with pytest.raises(ValueError, match="tell l_phi_nm from alpha"):
        optimal(question(1e-4))
    with pytest.raises(ValueError, match="error of a reading"):
        optimal(question(100, error_G0=math.nan))


@pytest.mark.parametrize(
    ("fields", "weights", "says"),
    [([0.0, 1.0], [0.5, 0.6], "sum to"), ([-1.0], [1.0], "negative"), ([0.0, 1.0], [1.0], "one weight")],
)
def test_useless_designs(fields, weights, says):
    with pytest.raises(ValueError, match=says):
        Design(np.array(fields), np.array(weights))
