"""All writes of one process to one store, one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from memory.encoder import Encoder
from memory.messages import continuation
from memory.planning import plan
from memory.recall.windows import VIEWS
from memory.versions import next_version, root, versions
from store import Batch, Conflict, Filter, InvalidInput, Record, Space, Store
from store.validation import check_record

__all__ = ["END", "Added", "Recorder"]

_BATCH = 256
"""Records encoded and committed at a time: what an import that is killed has to do again."""

END = 2**63 - 1
"""A position after all others."""


@dataclass(frozen=True, slots=True)
class Added:
    """What an ``add`` did: keys of new records, and of those that were stored already."""

    added: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    def __add__(self, other: Added) -> Added:
        return Added(self.added + other.added, self.unchanged + other.unchanged)


class Recorder:
    """Turns what an application wants into batches, and writes them.

    A write reads the neighbours, encodes and commits; two at once could miss each other's
    neighbours, so they queue at a lock. Searches do not take it.

    Attributes:
        store: Where to.
        encoder: Text to vectors.
    """

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self.store = store
        self.encoder = encoder
        self._lock = threading.RLock()

    def add(self, namespace: str, records: Iterable[Record]) -> Added:
        """See ``Memory.add_records``."""
        result = Added()
        stream = iter(records)
        while batch := list(islice(stream, _BATCH)):
            result += self._add_batch(namespace, batch)
        return result

    def append(
        self,
        namespace: str,
        session: str,
        records: Sequence[Record],
        dated: Callable[[Record], Record],
    ) -> Added:
        """Add what the records say beyond the present end of the session.

        Args:
            dated: Gives a new record its time, once it is known to be new.
        """
        with self._lock:
            while True:
                end = self._session_end(namespace, session, len(records))
                try:
                    return self.add(namespace, map(dated, continuation(end, records)))
                except Conflict:
                    if self._session_end(namespace, session, len(records)) == end:
                        raise  # a message id is taken; nobody else wrote to the session meanwhile

    def add_last(self, namespace: str, record: Record) -> None:
        """Add a record at the end of its source, unless its key is stored already."""
        with self._lock:
            last = self.store.neighbors(namespace, record.source, END, END, 1)
            position = last[-1].position + 1 if last else 0
            self.add(namespace, [replace(record, position=position)])

    def replace(self, namespace: str, key: str, text: str, said_at: datetime | None) -> str:
        """Supersede a memory by one with another text; returns the key of the present version."""
        with self._lock:
            history = self.history(namespace, key)
            if not history:
                raise InvalidInput(f"no memory has the key {key!r} in namespace {namespace!r}")
            present = history[-1]
            if present.text == text:
                return present.key
            new = replace(
                present,
                key=next_version(present.key),
                text=text,
                said_at=said_at or present.said_at,
                stored_at=None,
            )
            self._write(namespace, [new], supersede={present.key: new.key})
            return new.key

    def delete(self, namespace: str, keys: Iterable[str]) -> int:
        """Delete memories with all their versions; returns how many records went."""
        with self._lock:
            batch = self._removing(namespace, keys)
            return len(self.store.write(namespace, batch).deleted)

    def purge(self, namespace: str, where: Filter | None) -> int:
        """Delete what matches, with all versions, from every file; returns how many went."""
        with self._lock:
            keys = [record.key for record in self.store.scan(namespace, where)]
            batch = self._removing(namespace, keys)
            return len(self.store.purge(namespace, batch).deleted)

    def history(self, namespace: str, key: str) -> list[Record]:
        """All versions of a memory, oldest first; empty if the key is unknown."""
        chain: list[Record] = []
        for version in versions(root(key)):
            [record] = self.store.get(namespace, [version])
            if record is None:
                break
            chain.append(record)
        if key in (record.key for record in chain):
            return chain
        return [record for record in self.store.get(namespace, [key]) if record]

    def reindex(self, encoder: Encoder, progress: Callable[[int, int], None] | None) -> None:
        """See ``Memory.reindex``."""
        if self.store.space is not None:
            self.store.reindex(_space(encoder), encoder.encode_documents, progress)
        self.encoder = encoder

    def _add_batch(self, namespace: str, records: Sequence[Record]) -> Added:
        with self._lock:
            stored = self.store.get(namespace, [record.key for record in records])
            known = {record.key: record.text for record in stored if record is not None}
            differing = tuple(r.key for r in records if known.get(r.key, r.text) != r.text)
            if differing:
                raise Conflict(
                    f"key {differing[0]!r} is stored with another text; use update to change it, "
                    "or give the new record another key",
                    differing,
                )
            new = [record for record in records if record.key not in known]
            written = self._write(namespace, new) if new else Added()
        return Added(written.added, (*written.unchanged, *known))

    def _write(
        self, namespace: str, add: Sequence[Record], supersede: Mapping[str, str] | None = None
    ) -> Added:
        for record in add:
            check_record(record)  # before the encoder spends time on it
        if self.store.space is None:
            self.store.adopt(_space(self.encoder))
        batch = plan(self.store, self.encoder, namespace, add=add, supersede=supersede)
        written = self.store.write(namespace, batch)
        return Added(written.added, written.unchanged)

    def _removing(self, namespace: str, keys: Iterable[str]) -> Batch:
        records = {r.key: r for key in keys for r in self.history(namespace, key)}
        return plan(self.store, self.encoder, namespace, remove=list(records.values()))

    def _session_end(self, namespace: str, session: str, count: int) -> list[Record]:
        """The last records of a session, with the words that they were first stored with."""
        end = self.store.neighbors(namespace, session, END, END, count)
        first = self.store.get(namespace, [root(record.key) for record in end])
        return [
            replace(record, text=original.text) if original else record
            for record, original in zip(end, first, strict=True)
        ]


def _space(encoder: Encoder) -> Space:
    return Space(encoder.fingerprint, encoder.dim, VIEWS)
