"""A series as plain arrays: which sweeps count, what follows from them, and what is refused."""

import math

import numpy as np
import pytest

from analysis.constants import E
from analysis.film_series import FilmSeries
from analysis.sample import Sample
from tests.analysis.estimates import known

T = np.array([4.0, 1.0, 2.0, 1.005, 2.0])
LENGTHS = tuple(known(500.0, 5.0) for _ in T)
SHEET = {"sheet_ohm": np.full(5, 400.0), "sheet_error_ohm": np.full(5, 1.0)}
HALL = {"hall_ohm_per_T": np.full(5, -1 / (E * 3e16)), "hall_error_ohm_per_T": np.full(5, 0.1)}


def test_gentlest_current_of_each_temperature_coldest_first():
    series = FilmSeries(T, LENGTHS, current_A=np.array([1e-7, 2e-7, 1e-7, 1e-7, 1e-7]))
    assert [g.tolist() for g in series.groups] == [[1, 3], [2, 4], [0]]
    assert series.gentle.tolist() == [3, 2, 4, 0]
    assert FilmSeries(T, LENGTHS).gentle.tolist() == [1, 3, 2, 4, 0]


def test_sweeps_without_a_number_are_not_known():
    sheet = np.array([400.0, math.nan, 400.0, 400.0, 400.0])
    series = FilmSeries(T, LENGTHS, sheet_ohm=sheet, sheet_error_ohm=np.ones(5))
    assert series.known("sheet_ohm").tolist() == [3, 2, 4, 0]
    assert series.known("sheet_ohm", "current_A").size == 0


@pytest.mark.parametrize(("band", "factor"), [("2D", 1.0), ("3D", None), ("Dirac", None)])
def test_carriers(band, factor):
    sample = Sample(thickness_nm=10.0, effective_mass_m0=0.5)
    series = FilmSeries(T, LENGTHS, sample=sample, band=band, fermi_velocity_m_per_s=5e5, **SHEET, **HALL)
    assert series.hall.carriers == "electrons"
    assert series.hall.density.value == pytest.approx(3e16)
    assert series.gas.kind == band
    assert series.gas.conductivity * (1e-8 if band == "3D" else 1) == pytest.approx(1 / 400)
    assert series.diffusion == series.gas.diffusion_cm2_per_s


def test_what_is_not_given_is_not_guessed():
    assert FilmSeries(T, LENGTHS, **SHEET).hall is None
    assert FilmSeries(T, LENGTHS, **SHEET, **HALL).gas is None
    assert FilmSeries(T, LENGTHS, **SHEET, **HALL, band="3D", sample=Sample(effective_mass_m0=1.0)).gas is None
    assert FilmSeries(T, LENGTHS).diffusion is None
    assert FilmSeries(T, LENGTHS, diffusion_cm2_per_s=7.0).diffusion == 7.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temperature_K": np.array([1.0, 2.0, 3.0, 4.0, math.nan])}, "above 0"),
        ({"l_phi_nm": LENGTHS[:2]}, "2 values of l_phi_nm"),
        ({"sheet_ohm": np.ones(5)}, "belong together"),
        ({"high_field_T": 1.0}, "belong together"),
        ({"current_A": np.ones(4)}, "shape"),
        ({"current_A": -np.ones(5)}, "above 0"),
        ({"dimension": 4}, "dimension 4"),
        ({"band": "flat"}, "band 'flat'"),
    ],
)
def test_bad_input(change, words):
    with pytest.raises(ValueError, match=words):
        FilmSeries(**{"temperature_K": T, "l_phi_nm": LENGTHS, **change})
