"""What one search does: filter to rows, legs to ids, ids to records."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from remem.store.arrays import Ids, Mask, Scores
from remem.store.embedded import changes, filters, records
from remem.store.embedded.changes import State
from remem.store.embedded.database import Database
from remem.store.embedded.partition import Partition
from remem.store.errors import DamagedRecord
from remem.store.filters import Filter
from remem.store.fulltext.tokens import content_words
from remem.store.rows import Place, Placed
from remem.store.types import Dense, Hit, Leg, Record

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
    with _PROCESSORS:
        return _answer(connection, namespace, partition, legs, k, where, now)


def _answer(
    connection: sqlite3.Connection,
    namespace: int,
    partition: Partition,
    legs: Sequence[Leg],
    k: int,
    where: Filter | None,
    now: int,
) -> list[list[Hit]]:
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


# A namespace read from end to end, a page at a time, while others write to it.


def scan(
    database: Database, namespace: str, where: Filter | None, size: int
) -> Iterator[Record | DamagedRecord]:
    """What matches, in the order of (source, position, key); of what is damaged, what can still be
    read of it decides.

    Args:
        size: Records of a page. Each page is read in a transaction of its own.
    """
    place: Place = records.BEFORE_ALL
    chosen = _All() if where is None else _Chosen(where)
    while True:
        with database.reading() as connection:
            state = changes.read_state(connection, namespace)
            page = [] if state is None else chosen.behind(place, connection, state, size)
        for found in (placed.found for placed in page):
            # An index may be damaged, and a record would say so itself: it has the last word.
            readable = found if isinstance(found, Record) else found.remains
            if where is None or where.matches(readable):
                yield found
        if len(page) < size:
            return
        place = page[-1].place


class _All:
    """All records of a namespace."""

    def behind(
        self, place: Place, connection: sqlite3.Connection, state: State, size: int
    ) -> list[Placed]:
        """The next ``size`` behind a place."""
        return records.scan_page(connection, state.id, place, size)


class _Chosen:
    """The records that a filter leaves: looked up once, and again when somebody wrote meanwhile."""

    def __init__(self, where: Filter) -> None:
        self._where = where
        self._seq = -1
        self._ids: list[int] = []

    def behind(
        self, place: Place, connection: sqlite3.Connection, state: State, size: int
    ) -> list[Placed]:
        """The next ``size`` behind a place."""
        if state.seq != self._seq:
            ids = filters.chosen(connection, state.id, self._where)
            self._ids = records.in_order(connection, ids.tolist(), place)
            self._seq = state.seq
        page, self._ids = self._ids[:size], self._ids[size:]
        return records.placed(connection, page)
