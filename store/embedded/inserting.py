"""Many rows into a table of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain
from typing import Any

__all__ = ["insert"]

_PARAMETERS = 32_000
"""Values in one statement, at most: SQLite takes 32,766, unless it was built for more."""

_STEP = 8
"""Rows that are left go into statements so many times smaller: few different ones, which SQLite
prepares once, and few in all, because a thread lets go of the interpreter for each of them, and
has to wait for it when another thread is busy."""


def insert(connection: sqlite3.Connection, into: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of equal length.

    Args:
        into: The statement before its values, such as ``INSERT INTO texts``.
    """
    if not rows:
        return
    width = len(rows[0])
    row = f"({', '.join('?' * width)})"
    size, start = _PARAMETERS // width, 0
    while start < len(rows):
        while size > len(rows) - start:
            size = max(size // _STEP, 1)
        values = ", ".join([row] * size)
        group = rows[start : start + size]
        connection.execute(f"{into} VALUES {values}", list(chain.from_iterable(group)))
        start += size
