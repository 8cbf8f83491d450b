"""The place of one namespace's partition in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.embedded.locks import ReadWriteLock
from store.embedded.partition import Partition

__all__ = ["Slot"]


@dataclass(slots=True)
class Slot:
    """Whoever reads the partition shares the lock, whoever changes it has it alone."""

    lock: ReadWriteLock = field(default_factory=ReadWriteLock)
    partition: Partition | None = None
    written: int = 0
    """Records that this process wrote since it last caught up."""
    following: bool = False
    """Whether a thread was asked to catch up."""
    unsaved: int = 0
    """Records that changed in ``partition`` since it was loaded or saved."""
    untidy: int = 0
    """Records that ``partition`` has followed since freed memory was given back."""
    nbytes: int = 0
    """Size of ``partition`` when it last changed, so that not every search adds it up."""
