"""Errors of a fit whose residuals hang together: refits of the fitted curve with the residuals shuffled in blocks.

Blocks as long as the residuals remember keep their correlation; each sweep is shuffled within itself. H. R. Kuensch,
Ann. Statist. 17, 1217 (1989), doi:10.1214/aos/1176347265.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.any_fit import Observations, Search, Solution
from analysis.confidence import WIDEST
from analysis.estimate import Estimate
from analysis.model import Parameter

_FEWEST = 20  # refits, below which 16 % of them on either side are no error
_SEED = 1  # the same data give the same errors, bit for bit


def block_bootstrap(
    observations: Observations, parameters: Sequence[Parameter], solution: Solution,
    blocks: Sequence[tuple[int, int]], count: int,
) -> tuple[Estimate, ...]:  # fmt: skip
    """Return the estimates with 68 % intervals from refits.

    Parameters
    ----------
    observations, parameters, solution
        Of the fit.
    blocks : sequence of (int, int)
        For each stretch of the data, in their order: its number of points and the length of a block.
    count : int
        Number of refits, 20 or more.

    Raises
    ------
    ValueError
        Too few refits, or stretches that do not add up to the data.
    """
    if count < _FEWEST or sum(size for size, _ in blocks) != solution.points:
        raise ValueError(
            f"bootstrap: {count} refits, {sum(size for size, _ in blocks)} of {solution.points} points; "
            f"it takes {_FEWEST} refits or more, and all points"
        )
    best = [solution.values[p.name] for p in parameters]
    fitted = observations.predicted(best) + solution.nuisance
    unknowns = len(parameters) + observations.basis.shape[1]
    rest = (observations.curve.dsigma - fitted) * math.sqrt(solution.points / (solution.points - unknowns))
    rng, found = np.random.default_rng(_SEED), []
    for _ in range(count):
        shuffled = observations.with_data(fitted + _shuffled(rest, blocks, rng))
        search = Search(shuffled, parameters, [best])
        found.append(list(search.values(search.best).values()))
    lower, upper = np.quantile(np.array(found), [0.1587, 0.8413], axis=0).tolist()
    return tuple(
        _estimate(p, own, low, high)
        for p, own, low, high in zip(parameters, solution.estimates, lower, upper, strict=True)
    )


def _shuffled(rest: np.ndarray, blocks: Sequence[tuple[int, int]], rng: np.random.Generator) -> np.ndarray:
    """Return the residuals with blocks drawn anywhere, ends joined, in place of their own, shape (n,)."""
    parts, start = [], 0
    for size, length in blocks:
        places = rng.integers(0, size, math.ceil(size / length))[:, np.newaxis] + np.arange(length)
        parts.append(rest[start : start + size][places.ravel()[:size] % size])
        start += size
    return np.concatenate(parts)


def _estimate(parameter: Parameter, own: Estimate, lower: float, upper: float) -> Estimate:
    if not own.determined or own.value is None:
        return own
    wide = math.log(upper / lower) if parameter.log else upper - lower
    if wide > 2 * WIDEST:
        return Estimate(own.name, own.unit, None, None, lower, upper, False)
    # the spread about the refits, laid on the value itself
    low, high = (own.value + end - (lower + upper) / 2 for end in (lower, upper))
    return Estimate(own.name, own.unit, own.value, (upper - lower) / 2, low, high, True)
