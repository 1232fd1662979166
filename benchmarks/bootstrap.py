"""A bootstrap of 1000 samples against as many whole refits: time, and how far its samples are from theirs."""

import sys
import time

import numpy as np

from analysis import bootstrap as module
from analysis.bootstrap import KINDS, bootstrap
from analysis.curve import Curve
from analysis.fit import fit
from analysis.model import MODELS

BOUND_S, ROUNDS = 0.6, 5
FAR_SD = 0.01  # of a sample from its whole refit, in standard errors
NOISE = 5e-3
CASES = {
    "hln": (np.linspace(-0.1, 0.1, 201), (-0.5, 300.0)),
    "hln_full": (np.linspace(-0.4, 0.4, 201), (300.0, 100.0, 1e-3)),
    "ballistic": (np.linspace(-0.5, 0.5, 201), (300.0, 30.0)),
}


class NoNeighbourhood:
    """Stands for the interpolation: every sample is then fitted by itself."""

    def __init__(self, *_):
        raise module.OutOfBox("left out on purpose")


def measured(model, field_T, parameters):
    noise = np.random.default_rng(0).normal(0, NOISE, field_T.size)
    return Curve(field_T, MODELS[model].value(field_T, *parameters) + noise, np.full(field_T.size, NOISE))


def one_by_one(*question, **options):
    kept, module.Neighbourhood = module.Neighbourhood, NoNeighbourhood
    try:
        return bootstrap(*question, **options)
    finally:
        module.Neighbourhood = kept


def timed(call, rounds):
    best = np.inf
    for _ in range(rounds):
        began = time.perf_counter()
        answer = call()
        best = min(best, time.perf_counter() - began)
    return best, answer


def main():
    slowest = farthest = 0.0
    for model, (field_T, parameters) in CASES.items():
        data = measured(model, field_T, parameters)
        fitted = fit(model, data)
        for kind in KINDS:
            seconds, found = timed(lambda: bootstrap(fitted, data, 1, kind=kind), ROUNDS)  # noqa: B023
            whole_s, whole = timed(lambda: one_by_one(fitted, data, 1, kind=kind), 1)  # noqa: B023
            errors = np.array([whole.error(name) for name in whole.names])
            far = float((np.abs(found.values - whole.values) / errors).max())
            slowest, farthest = max(slowest, seconds), max(farthest, far)
            times = f"{1e3 * seconds:6.0f} ms   whole refits {1e3 * whole_s:6.0f} ms"
            print(f"{model:10}{kind:12}{times}   {far:.1e} sd apart")
    print(f"slowest {slowest:.2f} s (<= {BOUND_S:g}), farthest {farthest:.1e} standard errors (<= {FAR_SD:g})")
    return bool(slowest > BOUND_S or farthest > FAR_SD)


if __name__ == "__main__":
    sys.exit(main())
