"""A new edition of a document: what of it is new, what only moves, what stands in whose place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from memory.planning import is_current
from memory.versions import next_version
from store import Record, Store

__all__ = ["LAST", "Edition", "edition_of"]

LAST = 2**63 - 1
"""A position after all others."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What is to be written.

    Attributes:
        added: New records.
        moved: Known records, at the places where they stand now.
        unchanged: Keys of all known ones, those that move included.
        supersede: Key of a record that is gone -> key of what stands in its place.
    """

    added: Sequence[Record]
    moved: Sequence[Record]
    unchanged: Sequence[str]
    supersede: dict[str, str]


def edition_of(store: Store, namespace: str, source: str, records: Sequence[Record]) -> Edition:
    """Compare what there is of a source now with what is stored of it.

    A passage that went and comes back is a new record: what was superseded stays history.

    Args:
        records: In their order, with the keys that their first versions have.
    """
    stored = store.get(namespace, [record.key for record in records])
    known = [
        _present(store, namespace, record, first)
        for record, first in zip(records, stored, strict=True)
    ]
    added = [new for new, old in known if old is None]
    moved = [new for new, old in known if old is not None and new.position != old.position]
    keys = [new.key for new, _ in known]
    gone = [
        record
        for record in store.neighbors(namespace, source, 0, LAST - 1, 0)
        if record.key not in set(keys)
    ]
    return Edition(
        added,
        moved,
        unchanged=[new.key for new, old in known if old is not None],
        supersede={old.key: keys[min(old.position, len(keys) - 1)] for old in gone},
    )


def _present(
    store: Store, namespace: str, record: Record, stored: Record | None
) -> tuple[Record, Record | None]:
    """A record as it should be, and as it is now, if it is."""
    key = record.key
    while stored is not None and not (stored.text == record.text and is_current(stored)):
        key = next_version(key)
        [stored] = store.get(namespace, [key])
    if stored is None:
        return replace(record, key=key), None
    return replace(stored, position=record.position), stored
