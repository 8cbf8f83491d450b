"""The contract that every store keeps. ``remem.store.conformance`` tests each sentence of it; what
a purge leaves in files is tested beside each store."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from remem.store.errors import DamagedRecord, StoreClosed
from remem.store.filters import Current, Filter
from remem.store.types import (
    Batch,
    Entry,
    Hit,
    Leg,
    Record,
    SourceInfo,
    Space,
    Stats,
    Verification,
    Written,
)

__all__ = [
    "Embed",
    "OnDamage",
    "Reader",
    "Store",
    "current_at",
    "log_damage",
    "raise_damage",
    "whole",
]


T = TypeVar("T")

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


class Reader(Protocol):
    """The questions that can be put to a store; ``Store`` has the promises."""

    @property
    def space(self) -> Space | None:
        """Encoder fingerprint, dimensions and views of the vectors; None until ``adopt``."""

    def get(self, namespace: str, keys: Sequence[str]) -> list[Record | None]:
        """Records by key, in the order asked, superseded and expired ones too; None if unknown."""

    def entries(self, namespace: str, keys: Sequence[str]) -> list[Entry]:
        """Records with their views, in the order asked; unknown keys are left out.

        Raises:
            EncoderMismatch: another process has re-encoded the store since this one opened it.
        """

    def predecessors(self, namespace: str, keys: Sequence[str]) -> list[Record]:
        """The records that one of these supersedes directly, whose ``superseded_by`` is among
        ``keys``, in the order of (source, position, key). Unknown keys are ignored; a key that is
        nobody's any more still has the predecessors that name it."""

    def scan(
        self, namespace: str, where: Filter | None = None, damaged: OnDamage = log_damage
    ) -> Iterator[Record]:
        """All records in the order of (source, position, key), superseded and expired ones too.

        Streams: memory does not grow with the number of records.

        Args:
            damaged: Called with each record that is damaged; what can still be read of it decides
                whether it matches. What this raises ends the scan.
        """

    def find(self, namespace: str, where: Filter | None, limit: int) -> list[Record]:
        """The first ``limit`` current records that match, in the order of (source, position, key).

        Raises:
            InvalidInput: limit < 1.
        """

    def neighbors(
        self, namespace: str, source: str, first: int, last: int, radius: int
    ) -> list[Record]:
        """The current records of a source whose position is within ``first..last``, plus up to
        ``radius`` records before and after, in order of (position, key). Superseded and expired
        ones are left out."""

    def search(
        self, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None = None
    ) -> list[list[Hit]]:
        """The k best records for each leg, among the current ones that match ``where``.

        All legs see the same state of the store, and the filter is resolved once, before the
        top k. Each list is ordered by (-score, key) and shorter than k only when fewer records
        match (dense) or hold a word of the query (text). An unknown namespace has no records. In
        large namespaces dense legs may miss a few of the best; each store says from when on.

        Raises:
            InvalidInput: k < 1, or a leg names an unknown view.
            DimensionMismatch, InvalidVector: for a leg's vector.
            EncoderMismatch: a leg's vector is of another space, or another process has re-encoded
                the store since this one opened it.
        """

    def idf(self, namespace: str, view: str, tokens: Sequence[str]) -> list[float]:
        """How rare each token (of ``remem.store.fulltext.tokens``) is among the current records:
        the inverse document frequency that BM25 weighs it with
        (``remem.store.fulltext.ranking.idf``), in the order asked. That of a token which nobody
        holds is the highest; of all tokens in an unknown namespace too.

        Raises:
            InvalidInput: an unknown view.
        """

    def count(self, namespace: str, where: Filter | None = None) -> int:
        """How many records match, superseded and expired ones included."""


@runtime_checkable
class Store(Reader, Protocol):
    """Where memories live.

    Promises, beside those of each method:

    * A write is one transaction: all or nothing, and durable when the call returns.
    * Read your writes: what a call acknowledged is in the result of the next one, in this and in
      every other process.
    * Namespaces never see each other.
    * A name is a name: whatever it holds, it comes back as it went in, and does nothing else.
    * Text, metadata and times come back as they went in; times to the microsecond, and ``said_at``
      with its UTC offset.
    * Once another process has re-encoded the store, vectors are refused with ``EncoderMismatch``.
    * A method used after ``close`` raises ``StoreClosed``.
    * A record that is not what was written is never returned: asked for by its key it raises
      ``DamagedRecord``, elsewhere it is left out and the log says so. It can be deleted.
    """

    @property
    def url(self) -> str:
        """What the store was opened with."""

    def adopt(self, space: Space) -> None:
        """Declare whose vectors the store holds. The first call decides.

        Raises:
            EncoderMismatch: the store already holds vectors of another space.
        """

    def write(self, namespace: str, batch: Batch) -> Written:
        """Carry out a batch in one transaction; creates the namespace.

        Raises:
            Conflict: a key of ``batch.add`` is stored with another text; nothing was written.
            Stale: a neighbourhood of ``batch.expects`` or a record of ``batch.expects_records``
                reads differently now; nothing was written. Comes before ``Conflict``.
            InvalidInput: empty text, a naive datetime, metadata that is not JSON, wrong views, ...
            DimensionMismatch, InvalidVector: see ``remem.store.errors``.
            EncoderMismatch: another process re-encoded the store since it was opened here.
        """

    def purge(self, namespace: str, batch: Batch) -> Written:
        """Like ``write``; and when it returns, no file of the store holds a trace of what the
        batch deleted. A server may keep it for longer; its store says what and where."""

    def reading(self, work: Callable[[Reader], T]) -> T:
        """Call ``work`` with a reader, whose answers cost less than those of the store when there
        are several: a server gives all of them in one transaction, as of one moment.

        What it answers is as new as the call, at least. ``work`` may be called again when a server
        goes away meanwhile; it must not write, nor keep the reader.
        """

    def namespaces(self) -> list[str]:
        """Names of all namespaces that hold records, sorted."""

    def sources(self, namespace: str) -> list[SourceInfo]:
        """The sources of a namespace, sorted by name."""

    def reindex(
        self, space: Space, embed: Embed, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Re-encode all views with another encoder and switch to it in one transaction.

        Searches go on with the old vectors until then. Interrupted, it goes on where it stopped.
        The views must be the store's. ``embed`` is given the texts of whole records, record by
        record in the order of the views. ``progress(done, total)`` counts records.
        """

    def verify(self) -> Verification:
        """Check the records and every derived index against them."""

    def rebuild(self) -> None:
        """Throw all derived indexes away and make them again from the records."""

    def stats(self) -> Stats:
        """Count records and bytes."""

    def close(self) -> None:
        """Release everything; may be called twice."""

    def __enter__(self) -> Store:
        """Enter a ``with`` block."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close at the end of a ``with`` block."""


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
        """Whether this is a fork of it."""
        return self._process != os.getpid()

    def check(self) -> None:
        """Raise ``StoreClosed`` in a fork.

        To be asked before any lock is taken: a thread that a fork left behind may hold it for ever.
        """
        if self.is_elsewhere:
            raise StoreClosed(
                f"the store {self._url} was opened before a fork; open it again in this process"
            )
