"""Filters of LangGraph's stores: what they mean, and what of them a memory can look up. Pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from store import F, Filter, InvalidInput

__all__ = ["matches", "necessary"]

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def matches(value: Any, wanted: Any) -> bool:
    """Whether a value is what a filter asks for.

    Objects have at least the wanted fields, lists all the wanted items in their order, anything
    else is equal. An object of operators (``$eq``, ``$ne``, ``$gt``, ``$gte``, ``$lt``, ``$lte``)
    compares; numbers are ordered among numbers and strings among strings, nothing else is.

    Raises:
        InvalidInput: an unknown operator.
    """
    if isinstance(wanted, Mapping):
        if _compares(wanted):
            return all(_holds(value, name, operand) for name, operand in wanted.items())
        return isinstance(value, Mapping) and all(
            matches(value.get(name), part) for name, part in wanted.items()
        )
    if isinstance(wanted, (list, tuple)):
        return (
            isinstance(value, (list, tuple))
            and len(value) == len(wanted)
            and all(map(matches, value, wanted))
        )
    return bool(value == wanted)


def necessary(field: str, wanted: Mapping[str, Any]) -> Iterator[Filter]:
    """Conditions on metadata that every match fulfils; others may fulfil them too.

    Args:
        field: Where in a record the values are.
        wanted: Of their fields.
    """
    for name, condition in wanted.items():
        yield from _necessary(F(f"{field}.{name}"), condition)


def _necessary(field: F, wanted: Any) -> Iterator[Filter]:
    if _is_scalar(wanted):
        yield field == wanted
    elif isinstance(wanted, Mapping) and not _compares(wanted):
        yield from necessary(field.name, wanted)
    elif isinstance(wanted, Mapping):
        for name, operand in wanted.items():
            if name == "$eq":
                yield from _necessary(field, operand)
            elif name in ("$gt", "$gte") and _is_scalar(operand):
                yield field >= operand
            elif name in ("$lt", "$lte") and _is_scalar(operand):
                yield field <= operand


def _holds(value: Any, name: str, operand: Any) -> bool:
    if name == "$eq":
        return bool(value == operand)
    if name == "$ne":
        return bool(value != operand)
    if name not in _ORDER:
        known = ", ".join(["$eq", "$ne", *_ORDER])
        raise InvalidInput(f"a filter cannot compare with {name!r}; use {known}")
    comparable = all(isinstance(each, str) for each in (value, operand)) or all(
        isinstance(each, (int, float)) for each in (value, operand)
    )
    return comparable and _ORDER[name](value, operand)


def _compares(wanted: Mapping[str, Any]) -> bool:
    return any(name.startswith("$") for name in wanted)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, (int, float)) and math.isfinite(value))
