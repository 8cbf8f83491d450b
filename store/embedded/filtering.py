"""Filters to sets of record ids, resolved by SQLite's indexes before the top k.

Each condition is one scan of an index that yields ids; ``and``, ``or`` and ``not`` are boolean
operations on masks over the ids in question. No condition ever touches the records themselves.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np

from store.embedded.index import Mask
from store.embedded.partition import Ids
from store.embedded.records import fetch_ids, to_micros
from store.errors import InvalidInput
from store.filters import COLUMNS, And, Exists, Filter, In, Not, Or, Range

__all__ = ["matching", "namespace_ids"]

_MOST_VALUES = 30_000
"""SQLite takes 32,766 parameters a statement, unless it was built for more."""

_TIMES = ("said_at", "stored_at")


def matching(connection: sqlite3.Connection, namespace: int, where: Filter, ids: Ids) -> Mask:
    """Which of the ids belong to matching records.

    Args:
        ids: Ascending ids of the namespace, shape (n,).

    Returns:
        bool, shape (n,).
    """
    if isinstance(where, And):
        parts = [matching(connection, namespace, part, ids) for part in where.parts]
        return np.logical_and.reduce(parts) if parts else np.ones(len(ids), np.bool_)
    if isinstance(where, Or):
        parts = [matching(connection, namespace, part, ids) for part in where.parts]
        return np.logical_or.reduce(parts) if parts else np.zeros(len(ids), np.bool_)
    if isinstance(where, Not):
        return ~matching(connection, namespace, where.part, ids)
    if isinstance(where, In) and len(where.values) > _MOST_VALUES:
        rest = In(where.field, where.values[_MOST_VALUES:])
        first = In(where.field, where.values[:_MOST_VALUES])
        return matching(connection, namespace, Or((first, rest)), ids)
    mask = np.zeros(len(ids), np.bool_)
    if len(ids):
        found = fetch_ids(connection, *_condition(namespace, where))
        place = np.minimum(np.searchsorted(ids, found), len(ids) - 1)
        mask[place[ids[place] == found]] = True
    return mask


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
