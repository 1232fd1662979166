"""Near the spin helix: the difference of both splittings has a bound where they are equal, elsewhere a value."""

import time

import numpy as np
import pytest

from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.sample import Sample

MODEL, BOTH = MODELS["spin_helix"], MODELS["rashba_dresselhaus"]
FIELD = np.linspace(-0.2, 0.2, 201)
CUBIC = 700.0


def measured(rng, ratio):
    """Return a curve with L_R = ratio L_D and 1 % noise, what is held of it, and its L_Phi."""
    l_dresselhaus, l_phi = 10 ** rng.uniform(1.9, 2.5), 10 ** rng.uniform(2.3, 2.8)
    dsigma = BOTH.value(FIELD, l_phi, ratio * l_dresselhaus, l_dresselhaus, CUBIC)
    noise = 0.01 * np.ptp(dsigma)
    curve = Curve(FIELD, dsigma + rng.normal(0, noise, FIELD.size), np.full(FIELD.size, noise))
    return curve, {"l_dresselhaus_nm": l_dresselhaus, "l_cubic_nm": CUBIC}, l_phi


def pull(estimate, truth):
    assert estimate.value is not None
    assert estimate.error is not None
    return abs(estimate.value - truth) / estimate.error


def difference(ratio, l_dresselhaus):
    return l_dresselhaus / (1 / ratio - 1)


def test_it_is_the_model_of_both_splittings():
    own = MODEL.value(FIELD, 400.0, difference(0.8, 150.0), 150.0, CUBIC)
    assert own == pytest.approx(BOTH.value(FIELD, 400.0, 120.0, 150.0, CUBIC), rel=1e-9)


@pytest.mark.parametrize("draws", [3, pytest.param(30, marks=pytest.mark.long)])
def test_on_the_helix_the_difference_has_a_bound(draws):
    rng, times, bounded = np.random.default_rng(1), [], []
    for _ in range(draws):
        curve, held, l_phi = measured(rng, 1.0)
        start = time.process_time()
        result = fit(MODEL, curve, fixed=held)
        times.append(time.process_time() - start)
        found = result["l_difference_nm"]
        assert pull(result["l_phi_nm"], l_phi) < 5
        bounded.append(found.upper is None)
        if not bounded[-1]:
            continue
        # the splittings are alike to half of either, at least
        assert (found.lower or 0) > 2 * held["l_dresselhaus_nm"]
        assert any("l_difference_nm is not determined" in r.message and "above" in r.message for r in result.remarks)
    # noise alone looks like a difference now and then
    assert np.mean(bounded) > 0.85
    assert np.median(times) < 0.6


def test_off_the_helix_it_gives_rashba():
    rng = np.random.default_rng(2)
    curve, held, l_phi = measured(rng, 0.7)
    result = fit(MODEL, curve, fixed=held, sample=Sample(effective_mass_m0=0.05))
    expected = {
        "l_phi_nm": l_phi,
        "l_difference_nm": difference(0.7, held["l_dresselhaus_nm"]),
        "l_rashba_nm": 0.7 * held["l_dresselhaus_nm"],
    }
    for name, truth in expected.items():
        assert pull(result[name], truth) < 3.5
    assert result["alpha_rashba_eV_m"].determined
    assert "either_side" in {remark.code for remark in result.remarks}


@pytest.mark.long
def test_error_bars_cover_near_the_helix():
    rng, inside, bounded = np.random.default_rng(11), [], []
    for i in range(60):
        ratio = (0.97, 0.9, 0.8, 0.6)[i % 4]
        curve, held, _ = measured(rng, ratio)
        found, truth = fit(MODEL, curve, fixed=held)["l_difference_nm"], difference(ratio, held["l_dresselhaus_nm"])
        within = (found.lower or 0) <= truth <= (found.upper or np.inf)
        (inside if found.determined else bounded).append(within)
    assert 0.5 <= np.mean(inside) <= 0.86
    assert np.mean(bounded) >= 0.85
