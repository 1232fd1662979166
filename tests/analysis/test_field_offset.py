"""What a zero field that is not well known does to L_phi."""

import re

import numpy as np
import pytest

from analysis import field_offset
from analysis.curve import Curve
from analysis.fit import fit
from analysis.live import Settings, analyse, analyse_curve
from analysis.model import MODELS
from tests.analysis.simulated_sweep import sweep_rows

NOISE = 0.004


def curve(model, parameters, field, moved_T=0.0):
    noise = np.random.default_rng(0).normal(0, NOISE, field.size)
    return Curve(field + moved_T, MODELS[model].value(field, *parameters) + noise, np.full(field.size, NOISE), 2.0)


def messages(remarks, code):
    return [remark.message for remark in remarks if remark.code == code]


@pytest.mark.parametrize(("model", "parameters"), [("hln", (1.0, 200.0)), ("hln_full", (300.0, 80.0, 1e-3))])
def test_the_effect_on_one_sign_of_field_is_that_of_a_fit_to_the_moved_curve(model, parameters):
    field = np.linspace(0, 0.2, 100)
    data = curve(model, parameters, field)
    fitted, moved = fit(model, data), fit(model, curve(model, parameters, field, 0.1e-3))
    (said,) = field_offset.remarks(fitted, data, None, one_sign=True, odd=False)
    per_mT = float(re.search(r"changes L_phi by ([0-9.e+]+) nm", said.message)[1])
    assert per_mT == pytest.approx(abs(moved.values["l_phi_nm"] - fitted.values["l_phi_nm"]) / 0.1, rel=0.1)


def test_the_effect_of_an_uncertain_centre_is_that_of_the_rounded_curve():
    field = np.linspace(-0.2, 0.2, 201)
    data, error_T = curve("hln", (1.0, 200.0), field), 2e-3
    fitted = fit("hln", data)
    rounded = (MODELS["hln"].value(field + error_T, 1.0, 200.0) + MODELS["hln"].value(field - error_T, 1.0, 200.0)) / 2
    change = rounded - MODELS["hln"].value(field, 1.0, 200.0)
    other = fit("hln", Curve(field, data.dsigma + change, data.error))
    (said,) = field_offset.remarks(fitted, data, error_T, one_sign=False, odd=True)
    percent = float(re.search(r"L_phi is ([0-9.]+) % off", said.message)[1])
    assert percent == pytest.approx(100 * abs(other.values["l_phi_nm"] / fitted.values["l_phi_nm"] - 1), rel=0.3)
    assert "B_phi" in said.message
    assert field_offset.remarks(fitted, data, 1e-5, one_sign=False, odd=False) == []


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_table_of_one_sign_is_told_like_a_sweep_of_one_sign(sign):
    data = curve("hln", (1.0, 200.0), sign * np.linspace(0, 0.2, 100))
    result = analyse_curve(data, Settings(model="hln"))
    (said,) = messages(result.remarks, "one_sign")
    assert ("positive" if sign > 0 else "negative") in said
    assert "field offset cannot be found" in said
    assert messages(result.remarks, "offset_effect")
    assert "one sign of field only" in result.advice
    rows = sweep_rows(300.0, fields=sign * np.linspace(0, 0.4, 100), shape="single", offsets_T=(0.0,))
    swept = analyse(rows, Settings(model="hln_full"), final=False)
    assert messages(swept.remarks, "one_sign")
    assert messages(swept.remarks, "offset_effect")


def test_a_zero_field_that_was_given_is_not_doubted():
    data = curve("hln", (1.0, 200.0), np.linspace(0, 0.2, 100))
    result = analyse_curve(data, Settings(model="hln", field_offset_T=0.0))
    assert not messages(result.remarks, "one_sign")
    assert not messages(result.remarks, "offset_effect")


def test_nothing_is_said_where_l_phi_was_not_found():
    field = np.linspace(0, 0.2, 100)
    noise = Curve(field, np.random.default_rng(1).normal(0, 1, 100), np.ones(100))
    assert field_offset.remarks(None, None, 1.0, one_sign=True, odd=True) == []
    assert field_offset.remarks(fit("hln", noise), noise, 1.0, one_sign=True, odd=True) == []
