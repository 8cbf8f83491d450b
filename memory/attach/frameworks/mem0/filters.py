"""Filters in the form of mem0, as filters of a memory. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import and_, or_
from typing import Any

from store import F, Filter, InvalidInput
from store.filters import And, Or

__all__ = ["parsed"]

_OPERATORS: Mapping[str, Callable[[F, Any], Filter]] = {
    "eq": lambda field, value: field == value,
    "ne": lambda field, value: field != value,
    "in": lambda field, values: field.in_(values),
    "nin": lambda field, values: ~field.in_(values),
    "gte": lambda field, value: field >= value,
    "lte": lambda field, value: field <= value,
    # A value that is no number and no string is neither greater nor less.
    "gt": lambda field, value: (field >= value) & (field != value),
    "lt": lambda field, value: (field <= value) & (field != value),
}

_OWN = {"role": "role", "actor_id": "speaker"}
"""What mem0 keeps in the metadata and remem in a field of the record."""


def parsed(filters: Mapping[str, Any]) -> Filter:
    """A filter from mem0's form: ``{"topic": "tea", "year": {"gte": 2024}}``, with the operators
    eq, ne, in, nin, gt, gte, lt and lte, ``"*"`` for any value, and AND, OR and NOT of lists.

    Raises:
        InvalidInput: an operator that remem does not have, or a value that cannot be compared.
    """
    return reduce(and_, (_parsed(name, value) for name, value in filters.items()), And(()))


def _parsed(name: str, value: Any) -> Filter:
    if name in ("AND", "OR", "NOT"):
        if not isinstance(value, list) or not all(isinstance(part, Mapping) for part in value):
            raise InvalidInput(f"{name} takes a list of filters")
        parts = [parsed(part) for part in value]
        if name == "AND":
            return reduce(and_, parts, And(()))
        anyone = reduce(or_, parts, Or(()))
        return anyone if name == "OR" else ~anyone
    field = F(_OWN.get(name, f"metadata.{name}"))
    if isinstance(value, Mapping):
        return reduce(and_, (_compared(field, op, each) for op, each in value.items()), And(()))
    if isinstance(value, list):
        return field.in_(value)
    return field.exists() if value == "*" else field == value


def _compared(field: F, name: str, value: Any) -> Filter:
    if name not in _OPERATORS:
        raise InvalidInput(f"remem cannot filter with {name!r}; use {', '.join(_OPERATORS)}")
    return _OPERATORS[name](field, value)
