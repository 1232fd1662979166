"""Rashba, linear and cubic Dresselhaus together: golden values, the spin helix, symmetry, the closed form."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.special import digamma

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.least_squares import Problem
from analysis.model import MODELS
from analysis.sample import Sample
from analysis.special import cooperon
from analysis.spin_matrix import _level_sums, triplet_curve, triplet_matrix
from analysis.spin_precession import triplet

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FILE = FOLDER / "golden2d.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []
golden = pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")

MODEL = MODELS["rashba_dresselhaus"]
FIELD = np.geomspace(1e-3, 0.2, 30)
MIXED = 0.004, 0.03, 0.02, 0.005


def lengths(*fields_T):
    return [float(np.sqrt(FIELD_NM2 / field)) for field in fields_T]


def single(field_T, b_phi):
    return cooperon(np.asarray(field_T, dtype=float), np.array([b_phi]))[0][0]


def absolute(B, b_phi, b_rashba, b_dresselhaus, b_cubic, b_tr):
    """The correction itself, with the cut-off of the reference [G0]."""
    fields = np.array([b_phi, b_rashba + b_dresselhaus, 4 * b_rashba * b_dresselhaus, b_cubic])
    sums = _level_sums(np.array([B]), fields)[0, 0]
    return -(sums - 2 * digamma(0.5 + b_phi / B) + 2 * np.log(b_tr / B)) / 2


def pull(estimate, truth):
    assert estimate.value is not None
    assert estimate.error is not None
    return abs(estimate.value - truth) / estimate.error


@golden
@pytest.mark.parametrize("entry", [pytest.param(e, id=e["id"]) for e in ENTRIES if e["model"] == "knap_matrix"])
def test_golden_values(entry):
    p = [float(entry["params"][name]) for name in ("Bphi", "B_R", "B_D", "B_3", "Btr")]
    value = absolute(float(entry["B_T"]), *p)
    assert value == pytest.approx(float(entry["value"]), rel=entry["rel_tol"], abs=0)


def test_the_two_linear_terms_do_not_add():
    # section 4b of the reference; the closed form with their sum gives -2.9225
    assert absolute(0.5, 0.1, 0.9, 0.3, 0.05, 10.0) == pytest.approx(-3.4547, abs=5e-5)


@pytest.mark.parametrize("b_phi", [0.05, 0.01, 1e-3])
def test_a_persistent_spin_helix_is_weak_localization(b_phi):
    # B_R = B_D without a cubic term is a gauge: exactly three free channels, and at last F(B, B_phi)
    value, _ = triplet_matrix(FIELD, b_phi, 0.03, 0.03, 0.0)
    assert value == pytest.approx(3 * single(FIELD, b_phi), abs=2e-11)
    whole = MODEL.value(FIELD, *lengths(b_phi, 0.03, 0.03, 1e-9))
    assert whole == pytest.approx(single(FIELD, b_phi), rel=1e-5)


def test_rashba_and_dresselhaus_enter_alike():
    b_phi, b_rashba, b_dresselhaus, b_cubic = MIXED
    value, slope = triplet_matrix(FIELD, *MIXED)
    other, other_slope = triplet_matrix(FIELD, b_phi, b_dresselhaus, b_rashba, b_cubic)
    assert other == pytest.approx(value, rel=1e-13)
    assert other_slope[:, [0, 2, 1, 3]] == pytest.approx(slope, rel=1e-10)


@pytest.mark.parametrize("b_cubic", [0.0, 0.02])
def test_one_linear_term_is_the_closed_form(b_cubic):
    value, slope = triplet_matrix(FIELD, 0.004, 0.03, 0.0, b_cubic)
    closed, closed_slope = triplet(FIELD, 0.004, 0.03, b_cubic)
    assert value == pytest.approx(closed, abs=1e-12)
    assert slope[:, [0, 1, 3]] == pytest.approx(closed_slope, rel=1e-9, abs=1e-10)


def test_derivatives_against_differences():
    _, slope = triplet_matrix(FIELD, *MIXED)
    for i, field in enumerate(MIXED):
        step = 1e-4 * field
        moved = [np.array(MIXED) + k * step * (np.arange(4) == i) for k in (-2, -1, 1, 2)]
        shifted = [triplet_matrix(FIELD, *fields.tolist())[0] for fields in moved]
        difference = (8 * (shifted[2] - shifted[1]) - shifted[3] + shifted[0]) / (12 * step)
        assert slope[:, i] == pytest.approx(difference, abs=1e-9 * np.abs(slope[:, i]).max())


@pytest.mark.parametrize(
    ("fields", "tolerance"),
    [
        (MIXED, 1e-9),
        ((0.05, 0.001, 0.002, 0.05), 1e-9),
        ((0.001, 0.03, 0.028, 0.001), 1e-8),
        ((1e-4, 0.03, 1e-6, 0), 1e-6),
        ((2e-5, 0.03, 0.0301, 0), 1e-8),
    ],
)
def test_what_is_read_from_the_polynomial(fields, tolerance):
    exact, read = triplet_matrix(FIELD, *fields)[0], triplet_curve(FIELD, *fields)[0]
    assert read == pytest.approx(exact, abs=tolerance * exact.max())
    assert read[0] == pytest.approx(exact[0], rel=1e-6)


def test_from_zero_to_a_hundred_tesla():
    parameters = lengths(*MIXED)
    value = MODEL.value(np.array([0.0, 1e-9, 1e-8, 3.0, 100.0]), *parameters)
    assert value[0] == 0
    assert value[2] / value[1] == pytest.approx(100, rel=1e-9)
    # at high field every channel is a logarithm: the sum of weights is one
    assert value[4] - value[3] == pytest.approx(np.log(100 / 3), abs=0.15)
    assert np.isfinite(value).all()


def test_known_dresselhaus_gives_rashba():
    rng = np.random.default_rng(1)
    field = np.linspace(-0.2, 0.2, 201)
    truth = [200.0, 90.0, 120.0, 400.0]
    curve = Curve(field, MODEL.value(field, *truth) + rng.normal(0, 1e-3, 201), np.full(201, 1e-3))
    held = {"l_dresselhaus_nm": 120.0, "l_cubic_nm": 400.0}
    result = fit(MODEL, curve, fixed=held, sample=Sample(effective_mass_m0=0.05))
    for name, true in (("l_phi_nm", 200.0), ("l_rashba_nm", 90.0)):
        assert result[name].determined
        assert pull(result[name], true) < 3.5
    assert result["alpha_rashba_eV_m"].value == pytest.approx(8.466e-12, rel=0.02)
    assert "dresselhaus_assumed" not in {remark.code for remark in result.remarks}
    assert "dresselhaus_assumed" in {remark.code for remark in fit(MODEL, curve).remarks}


def near_helix(rng, ratio, noise=0.01):
    """Return a curve near the helix, what is known of it, and its L_Phi."""
    field = np.linspace(-0.2, 0.2, 201)
    l_dresselhaus, l_phi = 10 ** rng.uniform(1.9, 2.5), 10 ** rng.uniform(2.3, 2.9)
    dsigma = MODEL.value(field, l_phi, ratio * l_dresselhaus, l_dresselhaus, 700.0)
    scatter = noise * np.ptp(dsigma)
    curve = Curve(field, dsigma + rng.normal(0, scatter, field.size), np.full(field.size, scatter))
    return curve, {"l_dresselhaus_nm": l_dresselhaus, "l_cubic_nm": 700.0}, l_phi


@pytest.mark.parametrize("ratio", [0.6, 1.5])
def test_both_sides_of_the_helix_are_looked_at(ratio):
    rng = np.random.default_rng(3)
    for _ in range(3):
        curve, held, _ = near_helix(rng, ratio)
        starts = MODEL.guess(curve, held)
        sides = {start["l_rashba_nm"] < held["l_dresselhaus_nm"] for start in starts}
        assert (ratio < 1) in sides


def test_a_start_on_the_helix_is_a_minimum(monkeypatch):
    # there a search in L_R creeps, for hundreds of steps
    rng, steps = np.random.default_rng(4), []
    found = Problem.minimise

    def counted(self, start, held=()):
        looks = []
        at = self.at
        self.at = lambda *args: (looks.append(0), at(*args))[1]
        minimum = found(self, start, held)
        del self.at
        if not held and self.blocks[0].model is MODEL:
            steps.append(len(looks))
        return minimum

    monkeypatch.setattr(Problem, "minimise", counted)
    for ratio in (1.0, 0.97, 1.03, 1.0):
        curve, held, _ = near_helix(rng, ratio)
        fit(MODEL, curve, fixed=held)
    assert steps
    assert max(steps) <= 40


def test_near_the_helix_another_model_is_named():
    field, l_dresselhaus = np.linspace(-0.2, 0.2, 201), 130.0
    for ratio, near in ((1.05, True), (0.5, False)):
        values = dict(zip(MODEL.names, (500.0, ratio * l_dresselhaus, l_dresselhaus, 700.0), strict=True))
        remarks = MODEL.validity(values, Curve(field, MODEL.value(field, *values.values())), Sample())
        assert near == any("spin_helix" in r.message for r in remarks if r.code == "near_helix")
