"""What the engine needs to know of a record's metadata to filter on it, in types it compares well.

Milvus compares JSON values by rules of its own: integers beyond 2^53 lose digits, a missing field
is neither true nor false, no range looks into a list. So a record carries instead, in ``facets``,
numbers that stand for (field, value), for exact conditions; and in ``ranges``, for each field with
one value, that value as a string which sorts as the value does.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from store import filters
from store.milvus.schema import MOST_ITEMS

__all__ = ["ODD", "Facets", "facets_of", "has", "has_one", "holds", "is_plain", "name", "sortable"]

_LONGEST_VALUE = 256  # characters of a string that is kept for ranges
_MOST_RANGES = 100  # fields; their JSON must stay below 64 KB


@dataclass(frozen=True, slots=True)
class Facets:
    """The columns ``facets`` and ``ranges`` of a record."""

    numbers: list[int]
    ranges: dict[str, str]


def facets_of(metadata: Mapping[str, Any]) -> Facets:
    """Both columns for some metadata.

    Metadata that fits neither is marked ``ODD``: what it matches is found out by looking at it.
    """
    values: dict[str, dict[str, None]] = {}
    for field, value in filters.facets(metadata):
        values.setdefault(field, {})[sortable(value)] = None
    numbers = {has(field) for field in values}
    numbers.update(holds(field, value) for field in values for value in values[field])
    ranges = {}
    for field, several in values.items():
        [first, *others] = several
        if not others and len(first) <= _LONGEST_VALUE:
            ranges[name(field)] = first
            numbers.add(has_one(field))
    if len(numbers) > MOST_ITEMS or len(ranges) > _MOST_RANGES:
        return Facets([ODD], {})
    return Facets(sorted(numbers), ranges)


def is_plain(numbers: Collection[int], ranges: Collection[str]) -> bool:
    """Whether the engine can judge every condition on a record with these columns: each of its
    fields has one value, and so three numbers and a range."""
    return len(numbers) == 3 * len(ranges)


def sortable(value: str | int | float) -> str:
    """A string that sorts among others of its type as the value does, exactly."""
    if isinstance(value, str):
        return "s" + value
    if value == 0:
        return "n1"
    mantissa, exponent = _binary(abs(value))
    if value > 0:
        return f"n2{exponent + 2000:04}{mantissa:016x}"
    return f"n0{7999 - exponent:04}{2**64 - 1 - mantissa:016x}"


def has(field: str) -> int:
    """Stands for: the field has a value."""
    return _number([field])


def has_one(field: str) -> int:
    """Stands for: the field has one value, which is in ``ranges``."""
    return _number([field, "", 1])


def holds(field: str, value: str) -> int:
    """Stands for: one of the field's values is this ``sortable`` one."""
    return _number([field, value])


def name(field: str) -> str:
    """The field's name in ``ranges``: letters and digits, whatever the field is called."""
    return f"f{_number([field]):016x}"


def _binary(value: int | float) -> tuple[int, int]:
    """Of a positive number: 64 binary digits from its first one on, and where that one stands."""
    digits, scale = (value, 1) if isinstance(value, int) else value.as_integer_ratio()
    length = digits.bit_length()
    exponent = length - (scale.bit_length() - 1)  # the scale of a float is a power of two
    return (digits << 64 >> length), exponent


def _number(of: list[Any]) -> int:
    # 63 bits: among a billion different facets, two are the same with a chance of one in twenty,
    # and to be harmed by it a filter must ask for one of the two.
    return int.from_bytes(blake2b(json.dumps(of).encode(), digest_size=8).digest(), "little") >> 1


ODD = _number([])
"""Stands for: this record's metadata is in neither column."""
