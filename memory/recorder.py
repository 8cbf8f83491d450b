"""All writes of one process to one store, those to a namespace one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial

from memory.encoder import Encoder
from memory.messages import continuation
from memory.planning import plan, space_of
from memory.versions import all_versions, free_key, history, may_be_later
from store import Batch, Conflict, Filter, InvalidInput, Record, Stale, Store, Written
from store.validation import check_record

__all__ = ["LAST", "Added", "Recorder"]

_BATCH = 256
"""Records encoded and committed at a time: what an import that is killed has to do again."""

LAST = 2**63 - 1
"""A position after all others."""


@dataclass(frozen=True, slots=True)
class Added:
    """What an ``add`` did: keys of new records, and of those that were stored already."""

    added: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    @staticmethod
    def all(results: Iterable[Added]) -> Added:
        """What several did together, in their order."""
        results = list(results)
        return Added(
            tuple(key for result in results for key in result.added),
            tuple(key for result in results for key in result.unchanged),
        )


class Recorder:
    """Turns what an application wants into batches, and writes them.

    A write reads the neighbours, encodes and commits. Within a process, writes to a namespace
    queue at its lock; if another process changes the neighbourhood meanwhile, the write is planned
    again.

    Attributes:
        store: Where to.
        encoder: Text to vectors.
    """

    def __init__(self, store: Store, encoder: Encoder) -> None:
        self.store = store
        self.encoder = encoder
        self._locks: dict[str, threading.RLock] = {}

    def add(self, namespace: str, records: Iterable[Record]) -> Added:
        """See ``Memory.add_records``."""
        results = []
        for batch in _batches(records):
            with self._writing(namespace):
                results.append(self._add_batch(namespace, batch))
        return Added.all(results)

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
        with self._writing(namespace):
            while True:
                end = self._session_end(namespace, session, len(records))
                first = self._free_position(namespace, session)
                try:
                    return self.add(namespace, map(dated, continuation(end, records, first)))
                except Conflict:
                    if self._free_position(namespace, session) == first:
                        raise  # a message id is taken; nobody else wrote to the session meanwhile

    def add_last(self, namespace: str, record: Record) -> str:
        """Add a record at the end of its source; returns its key.

        Unless it is there: but a record that is superseded or expired is not recalled any more,
        so saying the same again makes a new one.
        """
        with self._writing(namespace):
            [stored] = self.store.get(namespace, [record.key])
            key = record.key
            if stored is not None and stored.text == record.text and _is_past(stored):
                key = free_key(self.store, namespace, record.key)
            last = self.store.neighbors(namespace, record.source, LAST, LAST, 1)
            position = last[-1].position + 1 if last else 0
            self.add(namespace, [replace(record, key=key, position=position)])
            return key

    def add_whole(self, namespace: str, source: str, records: Sequence[Record]) -> Added:
        """Add all there is of a source now; what it held before and does not any more is
        superseded by what stands in its place."""
        with self._writing(namespace):
            result = self.add(namespace, records)
            keys = {record.key for record in records}
            present = self.store.neighbors(namespace, source, 0, LAST - 1, 0)
            gone = [record for record in present if record.key not in keys]
            if gone and records:
                successors = {
                    record.key: records[min(record.position, len(records) - 1)].key
                    for record in gone
                }
                self._write(namespace, supersede=successors)
            return result

    def replace(self, namespace: str, key: str, text: str, said_at: datetime | None) -> str:
        """Supersede a memory by one with another text; returns the key of the present version."""
        with self._writing(namespace):
            while True:
                versions = history(self.store, namespace, key)
                if not versions:
                    raise InvalidInput(f"no memory has the key {key!r} in namespace {namespace!r}")
                present = versions[-1]
                if present.text == text:
                    return present.key
                new = replace(
                    present,
                    key=free_key(self.store, namespace, present.key),
                    text=text,
                    said_at=said_at or present.said_at,
                    stored_at=None,
                )
                check_record(new)  # before the encoder spends time on it
                successor = {present.key: new.key}
                batch = plan(self.store, self.encoder, namespace, [new], supersede=successor)
                expected = {present.key: present, new.key: None}
                try:
                    self.store.write(namespace, replace(batch, expects_records=expected))
                    return new.key
                except Stale:
                    continue  # another process changed it, or took the name: look again

    def put(self, namespace: str, records: Sequence[Record]) -> None:
        """See ``Memory.put_records``."""
        with self._writing(namespace):
            self._write(namespace, records, remove=[record.key for record in records])

    def delete(self, namespace: str, keys: Iterable[str]) -> int:
        """Delete memories with all their versions; returns how many records went."""
        keys = list(keys)

        def chosen() -> list[Record]:
            return [record for record in self.store.get(namespace, keys) if record is not None]

        with self._writing(namespace):
            return len(self._remove(namespace, chosen, self.store.write).deleted)

    def purge(self, namespace: str, where: Filter) -> int:
        """Delete what matches, with all versions, from every file; returns how many went."""
        with self._writing(namespace):
            chosen = partial(self.store.scan, namespace, where)
            return len(self._remove(namespace, chosen, self.store.purge).deleted)

    def reindex(self, encoder: Encoder, progress: Callable[[int, int], None] | None) -> None:
        """See ``Memory.reindex``."""
        if self.store.space is not None:
            self.store.reindex(space_of(encoder), encoder.encode_documents, progress)
        self.encoder = encoder

    def _writing(self, namespace: str) -> threading.RLock:
        return self._locks.setdefault(namespace, threading.RLock())

    def _add_batch(self, namespace: str, records: Sequence[Record]) -> Added:
        stored = self.store.get(namespace, [record.key for record in records])
        known = {record.key: record for record in stored if record is not None}
        differing = tuple(
            record.key
            for record in records
            if record.key in known and known[record.key].text != record.text
        )
        if differing:
            raise Conflict(
                f"key {differing[0]!r} is stored with another text; use update to change it, "
                "or give the new record another key",
                differing,
            )
        new = [record for record in records if record.key not in known]
        # An export that is newer than the store tells which of its records are history by now.
        superseded = {
            record.key: record.superseded_by
            for record in records
            if record.superseded_by and record.key in known and not known[record.key].superseded_by
        }
        written = self._write(namespace, new, superseded) if new or superseded else Written()
        return Added(written.added, (*written.unchanged, *known))

    def _write(
        self,
        namespace: str,
        add: Sequence[Record] = (),
        supersede: Mapping[str, str] | None = None,
        remove: Sequence[str] = (),
    ) -> Written:
        for record in add:
            check_record(record)  # before the encoder spends time on it
        if self.store.space is None:
            self.store.adopt(space_of(self.encoder))
        while True:
            there = dict(zip(remove, self.store.get(namespace, remove), strict=True))
            gone = [record for record in there.values() if record is not None]
            batch = plan(self.store, self.encoder, namespace, add, gone, supersede)
            try:
                return self.store.write(namespace, replace(batch, expects_records=there))
            except Stale:
                continue  # another process was faster: plan again on what it wrote

    def _remove(
        self,
        namespace: str,
        chosen: Callable[[], Iterable[Record]],
        write: Callable[[str, Batch], Written],
    ) -> Written:
        while True:
            records = all_versions(self.store, namespace, chosen())
            batch = plan(self.store, self.encoder, namespace, remove=list(records.values()))
            try:
                return write(namespace, replace(batch, expects_records=records))
            except Stale:
                continue

    def _session_end(self, namespace: str, session: str, count: int) -> list[Record]:
        """The last records of a session, with the words that they were first stored with."""
        end = self.store.neighbors(namespace, session, LAST, LAST, count)
        return [
            self._first(namespace, record) if may_be_later(record.key) else record for record in end
        ]

    def _first(self, namespace: str, record: Record) -> Record:
        """The record with the name and words of its first version."""
        first = next(iter(history(self.store, namespace, record.key)), record)
        return replace(record, key=first.key, text=first.text)

    def _free_position(self, namespace: str, session: str) -> int:
        """The position after the last record, also if that is expired and so no neighbour."""
        end = self.store.neighbors(namespace, session, LAST, LAST, 1)
        position = end[-1].position + 1 if end else 0
        while self.store.get(namespace, [f"{session}#{position}"])[0] is not None:
            position += 1
        return position


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records in batches; those before a failure of their source are one, too."""
    batch: list[Record] = []
    try:
        for record in records:
            batch.append(record)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _is_past(record: Record) -> bool:
    expired = record.expires_at is not None and record.expires_at <= datetime.now(timezone.utc)
    return expired or record.superseded_by is not None
