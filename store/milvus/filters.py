"""Milvus's expressions, put together from parts.

Names and values come in through ``quoted`` alone. (Expressions with parameters would be the other
way, but neither Milvus Lite nor servers before 2.5 take them.)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from remem.store import filters
from remem.store.filters import And, Current, Exists, Filter, In, Not, Or, Range
from remem.store.milvus.driver import MOST_ITEMS
from remem.store.rows import to_micros
from remem.store.types import Record

ALL = "born >= 0"
"""Is true of every record: there is no literal for that everywhere."""

NONE = "born < 0"
"""Is true of none."""

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
"""All that cannot stand for itself between double quotes, on a server and in Milvus Lite. No other
escape means the same to both."""

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def quoted(text: str) -> str:
    """A string as a literal, which ends where the string does, whatever it holds."""
    return f'"{text.translate(_ESCAPES)}"'


def escaped(expression: str) -> str:
    """An expression for a server, with the characters beyond U+FFFF as escapes.

    Servers write Han characters as escapes of four digits before they read an expression, and so
    take U+20BB7 for U+0BB7: the name of another namespace. They leave an expression alone that
    holds an escape of eight digits. Such characters occur in literals only, and a backslash before
    one belongs to a pair.
    """
    return _ASTRAL.sub(lambda found: f"\\U{ord(found[0]):08x}", expression)


def all_of(parts: Iterable[str]) -> str:
    """True where all parts are."""
    parts = list(parts)
    return f"({' and '.join(parts)})" if parts else ALL


def any_of(parts: Iterable[str]) -> str:
    """True where one of the parts is."""
    parts = list(parts)
    return f"({' or '.join(parts)})" if parts else NONE


def one_of(field: str, values: Sequence[str] | Sequence[int]) -> str:
    """True where a column has one of the values."""
    literals = [quoted(value) if isinstance(value, str) else str(value) for value in values]
    return f"{field} in [{', '.join(literals)}]" if literals else NONE


def contains(field: str, numbers: Sequence[int]) -> str:
    """True where an array of numbers has one of these."""
    return f"array_contains_any({field}, [{', '.join(map(str, numbers))}])" if numbers else NONE


# What the engine needs to know of a record's metadata to filter on it, in types it compares well.
#
# Milvus compares JSON values by rules of its own: integers beyond 2^53 lose digits, a missing
# field is neither true nor false, no range looks into a list. So a record carries instead, in
# ``facets``, numbers that stand for (field, value), for exact conditions; and in ``ranges``, for
# each field with one value, that value as a string which sorts as the value does.
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
    """True if the engine can judge every condition on a record with these columns: each of its
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


# A filter as an expression of Milvus, which means exactly what ``Filter.matches`` says.

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


def unlabelled(value: str) -> str | None:
    """The label that a column has; see ``label``."""
    return value[1:] if value else None


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
    odd = [ODD]
    if isinstance(where, Exists):
        judged = contains("facets", [has(field)])
    elif isinstance(where, In):
        values = [sortable(value) for value in where.values]  # type: ignore[arg-type]
        judged = contains("facets", [holds(field, value) for value in values])
    else:
        judged = _between(where, field)
        # A list, or a string too long for ``ranges``.
        several = contains("facets", [has(field)])
        odd_ones = f"{several} and not {contains('facets', [has_one(field)])}"
        return [judged, _matching(where, any_of([f"({odd_ones})", _any(odd)]), candidates)]
    return [judged, _matching(where, _any(odd), candidates)]


def _any(numbers: Sequence[int]) -> str:
    return contains("facets", numbers)


def _between(where: Range, field: str) -> str:
    # Comparing a missing value is neither true nor false in some engines, and neither is its
    # negation; asking first whether there is a value decides it.
    column = f'ranges["{name(field)}"]'
    kind = "s" if isinstance(where.low if where.low is not None else where.high, str) else "n"
    low = kind if where.low is None else sortable(where.low)  # type: ignore[arg-type]
    if where.high is None:
        last = f"{column} < {quoted(chr(ord(kind) + 1))}"
    else:
        last = f"{column} <= {quoted(sortable(where.high))}"  # type: ignore[arg-type]
    there = contains("facets", [has_one(field)])
    return f"({there} and {column} >= {quoted(low)} and {last})"


def _matching(where: Filter, odd: str, candidates: Candidates) -> str:
    keys = [key for key, record in candidates(odd) if where.matches(record)]
    return one_of("pk", keys) if keys else NONE
