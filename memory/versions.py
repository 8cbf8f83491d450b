"""The versions of a memory: linked by ``superseded_by``, named ``key``, ``key~2``, ``key~3``, ...

What counts is the link: an unrelated record that happens to be named ``key~2`` is no version of
``key``, and the passages that a document had before are versions of what stands in their place,
whatever their names. Several may have given way to one: it has all of them for its history.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import TypeVar

from remem.store import (
    DamagedRecord,
    Filter,
    Reader,
    Record,
    log_damage,
)
from remem.store.filters import asks_by_name

# At most three digits: four are rather a year, and eight a date, that a user gave as a name.
_VERSION = re.compile(r"(.+)~([2-9]|[1-9]\d{1,2})", re.DOTALL)
_LATER = re.compile(r".+~\d+", re.DOTALL)

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


def next_version(key: str) -> str:
    """The name of the version after this one."""
    found = _VERSION.fullmatch(key)
    return f"{found[1]}~{int(found[2]) + 1}" if found else f"{key}~2"


def may_be_later(key: str) -> bool:
    """True if an update may have made a record of this name: spares most a look at the store."""
    return _LATER.fullmatch(key) is not None


def free_key(reader: Reader, namespace: str, key: str) -> str:
    """The first name from ``next_version(key)`` on that no record has."""
    key = next_version(key)
    while reader.get(namespace, [key])[0] is not None:
        key = next_version(key)
    return key


def history(reader: Reader, namespace: str, key: str) -> list[Record]:
    """All versions of a memory, the present one last; empty if no record has the key.

    Each stands before the one that took its place. Where that leaves a choice, because several
    gave way to one, they come in the order of (stored_at, key).
    """
    [record] = reader.get(namespace, [key])
    if record is None:
        return []
    return _in_order(all_versions(reader, namespace, [record]), key)


def session_end(reader: Reader, namespace: str, session: str, count: int) -> list[Record]:
    """The last records of a session, with the names and words that they were first stored with."""
    end = reader.neighbors(namespace, session, LAST, LAST, count)
    return [
        _first(reader, namespace, record) if may_be_later(record.key) else record for record in end
    ]


def _first(reader: Reader, namespace: str, record: Record) -> Record:
    first = next(iter(history(reader, namespace, record.key)), record)
    return replace(record, key=first.key, text=first.text)


def all_versions(reader: Reader, namespace: str, records: Iterable[Record]) -> dict[str, Record]:
    """Records with all their versions, later and earlier ones, by key; of a damaged one, its
    remains."""
    found = {record.key: record for record in records}
    later = list(found.values())
    while later:
        keys = {record.superseded_by for record in later if record.superseded_by} - found.keys()
        later = readable(reader, namespace, sorted(keys))
        found |= {record.key: record for record in later}
    earlier = list(found)
    while earlier:
        before = reader.predecessors(namespace, earlier)
        new = {record.key: record for record in before if record.key not in found}
        found |= new
        earlier = list(new)
    return found


def _in_order(found: Mapping[str, Record], key: str) -> list[Record]:
    """The versions of one memory, each before its successor."""
    present = _present(found, key)
    # Every link leads to the present version, whose own is not looked at: so none goes in a circle.
    waiting = dict.fromkeys(found, 0)
    for record in found.values():
        if record.key != present and record.superseded_by is not None:
            waiting[record.superseded_by] += 1
    ready = [_age(found[each]) for each, before in waiting.items() if not before]
    heapq.heapify(ready)
    ordered: list[Record] = []
    while ready:
        _, each = heapq.heappop(ready)
        ordered.append(found[each])
        after = found[each].superseded_by
        if each != present and after is not None:
            waiting[after] -= 1
            if not waiting[after]:
                heapq.heappush(ready, _age(found[after]))
    return ordered


def _present(found: Mapping[str, Record], key: str) -> str:
    passed = {key}
    while True:
        after = found[key].superseded_by
        if after is None or after not in found or after in passed:
            return key
        passed.add(after)
        key = after


def _age(record: Record) -> tuple[datetime, str]:
    return record.stored_at or _LONG_AGO, record.key


LAST = 2**63 - 1
"""A position after all others."""


def is_current(record: Record) -> bool:
    """True if it can be found, and so stands in the windows of others."""
    expired = record.expires_at is not None and record.expires_at <= datetime.now(timezone.utc)
    return record.superseded_by is None and not expired


# Asking a store for several records, of which some may be damaged.

T = TypeVar("T")


def despite_damage(
    keys: Sequence[str],
    ask: Callable[[Sequence[str]], list[T]],
    instead: Callable[[DamagedRecord], list[T]],
) -> list[T]:
    """The result of ``ask``; only where that fails, keys are asked for one by one.

    Args:
        ask: Gives what there is for some keys, or raises ``DamagedRecord``.
        instead: Gives what takes the place of a record that is damaged.
    """
    try:
        return ask(keys)
    except DamagedRecord as error:
        if len(keys) == 1:
            return instead(error)
    return [found for key in keys for found in despite_damage([key], ask, instead)]


def readable(reader: Reader, namespace: str, keys: Sequence[str]) -> list[Record]:
    """The records with these keys that there are; of one that is damaged, what remains of it."""

    def ask(keys: Sequence[str]) -> list[Record]:
        return [record for record in reader.get(namespace, keys) if record is not None]

    return despite_damage(keys, ask, lambda error: [error.remains])


def whatever_matches(reader: Reader, namespace: str, where: Filter) -> list[Record]:
    """The records that match, and what remains of damaged ones where that is enough to tell."""
    remains: list[Record] = []

    def decide(error: DamagedRecord) -> None:
        if error.remains.key and asks_by_name(where):
            remains.append(error.remains)
        else:
            log_damage(error)

    return [*reader.scan(namespace, where, decide), *remains]
