"""``ReferenceStore``: a dict and numpy, exact and in memory. The oracle that other stores are
compared with, and what ``open_store(":memory:")`` returns."""

from __future__ import annotations

import json
import threading
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from remem.store.engine import (
    Clock,
    Page,
    Sizes,
    Snapshot,
    check_expected,
    check_records,
    split,
)
from remem.store.errors import StoreClosed
from remem.store.filters import Filter
from remem.store.fulltext.ranking import contributions, idf
from remem.store.fulltext.tokens import content_words, tokenize
from remem.store.reindex import Place, Texts, check_views
from remem.store.rows import from_micros, to_micros
from remem.store.spaces import Meta, check_same
from remem.store.store import Store, utc_now
from remem.store.types import (
    Batch,
    Dense,
    Entry,
    Hit,
    Leg,
    Record,
    SourceInfo,
    Space,
    Span,
    Vector,
    Verification,
    View,
    Written,
)

T = TypeVar("T")


class ReferenceStore(Store):
    """Keeps the ``Store`` contract in the plainest way. Thread-safe: one lock around everything.

    Args:
        clock: Tells the time, timezone-aware; decides what has expired.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        super().__init__(ReferenceEngine(), clock=clock)


class ReferenceEngine:
    """Keeps ``remem.store.engine.Engine``."""

    url = ":memory:"

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.meta = Meta(0, None, None)
        self.namespaces_by_name: dict[str, Rows] = {}
        self._closed = False

    def check_open(self) -> None:
        if self._closed:
            raise StoreClosed(f"the store {self.url} is closed; open it again")

    def resume(self) -> None:
        """Nothing here outlives a crash."""

    def read(self, work: Callable[[Snapshot], T]) -> T:
        with self.lock:
            snapshot = ReferenceSnapshot(self.meta, dict(self.namespaces_by_name))
        return work(snapshot)

    def write(
        self,
        namespace: str,
        batch: Batch,
        clock: Clock,
        purging: bool,  # noqa: ARG002
    ) -> Written:
        """See ``Engine.write``: delete, then add, then refresh, then supersede."""
        with self.lock:
            self.check_open()
            if batch.space is not None:
                check_same(self.meta.adopted, batch.space)
            rows = dict(self.namespaces_by_name.get(namespace, {}))
            now = clock()
            before = ReferenceNamespace(rows)

            check_expected(batch.expects, lambda span: before.neighbors(span, to_micros(now)))
            check_records(batch.expects_records, before.get)
            deleted = [key for key in dict.fromkeys(batch.delete) if rows.pop(key, None)]
            added, unchanged = split(batch.add, {k: row.record.text for k, row in rows.items()})
            for entry in added:
                rows[entry.record.key] = _row(entry, now)
            for key, views in batch.refresh.items():
                if key in rows:
                    rows[key] = replace(rows[key], views=_views(views))
            for older, successor in batch.supersede.items():
                if older in rows and rows[older].record.superseded_by != successor:
                    record = replace(rows[older].record, superseded_by=successor, valid_to=now)
                    rows[older] = replace(rows[older], record=record)
            self.namespaces_by_name[namespace] = rows
            keys = tuple(entry.record.key for entry in added)
            return Written(keys, tuple(unchanged), tuple(deleted), now)

    def scrub(self) -> None:
        """There is no file that could keep a trace."""

    def adopt(self, space: Space) -> Space:
        with self.lock:
            if self.meta.adopted is None:
                self.meta = Meta(1, space, None)
            check_same(self.meta.adopted, space)
            return self.meta.space

    def filling(self, space: Space) -> ReferenceFilling:
        return ReferenceFilling(self, space)

    def namespaces(self) -> list[str]:
        return list(self.sizes().records)

    def verify(self) -> Verification:
        """Nothing is derived here, so nothing can be wrong."""
        return Verification(sum(self.sizes().records.values()), ())

    def rebuild(self) -> None:
        """Nothing is derived here, so there is nothing to do."""

    def sizes(self) -> Sizes:
        with self.lock:
            there = {name: rows for name, rows in sorted(self.namespaces_by_name.items()) if rows}
        views = [v for rows in there.values() for r in rows.values() for v in r.views.values()]
        size = sum(len(view.text) + view.vector.nbytes for view in views)
        return Sizes({name: len(rows) for name, rows in there.items()}, 0, size)

    def close(self) -> None:
        """Forget everything; may be called twice."""
        with self.lock:
            self._closed = True
            self.namespaces_by_name = {}


class ReferenceSnapshot:
    """Keeps ``remem.store.engine.Snapshot``."""

    def __init__(self, meta: Meta, namespaces: Mapping[str, Rows]) -> None:
        self.meta = meta
        self._namespaces = namespaces

    def namespace(self, name: str) -> ReferenceNamespace:
        """See ``Snapshot.namespace``; one that is unknown is empty."""
        return ReferenceNamespace(self._namespaces.get(name, {}))


class ReferenceNamespace:
    """Keeps ``remem.store.engine.Namespace`` by looking at every record."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, keys: Sequence[str]) -> dict[str, Record]:
        return {key: _copy(self._rows[key].record) for key in keys if key in self._rows}

    def entries(self, keys: Sequence[str], space: Space) -> dict[str, Entry]:  # noqa: ARG002
        return {key: _entry(self._rows[key]) for key in keys if key in self._rows}

    def predecessors(self, keys: Sequence[str]) -> list[Record]:
        wanted = set(keys)
        return _in_order(r for r in self._matching(None) if r.superseded_by in wanted)

    def page(self, where: Filter | None, after: None, limit: int) -> Page:  # noqa: ARG002
        """All records that match."""
        return Page(_in_order(self._matching(where)))

    def neighbors(self, span: Span, now: int) -> list[Record]:
        records = sorted(
            (row.record for row in self._current(now).values() if row.record.source == span.source),
            key=lambda record: (record.position, record.key),
        )
        start = sum(record.position < span.first for record in records)
        stop = sum(record.position <= span.last for record in records)
        return [
            _copy(record) for record in records[max(start - span.radius, 0) : stop + span.radius]
        ]

    def search(
        self,
        legs: Sequence[Leg],
        k: int,
        where: Filter | None,
        now: int,
        space: Space,  # noqa: ARG002 - what is here is of one space
    ) -> list[list[Hit]]:
        current = self._current(now)
        allowed = {
            key for key, row in current.items() if where is None or where.matches(row.record)
        }
        return [
            [Hit(_copy(current[key].record), score) for key, score in top(leg, current, allowed, k)]
            for leg in legs
        ]

    def idf(self, view: str, tokens: Sequence[str], now: int) -> list[float]:
        return rarity(tokens, view, self._current(now))

    def count(self, where: Filter | None) -> int:
        return len(self._matching(where))

    def sources(self) -> list[SourceInfo]:
        by_source: dict[str, list[Record]] = {}
        for record in self._matching(None):
            by_source.setdefault(record.source, []).append(record)
        return [_source_info(source, records) for source, records in sorted(by_source.items())]

    def tally(self, edges: Sequence[int], now: int) -> Mapping[str | None, Sequence[int]]:
        """See ``Namespace.tally``."""
        counts: defaultdict[str | None, list[int]] = defaultdict(lambda: [0] * (len(edges) - 1))
        for row in self._current(now).values():
            said_at = row.record.said_at
            slot = -1 if said_at is None else bisect_right(edges, to_micros(said_at)) - 1
            if 0 <= slot < len(edges) - 1:
                counts[row.record.speaker][slot] += 1
        return dict(counts)

    def _matching(self, where: Filter | None) -> list[Record]:
        records = (row.record for row in self._rows.values())
        return [record for record in records if where is None or where.matches(record)]

    def _current(self, now: int) -> Rows:
        at = from_micros(now)
        return {
            key: row
            for key, row in self._rows.items()
            if row.record.superseded_by is None
            and (row.record.expires_at is None or row.record.expires_at > at)
        }


class ReferenceFilling:
    """Keeps ``remem.store.reindex.Filling``. A place is (namespace, key)."""

    def __init__(self, engine: ReferenceEngine, space: Space) -> None:
        check_views(engine.meta, space)
        self._engine = engine
        self._space = space
        self._filled: dict[Place, tuple[list[str], Vector]] = {}

    def counts(self) -> tuple[int, int]:
        return len(self._filled), len(self._texts())

    def missing(self, after: Place, limit: int) -> Texts:
        there = sorted(self._texts().items())
        return dict([pair for pair in there if pair[0] > after and self._lacks(*pair)][:limit])

    def put(self, texts: Texts, vectors: Vector) -> int:
        self._filled |= {
            place: (texts[place], rows) for place, rows in zip(texts, vectors, strict=True)
        }
        return len(texts)

    def flip(self) -> bool:
        with self._engine.lock:
            if self.missing((), 1):
                return False
            self._engine.meta = Meta(self._engine.meta.generation + 1, self._space, None)
            self._engine.namespaces_by_name = {
                name: {key: self._encoded(row, (name, key)) for key, row in rows.items()}
                for name, rows in self._engine.namespaces_by_name.items()
            }
            return True

    def _texts(self) -> dict[Place, list[str]]:
        with self._engine.lock:
            return {
                (name, key): [row.views[view].text for view in self._space.views]
                for name, rows in self._engine.namespaces_by_name.items()
                for key, row in rows.items()
            }

    def _lacks(self, place: Place, texts: list[str]) -> bool:
        return place not in self._filled or self._filled[place][0] != texts

    def _encoded(self, row: Row, place: Place) -> Row:
        texts, vectors = self._filled[place]
        views = zip(self._space.views, texts, vectors, strict=True)
        return Row(row.record, _views({name: View(*view) for name, *view in views}))


def _row(entry: Entry, now: datetime) -> Row:
    record = _copy(entry.record)
    if record.stored_at is None:
        record = replace(record, stored_at=now)
    return Row(record, _views(entry.views))


def _views(views: Mapping[str, View]) -> dict[str, RowView]:
    return {
        name: RowView(view.text, view.vector.astype(np.float16), Counter(tokenize(view.text)))
        for name, view in views.items()
    }


def _entry(row: Row) -> Entry:
    views = {
        name: View(view.text, view.vector.astype(np.float32)) for name, view in row.views.items()
    }
    return Entry(_copy(row.record), views)


def _copy(record: Record) -> Record:
    return replace(record, metadata=json.loads(json.dumps(dict(record.metadata))))


def _in_order(records: Iterable[Record]) -> list[Record]:
    ordered = sorted(records, key=lambda record: (record.source, record.position, record.key))
    return list(map(_copy, ordered))


def _source_info(source: str, records: Sequence[Record]) -> SourceInfo:
    times = [record.said_at for record in records if record.said_at is not None]
    return SourceInfo(source, len(records), min(times, default=None), max(times, default=None))


# What the reference store keeps of a record, and how it ranks: by looking at every one.


@dataclass(frozen=True, slots=True)
class RowView:
    """A view, its vector and its tokens ready for comparison."""

    text: str
    vector: NDArray[np.float16]
    tokens: Counter[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A record with its views."""

    record: Record
    views: Mapping[str, RowView]


Rows = dict[str, Row]  # by key; replaced and never changed, so that readers see one state


def top(leg: Leg, rows: Rows, allowed: Set[str], k: int) -> list[tuple[str, float]]:
    """Keys and scores of the k best of the allowed records; the statistics are of all rows."""
    views = {key: row.views[leg.view] for key, row in rows.items()}
    scores = _cosines(leg, views) if isinstance(leg, Dense) else _bm25(leg.query, views)
    ranked = sorted((-score, key) for key, score in scores.items() if key in allowed)
    return [(key, -score) for score, key in ranked[:k]]


def rarity(tokens: Sequence[str], view: str, rows: Rows) -> list[float]:
    """Inverse document frequency of each token."""
    held = [row.views[view].tokens for row in rows.values()]
    return [idf(len(held), sum(token in tokens for tokens in held)) for token in tokens]


def _cosines(leg: Dense, views: Mapping[str, RowView]) -> dict[str, float]:
    # A product and a sum instead of a matrix product: equal vectors score exactly the same.
    return {key: float((view.vector * leg.vector).sum()) for key, view in views.items()}


def _bm25(query: str, views: Mapping[str, RowView]) -> dict[str, float]:
    lengths = {key: view.tokens.total() for key, view in views.items()}
    average_length = sum(lengths.values()) / max(len(views), 1)
    scores: dict[str, float] = {}
    for token in content_words(query):
        holding = [key for key, view in views.items() if token in view.tokens]
        if not holding:
            continue
        added = contributions(
            np.array([views[key].tokens[token] for key in holding]),
            np.array([lengths[key] for key in holding]),
            average_length,
            idf(len(views), len(holding)),
        )
        for key, contribution in zip(holding, added, strict=True):
            scores[key] = scores.get(key, 0.0) + float(contribution)
    return scores
