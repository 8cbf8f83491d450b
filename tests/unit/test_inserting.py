"""Rows go into a table in groups, each of them once."""

from __future__ import annotations

import sqlite3

import pytest

from remem.store.embedded.database import insert


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 16_000, 40_000])
def test_every_row_is_inserted_once(count: int) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE pairs (number, name)")
    rows = [(number, f"n{number}") for number in range(count)]
    insert(connection, "INSERT INTO pairs", 2, [value for row in rows for value in row])
    assert connection.execute("SELECT * FROM pairs ORDER BY number").fetchall() == rows
    connection.close()
