"""Records in the shape of mem0's results, and mem0's arguments. Pure."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from functools import reduce
from operator import and_, or_
from typing import Any
from urllib.parse import quote, unquote

from remem.attach.frameworks.transcript import KEPT
from remem.store import F, Filter, InvalidInput, Record
from remem.store.filters import And, Or

logger = logging.getLogger("remem")

OWNERS = ("user_id", "agent_id", "run_id")
_IDENTITY = frozenset({*OWNERS, "actor_id"})
_DAY = "expiration_date"
_NOBODY = "no user"
"""The namespace of what belongs to no user. The name of a user holds no space."""


def owner(given: Mapping[str, Any]) -> dict[str, str]:
    """The owners of a memory: those of ``OWNERS`` that are given. Numbers are names, as in mem0.

    Raises:
        InvalidInput: none is given, or one is empty or holds white space.
    """
    names = {name: str(given[name]).strip() for name in OWNERS if given.get(name) is not None}
    if not names:
        raise InvalidInput("say whose memory is meant: give user_id, agent_id or run_id")
    for name, value in names.items():
        if not value or any(map(str.isspace, value)):
            raise InvalidInput(f"{name} {value!r} is no name: give one without white space")
    return names


def of_user(user: str | None) -> str:
    """The namespace of a user."""
    return user or _NOBODY


def identified(namespace: str, key: str) -> str:
    """The id of a memory: which namespace it is in, and its key."""
    user = "" if namespace == _NOBODY else namespace
    return f"{quote(user, safe='')}:{key}"


def user_and_key(memory_id: Any) -> tuple[str, str]:
    """The namespace and the key of an id; an id that is none leads to no memory."""
    user, _, key = str(memory_id).partition(":")
    return of_user(unquote(user)), key


def item(record: Record, memory_id: str) -> dict[str, Any]:
    """A memory as mem0 shows it."""
    metadata = {name: value for name, value in record.metadata.items() if name != KEPT}
    shown = {
        "id": memory_id,
        "memory": record.text,
        "hash": _digest(record.text),
        "metadata": None,
        "score": None,
        "created_at": _iso(record.said_at),
        "updated_at": _iso(record.stored_at),
    }
    for name in (*OWNERS, _DAY):
        if name in metadata:
            shown[name] = metadata.pop(name)
    if record.speaker is not None:
        shown["actor_id"] = record.speaker
    if record.role is not None:
        shown["role"] = record.role
    return shown | {"metadata": metadata or None}


def changes(versions: Sequence[Record], memory_id: str) -> list[dict[str, Any]]:
    """The history of a memory, oldest first."""
    return [
        {
            "id": f"{memory_id}@{number}",
            "memory_id": memory_id,
            "old_memory": versions[number - 1].text if number else None,
            "new_memory": version.text,
            "event": "UPDATE" if number else "ADD",
            "created_at": _iso(versions[0].said_at),
            "updated_at": _iso(version.stored_at),
            "is_deleted": False,
            "actor_id": version.speaker,
            "role": version.role,
        }
        for number, version in enumerate(versions)
    ]


def changed(
    record: Record, metadata: Mapping[str, Any] | None, owner: Mapping[str, str] | None = None
) -> Record:
    """The record with more metadata. Whose it is, is said by the owner and not by the metadata."""
    given = dict(metadata or {})
    for name in sorted(_IDENTITY & given.keys()):
        logger.warning("metadata[%r] is ignored: pass %s as an argument", name, name)
        del given[name]
    return replace(record, metadata={**record.metadata, **given, **(owner or {})})


def lasting(record: Record, day: str | None) -> Record:
    """The record with another last day, in UTC as in mem0; None: it does not expire."""
    metadata = {name: value for name, value in record.metadata.items() if name != _DAY}
    if day is None:
        return replace(record, metadata=metadata, expires_at=None)
    end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), timezone.utc)
    return replace(record, metadata=metadata | {_DAY: day}, expires_at=end)


def day_of(expiration_date: Any) -> str | None:
    """The last day of a memory, as ``YYYY-MM-DD``.

    Raises:
        InvalidInput: it is no date.
    """
    if expiration_date is None:
        return None
    if isinstance(expiration_date, datetime):
        return expiration_date.date().isoformat()
    try:
        return date.fromisoformat(str(expiration_date)).isoformat()
    except ValueError:
        raise InvalidInput(
            f"expiration_date {expiration_date!r} is no date such as 2025-12-31"
        ) from None


def moment(value: Any, name: str) -> datetime | None:
    """A point in time: a datetime, ISO 8601, or seconds since 1970; in UTC if no zone is given.

    Raises:
        InvalidInput: it is none of these.
    """
    if value is None:
        return None
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, timezone.utc)
        given = value if isinstance(value, datetime) else datetime.fromisoformat(_python310(value))
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(
            f"{name} {value!r} is no time: give a datetime, ISO 8601 or seconds since 1970"
        ) from None
    return given if given.tzinfo else given.replace(tzinfo=timezone.utc)


def _python310(text: Any) -> str:
    """ISO 8601 as Python 3.10 reads it."""
    return str(text).replace("Z", "+00:00")


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(timezone.utc).isoformat()


def _digest(text: str) -> str:
    """Only an identifier of the text, which mem0 makes in this way."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


# Filters in the form of mem0, as filters of a memory. Pure.

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
"""Names that mem0 keeps in the metadata, and the fields of a record that remem keeps them in."""


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
