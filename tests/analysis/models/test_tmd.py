import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS

FIELD = np.linspace(-0.1, 0.1, 101)


def lengths(*fields_T):
    return np.sqrt(FIELD_NM2 / np.array(fields_T))


def test_without_spin_orbit_coupling_it_is_the_monolayer():
    mono = MODELS["graphene_mono"].value(FIELD, *lengths(2e-3, 5e-3, 3e-2))
    value = MODELS["tmd"].value(FIELD, *lengths(2e-3, 1e-20, 1e-20, 5e-3, 3e-2))
    assert value == pytest.approx(mono, rel=1e-10, abs=1e-13)


def test_with_strong_intervalley_scattering_it_is_the_spin_orbit_form():
    spin = MODELS["graphene_so"].value(FIELD, *lengths(2e-3, 5e-3, 3e-2))
    value = MODELS["tmd"].value(FIELD, *lengths(2e-3, 5e-3, 3e-2, 1e9, 1e9))
    assert value == pytest.approx(spin, rel=1e-10, abs=1e-13)


def test_with_the_valley_lengths_known_the_spin_lengths_are_found():
    truth = lengths(2e-3, 2e-3, 1e-2, 4e-2, 8e-2)
    dsigma = MODELS["tmd"].value(FIELD, *truth) + np.random.default_rng(0).normal(0, 1e-5, FIELD.size)
    known = {"l_i_nm": truth[3], "l_star_nm": truth[4]}
    result = fit("tmd", Curve(FIELD, dsigma, np.full(FIELD.size, 1e-5)), fixed=known)
    for name, value in zip(("l_phi_nm", "l_asy_nm", "l_sym_nm"), truth[:3], strict=True):
        assert result.values[name] == pytest.approx(value, rel=0.05)


def test_the_user_is_told_that_the_rates_are_only_assumed_to_add():
    dsigma = MODELS["tmd"].value(FIELD, *lengths(2e-3, 2e-3, 1e-2, 1e9, 1e9))
    remarks = {r.code: r.message for r in fit("tmd", Curve(FIELD, dsigma)).remarks}
    assert "UNVERIFIED" in remarks["unverified"]
