import numpy as np
import pytest

from analysis import bootstrap as module
from analysis.bootstrap import KINDS, bootstrap
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.neighbourhood import OutOfBox

NOISE = 5e-3
FIELD = np.linspace(-0.1, 0.1, 101)


def curve(model="hln", parameters=(-0.5, 300.0), field=FIELD, seed=0, noise=NOISE, errors=True):
    scatter = np.random.default_rng(seed).normal(0, noise, field.size)
    error = np.broadcast_to(noise, field.shape) if errors else None
    return Curve(field, MODELS[model].value(field, *parameters) + scatter, error)


class NoNeighbourhood:
    def __init__(self, *_):
        raise OutOfBox("left out by the test")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("model", "parameters"),
    [("hln", (-0.5, 300.0)), ("hln_full", (300.0, 100.0, 1e-3)), ("ballistic", (300.0, 30.0))],
)
def test_samples_are_those_of_whole_refits(kind, model, parameters, monkeypatch):
    data = curve(model, parameters, 4 * FIELD)
    fitted = fit(model, data)
    together = bootstrap(fitted, data, 1, kind=kind, samples=40)
    assert together.one_by_one == 0
    monkeypatch.setattr(module, "Neighbourhood", NoNeighbourhood)
    alone = bootstrap(fitted, data, 1, kind=kind, samples=40)
    assert alone.one_by_one == 40
    for name in fitted.free:
        place = fitted.free.index(name)
        apart = np.abs(together.values[:, place] - alone.values[:, place])
        assert apart.max() < 0.01 * alone.error(name)


@pytest.mark.parametrize("kind", KINDS)
def test_white_noise_gives_the_error_of_the_fit_whatever_the_kind(kind):
    data = curve(field=np.linspace(-0.1, 0.1, 401))
    fitted = fit("hln", data)
    found = bootstrap(fitted, data, 2, kind=kind)
    for name in fitted.free:
        # 400 residuals and 1000 samples know an error to 5 %; three such
        assert found.error(name) == pytest.approx(fitted.standard_error(name), rel=0.15)
        assert abs(found.bias(name)) < 0.2 * fitted.standard_error(name)
    spread = np.sqrt(np.diag(fitted.covariance))
    correlation = fitted.covariance / spread / spread[:, np.newaxis]
    assert found.correlation[0, 1] == pytest.approx(correlation[0, 1], abs=0.05)
    assert np.diag(found.correlation) == pytest.approx(1)


def test_the_seed_decides_everything():
    data = curve()
    fitted = fit("hln", data)
    first, again, other = (bootstrap(fitted, data, seed, samples=50) for seed in (7, 7, 8))
    assert first.values.tobytes() == again.values.tobytes()
    assert (first.values != other.values).all()


def test_the_default_follows_the_data():
    assert _default(curve()) == "parametric"
    assert _default(curve(errors=False)) == "wild"
    data = curve()
    assert _default(Curve(data.field_T, data.dsigma, data.error / 3)) == "wild"
    rng = np.random.default_rng(0)
    smooth = np.convolve(rng.normal(0, NOISE, 110), np.ones(10) / 10**0.5, "valid")
    assert _default(Curve(FIELD, MODELS["hln"].value(FIELD, -0.5, 300.0) + smooth, data.error)) == "block"


def _default(data):
    return bootstrap(fit("hln", data), data, 0, samples=20).kind


def test_wild_and_pairs_find_errors_that_change_with_the_field():
    """The fit is told equal errors; in truth those near B = 0, which L_phi lives on, are five times the others."""
    true = np.where(np.abs(FIELD) < 0.02, 5 * NOISE, NOISE)
    scatter, errors = [], {"wild": [], "pairs": [], "parametric": []}
    for seed in range(60):
        noise = np.random.default_rng(seed).normal(0, true)
        data = Curve(FIELD, MODELS["hln"].value(FIELD, -0.5, 300.0) + noise)
        fitted = fit("hln", data)
        scatter.append(fitted["l_phi_nm"].value)
        for kind in errors if seed < 12 else ():
            errors[kind].append(bootstrap(fitted, data, seed, kind=kind, samples=200).error("l_phi_nm"))
    # 60 fits know their scatter to 9 %, 12 errors are averaged
    assert np.mean(errors["wild"]) == pytest.approx(np.std(scatter), rel=0.3)
    assert np.mean(errors["pairs"]) == pytest.approx(np.std(scatter), rel=0.3)
    assert np.mean(errors["parametric"]) < 0.75 * np.std(scatter)


def test_blocks_keep_the_correlation_of_neighbours():
    def measured(seed):
        noise = np.convolve(np.random.default_rng(seed).normal(0, NOISE, 205), np.ones(5) / 5**0.5, "valid")
        field = np.linspace(-0.1, 0.1, 201)
        return Curve(field, MODELS["hln"].value(field, -0.5, 300.0) + noise, np.full(201, NOISE))

    fits = [fit("hln", measured(seed)) for seed in range(60)]
    scatter = np.std([fitted["alpha"].value for fitted in fits])
    blocks = [bootstrap(fits[i], measured(i), i, samples=200) for i in range(10)]
    plain = [bootstrap(fits[i], measured(i), i, samples=200, kind="parametric") for i in range(10)]
    assert {found.kind for found in blocks} == {"block"}
    assert all(3 <= found.block <= 40 for found in blocks)
    error, naive = (np.mean([found.error("alpha") for found in group]) for group in (blocks, plain))
    assert naive < 0.6 * scatter
    assert error == pytest.approx(scatter, rel=0.35)


def test_percentiles_cover_like_the_profile():
    """80 sweeps know a share of 68 % to 5 %; the range is 10 B_phi, where L_phi is far from a parabola."""
    field = np.linspace(-0.02, 0.02, 61)
    covered = {"bootstrap": 0, "profile": 0}
    for seed in range(80):
        data = curve(parameters=(1.0, 300.0), field=field, seed=seed, noise=0.02)
        fitted = fit("hln", data)
        estimate = fitted["l_phi_nm"]
        low, high = bootstrap(fitted, data, seed, samples=200).interval("l_phi_nm")
        covered["bootstrap"] += low < 300 < high
        covered["profile"] += estimate.determined and estimate.lower < 300 < estimate.upper
    assert 0.54 < covered["bootstrap"] / 80 < 0.82
    assert abs(covered["bootstrap"] - covered["profile"]) <= 8


def test_an_undetermined_parameter_sends_the_reader_to_the_profile():
    data = curve("hln_full", (300.0, 3000.0, 1e-3), np.linspace(-0.05, 0.05, 101))
    fitted = fit("hln_full", data)
    assert not fitted["l_so_nm"].determined
    found = bootstrap(fitted, data, 0, samples=60)
    assert found.at_bound["l_so_nm"] > 0.025
    assert "trust the profile" in found.sentence("l_phi_nm")


def test_intervals_in_words_and_numbers():
    data = curve()
    found = bootstrap(fit("hln", data), data, 0)
    near, far = found.interval("l_phi_nm"), found.interval("l_phi_nm", 0.95)
    assert far[0] < near[0] < found.best[1] < near[1] < far[1]
    assert (far[1] - far[0]) / (near[1] - near[0]) == pytest.approx(1.96, rel=0.15)
    assert "parametric bootstrap, 1000 samples" in found.sentence("l_phi_nm")
    inside = np.mean((found.values[:, 1] > near[0]) & (found.values[:, 1] < near[1]))
    assert inside == pytest.approx(0.6827, abs=0.002)


def test_the_window_and_held_parameters_of_the_fit_are_kept():
    data = curve("hln_full", (300.0, 100.0, 1e-3), 4 * FIELD)
    fitted = fit("hln_full", data, window_T=0.2, fixed={"l_so_nm": 100.0}, offset=False)
    found = bootstrap(fitted, data, 0, samples=200)
    assert found.names == ("l_phi_nm",)
    assert found.error("l_phi_nm") == pytest.approx(fitted["l_phi_nm"].error, rel=0.25)


def test_questions_without_an_answer_are_refused():
    data = curve()
    fitted = fit("hln", data)
    with pytest.raises(ValueError, match="no kind 'jackknife'"):
        bootstrap(fitted, data, 0, kind="jackknife")
    with pytest.raises(ValueError, match="5 samples asked for"):
        bootstrap(fitted, data, 0, samples=5)
    with pytest.raises(ValueError, match="block of 90"):
        bootstrap(fitted, data, 0, kind="block", block=90)
    with pytest.raises(ValueError, match="give the curve that was fitted"):
        bootstrap(fitted, data.first(50), 0)
    found = bootstrap(fitted, data, 0, samples=20)
    with pytest.raises(ValueError, match="'l_so_nm' was not fitted"):
        found.interval("l_so_nm")
    with pytest.raises(ValueError, match="between 0 and 1"):
        found.interval("l_phi_nm", 68)
