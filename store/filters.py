"""Conditions on the records that a search may return: a small algebra, evaluated here or translated
by a store.

``F("speaker") == "Ana"``, ``F("said_at").between(start, end)``, ``F("metadata.topic").in_(["a"])``,
``F("metadata.url").exists()``; combined with ``&``, ``|`` and ``~``. Logic is two-valued: a
condition on a missing field is false and its negation true. Numbers compare with numbers and
strings with strings; a metadata list matches when one of its items does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from remem.store.errors import InvalidInput
from remem.store.types import Record

COLUMNS = (
    *("key", "source", "kind", "role", "speaker", "origin"),
    *("position", "said_at", "stored_at"),
)
"""Fields of a record that can be filtered on; all others are ``metadata.NAME``."""

_TIMES = ("said_at", "stored_at")
_PREFIX = "metadata."
_INT64 = range(-(2**63), 2**63)

Scalar = str | int | float | bool | datetime


class Filter:
    """A condition on a record. Immutable; combine with ``&``, ``|`` and ``~``."""

    def matches(self, record: Record) -> bool:
        """True if the record fulfils the condition."""
        raise NotImplementedError

    def __and__(self, other: Filter) -> Filter:
        return And((*_parts(self, And), *_parts(other, And)))

    def __or__(self, other: Filter) -> Filter:
        return Or((*_parts(self, Or), *_parts(other, Or)))

    def __invert__(self) -> Filter:
        return Not(self)

    def __bool__(self) -> bool:
        """Refuse: ``a and b`` and ``1 <= F("x") <= 5`` would silently drop a condition."""
        raise TypeError("a filter is not true or false; combine filters with &, | and ~")


@dataclass(frozen=True)
class In(Filter):
    """The field's value is one of ``values``."""

    field: str
    values: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        _check_field(self.field)
        object.__setattr__(
            self, "values", tuple(_check_value(self.field, value) for value in self.values)
        )

    def matches(self, record: Record) -> bool:
        """True if one of the field's values is among ``values``."""
        return any(value in self.values for value in _values(record, self.field))


@dataclass(frozen=True)
class Range(Filter):
    """The field's value lies between ``low`` and ``high``, both inclusive; None is unbounded."""

    field: str
    low: Scalar | None = None
    high: Scalar | None = None

    def __post_init__(self) -> None:
        _check_field(self.field)
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        if not bounds:
            raise InvalidInput(f"give a lower or an upper bound for the range of {self.field!r}")
        if len({_order(bound) for bound in bounds}) > 1:
            raise InvalidInput(f"the bounds of {self.field!r} must be of one type, got {bounds}")
        for name in ("low", "high"):
            bound = getattr(self, name)
            if bound is not None:
                object.__setattr__(self, name, _check_value(self.field, bound))

    def matches(self, record: Record) -> bool:
        """True if one of the field's values lies in the range."""
        return any(self._contains(value) for value in _values(record, self.field))

    def _contains(self, value: Any) -> bool:
        bounds = (self.low, self.high)
        if any(bound is not None and _order(bound) != _order(value) for bound in bounds):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True)
class Exists(Filter):
    """The field has a value."""

    field: str

    def __post_init__(self) -> None:
        _check_field(self.field)

    def matches(self, record: Record) -> bool:
        """True if the field has a value (null and an empty list are none)."""
        return any(True for _ in _values(record, self.field))


@dataclass(frozen=True)
class And(Filter):
    """All parts match; no parts match everything."""

    parts: tuple[Filter, ...]

    def matches(self, record: Record) -> bool:
        """True if all parts match."""
        return all(part.matches(record) for part in self.parts)


@dataclass(frozen=True)
class Or(Filter):
    """One of the parts matches; no parts match nothing."""

    parts: tuple[Filter, ...]

    def matches(self, record: Record) -> bool:
        """True if one part matches."""
        return any(part.matches(record) for part in self.parts)


@dataclass(frozen=True)
class Not(Filter):
    """The part does not match."""

    part: Filter

    def matches(self, record: Record) -> bool:
        """True if the part does not match."""
        return not self.part.matches(record)


@dataclass(frozen=True)
class Current(Filter):
    """Neither superseded nor expired at a time: no condition that a user can name."""

    now: datetime

    def matches(self, record: Record) -> bool:
        """True if the record can be found at that time."""
        lasts = record.expires_at is None or record.expires_at > self.now
        return lasts and record.superseded_by is None


@dataclass(frozen=True, eq=False)
class F:
    """A field to be compared: ``F("speaker") == "Ana"``."""

    name: str

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        if value is None:
            return Not(Exists(self.name))
        return In(self.name, (value,))  # type: ignore[arg-type]

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return Not(self == value)

    def __ge__(self, value: Scalar) -> Filter:
        return Range(self.name, low=value)

    def __le__(self, value: Scalar) -> Filter:
        return Range(self.name, high=value)

    def in_(self, values: Iterable[Scalar]) -> Filter:
        """One of the values."""
        if isinstance(values, str):
            raise InvalidInput(f"in_ takes a list of values; write [{values!r}] for a single one")
        return In(self.name, tuple(values))

    def between(self, low: Scalar, high: Scalar) -> Filter:
        """From low to high, both inclusive."""
        return Range(self.name, low, high)

    def exists(self) -> Filter:
        """The field has a value."""
        return Exists(self.name)


def facets(metadata: Mapping[str, Any]) -> list[tuple[str, str | int | float]]:
    """The (field, value) pairs under which metadata can be found.

    Nested objects are flattened with dots, a list gives one pair an item, null gives none, a
    boolean counts as 0 or 1 and an integer beyond 64 bits as a float. Stores index these pairs,
    and ``Filter.matches`` reads the same ones, so that both always agree.
    """
    pairs: list[tuple[str, str | int | float]] = []
    for name, value in metadata.items():
        for item in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(item, (str, int, float)):
                pairs.append((name, _facet(item)))
            elif isinstance(item, Mapping):
                pairs += ((f"{name}.{inner}", leaf) for inner, leaf in facets(item))
    return pairs


def parse_filter(data: Mapping[str, Any], depth: int = 32) -> Filter:
    """A filter from JSON: ``{"speaker": "Ana", "metadata.year": {"gte": 2024}}``.

    A value stands for equality, a list for "one of", null for "has no value"; an object holds
    ``eq``, ``in``, ``gte``, ``lte`` or ``exists``. ``{"and": [...]}``, ``{"or": [...]}`` and
    ``{"not": {...}}`` nest, to a depth of 32. Times are ISO 8601 with an offset.

    Raises:
        InvalidInput: an unknown operator, field or value.
    """
    if not isinstance(data, Mapping):
        raise InvalidInput(f"a filter is a JSON object, got {type(data).__name__}")
    if not depth:
        raise InvalidInput("the filter is nested too deeply; 32 levels are enough for anyone")
    parts = tuple(_parse_item(name, value, depth - 1) for name, value in data.items())
    return parts[0] if len(parts) == 1 else And(parts)


def matches_everything(where: Filter) -> bool:
    """True if a filter by its form leaves nothing out, whatever the records are."""
    if isinstance(where, And):
        return all(map(matches_everything, where.parts))
    if isinstance(where, Or):
        return any(map(matches_everything, where.parts))
    return isinstance(where, Not) and _matches_nothing(where.part)


def asks_by_name(where: Filter) -> bool:
    """True if keys and sources alone decide, so that what is left of a damaged record is enough."""
    if isinstance(where, (And, Or)):
        return all(map(asks_by_name, where.parts))
    return isinstance(where, (In, Range, Exists)) and where.field in ("key", "source")


def _matches_nothing(where: Filter) -> bool:
    if isinstance(where, And):
        return any(map(_matches_nothing, where.parts))
    if isinstance(where, Or):
        return all(map(_matches_nothing, where.parts))
    if isinstance(where, Not):
        return matches_everything(where.part)
    return isinstance(where, In) and not where.values


def _parse_item(name: str, value: Any, depth: int) -> Filter:
    if not isinstance(name, str):
        raise InvalidInput(f"a filter names fields by strings, not {name!r}")
    if name in ("and", "or"):
        if not isinstance(value, list):
            raise InvalidInput(f"{name!r} takes a list of filters")
        nested = tuple(parse_filter(item, depth) for item in value)
        return And(nested) if name == "and" else Or(nested)
    if name == "not":
        return Not(parse_filter(value, depth))
    if isinstance(value, Mapping):
        if not value:
            raise InvalidInput(f"the condition on {name!r} is empty")
        return And(tuple(_parse_operator(name, op, operand) for op, operand in value.items()))
    return _parse_operator(name, "in" if isinstance(value, list) else "eq", value)


def _parse_operator(name: str, operator: str, operand: Any) -> Filter:
    if operator == "eq":
        return Not(Exists(name)) if operand is None else In(name, (_parse_value(name, operand),))
    if operator == "in":
        if not isinstance(operand, list):
            raise InvalidInput(f"'in' for {name!r} takes a list")
        return In(name, tuple(_parse_value(name, item) for item in operand))
    if operator == "gte":
        return Range(name, low=_parse_value(name, operand))
    if operator == "lte":
        return Range(name, high=_parse_value(name, operand))
    if operator == "exists":
        if not isinstance(operand, bool):
            raise InvalidInput(f"'exists' for {name!r} takes true or false, not {operand!r}")
        return Exists(name) if operand else Not(Exists(name))
    raise InvalidInput(f"unknown operator {operator!r}; use eq, in, gte, lte or exists")


def _parse_value(name: str, value: Any) -> Any:
    if name in _TIMES and isinstance(value, str):
        try:
            return datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            raise InvalidInput(f"{value!r} is not an ISO 8601 time") from None
    return value


def _parts(where: Filter, kind: type[And] | type[Or]) -> tuple[Filter, ...]:
    """The parts of a filter of this kind, so that long chains do not nest."""
    return where.parts if isinstance(where, kind) else (where,)


def _values(record: Record, field: str) -> Iterator[Any]:
    if field in COLUMNS:
        value = getattr(record, field)
        if value is not None:
            yield _in_utc(value) if field in _TIMES else value
    else:
        wanted = field.removeprefix(_PREFIX)
        yield from (value for name, value in facets(record.metadata) if name == wanted)


def _in_utc(time: datetime) -> datetime:
    """The same moment. Python holds the two o'clocks of a night on which clocks are put back equal
    within a zone, and neither equal to any time of another zone."""
    try:
        return time.astimezone(timezone.utc)
    except OverflowError:
        raise InvalidInput(f"{time} is outside the years 1 to 9999 in UTC") from None


def _facet(value: str | int | float) -> str | int | float:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int) and value not in _INT64:
        return float(value)
    return value


def _order(value: object) -> str:
    if isinstance(value, datetime):
        return "time"
    return "text" if isinstance(value, str) else "number"


def _check_field(field: str) -> None:
    _check_unicode(field)
    if field not in COLUMNS and not (field.startswith(_PREFIX) and len(field) > len(_PREFIX)):
        names = ", ".join(COLUMNS)
        raise InvalidInput(f"cannot filter on {field!r}; use metadata.NAME or one of {names}")


def _check_value(field: str, value: Any) -> Any:
    if field in _TIMES:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise InvalidInput(f"{field} compares with a timezone-aware datetime, got {value!r}")
        return _in_utc(value)
    if field == "position":
        if not isinstance(value, int) or value not in _INT64:
            raise InvalidInput(f"position compares with an integer, got {value!r}")
        return value
    if isinstance(value, str):
        return _check_unicode(value)
    if field in COLUMNS:
        raise InvalidInput(f"{field} compares with a string, got {value!r}")
    if not isinstance(value, (int, float)) or not _fits_a_float(value):
        raise InvalidInput(f"{field} compares with a string or a finite number of 64 bits")
    return _facet(value)


def _fits_a_float(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer of more than 300 digits
        return False


def _check_unicode(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        message = f"a filter on {text!r} holds half a character; decode it again"
        raise InvalidInput(message) from None
    return text
