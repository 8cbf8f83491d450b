"""Records as rows of a table and back: what every store that keeps them in SQL writes down.

Times are microseconds since 1970 UTC; ``said_at`` has its UTC offset in seconds beside it.
Metadata is JSON, or NULL when there is none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from store.errors import CorruptStore
from store.types import Record

__all__ = ["COLUMNS", "from_micros", "from_row", "to_micros", "to_row"]

COLUMNS = (
    "key, source, position, kind, role, speaker, said_at, said_offset, stored_at, expires_at, "
    "superseded_by, valid_to, metadata, text, origin"
)
"""What ``to_row`` gives and ``from_row`` takes, in this order."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_as_json = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make one a record
_DECODER = json.JSONDecoder()


def to_micros(time: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (time - _EPOCH) // _MICROSECOND


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


def from_row(row: Sequence[Any]) -> Record:
    """The record of a row.

    Raises:
        CorruptStore: its metadata is no JSON.
    """
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
        _metadata(key, metadata) if metadata else {},
        superseded_by,
        None if valid_to is None else from_micros(valid_to),
        origin,
    )


def _metadata(key: str, text: str) -> dict[str, Any]:
    metadata: dict[str, Any]
    try:
        # Without looking for white space around it, which json.loads does: .5 us instead of 1.4.
        metadata, end = _DECODER.raw_decode(text)
        if end < len(text):
            metadata = json.loads(text)
    except ValueError:
        raise CorruptStore(
            f"the metadata of record {key!r} is damaged: restore a backup or an export"
        ) from None
    return metadata


def _micros(time: datetime | None) -> int | None:
    return None if time is None else to_micros(time)


def _offset(time: datetime) -> int:
    if time.tzinfo is timezone.utc:
        return 0
    offset = time.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
