"""The vectors: one table for each generation and view, exact and approximate search in it.

A namespace is searched exactly, through the primary key, until it is large; then it has an index of
its own in each table (see ``remem.store.postgres.indexes``), so that none ever looks at another's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remem.store.postgres.driver import Connection, Cursor, copy_vectors, digest_of_halves, halves
from remem.store.postgres.filters import Condition
from remem.store.types import Space, Vector

MOST_DIMENSIONS = 16_000
"""Of a halfvec."""

Scored = list[tuple[int, float]]
"""Ids of records and their scores."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The records that a search may return.

    Attributes:
        ids: Only these, when a filter leaves few; else None.
        condition: On ``records``, when a filter leaves many; else None.
        expired: Records that have expired and are not superseded.
    """

    ids: list[int] | None
    condition: Condition | None
    expired: list[int]


def table(generation: int, view: int) -> str:
    """Name of the table of a generation of a view."""
    return f"remem.vectors_{generation:d}_{view:d}"


def create(connection: Connection[Any], generation: int, space: Space) -> None:
    """Make the tables of a generation, unless an interrupted reindex made them already."""
    for view in range(len(space.views)):
        connection.execute(
            f"""CREATE TABLE IF NOT EXISTS {table(generation, view)} (
                namespace integer NOT NULL, record bigint NOT NULL, live boolean NOT NULL,
                vector halfvec({space.dim:d}) NOT NULL, digest bytea,
                PRIMARY KEY (namespace, record))"""
        )


def drop(connection: Connection[Any], generation: int, views: int) -> None:
    """Remove a generation."""
    for view in range(views):
        connection.execute(f"DROP TABLE IF EXISTS {table(generation, view)}")


def add(
    connection: Connection[Any],
    generation: int,
    namespace: int,
    ids: Sequence[int],
    live: Sequence[bool],
    vectors: NDArray[np.float32],
) -> None:
    """Store vectors, shape (records, views, dim), of records that have none."""
    if ids:
        for view in range(vectors.shape[1]):
            place = table(generation, view)
            copy_vectors(connection, place, namespace, ids, np.array(live), vectors[:, view])


REMOVE = "DELETE FROM {table}"
HIDE = "UPDATE {table} SET live = false"
"""Keeps vectors from being found."""


def change(
    connection: Connection[Any],
    statement: str,
    generations: Iterable[int],
    namespace: int,
    ids: Sequence[int],
    views: int,
) -> None:
    """Remove or hide the vectors of records.

    Args:
        statement: ``REMOVE`` or ``HIDE``.
    """
    if ids:
        for place in (table(g, v) for g in generations for v in range(views)):
            connection.execute(
                f"{statement.format(table=place)} WHERE namespace = %s AND record = ANY(%s)",
                [namespace, list(ids)],
            )


def load(
    connection: Connection[Any], generation: int, namespace: int, ids: Sequence[int], space: Space
) -> dict[int, list[Vector]]:
    """Vectors in the order of the views, by id; of records whose vectors are all as written."""
    found: dict[int, list[Vector]] = {}
    for view in range(len(space.views)):
        rows = connection.cursor(binary=True).execute(
            f"""SELECT record, halfvec_send(vector), digest FROM {table(generation, view)}
                WHERE namespace = %s AND record = ANY(%s)""",
            [namespace, list(ids)],
        )
        whole = [(i, sent) for i, sent, mark in rows if mark == digest_of_halves(i, sent)]
        vectors = halves([sent for _, sent in whole], space.dim)
        for (i, _), vector in zip(whole, vectors, strict=True):
            found.setdefault(i, []).append(vector)
    return {i: vectors for i, vectors in found.items() if len(vectors) == len(space.views)}


@dataclass(frozen=True, slots=True)
class Nearest:
    """A question for the k nearest records, in a table of vectors: rows of ``Scored``."""

    connection: Connection[Any]
    place: str
    namespace: int
    vector: Vector
    k: int
    allowed: Allowed

    def exact(self) -> Cursor[Any]:
        """Compare with all; what ties with the last of them comes too."""
        sql, values = _restricted(self.namespace, self.allowed)
        # Ordered by the score and not by the distance: an index has nothing to offer then.
        return self.connection.cursor(binary=True).execute(
            f"""SELECT v.record, -(v.vector <#> %s::halfvec) AS score FROM {self.place} v
                WHERE v.namespace = {self.namespace:d} AND v.live AND {sql}
                ORDER BY score DESC FETCH FIRST (%s) ROWS WITH TIES""",
            [_literal(self.vector), *values, self.k],
        )

    def approximate(self, searched: int) -> Cursor[Any]:
        """Ask the index of the namespace, which may miss some.

        Args:
            searched: How many of the index's lists to look into. Where a condition leaves too few
                of what they hold, the search goes on in others.
        """
        sql, values = _restricted(self.namespace, self.allowed)
        self.connection.execute(
            """SELECT set_config('ivfflat.probes', %s, true),
                set_config('ivfflat.iterative_scan', 'relaxed_order', true),
                set_config('enable_sort', 'off', true)""",
            [str(searched)],
        )
        asked = _literal(self.vector)
        return self.connection.cursor(binary=True).execute(
            f"""SELECT v.record, -(v.vector <#> %s::halfvec) FROM {self.place} v
                WHERE v.namespace = {self.namespace:d} AND v.live AND {sql}
                ORDER BY v.vector <#> %s::halfvec LIMIT %s""",
            [asked, *values, asked, self.k],
        )


def _restricted(namespace: int, allowed: Allowed) -> Condition:
    """The condition under which a vector belongs to an allowed record."""
    if allowed.ids is not None:
        return "v.record = ANY(%s)", [allowed.ids]
    sql, values = "true", list[Any]()
    if allowed.condition is not None:
        # OFFSET 0 keeps the planner from turning this into a join: what it is good for is to
        # look at the few records that an index yields.
        sql = f"""EXISTS (SELECT FROM remem.records r WHERE r.namespace = {namespace:d}
            AND r.id = v.record AND ({allowed.condition[0]}) OFFSET 0)"""
        values = allowed.condition[1]
    if allowed.expired:
        sql, values = f"{sql} AND v.record <> ALL(%s)", [*values, allowed.expired]
    return sql, values


def _literal(vector: Vector) -> str:
    return f"[{','.join(map('{:.6g}'.format, vector.tolist()))}]"
