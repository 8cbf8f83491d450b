"""``ReferenceStore``: a dict and numpy, exact and in memory. The oracle that other stores are
compared with, and what ``open_store(":memory:")`` returns."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from types import TracebackType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from remem.store.base import Embed, OnDamage, Reader, current_at, log_damage
from remem.store.errors import Conflict, InvalidInput, StoreClosed
from remem.store.filters import Filter
from remem.store.fulltext.ranking import contributions, idf
from remem.store.fulltext.tokens import content_words, tokenize
from remem.store.spaces import check_same
from remem.store.types import (
    Batch,
    Dense,
    Entry,
    Hit,
    Leg,
    Neighborhood,
    Record,
    SourceInfo,
    Space,
    Stats,
    Verification,
    View,
    Written,
)
from remem.store.validation import (
    check_batch,
    check_encoded,
    check_expected,
    check_filter,
    check_k,
    check_keys,
    check_leg,
    check_name,
    check_records,
    check_space,
    check_span,
    check_view,
)

T = TypeVar("T")


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class ReferenceStore:
    """Keeps the ``Store`` contract in the plainest way. Thread-safe: one lock around everything.

    Args:
        clock: Tells the time, timezone-aware; decides what has expired.
    """

    url = ":memory:"

    def __init__(self, clock: Callable[[], datetime] = _utc_now) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._space: Space | None = None
        self._namespaces: dict[str, Rows] = {}
        self._closed = False

    @property
    def space(self) -> Space | None:
        """Encoder fingerprint, dimensions and views of the vectors; None until ``adopt``."""
        self._check_open()
        return self._space

    def adopt(self, space: Space) -> None:
        """Declare whose vectors the store holds. The first call decides."""
        with self._lock:
            self._check_open()
            check_space(space)
            if self._space is None:
                self._space = space
            else:
                check_same(self._space, space)

    def write(self, namespace: str, batch: Batch) -> Written:
        """Carry out a batch: delete, then add, then refresh, then supersede."""
        with self._lock:
            rows = dict(self._rows(namespace))
            batch = check_batch(batch, self._space)
            check_expected(batch.expects, partial(self._around, namespace))
            check_records(batch.expects_records, partial(self._by_key, namespace))
            now = self._clock()
            deleted = [key for key in dict.fromkeys(batch.delete) if rows.pop(key, None)]
            unchanged = [entry.record.key for entry in batch.add if entry.record.key in rows]
            added = [entry for entry in batch.add if entry.record.key not in rows]
            _check_conflicts(batch.add, rows)
            for entry in added:
                rows[entry.record.key] = _row(entry, now)
            for key, views in batch.refresh.items():
                if key in rows:
                    rows[key] = replace(rows[key], views=_views(views))
            for older, successor in batch.supersede.items():
                if older in rows and rows[older].record.superseded_by != successor:
                    record = replace(rows[older].record, superseded_by=successor, valid_to=now)
                    rows[older] = replace(rows[older], record=record)
            self._namespaces[namespace] = rows
            return Written(
                added=tuple(entry.record.key for entry in added),
                unchanged=tuple(unchanged),
                deleted=tuple(deleted),
                at=now,
            )

    def purge(self, namespace: str, batch: Batch) -> Written:
        """Like ``write``: there is no file that could keep a trace."""
        return self.write(namespace, batch)

    def get(self, namespace: str, keys: Sequence[str]) -> list[Record | None]:
        """Records by key, in the order asked; None if unknown."""
        rows = self._rows(namespace)
        return [_copy(rows[key].record) if key in rows else None for key in check_keys(keys)]

    def entries(self, namespace: str, keys: Sequence[str]) -> list[Entry]:
        """Records with their views, in the order asked; unknown keys are left out."""
        rows = self._rows(namespace)
        return [_entry(rows[key]) for key in check_keys(keys) if key in rows]

    def predecessors(self, namespace: str, keys: Sequence[str]) -> list[Record]:
        """Records that one of these supersedes directly, in reading order."""
        wanted = set(check_keys(keys))
        records = self._matching(namespace, None)
        return _in_order(record for record in records if record.superseded_by in wanted)

    def scan(
        self,
        namespace: str,
        where: Filter | None = None,
        damaged: OnDamage = log_damage,  # noqa: ARG002 - nothing here can be
    ) -> Iterator[Record]:
        """All records in the order of (source, position, key)."""
        return iter(_in_order(self._matching(namespace, where)))

    def find(self, namespace: str, where: Filter | None, limit: int) -> list[Record]:
        """The first current records that match."""
        check_k(limit, "limit")
        check_filter(where)
        current = current_at(self._clock(), where)
        return _in_order(self._matching(namespace, current))[:limit]

    def neighbors(
        self, namespace: str, source: str, first: int, last: int, radius: int
    ) -> list[Record]:
        """The current records of a source around some positions."""
        rows = self._rows(namespace)
        check_name(source, "source")
        first, last, radius = check_span(first, last, radius)
        records = sorted(
            (record for record in self._current(rows) if record.source == source),
            key=lambda record: (record.position, record.key),
        )
        start = sum(record.position < first for record in records)
        stop = sum(record.position <= last for record in records)
        return [_copy(record) for record in records[max(start - radius, 0) : stop + radius]]

    def search(
        self, namespace: str, legs: Sequence[Leg], k: int, where: Filter | None = None
    ) -> list[list[Hit]]:
        """The k best records for each leg, among the current ones that match ``where``."""
        with self._lock:
            rows = self._rows(namespace)
            check_k(k)
            check_filter(where)
            if self._space is None:
                return [[] for _ in legs]
            legs = [check_leg(leg, self._space) for leg in legs]
            current = {record.key: rows[record.key] for record in self._current(rows)}
        allowed = {
            key for key, row in current.items() if where is None or where.matches(row.record)
        }
        return [
            [Hit(_copy(current[key].record), score) for key, score in top(leg, current, allowed, k)]
            for leg in legs
        ]

    def idf(self, namespace: str, view: str, tokens: Sequence[str]) -> list[float]:
        """Inverse document frequency of tokens among the current records."""
        with self._lock:
            rows = self._rows(namespace)
            check_view(view, self._space)
            current = {record.key: rows[record.key] for record in self._current(rows)}
        return rarity(tokens, view, current)

    def count(self, namespace: str, where: Filter | None = None) -> int:
        """How many records match, superseded and expired ones included."""
        return len(self._matching(namespace, where))

    def reading(self, work: Callable[[Reader], T]) -> T:
        """See ``Store.reading``."""
        return work(self)

    def namespaces(self) -> list[str]:
        """Names of all namespaces that hold records, sorted."""
        with self._lock:
            self._check_open()
            return sorted(name for name, rows in self._namespaces.items() if rows)

    def sources(self, namespace: str) -> list[SourceInfo]:
        """The sources of a namespace, sorted by name."""
        by_source: dict[str, list[Record]] = {}
        for record in self._matching(namespace, None):
            by_source.setdefault(record.source, []).append(record)
        return [_source_info(source, records) for source, records in sorted(by_source.items())]

    def reindex(
        self, space: Space, embed: Embed, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Re-encode all views with another encoder and switch to it at once."""
        with self._lock:
            self._check_open()
            check_space(space)
            if self._space is not None and set(space.views) != set(self._space.views):
                raise InvalidInput(
                    f"the store's views are {self._space.views}, not {space.views}; "
                    "reindex changes the encoder only"
                )
            total = sum(len(rows) for rows in self._namespaces.values())
            encoded: dict[str, Rows] = {}
            done = 0
            for namespace, rows in self._namespaces.items():
                encoded[namespace] = {}
                for key, row in rows.items():
                    encoded[namespace][key] = _encoded_again(row, space, embed)
                    done += 1
                    if progress:
                        progress(done, total)
            self._namespaces, self._space = encoded, space

    def verify(self) -> Verification:
        """Nothing is derived here, so nothing can be wrong."""
        with self._lock:
            self._check_open()
            return Verification(sum(len(rows) for rows in self._namespaces.values()), ())

    def rebuild(self) -> None:
        """Nothing is derived here, so there is nothing to do."""
        self._check_open()

    def stats(self) -> Stats:
        """Count records and bytes."""
        with self._lock:
            self._check_open()
            rows = [row for rows in self._namespaces.values() for row in rows.values()]
            return Stats(
                url=self.url,
                space=self._space,
                records={name: len(self._namespaces[name]) for name in self.namespaces()},
                bytes_on_disk=0,
                bytes_in_memory=sum(
                    len(view.text) + view.vector.nbytes
                    for row in rows
                    for view in row.views.values()
                ),
            )

    def close(self) -> None:
        """Forget everything; may be called twice."""
        with self._lock:
            self._closed = True
            self._namespaces = {}

    def __enter__(self) -> ReferenceStore:
        """Enter a ``with`` block."""
        self._check_open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close at the end of a ``with`` block."""
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreClosed(f"the store {self.url} is closed; open it again")

    def _rows(self, namespace: str) -> Rows:
        with self._lock:
            self._check_open()
            return self._namespaces.get(check_name(namespace, "namespace"), {})

    def _around(self, namespace: str, around: Neighborhood) -> list[Record]:
        span = around.source, around.first, around.last, around.radius
        return self.neighbors(namespace, *span)

    def _by_key(self, namespace: str, keys: Sequence[str]) -> dict[str, Record]:
        return {record.key: record for record in self.get(namespace, keys) if record is not None}

    def _matching(self, namespace: str, where: Filter | None) -> list[Record]:
        check_filter(where)
        records = (row.record for row in self._rows(namespace).values())
        return [record for record in records if where is None or where.matches(record)]

    def _current(self, rows: Rows) -> list[Record]:
        now = self._clock()
        return [
            row.record
            for row in rows.values()
            if row.record.superseded_by is None
            and (row.record.expires_at is None or row.record.expires_at > now)
        ]


def _check_conflicts(entries: Sequence[Entry], rows: Rows) -> None:
    taken = tuple(
        entry.record.key
        for entry in entries
        if entry.record.key in rows and rows[entry.record.key].record.text != entry.record.text
    )
    if taken:
        raise Conflict(
            f"key {taken[0]!r} is stored with another text; "
            "use a new key and supersede the old one, or delete it first",
            taken,
        )


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


def _encoded_again(row: Row, space: Space, embed: Embed) -> Row:
    texts = [row.views[name].text for name in space.views]
    vectors = check_encoded(embed(texts), len(texts), space.dim)
    views = {
        name: View(text, vector)
        for name, text, vector in zip(space.views, texts, vectors, strict=True)
    }
    return Row(row.record, _views(views))


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
