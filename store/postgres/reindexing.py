"""A generation of vectors on its way in PostgreSQL; see ``store.reindexing``."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np

from store.errors import CorruptStore
from store.postgres import indexes, vectors
from store.postgres.database import Database
from store.postgres.driver import Connection
from store.postgres.meta import clear_next, lock_namespace, read_meta, write_next, write_space
from store.postgres.records import whole_texts
from store.reindexing import Place, Texts, check_mine, check_views
from store.types import Space, Vector

__all__ = ["PostgresFilling"]


class PostgresFilling:
    """Keeps ``store.reindexing.Filling``. A place is (namespace, id of the record)."""

    def __init__(self, database: Database, space: Space) -> None:
        self._database = database
        self._space = space
        self._generation = database.alter(self._begin)
        self._table = vectors.table(self._generation, 0)

    def counts(self) -> tuple[int, int]:
        """See ``Filling.counts``."""

        def work(connection: Connection[Any]) -> tuple[int, int]:
            row = connection.execute(
                f"""SELECT (SELECT count(*) FROM {self._table}),
                    (SELECT count(*) FROM remem.records)"""
            ).fetchone()
            assert row is not None
            return row[0], row[1]

        return self._database.read(work)

    def missing(self, after: Place, limit: int) -> Texts:
        """See ``Filling.missing``."""

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
        """See ``Filling.put``."""
        rows = dict(zip(texts, vectors, strict=True))

        def work(connection: Connection[Any]) -> int:
            check_mine(read_meta(connection), self._space, self._generation)
            return sum(
                self._put(connection, namespace, [i for _, i in places], texts, rows)
                for namespace, places in groupby(texts, key=lambda place: place[0])
            )

        return self._database.write(work)

    def flip(self) -> bool:
        """See ``Filling.flip``."""
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
        views = range(len(self._space.views))
        found = whole_texts(connection, namespace, ids)
        try:
            return {i: [found[i, view] for view in views] for i in ids}
        except KeyError as lacking:
            raise CorruptStore(
                f"record number {lacking.args[0][0]} lacks its texts; 'remem verify' tells"
            ) from None

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
