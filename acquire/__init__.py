"""The app: configuration, station, journal, worker, live fit, replay, command line, window."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _installed


def version() -> str:
    """Return the version of Cusp, ``"0+unknown"`` when it runs without being installed."""
    try:
        return _installed("cusp")
    except PackageNotFoundError:
        return "0+unknown"
