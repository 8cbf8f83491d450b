"""``Store``: what every store does the same. It checks what comes in, knows whose vectors there
are, answers for what is not there, and reads page by page; an ``Engine`` does the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from remem.store import validation
from remem.store.base import Embed, OnDamage, current_at, log_damage, whole
from remem.store.engine import Clock, Engine, Namespace, Page, Snapshot, UnknownNamespace
from remem.store.errors import DamagedRecord
from remem.store.filters import Filter
from remem.store.fulltext.ranking import idf
from remem.store.reindex import fill
from remem.store.rows import to_micros
from remem.store.spaces import check_fingerprint
from remem.store.types import (
    Batch,
    Entry,
    Hit,
    Leg,
    Record,
    SourceInfo,
    Space,
    Span,
    Stats,
    Verification,
    Written,
)

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")

PAGE = 500
"""Records that a scan reads at a time."""


def utc_now() -> datetime:
    """The time."""
    return datetime.now(timezone.utc)


class Reader(ABC):
    """The questions that can be put to a store; ``Store`` has the promises."""

    _clock: Clock

    @property
    @abstractmethod
    def space(self) -> Space | None:
        """Encoder fingerprint, dimensions and views of the vectors; None until ``adopt``."""

    @abstractmethod
    def _read(self, work: Callable[[Snapshot], T]) -> T:
        """Call ``work`` with a snapshot."""

    @abstractmethod
    def _known_space(self, snapshot: Snapshot) -> Space | None:
        """The space of the store; also if another process has adopted one meanwhile."""

    def get(self, namespace: str, keys: Sequence[str]) -> list[Record | None]:
        """Records by key, in the order asked, superseded and expired ones too; None if unknown."""
        asked = validation.check_keys(keys)
        none: Mapping[str, Record] = {}

        def ask(there: Namespace, _: Space) -> Mapping[str, Record]:
            return there.get(asked) if asked else none

        found = self._ask(namespace, ask, none)
        return [found.get(key) for key in keys]

    def entries(self, namespace: str, keys: Sequence[str]) -> list[Entry]:
        """Records with their views, in the order asked; unknown keys are left out.

        Raises:
            EncoderMismatch: another process has re-encoded the store since this one opened it.
        """
        asked = validation.check_keys(keys)
        none: Mapping[str, Entry] = {}

        def ask(there: Namespace, space: Space) -> Mapping[str, Entry]:
            return there.entries(asked, space) if asked else none

        found = self._ask(namespace, ask, none)
        return [found[key] for key in keys if key in found]

    def predecessors(self, namespace: str, keys: Sequence[str]) -> list[Record]:
        """The records that one of these supersedes directly, whose ``superseded_by`` is among
        ``keys``, in the order of (source, position, key). Unknown keys are ignored; a key that is
        nobody's any more still has the predecessors that name it."""
        asked = validation.check_keys(keys)
        return self._ask(namespace, lambda there, _: there.predecessors(asked) if asked else [], [])

    def scan(
        self, namespace: str, where: Filter | None = None, damaged: OnDamage = log_damage
    ) -> Iterator[Record]:
        """All records in the order of (source, position, key), superseded and expired ones too.

        Streams: memory does not grow with the number of records.

        Args:
            damaged: Called with each record that is damaged; what can still be read of it decides
                whether it matches. What this raises ends the scan.
        """
        validation.check_filter(where)
        self._ask(namespace, lambda *_: None, None)  # refuses at once what must be refused
        return whole(self._found(namespace, where, PAGE), damaged)

    def find(self, namespace: str, where: Filter | None, limit: int) -> list[Record]:
        """The first ``limit`` current records that match, in the order of (source, position, key).

        Raises:
            InvalidInput: limit < 1.
        """
        validation.check_k(limit, "limit")
        current = current_at(self._clock(), validation.check_filter(where))
        found = self._found(namespace, current, min(limit, PAGE))
        return list(islice(whole(found), limit))

    def neighbors(
        self, namespace: str, source: str, first: int, last: int, radius: int
    ) -> list[Record]:
        """The current records of a source whose position is within ``first..last``, plus up to
        ``radius`` records before and after, in order of (position, key). Superseded and expired
        ones are left out."""
        positions = validation.check_span(first, last, radius)
        span = Span(validation.check_name(source, "source"), *positions)
        now = self._now()
        return self._ask(namespace, lambda there, _: there.neighbors(span, now), [])

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
        validation.check_k(k)
        validation.check_filter(where)
        now = self._now()

        def ask(there: Namespace, space: Space) -> list[list[Hit]]:
            checked = [validation.check_leg(leg, space) for leg in legs]
            return there.search(checked, k, where, now, space)

        return self._ask(namespace, ask, [[] for _ in legs])

    def idf(self, namespace: str, view: str, tokens: Sequence[str]) -> list[float]:
        """Inverse document frequency of each token among the current records, in the order asked.

        BM25 weighs a token (of ``remem.store.fulltext.tokens``) with it: the rarer, the higher; see
        ``remem.store.fulltext.ranking.idf``. A token that nobody holds has the highest, and so have
        all tokens in an unknown namespace.

        Raises:
            InvalidInput: an unknown view.
        """
        now = self._now()

        def ask(there: Namespace, space: Space) -> list[float]:
            return there.idf(validation.check_view(view, space), tokens, now)

        return self._ask(namespace, ask, [idf(0, 0) for _ in tokens])

    def count(self, namespace: str, where: Filter | None = None) -> int:
        """Number of records that match, superseded and expired ones included."""
        validation.check_filter(where)
        return self._ask(namespace, lambda there, _: there.count(where), 0)

    def tally(self, namespace: str, edges: Sequence[datetime]) -> dict[str | None, tuple[int, ...]]:
        """Numbers of current records that each speaker said from each of some moments until the
        next one, which does not belong to it. Speakers who said nothing then are left out.

        Args:
            edges: Two or more moments, each later than the one before.

        Raises:
            InvalidInput: they are not.
        """
        moments = validation.check_edges(edges)
        now = self._now()
        none: Mapping[str | None, Sequence[int]] = {}
        found = self._ask(namespace, lambda there, _: there.tally(moments, now), none)
        return {speaker: tuple(counts) for speaker, counts in found.items() if any(counts)}

    def _ask(self, namespace: str, ask: Callable[[Namespace, Space], T], empty: T) -> T:
        """The answer of a namespace; ``empty`` is that of one to which nothing was written, and of
        a store without a space, which has no records."""
        validation.check_name(namespace, "namespace")

        def work(snapshot: Snapshot) -> T:
            space = self._known_space(snapshot)
            if space is None:
                return empty
            try:
                return ask(snapshot.namespace(namespace), space)
            except UnknownNamespace:
                return empty

        return self._read(work)

    def _found(
        self, namespace: str, where: Filter | None, size: int
    ) -> Iterator[Record | DamagedRecord]:
        """Records that match, read a page at a time; an error in place of each damaged one."""
        after: Any = None

        def ask(there: Namespace, _: Space) -> Page:
            return there.page(where, after, size)

        while True:
            page = self._ask(namespace, ask, Page(()))
            yield from page.found
            if page.next is None:
                return
            after = page.next

    def _now(self) -> int:
        return to_micros(self._clock())


class _SnapshotReader(Reader):
    """The questions to a store, as of one moment; see ``Store.reading``."""

    def __init__(self, store: Store, snapshot: Snapshot) -> None:
        self._store = store
        self._snapshot = snapshot
        self._clock = store._clock

    @property
    def space(self) -> Space | None:
        """That of the store; also if another process has adopted one meanwhile."""
        return self._known_space(self._snapshot)

    def _read(self, work: Callable[[Snapshot], T]) -> T:
        return work(self._snapshot)

    def _known_space(self, snapshot: Snapshot) -> Space | None:
        return self._store._known_space(snapshot)


class Store(Reader):
    """A store of memories.

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

    Args:
        engine: What keeps them; closed with the store, also when that cannot be opened.
        fingerprint: Of the encoder that will be used, if one will.
        clock: What time it is, for ``stored_at`` and expiry.

    Raises:
        EncoderMismatch: the store was made by an encoder with another fingerprint.
    """

    def __init__(
        self, engine: Engine, fingerprint: str | None = None, clock: Clock = utc_now
    ) -> None:
        self._behind = engine
        self._clock = clock
        try:
            self._space = engine.read(lambda snapshot: snapshot.meta.adopted)
            check_fingerprint(self._space, fingerprint)
            engine.resume()
        except BaseException:
            engine.close()
            raise

    @property
    def url(self) -> str:
        """URL or path that the store was opened with, without password."""
        return self._behind.url

    @property
    def space(self) -> Space | None:
        """See ``Reader.space``."""
        return self._space

    def adopt(self, space: Space) -> None:
        """Declare whose vectors the store holds. The first call decides.

        Raises:
            EncoderMismatch: the store already holds vectors of another space.
        """
        self._space = self._open.adopt(validation.check_space(space))

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
        return self._open.write(namespace, self._checked(namespace, batch), self._clock, False)

    def purge(self, namespace: str, batch: Batch) -> Written:
        """Like ``write``; and when it returns, no file of the store holds a trace of what the
        batch deleted. A server may keep it for longer; its store says what and where."""
        written = self._open.write(namespace, self._checked(namespace, batch), self._clock, True)
        self._open.scrub()
        return written

    def reading(self, work: Callable[[Reader], T]) -> T:
        """Call ``work`` with a reader, whose answers cost less than those of the store when there
        are several: a server gives all of them in one transaction, as of one moment.

        What it answers is as new as the call, at least. ``work`` may be called again when a server
        goes away meanwhile; it must not write, nor keep the reader.
        """
        return self._read(lambda snapshot: work(_SnapshotReader(self, snapshot)))

    def namespaces(self) -> list[str]:
        """Names of all namespaces that hold records, sorted."""
        return self._open.namespaces()

    def sources(self, namespace: str) -> list[SourceInfo]:
        """The sources of a namespace, sorted by name."""
        return self._ask(namespace, lambda there, _: there.sources(), [])

    def reindex(
        self, space: Space, embed: Embed, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Re-encode all views with another encoder and switch to it in one transaction.

        Searches go on with the old vectors until then. Interrupted, it goes on where it stopped.
        The views must be the store's. ``embed`` is given the texts of whole records, record by
        record in the order of the views. ``progress(done, total)`` counts records.
        """
        fill(self._open.filling(validation.check_space(space)), space, embed, progress)
        self._space = space

    def verify(self) -> Verification:
        """Check the records and every derived index against them."""
        return self._open.verify()

    def rebuild(self) -> None:
        """Throw all derived indexes away and make them again from the records."""
        self._open.rebuild()

    def stats(self) -> Stats:
        """Count records and bytes."""
        sizes = self._open.sizes()
        return Stats(self.url, self._space, sizes.records, sizes.on_disk, sizes.in_memory)

    def close(self) -> None:
        """Release everything; may be called twice."""
        self._behind.close()

    def __enter__(self) -> Self:
        self._behind.check_open()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def _open(self) -> Engine:
        self._behind.check_open()
        return self._behind

    def _read(self, work: Callable[[Snapshot], T]) -> T:
        return self._open.read(work)

    def _known_space(self, snapshot: Snapshot) -> Space | None:
        if self._space is None:
            self._space = snapshot.meta.adopted or self._space  # unless a thread did meanwhile
        return self._space

    def _checked(self, namespace: str, batch: Batch) -> Batch:
        """A batch that can be written, with whose vectors are in it; None if there are none."""
        validation.check_name(namespace, "namespace")
        space = self._space or self._read(self._known_space)
        batch = validation.check_batch(batch, space)
        given = batch.space or space if batch.add or batch.refresh else None
        return replace(batch, space=given)
