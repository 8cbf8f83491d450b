"""Taking what a purge deleted out of the tables, their indexes and the statistics about them.

A deleted row stays in its page until VACUUM finds that no transaction can see it any more. One that
began before the row was deleted can; so can one that began while such a one was still going on.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from store.errors import StoreLocked, StoreReadOnly
from store.postgres.database import Database
from store.postgres.driver import Connection

__all__ = ["forget"]

_WAIT = 60.0
"""Seconds for which others may go on reading what was deleted."""

_PAUSE = 0.05

# What others do is hidden from most users; then they are assumed to look at rows. VACUUM does not.
_TRANSACTIONS = """
    SELECT virtualtransaction, format('the transaction of process %s (%s)', pid, usename)
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'virtualxid' AND datname = current_database() AND pid <> pg_backend_pid()
        AND (query = '<insufficient privilege>' OR coalesce(backend_xid, backend_xmin) IS NOT NULL)
        AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
    UNION ALL
    SELECT transaction::text, format('the prepared transaction %L', gid)
    FROM pg_prepared_xacts WHERE database = current_database()"""

_REPLICAS = """
    SELECT format('the replication slot %%L', slot_name)
    FROM pg_replication_slots WHERE age(xmin) > age(%(deleted)s::xid)
    UNION ALL
    SELECT format('the replica %%L', application_name)
    FROM pg_stat_replication WHERE age(backend_xmin) > age(%(deleted)s::xid)"""


def forget(database: Database) -> None:
    """Remove all that was deleted before this was called.

    Raises:
        StoreLocked: others went on reading what was deleted for too long.
        StoreReadOnly: the user may not VACUUM the tables.
    """
    _await_readers(database)
    for table in database.read(_tables):
        # FREEZE waits for pages that somebody is just reading; otherwise they would be passed over.
        # ANALYZE, because statistics quote rows.
        warnings = database.run(f"VACUUM (FREEZE, INDEX_CLEANUP ON, ANALYZE) {table}")
        if warnings:
            raise StoreReadOnly(
                f"what was deleted is no longer found, but stays in the files of {database.url} "
                f"({warnings[0]}): have the owner of the schema remem run VACUUM ANALYZE there"
            )


def _await_readers(database: Database) -> None:
    """Return when nobody can see what was deleted before."""
    give_up = time.monotonic() + _WAIT
    deleted = database.read(_next)
    for _ in ("those that began before", "those that began beside them"):
        began = set(database.read(_transactions))
        left = partial(_those_left, began=began, deleted=deleted)
        while readers := database.read(left):
            if time.monotonic() > give_up:
                raise StoreLocked(
                    "what was deleted is no longer found, but stays in the files of "
                    f"{database.url} while {readers[0]} can see it: run VACUUM ANALYZE there when "
                    "that has ended"
                )
            time.sleep(_PAUSE)


def _those_left(
    connection: Connection[Any], began: set[tuple[str, str]], deleted: str
) -> list[str]:
    """Transactions of these that still go on, and replicas that keep what was deleted."""
    now = _transactions(connection)
    return [one[1] for one in now if one in began] + _replicas(connection, deleted)


def _next(connection: Connection[Any]) -> str:
    """The number of the next transaction."""
    row = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::xid::text").fetchone()
    assert row is not None
    return str(row[0])


def _transactions(connection: Connection[Any]) -> list[tuple[str, str]]:
    """Which ones are going on, and what to call them."""
    return connection.execute(_TRANSACTIONS).fetchall()


def _replicas(connection: Connection[Any], deleted: str) -> list[str]:
    """Those for whose readers the server keeps what was deleted before a transaction."""
    return [name for (name,) in connection.execute(_REPLICAS, {"deleted": deleted})]


def _tables(connection: Connection[Any]) -> list[str]:
    """All tables that hold content."""
    rows = connection.execute(
        """SELECT oid::regclass::text FROM pg_class
            WHERE relnamespace = 'remem'::regnamespace AND relkind = 'r'"""
    )
    return [row[0] for row in rows]
