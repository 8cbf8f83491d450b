"""Lists in pages: a page begins behind the place where the one before it ended, whatever was
added or deleted meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from memory.engine import Memory
from store import F, Filter, Record

__all__ = ["MARK", "Place", "page_of"]

MARK = r"^-?[0-9]{1,18}:[0-9]{1,4}:"
"""What every mark begins with; whatever follows names a place too."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record stands among all, in the order in which a store lists them."""

    source: str
    position: int
    key: str

    @staticmethod
    def of(record: Record) -> Place:
        """The place of a record."""
        return Place(record.source, record.position, record.key)

    @staticmethod
    def read(mark: str) -> Place:
        """The place that a mark tells."""
        position, length, names = mark.split(":", 2)
        return Place(names[: int(length)], int(position), names[int(length) :])

    @property
    def mark(self) -> str:
        """The place as a text."""
        return f"{self.position}:{len(self.source)}:{self.source}{self.key}"


def page_of(
    memory: Memory, where: Filter | None, after: str | None, limit: int, at: datetime | None
) -> tuple[list[Record], str | None]:
    """Some records, and the mark of the last one if more follow.

    Args:
        where: Only these.
        after: The mark of the page before.
        limit: Most records.
        at: Only what is recalled at this time; None: also what was replaced or has expired.
    """
    found = (
        record for record in _behind(memory, where, after) if at is None or _is_current(record, at)
    )
    page = list(islice(found, limit))
    more = len(page) == limit and next(found, None) is not None
    return page, Place.of(page[-1]).mark if more else None


def _behind(memory: Memory, where: Filter | None, after: str | None) -> Iterator[Record]:
    if after is None:
        return memory.scan(where)
    place = Place.read(after)
    # Each of the two is one range of the store's order, which it finds without reading the rest.
    here = (F("source") == place.source) & (F("position") >= place.position)
    beyond = F("source") >= place.source + "\0"
    rest = (memory.scan(part if where is None else part & where) for part in (here, beyond))
    return (record for record in chain.from_iterable(rest) if Place.of(record) > place)


def _is_current(record: Record, at: datetime) -> bool:
    expired = record.expires_at is not None and record.expires_at <= at
    return record.superseded_by is None and not expired
