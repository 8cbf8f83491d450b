"""Rows of PostgreSQL to records: what the reading methods of the store ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from store.postgres import vectors
from store.postgres.driver import Connection
from store.postgres.filtering import Condition
from store.postgres.texts import escape_all, unescape, unescape_all
from store.rows import COLUMNS, from_micros, from_row
from store.types import Record, SourceInfo, Space, View

__all__ = [
    "load",
    "load_by_key",
    "load_views",
    "neighbors",
    "predecessors",
    "scan_page",
    "sources",
    "view_texts",
]

# As text, JSON is what was given, word for word.
_SELECTED = COLUMNS.replace("metadata", "metadata::text")


def load(connection: Connection[Any], namespace: int, ids: Sequence[int]) -> dict[int, Record]:
    """The records with these ids, by id; those that are gone are left out."""
    rows = connection.execute(
        f"SELECT id, {_SELECTED} FROM remem.records WHERE namespace = %s AND id = ANY(%s)",
        [namespace, list(ids)],
    )
    return {row[0]: _record(row[1:]) for row in rows}


def load_by_key(
    connection: Connection[Any], namespace: int, keys: Sequence[str]
) -> dict[str, tuple[int, Record]]:
    """Ids and records, by key; unknown keys are left out."""
    # A key with NUL cannot be stored, and PostgreSQL cannot even be asked for it.
    rows = connection.execute(
        f"SELECT id, {_SELECTED} FROM remem.records WHERE namespace = %s AND key = ANY(%s)",
        [namespace, [key for key in keys if "\x00" not in key]],
    )
    return {row[1]: (row[0], _record(row[1:])) for row in rows}


def predecessors(connection: Connection[Any], namespace: int, keys: Sequence[str]) -> list[Record]:
    """Records that one of these supersedes directly, in the order of (source, position, key)."""
    rows = connection.execute(
        f"""SELECT {_SELECTED} FROM remem.records WHERE namespace = %s
            AND superseded_by IS NOT NULL AND superseded_by = ANY(%s)""",
        [namespace, escape_all(keys)],
    )
    # Sorted here: the server might walk the whole namespace in this order rather than sort a few.
    return sorted(map(_record, rows), key=lambda r: (r.source, r.position, r.key))


def load_views(
    connection: Connection[Any], generation: int, namespace: int, ids: Sequence[int], space: Space
) -> dict[int, dict[str, View]]:
    """All views of records, by id."""
    texts = view_texts(connection, namespace, ids)
    by_view = vectors.load(connection, generation, namespace, ids, space)
    return {
        i: {
            name: View(texts[i, number], by_view[number][i])
            for number, name in enumerate(space.views)
        }
        for i in ids
    }


def view_texts(
    connection: Connection[Any], namespace: int, ids: Sequence[int]
) -> dict[tuple[int, int], str]:
    """The texts of the views of records, by (id, view), in ascending order."""
    rows = connection.execute(
        """SELECT record, view, text FROM remem.texts
            WHERE namespace = %s AND record = ANY(%s) ORDER BY record, view""",
        [namespace, list(ids)],
    )
    return {(record, view): unescape(text) for record, view, text in rows}


def scan_page(
    connection: Connection[Any],
    namespace: int,
    after: tuple[str, int, str] | None,
    where: Condition,
    size: int,
) -> list[Record]:
    """The next ``size`` matching records in the order of (source, position, key).

    Args:
        after: Source, position and key behind which they stand.
    """
    sql, values = where
    behind = "true" if after is None else "(source, position, key) > (%s, %s, %s)"
    rows = connection.execute(
        f"""SELECT {_SELECTED} FROM remem.records WHERE namespace = %s AND {behind} AND ({sql})
            ORDER BY source, position, key LIMIT %s""",
        [namespace, *(after or ()), *values, size],
    )
    return [_record(row) for row in rows]


def neighbors(
    connection: Connection[Any],
    namespace: int,
    source: str,
    first: int,
    last: int,
    radius: int,
    now: int,
) -> list[Record]:
    """Current records at positions first..last and up to ``radius`` on either side, in order."""
    current = f"""SELECT {_SELECTED} FROM remem.records
        WHERE namespace = %(namespace)s AND source = %(source)s AND superseded_by IS NULL
        AND (expires_at IS NULL OR expires_at > %(now)s)"""
    rows = connection.execute(
        f"""({current} AND position < %(first)s
                ORDER BY position DESC, key DESC LIMIT %(radius)s)
            UNION ALL ({current} AND position BETWEEN %(first)s AND %(last)s)
            UNION ALL ({current} AND position > %(last)s
                ORDER BY position, key LIMIT %(radius)s)""",
        {
            "namespace": namespace,
            "source": source,
            "first": first,
            "last": last,
            "radius": radius,
            "now": now,
        },
    )
    return sorted(map(_record, rows), key=lambda record: (record.position, record.key))


def sources(connection: Connection[Any], namespace: int) -> list[SourceInfo]:
    """The sources of a namespace, sorted by name."""
    rows = connection.execute(
        """SELECT source, count(*), min(said_at), max(said_at) FROM remem.records
            WHERE namespace = %s GROUP BY source ORDER BY source""",
        [namespace],
    )
    return [
        SourceInfo(
            source,
            count,
            None if first is None else from_micros(first),
            None if last is None else from_micros(last),
        )
        for source, count, first, last in rows
    ]


def _record(row: Sequence[Any]) -> Record:
    return from_row(unescape_all(row))
