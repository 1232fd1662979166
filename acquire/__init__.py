"""The app: configuration, station, journal, worker, live fit, replay, command line, window."""

import os
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _installed

# One thread of linear algebra, before numpy is loaded: its threads spin against the measurement for nothing in matrices
# this small, and their number changes the last bit of a sum, which a replay must find again.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_name, "1")


def version() -> str:
    """Return the version of Cusp, ``"0+unknown"`` when it runs without being installed."""
    try:
        return _installed("cusp")
    except PackageNotFoundError:
        return "0+unknown"
