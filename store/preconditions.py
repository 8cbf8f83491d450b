"""What must be true of a store before a batch is carried out: the same in every store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from store.errors import Conflict, Stale
from store.types import Entry, Neighborhood, Record

__all__ = ["check_expected", "check_records", "split"]


def check_expected(
    expected: Sequence[Neighborhood], read: Callable[[Neighborhood], Sequence[Record]]
) -> None:
    """Refuse a batch that was planned on what is no longer so.

    Args:
        read: What is there now.

    Raises:
        Stale: a neighbourhood reads differently than when the batch was planned.
    """
    for around in expected:
        if tuple(record.key for record in read(around)) != around.keys:
            raise Stale(
                f"another writer changed {around.source!r} meanwhile; read its neighbours and plan "
                "the batch again"
            )


def check_records(
    expected: Mapping[str, Record | None], read: Callable[[Sequence[str]], Mapping[str, Record]]
) -> None:
    """Refuse a batch that was planned on records that are no longer so.

    Args:
        read: What is there now, by key; unknown keys are left out.

    Raises:
        Stale: a record changed, came or went since the batch was planned.
    """
    now = read(list(expected)) if expected else {}
    for key, record in expected.items():
        if now.get(key) != record:
            raise Stale(
                f"another writer changed the record {key!r} meanwhile; read it and plan the batch "
                "again"
            )


def split(
    entries: Sequence[Entry], stored: Mapping[str, str], mark: Callable[[str], str] = str
) -> tuple[list[Entry], list[str]]:
    """Entries that are new, and the keys of those that are stored already.

    Args:
        stored: By key, the texts that are stored, or ``mark`` of them.

    Raises:
        Conflict: a key is stored with another text.
    """
    new = [entry for entry in entries if entry.record.key not in stored]
    known = [entry.record for entry in entries if entry.record.key in stored]
    differing = tuple(record.key for record in known if mark(record.text) != stored[record.key])
    if differing:
        raise Conflict(
            f"key {differing[0]!r} is stored with another text; update the record, "
            "or give the new one a key of its own",
            differing,
        )
    return new, [record.key for record in known]
