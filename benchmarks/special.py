"""f(x) = psi(1/2 + x) - ln x with its derivative: nanoseconds an element, and digits, from x = 1e-8 to 1e12."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from scipy.special import digamma, zeta

from analysis.special import f_and_derivative

NS_AN_ELEMENT, RELATIVE_ERROR = 30.0, 1e-12
X = np.geomspace(1e-8, 1e12, 2001)
ROUNDS = 400
SEAMS = np.geomspace(1e-8, 30, 4001)


def plain(x):
    return digamma(0.5 + x) - np.log(x), zeta(2, 0.5 + x) - 1 / x


def fastest(call):
    """The best of many, as the machine does other things too [ns an element]."""
    best = np.inf
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call(X)
        best = min(best, time.perf_counter() - began)
    return 1e9 * best / X.size


def error_at_the_golden_values():
    """Return the largest relative error against values computed with 50 digits, or None without the file."""
    folder = os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[2] / "shared" / "golden")
    path = Path(folder) / "golden2d.json"
    if not path.is_file():
        return None
    entries = json.loads(path.read_text(encoding="utf-8"))["entries"]
    errors = []
    for part, name in enumerate(("f", "f_prime")):
        chosen = [entry for entry in entries if entry["model"] == name]
        x = np.array([float(entry["params"]["x"]) for entry in chosen])
        truth = np.array([float(entry["value"]) for entry in chosen])
        errors.append(np.abs(f_and_derivative(x)[part] / truth - 1).max())
    return float(max(errors))


def error_by_recurrence():
    """Return the largest error of f(x) - f(x + 1) = ln(1 + 1/x) - 1/(x + 1/2) over f(x), at every seam of the table."""
    x = SEAMS
    here, there = f_and_derivative(x)[0], f_and_derivative(x + 1)[0]
    exact = np.log1p(1 / x) - 1 / (x + 0.5)
    rounding = 4 * np.finfo(float).eps * (np.log1p(1 / x) + here)
    return float(np.max((np.abs(here - there - exact) - rounding) / here))


def main():
    ours, theirs = fastest(f_and_derivative), fastest(plain)
    print(f"f and f' {ours:.1f} ns an element (<= {NS_AN_ELEMENT:g}); scipy digamma and zeta {theirs:.0f} ns")
    golden, recurrence = error_at_the_golden_values(), error_by_recurrence()
    print(f"relative error: golden values {golden if golden is None else f'{golden:.1e}'}, recurrence {recurrence:.1e}")
    wrong = max(golden or 0.0, recurrence)
    return bool(ours > NS_AN_ELEMENT or wrong > RELATIVE_ERROR)


if __name__ == "__main__":
    sys.exit(main())
