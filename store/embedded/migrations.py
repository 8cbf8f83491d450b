"""The tables of ``schema``, in numbered steps: what a new store goes through, and an older one from
where it stands."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlite_utils import Database, Migrations

from store.embedded.digesting import add_digests
from store.embedded.schema import FORMAT
from store.origins import origin_of

__all__ = ["bring_up", "migrations"]

migrations = Migrations("remem")


@migrations()
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


@migrations()
def m002_successors(db: Database) -> None:
    """Records by what superseded them. Older versions of remem keep the index up unawares."""
    _run(
        db,
        """CREATE INDEX records_by_successor ON records (namespace, superseded_by)
            WHERE superseded_by IS NOT NULL""",
    )


@migrations()
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


@migrations()
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


def bring_up(connection: sqlite3.Connection) -> None:
    """Take the steps that a database has not gone through yet."""
    migrations.apply(Database(connection))


def _run(db: Any, *statements: str) -> None:
    for statement in statements:
        db.execute(statement)
