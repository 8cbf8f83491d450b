"""Questions to SQLite and the indexes, each in a transaction of its own; and the steps of one
search: filter to rows, legs to ids, ids to records."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from remem.store.arrays import Ids, Mask, Scores
from remem.store.embedded import changes, filters, records
from remem.store.embedded.changes import State
from remem.store.embedded.database import Database
from remem.store.embedded.partition import Partition
from remem.store.embedded.partitions import Partitions
from remem.store.embedded.schema import read_meta
from remem.store.engine import Page, UnknownNamespace
from remem.store.filters import And, Current, Filter
from remem.store.fulltext.tokens import content_words
from remem.store.rows import Place
from remem.store.spaces import Meta, check_same
from remem.store.types import Dense, Entry, Hit, Leg, Record, SourceInfo, Space, Span

# More searches at a time than processors only take the interpreter from each other, row by row of
# SQLite: eight threads on two processors answer 75 questions a second with this, 57 without.
_PROCESSORS = threading.Semaphore(os.cpu_count() or 1)

_FEW = filters.FEW


def answer(
    connection: sqlite3.Connection,
    namespace: int,
    partition: Partition,
    legs: Sequence[Leg],
    k: int,
    where: Filter | None,
    now: int,
) -> list[list[Hit]]:
    """The hits of each leg; the partition and the connection are at the same state.

    Args:
        legs: Checked; dense vectors are of length 1.
        now: Microseconds since 1970; what expired until then is not found.
    """
    live = _live(connection, namespace, partition, now)
    allowed = live
    if where is not None:
        allowed = live & _matching(connection, namespace, partition, where)
    while True:
        # One after the other, though FAISS would let go of the interpreter: the threads of an
        # encoder that has just answered spin for a while, and with one more a question takes 27 ms,
        # not 21.
        ranked = [_pairs(*_rank(partition, leg, k, live, allowed)) for leg in legs]
        tied = {i for leg in ranked for i in _tied(leg, k)}
        keys = records.keys_of(connection, list(tied)) if tied else {}
        best = [_cut(leg, keys, k) for leg in ranked]
        wanted = {i for leg in best for i, _ in leg}
        found = records.load(connection, list(wanted))
        if len(found) == len(wanted):
            return [_in_order([Hit(found[i], score) for i, score in leg]) for leg in best]
        damaged = np.array(sorted(wanted - found.keys()), np.int64)
        allowed = allowed & ~partition.mask_of(damaged)  # others take their places


def _in_order(hits: list[Hit]) -> list[Hit]:
    """Hits that come best first, those of equal score by key."""
    if len({hit.score for hit in hits}) < len(hits):
        hits.sort(key=lambda hit: (-hit.score, hit.record.key))
    return hits


def rarity(
    connection: sqlite3.Connection,
    namespace: int,
    partition: Partition,
    view: str,
    tokens: Sequence[str],
    now: int,
) -> list[float]:
    """Inverse document frequency of each token among the records that are live ``now``."""
    return partition.text[view].idf(tokens, _live(connection, namespace, partition, now))


def _live(connection: sqlite3.Connection, namespace: int, partition: Partition, now: int) -> Mask:
    expired = records.fetch_ids(
        connection,
        "SELECT id FROM records WHERE namespace = ? AND expires_at <= ?",
        (namespace, now),
    )
    if not len(expired):
        return partition.live
    live: Mask = partition.live.copy()
    live[partition.rows_of(expired)] = False
    return live


def _matching(
    connection: sqlite3.Connection, namespace: int, partition: Partition, where: Filter
) -> Mask:
    rows = len(partition.ids)

    def leaf(condition: Filter) -> Mask:
        def ask(first: int) -> Mask:
            ids = partition.ids[first:]
            if len(ids) <= _FEW:
                return np.isin(ids, filters.fulfilling(connection, namespace, condition, ids))
            return partition.mask_of(filters.fulfilling(connection, namespace, condition))[first:]

        return partition.matches.rows(condition, rows, ask)

    return filters.evaluate(where, rows, leaf)


def _rank(partition: Partition, leg: Leg, k: int, live: Mask, allowed: Mask) -> tuple[Ids, Scores]:
    if isinstance(leg, Dense):
        return partition.search_dense(leg.view, leg.vector, k, allowed)
    return partition.search_text(leg.view, list(content_words(leg.query)), k, live, allowed)


def _pairs(ids: Ids, scores: Scores) -> list[tuple[int, float]]:
    return list(zip(ids.tolist(), scores.tolist(), strict=True))


def _tied(pairs: Sequence[tuple[int, float]], k: int) -> list[int]:
    """The ids that tie with the k-th best, if they are too many."""
    return [i for i, score in pairs if score == pairs[k - 1][1]] if len(pairs) > k else []


def _cut(
    pairs: list[tuple[int, float]], keys: Mapping[int, str], k: int
) -> list[tuple[int, float]]:
    """The k best, where some that tie with the last of them come too: the first by key.

    Args:
        keys: Of those that tie with the last.
    """
    if len(pairs) > k:
        pairs.sort(key=lambda pair: (-pair[1], keys.get(pair[0], "")))
    return pairs[:k]


# A namespace as an engine offers it.

_FIND_PAGE = 50
"""Fewest records that are read at a time where some of them may not be current."""


class EmbeddedSnapshot:
    """Keeps ``remem.store.engine.Snapshot``."""

    def __init__(self, database: Database, partitions: Partitions) -> None:
        self._database = database
        self._partitions = partitions

    @property
    def meta(self) -> Meta:
        with self._database.reading() as connection:
            return read_meta(connection)

    def namespace(self, name: str) -> EmbeddedNamespace:
        return EmbeddedNamespace(self._database, self._partitions, name)


@dataclass(frozen=True, slots=True)
class _Rest:
    """Beginning of the next page of a scan.

    Attributes:
        place: The last one that was read; the page begins behind it.
        seq: The state of the namespace in which the filter was looked up; again, if it is another.
        ids: Those that the filter left then and that were not read yet, in order.
    """

    place: Place = records.BEFORE_ALL
    seq: int = -1
    ids: Sequence[int] = ()


class EmbeddedNamespace:
    """Keeps ``remem.store.engine.Namespace``."""

    def __init__(self, database: Database, partitions: Partitions, name: str) -> None:
        self._database = database
        self._partitions = partitions
        self._name = name

    def get(self, keys: Sequence[str]) -> dict[str, Record]:
        with self._reading() as (connection, state):
            found = records.load_by_key(connection, state.id, keys)
        return {key: record for key, (_, record) in found.items()}

    def entries(self, keys: Sequence[str], space: Space) -> dict[str, Entry]:
        with self._reading() as (connection, state):
            meta = read_meta(connection)
            check_same(meta.adopted, space)
            found = records.load_by_key(connection, state.id, keys)
            by_id = dict(found.values())
            views = records.load_views(connection, meta.generation, meta.space, by_id)
        return {key: Entry(record, views[i]) for key, (i, record) in found.items()}

    def predecessors(self, keys: Sequence[str]) -> list[Record]:
        with self._reading() as (connection, state):
            return records.predecessors(connection, state.id, keys)

    def page(self, where: Filter | None, after: _Rest | None, limit: int) -> Page:
        """See ``Namespace.page``; of what is damaged, what can still be read of it decides."""
        begin = after or _Rest()
        asked = _without_current(where)
        size = limit if asked is where else max(limit, _FIND_PAGE)
        ids: Sequence[int] = ()
        with self._reading() as (connection, state):
            if asked is None:
                there = records.scan_page(connection, state.id, begin.place, size)
            else:
                ids = begin.ids
                if state.seq != begin.seq:  # not looked up yet, or somebody wrote meanwhile
                    chosen = filters.chosen(connection, state.id, asked)
                    ids = records.in_order(connection, chosen.tolist(), begin.place)
                there = records.placed(connection, ids[:size])
        # An index may be damaged, and a record would say so itself: it has the last word. None is
        # asked before its turn: who looks for a few has enough before the end of the page.
        found = (
            each
            for each in (placed.found for placed in there)
            if where is None or where.matches(each if isinstance(each, Record) else each.remains)
        )
        ended = len(there) < size
        return Page(found, None if ended else _Rest(there[-1].place, state.seq, ids[size:]))

    def neighbors(self, span: Span, now: int) -> list[Record]:
        with self._reading() as (connection, state):
            return records.neighbors(connection, state.id, span, now)

    def search(
        self, legs: Sequence[Leg], k: int, where: Filter | None, now: int, space: Space
    ) -> list[list[Hit]]:
        with self._partitions.current(self._name) as (connection, state, partition):
            if any(isinstance(leg, Dense) for leg in legs):
                check_same(read_meta(connection).adopted, space)
            with _PROCESSORS:
                return answer(connection, state.id, partition, legs, k, where, now)

    def idf(self, view: str, tokens: Sequence[str], now: int) -> list[float]:
        with self._partitions.current(self._name) as (connection, state, partition):
            return rarity(connection, state.id, partition, view, tokens, now)

    def count(self, where: Filter | None) -> int:
        with self._reading() as (connection, state):
            if where is None:  # 60 ms for a million, of which looking up their ids takes a second
                return records.count(connection, state.id)
            return len(filters.chosen(connection, state.id, where))

    def sources(self) -> list[SourceInfo]:
        with self._reading() as (connection, state):
            return records.sources(connection, state.id)

    def tally(self, edges: Sequence[int], now: int) -> Mapping[str | None, Sequence[int]]:
        """See ``Namespace.tally``."""
        with self._reading() as (connection, state):
            return records.tally(connection, state.id, edges, now)

    @contextmanager
    def _reading(self) -> Iterator[tuple[sqlite3.Connection, State]]:
        with self._database.reading() as connection:
            state = changes.read_state(connection, self._name)
            if state is None:
                raise UnknownNamespace(self._name)
            yield connection, state


def _without_current(where: Filter | None) -> Filter | None:
    """A filter without the condition that no index knows of, and records say themselves."""
    if isinstance(where, And):
        parts = tuple(part for part in where.parts if not isinstance(part, Current))
        return where if len(parts) == len(where.parts) else And(parts)
    return None if isinstance(where, Current) else where
