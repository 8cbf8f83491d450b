"""Facts about the store as a whole, and the heads of its namespaces."""

from __future__ import annotations

from typing import Any

from store.postgres.driver import Connection
from store.spaces import Meta, meta_of, to_json
from store.types import Space

__all__ = [
    "clear_next",
    "create_namespace",
    "lock_namespace",
    "namespace_id",
    "namespace_name",
    "namespaces",
    "read_meta",
    "write_next",
    "write_space",
]


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


def namespace_name(connection: Connection[Any], namespace: int) -> str:
    """The name of a namespace that there is."""
    row = connection.execute(
        "SELECT name FROM remem.namespaces WHERE id = %s", [namespace]
    ).fetchone()
    assert row is not None
    return str(row[0])


def create_namespace(connection: Connection[Any], name: str) -> int:
    """The number of a namespace, made if it is new, locked as ``lock_namespace`` does."""
    namespace = namespace_id(connection, name)
    if namespace is None:
        connection.execute(
            "INSERT INTO remem.namespaces (name) VALUES (%s) ON CONFLICT DO NOTHING", [name]
        )
        namespace = namespace_id(connection, name)
        assert namespace is not None
    lock_namespace(connection, namespace)
    return namespace


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
