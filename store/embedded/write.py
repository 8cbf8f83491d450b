"""Steps of one write inside its transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remem.store import digests
from remem.store.arrays import Halves
from remem.store.embedded import changes, records, schema
from remem.store.embedded.changes import Addition
from remem.store.embedded.database import Database, fetch, insert
from remem.store.engine import check_expected, check_records, split
from remem.store.errors import CorruptStore
from remem.store.filters import facets
from remem.store.reindex import Place, Texts, check_mine, check_views
from remem.store.rows import checked, digest, superseded, to_micros, to_row
from remem.store.types import Batch, Entry, Record, Space, Vector, View, Written


def apply(
    connection: sqlite3.Connection,
    namespace: int,
    batch: Batch,
    views: Sequence[str],
    generations: Sequence[int],
    now: datetime,
) -> tuple[Written, Addition | None]:
    """Carry out a checked batch: delete, add, refresh, supersede, and log what changed.

    Args:
        generations: The generation of vectors in use, then the one that a reindex is filling, if
            any: what is deleted or refreshed here must not survive there.

    Returns:
        What changed, and what was added as indexes take it, if anything was.

    Raises:
        Conflict: a key of ``batch.add`` is stored with another text.
        Stale: a neighbourhood or record reads differently than when the batch was planned.
    """
    micros = to_micros(now)

    def read_keys(keys: Sequence[str]) -> dict[str, Record]:
        found = records.load_by_key(connection, namespace, keys)
        return {key: record for key, (_, record) in found.items()}

    check_expected(
        batch.expects, lambda span: records.neighbors(connection, namespace, span, micros)
    )
    check_records(batch.expects_records, read_keys)
    deleted = _delete(connection, namespace, batch.delete, generations)
    new, unchanged = _split(connection, namespace, batch.add)
    ids, vectors = _add(connection, namespace, new, views, generations[0], now)
    refreshed = _refresh(connection, namespace, batch.refresh, views, generations)
    superseded = _supersede(connection, namespace, batch.supersede, now)
    changed = [*ids, *deleted.values(), *refreshed, *superseded]
    first = changes.append(connection, namespace, changed)
    written = Written(
        added=tuple(entry.record.key for entry in new),
        unchanged=tuple(unchanged),
        deleted=tuple(deleted),
        at=now,
    )
    if not new:
        return written, None
    current = [i for i, entry in enumerate(new) if entry.record.superseded_by is None]
    addition = Addition(
        namespace,
        generations[0],
        first,
        first + len(new) - 1,
        np.array(ids, np.int64)[current],
        vectors[current],
        {view: [new[i].views[view].text for i in current] for view in views},
    )
    return written, addition


def put_vectors(
    connection: sqlite3.Connection,
    generation: int,
    ids: Iterable[int],
    vectors: NDArray[np.float32],
) -> Halves:
    """Store the unit vectors of records, shape (n, views, dim), in half precision; return these."""
    halves = vectors.astype("<f2")
    size, whole = vectors[:1].size * halves.itemsize, halves.tobytes()
    each = (whole[start : start + size] for start in range(0, len(whole), max(size, 1)))
    values: list[Any] = []
    for i, data in zip(ids, each, strict=True):
        values += (i, data, digests.of_bytes(i, data))
    into = f"INSERT OR REPLACE INTO {schema.vectors_table(generation)} (record, data, digest)"
    insert(connection, into, 3, values)
    return halves


def _split(
    connection: sqlite3.Connection, namespace: int, entries: Sequence[Entry]
) -> tuple[list[Entry], list[str]]:
    found = records.load_by_key(connection, namespace, [entry.record.key for entry in entries])
    return split(entries, {key: record.text for key, (_, record) in found.items()})


def _add(
    connection: sqlite3.Connection,
    namespace: int,
    entries: Sequence[Entry],
    views: Sequence[str],
    generation: int,
    now: datetime,
) -> tuple[range, Halves]:
    if not entries:
        return range(0), np.empty((0, len(views), 0), np.float16)
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    first = 1 if row is None else row[0] + 1
    ids = range(first, first + len(entries))
    micros = to_micros(now)
    name = changes.name_of(connection, namespace)
    values: list[Any] = []
    for i, entry in zip(ids, entries, strict=True):
        values += (i, namespace, *(row := to_row(entry.record, micros)), digest(name, row))
    insert(connection, records.INSERT, records.WIDTH, values)
    _add_facets(connection, namespace, zip(ids, (entry.record for entry in entries), strict=True))
    vectors = _put_views(connection, ids, [entry.views for entry in entries], views, generation)
    return ids, vectors


def _put_views(
    connection: sqlite3.Connection,
    ids: Sequence[int],
    entries: Sequence[Mapping[str, View]],
    views: Sequence[str],
    generation: int,
) -> Halves:
    values: list[Any] = []
    for i, entry in zip(ids, entries, strict=True):
        for number, view in enumerate(views):
            row = i, number, entry[view].text
            values += (*row, digests.of_values(*row))
    insert(connection, "INSERT OR REPLACE INTO texts (record, view, text, digest)", 4, values)
    vectors = np.concatenate([entry[view].vector for entry in entries for view in views])
    return put_vectors(connection, generation, ids, vectors.reshape(len(entries), len(views), -1))


def _add_facets(
    connection: sqlite3.Connection, namespace: int, records: Iterable[tuple[int, Record]]
) -> None:
    values: list[Any] = []
    for i, record in records:
        if record.metadata:
            for field, value in facets(record.metadata):
                values += (namespace, field, value, i)
    insert(connection, "INSERT OR IGNORE INTO facets", 4, values)


def _delete(
    connection: sqlite3.Connection,
    namespace: int,
    keys: Sequence[str],
    generations: Sequence[int],
) -> dict[str, int]:
    if not keys:
        return {}
    stored = records.ids_of(connection, namespace, keys)
    _drop_facets(connection, namespace, list(stored.values()))
    ids = [(i,) for i in stored.values()]
    connection.executemany("DELETE FROM records WHERE id = ?", ids)
    connection.executemany("DELETE FROM texts WHERE record = ?", ids)
    _drop_vectors(connection, generations, ids)
    return {key: stored[key] for key in keys if key in stored}


def _drop_facets(connection: sqlite3.Connection, namespace: int, ids: Sequence[int]) -> None:
    names = records.Names(connection)
    rows = fetch(
        connection,
        f"SELECT {records.SELECTED}, id FROM records WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(ids),),
    )
    found = {row[-1]: records.found_in(row[:-1], names) for row in rows}
    whole = {i: record for i, record in found.items() if isinstance(record, Record)}
    connection.executemany(
        "DELETE FROM facets WHERE namespace = ? AND field = ? AND value = ? AND record = ?",
        (
            (namespace, field, value, i)
            for i, record in whole.items()
            for field, value in facets(record.metadata)
        ),
    )
    damaged = [(i,) for i in ids if i not in whole]  # nobody knows what their metadata was
    connection.executemany("DELETE FROM facets WHERE record = ?", damaged)


def _refresh(
    connection: sqlite3.Connection,
    namespace: int,
    refresh: Mapping[str, Mapping[str, View]],
    views: Sequence[str],
    generations: Sequence[int],
) -> list[int]:
    if not refresh:
        return []
    known = records.ids_of(connection, namespace, list(refresh))
    if known:
        ids = list(known.values())
        _put_views(connection, ids, [refresh[key] for key in known], views, generations[0])
        # A reindex under way finds these missing and encodes their new texts.
        _drop_vectors(connection, generations[1:], [(i,) for i in ids])
    return list(known.values())


def _supersede(
    connection: sqlite3.Connection, namespace: int, successors: Mapping[str, str], now: datetime
) -> list[int]:
    if not successors:
        return []
    known = records.ids_of(connection, namespace, list(successors))
    name = changes.name_of(connection, namespace)
    for key, i in known.items():
        [[*row, mark, _]] = fetch(
            connection, f"SELECT {records.SELECTED} FROM records WHERE id = ?", (i,)
        )
        if checked(name, row, mark).superseded_by != successors[key]:
            row = superseded(row, successors[key], to_micros(now))
            connection.execute(
                "UPDATE records SET superseded_by = ?, valid_to = ?, digest = ? WHERE id = ?",
                (successors[key], to_micros(now), digest(name, row), i),
            )
    return list(known.values())


def _drop_vectors(
    connection: sqlite3.Connection, generations: Sequence[int], ids: Sequence[tuple[int]]
) -> None:
    for generation, i in product(generations, ids):
        connection.execute(f"DELETE FROM {schema.vectors_table(generation)} WHERE record = ?", i)


# A generation of vectors on its way in SQLite; see ``remem.store.reindex``.


class EmbeddedFilling:
    """Keeps ``remem.store.reindex.Filling``. A place is the id of a record."""

    def __init__(self, database: Database, space: Space) -> None:
        self._database = database
        self._space = space
        with database.writing() as connection:
            meta = schema.read_meta(connection)
            check_views(meta, space)
            self._generation = meta.generation + 1
            if meta.next_space != space:  # otherwise go on where an interrupted reindex stopped
                schema.drop_vectors(connection, self._generation)
                schema.write_next(connection, space)
            schema.create_vectors(connection, self._generation)

    def counts(self) -> tuple[int, int]:
        with self._database.reading() as connection:
            done = connection.execute(
                f"SELECT count(*) FROM {schema.vectors_table(self._generation)}"
            )
            total = connection.execute("SELECT count(*) FROM records")
            return done.fetchone()[0], total.fetchone()[0]

    def missing(self, after: Place, limit: int) -> Texts:
        with self._database.reading() as connection:
            ids = self._missing(connection, after[0] if after else 0, limit)
            texts = dict(records.view_texts(connection, ids, len(self._space.views)))
        if lacking := [i for i in ids if i not in texts]:
            raise CorruptStore(f"record number {lacking[0]} lacks its texts; 'remem verify' tells")
        return {(i,): texts[i] for i in ids}

    def put(self, texts: Texts, vectors: Vector) -> int:
        ids = [i for (i,) in texts]
        with self._database.writing() as connection:
            check_mine(schema.read_meta(connection), self._space, self._generation)
            now = dict(records.view_texts(connection, ids, len(self._space.views)))
            same = [n for n, i in enumerate(ids) if now.get(i) == texts[i,]]
            put_vectors(connection, self._generation, np.array(ids)[same].tolist(), vectors[same])
        return len(same)

    def flip(self) -> bool:
        with self._database.writing() as connection:
            check_mine(schema.read_meta(connection), self._space, self._generation)
            if self._missing(connection, 0, 1):
                return False
            schema.write_space(connection, self._space, self._generation)
            schema.clear_next(connection)
            schema.drop_vectors(connection, self._generation - 1)
            connection.execute("DELETE FROM snapshots")
            return True

    def _missing(self, connection: sqlite3.Connection, after: int, limit: int) -> list[int]:
        rows = connection.execute(
            f"""SELECT r.id FROM records r
                LEFT JOIN {schema.vectors_table(self._generation)} v ON v.record = r.id
                WHERE v.record IS NULL AND r.id > ? ORDER BY r.id LIMIT ?""",
            (after, limit),
        )
        return [row[0] for row in rows]
