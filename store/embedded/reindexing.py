"""A generation of vectors on its way in SQLite; see ``store.reindexing``."""

from __future__ import annotations

import sqlite3

import numpy as np

from store.embedded import records
from store.embedded.database import Database
from store.embedded.meta import clear_next, read_meta, write_next, write_space
from store.embedded.schema import create_vectors, drop_vectors, vectors_table
from store.embedded.writing import put_vectors
from store.errors import CorruptStore
from store.reindexing import Place, Texts, check_mine, check_views
from store.types import Space, Vector

__all__ = ["EmbeddedFilling"]


class EmbeddedFilling:
    """Keeps ``store.reindexing.Filling``. A place is the id of a record."""

    def __init__(self, database: Database, space: Space) -> None:
        self._database = database
        self._space = space
        with database.writing() as connection:
            meta = read_meta(connection)
            check_views(meta, space)
            self._generation = meta.generation + 1
            if meta.next_space != space:  # otherwise go on where an interrupted reindex stopped
                drop_vectors(connection, self._generation)
                write_next(connection, space)
            create_vectors(connection, self._generation)

    def counts(self) -> tuple[int, int]:
        """See ``Filling.counts``."""
        with self._database.reading() as connection:
            done = connection.execute(f"SELECT count(*) FROM {vectors_table(self._generation)}")
            total = connection.execute("SELECT count(*) FROM records")
            return done.fetchone()[0], total.fetchone()[0]

    def missing(self, after: Place, limit: int) -> Texts:
        """See ``Filling.missing``."""
        with self._database.reading() as connection:
            ids = self._missing(connection, after[0] if after else 0, limit)
            texts = dict(records.view_texts(connection, ids, len(self._space.views)))
        if lacking := [i for i in ids if i not in texts]:
            raise CorruptStore(f"record number {lacking[0]} lacks its texts; 'remem verify' tells")
        return {(i,): texts[i] for i in ids}

    def put(self, texts: Texts, vectors: Vector) -> int:
        """See ``Filling.put``."""
        ids = [i for (i,) in texts]
        with self._database.writing() as connection:
            check_mine(read_meta(connection), self._space, self._generation)
            now = dict(records.view_texts(connection, ids, len(self._space.views)))
            same = [n for n, i in enumerate(ids) if now.get(i) == texts[i,]]
            put_vectors(connection, self._generation, np.array(ids)[same].tolist(), vectors[same])
        return len(same)

    def flip(self) -> bool:
        """See ``Filling.flip``."""
        with self._database.writing() as connection:
            check_mine(read_meta(connection), self._space, self._generation)
            if self._missing(connection, 0, 1):
                return False
            write_space(connection, self._space, self._generation)
            clear_next(connection)
            drop_vectors(connection, self._generation - 1)
            connection.execute("DELETE FROM snapshots")
            return True

    def _missing(self, connection: sqlite3.Connection, after: int, limit: int) -> list[int]:
        rows = connection.execute(
            f"""SELECT r.id FROM records r
                LEFT JOIN {vectors_table(self._generation)} v ON v.record = r.id
                WHERE v.record IS NULL AND r.id > ? ORDER BY r.id LIMIT ?""",
            (after, limit),
        )
        return [row[0] for row in rows]
