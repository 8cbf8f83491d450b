"""What one write does inside its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from store import digests
from store.postgres import postings, vectors
from store.postgres.copying import copy_rows
from store.postgres.driver import Connection
from store.postgres.filtering import facets_of
from store.postgres.meta import namespace_name
from store.postgres.records import SELECTED, load_by_key, neighbors, record_of, view_texts
from store.postgres.texts import escape, escape_all, unescape, unescape_all
from store.preconditions import check_expected, check_records, split
from store.rows import COLUMNS, digest, superseded, to_micros, to_row
from store.spaces import Meta
from store.tokens import tokenize
from store.types import Batch, Entry, Neighborhood, Record, View, Written

__all__ = ["apply"]

# The metadata is JSON already; told that it is "json", psycopg would quote it as a string.
_KINDS = "text text int8 text text text int8 int4 int8 int8 text int8 text text text".split()
_RECORD_COLUMNS = [
    *[("namespace", "int4"), ("id", "int8")],
    *zip(COLUMNS.split(", "), _KINDS, strict=True),
    *[("facets", "jsonb"), ("digest", "bytea")],
]
_TEXT_COLUMNS = [
    *[("namespace", "int4"), ("record", "int8"), ("view", "int2")],
    *[("length", "int4"), ("text", "text"), ("digest", "bytea")],
]


def apply(
    connection: Connection[Any], namespace: int, batch: Batch, meta: Meta, now: datetime
) -> Written:
    """Carry out a checked batch: delete, add, refresh, supersede; then the full text follows.

    Raises:
        Conflict: a key of ``batch.add`` is stored with another text.
        Stale: a neighbourhood or record reads differently than when the batch was planned.
    """
    micros = to_micros(now)

    def read(around: Neighborhood) -> list[Record]:
        span = around.source, around.first, around.last, around.radius
        return neighbors(connection, namespace, *span, micros)

    def read_keys(keys: Sequence[str]) -> dict[str, Record]:
        found = load_by_key(connection, namespace, keys)
        return {key: record for key, (_, record) in found.items()}

    check_expected(batch.expects, read)
    check_records(batch.expects_records, read_keys)
    if meta.adopted is None:
        return Written()  # without a space there are no records, and nothing can be added
    writing = _Writing(connection, namespace, meta, now)
    keys = [*batch.delete, *batch.refresh, *batch.supersede]
    known = writing.ids(keys)
    before = writing.current_texts(known.values())
    deleted = writing.delete(batch.delete)
    new, unchanged = writing.split(batch.add)
    added = writing.add(new)
    writing.refresh(batch.refresh)
    writing.supersede(batch.supersede)
    after = writing.current_texts({*known.values(), *added})
    postings.follow(connection, namespace, before, after)
    return Written(
        added=tuple(entry.record.key for entry in new),
        unchanged=tuple(unchanged),
        deleted=tuple(deleted),
        at=now,
    )


class _Writing:
    """The steps of one write, on the same connection and namespace."""

    def __init__(
        self, connection: Connection[Any], namespace: int, meta: Meta, now: datetime
    ) -> None:
        self._connection = connection
        self._namespace = namespace
        self._meta = meta
        self._views = meta.space.views
        self._now = now

    def ids(self, keys: Iterable[str]) -> dict[str, int]:
        """Ids by key; unknown keys are left out."""
        rows = self._connection.execute(
            "SELECT key, id FROM remem.records WHERE namespace = %s AND key = ANY(%s)",
            [self._namespace, list(keys)],
        )
        return dict(rows.fetchall())

    def current_texts(self, ids: Iterable[int]) -> postings.Texts:
        """What the full-text index holds of these records, or should."""
        rows = self._connection.execute(
            """SELECT id FROM remem.records
                WHERE namespace = %s AND id = ANY(%s) AND superseded_by IS NULL""",
            [self._namespace, list(ids)],
        )
        return view_texts(self._connection, self._namespace, [row[0] for row in rows])

    def delete(self, keys: Sequence[str]) -> list[str]:
        """Remove records; the keys of those that there were, in the order of ``keys``."""
        rows = self._connection.execute(
            "DELETE FROM remem.records WHERE namespace = %s AND key = ANY(%s) RETURNING key, id",
            [self._namespace, list(keys)],
        )
        found: dict[str, int] = dict(rows.fetchall())
        self._drop_texts(found.values())
        self._drop_vectors(self._meta.generations, found.values())
        return [key for key in dict.fromkeys(keys) if key in found]

    def split(self, entries: Sequence[Entry]) -> tuple[list[Entry], list[str]]:
        """Entries that are new, and the keys of those that are stored already."""
        rows = self._connection.execute(
            "SELECT key, text FROM remem.records WHERE namespace = %s AND key = ANY(%s)",
            [self._namespace, [entry.record.key for entry in entries]],
        )
        return split(entries, {key: unescape(text) for key, text in rows})

    def add(self, entries: Sequence[Entry]) -> list[int]:
        """Store new records; their ids."""
        if not entries:
            return []
        rows = self._connection.execute(
            "SELECT nextval('remem.record_ids') FROM generate_series(1, %s)", [len(entries)]
        )
        ids = [row[0] for row in rows]
        now = to_micros(self._now)
        name = namespace_name(self._connection, self._namespace)
        copy_rows(
            self._connection,
            "remem.records",
            _RECORD_COLUMNS,
            (
                [
                    *[self._namespace, i, *escape_all(row)],
                    *[facets_of(entry.record.metadata), digest(name, row)],
                ]
                for i, entry in zip(ids, entries, strict=True)
                for row in [to_row(entry.record, now)]
            ),
        )
        live = [entry.record.superseded_by is None for entry in entries]
        self._put_views(ids, live, [entry.views for entry in entries])
        return ids

    def refresh(self, refresh: Mapping[str, Mapping[str, View]]) -> None:
        """Replace the views of records that there are."""
        rows = self._connection.execute(
            """SELECT key, id, superseded_by IS NULL FROM remem.records
                WHERE namespace = %s AND key = ANY(%s)""",
            [self._namespace, list(refresh)],
        ).fetchall()
        ids = [row[1] for row in rows]
        self._drop_texts(ids)
        # A reindex under way finds these missing and encodes their new texts.
        self._drop_vectors(self._meta.generations, ids)
        self._put_views(ids, [row[2] for row in rows], [refresh[row[0]] for row in rows])

    def supersede(self, successors: Mapping[str, str]) -> None:
        """Have records give way to their successors."""
        if not successors:
            return
        rows = self._connection.execute(
            f"""SELECT id, {SELECTED} FROM remem.records
                WHERE namespace = %s AND key = ANY(%s)""",
            [self._namespace, list(successors)],
        )
        now, changes = to_micros(self._now), list[tuple[Any, ...]]()
        for i, *row in rows:
            record = record_of(row)
            successor = successors[record.key]
            if record.superseded_by != successor:
                *values, _, name = row
                new = superseded(unescape_all(values), successor, now)
                mark = digest(unescape(name), new)
                changes.append((escape(successor), now, mark, self._namespace, i))
        with self._connection.cursor() as cursor:  # all on their way at once
            cursor.executemany(
                """UPDATE remem.records SET superseded_by = %s, valid_to = %s, digest = %s
                    WHERE namespace = %s AND id = %s""",
                changes,
            )
        ids = [change[-1] for change in changes]
        vectors.hide(
            self._connection, self._meta.generations, self._namespace, ids, len(self._views)
        )

    def _put_views(
        self, ids: Sequence[int], live: Sequence[bool], entries: Sequence[Mapping[str, View]]
    ) -> None:
        if not ids:
            return
        copy_rows(
            self._connection,
            "remem.texts",
            _TEXT_COLUMNS,
            (
                (
                    *(self._namespace, i, number, len(tokenize(view.text)), escape(view.text)),
                    digests.of_values(i, number, view.text),
                )
                for i, views in zip(ids, entries, strict=True)
                for number, view in enumerate(views[name] for name in self._views)
            ),
        )
        stacked = np.array([[views[name].vector for name in self._views] for views in entries])
        vectors.add(self._connection, self._meta.generation, self._namespace, ids, live, stacked)

    def _drop_texts(self, ids: Iterable[int]) -> None:
        self._connection.execute(
            "DELETE FROM remem.texts WHERE namespace = %s AND record = ANY(%s)",
            [self._namespace, list(ids)],
        )

    def _drop_vectors(self, generations: Iterable[int], ids: Iterable[int]) -> None:
        vectors.remove(self._connection, generations, self._namespace, list(ids), len(self._views))
