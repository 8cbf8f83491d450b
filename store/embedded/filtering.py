"""Filters to sets of record ids, resolved by SQLite's indexes before the top k.

Each condition is one scan of an index that yields ids; ``and``, ``or`` and ``not`` are boolean
operations on masks over the ids in question. No condition ever touches the records themselves.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from store.embedded.arrays import Ids, Mask
from store.embedded.records import fetch_ids
from store.errors import InvalidInput
from store.filters import COLUMNS, And, Exists, Filter, In, Not, Or, Range
from store.rows import to_micros

__all__ = ["Place", "evaluate", "fulfilling", "matching", "namespace_ids", "span"]

Place = tuple[str | bytes, int]
"""A source and a position in it."""

_MOST_VALUES = 30_000
"""SQLite takes 32,766 parameters a statement, unless it was built for more."""

_TIMES = ("said_at", "stored_at")
_POSITIONS = range(-(2**63), 2**63)


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


def matching(connection: sqlite3.Connection, namespace: int, where: Filter, ids: Ids) -> Mask:
    """Which of the ids belong to matching records.

    Args:
        ids: Ascending ids of the namespace, shape (n,).

    Returns:
        bool, shape (n,).
    """

    def leaf(condition: Filter) -> Mask:
        mask = np.zeros(len(ids), np.bool_)
        if len(ids):
            found = fulfilling(connection, namespace, condition)
            place = np.minimum(np.searchsorted(ids, found), len(ids) - 1)
            mask[place[ids[place] == found]] = True
        return mask

    return evaluate(where, len(ids), leaf)


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


def span(where: Filter | None) -> tuple[Place, Place]:
    """The first and the last place at which a matching record can stand, so that a scan need not
    read the whole namespace for one session, or for the end of one."""
    parts = where.parts if isinstance(where, And) else (where,)
    first, last = _bounds(parts, "source")
    low, high = _bounds(parts, "position") if first is not None and first == last else (None, None)
    # Behind all text SQLite sorts blobs, which only damage makes of a source.
    return (
        ("" if first is None else first, _POSITIONS[0] if low is None else low),
        (b"\xff" * 64 if last is None else last, _POSITIONS[-1] if high is None else high),
    )


def _bounds(parts: Sequence[Filter | None], field: str) -> tuple[Any, Any]:
    """The lowest and the highest value that all conditions on a field allow; None: any."""
    lows: list[Any] = []
    highs: list[Any] = []
    for part in parts:
        if isinstance(part, In) and part.field == field:
            lows.append(min(part.values, default=None))
            highs.append(max(part.values, default=None))
        elif isinstance(part, Range) and part.field == field:
            lows.append(part.low)
            highs.append(part.high)
    return (
        max((low for low in lows if low is not None), default=None),
        min((high for high in highs if high is not None), default=None),
    )


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
