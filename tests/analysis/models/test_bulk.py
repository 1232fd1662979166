"""Films between two and three dimensions, and the bulk: golden values, and every limit of the formulas."""

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.constants import G0
from analysis.curve import Curve
from analysis.fit import fit
from analysis.kawabata import f3_and_derivative, pair
from analysis.mode_sum import film_cooperon
from analysis.model import MODELS
from analysis.models.bulk import zero_field_bulk, zero_field_film
from analysis.sample import Sample
from analysis.special import cooperon
from tests.analysis.models.golden_rest import entries, golden

FIELD = np.array([1e-4, 3e-3, 0.02, 0.1, 0.7, 5.0, 40.0])


def value(name, *parameters, field=FIELD):
    return MODELS[name].value(field, *parameters)


@golden
@pytest.mark.parametrize(("arguments", "expected"), entries("film_crossover"))
def test_golden_film(arguments, expected):
    field = np.array([arguments["B"]])
    found = value("film_crossover", 1e9 * arguments["Lphi"], 1e9 * arguments["t"], field=field)[0]
    assert G0 * found == pytest.approx(expected, rel=1e-9)  # of the 1e-6 that the reference asks for


@golden
@pytest.mark.parametrize(("arguments", "expected"), entries("dsigma_film_B0"))
def test_golden_film_without_field(arguments, expected):
    lengths = (1e9 * arguments[name] for name in ("Lphi", "Lref", "t"))
    assert G0 * zero_field_film(*lengths) == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("arguments", "expected"), entries("f3"))
def test_golden_f3(arguments, expected):
    assert f3_and_derivative(np.array([arguments["d"]]))[0][0] == pytest.approx(expected, rel=1e-13)


@golden
@pytest.mark.parametrize(("arguments", "expected"), entries("dsigma_kawabata"))
def test_golden_kawabata(arguments, expected):
    # of a film 1 m thick the conductance per square [S] is the conductivity [S/m]
    found = value("kawabata", 1e9 * arguments["Lphi"], 1e9, field=np.array([arguments["B"]]))[0]
    assert G0 * found == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("arguments", "expected"), entries("dsigma_FH"))
def test_golden_fukuyama_hoshino(arguments, expected):
    lengths = 1e9 * arguments["Lphi"], 1e9 * arguments["Lso"], 1e9
    field = np.array([arguments["B"]])
    g, diffusion = arguments.get("g", 0.0), 1e4 * arguments.get("D", 1.0)
    found = value("fukuyama_hoshino_zeeman", *lengths, g, diffusion, field=field)[0]
    assert G0 * found == pytest.approx(expected, rel=1e-9)
    if g == 0:
        assert G0 * value("fukuyama_hoshino", *lengths, field=field)[0] == pytest.approx(expected, rel=1e-9)


@golden
@pytest.mark.parametrize(("arguments", "expected"), entries("dsigma3_T"))
def test_golden_bulk_without_field(arguments, expected):
    found = 1e9 * G0 * zero_field_bulk(1e9 * arguments["Lphi"], 1e9 * arguments["Lref"])
    assert found == pytest.approx(expected, rel=1e-9)


def test_bulk_without_field_is_that_of_a_thick_film_per_thickness():
    assert zero_field_film(300.0, 100.0, 1e6) / 1e6 == pytest.approx(zero_field_bulk(300.0, 100.0), rel=1e-3)
    # a film far thinner than L_phi: 2 ln L_phi
    assert zero_field_film(300.0, 100.0, 1e-2) == pytest.approx(-2 * np.log(3), rel=1e-8)
    # 1 + x coth x
    slope = (zero_field_film(300.3, 100.0, 150.0) - zero_field_film(299.7, 100.0, 150.0)) / np.log(300.3 / 299.7)
    assert -slope == pytest.approx(1 + 0.5 / np.tanh(0.5), rel=1e-5)


def test_f3_series_and_limits():
    delta = np.array([1e-3, 0.2, 1.0, 7.0])
    # Kawabata's series as it stands, and the mean of what is left out
    n = np.arange(200_000.0)[:, np.newaxis] + delta
    terms = 2 * np.sqrt(n + 1) - 2 * np.sqrt(n) - 1 / np.sqrt(n + 0.5)
    rest = (n[-1] + 1) ** -1.5 / 48
    assert f3_and_derivative(delta)[0] == pytest.approx(terms.sum(axis=0) + rest, rel=1e-7)
    large = np.array([1e3, 1e8])
    assert f3_and_derivative(large)[0] == pytest.approx(large**-1.5 / 48 - 7 * large**-3.5 / 3072, rel=1e-12)
    assert f3_and_derivative(np.array([0.0]))[0][0] == pytest.approx(0.604898643421630, rel=1e-14)


def test_kawabata_at_low_and_high_field():
    b_phi = FIELD_NM2 / 100.0**2
    low, high = np.array([1e-4 * b_phi]), np.array([1e6 * b_phi])
    front = 1000.0 / (2 * np.sqrt(FIELD_NM2))
    assert value("kawabata", 100.0, 1000.0, field=low)[0] == pytest.approx(front * low[0] ** 2 / 48 / b_phi**1.5)
    assert value("kawabata", 100.0, 1e9, field=high)[0] * G0 / np.sqrt(high[0]) == pytest.approx(290.7, rel=5e-3)


def test_thin_film_is_that_of_hikami_larkin_nagaoka():
    field = FIELD[:5]
    assert value("film_crossover", 300.0, 0.1, field=field) == pytest.approx(
        MODELS["hln"].value(field, 1.0, 300.0), rel=1e-6
    )
    full = MODELS["hln_full"]
    expected = full.value(field, 300.0, 150.0, 1e-3)
    assert value("film_crossover_so", 300.0, 150.0, 0.1, field=field) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_thick_film_is_the_bulk_and_half_a_surface():
    thick, l_phi = 1e4, 100.0
    surface = 0.5 * cooperon(FIELD, np.array([FIELD_NM2 / l_phi**2]))[0][0]
    expected = value("kawabata", l_phi, thick) + surface
    assert value("film_crossover", l_phi, thick) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("thickness", [20.0, 150.0, 900.0])
def test_film_is_the_sum_over_its_modes(thickness):
    b_phi, b_t = 5e-3, FIELD_NM2 * (np.pi / thickness) ** 2
    n = np.arange(4000.0)
    for field in FIELD[:5]:
        modes = cooperon(np.array([field]), b_phi + b_t * n**2)[0].sum()
        tail = (field / b_t) ** 2 / (72 * (n[-1] + 0.5) ** 3)
        whole = film_cooperon(np.array([field]), np.array([b_phi]), b_t)[0][0, 0]
        assert whole == pytest.approx(modes + tail, rel=1e-12)


def test_spin_orbit_scattering_from_none_to_strong():
    assert value("fukuyama_hoshino", 100.0, 1e6, 1e3) == pytest.approx(value("kawabata", 100.0, 1e3), rel=1e-5)
    low = FIELD[:4]
    strong = value("fukuyama_hoshino", 100.0, 1e-3, 1e3, field=low)
    assert strong == pytest.approx(-0.5 * value("kawabata", 100.0, 1e3, field=low), rel=1e-9)
    assert value("film_crossover_so", 100.0, 1e6, 70.0) == pytest.approx(value("film_crossover", 100.0, 70.0), rel=1e-5)
    strong = value("film_crossover_so", 100.0, 1e-2, 70.0, field=low)
    assert strong == pytest.approx(-0.5 * value("film_crossover", 100.0, 70.0, field=low), rel=1e-6)


def test_zeeman_splitting_goes_out():
    without = value("fukuyama_hoshino", 200.0, 80.0, 1e3)
    assert value("fukuyama_hoshino_zeeman", 200.0, 80.0, 1e3, 1e-7, 1.0) == pytest.approx(without, rel=1e-9)
    # without spin-orbit scattering it does nothing
    free = value("fukuyama_hoshino_zeeman", 200.0, 1e6, 1e3, 2.0, 100.0, field=FIELD[:4])
    assert free == pytest.approx(value("kawabata", 200.0, 1e3, field=FIELD[:4]), rel=1e-3)


def test_two_fields_of_a_pair_may_meet():
    # gamma = 1: the quotient and both derivatives pass through without a step
    middle = 0.03
    q = middle**2 * np.array([-0.0201, -0.0199, -1e-12, 0.0, 1e-12, 0.0199, 0.0201])
    field = np.full(q.size, 0.05)
    quotient, by_middle, by_q = pair(field, middle, q)
    assert (quotient[3], by_middle[3], by_q[3]) == pytest.approx((quotient[4], by_middle[4], by_q[4]), rel=1e-9)
    for at in (0, 5):
        step = q[at + 1] - q[at]
        assert quotient[at + 1] - quotient[at] == pytest.approx(step * by_q[at : at + 2].mean(), rel=1e-6)
    up, down = (pair(field, middle * (1 + s), q)[0] for s in (1e-5, -1e-5))
    assert by_middle == pytest.approx((up - down) / (2e-5 * middle), rel=1e-8)


def test_a_thick_film_taken_for_a_thin_one_shows_a_shorter_length():
    # physics-rest section 1: t = L_phi, fields to 10 B_phi: HLN finds 0.966 L_phi and alpha = 1.103
    field = np.linspace(0, 10 * FIELD_NM2 / 200.0**2, 201)[1:]
    curve = Curve(field, value("film_crossover", 200.0, 200.0, field=field))
    biased = fit("hln", curve, offset=False)
    assert biased.values["l_phi_nm"] / 200 == pytest.approx(0.966, abs=0.01)
    assert biased.values["alpha"] == pytest.approx(1.103, abs=0.01)
    right = fit("film_crossover", curve, fixed={"thickness_nm": 200.0})
    assert right.values["l_phi_nm"] == pytest.approx(200, rel=1e-5)


def test_thickness_comes_from_the_sample_or_is_said_to_be_assumed():
    field = np.linspace(-0.1, 0.1, 101)
    curve = Curve(field, value("film_crossover", 150.0, 60.0, field=field))
    known = fit("film_crossover", curve, sample=Sample(thickness_nm=60.0, mean_free_path_nm=100.0))
    assert known.values["l_phi_nm"] == pytest.approx(150, rel=1e-4)
    assert "ballistic_thickness" in {remark.code for remark in known.remarks}
    assert "thickness_assumed" in {remark.code for remark in fit("film_crossover", curve).remarks}
    bulk = fit("kawabata", curve, sample=Sample(thickness_nm=60.0))
    assert any(remark.code == "thin_film" and "film_crossover" in remark.message for remark in bulk.remarks)
