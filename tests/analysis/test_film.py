import numpy as np

from analysis.curve import Curve
from analysis.film import diffusive_film, elastic_length
from analysis.sample import Sample

FEW_FIELDS = Curve(np.array([0.0, 4.0, 9.0]), np.array([0.0, 0.1, 0.2]))
MANY_FIELDS = Curve(np.linspace(-0.1, 0.1, 401), np.linspace(0, 1, 401))


def test_every_limit_of_a_diffusive_film_is_named():
    remarks = diffusive_film(100.0, FEW_FIELDS, Sample(thickness_nm=900.0, width_um=0.05, mean_free_path_nm=80.0))
    assert {r.code for r in remarks} == {"beyond_diffusion", "short_l_phi", "thick_film", "narrow_bar", "field_step"}


def test_nothing_is_said_within_the_limits():
    sample = Sample(thickness_nm=20.0, width_um=50.0, mean_free_path_nm=5.0)
    assert diffusive_film(400.0, MANY_FIELDS, sample) == []


def test_what_is_not_known_is_not_objected_to():
    assert diffusive_film(400.0, MANY_FIELDS, Sample()) == []
    assert elastic_length(Sample()) == {}
