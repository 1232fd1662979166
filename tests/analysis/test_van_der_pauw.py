"""Van der Pauw: the golden value, the limits of the equation, and the film that is neither square nor a bar."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import lambertw

from analysis.live import Settings, analyse
from analysis.sample import Sample
from analysis.van_der_pauw import remarks, sheet_resistance, squares
from tests.analysis.simulated_sweep import sweep_rows

GOLDEN = Path(os.environ.get("CUSP_GOLDEN", Path(__file__).parents[3] / "shared" / "golden")) / "golden_rest.json"
ohms = st.floats(1e-3, 1e6)


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"no golden values at {GOLDEN}")
def test_golden_value():
    entries = [e for e in json.loads(GOLDEN.read_text(encoding="utf-8"))["entries"] if e["function"] == "vdp"]
    assert entries
    for entry in entries:
        found, _ = sheet_resistance(float(entry["arguments"]["RA"]), float(entry["arguments"]["RB"]))
        assert found == pytest.approx(float(entry["value"]), rel=1e-9)


@given(ohms, ohms)
def test_solves_the_equation_and_does_not_mind_the_order(r_a, r_b):
    sheet, _ = sheet_resistance(r_a, r_b)
    assert math.exp(-math.pi * r_a / sheet) + math.exp(-math.pi * r_b / sheet) == pytest.approx(1, abs=1e-12)
    assert sheet_resistance(r_b, r_a)[0] == pytest.approx(sheet, rel=1e-13)


def test_limits():
    assert sheet_resistance(100, 100)[0] == pytest.approx(100 * math.pi / math.log(2), rel=1e-14)
    for ratio in (1e3, 1e6, 1e9):  # one configuration much smaller: Lambert's W
        limit = math.pi * ratio / lambertw(ratio).real
        assert sheet_resistance(1, ratio)[0] == pytest.approx(limit, rel=10 / ratio)


def test_errors_are_those_of_a_simulation():
    rng = np.random.default_rng(1)
    found = [sheet_resistance(100 + rng.normal(0, 0.3), 250 + rng.normal(0, 1.0))[0] for _ in range(4000)]
    assert sheet_resistance(100, 250, 0.3, 1.0)[1] == pytest.approx(np.std(found), rel=0.05)
    assert sheet_resistance(100, 250)[1] == 0


@pytest.mark.parametrize(("arguments", "word"), [
    ((-1, 2), "R_A"), ((1, 0), "R_B"), ((1, math.nan), "R_B"), ((1, 1, -1), "error of R_A"),
    ((1, 1, 0, math.inf), "error of R_B"),
])  # fmt: skip
def test_refused(arguments, word):
    with pytest.raises(ValueError, match=word):
        sheet_resistance(*arguments)


def test_squares_of_a_sample():
    assert squares(Sample(squares=5.0)) == 5.0
    assert squares(Sample(geometry="van_der_pauw")) == pytest.approx(math.log(2) / math.pi)
    with_ratio = Sample(geometry="van_der_pauw", van_der_pauw_ratio=2.5)
    assert 100 / squares(with_ratio) == pytest.approx(sheet_resistance(100, 250)[0])
    assert not remarks(Sample(squares=5.0))
    assert "one configuration" in remarks(Sample(geometry="van_der_pauw"))[0].message
    assert "R_B = 2.5 R_A" in remarks(with_ratio)[0].message


@pytest.mark.parametrize(("wrong", "word"), [
    ({"geometry": "corbino"}, "corbino"), ({"geometry": "van_der_pauw", "squares": 5.0}, "belongs to a bar"),
    ({"van_der_pauw_ratio": 2.0}, "given for a bar"), ({"geometry": "van_der_pauw", "van_der_pauw_ratio": 0}, "ratio"),
])  # fmt: skip
def test_a_geometry_that_cannot_be_is_refused(wrong, word):
    with pytest.raises(ValueError, match=word):
        Sample(**wrong)


def test_the_same_film_as_a_bar_and_with_four_contacts():
    """L_phi of a film does not depend on how the contacts sit on it, once the geometry is told."""
    bar = analyse(sweep_rows(300, squares=5.0), Settings(sample=Sample(squares=5.0)))
    sample = Sample(geometry="van_der_pauw", van_der_pauw_ratio=2.5)
    rows = sweep_rows(300, squares=squares(sample), noise_V=20e-9 * squares(sample) / 5)
    other = analyse(rows, Settings(sample=sample))
    assert other.sheet_ohm == pytest.approx(bar.sheet_ohm, rel=1e-4)
    assert other.fit["l_phi_nm"].value == pytest.approx(bar.fit["l_phi_nm"].value, rel=0.01)
    assert "van_der_pauw" in {remark.code for remark in other.remarks}
    assert "van_der_pauw" not in {remark.code for remark in bar.remarks}
