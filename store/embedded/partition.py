"""One namespace's derived indexes in memory: a dense and a text index for each view.

A record is a row, the same one in all of them. Rows are only appended; a row whose record changed
or went away is tombstoned: never returned, never counted, and dropped by ``compacted``.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from remem.store.arrays import Halves, Ids, Mask, Rows, Scores, extended
from remem.store.embedded import changes, filters, records
from remem.store.embedded.changes import Addition, State
from remem.store.embedded.dense import DenseIndex
from remem.store.filters import Filter, In
from remem.store.fulltext.index import TextIndex
from remem.store.fulltext.vocabulary import Vocabulary
from remem.store.types import Space


class Partition:
    """Not thread-safe for writers.

    Attributes:
        namespace: Id of the namespace that it follows.
        seq: The change up to which this partition has followed the records.
        purged: The last change of the newest purge that it has followed.
        generation: The generation of vectors that it holds.
        ids: Record id of each row, int64, shape (n,).
        live: Which rows are current, bool, shape (n,).
        vocabulary: The numbers of the tokens in ``text``.
        dense, text: The indexes by view.
        matches: Which rows fulfil the conditions of earlier searches.
    """

    def __init__(self, namespace: int, views: Sequence[str], dim: int, generation: int) -> None:
        self.namespace = namespace
        self.seq = 0
        self.purged = 0
        self.generation = generation
        self.ids: Ids = np.empty(0, np.int64)
        self.live: Mask = np.empty(0, np.bool_)
        self.vocabulary = Vocabulary()
        self.dense = {view: DenseIndex(dim) for view in views}
        self.text = {view: TextIndex(self.vocabulary) for view in views}
        self.matches = Matches()
        self._lookup = Lookup()

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        indexes = sum(index.nbytes for index in self.dense.values())
        indexes += sum(index.nbytes for index in self.text.values())
        indexes += self.vocabulary.nbytes + self.matches.nbytes
        return indexes + self.ids.nbytes + self.live.nbytes

    @property
    def tombstoned(self) -> int:
        """Number of rows that are no longer current."""
        return len(self.live) - int(np.count_nonzero(self.live))

    @property
    def unsettled(self) -> list[DenseIndex]:
        """Dense indexes that have outgrown what they have learned, or may hold what was purged."""
        indexes = self.dense.values()
        return [each for each in indexes if each.outgrown or each.holds_purged(self.purged)]

    def remove(self, ids: Ids) -> None:
        """Tombstone the rows of these records; unknown ids are ignored."""
        if len(self.ids) and len(ids):
            self.live[self.rows_of(ids)] = False

    def add(self, ids: Ids, vectors: Halves, texts: Mapping[str, Sequence[str]]) -> None:
        """Append records that have no live row.

        Args:
            ids: Shape (n,).
            vectors: Unit vectors, float16, shape (n, views, dim).
            texts: For each view n texts.
        """
        self.ids = extended(self.ids, ids)
        self.live = extended(self.live, np.ones(len(ids), np.bool_))
        for i, index in enumerate(self.dense.values()):
            index.add(vectors[:, i])
        for view, text_index in self.text.items():
            text_index.add(texts[view])

    def rows_of(self, ids: Ids) -> Rows:
        """The live rows of those ids that have one, in the order of ``ids``."""
        return self._lookup.rows(ids, self.ids, self.live)

    def mask_of(self, ids: Ids) -> Mask:
        """Mask of the live rows of these ids, shape (n,)."""
        mask: Mask = np.zeros(len(self.ids), np.bool_)
        mask[self.rows_of(ids)] = True
        return mask

    def by_id(self) -> tuple[Ids, Rows]:
        """All live ids in ascending order, and their rows."""
        rows = np.flatnonzero(self.live)
        order = np.argsort(self.ids[rows], kind="stable")
        return self.ids[rows][order], rows[order]

    def search_dense(self, view: str, query: Scores, k: int, allowed: Mask) -> tuple[Ids, Scores]:
        """Ids and cosines of the best k, and of all that tie with the last of them."""
        rows, scores = self.dense[view].search(query, k, allowed)
        return self.ids[rows], scores

    def search_text(
        self, view: str, tokens: Sequence[str], k: int, live: Mask, allowed: Mask
    ) -> tuple[Ids, Scores]:
        """Ids and BM25 scores of the best k, and of all that tie with the last of them."""
        rows, scores = self.text[view].search(tokens, k, live, allowed)
        return self.ids[rows], scores

    def compacted(self) -> Partition:
        """The same content without tombstoned rows; no word or vector of theirs is left in it."""
        result = Partition(self.namespace, (), 0, self.generation)
        result.seq, result.purged = self.seq, self.purged
        result.ids = self.ids[self.live]
        result.live = np.ones(len(result.ids), np.bool_)
        for view, index in self.dense.items():
            result.dense[view] = index.compacted(self.live)
        result.vocabulary, numbers = self.kept_words()
        for view, text in self.text.items():
            result.text[view] = text.compacted(self.live, result.vocabulary, numbers)
        return result

    def kept_words(self) -> tuple[Vocabulary, NDArray[np.int32]]:
        """A vocabulary without the words of tombstoned rows, and the new number of each old one."""
        held = (text.terms(self.live) for text in self.text.values())
        return self.vocabulary.kept(reduce(np.union1d, held))


# Which row holds a record: two sorted runs of ids, so that one write does not sort a million.
_TAIL = 8192
"""Rows that are sorted anew after a write; with more, all are."""


@dataclass(frozen=True, slots=True)
class _Run:
    """The ids of rows first to last that were live when it was made, ascending, and their rows."""

    first: int
    last: int
    ids: Ids
    rows: Rows

    @classmethod
    def of(cls, ids: Ids, live: Mask, first: int) -> _Run:
        """The run of all rows from ``first`` on."""
        rows = first + np.flatnonzero(live[first:])
        order = np.argsort(ids[rows], kind="stable")
        return cls(first, len(ids), ids[rows][order], rows[order])


class Lookup:
    """Rows by id, of ids that are only appended to and rows that only die.

    Several threads may ask at the same time.
    """

    def __init__(self) -> None:
        empty = _Run.of(np.empty(0, np.int64), np.empty(0, np.bool_), 0)
        self._runs = (empty, empty)

    def rows(self, wanted: Ids, ids: Ids, live: Mask) -> Rows:
        """The live rows of those wanted ids that have one, in the order of ``wanted``.

        Args:
            ids: The id of each row, shape (n,); what was given before, and perhaps more.
            live: Which rows are alive, shape (n,); one at most of each id.
        """
        found = np.full(len(wanted), -1, np.int64)
        for run in self._current(ids, live):
            if len(run.ids):
                places = np.minimum(np.searchsorted(run.ids, wanted), len(run.ids) - 1)
                rows = run.rows[places]
                right = (run.ids[places] == wanted) & live[rows]
                found[right] = rows[right]
        result: Rows = found[found >= 0]
        return result

    def _current(self, ids: Ids, live: Mask) -> tuple[_Run, _Run]:
        base, tail = self._runs
        if tail.last < len(ids):
            if len(ids) - base.last > _TAIL:
                base = _Run.of(ids, live, 0)
            tail = _Run.of(ids, live, base.last)
            self._runs = base, tail
        return base, tail


# Which rows of a partition fulfil a condition, kept for the next search that asks.
#
# What filters see of a record never changes while it has its id, and an id is never used twice
# (``remem.store.embedded.schema``): so a row that fulfils a condition always will, and after a
# write only the rows that are new have to be asked about.
_CONDITIONS = 64
"""Conditions that are kept, least recently used first to go: 8 MB of a million rows."""

_MOST_VALUES = 100
"""A list of more values than that is hardly asked for twice."""

Ask: TypeAlias = Callable[[int], Mask]
"""Function that tells which rows, from a given one on, fulfil a condition, as a mask."""


class Matches:
    """Thread-safe, as long as no row is added meanwhile."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Filter, tuple[int, NDArray[np.uint8]]] = OrderedDict()
        self._guard = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        with self._guard:
            return sum(bits.nbytes for _, bits in self._kept.values())

    def rows(self, condition: Filter, count: int, ask: Ask) -> Mask:
        """Mask of ``count`` rows that fulfil a condition; meaningless for tombstoned ones."""
        with self._guard:
            known, bits = self._kept.get(condition, (0, np.empty(0, np.uint8)))
        mask = np.unpackbits(bits, count=known).view(np.bool_)
        if known < count or not count:
            mask = np.concatenate([mask, ask(known)])
        self._keep(condition, mask)
        return mask

    def _keep(self, condition: Filter, mask: Mask) -> None:
        if isinstance(condition, In) and len(condition.values) > _MOST_VALUES:
            return
        with self._guard:
            known, _ = self._kept.get(condition, (-1, None))
            if known < len(mask):
                self._kept[condition] = len(mask), np.packbits(mask)
            self._kept.move_to_end(condition)
            while len(self._kept) > _CONDITIONS:
                self._kept.popitem(last=False)


# How a partition follows the records: the one function that writes, opens and searches rely on.
#
# ``catch_up`` copies the present state of every record that changed, instead of replaying what
# happened to it. That makes it idempotent, and recovery after a crash the same path as every day.

_CHUNK = 2048
"""Records read at a time: as fast as 8192, which left 45 MB more in malloc's heaps."""


def can_follow(partition: Partition, state: State, generation: int) -> bool:
    """True if the log still holds all that the partition has missed."""
    return (
        partition.namespace == state.id
        and partition.generation == generation
        and state.trimmed <= partition.seq <= state.seq
    )


def catch_up(
    connection: sqlite3.Connection,
    partition: Partition,
    state: State,
    space: Space,
    additions: Sequence[Addition] = (),
) -> int:
    """Bring the partition to the state of the records that the connection sees.

    Args:
        additions: What need not be read if it comes next; of this namespace, oldest first, and
            none that the connection does not see.

    Returns:
        How many records had changed.
    """
    changed = 0
    for addition in additions:
        if _comes_next(connection, partition, addition):
            partition.add(addition.ids, addition.vectors, addition.texts)
            partition.seq = addition.last
            changed += len(addition.ids)
    if partition.seq < state.seq:
        ids = changes.touched(connection, state.id, partition.seq)
        partition.remove(ids)
        _add(connection, partition, ids, space)
        partition.seq = state.seq
        changed += len(ids)
    partition.purged = state.purged
    return changed


def _comes_next(connection: sqlite3.Connection, partition: Partition, addition: Addition) -> bool:
    return (
        partition.seq < addition.first
        and partition.generation == addition.generation
        and not changes.any_between(connection, partition.namespace, partition.seq, addition.first)
    )


def build(connection: sqlite3.Connection, state: State, space: Space, generation: int) -> Partition:
    """A partition made from the records alone."""
    partition = Partition(state.id, space.views, space.dim, generation)
    _add(connection, partition, filters.namespace_ids(connection, state.id), space)
    partition.seq = state.seq
    return partition


def _add(connection: sqlite3.Connection, partition: Partition, ids: Ids, space: Space) -> None:
    for chunk in _chunks(ids):
        current = _current(connection, chunk)
        found, vectors = records.view_vectors(
            connection, partition.generation, current, len(space.views), space.dim
        )
        texts = dict(records.view_texts(connection, current, len(space.views)))
        whole = [i for i, record in enumerate(found.tolist()) if record in texts]
        columns = [texts[found[i]] for i in whole]
        partition.add(
            found[whole],
            vectors[whole],
            {view: [row[v] for row in columns] for v, view in enumerate(space.views)},
        )


def _chunks(ids: Ids) -> Iterator[list[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK].tolist()


def _current(connection: sqlite3.Connection, ids: list[int]) -> list[int]:
    """Those of the ids whose record exists and is not superseded."""
    current: list[int] = records.fetch_ids(
        connection,
        "SELECT id FROM records WHERE superseded_by IS NULL "
        "AND id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    ).tolist()
    return current
