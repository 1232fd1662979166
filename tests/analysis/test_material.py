"""The material of a film decides which models are compared."""

import numpy as np
import pytest

from analysis.curve import Curve
from analysis.fit import fit
from analysis.live import LiveAnalysis, Settings, analyse_curve
from analysis.material import MATERIALS
from analysis.model import MODELS
from analysis.sample import Sample
from analysis.selection import candidates_for, select, symmetry

FIELD = np.linspace(-0.1, 0.1, 201)


def curve(model, *parameters, noise=5e-3, seed=0, temperature_K=2.0):
    clean = MODELS[model].value(FIELD, *parameters)
    data = clean + np.random.default_rng(seed).normal(0, noise, FIELD.size)
    return Curve(FIELD, data, np.full(FIELD.size, noise), temperature_K)


def test_nothing_has_changed_for_a_film_of_which_nobody_said_anything():
    assert candidates_for(Sample()) == ("hln", "hln_full")
    assert Settings().models == ("hln", "hln_full")


@pytest.mark.parametrize("name", MATERIALS)
def test_every_material_names_models_that_there_are(name):
    one = MATERIALS[name]
    names = [*one.models, *one.richer, *([one.beyond] if one.beyond else [])]
    assert set(names) <= set(MODELS)
    assert 2 <= len(one.models) <= 4
    assert set(one.if_asked) <= set(one.models)
    assert all("l_phi_nm" in MODELS[model].names for model in names)
    # the exact sum knows the mean free path, and what is fitted at all temperatures with one length has such a length
    assert one.beyond is None or "mean_free_path_nm" in MODELS[one.beyond].names
    assert any(parameter.shared and not parameter.known for m in one.models for parameter in MODELS[m].parameters)


@pytest.mark.parametrize(
    ("wrong", "meant"), [("grafene", "graphene"), ("quantum well", "quantum_well"), ("mtal", "metal")]
)
def test_an_unknown_material_is_refused_with_the_nearest_known_one(wrong, meant):
    with pytest.raises(ValueError, match=f"sample: material = '{wrong}' is not known, did you mean {meant}"):
        Sample(material=wrong)


@pytest.mark.parametrize(
    ("material", "model", "parameters"),
    [
        ("quantum_well", "rashba", (500.0, 150.0)),
        ("quantum_well", "hln_dp", (500.0, 150.0, 1e-3)),
        ("graphene", "graphene_mono", (500.0, 300.0, 60.0)),
        ("graphene_on_tmd", "graphene_so", (600.0, 150.0, 300.0)),
        ("topological_insulator", "coupled_channels", (500.0, 300.0, 1.0, 1.0, -0.5)),
    ],
)
def test_the_mechanism_is_found_within_its_material(material, model, parameters):
    data = curve(model, *parameters, noise=2e-3)
    found = select(data, Sample(material=material))
    names = [found.best.model, *(rival.model for rival in found.rivals)]
    assert model in names
    estimate = found.best["l_phi_nm"]
    said = {remark.code for remark in found.remarks}
    assert abs(estimate.value - parameters[0]) < 4 * estimate.error or "models_disagree" in said


def test_hln_is_no_substitute_for_rashba_and_the_wrong_material_shows():
    """HLN, fitted to spins that precess, gives another L_phi: it is the material that makes the number right."""
    data = curve("rashba", 500.0, 150.0, noise=2e-3)
    well, metal = (select(data, Sample(material=name)).best for name in ("quantum_well", "metal"))
    assert abs(well["l_phi_nm"].value - 500) < 4 * well["l_phi_nm"].error
    assert abs(metal.values["l_phi_nm"] - 500) > 10 * well["l_phi_nm"].error


def test_spin_orbit_coupling_of_plain_graphene_must_be_asked_for():
    """Without it graphene_so holds one combination of L_phi and L_sym, and fits localization as well."""
    data = curve("hln", 1.0, 500.0)
    found = select(data, Sample(material="graphene"))
    assert found.best.model == "graphene_mono"
    other = next(one for one in found.candidates if one.model == "graphene_so")
    assert other.aicc < found.best.aicc + 6


def test_models_that_fit_alike_and_disagree_are_named_with_both_numbers():
    """One film, seen through noise in which two mechanisms cannot be told apart."""
    disagreeing = 0
    for seed in range(12):
        data = curve("rashba", 300.0, 260.0, noise=0.03, seed=seed)
        found = select(data, Sample(material="quantum_well"))
        for remark in found.remarks:
            disagreeing += 1
            assert remark.code == "models_disagree"
            named = [found.best.model, *(rival.model for rival in found.rivals)]
            assert sum(name in remark.message for name in named) >= 2
            assert f"{found.best['l_phi_nm'].value:.4g}" in remark.message
        if not found.remarks:
            for rival in found.rivals:
                reach = max(found.best["l_phi_nm"].error, rival["l_phi_nm"].error)
                assert abs(found.best["l_phi_nm"].value - rival["l_phi_nm"].value) <= reach
    assert disagreeing >= 2


def test_no_class_is_claimed_that_a_rival_denies():
    checked = 0
    for seed in range(12):
        data = curve("rashba", 300.0, 260.0, noise=0.03, seed=seed)
        found = select(data, Sample(material="quantum_well"))
        classes = {symmetry(one, data).symmetry_class for one in (found.best, *found.rivals)} - {"undetermined"}
        said = symmetry(found, data)
        if len(classes) > 1:
            checked += 1
            assert said.symmetry_class == "undetermined"
            assert "fits as well and says" in said.sentence
        else:
            assert {said.symmetry_class} == classes
    assert checked >= 1


def test_a_series_of_a_well_is_fitted_with_one_rashba_length():
    live = LiveAnalysis(Settings(sample=Sample(material="quantum_well")))
    truth = (600.0, 400.0, 250.0)
    for sweep, l_phi in enumerate(truth):
        live.set_curve(sweep, curve("rashba", l_phi, 200.0, seed=sweep, temperature_K=1.0 + sweep))
    live.finish()
    joint = live.snapshot().joint
    assert joint is not None
    assert [estimate.name for estimate in joint.shared] == ["l_rashba_nm"]
    for estimate, true in zip((*joint.l_phi_nm, *joint.shared), (*truth, 200.0), strict=True):
        assert abs(estimate.value - true) < 4 * estimate.error


def test_three_lengths_where_two_leave_more_than_noise():
    sample = Sample(material="quantum_well")
    both = curve("rashba_cubic", 600.0, 150.0, 100.0, noise=1e-3)
    assert select(both, sample).best.chi2_reduced > 1.3
    result = analyse_curve(both, Settings(sample=sample))
    assert result.fit.model == "rashba_cubic"
    assert abs(result.fit["l_phi_nm"].value - 600) < 4 * result.fit["l_phi_nm"].error
    assert "richer" in {remark.code for remark in result.remarks}
    plain = curve("rashba", 600.0, 150.0)
    assert analyse_curve(plain, Settings(sample=sample)).fit.model == "rashba"
    assert fit("rashba", plain).chi2_reduced < 1.3


def test_three_lengths_and_a_parabola():
    """The models of two lengths, each with a parabola, fit nearly and give an L_phi many errors off."""
    data = curve("rashba_cubic", 400.0, 120.0, 90.0, noise=4e-3, seed=7104)
    data = Curve(FIELD, data.dsigma - 0.3 * (FIELD / 0.1) ** 2, data.error, 2.0)
    result = analyse_curve(data, Settings(sample=Sample(material="quantum_well")))
    assert result.fit.model == "rashba_cubic+kohler"
    assert abs(result.fit["l_phi_nm"].value - 400) < 4 * result.fit["l_phi_nm"].error
