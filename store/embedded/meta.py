"""Facts about the store as a whole: whose vectors it holds, and which generation is in use."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from store.spaces import from_json, to_json
from store.types import Space

__all__ = ["Meta", "clear_next", "read_meta", "write_next", "write_space"]


@dataclass(frozen=True, slots=True)
class Meta:
    """What the ``meta`` table says.

    Attributes:
        generation: Of the vectors in use; 0 until a space was adopted.
        next_space: The space that a reindex under way is filling generation + 1 with.
    """

    generation: int
    adopted: Space | None
    next_space: Space | None

    @property
    def space(self) -> Space:
        """The space in use. Records can only be there after one was adopted."""
        assert self.adopted is not None
        return self.adopted

    @property
    def generations(self) -> tuple[int, ...]:
        """The generation in use, then the one being filled, if any."""
        return (self.generation,) + ((self.generation + 1,) if self.next_space else ())


def read_meta(connection: sqlite3.Connection) -> Meta:
    """Read the table, from within a transaction."""
    facts = dict(connection.execute("SELECT name, value FROM meta"))
    return Meta(
        generation=facts.get("generation", 0),
        adopted=from_json(facts.get("space")),
        next_space=from_json(facts.get("next_space")),
    )


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
