"""A new edition of a document: what of it is new, what only moves, what stands in whose place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from memory.planning import LAST, Change, is_current
from memory.versions import next_version
from store import Reader, Record

__all__ = ["Edition", "edition_of"]


@dataclass(frozen=True, slots=True)
class Edition:
    """What is to be written.

    Attributes:
        keys: Of all records of the source, in their order.
        changes: New records, and known ones at the places where they stand now.
        supersede: Key of a record that is gone -> key of what stands in its place.
        stored: What all of these are in the store, by key; None for what is not there.
    """

    keys: Sequence[str]
    changes: Sequence[Record]
    supersede: Mapping[str, str]
    stored: Mapping[str, Record | None]

    def parts(self, size: int) -> Iterator[Change]:
        """What to write, ``size`` records at a time; what is gone gives way with the last."""
        for start in range(0, max(1, len(self.changes)), size):
            part = self.changes[start : start + size]
            supersede = self.supersede if start + size >= len(self.changes) else {}
            if part or supersede:  # else nothing has changed
                yield self._change(part, supersede)

    def _change(self, part: Sequence[Record], supersede: Mapping[str, str]) -> Change:
        keys = [record.key for record in part]
        return Change(
            add=part,
            remove=[record for key in keys if (record := self.stored[key]) is not None],
            supersede=supersede,
            superseded=[record for key in supersede if (record := self.stored[key]) is not None],
            read={key: self.stored[key] for key in (*keys, *supersede)},
        )


def edition_of(reader: Reader, namespace: str, source: str, records: Sequence[Record]) -> Edition:
    """Compare what there is of a source now with what is stored of it.

    A passage that went and comes back is a new record: what was superseded stays history.

    Args:
        records: In their order, with the keys that their first versions have.
    """
    first = reader.get(namespace, [record.key for record in records])
    pairs = [
        _present(reader, namespace, record, stored)
        for record, stored in zip(records, first, strict=True)
    ]
    keys = [new.key for new, _ in pairs]
    kept = set(keys)
    present = reader.neighbors(namespace, source, 0, LAST - 1, 0)
    gone = {record.key: record for record in present if record.key not in kept}
    return Edition(
        keys,
        changes=[new for new, old in pairs if old is None or new.position != old.position],
        supersede={key: keys[min(old.position, len(keys) - 1)] for key, old in gone.items()},
        stored={new.key: old for new, old in pairs} | gone,
    )


def _present(
    reader: Reader, namespace: str, record: Record, stored: Record | None
) -> tuple[Record, Record | None]:
    """A record as it should be, and as it is now, if it is."""
    key = record.key
    while stored is not None and not (stored.text == record.text and is_current(stored)):
        key = next_version(key)
        [stored] = reader.get(namespace, [key])
    if stored is None:
        return replace(record, key=key), None
    return replace(stored, position=record.position), stored
