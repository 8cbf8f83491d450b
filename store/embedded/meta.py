"""Facts about the store as a whole: whose vectors it holds, and which generation is in use."""

from __future__ import annotations

import sqlite3

from store.spaces import Meta, meta_of, to_json
from store.types import Space

__all__ = ["Meta", "clear_next", "read_meta", "write_next", "write_space"]


def read_meta(connection: sqlite3.Connection) -> Meta:
    """Read the table, from within a transaction."""
    return meta_of(dict(connection.execute("SELECT name, value FROM meta")))


def write_space(connection: sqlite3.Connection, space: Space, generation: int) -> None:
    """Make ``generation`` the one in use."""
    _put(connection, "space", to_json(space))
    _put(connection, "generation", generation)


def write_next(connection: sqlite3.Connection, space: Space) -> None:
    """Say what the next generation is filled with."""
    _put(connection, "next_space", to_json(space))


def clear_next(connection: sqlite3.Connection) -> None:
    """Say that no generation is being filled."""
    connection.execute("DELETE FROM meta WHERE name = 'next_space'")


def _put(connection: sqlite3.Connection, name: str, value: str | int) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))
