"""Small things that stores, their engines and their users share: damage, and forks."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from remem.store.errors import DamagedRecord, StoreClosed
from remem.store.filters import Current, Filter
from remem.store.types import Record

_log = logging.getLogger(__name__)

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts -> float32 array of shape (len(texts), dim)."""


OnDamage = Callable[[DamagedRecord], None]
"""A response to a record that is not what was written."""


def log_damage(error: DamagedRecord) -> None:
    """Go on without a damaged record, and say so."""
    _log.warning("left out: %s", error)


def raise_damage(error: DamagedRecord) -> None:
    """Go no further than to a damaged record."""
    raise error


def whole(
    found: Iterable[Record | DamagedRecord], damaged: OnDamage = log_damage
) -> Iterator[Record]:
    """The records among what was found; ``damaged`` is called with each of the others."""
    for each in found:
        if isinstance(each, Record):
            yield each
        else:
            damaged(each)


def current_at(now: datetime, where: Filter | None) -> Filter:
    """The filter that leaves what matches and is current at a time."""
    return Current(now) if where is None else where & Current(now)


# A store belongs to the process that opened it: a fork must neither use nor close it.


class Owner:
    """The process that opened a store.

    Args:
        url: Of the store, without password, for the message.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._process = os.getpid()

    @property
    def is_elsewhere(self) -> bool:
        """True in a fork of that process."""
        return self._process != os.getpid()

    def check(self) -> None:
        """Raise ``StoreClosed`` in a fork.

        To be asked before any lock is taken: a thread that a fork left behind may hold it for ever.
        """
        if self.is_elsewhere:
            raise StoreClosed(
                f"the store {self._url} was opened before a fork; open it again in this process"
            )
