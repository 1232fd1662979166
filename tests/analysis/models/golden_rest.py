"""Golden values of the reference, by the name of the function."""

import json
import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("CUSP_REFERENCE_GOLDEN", Path(__file__).resolve().parents[4] / "shared" / "golden"))
FILE = FOLDER / "golden_rest.json"
ENTRIES = json.loads(FILE.read_text(encoding="utf-8"))["entries"] if FILE.is_file() else []

golden = pytest.mark.skipif(not ENTRIES, reason=f"no golden values at {FILE}; set CUSP_REFERENCE_GOLDEN")


def agree(name, function, *, none=False):
    """Assert that every entry of a name comes out of `function(arguments)`; with `none` there must be no entry."""
    chosen = entries(name)
    assert bool(chosen) != none
    for arguments, value in (entry.values for entry in chosen):
        assert float(function(arguments)) == pytest.approx(value, rel=1e-9, abs=0)


def entries(function):
    """Return (arguments, value) of every entry of a function."""
    chosen = [e for e in ENTRIES if e["function"] == function]
    numbers = [({name: float(text) for name, text in e["arguments"].items()}, float(e["value"])) for e in chosen]
    return [pytest.param(*pair, id=str(e["id"])) for pair, e in zip(numbers, chosen, strict=True)]
