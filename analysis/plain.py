"""Results as plain numbers: what a JSON file can hold, None where there is no finite number."""

from __future__ import annotations

import math
from typing import Any

from analysis.estimate import Estimate
from analysis.model import Remark


def plain_number(value: float | None) -> float | None:
    """Return the number, or None where it is missing or not finite."""
    return None if value is None or not math.isfinite(value) else float(value)


def plain_estimate(estimate: Estimate) -> dict[str, Any]:
    """Return value, error, bounds and the two flags of an estimate."""
    numbers = {name: plain_number(getattr(estimate, name)) for name in ("value", "error", "lower", "upper")}
    return {**numbers, "determined": bool(estimate.determined), "fixed": bool(estimate.fixed)}


def plain_remark(remark: Remark) -> dict[str, str]:
    """Return a remark's code and message."""
    return {"code": remark.code, "message": remark.message}
