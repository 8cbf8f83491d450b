"""The tables. This docstring is the byte format; the steps m001 to m005 make them.

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
``digest``      in these three: what tells damage (``remem.store.digests``), of the namespace's name
                and ``remem.store.rows`` in ``records``, of (record, view, text) in ``texts``.
``changes``     the log that derived indexes follow: which record changed, in commit order.
``snapshots``   the newest saved index of a namespace: file, the change it is at, SHA-256.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from remem.store import digests, rows
from remem.store.embedded.database import fetch
from remem.store.errors import CorruptStore
from remem.store.spaces import Meta, meta_of, to_json
from remem.store.types import Space, origin_of

if TYPE_CHECKING:
    from sqlite_utils import Database

FORMAT = 2
"""Raised by a change that older versions of remem cannot read, or would not keep up."""


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
        _bring_up(connection)


def _has_all(connection: sqlite3.Connection) -> bool:
    applied = "SELECT name FROM _sqlite_migrations WHERE migration_set = 'remem'"
    return {name for (name,) in connection.execute(applied)} >= {step.__name__ for step in _STEPS}


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


# The tables, in numbered steps: a new store goes through all, an older one from where it stands.


def m001_records(db: Database) -> None:
    """Records and everything that follows them."""
    _run(
        db,
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID",
        "INSERT INTO meta VALUES ('format', 1)",
        """CREATE TABLE namespaces (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,
            seq INTEGER NOT NULL DEFAULT 0, trimmed INTEGER NOT NULL DEFAULT 0,
            purged INTEGER NOT NULL DEFAULT 0)""",
        "CREATE TABLE purges (namespace INTEGER PRIMARY KEY, seq INTEGER NOT NULL)",
        # AUTOINCREMENT: an id is never used twice, so a derived index cannot mistake a new record
        # for the deleted one that had its id.
        """CREATE TABLE records (
            id INTEGER PRIMARY KEY AUTOINCREMENT, namespace INTEGER NOT NULL, key TEXT NOT NULL,
            source TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, role TEXT,
            speaker TEXT, said_at INTEGER, said_offset INTEGER, stored_at INTEGER NOT NULL,
            expires_at INTEGER, superseded_by TEXT, valid_to INTEGER, metadata TEXT,
            text TEXT NOT NULL)""",
        "CREATE UNIQUE INDEX records_by_key ON records (namespace, key)",
        "CREATE INDEX records_by_place ON records (namespace, source, position, key)",
        "CREATE INDEX records_by_time ON records (namespace, said_at, speaker, role, kind)",
        """CREATE INDEX records_expiring ON records (namespace, expires_at)
            WHERE expires_at IS NOT NULL""",
        """CREATE TABLE facets (
            namespace INTEGER NOT NULL, field TEXT NOT NULL, value, record INTEGER NOT NULL,
            PRIMARY KEY (namespace, field, value, record)) WITHOUT ROWID""",
        """CREATE TABLE texts (
            record INTEGER NOT NULL, view INTEGER NOT NULL, text TEXT NOT NULL,
            PRIMARY KEY (record, view)) WITHOUT ROWID""",
        """CREATE TABLE changes (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, namespace INTEGER NOT NULL,
            record INTEGER NOT NULL)""",
        "CREATE INDEX changes_by_namespace ON changes (namespace, seq)",
        """CREATE TABLE snapshots (
            namespace INTEGER PRIMARY KEY, file TEXT NOT NULL, seq INTEGER NOT NULL,
            digest TEXT NOT NULL)""",
    )


def m002_successors(db: Database) -> None:
    """Records by what superseded them. Older versions of remem keep the index up unawares."""
    _run(
        db,
        """CREATE INDEX records_by_successor ON records (namespace, superseded_by)
            WHERE superseded_by IS NOT NULL""",
    )


def m003_origin(db: Database) -> None:
    """The origin of records, by rule for those that were stored before anybody told it."""
    db.conn.create_function("origin_of", 2, origin_of, deterministic=True)
    _run(
        db,
        "ALTER TABLE records ADD COLUMN origin TEXT",
        "UPDATE records SET origin = origin_of(kind, role)",
        "DROP INDEX records_by_time",
        "CREATE INDEX records_by_time ON records (namespace, said_at, speaker, role, kind, origin)",
        # An older version would store records without an origin.
        f"UPDATE meta SET value = {FORMAT} WHERE name = 'format'",
    )


def m004_digest(db: Database) -> None:
    """Digests of what is there. Older versions of remem would write records without them."""
    _run(
        db,
        "ALTER TABLE records ADD COLUMN digest BLOB",
        "ALTER TABLE texts ADD COLUMN digest BLOB",
        *(
            f"ALTER TABLE {name} ADD COLUMN digest BLOB"
            for name in db.table_names()
            if name.startswith("vectors_")
        ),
    )
    add_digests(db.conn)
    _run(
        db,
        "INSERT INTO meta VALUES ('identity', lower(hex(randomblob(16))))",
        f"UPDATE meta SET value = {FORMAT} WHERE name = 'format'",
    )


def m005_speakers(db: Database) -> None:
    """Records by who said them and when. Older versions of remem keep the index up unawares."""
    _run(
        db,
        """CREATE INDEX records_by_speaker ON records (namespace, speaker, said_at)
            WHERE superseded_by IS NULL""",
    )


_STEPS = (m001_records, m002_successors, m003_origin, m004_digest, m005_speakers)


def _bring_up(connection: sqlite3.Connection) -> None:
    """Take the steps that a database has not gone through yet."""
    # It imports pandas where that is installed: for most of a second, longer than a question takes.
    from sqlite_utils import Database, Migrations

    migrations = Migrations("remem")
    for step in _STEPS:
        migrations()(step)
    migrations.apply(Database(connection))


def _run(db: Any, *statements: str) -> None:
    for statement in statements:
        db.execute(statement)


# Digests of what a store held before records had them.
_PAGE = 1000
"""Rows whose digests are written at a time: memory does not grow with the store."""


def add_digests(connection: sqlite3.Connection) -> None:
    """Compute the digests of all records, texts and vectors, as they are by now.

    What no store writes gets none, and counts as damaged from then on.
    """
    name = "(SELECT name FROM namespaces n WHERE n.id = namespace)"
    _fill(connection, "records", ("id",), f"{name}, {rows.COLUMNS}", digests.of_values)
    _fill(connection, "texts", ("record", "view"), "record, view, text", digests.of_values)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'vectors_*'")
    for (table,) in tables.fetchall():
        _fill(connection, table, ("record",), "record, data", digests.of_bytes)


def _fill(
    connection: sqlite3.Connection,
    table: str,
    keys: Sequence[str],
    columns: str,
    digest: Callable[..., bytes],
) -> None:
    width, key = len(keys), ", ".join(keys)
    place: Sequence[Any] = (-1,) * width
    marks = ", ".join("?" * width)
    while page := fetch(
        connection,
        f"SELECT {key}, {columns} FROM {table} WHERE ({key}) > ({marks}) ORDER BY {key} LIMIT ?",
        (*place, _PAGE),
    ):
        connection.executemany(
            f"UPDATE {table} SET digest = ? WHERE ({key}) = ({marks})",
            ((_digest(digest, row[width:]), *row[:width]) for row in page),
        )
        place = page[-1][:width]


def _digest(digest: Callable[..., bytes], values: Sequence[Any]) -> bytes | None:
    try:
        return digest(*values)
    except (TypeError, UnicodeEncodeError):
        return None


# Facts about the store as a whole: whose vectors it holds, and which generation is in use.


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
