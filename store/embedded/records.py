"""Rows of SQLite to records and back.

A record that is not what was written is an error to who asks for it by its key. Where many are
read it is left out, and the log says so.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import numpy as np

from remem.store import digests
from remem.store.arrays import Halves, Ids
from remem.store.base import whole
from remem.store.embedded.database import fetch
from remem.store.embedded.schema import vectors_table
from remem.store.errors import DamagedRecord
from remem.store.rows import COLUMNS, SANE, Place, Placed, checked, is_text, source_of, with_views
from remem.store.types import Record, SourceInfo, Space, Span, View

INSERT = f"INSERT INTO records (id, namespace, {COLUMNS}, digest)"
WIDTH = 3 + len(COLUMNS.split(","))
"""Takes rows of (id, namespace, *rows.to_row(record, now), digest), and how long these are."""

SELECTED = f"{COLUMNS}, digest, namespace"
"""The columns that ``record_of`` takes."""

BEFORE_ALL: Place = ("", -(2**63), "")
"""The place behind which all records stand."""


class Names(dict[int, "str | None"]):
    """Names of namespaces by their number, each asked for once; None of those that are gone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, namespace: int) -> str | None:
        rows = fetch(self._connection, "SELECT name FROM namespaces WHERE id = ?", (namespace,))
        self[namespace] = name = rows[0][0] if rows else None
        return name


Read = Callable[["str | None", Sequence[Any], object], Record]
"""See ``checked``."""


def record_of(row: Sequence[Any], names: Names, read: Read = checked) -> Record:
    """The record of a row.

    Raises:
        DamagedRecord: it is not what was written.
    """
    return read(names[row[-1]], row[:-2], row[-2])


def load(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Record]:
    """The records with these ids, by id; those that are gone or damaged are left out."""
    rows = fetch(
        connection,
        f"SELECT {SELECTED}, id FROM records WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    )
    names = Names(connection)
    return {
        row[-1]: record
        for row in rows
        for record in whole([found_in(row[:-1], names, _remembered)])
    }


_REMEMBERED = 8192
_MOST_CHARACTERS = 2000
"""Records that searches have read are remembered if their text is no longer: some 20 MB."""


def _remembered(namespace: str | None, row: Sequence[Any], mark: object) -> Record:
    """See ``checked``. Questions find the same records again, and to read one anew takes ten times
    as long as to see that the row is the same."""
    text = row[_TEXT]
    known = isinstance(text, str) and len(text) <= _MOST_CHARACTERS
    return (_checked_once if known else checked)(namespace, row, mark)


_TEXT = COLUMNS.split(", ").index("text")
_checked_once = lru_cache(maxsize=_REMEMBERED)(checked)


def load_by_key(
    connection: sqlite3.Connection, namespace: int, keys: Sequence[str]
) -> dict[str, tuple[int, Record]]:
    """Ids and records, by key; unknown keys are left out.

    Raises:
        DamagedRecord: one of them is.
    """
    rows = fetch(
        connection,
        f"SELECT {SELECTED}, id FROM records WHERE namespace = ? AND "
        "key IN (SELECT value FROM json_each(?))",
        (namespace, json.dumps(list(keys))),
    )
    names = Names(connection)
    return {row[0]: (row[-1], record_of(row[:-1], names)) for row in rows}


def predecessors(
    connection: sqlite3.Connection, namespace: int, keys: Sequence[str]
) -> list[Record]:
    """Records that one of these supersedes directly, in the order of (source, position, key)."""
    # No successor has a key with NUL, and SQLite would take it for what stands before the NUL.
    rows = fetch(
        connection,
        f"SELECT {SELECTED} FROM records WHERE namespace = ? AND "
        "superseded_by IN (SELECT value FROM json_each(?))",
        (namespace, json.dumps([key for key in keys if "\0" not in key])),
    )
    # Sorted here: SQLite might walk the whole namespace in this order rather than sort a few.
    return sorted(_whole(connection, rows), key=lambda r: (r.source, r.position, r.key))


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
    sql = "SELECT id, key FROM records WHERE id IN (SELECT value FROM json_each(?))"
    rows = fetch(connection, sql, (json.dumps(ids),))
    return {i: key for i, key in rows if isinstance(key, str)}


def scan_page(
    connection: sqlite3.Connection, namespace: int, after: Place, size: int
) -> list[Placed]:
    """The next ``size`` records in the order of (source, position, key).

    Args:
        after: The place behind which they stand.
    """
    bound, values = _bound(after)
    rows = fetch(
        connection,
        f"SELECT {SELECTED} FROM records WHERE namespace = ? AND (source, position, key) > "
        f"({bound}) ORDER BY source, position, key LIMIT ?",
        (namespace, *values, size),
    )
    return _placed(connection, rows)


def in_order(connection: sqlite3.Connection, ids: Sequence[int], after: Place) -> list[int]:
    """Those of the records that stand behind a place, in the order of (source, position, key)."""
    bound, values = _bound(after)
    # The sign keeps SQLite from walking all places of the namespace to find these few.
    rows = connection.execute(
        "SELECT id FROM records WHERE id IN (SELECT value FROM json_each(?)) "
        f"AND (+source, position, key) > ({bound}) ORDER BY source, position, key",
        (json.dumps(ids), *values),
    )
    return [row[0] for row in rows]


def placed(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Placed]:
    """The records with these ids, in this order; those that are gone are left out."""
    rows = fetch(
        connection,
        f"SELECT id, {SELECTED} FROM records WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    )
    by_id = {row[0]: row[1:] for row in rows}
    return _placed(connection, [by_id[i] for i in ids if i in by_id])


def _placed(connection: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> list[Placed]:
    names = Names(connection)
    return [Placed((row[1], row[2], row[0]), found_in(row, names)) for row in rows]


def _bound(place: Place) -> tuple[str, list[Any]]:
    """A place in SQL, which may hold text that is not UTF-8, and its values."""
    bound = [_value(value) for value in place]
    return ", ".join(sql for sql, _ in bound), [value for _, value in bound]


def _value(value: Any) -> tuple[str, Any]:
    """SQL for a value of a row, which may be text that is not UTF-8, and its argument."""
    if isinstance(value, str) and not is_text(value):
        return "CAST(? AS TEXT)", value.encode(errors="surrogateescape")
    return "?", value


def found_in(row: Sequence[Any], names: Names, read: Read = checked) -> Record | DamagedRecord:
    """The record of a row, or why there is none."""
    try:
        return record_of(row, names, read)
    except DamagedRecord as error:
        return error


def _whole(connection: sqlite3.Connection, rows: Iterable[Sequence[Any]]) -> Iterator[Record]:
    names = Names(connection)
    return whole(found_in(row, names) for row in rows)


def neighbors(connection: sqlite3.Connection, namespace: int, span: Span, now: int) -> list[Record]:
    """Current records of a span, in order."""
    current = f"""SELECT {SELECTED} FROM records
        WHERE namespace = :namespace AND source = :source AND superseded_by IS NULL
        AND (expires_at IS NULL OR expires_at > :now)"""
    rows = fetch(
        connection,
        f"""SELECT * FROM ({current} AND position < :first
                ORDER BY position DESC, key DESC LIMIT :radius)
            UNION ALL SELECT * FROM ({current} AND position BETWEEN :first AND :last)
            UNION ALL SELECT * FROM ({current} AND position > :last
                ORDER BY position, key LIMIT :radius)""",
        {**span.bounds, "namespace": namespace, "now": now},
    )
    return sorted(_whole(connection, rows), key=lambda record: (record.position, record.key))


def namespaces(connection: sqlite3.Connection) -> list[str]:
    """Names of all namespaces that hold records, sorted."""
    rows = fetch(
        connection,
        "SELECT name FROM namespaces WHERE EXISTS "
        "(SELECT 1 FROM records WHERE namespace = namespaces.id) ORDER BY name",
    )
    return [name for (name,) in rows if is_text(name)]


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Number of records by namespace, sorted by name."""
    rows = fetch(
        connection,
        "SELECT name, count(*) FROM records JOIN namespaces "
        "ON namespaces.id = records.namespace GROUP BY name ORDER BY name",
    )
    return {name: count for name, count in rows if is_text(name)}


def count(connection: sqlite3.Connection, namespace: int) -> int:
    """Number of records in a namespace."""
    rows = fetch(connection, "SELECT count(*) FROM records WHERE namespace = ?", (namespace,))
    return int(rows[0][0])


def sources(connection: sqlite3.Connection, namespace: int) -> list[SourceInfo]:
    """The sources of a namespace, sorted by name."""
    time = f"CASE WHEN typeof(said_at) = 'integer' AND {SANE} THEN said_at END"
    rows = fetch(
        connection,
        f"SELECT source, count(*), min({time}), max({time}) FROM records "
        "WHERE namespace = ? GROUP BY source ORDER BY source",
        (namespace,),
    )
    return [source_of(*row) for row in rows if is_text(row[0])]


def tally(
    connection: sqlite3.Connection, namespace: int, edges: Sequence[int], now: int
) -> dict[str | None, Sequence[int]]:
    """Numbers of current records said from each edge until the next, by speaker.

    Speaker by speaker, because each of them is then a range of an index: 0.2 s for a million
    records, where grouping them takes 1.2 s.
    """
    slots = json.dumps(list(pairwise(edges)))
    said = "namespace = ? AND superseded_by IS NULL AND speaker IS ?"
    counted = f"""SELECT (SELECT count(*) FROM records INDEXED BY records_by_speaker WHERE {said}
        AND said_at >= json_extract(value, '$[0]') AND said_at < json_extract(value, '$[1]'))
        FROM json_each(?) ORDER BY key"""
    counts: dict[str | None, list[int]] = {}
    for speaker in _speakers(connection, namespace):
        rows = connection.execute(counted, (namespace, speaker, slots))
        counts[speaker] = [count for (count,) in rows]
    over = fetch(
        connection,
        "SELECT speaker, said_at FROM records WHERE namespace = ? AND superseded_by IS NULL "
        "AND expires_at <= ? AND typeof(said_at) = 'integer'",
        (namespace, now),
    )
    for speaker, said_at in over:
        slot = bisect_right(edges, said_at) - 1
        if speaker in counts and 0 <= slot < len(edges) - 1:
            counts[speaker][slot] -= 1
    return dict(counts)


def _speakers(connection: sqlite3.Connection, namespace: int) -> Iterator[str | None]:
    """Those who may have said something, each found behind the one before without reading what
    they said. The first is nobody in particular."""
    yield from (None, "")
    name = ""
    following = """SELECT speaker FROM records INDEXED BY records_by_speaker
        WHERE namespace = ? AND superseded_by IS NULL AND speaker > ? ORDER BY speaker LIMIT 1"""
    while rows := fetch(connection, following, (namespace, name)):
        ((name,),) = rows
        if not is_text(name):  # damaged: a number or bytes, which stand behind every text
            return
        yield name


def view_texts(
    connection: sqlite3.Connection, ids: Sequence[int], views: int
) -> Iterator[tuple[int, list[str]]]:
    """(id, text of each view) in ascending order of id; what is incomplete or damaged is left
    out."""
    rows = fetch(
        connection,
        "SELECT record, view, text, digest FROM texts "
        "WHERE record IN (SELECT value FROM json_each(?)) ORDER BY record, view",
        (json.dumps(ids),),
    )
    for record, group in groupby(rows, itemgetter(0)):
        texts = [row[2] for row in group if digests.same(row[3], row[:3])]
        if len(texts) == views:
            yield record, texts


def view_vectors(
    connection: sqlite3.Connection, generation: int, ids: Sequence[int], views: int, dim: int
) -> tuple[Ids, Halves]:
    """Ids that have whole vectors, ascending, and float16 of shape (n, views, dim)."""
    rows = connection.execute(
        f"SELECT record, data, digest FROM {vectors_table(generation)} "
        "WHERE record IN (SELECT value FROM json_each(?)) ORDER BY record",
        (json.dumps(ids),),
    ).fetchall()
    size = 2 * views * dim
    whole = [(i, data) for i, data, digest in rows if _is_whole(i, data, digest, size)]
    found = np.array([row[0] for row in whole], np.int64)
    halves = np.frombuffer(b"".join(row[1] for row in whole), "<f2")
    return found, halves.reshape(len(whole), views, dim)


def _is_whole(record: int, data: object, digest: object, size: int) -> bool:
    """True if the vectors of a record are what was written, and of so many bytes."""
    return (
        isinstance(data, bytes) and len(data) == size and digest == digests.of_bytes(record, data)
    )


def load_views(
    connection: sqlite3.Connection, generation: int, space: Space, found: Mapping[int, Record]
) -> dict[int, dict[str, View]]:
    """All views of records, by id.

    Args:
        found: The records, by id.

    Raises:
        DamagedRecord: a record lacks some.
    """
    ids, views = list(found), len(space.views)
    whole, vectors = view_vectors(connection, generation, ids, views, space.dim)
    by_id = dict(zip(whole.tolist(), vectors.astype(np.float32), strict=True))
    return with_views(found, space.views, dict(view_texts(connection, ids, views)), by_id)
