"""Filters to sets of record ids, resolved by SQLite's indexes before the top k.

Each condition is one scan of an index that yields ids; ``and``, ``or`` and ``not`` are operations
on sets of ids, or on masks over the rows of a partition. No condition touches the records.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import numpy as np

from remem.store.arrays import Ids, Mask
from remem.store.embedded.records import fetch_ids
from remem.store.errors import InvalidInput
from remem.store.filters import COLUMNS, And, Exists, Filter, In, Not, Or, Range
from remem.store.rows import to_micros

FEW = 500
"""Records that are looked up one by one, rather than to read a condition's whole index."""

_MOST_VALUES = 30_000
"""SQLite takes 32,766 parameters a statement, unless it was built for more."""

_TIMES = ("said_at", "stored_at")


def evaluate(where: Filter, count: int, leaf: Callable[[Filter], Mask]) -> Mask:
    """Put together what a filter's conditions say. Pure.

    Args:
        count: How many records are in question.
        leaf: Which of them fulfil one condition, shape (count,).

    Returns:
        bool, shape (count,).
    """
    if isinstance(where, And):
        parts = [evaluate(part, count, leaf) for part in where.parts]
        return np.logical_and.reduce(parts) if parts else np.ones(count, np.bool_)
    if isinstance(where, Or):
        parts = [evaluate(part, count, leaf) for part in where.parts]
        return np.logical_or.reduce(parts) if parts else np.zeros(count, np.bool_)
    if isinstance(where, Not):
        return ~evaluate(where.part, count, leaf)
    return leaf(where)


def chosen(
    connection: sqlite3.Connection, namespace: int, where: Filter, among: Ids | None = None
) -> Ids:
    """The ids of the records that match, ascending.

    Args:
        among: Ids of the namespace, ascending, if only these are in question.
    """
    if isinstance(where, And):
        for part in where.parts:
            among = chosen(connection, namespace, part, among)
        return namespace_ids(connection, namespace) if among is None else among
    if isinstance(where, Or):
        parts = [chosen(connection, namespace, part, among) for part in where.parts]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
    if isinstance(where, Not):
        all_of_them = namespace_ids(connection, namespace) if among is None else among
        no = chosen(connection, namespace, where.part, among)
        return np.setdiff1d(all_of_them, no, assume_unique=True)
    few = among if among is not None and len(among) <= FEW else None
    found = np.unique(fulfilling(connection, namespace, where, few))
    return found if among is None or few is not None else np.intersect1d(found, among, True)


def fulfilling(
    connection: sqlite3.Connection, namespace: int, condition: Filter, among: Ids | None = None
) -> Ids:
    """The ids of the records that fulfil a condition, ascending.

    Args:
        condition: No ``and``, ``or`` or ``not``.
        among: Ask about these only, if given; each is looked up.
    """
    if isinstance(condition, In) and len(condition.values) > _MOST_VALUES:
        parts = (condition.values[:_MOST_VALUES], condition.values[_MOST_VALUES:])
        return np.union1d(
            *(fulfilling(connection, namespace, In(condition.field, part), among) for part in parts)
        )
    sql, arguments = _condition(namespace, condition)
    if among is not None:
        sql += " AND id IN (SELECT value FROM json_each(?))"
        arguments.append(json.dumps(among.tolist()))
    return fetch_ids(connection, sql, arguments)


def namespace_ids(connection: sqlite3.Connection, namespace: int) -> Ids:
    """All ids of a namespace, ascending."""
    return fetch_ids(connection, "SELECT id FROM records WHERE namespace = ?", [namespace])


def _condition(namespace: int, where: Filter) -> tuple[str, list[Any]]:
    if not isinstance(where, (In, Range, Exists)):
        raise InvalidInput(f"{type(where).__name__} is no filter that this store can translate")
    if where.field in COLUMNS:
        test, arguments = _test(where, where.field)
        return f"SELECT id FROM records WHERE namespace = ? AND {test}", [namespace, *arguments]
    test, arguments = _test(where, "value")
    field = where.field.removeprefix("metadata.")
    return (
        f"SELECT record AS id FROM facets WHERE namespace = ? AND field = ? AND {test}",
        [namespace, field, *arguments],
    )


def _test(where: In | Range | Exists, column: str) -> tuple[str, list[Any]]:
    if isinstance(where, Exists):
        return f"{column} IS NOT NULL", []
    if isinstance(where, In):
        values = [_value(where.field, value) for value in where.values]
        return f"{column} IN ({', '.join('?' * len(values))})", values
    bounds = [
        (operator, _value(where.field, bound))
        for operator, bound in ((">=", where.low), ("<=", where.high))
        if bound is not None
    ]
    tests = [f"{column} {operator} ?" for operator, _ in bounds]
    # SQLite orders every number before every string; ours are not comparable.
    kinds = "('text')" if isinstance(bounds[0][1], str) else "('integer', 'real')"
    tests.append(f"typeof({column}) IN {kinds}")
    return " AND ".join(tests), [bound for _, bound in bounds]


def _value(field: str, value: Any) -> Any:
    return to_micros(value) if field in _TIMES else value
