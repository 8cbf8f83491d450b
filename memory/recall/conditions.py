"""The conditions of a filter that a record fails, in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from store import Filter, Record, facets
from store.filters import COLUMNS, And, Exists, In, Not, Or, Range, Scalar

__all__ = ["failing", "in_words", "without_failing"]

_PREFIX = "metadata."


def failing(where: Filter, record: Record) -> list[Filter]:
    """The parts of a filter that leave a record out, each of which would do so alone."""
    if where.matches(record):
        return []
    if isinstance(where, And):
        return [each for part in where.parts for each in failing(part, record)]
    return [where]


def without_failing(where: Filter, record: Record) -> Filter | None:
    """The filter without what leaves a record out; None: nothing remains of it."""
    if isinstance(where, And):
        parts = (without_failing(part, record) for part in where.parts)
        left = tuple(part for part in parts if part is not None)
        return And(left) if left else None
    return where if where.matches(record) else None


def in_words(condition: Filter, record: Record) -> str:
    """A condition that a record fails, and what the record has instead."""
    field = _only_field(condition)
    return _said(condition) if field is None else f"{_said(condition)} ({_held(record, field)})"


def _said(condition: Filter) -> str:
    match condition:
        case And(parts):
            return " and ".join(map(_grouped, parts)) or "anything"
        case Or(parts):
            return " or ".join(map(_grouped, parts)) or "nothing"
        case Not(In(field, (value,))):
            return f"{field} is not {_value(value)}"
        case Not(Exists(field)):
            return f"{field} has no value"
        case Not(part):
            return f"not ({_said(part)})"
        case In(field, (value,)):
            return f"{field} is {_value(value)}"
        case In(field, values):
            return f"{field} is one of {_listed(values)}"
        case Range(field, low, None):
            return f"{field} is at least {_value(low)}"
        case Range(field, None, high):
            return f"{field} is at most {_value(high)}"
        case Range(field, low, high):
            return f"{field} is from {_value(low)} to {_value(high)}"
        case Exists(field):
            return f"{field} has a value"
    return str(condition)


def _grouped(part: Filter) -> str:
    return f"({_said(part)})" if isinstance(part, (And, Or)) else _said(part)


def _only_field(condition: Filter) -> str | None:
    """The one field that a condition is about; None: it is made of several conditions."""
    if isinstance(condition, Not):
        return _only_field(condition.part)
    return condition.field if isinstance(condition, (In, Range, Exists)) else None


def _held(record: Record, field: str) -> str:
    if field in COLUMNS:
        value = getattr(record, field)
        return "it has none" if value is None else f"it has {_value(value)}"
    name = field.removeprefix(_PREFIX)
    values = [value for each, value in facets(record.metadata) if each == name]
    return f"it has {_listed(values)}" if values else "it has none"


def _listed(values: Iterable[Scalar]) -> str:
    return ", ".join(map(_value, values)) or "nothing"


def _value(value: Scalar | None) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)
