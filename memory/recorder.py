"""All writes of one process to one store, those to a namespace one after the other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from memory.damage import readable
from memory.editions import edition_of
from memory.encoder import Encoder
from memory.messages import continuation
from memory.planning import LAST, is_current, place_behind, plan, space_of
from memory.secrets.guard import Guard, Outcome, Removed, accepted
from memory.vectors import embed_views
from memory.versions import all_versions, free_key, history, may_be_later
from store import (
    Batch,
    Conflict,
    DamagedRecord,
    EncoderMismatch,
    Filter,
    InvalidInput,
    Record,
    Stale,
    Store,
    Written,
    log_damage,
)
from store.filters import asks_by_name
from store.validation import check_record

__all__ = ["LAST", "Added", "Recorder"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

_BATCH = 256
"""Records encoded and committed at a time: what an import that is killed has to do again."""

_TOLD = 10
"""Secrets that one line of the log names."""


@dataclass(frozen=True, slots=True)
class Added:
    """The outcome of an ``add``: keys of new records, of those that were stored already, and the
    secrets that were taken out of the new ones before."""

    added: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[Removed, ...] = ()

    @staticmethod
    def all(results: Iterable[Added]) -> Added:
        """What several did together, in their order."""
        results = list(results)
        return Added(
            tuple(key for result in results for key in result.added),
            tuple(key for result in results for key in result.unchanged),
            tuple(each for result in results for each in result.removed),
        )

    def after(self, outcomes: Iterable[Outcome]) -> Added:
        """The same, of records that a guard let through."""
        new = set(self.added)
        removed = [each for one in outcomes for each in one.removed if one.record.key in new]
        _tell(removed)
        return replace(self, removed=(*self.removed, *removed))


class Recorder:
    """Turns what an application wants into batches, and writes them.

    A write reads the neighbours, encodes and commits. Within a process, writes to a namespace
    queue at its lock; if another process changes the neighbourhood meanwhile, the write is planned
    again.

    Attributes:
        store: Where to.
        encoder: Text to vectors.
        guard: What becomes of secrets. It sees every record before anything else is done with it.
    """

    def __init__(self, store: Store, encoder: Encoder, guard: Guard) -> None:
        self.store = store
        self.encoder = encoder
        self.guard = guard
        self._coming = encoder
        self._locks: dict[str, threading.RLock] = {}

    def add(self, namespace: str, records: Iterable[Record]) -> Added:
        """See ``Memory.add_records``."""
        return self._add(namespace, accepted(self.guard.outcomes(records)))

    def _add(self, namespace: str, outcomes: Iterable[Outcome]) -> Added:
        results: list[Added] = []
        batch: list[Outcome] = []

        def flush() -> None:
            full = batch.copy()
            batch.clear()
            if full:
                with self._writing(namespace):
                    written = self._add_batch(namespace, [outcome.record for outcome in full])
                results.append(written.after(full))

        try:
            for outcome in outcomes:
                batch.append(outcome)
                if len(batch) == _BATCH:
                    flush()
        finally:
            flush()  # also what came before records that cannot be read
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
        outcomes = self._guarded(records)
        given = [outcome.record for outcome in outcomes]
        with self._writing(namespace):
            while True:
                end = self._session_end(namespace, session, len(given))
                end = self._as_now(end)
                first = self._free_position(namespace, session)
                new = [dated(record) for record in continuation(end, given, first)]
                last = outcomes[len(outcomes) - len(new) :]
                try:
                    return self._add(namespace, map(Outcome.of, last, new))
                except Conflict:
                    if self._free_position(namespace, session) == first:
                        raise  # a message id is taken; nobody else wrote to the session meanwhile

    def add_last(self, namespace: str, record: Record) -> str:
        """Add a record at the end of its source; returns its key.

        Unless it is there: but a record that is superseded or expired is not recalled any more,
        so saying the same again makes a new one.
        """
        [outcome] = self._guarded([record])
        record = outcome.record
        with self._writing(namespace):
            [stored] = self.store.get(namespace, [record.key])
            key = record.key
            if stored is not None and stored.text == record.text and not is_current(stored):
                key = free_key(self.store, namespace, record.key)
            position = place_behind(self.store, namespace, record.source)
            record = replace(record, key=key, position=position)
            self._add(namespace, [outcome.of(record)])
            return key

    def add_whole(self, namespace: str, source: str, records: Sequence[Record]) -> Added:
        """Add all there is of a source now; what it held before and does not any more is
        superseded by what stands in its place.

        All at once, unless it is long: then a crash may leave two editions, mixed, until the source
        is added again.
        """
        outcomes = self._guarded(records)
        records = [outcome.record for outcome in outcomes]
        self._prepare(records)
        added: dict[str, None] = {}

        def attempt(encoder: Encoder) -> Sequence[str]:
            edition = edition_of(self.store, namespace, source, records)
            for start in range(0, max(1, len(edition.changes)), _BATCH):
                part = edition.changes[start : start + _BATCH]
                is_last = start + _BATCH >= len(edition.changes)
                supersede = edition.supersede if is_last else {}
                if not part and not supersede:
                    break  # nothing has changed
                keys = [record.key for record in part]
                read = {key: edition.stored[key] for key in (*keys, *supersede)}
                known = [record for key in keys if (record := read[key]) is not None]
                batch = plan(self.store, encoder, namespace, part, known, supersede, read)
                self.store.write(namespace, batch)
                added.update(dict.fromkeys(key for key in keys if read[key] is None))
            return edition.keys

        with self._writing(namespace):
            keys = self._persist(attempt)
        unchanged = tuple(key for key in keys if key not in added)
        return Added(tuple(added), unchanged).after(outcomes)

    def replace(
        self,
        namespace: str,
        key: str,
        text: str,
        said_at: datetime | None,
        origin: str | None,
    ) -> str:
        """Supersede a memory by one with another text; returns the key of the present version."""

        def attempt(encoder: Encoder) -> str:
            versions = history(self.store, namespace, key)
            if not versions:
                raise InvalidInput(f"no memory has the key {key!r} in namespace {namespace!r}")
            present = versions[-1]
            [outcome] = self._guarded([replace(present, text=text)])
            if present.text == outcome.record.text:
                return present.key
            new = replace(
                outcome.record,
                key=free_key(self.store, namespace, present.key),
                said_at=said_at or present.said_at,
                stored_at=None,
                origin=origin or present.origin,
            )
            _tell(outcome.removed)
            self._prepare([new])
            change = {present.key: new.key}
            read = {present.key: present, new.key: None}
            batch = plan(self.store, encoder, namespace, [new], (), change, read)
            self.store.write(namespace, batch)
            return new.key

        with self._writing(namespace):
            return self._persist(attempt)

    def put(self, namespace: str, records: Sequence[Record]) -> None:
        """See ``Memory.put_records``."""
        outcomes = self._guarded(records)
        records = [outcome.record for outcome in outcomes]
        _tell([each for outcome in outcomes for each in outcome.removed])
        with self._writing(namespace):
            self._write(namespace, records, remove=[record.key for record in records])

    def delete(self, namespace: str, keys: Iterable[str]) -> int:
        """Delete memories with all their versions; returns how many records went."""
        keys = list(keys)

        def chosen() -> list[Record]:
            return readable(self.store, namespace, keys)

        with self._writing(namespace):
            return len(self._remove(namespace, chosen, self.store.write).deleted)

    def purge(self, namespace: str, where: Filter) -> int:
        """Delete what matches, with all versions, from every file; returns how many went."""
        with self._writing(namespace):
            chosen = partial(self._whatever_matches, namespace, where)
            return len(self._remove(namespace, chosen, self.store.purge).deleted)

    def _whatever_matches(self, namespace: str, where: Filter) -> list[Record]:
        """Also the remains of what is damaged, where they are enough to tell that it matches."""
        remains: list[Record] = []

        def decide(error: DamagedRecord) -> None:
            if error.remains.key and asks_by_name(where):
                remains.append(error.remains)
            else:
                log_damage(error)

        return [*self.store.scan(namespace, where, decide), *remains]

    def reindex(self, encoder: Encoder, progress: Callable[[int, int], None] | None) -> None:
        """See ``Memory.reindex``."""
        self._coming = encoder
        if self.store.space is not None:
            self.store.reindex(space_of(encoder), partial(embed_views, encoder), progress)
        self.encoder = encoder

    def with_encoder(self, ask: Callable[[Encoder], T]) -> T:
        """What is asked of the store with the encoder in use: with the one that a reindex is about
        to put in its place, if that was faster."""
        encoder = self.encoder
        try:
            return ask(encoder)
        except EncoderMismatch:
            if self._coming is encoder:
                raise
            return ask(self._coming)

    def _guarded(self, records: Iterable[Record]) -> list[Outcome]:
        return list(accepted(self.guard.outcomes(records)))

    def _as_now(self, stored: Iterable[Record]) -> list[Record]:
        """Stored records as they would be stored now: they may be older than the guard."""
        return [outcome.record for outcome in self.guard.outcomes(stored)]

    def _writing(self, namespace: str) -> threading.RLock:
        return self._locks.setdefault(namespace, threading.RLock())

    def _add_batch(self, namespace: str, records: Sequence[Record]) -> Added:
        stored = self.store.get(namespace, [record.key for record in records])
        known = {record.key: record for record in stored if record is not None}
        same = {(each.key, each.text) for each in (*known.values(), *self._as_now(known.values()))}
        differing = tuple(
            record.key
            for record in records
            if record.key in known and (record.key, record.text) not in same
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
        self._prepare(add)

        def attempt(encoder: Encoder) -> Written:
            stored = dict(zip(remove, self.store.get(namespace, remove), strict=True))
            gone = [record for record in stored.values() if record is not None]
            batch = plan(self.store, encoder, namespace, add, gone, supersede, stored)
            return self.store.write(namespace, batch)

        return self._persist(attempt)

    def _prepare(self, records: Sequence[Record]) -> None:
        for record in records:
            check_record(record)  # before the encoder spends time on it
        if self.store.space is None:
            self.store.adopt(space_of(self.encoder))

    def _remove(
        self,
        namespace: str,
        chosen: Callable[[], Iterable[Record]],
        write: Callable[[str, Batch], Written],
    ) -> Written:
        def attempt(encoder: Encoder) -> Written:
            records = all_versions(self.store, namespace, chosen())
            return write(
                namespace, plan(self.store, encoder, namespace, remove=list(records.values()))
            )

        return self._persist(attempt)

    def _persist(self, attempt: Callable[[Encoder], T]) -> T:
        """What an attempt returns that reads, plans and writes."""
        while True:
            try:
                return self.with_encoder(attempt)
            except Stale:
                continue  # another process was faster: plan again on what it wrote

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
        position = place_behind(self.store, namespace, session)
        while self.store.get(namespace, [f"{session}#{position}"])[0] is not None:
            position += 1
        return position


def _tell(removed: Sequence[Removed]) -> None:
    """Say in the log what was taken out, a line for a batch: not every road has another way."""
    if removed:
        first = "; ".join(map(str, removed[:_TOLD]))
        more = f"; and {len(removed) - _TOLD} more" if len(removed) > _TOLD else ""
        logger.warning("not stored: %s%s", first, more)
