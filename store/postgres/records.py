"""Rows of PostgreSQL to records: what the reading methods of the store ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from remem.store import digests
from remem.store.base import whole
from remem.store.errors import DamagedRecord
from remem.store.postgres import vectors
from remem.store.postgres.driver import Connection, escape_all, unescape, unescape_all
from remem.store.postgres.filters import Condition
from remem.store.rows import COLUMNS, SANE, Place, Placed, checked, source_of, with_views
from remem.store.types import Record, SourceInfo, Space, Span, View

SELECTED = (
    f"{COLUMNS.replace('metadata', 'metadata::text')}, digest, "
    "(SELECT name FROM remem.namespaces n WHERE n.id = namespace)"
)
"""The columns that ``record_of`` takes. As text, JSON is what was given, word for word."""


def load(connection: Connection[Any], namespace: int, ids: Sequence[int]) -> dict[int, Record]:
    """The records with these ids, by id; those that are gone or damaged are left out."""
    rows = connection.execute(
        f"SELECT id, {SELECTED} FROM remem.records WHERE namespace = %s AND id = ANY(%s)",
        [namespace, list(ids)],
    )
    return {row[0]: record for row in rows for record in whole([found_in(row[1:])])}


def load_by_key(
    connection: Connection[Any], namespace: int, keys: Sequence[str]
) -> dict[str, tuple[int, Record]]:
    """Ids and records, by key; unknown keys are left out.

    Raises:
        DamagedRecord: one of them is.
    """
    rows = rows_by_key(connection, namespace, keys)
    return {key: (i, record_of(row)) for key, (i, row) in rows.items()}


def load_by_name(
    connection: Connection[Any], name: str, keys: Sequence[str]
) -> tuple[int | None, dict[str, tuple[int, Record]]]:
    """The number of a namespace, None if it is unknown, and what ``load_by_key`` gives of it."""
    rows = connection.execute(
        f"""SELECT n.id, r.* FROM remem.namespaces n LEFT JOIN LATERAL (
                SELECT id AS record, {SELECTED} FROM remem.records
                WHERE namespace = n.id AND key = ANY(%s)) r ON true
            WHERE n.name = %s""",
        [_possible(keys), name],
    ).fetchall()
    found = {row[2]: (row[1], record_of(row[2:])) for row in rows if row[1] is not None}
    return (rows[0][0] if rows else None), found


def rows_by_key(
    connection: Connection[Any], namespace: int, keys: Sequence[str]
) -> dict[str, tuple[int, Sequence[Any]]]:
    """Ids and rows, as ``record_of`` takes them, by key; unknown keys are left out."""
    if not keys:
        return {}
    rows = connection.execute(
        f"SELECT id, {SELECTED} FROM remem.records WHERE namespace = %s AND key = ANY(%s)",
        [namespace, _possible(keys)],
    )
    return {row[1]: (row[0], row[1:]) for row in rows}


def _possible(keys: Sequence[str]) -> list[str]:
    """Without those with NUL, which cannot be stored: PostgreSQL cannot even be asked for them."""
    return [key for key in keys if "\x00" not in key]


def predecessors(connection: Connection[Any], namespace: int, keys: Sequence[str]) -> list[Record]:
    """Records that one of these supersedes directly, in the order of (source, position, key)."""
    rows = connection.execute(
        f"""SELECT {SELECTED} FROM remem.records WHERE namespace = %s
            AND superseded_by IS NOT NULL AND superseded_by = ANY(%s)""",
        [namespace, escape_all(keys)],
    )
    # Sorted here: the server might walk the whole namespace in this order rather than sort a few.
    return sorted(whole(map(found_in, rows)), key=lambda r: (r.source, r.position, r.key))


def load_views(
    connection: Connection[Any],
    generation: int,
    namespace: int,
    found: Mapping[int, Record],
    space: Space,
) -> dict[int, dict[str, View]]:
    """All views of records, by id.

    Args:
        found: The records, by id.

    Raises:
        DamagedRecord: a record lacks some.
    """
    ids = list(found)
    texts = whole_texts(connection, namespace, ids, len(space.views))
    by_id = vectors.load(connection, generation, namespace, ids, space)
    return with_views(found, space.views, texts, by_id)


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


def whole_texts(
    connection: Connection[Any], namespace: int, ids: Sequence[int], views: int
) -> dict[int, list[str]]:
    """Texts in the order of the views, by id; of records whose texts are all what was written."""
    rows = connection.execute(
        """SELECT record, view, text, digest FROM remem.texts
            WHERE namespace = %s AND record = ANY(%s) ORDER BY record, view""",
        [namespace, list(ids)],
    )
    texts: dict[int, list[str]] = {}
    for record, view, escaped, mark in rows:
        if digests.same(mark, (record, view, text := unescape(escaped))):
            texts.setdefault(record, []).append(text)
    return {record: whole for record, whole in texts.items() if len(whole) == views}


def scan_page(
    connection: Connection[Any],
    namespace: int,
    after: Place | None,
    where: Condition,
    size: int,
) -> list[Placed]:
    """The next ``size`` matching records in the order of (source, position, key).

    Args:
        after: Source, position and key behind which they stand.
    """
    sql, values = where
    behind = "true" if after is None else "(source, position, key) > (%s, %s, %s)"
    rows = connection.execute(
        f"""SELECT {SELECTED} FROM remem.records WHERE namespace = %s AND {behind} AND ({sql})
            ORDER BY source, position, key LIMIT %s""",
        [namespace, *(after or ()), *values, size],
    )
    return [Placed((row[1], row[2], row[0]), found_in(row)) for row in rows]


def count(connection: Connection[Any], namespace: int, where: Condition) -> int:
    """Number of records that match."""
    sql, values = where
    row = connection.execute(
        f"SELECT count(*) FROM remem.records WHERE namespace = %s AND ({sql})",
        [namespace, *values],
    ).fetchone()
    return int(row[0]) if row else 0


def neighbors(connection: Connection[Any], namespace: int, span: Span, now: int) -> list[Record]:
    """Current records of a span, in order."""
    current = f"""SELECT {SELECTED} FROM remem.records
        WHERE namespace = %(namespace)s AND source = %(source)s AND superseded_by IS NULL
        AND (expires_at IS NULL OR expires_at > %(now)s)"""
    rows = connection.execute(
        f"""({current} AND position < %(first)s
                ORDER BY position DESC, key DESC LIMIT %(radius)s)
            UNION ALL ({current} AND position BETWEEN %(first)s AND %(last)s)
            UNION ALL ({current} AND position > %(last)s
                ORDER BY position, key LIMIT %(radius)s)""",
        {**span.bounds, "namespace": namespace, "now": now},
    )
    return sorted(whole(map(found_in, rows)), key=lambda record: (record.position, record.key))


def sources(connection: Connection[Any], namespace: int) -> list[SourceInfo]:
    """The sources of a namespace, sorted by name."""
    rows = connection.execute(
        f"""SELECT source, count(*), min(said_at) FILTER (WHERE {SANE}),
                max(said_at) FILTER (WHERE {SANE}) FROM remem.records
            WHERE namespace = %s GROUP BY source ORDER BY source""",
        [namespace],
    )
    return [source_of(*row) for row in rows]


def tally(
    connection: Connection[Any], namespace: int, edges: Sequence[int], now: int
) -> dict[str | None, Sequence[int]]:
    """Numbers of current records said from each edge until the next, by speaker."""
    rows = connection.execute(
        """SELECT speaker, width_bucket(said_at, %s::bigint[]) AS slot, count(*)
            FROM remem.records WHERE namespace = %s AND superseded_by IS NULL
            AND (expires_at IS NULL OR expires_at > %s) AND said_at >= %s AND said_at < %s
            GROUP BY speaker, slot""",
        [list(edges), namespace, now, edges[0], edges[-1]],
    )
    counts: defaultdict[str | None, list[int]] = defaultdict(lambda: [0] * (len(edges) - 1))
    for speaker, slot, count in rows:
        counts[None if speaker is None else unescape(speaker)][slot - 1] = count
    return dict(counts)


def record_of(row: Sequence[Any]) -> Record:
    """The record of a row.

    Raises:
        DamagedRecord: it is not what was written.
    """
    *values, mark, name = row
    return checked(None if name is None else unescape(name), unescape_all(values), mark)


def found_in(row: Sequence[Any]) -> Record | DamagedRecord:
    """The record of a row, or why there is none."""
    try:
        return record_of(row)
    except DamagedRecord as error:
        return error
