import re
import time

import numpy as np
import pytest

from analysis.curve import Curve
from analysis.fit import fit
from analysis.live import Settings, analyse_curve
from analysis.model import MODELS
from analysis.sample import Sample
from analysis.window import DRIFT, scan_windows, too_narrow

NOISE = 5e-3


def curve(model, parameters, reach=0.1, seed=0, points=201, noise=NOISE, errors=True):
    field = np.linspace(-reach, reach, points)
    dsigma = MODELS[model].value(field, *parameters) + np.random.default_rng(seed).normal(0, noise, points)
    return Curve(field, dsigma, np.full(points, noise) if errors else None)


def scanned(model, data, sample=None, **options):
    return scan_windows(fit(model, data, sample=sample), data, sample, **options)


@pytest.mark.parametrize("errors", [True, False])
def test_a_model_that_holds_gives_a_plateau_over_the_whole_curve(errors):
    scan = scanned("hln", curve("hln", (-0.5, 300.0), errors=errors))
    assert scan.chosen == len(scan.windows) - 1
    assert scan.stable
    assert all(abs(window.value - 300) < 4 * window.error for window in scan.windows)
    limits = [window.limit_T for window in scan.windows]
    assert limits == sorted(limits)
    assert limits[-1] == pytest.approx(0.1)
    assert limits[0] < 0.01
    errors_nm = [window.error for window in scan.windows]
    assert errors_nm == sorted(errors_nm, reverse=True)
    assert "the whole curve" in scan.sentence


@pytest.fixture(scope="module")
def scans_of_a_right_model():
    return [scanned("hln", curve("hln", (1.0, 300.0), seed=seed)) for seed in range(150)]


def test_the_whole_curve_is_given_up_once_in_twenty(scans_of_a_right_model):
    drifts = np.array([max(window.drift for window in scan.windows) for scan in scans_of_a_right_model])
    given_up = np.mean([scan.chosen < len(scan.windows) - 1 for scan in scans_of_a_right_model])
    assert given_up == pytest.approx(np.mean(drifts > DRIFT))
    assert given_up < 0.11
    # a variance that took the windows for independent would be too large, and nothing would ever drift
    assert np.median(drifts) > 1.0


def test_changes_between_nested_windows_have_the_variance_that_the_test_takes(scans_of_a_right_model):
    pairs = [(scan.windows[-3], scan.windows[-1]) for scan in scans_of_a_right_model]
    changes = np.array([
        np.log(narrow.value / wide.value) / np.sqrt((narrow.error / 300) ** 2 - (wide.error / 300) ** 2)
        for narrow, wide in pairs
    ])  # fmt: skip
    # the standard deviation of 150 is known to 6 %
    assert changes.std() == pytest.approx(1.0, rel=0.2)


def test_beyond_diffusion_the_window_ends_where_l_phi_begins_to_drift():
    data = curve("ballistic", (300.0, 30.0), reach=0.5)
    whole, scan = fit("hln", data)["l_phi_nm"], scanned("hln", data)
    assert abs(whole.value - 300) > 20 * whole.error
    assert scan.windows[scan.chosen].limit_T < 0.1
    assert scan.windows[scan.chosen].value == pytest.approx(300, rel=0.06)
    assert "drifts" in scan.sentence or "misses" in scan.sentence


def test_a_known_free_path_limits_the_window_to_a_tenth_of_b_tr():
    sample = Sample(mean_free_path_nm=60.0)
    scan = scanned("hln", curve("hln", (1.0, 300.0)), sample)
    # B_tr = hbar/(2 e l^2) = 91.4 mT, points every 1 mT
    assert scan.windows[scan.chosen].limit_T == pytest.approx(9e-3)
    assert "too high" in scan.sentence
    exact = scanned("ballistic", curve("ballistic", (300.0, 30.0), reach=0.5), Sample(mean_free_path_nm=30.0))
    assert exact.chosen == len(exact.windows) - 1


def test_a_thick_film_drifts_in_a_formula_for_a_thin_one():
    scan = scanned("hln", curve("film_crossover", (300.0, 200.0)))
    assert scan.windows[scan.chosen].limit_T < 0.05
    assert scan.windows[scan.chosen].value == pytest.approx(300, abs=4 * scan.windows[scan.chosen].error)
    assert fit("hln", curve("film_crossover", (300.0, 200.0)))["l_phi_nm"].value < 280


def test_a_fit_that_misses_the_whole_curve_does_not_mislead_the_scan():
    """One term on a curve with a spin-orbit minimum: only the lowest fields can be described."""
    scan = scanned("hln", curve("hln_full", (300.0, 100.0, 1e-3), reach=0.4))
    assert scan.chosen is not None
    assert not scan.stable
    assert scan.windows[scan.chosen].limit_T < 0.05


def test_what_is_held_because_the_sweep_does_not_determine_it_is_named():
    data = curve("hln_full", (60.0, 1000.0, 1e-3), reach=0.2)
    fitted = fit("hln_full", data)
    assert not fitted["l_so_nm"].determined
    scan = scan_windows(fitted, data)
    assert scan.sentence.startswith("with l_so_nm held, which the sweep does not determine: ")


def test_noise_alone_has_no_window():
    data = curve("hln", (1.0, 300.0), noise=5.0)
    scan = scanned("hln", data)
    assert scan.chosen is None
    assert scan.windows == ()
    assert "no window" in scan.sentence


def test_a_window_already_taken_is_widened_again():
    data = curve("hln", (1.0, 300.0))
    scan = scan_windows(fit("hln", data, window_T=0.02), data)
    assert scan.windows[-1].points == 201


def test_a_parameter_that_was_not_fitted_is_refused():
    data = curve("hln", (1.0, 300.0))
    with pytest.raises(ValueError, match="alpha is no fitted length of hln"):
        scan_windows(fit("hln", data), data, of="alpha")
    with pytest.raises(ValueError, match="1 asked for"):
        scan_windows(fit("hln", data), data, windows=1)


def test_cheap_enough_to_be_live():
    data = curve("hln_full", (300.0, 100.0, 1e-3), reach=0.4)
    fitted = fit("hln_full", data)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        scan_windows(fitted, data)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.03


def test_a_curve_hardly_above_the_noise_is_not_said_to_drift():
    """Where L_phi is all but lost, chi^2 is no parabola, and errors from its curvature tell of drifts that are none."""
    cases = [("hln", (1.0, 300.0), 0.5), ("hln", (1.0, 100.0), 0.2), ("hln_full", (200.0, 1e4, 1e-3), 0.2)]
    for model, parameters, noise in cases:
        drifting = 0
        for seed in range(40):
            data = curve(model, parameters, seed=seed, noise=noise)
            drifting += "drifts" in scanned(model, data).sentence
        assert drifting <= 4  # 5 % of 40 are 2, and 4 more than once in 20 times


def test_a_wrong_model_is_seen_to_drift():
    def two_channels(seed):
        field = np.linspace(-0.2, 0.2, 201)
        one, other = (MODELS["hln"].value(field, 0.5, l_phi_nm) for l_phi_nm in (400.0, 100.0))
        return Curve(field, one + other + np.random.default_rng(seed).normal(0, 0.02, 201), np.full(201, 0.02))

    thick = [scanned("hln", curve("film_crossover", (300.0, 200.0), seed=seed, noise=0.02)) for seed in range(20)]
    pair = [scanned("hln", two_channels(seed)) for seed in range(20)]
    for scans in (thick, pair):
        assert np.mean(["drifts" in scan.sentence for scan in scans]) >= 0.9


def test_fields_that_come_again_are_not_a_window():
    field = np.repeat([-0.4, -0.2, -0.1, 0.0, 0.1, 0.2, 0.4], 12)
    dsigma = MODELS["hln"].value(field, 1.0, 100.0) + np.random.default_rng(0).normal(0, NOISE, field.size)
    data = Curve(field, dsigma, np.full(field.size, NOISE))
    scan = scanned("hln", data)
    assert all(np.unique(np.abs(data.within(window.limit_T).field_T)).size >= 3 for window in scan.windows)


def test_fields_in_a_few_coarse_steps_have_one_window():
    field = np.repeat([-0.4, -0.2, 0.0, 0.2, 0.4], [12, 2, 2, 2, 12])
    dsigma = MODELS["hln"].value(field, 1.0, 100.0) + np.random.default_rng(0).normal(0, NOISE, field.size)
    scan = scanned("hln", Curve(field, dsigma, np.full(field.size, NOISE)))
    assert len(scan.windows) <= 1


def test_a_window_of_too_few_points_is_said_with_the_one_that_would_do():
    data = curve("hln", (1.0, 300.0))
    assert too_narrow(data, None) == ""
    assert too_narrow(data, 0.02) == ""
    said = too_narrow(data, 2.2e-3)
    assert "keeps 5 of 201 points, a fit takes 8" in said
    assert too_narrow(data, float(re.search(r"at least ([0-9.]+) T", said)[1])) == ""
    result = analyse_curve(data, Settings(window_T=2.2e-3))
    assert result.fit is None
    assert "points, a fit takes 8" in result.advice
    with pytest.raises(ValueError, match=r"window: 1e-09 T is below 1e-06 T.*give it in tesla"):
        Settings(window_T=1e-9)
