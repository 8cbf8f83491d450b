"""Is everything what it should be? One sentence for each thing that is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np

from remem.store.arrays import Ids
from remem.store.embedded import records
from remem.store.embedded.database import fetch
from remem.store.embedded.partition import Partition
from remem.store.embedded.schema import vectors_table
from remem.store.errors import DamagedRecord
from remem.store.filters import facets
from remem.store.fulltext.tokens import tokenize
from remem.store.spaces import Meta
from remem.store.types import Record, Space

_CHUNK = 2048
_REBUILD = "'remem rebuild' makes it again"


def record_problems(connection: sqlite3.Connection, meta: Meta) -> Iterator[str]:
    """Damage in the tables: to SQLite's pages, to rows, and rows that do not fit together."""
    for (finding,) in connection.execute("PRAGMA integrity_check"):
        if finding != "ok":
            yield f"SQLite: {finding}; restore a backup or an export"
    yield from _row_problems(connection)
    if meta.adopted is None:
        return
    yield from _view_problems(connection, meta)
    for table in (vectors_table(meta.generation), "texts", "facets"):
        orphans = connection.execute(
            f"SELECT count(*) FROM {table} WHERE record NOT IN (SELECT id FROM records)"
        ).fetchone()[0]
        if orphans:
            yield f"{orphans} rows of {table} belong to no record; restore a backup or an export"


def _records(connection: sqlite3.Connection) -> Iterator[tuple[int, int, Record | DamagedRecord]]:
    """Id, namespace and content of all records."""
    last, names = -1, records.Names(connection)
    while page := fetch(
        connection,
        f"SELECT {records.SELECTED}, id FROM records WHERE id > ? ORDER BY id LIMIT ?",
        (last, _CHUNK),
    ):
        for *row, last in page:
            yield last, row[-1], records.found_in(row, names)


def _view_problems(connection: sqlite3.Connection, meta: Meta) -> Iterator[str]:
    """Records whose texts or vectors are not what was written."""
    last = -1
    while page := fetch(
        connection, "SELECT id, key FROM records WHERE id > ? ORDER BY id LIMIT ?", (last, _CHUNK)
    ):
        last = page[-1][0]
        ids = [i for i, _ in page]
        texts, vectors = _whole_views(connection, meta.generation, meta.space, ids)
        yield from (
            f"record {key!r} lacks its vectors, or they are damaged; 'remem reindex' makes them "
            "again"
            for i, key in page
            if i not in vectors
        )
        yield from (
            f"record {key!r} lacks the text of a view, or it is damaged; delete it and add it again"
            for i, key in page
            if i not in texts
        )


def _whole_views(
    connection: sqlite3.Connection, generation: int, space: Space, ids: list[int]
) -> tuple[set[int], set[int]]:
    """The records whose texts are what was written, and those whose vectors are."""
    views = len(space.views)
    texts = {i for i, _ in records.view_texts(connection, ids, views)}
    vectors, _ = records.view_vectors(connection, generation, ids, views, space.dim)
    return texts, set(vectors.tolist())


def partition_problems(
    connection: sqlite3.Connection, namespace: int, partition: Partition
) -> Iterator[str]:
    """Differences between the index of a namespace and its records, as sentences."""
    expected = records.fetch_ids(
        connection,
        "SELECT id FROM records WHERE namespace = ? AND superseded_by IS NULL",
        (namespace,),
    )
    expected = _indexed(connection, partition, expected)
    ids, by_id = partition.by_id()
    if not np.array_equal(ids, expected):
        ghosts = len(np.setdiff1d(ids, expected))
        missing = len(np.setdiff1d(expected, ids))
        yield f"the index has {ghosts} ghosts and lacks {missing} records; {_REBUILD}"
        return
    for start in range(0, len(ids), _CHUNK):
        chunk, where = ids[start : start + _CHUNK], by_id[start : start + _CHUNK]
        yield from _content_problems(connection, partition, chunk.tolist(), where)


def _indexed(connection: sqlite3.Connection, partition: Partition, ids: Ids) -> Ids:
    """Those that an index can hold: their views are not damaged."""
    dim = next(iter(partition.dense.values())).vectors.dim
    space = Space("", dim, tuple(partition.dense))
    whole: list[int] = []
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK].tolist()
        texts, vectors = _whole_views(connection, partition.generation, space, chunk)
        whole += sorted(texts & vectors)
    return np.array(whole, np.int64)


def _content_problems(
    connection: sqlite3.Connection,
    partition: Partition,
    ids: list[int],
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> Iterator[str]:
    views = list(partition.dense)
    dim = partition.dense[views[0]].vectors.dim
    _, vectors = records.view_vectors(connection, partition.generation, ids, len(views), dim)
    texts = list(records.view_texts(connection, ids, len(views)))
    order = np.argsort(rows)
    for number, view in enumerate(views):
        held = partition.dense[view].vectors.take(rows[order])
        if not np.array_equal(held, vectors[order, number]):
            yield f"the index holds other vectors than the records (view {view}); {_REBUILD}"
        # Not by the vocabulary, which searches read meanwhile.
        counts = [len(tokenize(row[number])) for _, row in texts]
        if not np.array_equal(partition.text[view].lengths[rows], counts):
            yield f"the index holds other words than the records (view {view}); {_REBUILD}"


def _row_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Rows that are damaged, and filters that see other values than the others hold."""
    expected, damaged = 0, set[int]()
    for i, namespace, found in _records(connection):
        if isinstance(found, DamagedRecord):
            damaged.add(i)
            yield str(found)
        else:
            pairs = set(facets(found.metadata))
            expected += sum(hash((namespace, field, value, i)) for field, value in pairs)
    try:
        rows = connection.execute("SELECT namespace, field, value, record FROM facets")
        held = sum(hash(row) for row in rows if row[-1] not in damaged)  # in any order
    except sqlite3.OperationalError:  # a text is not UTF-8 any more
        held = None
    if held != expected:
        yield "the filter index holds other values than the records; restore a backup or an export"
