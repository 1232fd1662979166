"""Rival explanations: weights, presence, and intervals that hold what rivals say."""

import math

import numpy as np
import pytest

from analysis.explanations import Explanation, embraced, weigh
from analysis.model import Parameter
from tests.analysis.estimates import known, unknown

X = np.linspace(-1, 1, 12)
TERMS = {"height": X**0, "slope": X, "bend": X**2}


def explanation(*terms):
    columns = np.stack([TERMS[t] for t in terms], axis=1)
    parameters = tuple(Parameter(t, "", -50.0, 50.0, t, log=False, prefactor=True) for t in terms)
    return Explanation(terms, parameters, lambda *v: (columns @ np.array(v), columns), ((0.0,) * len(terms),))


ALL = [explanation("height"), explanation("height", "slope"), explanation("height", "slope", "bend")]


def data(slope, bend, seed=0, noise=0.01):
    error = np.full(X.size, noise)
    return 1 + slope * X + bend * X**2 + np.random.default_rng(seed).normal(0, error), error


def test_terms_that_are_there_are_present():
    found = weigh(*data(0.5, 0.3), ALL)
    assert [found.presence(t) for t in TERMS] == ["present"] * 3
    assert found.best.explanation is ALL[2]
    assert abs(found["bend"].value - 0.3) < 4 * found["bend"].error
    assert sum(c.weight for c in found.candidates) == pytest.approx(1)


def test_a_term_that_is_not_needed_has_a_bound_and_no_value():
    found = weigh(*data(0.5, 0.0), ALL)
    assert found.presence("bend") != "present"
    assert found["bend"].value is None
    assert found["bend"].upper > 0
    assert found.presence("nothing of the kind") == "absent"


def test_weights_are_those_of_akaike():
    found = weigh(*data(0.5, 0.0), ALL)
    first, second = found.candidates[:2]
    assert second.weight / first.weight == pytest.approx(math.exp((first.aicc - second.aicc) / 2))
    k, n = len(first.explanation.parameters), X.size
    assert first.aicc == pytest.approx(first.chi2 / found.scatter**2 + 2 * k + 2 * k * (k + 1) / (n - k - 1))


def test_scatter_beyond_the_errors_is_no_evidence():
    values, error = data(0.0, 0.0, noise=0.1)
    found = weigh(values, error / 10, ALL)
    assert found.scatter > 5
    assert found.presence("bend") != "present"


def test_false_claims_are_rare():
    claims = [weigh(*data(0.5, 0.0, seed), ALL).presence("bend") == "present" for seed in range(100)]
    assert np.mean(claims) < 0.1


def test_too_few_points_for_anything():
    with pytest.raises(ValueError, match="too few for any explanation"):
        weigh(np.ones(2), np.ones(2), ALL)


def test_embraced_holds_all_rivals():
    plain = Parameter("a", "", 0.0, 10.0, "", prefactor=True)
    both = embraced(plain, [known(1.0, 0.05), known(1.2, 0.05)])
    assert (both.value, both.lower, both.upper) == (1.0, 0.95, 1.25)
    apart = embraced(plain, [known(1.0, 0.05), known(2.0, 0.05)])
    assert (apart.determined, apart.value) == (False, None)
    assert apart.lower < 0.95 < 2.05 < apart.upper
    half = embraced(plain, [known(1.0, 0.05), unknown(None, 3.0)])
    assert (half.determined, half.lower, half.upper) == (False, None, 3.0)
