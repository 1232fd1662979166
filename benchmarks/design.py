"""The time that chosen fields save against a uniform sweep, by Monte Carlo with nonlinear fits.

L_phi = 300 nm, alpha and offset free, fields up to 100 B_phi, 201 readings of white noise for every design. The time
factor is the variance of ln L_phi of the uniform sweep over that of the design. The bound is on the optimal design for
the true B_phi; the two-stage one, which knows B_phi only within a factor of four either way and finds the rest
out, and the robust one are shown beside it without a bound.
"""

import math
import sys
import time

import numpy as np

from analysis.constants import field_of_length
from analysis.curve import Curve
from analysis.design import Design, Question, asinh_spaced, optimal, robust
from analysis.fit import fit
from analysis.model import MODELS

TIMES_FASTER = 5.0
READINGS, NOISE = 201, 0.05
DRAWS, SLOW_DRAWS = 8000, 800  # a linear program is solved for every draw of two stages
FIRST_STAGE, PRIOR = 0.25, 4.0
TRUE = {"alpha": 1.0, "l_phi_nm": 300.0}
HLN = MODELS["hln"]
B_PHI = float(field_of_length(1e-9 * TRUE["l_phi_nm"]))
B_MAX = 100 * B_PHI
QUESTION = Question(HLN, TRUE, B_MAX)


def measured(fields, rng):
    clean = HLN.value(fields, TRUE["alpha"], TRUE["l_phi_nm"])
    return Curve(fields, clean + rng.normal(0, NOISE, fields.size), np.full(fields.size, NOISE))


def fitted(curve):
    return math.log(fit(HLN, curve).values["l_phi_nm"])


def two_stage(rng):
    """Return the fit of 25 % asinh-spaced readings and 75 % optimal for what the first ones gave."""
    first = round(FIRST_STAGE * READINGS)
    width = B_PHI * PRIOR ** rng.uniform(-1, 1)
    coarse = measured(asinh_spaced(B_MAX, width, first).readings(first), rng)
    guess = fit(HLN, coarse).values
    fine = measured(optimal(Question(HLN, guess, B_MAX)).readings(READINGS - first), rng)
    both = [
        np.concatenate(pair) for pair in zip(*((c.field_T, c.dsigma, c.error) for c in (coarse, fine)), strict=True)
    ]
    return fitted(Curve(*both))


def placed():
    """Return the fields of the readings of each design that is fixed beforehand, shape (READINGS,) [T]."""
    return {
        "uniform": np.linspace(-B_MAX, B_MAX, READINGS),
        "asinh-spaced": asinh_spaced(B_MAX, B_PHI, READINGS).readings(READINGS),
        "optimal": optimal(QUESTION).readings(READINGS),
        "robust 70/30": robust(QUESTION).readings(READINGS),
    }


def first_order(fields):
    """Return the variance that first-order theory gives these very readings, in units of the noise."""
    return QUESTION.standard_error(Design(np.abs(fields), np.full(fields.size, 1 / fields.size))) ** 2


def drawn():
    """Return ln L_phi of every fit, by design."""
    found = {}
    for number, (name, fields) in enumerate(placed().items()):
        rng = np.random.default_rng(number)
        found[name] = np.array([fitted(measured(fields, rng)) for _ in range(DRAWS)])
    rng = np.random.default_rng(len(found))
    found["two stages"] = np.array([two_stage(rng) for _ in range(SLOW_DRAWS)])
    return found


def main():
    began, found = time.perf_counter(), drawn()
    theory = {name: first_order(fields) for name, fields in placed().items()}
    sd = {name: values.std(ddof=1) for name, values in found.items()}
    factor = {name: (sd["uniform"] / sd[name]) ** 2 for name in found}
    for name, values in found.items():
        bias = (values.mean() - math.log(TRUE["l_phi_nm"])) / sd[name]
        scatter = 0.0 if name == "uniform" else factor[name] * math.sqrt(2 / (DRAWS - 1) + 2 / (values.size - 1))
        foreseen = f"first order {theory['uniform'] / theory[name]:.2f}" if name in theory else ""
        print(
            f"{name:14} sd(ln L_phi) {sd[name]:.4f}  bias {bias:+.2f} sd  "
            f"time factor {factor[name]:.2f} +- {scatter:.2f}  {foreseen}"
        )
    print(f"{time.perf_counter() - began:.0f} s")
    print(f"optimal against uniform {factor['optimal']:.2f} (>= {TIMES_FASTER:g})")
    return bool(factor["optimal"] < TIMES_FASTER)


if __name__ == "__main__":
    sys.exit(main())
