"""All that can be read of a store, compared with what was written to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from remem.store.conformance.samples import dense, words
from remem.store.errors import CorruptStore, DamagedRecord
from remem.store.store import Store
from remem.store.types import Record

__all__ = ["Survey", "assert_costs_only", "is_named", "survey"]

T = TypeVar("T")


@dataclass
class Survey:
    """The outcome of reading everything.

    Attributes:
        altered: Keys of records that came back otherwise than they were written.
        missing: Keys of records that came back from no question by their key.
        scanned: Keys that a scan of the namespace gave.
        said: What errors, and ``verify``, said.
        failed: Which questions ended in an error.
    """

    altered: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    scanned: set[str] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)


def survey(store: Store, namespace: str, written: Mapping[str, Record]) -> Survey:
    """Ask a store everything; any error but ``CorruptStore`` is the caller's."""
    result = Survey()

    def asked(name: str, ask: Callable[[], T], nothing: T) -> T:
        try:
            return ask()
        except CorruptStore as error:
            result.said.append(str(error))
            result.failed.add(name)
            return nothing

    def compare(records: Iterable[Record]) -> None:
        result.altered |= {each.key for each in records if written.get(each.key) != each}

    def scan() -> list[Record]:
        return list(store.scan(namespace, None, lambda error: result.said.append(str(error))))

    asked("namespaces", store.namespaces, [])
    asked("stats", store.stats, None)
    asked("sources", lambda: store.sources(namespace), [])
    asked("count", lambda: store.count(namespace), 0)
    scanned = asked("scan", scan, [])
    compare(scanned)
    result.scanned = {record.key for record in scanned}
    for key, record in written.items():
        found = asked("get", lambda key=key: store.get(namespace, [key]), [None])[0]
        if found is None:
            result.missing.add(key)
        else:
            compare([found])
        span = record.source, record.position, record.position, 1
        compare(asked("neighbors", lambda span=span: store.neighbors(namespace, *span), []))
        for entry in asked("entries", lambda key=key: store.entries(namespace, [key]), []):
            compare([entry.record])
    asked("predecessors", lambda: store.predecessors(namespace, list(written)), [])
    legs = [dense("fact 3"), dense("fact 3", "window"), words("fact"), words("fact", "window")]
    for hits in asked("search", lambda: store.search(namespace, legs, 100), []):
        compare(hit.record for hit in hits)
    compare(asked("find", lambda: store.find(namespace, None, 100), []))
    asked("idf", lambda: store.idf(namespace, "turn", ["fact"]), [])
    result.said += asked("verify", store.verify, None).problems
    return result


def assert_costs_only(seen: Survey, written: Mapping[str, Record], key: str) -> None:
    """Damage of one record is said by its key, and everything else is as it was written."""
    assert not seen.altered
    assert seen.failed <= {"get", "entries"}
    assert seen.missing == {key}
    assert seen.scanned == set(written) - {key}
    assert any(repr(key) in sentence for sentence in seen.said)


def is_named(error: CorruptStore, key: str) -> bool:
    """True if the error is about the record with a key."""
    return isinstance(error, DamagedRecord) and error.remains.key == key
