"""Every error that remem raises on purpose, as one tree.

::

    RememError
    ├── InvalidInput            what was passed in cannot be stored or asked
    │   ├── InvalidVector       NaN, infinite or zero vector
    │   └── DimensionMismatch   a vector of another length than the store's
    ├── EncoderMismatch         the store was made by another encoder
    ├── Conflict                a key is taken by another text
    ├── Stale                   what a batch was planned on has changed; plan again
    ├── StoreClosed             used after close(), or in a fork of the process that opened it
    ├── StoreLocked             another process kept the store busy for too long
    ├── StoreReadOnly           the folder or file may not be written
    ├── StoreFull               the disk is full
    ├── CorruptStore            the records themselves are damaged, or of a future format
    │   └── DamagedRecord       one of them is; the others can be read
    ├── MissingDependency       an optional package is not installed
    └── UpstreamError           a model or server that remem talks to failed

A message is one sentence that says what is wrong and what to do about it. Damage to a derived
index is not an error: it is logged and the index is rebuilt from the records.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remem.store.types import Record, Space

__all__ = [
    "Conflict",
    "CorruptStore",
    "DamagedRecord",
    "DimensionMismatch",
    "EncoderMismatch",
    "InvalidInput",
    "InvalidVector",
    "MissingDependency",
    "RememError",
    "Stale",
    "StoreClosed",
    "StoreFull",
    "StoreLocked",
    "StoreReadOnly",
    "UpstreamError",
]


class RememError(Exception):
    """The root of all errors raised by remem."""


class InvalidInput(RememError, ValueError):
    """An argument cannot be stored or asked for."""


class InvalidVector(InvalidInput):
    """A vector holds NaN or infinity, or has length zero."""


class DimensionMismatch(InvalidInput):
    """A vector has another number of dimensions than the store's vectors."""


class EncoderMismatch(RememError):
    """The store's vectors were made by another encoder; mixing them would be meaningless.

    Attributes:
        stored: The space of the store's vectors, where it is known.
    """

    def __init__(self, message: str, stored: Space | None = None) -> None:
        super().__init__(message)
        self.stored = stored


class Conflict(RememError):
    """A key that was to be added already belongs to a record with another text."""

    def __init__(self, message: str, keys: tuple[str, ...]) -> None:
        super().__init__(message)
        self.keys = keys


class Stale(RememError):
    """Another writer changed what a batch was planned on; nothing was written, plan it again."""


class StoreClosed(RememError):
    """The store was used after it was closed, or in a fork of the process that opened it."""


class StoreLocked(RememError):
    """Another process kept the store busy for longer than the time-out."""


class StoreReadOnly(RememError):
    """The store's folder or files may not be written."""


class StoreFull(RememError):
    """There is no space left where the store lives."""


class CorruptStore(RememError):
    """The records are damaged, or of a format that this version does not know."""


class DamagedRecord(CorruptStore):
    """One record, or what it is found by, is not what was written; the others can be read.

    Attributes:
        remains: What can still be read of it, its key at least; the text is empty, where it is
            what may be damaged.
    """

    def __init__(self, message: str, remains: Record) -> None:
        super().__init__(message)
        self.remains = remains


class MissingDependency(RememError, ImportError):
    """An optional package is not installed; the message holds the pip line."""

    def __init__(self, feature: str, what: str) -> None:
        """Say which feature needs it, and what to give to ``pip install``."""
        super().__init__(f"{feature} needs an optional package: pip install {what}")


class UpstreamError(RememError):
    """A model or server that remem talks to failed."""
