import numpy as np
import pytest

from analysis.field_correlation import SHAPES, FieldCorrelation, Likelihood

FIELD = np.linspace(-0.1, 0.1, 201)
NOISE = np.full(201, 3e-3)
NOTHING_FITTED = np.ones((201, 1))


def drawn(correlation, seed, even=False, field=FIELD, error=NOISE):
    at = np.abs(field) if even else field
    root = np.linalg.cholesky(correlation.covariance(at, error, even))
    return root @ np.random.default_rng(seed).normal(size=field.size)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_correlation_falls_to_one_half_at_its_field(shape):
    covariance = FieldCorrelation(shape, 0.1, 4e-3).covariance(np.array([0.0, 4e-3]), np.array([1e-3, 2e-3]), False)
    assert covariance[0, 1] == pytest.approx(0.005)
    assert covariance.diagonal() == pytest.approx([0.01 + 1e-6, 0.01 + 4e-6])
    louder = FieldCorrelation(shape, 0.1, 4e-3, noise=2.0)
    assert louder.covariance(np.array([0.0, 4e-3]), np.array([1e-3, 2e-3]), False) == pytest.approx(2 * covariance)


def test_an_even_structure_is_twice_as_strong_at_zero_and_the_same_at_both_signs():
    """s(B) + s(-B) over sqrt 2: one Cooperon and one diffuson at B = 0, one of them far away."""
    correlation = FieldCorrelation("gaussian", 0.1, 4e-3)
    covariance = correlation.covariance(np.array([0.0, 0.05, 0.05]), np.zeros(3), True)
    assert covariance[0, 0] == pytest.approx(2 * covariance[1, 1])
    assert covariance[1, 2] == pytest.approx(covariance[1, 1])


@pytest.mark.parametrize("shape", SHAPES)
def test_size_field_and_shape_are_found(shape):
    truth = FieldCorrelation(shape, 0.03, 4e-3)
    found = [Likelihood(FIELD, NOISE, drawn(truth, seed), NOTHING_FITTED, False).best(0.01, 2e-3) for seed in range(12)]
    assert sum(one.shape == shape for one in found) >= 10
    # 25 features tell ln rms and ln B_c to 1/sqrt(50) each, 12 draws to 4 %
    assert np.mean([np.log(one.noise**0.5 * one.rms_G0) for one in found]) == pytest.approx(np.log(0.03), abs=0.15)
    assert np.mean([np.log(one.correlation_field_T) for one in found]) == pytest.approx(np.log(4e-3), abs=0.15)
    assert np.mean([one.noise for one in found]) == pytest.approx(1, abs=0.1)


def test_what_the_fit_takes_out_of_the_residuals_is_known():
    """A polynomial of tenth order follows much of the structure; its size must not come out smaller for that."""
    truth = FieldCorrelation("gaussian", 0.03, 8e-3)
    fitted = np.polynomial.chebyshev.chebvander(FIELD / 0.1, 10)
    basis = np.linalg.qr(fitted)[0]
    sizes, left = [], []
    for seed in range(20):
        structure = drawn(truth, seed)
        residual = structure - basis @ (basis.T @ structure)
        found = Likelihood(FIELD, NOISE, residual, fitted, False).best_of(truth)
        sizes.append(found.noise**0.5 * found.rms_G0)
        left.append(residual.std())
    assert np.sqrt(np.mean(np.square(left))) < 0.025
    assert np.median(sizes) == pytest.approx(0.03, rel=0.2)


def test_long_curves_are_averaged_without_harm():
    truth = FieldCorrelation("gaussian", 0.03, 4e-3)
    field = np.linspace(-0.1, 0.1, 1001)
    error = np.full(1001, 6e-3)
    residual = drawn(truth, 3, field=field, error=error)
    found = Likelihood(field, error, residual, np.ones((1001, 1)), False).best_of(truth)
    assert found.correlation_field_T == pytest.approx(4e-3, rel=0.3)
    assert found.rms_G0 == pytest.approx(0.03, rel=0.4)


def test_uncertain_size_and_field_widen_the_error_a_little():
    truth = FieldCorrelation("gaussian", 0.03, 4e-3)
    bump = np.stack([np.ones(201), np.exp(-((FIELD / 0.01) ** 2))], axis=1)
    widenings = []
    for seed in range(8):
        likelihood = Likelihood(FIELD, NOISE, drawn(truth, seed), bump, False)
        widenings.append(likelihood.widening(likelihood.best_of(truth)))
    assert 1.0 < np.median(widenings) < 1.6
