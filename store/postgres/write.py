"""Steps of one write inside its transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from remem.store import digests
from remem.store.engine import check_expected, check_records, split
from remem.store.errors import CorruptStore, StoreLocked, StoreReadOnly
from remem.store.fulltext.vocabulary import Vocabulary
from remem.store.postgres import indexes, postings, vectors
from remem.store.postgres.database import Database
from remem.store.postgres.driver import (
    Connection,
    Opened,
    clear_next,
    copy_rows,
    escape,
    escape_all,
    lock_namespace,
    read_meta,
    unescape,
    unescape_all,
    write_next,
    write_space,
)
from remem.store.postgres.filters import facets_of
from remem.store.postgres.records import neighbors, record_of, rows_by_key, view_texts, whole_texts
from remem.store.reindex import Place, Texts, check_mine, check_views
from remem.store.rows import COLUMNS, digest, superseded, to_micros, to_row
from remem.store.types import Batch, Entry, Record, Space, Span, Vector, View, Written

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
        self._words = Vocabulary()
        self._indexed: postings.Texts = {}
        self._current: dict[tuple[int, int], str] = {}

    def neighbors(self, span: Span) -> list[Record]:
        """Records of a span as it is now."""
        return neighbors(self._connection, self._namespace, span, self._micros)

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
        vectors.change(
            self._connection, vectors.HIDE, generations, self._namespace, ids, len(self._views)
        )
        self._forget_texts(ids)

    def index(self) -> None:
        """Have the full-text index follow."""
        current = dict(sorted(self._current.items()))
        postings.follow(self._connection, self._namespace, self._indexed, current, self._words)

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
        lengths = self._words.encode(list(texts.values()))[1].tolist()
        copy_rows(
            self._connection,
            "remem.texts",
            _TEXT_COLUMNS,
            (
                (*(self._namespace, *place, length, escape(text)), digests.of_values(*place, text))
                for (place, text), length in zip(texts.items(), lengths, strict=True)
            ),
        )
        names = self._views
        flat = np.concatenate([v[name].vector for v in entries.values() for name in names])
        stacked = flat.reshape(len(entries), len(names), -1)
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
        vectors.change(
            self._connection, vectors.REMOVE, generations, self._namespace, ids, len(self._views)
        )
        self._forget_texts(ids)

    def _forget_texts(self, ids: Iterable[int]) -> None:
        """Leave out of the full text what is deleted, superseded or about to be written again."""
        for place in [(i, number) for i in ids for number in range(len(self._views))]:
            self._current.pop(place, None)


# Taking what a purge deleted out of the tables, their indexes and the statistics about them.
#
# A deleted row stays in its page until VACUUM finds that no transaction can see it any more. One
# that began before the row was deleted can; so can one that began while such a one was still
# going on.
_WAIT = 60.0
"""Seconds for which others may go on reading what was deleted."""

_PAUSE = 0.05

# What others do is hidden from most users; then they are assumed to look at rows. VACUUM does not.
_TRANSACTIONS = """
    SELECT virtualtransaction, format('the transaction of process %s (%s)', pid, usename)
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'virtualxid' AND datname = current_database() AND pid <> pg_backend_pid()
        AND (query = '<insufficient privilege>' OR coalesce(backend_xid, backend_xmin) IS NOT NULL)
        AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
    UNION ALL
    SELECT transaction::text, format('the prepared transaction %L', gid)
    FROM pg_prepared_xacts WHERE database = current_database()"""

_REPLICAS = """
    SELECT format('the replication slot %%L', slot_name)
    FROM pg_replication_slots WHERE age(xmin) > age(%(deleted)s::xid)
    UNION ALL
    SELECT format('the replica %%L', application_name)
    FROM pg_stat_replication WHERE age(backend_xmin) > age(%(deleted)s::xid)"""


def forget(database: Database) -> None:
    """Remove all that was deleted before this was called.

    Raises:
        StoreLocked: others went on reading what was deleted for too long.
        StoreReadOnly: the user may not VACUUM the tables.
    """
    _await_readers(database)
    for table in database.read(_tables):
        # FREEZE waits for pages that somebody is just reading; otherwise they would be passed over.
        # ANALYZE, because statistics quote rows.
        warnings = database.run(f"VACUUM (FREEZE, INDEX_CLEANUP ON, ANALYZE) {table}")
        if warnings:
            raise StoreReadOnly(
                f"what was deleted is no longer found, but stays in the files of {database.url} "
                f"({warnings[0]}): have the owner of the schema remem run VACUUM ANALYZE there"
            )


def _await_readers(database: Database) -> None:
    """Return when nobody can see what was deleted before."""
    give_up = time.monotonic() + _WAIT
    deleted = database.read(_next)
    for _ in range(2):  # transactions that began before now, then those that began during these
        began = set(database.read(_transactions))
        left = partial(_those_left, began=began, deleted=deleted)
        while readers := database.read(left):
            if time.monotonic() > give_up:
                raise StoreLocked(
                    "what was deleted is no longer found, but stays in the files of "
                    f"{database.url} while {readers[0]} can see it: run VACUUM ANALYZE there when "
                    "that has ended"
                )
            time.sleep(_PAUSE)


def _those_left(
    connection: Connection[Any], began: set[tuple[str, str]], deleted: str
) -> list[str]:
    """Transactions of these that still go on, and replicas that keep what was deleted."""
    now = _transactions(connection)
    return [one[1] for one in now if one in began] + _replicas(connection, deleted)


def _next(connection: Connection[Any]) -> str:
    """The number of the next transaction."""
    row = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text").fetchone()
    assert row is not None
    return str(row[0])


def _transactions(connection: Connection[Any]) -> list[tuple[str, str]]:
    """Transactions that are going on, each with a name for people."""
    return connection.execute(_TRANSACTIONS).fetchall()


def _replicas(connection: Connection[Any], deleted: str) -> list[str]:
    """Those for whose readers the server keeps what was deleted before a transaction."""
    return [name for (name,) in connection.execute(_REPLICAS, {"deleted": deleted})]


def _tables(connection: Connection[Any]) -> list[str]:
    """All tables that hold content."""
    rows = connection.execute(
        """SELECT oid::regclass::text FROM pg_class
            WHERE relnamespace = 'remem'::regnamespace AND relkind = 'r'"""
    )
    return [row[0] for row in rows]


# A generation of vectors on its way in PostgreSQL; see ``remem.store.reindex``.


class PostgresFilling:
    """Keeps ``remem.store.reindex.Filling``. A place is (namespace, id of the record)."""

    def __init__(self, database: Database, space: Space) -> None:
        self._database = database
        self._space = space
        self._generation = database.alter(self._begin)
        self._table = vectors.table(self._generation, 0)

    def counts(self) -> tuple[int, int]:

        def work(connection: Connection[Any]) -> tuple[int, int]:
            row = connection.execute(
                f"""SELECT (SELECT count(*) FROM {self._table}),
                    (SELECT count(*) FROM remem.records)"""
            ).fetchone()
            assert row is not None
            return row[0], row[1]

        return self._database.read(work)

    def missing(self, after: Place, limit: int) -> Texts:

        def work(connection: Connection[Any]) -> Texts:
            return {
                (namespace, i): texts
                for namespace, places in groupby(
                    self._missing(connection, after, limit), key=lambda place: place[0]
                )
                for i, texts in self._texts(connection, namespace, [i for _, i in places]).items()
            }

        return self._database.read(work)

    def put(self, texts: Texts, vectors: Vector) -> int:
        rows = dict(zip(texts, vectors, strict=True))

        def work(connection: Connection[Any]) -> int:
            check_mine(read_meta(connection), self._space, self._generation)
            return sum(
                self._put(connection, namespace, [i for _, i in places], texts, rows)
                for namespace, places in groupby(texts, key=lambda place: place[0])
            )

        return self._database.write(work)

    def flip(self) -> bool:
        self._build_indexes()

        def work(connection: Connection[Any]) -> bool:
            check_mine(read_meta(connection), self._space, self._generation)
            if self._missing(connection, (), 1):
                return False
            write_space(connection, self._space, self._generation)
            clear_next(connection)
            vectors.drop(connection, self._generation - 1, len(self._space.views))
            return True

        return self._database.alter(work)

    def _begin(self, connection: Connection[Any]) -> int:
        meta = read_meta(connection)
        check_views(meta, self._space)
        generation = meta.generation + 1
        if meta.next_space != self._space:  # otherwise go on where an interrupted one stopped
            vectors.drop(connection, generation, len(self._space.views))
            write_next(connection, self._space)
        vectors.create(connection, generation, self._space)
        return generation

    def _missing(
        self, connection: Connection[Any], after: Place, limit: int
    ) -> list[tuple[int, int]]:
        rows = connection.execute(
            f"""SELECT namespace, id FROM remem.records r
                WHERE (namespace, id) > (%s, %s) AND NOT EXISTS (
                    SELECT FROM {self._table} v
                    WHERE v.namespace = r.namespace AND v.record = r.id)
                ORDER BY namespace, id LIMIT %s""",
            [*(after or (0, 0)), limit],
        )
        return rows.fetchall()

    def _texts(
        self, connection: Connection[Any], namespace: int, ids: list[int]
    ) -> dict[int, list[str]]:
        found = whole_texts(connection, namespace, ids, len(self._space.views))
        if lacking := [i for i in ids if i not in found]:
            raise CorruptStore(f"record number {lacking[0]} lacks its texts; 'remem verify' tells")
        return {i: found[i] for i in ids}

    def _put(
        self,
        connection: Connection[Any],
        namespace: int,
        ids: list[int],
        texts: Texts,
        rows: dict[Place, Vector],
    ) -> int:
        lock_namespace(connection, namespace)
        found = connection.execute(
            f"""SELECT id, superseded_by IS NULL FROM remem.records r
                WHERE namespace = %s AND id = ANY(%s) AND NOT EXISTS (
                    SELECT FROM {self._table} v
                    WHERE v.namespace = r.namespace AND v.record = r.id)""",
            [namespace, ids],
        ).fetchall()
        now = self._texts(connection, namespace, [i for i, _ in found])
        same = [(i, live) for i, live in found if now[i] == texts[namespace, i]]
        if same:
            vectors.add(
                connection,
                self._generation,
                namespace,
                [i for i, _ in same],
                [live for _, live in same],
                np.array([rows[namespace, i] for i, _ in same]),
            )
        return len(same)

    def _build_indexes(self) -> None:
        """Have what had an index have one again, before the searches move over."""

        def work(connection: Connection[Any]) -> list[indexes.Place]:
            return indexes.all_indexed(connection, self._generation - 1)

        for place in self._database.read(work):
            indexes.build(self._database, replace(place, generation=self._generation))
