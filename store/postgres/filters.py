"""Filters to conditions on the table ``records``.

SQL's logic has three values and ours has two. A condition on a missing value is unknown, which a
WHERE treats as false; so only a negation has to say that it is the opposite of true.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from remem.store.errors import InvalidInput
from remem.store.filters import COLUMNS, And, Current, Exists, Filter, In, Not, Or, Range, facets
from remem.store.postgres.driver import escape
from remem.store.rows import to_micros

Condition = tuple[str, list[Any]]
"""SQL with placeholders, and what they stand for."""

_TIMES = ("said_at", "stored_at")
_METADATA = "metadata."


def condition(where: Filter | None) -> Condition:
    """The condition under which a row of ``records`` matches.

    Raises:
        InvalidInput: a filter of a kind that this store cannot translate.
    """
    if where is None:
        return "true", []
    if isinstance(where, And):
        return _joined(" AND ", where.parts, "true")
    if isinstance(where, Or):
        return _joined(" OR ", where.parts, "false")
    if isinstance(where, Not):
        sql, values = condition(where.part)
        return f"({sql}) IS NOT TRUE", values
    if isinstance(where, Current):
        now = to_micros(where.now)
        return "superseded_by IS NULL AND (expires_at IS NULL OR expires_at > %s)", [now]
    if not isinstance(where, (In, Range, Exists)):
        raise InvalidInput(f"{type(where).__name__} is no filter that this store can translate")
    return _on_column(where) if where.field in COLUMNS else _on_facet(where)


def facets_of(metadata: Mapping[str, Any]) -> dict[str, list[Any]] | None:
    """Values of metadata that conditions see: ``{field: [value, ...]}``; None if there are none."""
    found: dict[str, list[Any]] = {}
    for field, value in facets(metadata):
        found.setdefault(escape(field), []).append(_plain(value))
    return found or None


def _joined(operator: str, parts: Sequence[Filter], empty: str) -> Condition:
    conditions = [condition(part) for part in parts]
    if not conditions:
        return empty, []
    sql = operator.join(f"({sql})" for sql, _ in conditions)
    return sql, [value for _, values in conditions for value in values]


def _on_column(where: In | Range | Exists) -> Condition:
    column = where.field
    if isinstance(where, Exists):
        return f"{column} IS NOT NULL", []
    kind = "bigint" if column == "position" or column in _TIMES else "text"
    if isinstance(where, In):
        return f"{column} = ANY(%s::{kind}[])", [[_column(column, v) for v in where.values]]
    bounds = [(">=", where.low), ("<=", where.high)]
    given = [(operator, bound) for operator, bound in bounds if bound is not None]
    return (
        " AND ".join(f"{column} {operator} %s::{kind}" for operator, _ in given),
        [_column(column, bound) for _, bound in given],
    )


def _on_facet(where: In | Range | Exists) -> Condition:
    field = escape(where.field.removeprefix(_METADATA))
    if isinstance(where, Exists):
        return "facets ? %s", [field]
    if isinstance(where, In):
        wanted = [json.dumps({field: [_plain(value)]}) for value in where.values]
        return "facets @> ANY(%s::jsonb[])", [wanted]
    # A path compares numbers with numbers and strings, by code point, with strings.
    bounds = {"low": where.low, "high": where.high}
    given = {name: _plain(bound) for name, bound in bounds.items() if bound is not None}
    tests = {"low": "@ >= $low", "high": "@ <= $high"}
    path = f"$[*] ? ({' && '.join(tests[name] for name in given)})"
    return f"jsonb_path_exists(facets -> %s, '{path}', %s::jsonb)", [field, json.dumps(given)]


def _column(column: str, value: Any) -> Any:
    if column in _TIMES:
        return to_micros(value)
    return escape(value) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """A value as JSON that PostgreSQL compares as Python does."""
    if isinstance(value, str):
        return escape(value)
    # Large floats are written with an exponent, and rounded; integers are exact.
    return int(value) if isinstance(value, float) and value.is_integer() else value
