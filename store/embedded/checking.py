"""Is everything what it should be? One sentence for each thing that is not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

import numpy as np

from store.embedded import records
from store.embedded.meta import Meta
from store.embedded.partition import Partition
from store.embedded.schema import vectors_table
from store.filters import facets
from store.tokens import tokenize

__all__ = ["partition_problems", "record_problems"]

_CHUNK = 2048
_REBUILD = "'remem rebuild' makes it again"


def record_problems(connection: sqlite3.Connection, meta: Meta) -> Iterator[str]:
    """Damage in the tables: to SQLite's pages, and rows that do not fit together."""
    for (finding,) in connection.execute("PRAGMA integrity_check"):
        if finding != "ok":
            yield f"SQLite: {finding}; restore a backup or an export"
    if meta.adopted is None:
        return
    views = len(meta.space.views)
    vectors = vectors_table(meta.generation)
    size = 2 * views * meta.space.dim
    yield from (
        f"record {key!r} lacks its vectors; 'remem reindex' makes them again"
        for (key,) in connection.execute(
            f"""SELECT key FROM records LEFT JOIN {vectors} v ON v.record = id
                WHERE v.record IS NULL OR length(v.data) != ?""",
            (size,),
        )
    )
    yield from (
        f"record {key!r} lacks the text of a view; add it again"
        for (key,) in connection.execute(
            """SELECT key FROM records WHERE
               (SELECT count(*) FROM texts WHERE record = id) != ?""",
            (views,),
        )
    )
    for table in (vectors, "texts", "facets"):
        orphans = connection.execute(
            f"SELECT count(*) FROM {table} WHERE record NOT IN (SELECT id FROM records)"
        ).fetchone()[0]
        if orphans:
            yield f"{orphans} rows of {table} belong to no record; restore a backup or an export"
    yield from _facet_problems(connection)


def partition_problems(
    connection: sqlite3.Connection, namespace: int, partition: Partition
) -> Iterator[str]:
    """What the index of a namespace holds, against what its records say it should."""
    expected = records.fetch_ids(
        connection,
        "SELECT id FROM records WHERE namespace = ? AND superseded_by IS NULL",
        (namespace,),
    )
    ids, by_id = partition.by_id()
    if not np.array_equal(ids, expected):
        ghosts = len(np.setdiff1d(ids, expected))
        missing = len(np.setdiff1d(expected, ids))
        yield f"the index has {ghosts} ghosts and lacks {missing} records; {_REBUILD}"
        return
    for start in range(0, len(ids), _CHUNK):
        chunk, where = ids[start : start + _CHUNK], by_id[start : start + _CHUNK]
        yield from _content_problems(connection, partition, chunk.tolist(), where)


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


def _facet_problems(connection: sqlite3.Connection) -> Iterator[str]:
    found = connection.execute("SELECT count(*) FROM facets").fetchone()[0]
    expected = sum(
        len(set(facets(json.loads(metadata))))
        for (metadata,) in connection.execute(
            "SELECT metadata FROM records WHERE metadata IS NOT NULL"
        )
    )
    if found != expected:
        yield (
            f"the filter index has {found} entries instead of {expected}; "
            "restore a backup or an export"
        )
