"""Facts about the store as a whole, and the heads of its namespaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from store.postgres.driver import Connection
from store.spaces import Meta, meta_of, to_json
from store.types import Space

__all__ = [
    "META",
    "Opened",
    "clear_next",
    "lock_namespace",
    "namespace_id",
    "namespaces",
    "open_namespace",
    "read_meta",
    "write_next",
    "write_space",
]


META = "(SELECT coalesce(json_object_agg(name, value), '{}') FROM remem.meta)"
"""What the table ``meta`` says, as SQL that gives what ``meta_of`` takes."""


def read_meta(connection: Connection[Any]) -> Meta:
    """What the table ``meta`` says."""
    return meta_of(dict(connection.execute("SELECT name, value FROM remem.meta").fetchall()))


def write_space(connection: Connection[Any], space: Space, generation: int) -> None:
    """Make ``generation`` the one in use."""
    _put(connection, "space", to_json(space))
    _put(connection, "generation", str(generation))


def write_next(connection: Connection[Any], space: Space) -> None:
    """Say what the next generation is filled with."""
    _put(connection, "next_space", to_json(space))


def clear_next(connection: Connection[Any]) -> None:
    """Say that no generation is being filled."""
    connection.execute("DELETE FROM remem.meta WHERE name = 'next_space'")


def namespace_id(connection: Connection[Any], name: str) -> int | None:
    """The number of a namespace; None if it is unknown."""
    row = connection.execute("SELECT id FROM remem.namespaces WHERE name = %s", [name]).fetchone()
    return row and int(row[0])


@dataclass(frozen=True, slots=True)
class Opened:
    """A namespace that a writer has for itself.

    Attributes:
        number: Of the namespace.
        ids: Of records to come, ascending; nobody else has them.
    """

    number: int
    name: str
    meta: Meta
    ids: Sequence[int]


def open_namespace(connection: Connection[Any], name: str, coming: int) -> Opened:
    """A namespace, made if it is new, locked until the transaction ends.

    Args:
        coming: How many records may be added to it.
    """
    while True:
        row = connection.execute(
            f"""SELECT id, {META},
                    ARRAY(SELECT nextval('remem.record_ids') FROM generate_series(1, %s))
                FROM remem.namespaces WHERE name = %s FOR UPDATE""",
            [coming, name],
        ).fetchone()
        if row is not None:
            return Opened(row[0], name, meta_of(row[1]), row[2])
        connection.execute(
            "INSERT INTO remem.namespaces (name) VALUES (%s) ON CONFLICT DO NOTHING", [name]
        )


def namespaces(connection: Connection[Any]) -> list[tuple[str, int]]:
    """Names, sorted, and numbers of all namespaces that hold records."""
    rows = connection.execute(
        """SELECT name, id FROM remem.namespaces n
            WHERE EXISTS (SELECT FROM remem.records WHERE namespace = n.id) ORDER BY name"""
    )
    return rows.fetchall()


def lock_namespace(connection: Connection[Any], namespace: int) -> None:
    """Keep all other writers out of a namespace until the transaction ends."""
    connection.execute("SELECT FROM remem.namespaces WHERE id = %s FOR UPDATE", [namespace])


def _put(connection: Connection[Any], name: str, value: str) -> None:
    connection.execute(
        "INSERT INTO remem.meta VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET "
        "value = excluded.value",
        [name, value],
    )
