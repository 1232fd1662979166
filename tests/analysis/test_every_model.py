"""What every model must do, whoever adds it: these tests are generated from MODELS."""

import numpy as np
import pytest

from analysis.channels import FIELD_NM2
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS
from analysis.sample import Sample

FIELD = np.linspace(-0.2, 0.2, 201)
NOISE = 1e-4

SLOW = ("rashba_cubic", "wire_nyquist_so", "rashba_dresselhaus", "spin_helix", "fukuyama_hoshino_zeeman")
"""Models of which a hundred fits take more than ten seconds."""
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def draw(model, rng):
    """Parameters that a curve up to 0.2 T shows: lengths with 2 mT < B_i < 63 mT, plain numbers of order one."""
    values = {}
    for parameter in model.parameters:
        if parameter.known and parameter.default is not None:
            values[parameter.name] = parameter.default
        elif parameter.log:
            values[parameter.name] = float(np.sqrt(FIELD_NM2 / (0.2 * 10 ** rng.uniform(-2, -0.5))))
        else:
            values[parameter.name] = float(rng.choice([-1, 1]) * rng.uniform(0.3, 1))
    return values


def measured(model, values, noise, rng):
    dsigma = model.value(FIELD, *values.values()) + rng.normal(0, noise, FIELD.size)
    return Curve(FIELD, dsigma, np.full(FIELD.size, noise))


@every_model
def test_declaration(model):
    assert "doi:10." in model.source
    assert model.title
    for parameter in model.parameters:
        assert parameter.lower < parameter.upper
        assert parameter.meaning
        assert not parameter.log or parameter.lower > 0
        assert not parameter.unit or parameter.name.endswith(f"_{parameter.unit}")
        assert parameter.default is None or parameter.lower <= parameter.default <= parameter.upper


@every_model
def test_even_zero_at_zero_and_finite_to_100_tesla(model):
    values = draw(model, np.random.default_rng(0)).values()
    field = np.array([0.0, 1e-9, 1e-6, 1e-3, 1.0, 100.0])
    value, derivative = model.both(field, *values)
    assert value[0] == 0.0
    assert not derivative[0].any()
    assert np.isfinite(value).all()
    assert np.isfinite(derivative).all()
    assert np.array_equal(value, model.value(-field, *values))


@every_model
def test_parabola_at_small_field(model):
    values = draw(model, np.random.default_rng(1)).values()
    value = model.value(np.array([1e-9, 1e-6, 1e-5]), *values)
    assert value[0] / value[1] == pytest.approx(1e-6, rel=1e-6)
    assert value[1] / value[2] == pytest.approx(1e-2, rel=1e-4)


@every_model
def test_derivative_against_differences(model):
    rng = np.random.default_rng(2)
    for _ in range(5):
        values = list(draw(model, rng).values())
        derivative = model.derivative(FIELD, *values)
        for i, value in enumerate(values):
            step = 1e-4 * value
            shifted = [model.value(FIELD, *values[:i], value + k * step, *values[i + 1 :]) for k in (-2, -1, 1, 2)]
            difference = (8 * (shifted[2] - shifted[1]) - shifted[3] + shifted[0]) / (12 * step)
            scale = np.abs(derivative[:, i]).max() + 1e-12 / abs(step)
            # a parameter that is left out hardly changes the curve: its differences are rounding
            rounding = 1e-14 * np.abs(shifted).max() / abs(step)
            assert derivative[:, i] == pytest.approx(difference, abs=1e-8 * scale + rounding)


@every_model
def test_every_field_order_and_shape_gives_the_same(model):
    values = draw(model, np.random.default_rng(3)).values()
    shuffled = np.random.default_rng(4).permutation(FIELD)
    assert model.value(shuffled, *values) == pytest.approx(np.interp(shuffled, FIELD, model.value(FIELD, *values)))


@every_model
@pytest.mark.parametrize("draws", [12, pytest.param(50, marks=pytest.mark.long)])
def test_finds_its_own_parameters_from_its_own_guess(model, draws):
    rng = np.random.default_rng(5)
    for _ in range(draws):
        truth = draw(model, rng)
        curve = measured(model, truth, NOISE, rng)
        result = fit(model, curve)
        residuals = curve.dsigma - model.value(FIELD, *truth.values())
        # no start may end in a minimum above the truth
        assert result.chi2 <= ((residuals - residuals.mean()) ** 2).sum() / NOISE**2 + 1e-6
        assert not {"not_converged", "misfit"} & {remark.code for remark in result.remarks}


@pytest.mark.parametrize(
    "model",
    [pytest.param(model, id=name, marks=[pytest.mark.long] * (name in SLOW)) for name, model in MODELS.items()],
)
def test_error_bars_cover(model):
    # the quick version: 100 fits of each model, so that 68 % is known to 5 %
    rng, inside, pulls = np.random.default_rng(6), [], []
    for _ in range(100):
        truth = draw(model, rng)
        result = fit(model, measured(model, truth, 1e-2, rng))
        for estimate in result.estimates:
            if estimate.determined and not estimate.fixed:
                inside.append(estimate.lower <= truth[estimate.name] <= estimate.upper)
                pulls.append(abs(estimate.value - truth[estimate.name]) / estimate.error)
    assert len(pulls) >= 50
    assert 0.58 <= np.mean(inside) <= 0.85
    assert np.mean(np.array(pulls) > 3) <= 0.05


@every_model
def test_checks_answer_in_words_and_numbers(model):
    values = draw(model, np.random.default_rng(7))
    curve = Curve(np.array([0.0, 4.0, 9.0]), np.array([0.0, 0.1, 0.2]))
    remarks = model.validity(values, curve, Sample(thickness_nm=900.0, width_um=0.05, mean_free_path_nm=80.0))
    # a model does not object to what it takes into account: its own thickness, width or mean free path
    expected = {"field_step"}
    expected |= {"thick_film"} if "thickness_nm" not in model.names else set()
    expected |= {"narrow_bar"} if "width_nm" not in model.names else set()
    expected |= {"beyond_diffusion", "short_l_phi"} if "mean_free_path_nm" not in model.names else set()
    assert expected <= {remark.code for remark in remarks}
    assert all(any(character.isdigit() for character in remark.message) for remark in remarks)
