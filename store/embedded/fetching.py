"""Rows of SQLite, also where damage made bytes of a text that are no UTF-8."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["fetch"]


def fetch(
    connection: sqlite3.Connection, sql: str, arguments: Sequence[Any] | Mapping[str, Any] = ()
) -> list[Any]:
    """All rows; in text that is not UTF-8 any more, each such byte is half a surrogate."""
    try:
        return connection.execute(sql, arguments).fetchall()
    except sqlite3.OperationalError as error:
        if "decode" not in str(error):
            raise
    connection.text_factory = lambda data: data.decode(errors="surrogateescape")
    try:
        return connection.execute(sql, arguments).fetchall()
    finally:
        connection.text_factory = str
