"""Rows of SQLite to records and back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from store.embedded.arrays import Halves, Ids
from store.embedded.schema import vectors_table
from store.errors import CorruptStore
from store.rows import COLUMNS, from_row
from store.types import Record, Space, View

__all__ = [
    "INSERT",
    "WIDTH",
    "fetch_ids",
    "ids_of",
    "keys_of",
    "load",
    "load_by_key",
    "load_views",
    "neighbors",
    "predecessors",
    "scan_page",
    "view_texts",
    "view_vectors",
]

INSERT = f"INSERT INTO records (id, namespace, {COLUMNS})"
WIDTH = 2 + len(COLUMNS.split(","))
"""Takes rows of (id, namespace, *rows.to_row(record, now)), and how long these are."""


def load(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Record]:
    """The records with these ids, by id; those that are gone are left out."""
    rows = connection.execute(
        f"SELECT id, {COLUMNS} FROM records WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    )
    return {row[0]: from_row(row[1:]) for row in rows}


def load_by_key(
    connection: sqlite3.Connection, namespace: int, keys: Sequence[str]
) -> dict[str, tuple[int, Record]]:
    """Ids and records, by key; unknown keys are left out."""
    rows = connection.execute(
        f"SELECT id, {COLUMNS} FROM records WHERE namespace = ? AND "
        "key IN (SELECT value FROM json_each(?))",
        (namespace, json.dumps(list(keys))),
    )
    return {row[1]: (row[0], from_row(row[1:])) for row in rows}


def predecessors(
    connection: sqlite3.Connection, namespace: int, keys: Sequence[str]
) -> list[Record]:
    """Records that one of these supersedes directly, in the order of (source, position, key)."""
    # No successor has a key with NUL, and SQLite would take it for what stands before the NUL.
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM records WHERE namespace = ? AND "
        "superseded_by IN (SELECT value FROM json_each(?))",
        (namespace, json.dumps([key for key in keys if "\0" not in key])),
    )
    # Sorted here: SQLite might walk the whole namespace in this order rather than sort a few.
    return sorted(map(from_row, rows), key=lambda r: (r.source, r.position, r.key))


def fetch_ids(connection: sqlite3.Connection, sql: str, arguments: Sequence[Any]) -> Ids:
    """The ids that a query selects as ``id``, ascending."""
    # One string instead of a tuple a row: 10 ms against 22 for 50,000 ids.
    (ids,) = connection.execute(f"SELECT group_concat(id) FROM ({sql})", arguments).fetchone()
    return np.sort(np.fromstring(ids, np.int64, sep=",")) if ids else np.empty(0, np.int64)


def ids_of(connection: sqlite3.Connection, namespace: int, keys: Sequence[str]) -> dict[str, int]:
    """Ids by key; unknown keys are left out."""
    return dict(
        connection.execute(
            "SELECT key, id FROM records WHERE namespace = ? AND "
            "key IN (SELECT value FROM json_each(?))",
            (namespace, json.dumps(list(keys))),
        )
    )


def keys_of(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, str]:
    """Keys by id; ids that are gone are left out."""
    return dict(
        connection.execute(
            "SELECT id, key FROM records WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(ids),),
        )
    )


def scan_page(
    connection: sqlite3.Connection,
    namespace: int,
    after: tuple[str | bytes, int, str],
    last: tuple[str | bytes, int],
    size: int,
) -> list[Record]:
    """The next ``size`` records in the order of (source, position, key).

    Args:
        after: Source, position and key behind which they stand.
        last: Source and position behind which none of them stands.
    """
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM records WHERE namespace = ? AND (source, position, key) > "
        "(?, ?, ?) AND (source, position) <= (?, ?) ORDER BY source, position, key LIMIT ?",
        (namespace, *after, *last, size),
    )
    return [from_row(row) for row in rows]


def neighbors(
    connection: sqlite3.Connection,
    namespace: int,
    source: str,
    first: int,
    last: int,
    radius: int,
    now: int,
) -> list[Record]:
    """Current records at positions first..last and up to ``radius`` on either side, in order."""
    current = f"""SELECT {COLUMNS} FROM records
        WHERE namespace = :namespace AND source = :source AND superseded_by IS NULL
        AND (expires_at IS NULL OR expires_at > :now)"""
    rows = connection.execute(
        f"""SELECT * FROM ({current} AND position < :first
                ORDER BY position DESC, key DESC LIMIT :radius)
            UNION ALL SELECT * FROM ({current} AND position BETWEEN :first AND :last)
            UNION ALL SELECT * FROM ({current} AND position > :last
                ORDER BY position, key LIMIT :radius)""",
        {
            "namespace": namespace,
            "source": source,
            "first": first,
            "last": last,
            "radius": radius,
            "now": now,
        },
    )
    return sorted(map(from_row, rows), key=lambda record: (record.position, record.key))


def view_texts(
    connection: sqlite3.Connection, ids: Sequence[int], views: int
) -> Iterator[tuple[int, list[str]]]:
    """(id, text of each view) in ascending order of id; incomplete records are left out."""
    rows = connection.execute(
        "SELECT record, text FROM texts WHERE record IN (SELECT value FROM json_each(?)) "
        "ORDER BY record, view",
        (json.dumps(ids),),
    )
    record, texts = -1, list[str]()
    for row, text in rows:
        if row != record:
            if len(texts) == views:
                yield record, texts
            record, texts = row, []
        texts.append(text)
    if len(texts) == views:
        yield record, texts


def view_vectors(
    connection: sqlite3.Connection, generation: int, ids: Sequence[int], views: int, dim: int
) -> tuple[Ids, Halves]:
    """Ids that have vectors, ascending, and float16 of shape (n, views, dim)."""
    rows = connection.execute(
        f"SELECT record, data FROM {vectors_table(generation)} "
        "WHERE record IN (SELECT value FROM json_each(?)) ORDER BY record",
        (json.dumps(ids),),
    ).fetchall()
    if any(len(data) != 2 * views * dim for _, data in rows):
        raise CorruptStore("a stored vector is damaged; 'remem verify' tells of which record")
    found = np.array([row[0] for row in rows], np.int64)
    halves = np.frombuffer(b"".join(data for _, data in rows), "<f2")
    return found, halves.reshape(len(rows), views, dim)


def load_views(
    connection: sqlite3.Connection, generation: int, space: Space, keys: Mapping[int, str]
) -> dict[int, dict[str, View]]:
    """All views of records, by id.

    Args:
        keys: Of the records, by id.

    Raises:
        CorruptStore: a record lacks some.
    """
    ids = list(keys)
    texts = dict(view_texts(connection, ids, len(space.views)))
    found, vectors = view_vectors(connection, generation, ids, len(space.views), space.dim)
    rows = {i: row for row, i in enumerate(found.tolist())}
    for i, key in keys.items():
        if i not in rows:
            raise CorruptStore(
                f"record {key!r} lacks its vectors; 'remem reindex' makes all vectors again"
            )
        if i not in texts:
            raise CorruptStore(f"record {key!r} lacks the text of a view; delete and add it again")
    return {
        i: {
            view: View(texts[i][v], vectors[rows[i], v].astype(np.float32))
            for v, view in enumerate(space.views)
        }
        for i in ids
    }
