"""Digests of what a database held before records had them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from store import digests, rows
from store.postgres.copying import digest_of_halves
from store.postgres.driver import Connection
from store.postgres.texts import unescape, unescape_all

__all__ = ["add_digests"]

_PAGE = 1000
"""Rows whose digests are written at a time: memory does not grow with the database."""


def add_digests(connection: Connection[Any]) -> None:
    """Compute the digests of all records, texts and vectors, as they are by now."""
    columns = rows.COLUMNS.replace("metadata", "metadata::text")
    name = "(SELECT name FROM remem.namespaces n WHERE n.id = namespace)"
    _fill(
        connection,
        "remem.records",
        "id",
        f"{name}, {columns}",
        lambda row: rows.digest(unescape(row[2]), unescape_all(row[3:])),
    )
    _fill(
        connection,
        "remem.texts",
        "record, view",
        "text",
        lambda row: digests.of_values(row[1], row[2], unescape(row[3])),
    )
    tables = connection.execute(
        """SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r'
            AND relnamespace = 'remem'::regnamespace AND starts_with(relname, 'vectors_')"""
    ).fetchall()
    for (table,) in tables:
        connection.execute(f"ALTER TABLE {table} ADD COLUMN digest bytea")
        _fill(
            connection,
            table,
            "record",
            "halfvec_send(vector)",
            lambda row: digest_of_halves(row[1], row[2]),
        )


def _fill(
    connection: Connection[Any],
    table: str,
    keys: str,
    columns: str,
    digest: Callable[[Sequence[Any]], bytes],
) -> None:
    keys = f"namespace, {keys}"
    width = len(keys.split(","))
    after: tuple[int, ...] = (-1,) * width
    marks = ", ".join(["%s"] * width)
    while page := connection.execute(
        f"SELECT {keys}, {columns} FROM {table} WHERE ({keys}) > ({marks}) "
        f"ORDER BY {keys} LIMIT {_PAGE}",
        after,
    ).fetchall():
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {table} SET digest = %s WHERE ({keys}) = ({marks})",
                [(digest(row), *row[:width]) for row in page],
            )
        after = page[-1][:width]
