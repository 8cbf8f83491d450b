"""Digests of what a store held before records had them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from store import digests, rows
from store.embedded.fetching import fetch

__all__ = ["add_digests"]

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
