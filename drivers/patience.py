"""Asking again: a single lost or garbled reply ends no wait."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from drivers.errors import Garbled, Timeout

log = logging.getLogger(__name__)

T = TypeVar("T")

TRIES = 3
"""A loop survives two lost or garbled replies in a row; the third ends it."""


def insist(read: Callable[[], T], tries: int = TRIES, on_repeat: Callable[[], object] = lambda: None) -> T:
    """Return what `read` returns, asking again after a lost or garbled reply; `on_repeat` is told each time."""
    for _ in range(tries - 1):
        try:
            return read()
        except (Timeout, Garbled) as error:
            log.warning("%s; asked again", error)
            on_repeat()
    return read()
