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
from store.postgres.meta import Opened
from store.postgres.records import neighbors, record_of, rows_by_key, view_texts
from store.postgres.texts import escape, escape_all, unescape, unescape_all
from store.preconditions import check_expected, check_records, split
from store.rows import COLUMNS, digest, superseded, to_micros, to_row
from store.tokens import tokenize
from store.types import Batch, Entry, Neighborhood, Record, View, Written

__all__ = ["apply"]

# The metadata is JSON already; told that it is "json", psycopg would quote it as a string.
_KINDS = "text text int8 text text text int8 int4 int8 int8 text int8 text text text".split()
_TEXT, _SUPERSEDED_BY = (COLUMNS.split(", ").index(name) for name in ("text", "superseded_by"))
_RECORD_COLUMNS = [
    *[("namespace", "int4"), ("id", "int8")],
    *zip(COLUMNS.split(", "), _KINDS, strict=True),
    *[("facets", "jsonb"), ("digest", "bytea")],
]
_TEXT_COLUMNS = [
    *[("namespace", "int4"), ("record", "int8"), ("view", "int2")],
    *[("length", "int4"), ("text", "text"), ("digest", "bytea")],
]


def apply(connection: Connection[Any], opened: Opened, batch: Batch, now: datetime) -> Written:
    """Carry out a checked batch: delete, add, refresh, supersede; then the full text follows.

    Raises:
        Conflict: a key of ``batch.add`` is stored with another text.
        Stale: a neighbourhood or record reads differently than when the batch was planned.
    """
    writing = _Writing(connection, opened, now, _named(batch))
    check_expected(batch.expects, writing.neighbors)
    check_records(batch.expects_records, writing.records)
    if opened.meta.adopted is None:
        return Written()  # without a space there are no records, and nothing can be added
    writing.read_texts([*batch.delete, *batch.refresh, *batch.supersede])
    deleted = writing.delete(batch.delete)
    new, unchanged = split(batch.add, writing.texts_of([e.record.key for e in batch.add]))
    writing.add(new)
    writing.refresh(batch.refresh)
    writing.supersede(batch.supersede)
    writing.index()
    return Written(
        added=tuple(entry.record.key for entry in new),
        unchanged=tuple(unchanged),
        deleted=tuple(deleted),
        at=now,
    )


def _named(batch: Batch) -> list[str]:
    """The keys of all records that a batch has to do with."""
    added = (entry.record.key for entry in batch.add)
    keys = (*batch.expects_records, *batch.delete, *added, *batch.refresh, *batch.supersede)
    return list(dict.fromkeys(keys))


class _Writing:
    """The steps of one write. What is stored of the records that it names is read once, when it
    begins, and kept up to date from then on: nobody else writes to the namespace meanwhile."""

    def __init__(
        self, connection: Connection[Any], opened: Opened, now: datetime, keys: Sequence[str]
    ) -> None:
        self._connection = connection
        self._opened = opened
        self._namespace = opened.number
        self._meta = opened.meta
        self._now = now
        self._micros = to_micros(now)
        self._stored = rows_by_key(connection, opened.number, keys)
        self._indexed: postings.Texts = {}
        self._current: dict[tuple[int, int], str] = {}

    def neighbors(self, around: Neighborhood) -> list[Record]:
        """What a neighbourhood is like now."""
        span = around.source, around.first, around.last, around.radius
        return neighbors(self._connection, self._namespace, *span, self._micros)

    def records(self, keys: Sequence[str]) -> dict[str, Record]:
        """Stored records by key; unknown keys are left out."""
        return {key: record_of(self._stored[key][1]) for key in keys if key in self._stored}

    def texts_of(self, keys: Sequence[str]) -> dict[str, str]:
        """The texts of stored records, damaged ones too."""
        return {key: unescape(self._stored[key][1][_TEXT]) for key in keys if key in self._stored}

    def read_texts(self, keys: Sequence[str]) -> None:
        """Learn what the full-text index holds of the records that are to change."""
        ids = {self._stored[key][0] for key in keys if self._is_current(key)}
        if ids:
            self._indexed = view_texts(self._connection, self._namespace, list(ids))
            self._current.update(self._indexed)

    def delete(self, keys: Sequence[str]) -> list[str]:
        """Remove records; the keys of those that there were, in the order of ``keys``."""
        gone = {key: self._stored.pop(key)[0] for key in keys if key in self._stored}
        ids = list(gone.values())
        if ids:
            self._connection.execute(
                "DELETE FROM remem.records WHERE namespace = %s AND id = ANY(%s)",
                [self._namespace, ids],
            )
            self._drop_views(ids)
        return list(gone)

    def add(self, entries: Sequence[Entry]) -> None:
        """Store new records."""
        ids = self._opened.ids[: len(entries)]
        rows = [to_row(entry.record, self._micros) for entry in entries]
        marks = [digest(self._opened.name, row) for row in rows]
        escaped = [escape_all(row) for row in rows]
        copy_rows(
            self._connection,
            "remem.records",
            _RECORD_COLUMNS,
            (
                [self._namespace, i, *row, facets_of(entry.record.metadata), mark]
                for i, row, entry, mark in zip(ids, escaped, entries, marks, strict=True)
            ),
        )
        for i, row, entry, mark in zip(ids, escaped, entries, marks, strict=True):
            self._stored[entry.record.key] = i, (*row, mark, escape(self._opened.name))
        self._put_views({entry.record.key: entry.views for entry in entries})

    def refresh(self, refresh: Mapping[str, Mapping[str, View]]) -> None:
        """Replace the views of records that there are."""
        known = {key: views for key, views in refresh.items() if key in self._stored}
        # A reindex under way finds these missing and encodes their new texts.
        self._drop_views([self._stored[key][0] for key in known])
        self._put_views(known)

    def supersede(self, successors: Mapping[str, str]) -> None:
        """Have records give way to their successors."""
        changes = list[tuple[Any, ...]]()
        for key in successors:
            if key not in self._stored:
                continue
            i, row = self._stored[key]
            if record_of(row).superseded_by != successors[key]:
                *values, _, name = row
                new = superseded(unescape_all(values), successors[key], self._micros)
                mark = digest(unescape(name), new)
                changes.append((escape(successors[key]), self._micros, mark, self._namespace, i))
        if not changes:
            return
        with self._connection.cursor() as cursor:  # all on their way at once
            cursor.executemany(
                """UPDATE remem.records SET superseded_by = %s, valid_to = %s, digest = %s
                    WHERE namespace = %s AND id = %s""",
                changes,
            )
        ids = [change[-1] for change in changes]
        generations = self._meta.generations
        vectors.hide(self._connection, generations, self._namespace, ids, len(self._views))
        self._forget_texts(ids)

    def index(self) -> None:
        """Have the full-text index follow."""
        current = dict(sorted(self._current.items()))
        postings.follow(self._connection, self._namespace, self._indexed, current)

    @property
    def _views(self) -> Sequence[str]:
        return self._meta.space.views

    def _is_current(self, key: str) -> bool:
        return key in self._stored and self._stored[key][1][_SUPERSEDED_BY] is None

    def _put_views(self, entries: Mapping[str, Mapping[str, View]]) -> None:
        """Store the views of stored records that have none."""
        if not entries:
            return
        ids = [self._stored[key][0] for key in entries]
        live = [self._is_current(key) for key in entries]
        texts = {
            (i, number): views[name].text
            for i, views in zip(ids, entries.values(), strict=True)
            for number, name in enumerate(self._views)
        }
        copy_rows(
            self._connection,
            "remem.texts",
            _TEXT_COLUMNS,
            (
                (
                    *(self._namespace, i, number, len(tokenize(text)), escape(text)),
                    digests.of_values(i, number, text),
                )
                for (i, number), text in texts.items()
            ),
        )
        stacked = np.array([[v[name].vector for name in self._views] for v in entries.values()])
        vectors.add(self._connection, self._meta.generation, self._namespace, ids, live, stacked)
        current = {i for i, is_live in zip(ids, live, strict=True) if is_live}
        self._current.update((place, text) for place, text in texts.items() if place[0] in current)

    def _drop_views(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        self._connection.execute(
            "DELETE FROM remem.texts WHERE namespace = %s AND record = ANY(%s)",
            [self._namespace, list(ids)],
        )
        generations = self._meta.generations
        vectors.remove(self._connection, generations, self._namespace, ids, len(self._views))
        self._forget_texts(ids)

    def _forget_texts(self, ids: Iterable[int]) -> None:
        """Leave out of the full text what is deleted, superseded or about to be written again."""
        for place in [(i, number) for i in ids for number in range(len(self._views))]:
            self._current.pop(place, None)
