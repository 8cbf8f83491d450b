"""A filter as an expression of Milvus, which means exactly what ``Filter.matches`` says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from store.filters import And, Current, Exists, Filter, In, Not, Or, Range
from store.milvus import facets
from store.milvus.expressions import ALL, NONE, all_of, any_of, contains, one_of, quoted
from store.rows import to_micros
from store.types import Record

__all__ = ["FOREVER", "NEVER", "current", "expression", "label"]

NEVER = -(2**62)
"""Stands in the column of a time that a record has not: before all times."""

FOREVER = 2**62
"""Stands for the expiry of a record that does not expire."""

Candidates = Callable[[str], Sequence[tuple[str, Record]]]
"""Expression -> primary keys and records for which it is true."""

_TIMES = ("said_at", "stored_at")
_LABELS = ("role", "speaker", "origin")
_SMALLEST = -(2**63)
_PREFIX = "metadata."


def label(value: str | None) -> str:
    """A label as its column has it: no label differs from an empty one."""
    return "" if value is None else "=" + value


def expression(where: Filter, candidates: Candidates) -> str:
    """The expression for a filter.

    Args:
        candidates: Asked for the few records whose metadata the engine cannot judge by itself;
            they are judged here and named in the expression.
    """
    if isinstance(where, And):
        return all_of(expression(part, candidates) for part in where.parts)
    if isinstance(where, Or):
        return any_of(expression(part, candidates) for part in where.parts)
    if isinstance(where, Not):
        # No part is ever neither true nor false: see _between.
        return f"(not {expression(where.part, candidates)})"
    if isinstance(where, Current):
        return current(to_micros(where.now))
    assert isinstance(where, (In, Range, Exists))
    if not where.field.startswith(_PREFIX):
        return f"({_of_column(where)})"
    return any_of(_of_metadata(where, where.field.removeprefix(_PREFIX), candidates))


def current(now: int) -> str:
    """True of what is neither superseded nor expired at a time in microseconds."""
    return all_of(["superseded == false", f"expires_at > {now}"])


def _of_column(where: In | Range | Exists) -> str:
    field = where.field
    if isinstance(where, Exists):
        if field in _TIMES:
            return f"{field} > {NEVER}"
        return f'{field} != ""' if field in _LABELS else ALL
    if isinstance(where, In):
        return _among(field, [_plain(field, value) for value in where.values])
    return _within(field, _plain(field, where.low), _plain(field, where.high))


def _plain(field: str, value: object) -> str | int | None:
    """A value as its column has it."""
    if isinstance(value, datetime):
        return to_micros(value)
    if isinstance(value, str):
        return label(value) if field in _LABELS else value
    return None if value is None else int(value)  # type: ignore[call-overload]


def _among(field: str, values: Sequence[str | int | None]) -> str:
    texts = [value for value in values if isinstance(value, str)]
    numbers = [value for value in values if isinstance(value, int)]
    if _SMALLEST in numbers:  # its digits do not fit without the sign
        others = [number for number in numbers if number != _SMALLEST]
        return any_of([f"{field} < {_SMALLEST + 1}", one_of(field, others)])
    return one_of(field, texts or numbers)


def _within(field: str, low: str | int | None, high: str | int | None) -> str:
    parts = []
    if field in _TIMES and low is None:
        low = NEVER + 1
    if field in _LABELS and low is None:
        low = label("")
    if low is not None and low != _SMALLEST:
        parts.append(f"{field} >= {_literal(low)}")
    if high is not None:
        least = high == _SMALLEST
        parts.append(f"{field} < {_SMALLEST + 1}" if least else f"{field} <= {_literal(high)}")
    return all_of(parts)


def _literal(value: str | int) -> str:
    return quoted(value) if isinstance(value, str) else str(value)


def _of_metadata(where: In | Range | Exists, field: str, candidates: Candidates) -> list[str]:
    """Alternatives: what the engine can judge, and the records that were judged here."""
    odd = [facets.ODD]
    if isinstance(where, Exists):
        judged = contains("facets", [facets.has(field)])
    elif isinstance(where, In):
        values = [facets.sortable(value) for value in where.values]  # type: ignore[arg-type]
        judged = contains("facets", [facets.holds(field, value) for value in values])
    else:
        judged = _between(where, field)
        # A list, or a string too long for ``ranges``.
        several = contains("facets", [facets.has(field)])
        odd_ones = f"{several} and not {contains('facets', [facets.has_one(field)])}"
        return [judged, _matching(where, any_of([f"({odd_ones})", _any(odd)]), candidates)]
    return [judged, _matching(where, _any(odd), candidates)]


def _any(numbers: Sequence[int]) -> str:
    return contains("facets", numbers)


def _between(where: Range, field: str) -> str:
    # Comparing a missing value is neither true nor false in some engines, and neither is its
    # negation; asking first whether there is a value decides it.
    column = f'ranges["{facets.name(field)}"]'
    kind = "s" if isinstance(where.low if where.low is not None else where.high, str) else "n"
    low = kind if where.low is None else facets.sortable(where.low)  # type: ignore[arg-type]
    if where.high is None:
        last = f"{column} < {quoted(chr(ord(kind) + 1))}"
    else:
        last = f"{column} <= {quoted(facets.sortable(where.high))}"  # type: ignore[arg-type]
    there = contains("facets", [facets.has_one(field)])
    return f"({there} and {column} >= {quoted(low)} and {last})"


def _matching(where: Filter, odd: str, candidates: Candidates) -> str:
    keys = [key for key, record in candidates(odd) if where.matches(record)]
    return one_of("pk", keys) if keys else NONE
