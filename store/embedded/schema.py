"""The tables. This docstring is the byte format; ``migrations`` makes them.

``meta``        facts about the store: ``format``; ``identity``, 32 random hexadecimal digits; once
                adopted, ``space`` (JSON: fingerprint, dimensions, views and, where the application
                says it, the encoder's name) and the ``generation`` of vectors in use; during a
                reindex, ``next_space``, which generation + 1 is filled with.
``namespaces``  ``seq``: newest change; ``trimmed``: changes up to here are gone from the log;
                ``purged``: newest change that was a purge.
``purges``      namespaces (by id) whose files may still hold traces of what a purge deleted, with
                the change that it was.
``records``     the truth. Times are microseconds since 1970 UTC; ``said_offset`` is the UTC offset
                in seconds that ``said_at`` was given with; ``metadata`` is JSON; ``origin`` is
                NULL where nobody knows it.
``facets``      (field, value) pairs of the metadata: the index that filters use.
``texts``       the text of each view of a record, by position of the view in the space.
``vectors_G``   generation G: for each record, the unit vectors of all views, one after the other,
                little-endian float16.
``digest``      in these three: what tells damage (``store.digests``), of the namespace's name and
                ``store.rows`` in ``records``, of (record, view, text) in ``texts``.
``changes``     the log that derived indexes follow: which record changed, in commit order.
``snapshots``   the newest saved index of a namespace: file, the change it is at, SHA-256.
"""

from __future__ import annotations

import sqlite3

from store.errors import CorruptStore

__all__ = ["FORMAT", "STEPS", "create_vectors", "drop_vectors", "migrate", "vectors_table"]

FORMAT = 2
"""Raised by a change that older versions of remem cannot read, or would not keep up."""

STEPS = frozenset({"m001_records", "m002_successors", "m003_origin", "m004_digest"})
"""Names of the migrations, written out so that a store can be opened without loading them."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to this version.

    Raises:
        CorruptStore: the store is of a future format, or no remem store at all.
    """
    tables = {
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    if tables and "meta" not in tables:
        raise CorruptStore("the file holds a database of another program; choose another folder")
    if tables:
        row = connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
        found = row[0] if row else None
        if not isinstance(found, int):
            raise CorruptStore(
                "the store does not say which format it has: restore a backup or an export"
            )
        if found > FORMAT:
            raise CorruptStore(
                f"the store has format {found} and this remem knows up to {FORMAT}: "
                "upgrade with pip install --upgrade remem"
            )
    if "_sqlite_migrations" not in tables or not _has_all(connection):
        # These import sqlite_utils, which imports pandas where it is installed: for most of a
        # second, that is longer than a question takes.
        from store.embedded.migrations import bring_up

        bring_up(connection)


def _has_all(connection: sqlite3.Connection) -> bool:
    applied = "SELECT name FROM _sqlite_migrations WHERE migration_set = 'remem'"
    return {name for (name,) in connection.execute(applied)} >= STEPS


def vectors_table(generation: int) -> str:
    """Name of the table that holds a generation of vectors."""
    return f"vectors_{generation:d}"


def create_vectors(connection: sqlite3.Connection, generation: int) -> None:
    """Make the table of a generation, unless a reindex that was interrupted made it already."""
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {vectors_table(generation)} "
        "(record INTEGER PRIMARY KEY, data BLOB NOT NULL, digest BLOB)"
    )


def drop_vectors(connection: sqlite3.Connection, generation: int) -> None:
    """Remove a generation."""
    connection.execute(f"DROP TABLE IF EXISTS {vectors_table(generation)}")
