"""A connection to the nodes of a Zurich Instruments device, through LabOne's data server."""

from __future__ import annotations

import re
from typing import Any, Protocol, runtime_checkable

ADDRESS = re.compile(r"(dev[0-9]{1,6})@([A-Za-z0-9][A-Za-z0-9.-]{0,252}):([0-9]{1,5})", re.IGNORECASE)
"""Device, host of its data server, port."""


class NodeSession(Protocol):
    """What the driver needs of a connection to the nodes of one device.

    ``get`` returns a number, a text, or for a sample node a mapping with x, y and timestamp. Both
    raise TimeoutError if nothing answers in time, and another OSError if the connection is gone.
    """

    def get(self, node: str) -> Any:
        """Return the value of a node."""
        ...

    def set(self, node: str, value: float) -> None:
        """Set a node."""
        ...

    def close(self) -> None:
        """Let go."""
        ...


@runtime_checkable
class NodeLibrary(Protocol):
    """What opens such connections instead of LabOne: the simulated rig."""

    def session(self, address: str) -> NodeSession:
        """Return a connection to the device at an address; raises OSError."""
        ...


class LabOneSession:
    """A connection to a device through zhinst-toolkit.

    Raises
    ------
    ImportError
        zhinst-toolkit is not installed.
    OSError
        Nothing answers at the address, or it does not know the device.
    """

    def __init__(self, device: str, host: str, port: int) -> None:
        from zhinst.toolkit import Session  # pyright: ignore[reportMissingImports]

        with _as_os_error():
            self._session = Session(host, port)
            self._device = self._session.connect_device(device)

    def get(self, node: str) -> Any:
        """Return the value of a node; enumerated ones as numbers."""
        with _as_os_error():
            return self._device[node](enum=False)

    def set(self, node: str, value: float) -> None:
        """Set a node and wait until it has reached the device."""
        with _as_os_error():
            self._device[node](value)
            self._session.sync()

    def close(self) -> None:
        """Let go of the data server; the device stays connected for others."""
        del self._device, self._session


class _as_os_error:  # noqa: N801  reads as a phrase
    """Within it, what LabOne raises becomes an OSError; a timeout is one already."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, (RuntimeError, LookupError, EOFError)) and not isinstance(error, OSError):
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
