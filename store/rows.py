"""Records as rows of a table and back: what every store that keeps them in SQL writes down.

Times are microseconds since 1970 UTC; ``said_at`` has its UTC offset in seconds beside it.
Metadata is JSON, or NULL when there is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from remem.store import digests
from remem.store.errors import DamagedRecord
from remem.store.types import Record, SourceInfo, Vector, View

COLUMNS = (
    "key, source, position, kind, role, speaker, said_at, said_offset, stored_at, expires_at, "
    "superseded_by, valid_to, metadata, text, origin"
)
"""Columns that ``to_row`` gives and ``from_row`` takes, in this order."""

_YEARS = range(-62_135_596_800_000_000, 253_402_300_800_000_000)  # from 1 to 9999
SANE = f"said_at BETWEEN {_YEARS[0]} AND {_YEARS[-1]}"
"""The condition, in SQL, that ``said_at`` is a time that there is."""

_PLACES = {name: place for place, name in enumerate(COLUMNS.split(", "))}
_POSITION, _SUPERSEDED_BY = _PLACES["position"], _PLACES["superseded_by"]
_VALID_TO = _PLACES["valid_to"]
_NAMES = ("key", "source", "kind", "role", "speaker")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_as_json = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make one a record
_DECODER = json.JSONDecoder()


def to_micros(time: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (time - _EPOCH) // _MICROSECOND


def is_sane(micros: int) -> bool:
    """True if there is such a time."""
    return micros in _YEARS


@lru_cache(maxsize=4096)  # records that were stored or said together share their times
def from_micros(micros: int, offset: int = 0) -> datetime:
    """The time, in the zone ``offset`` seconds east of UTC."""
    time = _EPOCH + timedelta(0, 0, micros)
    return time.astimezone(timezone(timedelta(seconds=offset))) if offset else time


def to_row(record: Record, now: int) -> tuple[Any, ...]:
    """The values of all columns.

    Args:
        now: Microseconds since 1970: ``stored_at``, unless the record brings one.
    """
    said, stored = record.said_at, record.stored_at
    return (
        record.key,
        record.source,
        record.position,
        record.kind,
        record.role,
        record.speaker,
        _micros(said),
        None if said is None else _offset(said),
        now if stored is None else to_micros(stored),
        _micros(record.expires_at),
        record.superseded_by,
        _micros(record.valid_to),
        _as_json(dict(record.metadata)) if record.metadata else None,
        record.text,
        record.origin,
    )


def with_views(
    found: Mapping[int, Record],
    views: Sequence[str],
    texts: Mapping[int, Sequence[str]],
    vectors: Mapping[int, Sequence[Vector]],
) -> dict[int, dict[str, View]]:
    """The views of records, by id.

    Args:
        found: The records, by id.
        texts, vectors: Of those records that have all of them, in the order of ``views``.

    Raises:
        DamagedRecord: a record lacks some.
    """
    for i, record in found.items():
        if i not in vectors:
            raise DamagedRecord(
                f"record {record.key!r} lacks its vectors; 'remem reindex' makes all vectors again",
                record,
            )
        if i not in texts:
            raise DamagedRecord(
                f"record {record.key!r} lacks the text of a view; delete and add it again", record
            )
    return {i: dict(zip(views, map(View, texts[i], vectors[i]), strict=True)) for i in found}


Place = tuple[Any, Any, Any]
"""Source, position and key; of what is damaged, anything."""


def as_stored(record: Record, at: datetime) -> Record:
    """The record that a store gives back after it added this one ``at`` this time."""
    return from_row(to_row(record, to_micros(at)))


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding of a scan.

    Attributes:
        place: Where it stands.
        found: The record, or why it cannot be read.
    """

    place: Place
    found: Record | DamagedRecord


def digest(namespace: str, row: Sequence[Any]) -> bytes:
    """The digest by which a row is known as the one that ``to_row`` gave."""
    return digests.of_values(namespace, *row)


def superseded(row: Sequence[Any], successor: str, now: int) -> tuple[Any, ...]:
    """The row of a record that gave way to another at ``now``, in microseconds since 1970."""
    new = {_SUPERSEDED_BY: successor, _VALID_TO: now}
    return tuple(new.get(place, value) for place, value in enumerate(row))


def checked(namespace: str | None, row: Sequence[Any], mark: object) -> Record:
    """The record of a row, if that is what was written.

    Args:
        namespace: Whose it is; None if that is not known.
        mark: The digest that lies beside the row.

    Raises:
        DamagedRecord: it is not.
    """
    if namespace is None or not digests.same(mark, (namespace, *row)):
        raise _damaged(namespace, row)
    try:
        return from_row(row)
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise _damaged(namespace, row) from None


def _damaged(namespace: str | None, row: Sequence[Any]) -> DamagedRecord:
    """The error of a row that is not what was written. Quotes nothing but names."""
    readable = {
        name: value
        for name, value in zip(COLUMNS.split(", "), row, strict=False)
        if name in _NAMES and is_text(value)
    }
    if "key" not in readable:
        advice = "restore a backup, or export the others and import them into a new store"
        place = f" in {readable['source']!r}" if "source" in readable else ""
        return DamagedRecord(
            f"a record of the namespace {namespace!r}{place} has lost its key: {advice}",
            _remains("", readable, row),
        )
    key = readable.pop("key")
    return DamagedRecord(
        f"the record {key!r} of the namespace {namespace!r} is damaged: restore a backup, or "
        "delete it with 'remem delete KEY' and import it again from an export",
        _remains(key, readable, row),
    )


def _remains(key: str, readable: dict[str, Any], row: Sequence[Any]) -> Record:
    position = row[_POSITION]
    whole = isinstance(position, int) and -(2**63) <= position < 2**63
    fields = {"source": "", **readable, "key": key}
    return Record(**fields, position=position if whole else 0, text="")


def is_text(value: object) -> bool:
    """True if it is a string of whole characters."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def from_row(row: Sequence[Any]) -> Record:
    """The record of a row that is what was written."""
    (key, source, position, kind, role, speaker, said_at, said_offset) = row[:8]
    (stored_at, expires_at, superseded_by, valid_to, metadata, text, origin) = row[8:]
    # By position, which takes a fifth less time: a question reads some hundred records.
    return Record(
        key,
        source,
        position,
        text,
        kind,
        role,
        speaker,
        None if said_at is None else from_micros(said_at, said_offset),
        from_micros(stored_at),
        None if expires_at is None else from_micros(expires_at),
        _metadata(metadata) if metadata else {},
        superseded_by,
        None if valid_to is None else from_micros(valid_to),
        origin,
    )


def source_of(name: str, records: int, first: int | None, last: int | None) -> SourceInfo:
    """A source with the microseconds since 1970 at which something in it was said first and last;
    None where that is not known."""
    return SourceInfo(
        name,
        records,
        None if first is None else from_micros(first),
        None if last is None else from_micros(last),
    )


def _metadata(text: str) -> dict[str, Any]:
    metadata: dict[str, Any]
    # Without looking for white space around it, which json.loads does: .5 us instead of 1.4.
    metadata, end = _DECODER.raw_decode(text)
    return metadata if end == len(text) else json.loads(text)


def _micros(time: datetime | None) -> int | None:
    return None if time is None else to_micros(time)


def _offset(time: datetime) -> int:
    if time.tzinfo is timezone.utc:
        return 0
    offset = time.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
