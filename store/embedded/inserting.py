"""Many rows into a table of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

__all__ = ["insert"]

_PARAMETERS = 32_000
"""Values in one statement, at most: SQLite takes 32,766, unless it was built for more. Rows that
are left go into statements of half the size, and so on: few different ones, which SQLite prepares
once, and few in all, because a thread lets go of the interpreter for each of them, and waits for it
up to 5 ms when another thread is busy."""


def insert(connection: sqlite3.Connection, into: str, width: int, values: Sequence[Any]) -> None:
    """Insert rows.

    Args:
        into: The statement before its values, such as ``INSERT INTO texts``.
        width: Values of a row.
        values: Those of one row after the other. Not a tuple a row: what waits in ten thousand
            tuples is looked through by the garbage collector again and again, which took a fifth
            of the time of filling a store.
    """
    row = f"({', '.join('?' * width)})"
    size, start = _PARAMETERS // width, 0
    while left := (len(values) - start) // width:
        while size > left:
            size //= 2
        end = start + size * width
        connection.execute(f"{into} VALUES {', '.join([row] * size)}", values[start:end])
        start = end
