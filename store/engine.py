"""The contract of an engine: what stands behind a ``Store``. Arguments are checked when they come
here, namespaces have names, and nobody is asked for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from remem.store.errors import Conflict, DamagedRecord, Stale
from remem.store.filters import Filter
from remem.store.reindex import Filling
from remem.store.spaces import Meta
from remem.store.types import (
    Batch,
    Entry,
    Hit,
    Leg,
    Neighborhood,
    Record,
    SourceInfo,
    Space,
    Span,
    Verification,
    Written,
)

T = TypeVar("T")

Clock = Callable[[], datetime]
"""The time, timezone-aware."""


class UnknownNamespace(Exception):
    """Nothing was ever written to a namespace, or all of it was forgotten."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a scan finds, in the order of (source, position, key).

    Attributes:
        next: Where the next page begins, in the engine's own words; None: there is no more.
    """

    found: Iterable[Record | DamagedRecord]
    next: Any = None


@dataclass(frozen=True, slots=True)
class Sizes:
    """Records by namespace, and bytes."""

    records: Mapping[str, int]
    on_disk: int
    in_memory: int


class Namespace(Protocol):
    """A namespace as of one moment; see ``Reader``. Each method may raise ``UnknownNamespace``.

    ``now`` is in microseconds since 1970: what expired until then is not current. ``space`` is
    whose vectors the caller takes the store's to be.
    """

    def get(self, keys: Sequence[str]) -> Mapping[str, Record]:
        """Records by key; unknown ones are left out."""

    def entries(self, keys: Sequence[str], space: Space) -> Mapping[str, Entry]:
        """Records with their views, by key; unknown ones are left out."""

    def predecessors(self, keys: Sequence[str]) -> list[Record]:
        """Records that one of these supersedes directly, in reading order."""

    def page(self, where: Filter | None, after: Any, limit: int) -> Page:
        """About ``limit`` records that match.

        Args:
            after: ``Page.next`` of the page before; None: the first.
        """

    def neighbors(self, span: Span, now: int) -> list[Record]:
        """Current records of a span, in order of (position, key)."""

    def search(
        self, legs: Sequence[Leg], k: int, where: Filter | None, now: int, space: Space
    ) -> list[list[Hit]]:
        """The k best current records for each leg; dense vectors are of length 1."""

    def idf(self, view: str, tokens: Sequence[str], now: int) -> list[float]:
        """Inverse document frequency of each token among the current records."""

    def count(self, where: Filter | None) -> int:
        """Number of records that match."""

    def sources(self) -> list[SourceInfo]:
        """The sources, sorted by name."""

    def tally(self, edges: Sequence[int], now: int) -> Mapping[str | None, Sequence[int]]:
        """Numbers of current records said from each edge until the next, by speaker; speakers
        with none may be left out.

        Args:
            edges: Ascending, in microseconds since 1970.
        """


class Snapshot(Protocol):
    """A store to be read: all of it as of one moment, where the engine can."""

    @property
    def meta(self) -> Meta:
        """Facts that the store keeps about its vectors."""

    def namespace(self, name: str) -> Namespace:
        """A namespace; whether it is there may show only when it is asked."""


class Engine(Protocol):
    """The part of a store that keeps its records and all that is derived from them. Thread-safe."""

    @property
    def url(self) -> str:
        """URL or path of the store, without password."""

    def check_open(self) -> None:
        """Raise ``StoreClosed`` after ``close``, and after a fork."""

    def resume(self) -> None:
        """Finish what a crash interrupted or an older version left. Called once, when the encoder
        is known to fit."""

    def read(self, work: Callable[[Snapshot], T]) -> T:
        """Call ``work`` with a snapshot that is as new as the call; again, if a server went away.
        No transaction begins before something is asked."""

    def write(self, namespace: str, batch: Batch, clock: Clock, purging: bool) -> Written:
        """Carry out a batch in one transaction.

        Args:
            batch: Checked; its space is whose the vectors in it are, None if there are none.
            purging: Note, in the same transaction, that what it deletes has to be scrubbed.
        """

    def scrub(self) -> None:
        """Take every trace of what purges deleted out of all files."""

    def adopt(self, space: Space) -> Space:
        """Make a space the store's unless it has one; the one it has now."""

    def filling(self, space: Space) -> Filling:
        """A new generation of vectors, or one that was interrupted."""

    def namespaces(self) -> list[str]:
        """Names of all namespaces that hold records, sorted."""

    def verify(self) -> Verification:
        """Check the records and every derived index against them."""

    def rebuild(self) -> None:
        """Make all derived indexes again from the records."""

    def sizes(self) -> Sizes:
        """Count records and bytes."""

    def close(self) -> None:
        """Release everything; may be called twice."""


# What must be true of a store before a batch is carried out: the same in every engine.


def check_expected(
    expected: Sequence[Neighborhood], read: Callable[[Neighborhood], Sequence[Record]]
) -> None:
    """Refuse a batch that was planned on what is no longer so.

    Args:
        read: What is there now.

    Raises:
        Stale: a neighbourhood reads differently than when the batch was planned.
    """
    for around in expected:
        if tuple(read(around)) != around.records:
            raise Stale(
                f"another writer changed {around.source!r} meanwhile; read its neighbours and plan "
                "the batch again"
            )


def check_records(
    expected: Mapping[str, Record | None], read: Callable[[Sequence[str]], Mapping[str, Record]]
) -> None:
    """Refuse a batch that was planned on records that are no longer so.

    Args:
        read: What is there now, by key; unknown keys are left out.

    Raises:
        Stale: a record changed, came or went since the batch was planned.
    """
    now = read(list(expected)) if expected else {}
    for key, record in expected.items():
        if now.get(key) != record:
            raise Stale(
                f"another writer changed the record {key!r} meanwhile; read it and plan the batch "
                "again"
            )


def split(
    entries: Sequence[Entry], stored: Mapping[str, str], mark: Callable[[str], str] = str
) -> tuple[list[Entry], list[str]]:
    """Entries that are new, and the keys of those that are stored already.

    Args:
        stored: By key, the texts that are stored, or ``mark`` of them.

    Raises:
        Conflict: a key is stored with another text.
    """
    new = [entry for entry in entries if entry.record.key not in stored]
    known = [entry.record for entry in entries if entry.record.key in stored]
    differing = tuple(record.key for record in known if mark(record.text) != stored[record.key])
    if differing:
        raise Conflict(
            f"key {differing[0]!r} is stored with another text; update the record, "
            "or give the new one a key of its own",
            differing,
        )
    return new, [record.key for record in known]
