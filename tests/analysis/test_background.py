"""Every background on a model of each kind: the contract of `test_every_model`, and what each is physically."""

import numpy as np
import pytest

from analysis.background import BACKGROUNDS, KOHLER, background, with_backgrounds
from analysis.constants import G0, KB, MU_B, E
from analysis.curve import Curve
from analysis.fit import fit, joint_fit
from analysis.interaction import zeeman_interaction
from analysis.model import MODELS
from analysis.sample import Sample
from analysis.selection import select, symmetry
from analysis.two_band import HOLES, two_band

FIELD = np.linspace(-8, 8, 201)
NOISE = 1e-3
MODEL = {"hln": (-0.5, 60.0), "hln_full": (100.0, 30.0, 1e-3)}
ADDED = {
    "kohler": (0.05,), "rise": (0.05,), "interaction": (0.8, 2.0, 1.5), "two_band": (2e16, 0.4, 6e16, 0.04),
}  # fmt: skip

every_pair = pytest.mark.parametrize(("plain", "added"), [(plain, added) for plain in MODEL for added in BACKGROUNDS])


def measured(name, values, noise=NOISE, seed=0, temperature_K=None, field=FIELD):
    dsigma = MODELS[name].value(field, *values) + np.random.default_rng(seed).normal(0, noise, field.size)
    return Curve(field, dsigma, np.full(field.size, noise), temperature_K)


def test_every_background_is_tried_here():
    assert set(ADDED) == set(BACKGROUNDS)


@every_pair
def test_declaration(plain, added):
    model = MODELS[f"{plain}+{added}"]
    assert model.name == f"{plain}+{added}"
    assert model.alone is MODELS[plain]
    assert model.names == MODELS[plain].names + tuple(p.name for p in BACKGROUNDS[added].parameters)
    assert not any(parameter.prefactor for parameter in model.parameters)
    for parameter in model.parameters:
        assert parameter.lower < parameter.upper
        assert parameter.meaning
        assert not parameter.unit or parameter.name.endswith(f"_{parameter.unit}")


@every_pair
def test_even_zero_at_zero_and_added(plain, added):
    values = (*MODEL[plain], *ADDED[added])
    field = np.array([0.0, 1e-9, 1e-6, 1e-3, 1.0, 100.0])
    model = MODELS[f"{plain}+{added}"]
    value, derivative = model.both(field, *values)
    assert value[0] == 0.0
    assert not derivative[0].any()
    assert np.isfinite(value).all()
    assert np.isfinite(derivative).all()
    assert np.array_equal(value, model.value(-field, *values))
    own = BACKGROUNDS[added].both(field, *ADDED[added])[0]
    assert value == pytest.approx(own + MODELS[plain].value(field, *MODEL[plain]), rel=1e-14)
    # a parabola at small field, as everything even is
    assert own[2] / own[3] == pytest.approx(1e-6, rel=1e-4)


@every_pair
def test_derivative_against_differences(plain, added):
    model, values = MODELS[f"{plain}+{added}"], np.array([*MODEL[plain], *ADDED[added]])
    derivative = model.derivative(FIELD, *values)
    for i in range(values.size):
        step = np.zeros(values.size)
        step[i] = 1e-4 * values[i]
        low, below, above, high = (model.value(FIELD, *(values + k * step)) for k in (-2, -1, 1, 2))
        difference = (8 * (above - below) - high + low) / (12 * step[i])
        scale = np.abs(derivative[:, i]).max() + 1e-6 * np.abs(high).max() / abs(step[i])
        assert derivative[:, i] == pytest.approx(difference, abs=1e-8 * scale)


@every_pair
def test_finds_its_own_parameters_from_its_own_guess(plain, added):
    name, values = f"{plain}+{added}", (*MODEL[plain], *ADDED[added])
    temperature = 1.5 if added == "interaction" else None
    for seed in range(3):
        curve = measured(name, values, seed=seed, temperature_K=temperature)
        result = fit(name, curve)
        residuals = curve.dsigma - MODELS[name].value(FIELD, *values)
        assert result.chi2 <= ((residuals - residuals.mean()) ** 2).sum() / NOISE**2 + 1e-6
        assert not {"not_converged", "misfit"} & {remark.code for remark in result.remarks}
        for estimate, truth in zip(result.estimates, values, strict=True):
            if estimate.determined and not estimate.fixed:
                assert abs(estimate.value - truth) < 4 * estimate.error


@pytest.mark.parametrize("added", ["kohler", "rise"])
def test_where_there_is_none_it_is_a_bound(added):
    curve = measured("hln", MODEL["hln"])
    result = fit(f"hln+{added}", curve)
    size = result[f"{added}_G0_per_T2"]
    assert (size.value, size.lower) == (None, None)
    assert size.upper < 1e-3
    alone = fit("hln", curve)
    assert result["l_phi_nm"].value == pytest.approx(alone["l_phi_nm"].value, abs=4 * alone["l_phi_nm"].error)
    assert "l_phi_nm" in {name for name in result.free if result[name].determined}


def test_a_background_costs_information():
    # physics-rest section 9.4: B_max = 20 B_phi, noise 1 % of alpha: sd(ln L_phi) 0.0062 without, 0.014 with a parabola
    field = np.linspace(0, 20 * 4.57e-3, 200)
    curve = Curve(field, MODELS["hln+kohler"].value(field, 1.0, 189.8, 5.0), np.full(200, 0.01))
    result = fit("hln+kohler", curve)
    assert result.standard_error("l_phi_nm") / 189.8 == pytest.approx(0.014, rel=0.1)
    held = fit("hln+kohler", curve, fixed={"kohler_G0_per_T2": 5.0})
    assert held.standard_error("l_phi_nm") / 189.8 == pytest.approx(0.0062, rel=0.1)


def test_joint_fit_takes_the_temperature_of_each_curve():
    temperatures = (1.5, 3.0, 6.0)
    curves = [
        measured("hln_full+interaction", (l_phi, 40.0, 1e-3, 0.8, 2.0, t), temperature_K=t, seed=i)
        for i, (t, l_phi) in enumerate(zip(temperatures, (150.0, 110.0, 80.0), strict=True))
    ]
    joint = joint_fit("hln_full+interaction", curves)
    assert [result["temperature_K"].value for result in joint.results] == list(temperatures)
    for name, truth in (("f_tilde", 0.8), ("l_so_nm", 40.0)):
        assert abs(joint[name].value - truth) < 4 * joint[name].error


def test_temperature_is_fitted_where_nobody_measured_it():
    result = fit("hln_full+interaction", measured("hln_full+interaction", (*MODEL["hln_full"], *ADDED["interaction"])))
    assert abs(result["temperature_K"].value - 1.5) < 4 * result["temperature_K"].error


def test_two_backgrounds():
    values = (1.0, 60.0, 0.02, 0.8, 2.0, 1.5)
    result = fit("hln+kohler+interaction", measured("hln+kohler+interaction", values, temperature_K=1.5))
    assert result["g_factor"].fixed
    for name, truth in (("l_phi_nm", 60.0), ("kohler_G0_per_T2", 0.02), ("f_tilde", 0.8)):
        assert abs(result[name].value - truth) < 4 * result[name].error


def test_a_parameter_that_model_and_background_share_is_one():
    model = MODELS["al_mt_larkin+interaction"] if "al_mt_larkin" in MODELS else None
    shared = [m for m in MODELS.values() if "temperature_K" in m.names]
    assert shared
    model = with_backgrounds(shared[0], BACKGROUNDS["interaction"])
    assert model.names.count("temperature_K") == 1
    values = {p.name: p.default or 50.0 for p in model.parameters}
    step = 1e-4 * values["temperature_K"]
    up, down = ({**values, "temperature_K": values["temperature_K"] + k * step} for k in (1, -1))
    difference = (model.value(FIELD, *up.values()) - model.value(FIELD, *down.values())) / (2 * step)
    derivative = model.derivative(FIELD, *values.values())[:, model.names.index("temperature_K")]
    assert derivative == pytest.approx(difference, abs=1e-6 * np.abs(difference).max())


# --- what they are --------------------------------------------------------------------------------------------------


def test_kohler_is_the_low_field_limit_of_one_drude_band():
    n, mu, field = 1e16, 0.3, np.array([1e-3, 1e-2])
    sigma = n * E * mu / (1 + (mu * field) ** 2) - n * E * mu
    k = n * E * mu**3 / G0
    assert KOHLER.both(field, k)[0] * G0 == pytest.approx(sigma, rel=1e-4)


def test_two_band_is_sigma_xx_of_the_resistivity_tensor():
    parameters = (2e16, 0.4, 6e16, 0.04)
    rho_xx, rho_yx = two_band(FIELD, *parameters, signs=(HOLES, HOLES))
    sigma = rho_xx / (rho_xx**2 + rho_yx**2)
    at_zero = E * (2e16 * 0.4 + 6e16 * 0.04)
    assert BACKGROUNDS["two_band"].both(FIELD, *parameters)[0] * G0 == pytest.approx(
        sigma - at_zero, rel=1e-9, abs=1e-12
    )


def test_interaction_is_the_zeeman_term():
    h = 2.0 * MU_B * np.abs(FIELD) / (KB * 1.5)
    assert BACKGROUNDS["interaction"].both(FIELD, 0.8, 2.0, 1.5)[0] == pytest.approx(-0.4 * zeeman_interaction(h))


# --- by name, in selection ------------------------------------------------------------------------------------------


def test_names():
    assert MODELS["hln+kohler"] is MODELS["hln+kohler"]
    assert "hln+kohler" in MODELS
    assert not any("+" in name for name in MODELS)
    with pytest.raises(KeyError, match="no background 'kohlr'; there are kohler, rise"):
        MODELS["hln+kohlr"]
    with pytest.raises(KeyError, match="no model 'hnl'"):
        MODELS["hnl+kohler"]
    with pytest.raises(ValueError, match="comes twice"):
        MODELS["hln+kohler+kohler"]
    with pytest.raises(ValueError, match="no background 'kohlr'"):
        fit("hln+kohlr", measured("hln", MODEL["hln"]))
    assert background("kohler") is KOHLER


def test_selection_adds_a_background_only_where_the_data_ask_for_it():
    models = ("hln_full", "hln_full+kohler")
    with_it = measured("hln_full+kohler", (*MODEL["hln_full"], 0.01))
    assert select(with_it, models=models).best.model == "hln_full+kohler"
    # a useless parameter bounded on one side wins by AICc in about one case of twelve
    without = [measured("hln_full", MODEL["hln_full"], seed=seed) for seed in range(8)]
    assert sum(select(curve, models=models).best.model == "hln_full" for curve in without) >= 6


def test_class_is_that_of_the_localization_not_of_the_background():
    # the parabola alone is many times the curve of the localization, and of the other sign
    field = np.linspace(-0.4, 0.4, 201)
    curve = measured("hln_full+kohler", (60.0, 1e5, 1e-3, 40.0), field=field)
    found = symmetry(fit("hln_full+kohler", curve), curve)
    assert found.symmetry_class == "orthogonal"
    assert "weak localization" in found.sentence


def test_remarks_say_where_a_background_is_not_told_apart():
    small = Curve(np.linspace(-0.1, 0.1, 11), np.linspace(0, 1, 11))
    sample = Sample()
    said = {
        remark.code
        for name in ("kohler", "rise", "interaction", "two_band")
        for remark in MODELS[f"hln+{name}"].validity(
            dict(zip(MODELS[f"hln+{name}"].names, (-0.5, 60.0, *ADDED[name][:1], *ADDED[name][1:]), strict=True))
            | ({"kohler_G0_per_T2": 1e3} if name == "kohler" else {}),
            small, sample,
        )
    }  # fmt: skip
    assert {"large_background", "rise", "interaction_range", "two_band_range"} <= said
