"""All writes of one process to one store, those to a namespace one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar

from remem.encoders.opening import explained
from remem.encoders.reading import used_now
from remem.encoders.sentence_transformer import Encoder
from remem.messages import continuation
from remem.plan import (
    Around,
    Change,
    batch_of,
    embed_views,
    free_position,
    neighborhoods,
    place_behind,
)
from remem.secrets.guard import Guard, Outcome, Removed, accepted, tell
from remem.store import (
    Batch,
    Conflict,
    EncoderMismatch,
    Filter,
    InvalidInput,
    Reader,
    Record,
    Stale,
    Store,
    Written,
)
from remem.store.rows import as_stored
from remem.store.validation import check_record
from remem.versions import (
    LAST,
    all_versions,
    free_key,
    history,
    is_current,
    next_version,
    readable,
    session_end,
    whatever_matches,
)
from remem.views import space_of

T = TypeVar("T")
Decision: TypeAlias = tuple[T, Change | None]
"""The outcome of a look at the store, and the change to write; None: nothing."""
Write: TypeAlias = Callable[[str, Batch], Written]
"""``Store.write`` or ``Store.purge``."""

_BATCH = 256
"""Records encoded and committed at a time: what an import that is killed has to do again."""


@dataclass(frozen=True, slots=True)
class Added:
    """The outcome of an ``add``: keys of new records, of those that were stored already, and the
    secrets that were taken out of the new ones before."""

    added: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[Removed, ...] = ()

    @staticmethod
    def all(results: Iterable[Added]) -> Added:
        """The outcome of several together, in their order."""
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
        tell(removed)
        return replace(self, removed=(*self.removed, *removed))


class Writer:
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

        def end_of_session(reader: Reader) -> tuple[list[Record], int]:
            end = session_end(reader, namespace, session, len(given))
            return end, free_position(reader, namespace, session)

        with self._writing(namespace):
            while True:
                end, first = self.store.reading(end_of_session)
                new = [dated(record) for record in continuation(self._as_now(end), given, first)]
                last = outcomes[len(outcomes) - len(new) :]
                try:
                    return self._add(namespace, map(Outcome.of, last, new))
                except Conflict:
                    if self.store.reading(end_of_session)[1] == first:
                        raise  # a message id is taken; nobody else wrote to the session meanwhile

    def add_last(self, namespace: str, record: Record) -> Record:
        """Add a record at the end of its source; returns it as it is stored.

        Unless it is there: but a record that is superseded or expired is not recalled any more,
        so saying the same again makes a new one.
        """
        [outcome] = self._guarded([record])
        record = outcome.record

        def decide(reader: Reader) -> Decision[Outcome]:
            [stored] = reader.get(namespace, [record.key])
            key = record.key
            if stored is not None:
                self._check_same([record], {key: stored})
                if stored.text != record.text or is_current(stored):
                    return Outcome(stored), None
                key = free_key(reader, namespace, key)
            new = replace(record, key=key, position=place_behind(reader, namespace, record.source))
            return outcome.of(new), Change(add=[new], read={key: None})

        return self._one(namespace, decide)

    def add_whole(self, namespace: str, source: str, records: Sequence[Record]) -> Added:
        """Add all there is of a source now; what it held before and does not any more is
        superseded by what stands in its place.

        All at once, unless it is long: then a crash may leave two editions, mixed, until the source
        is added again.
        """
        outcomes = self._guarded(records)
        records = [outcome.record for outcome in outcomes]
        _check(records)
        self._adopt(records)
        added: dict[str, None] = {}

        def attempt(encoder: Encoder) -> Sequence[str]:
            edition = self.store.reading(
                lambda reader: edition_of(reader, namespace, source, records)
            )
            for change in edition.parts(_BATCH):
                look = partial(neighborhoods, namespace=namespace, change=change)
                batch = batch_of(change, self.store.reading(look), encoder)
                self.store.write(namespace, batch)
                new = (record.key for record in change.add if change.read[record.key] is None)
                added.update(dict.fromkeys(new))
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
        metadata: Mapping[str, Any] | None = None,
    ) -> Record:
        """Supersede a memory by one with another text; returns the present version."""

        def decide(reader: Reader) -> Decision[Outcome]:
            versions = history(reader, namespace, key)
            if not versions:
                raise InvalidInput(f"no memory has the key {key!r} in namespace {namespace!r}")
            present = versions[-1]
            [outcome] = self._guarded([replace(present, text=text)])
            if present.text == outcome.record.text:
                return Outcome(present), None
            new = replace(
                outcome.record,
                key=free_key(reader, namespace, present.key),
                said_at=said_at or present.said_at,
                stored_at=None,
                origin=origin or present.origin,
                metadata=outcome.record.metadata if metadata is None else metadata,
            )
            return outcome.of(new), Change(
                add=[new],
                supersede={present.key: new.key},
                superseded=[present],
                read={present.key: present, new.key: None},
            )

        return self._one(namespace, decide)

    def put(self, namespace: str, records: Sequence[Record]) -> None:
        """See ``Memory.put_records``."""
        outcomes = self._guarded(records)
        records = [outcome.record for outcome in outcomes]
        tell([each for outcome in outcomes for each in outcome.removed])
        keys = [record.key for record in records]

        def decide(reader: Reader) -> Decision[None]:
            stored = dict(zip(keys, reader.get(namespace, keys), strict=True))
            gone = [record for record in stored.values() if record is not None]
            return None, Change(add=records, remove=gone, read=stored)

        self._carry_out(namespace, decide, self.store.write)

    def delete(self, namespace: str, keys: Iterable[str]) -> Sequence[Record]:
        """Delete memories with all their versions; returns the records that went."""
        keys = list(keys)

        def chosen(reader: Reader) -> list[Record]:
            return readable(reader, namespace, keys)

        return self._remove(namespace, chosen, self.store.write)

    def purge(self, namespace: str, where: Filter) -> Sequence[Record]:
        """Delete what matches, with all versions, from every file; returns what went."""

        def chosen(reader: Reader) -> list[Record]:
            return whatever_matches(reader, namespace, where)

        return self._remove(namespace, chosen, self.store.purge)

    def reindex(self, encoder: Encoder, progress: Callable[[int, int], None] | None) -> None:
        """See ``Memory.reindex``."""
        encoder = used_now(encoder)
        self._coming = encoder
        if self.store.space is not None:
            self.store.reindex(space_of(encoder), partial(embed_views, encoder), progress)
        self.encoder = encoder

    def with_encoder(self, ask: Callable[[Encoder], T]) -> T:
        """Ask the store with the encoder in use: with the one that a reindex is about
        to put in its place, if that was faster."""
        encoder = self.encoder
        try:
            return ask(encoder)
        except EncoderMismatch as error:
            if self._coming is encoder:
                raise explained(error, encoder) from error
            return ask(self._coming)

    def _guarded(self, records: Iterable[Record]) -> list[Outcome]:
        return list(accepted(self.guard.outcomes(records)))

    def _as_now(self, stored: Iterable[Record]) -> list[Record]:
        """Stored records as they would be stored now: they may be older than the guard."""
        return [outcome.record for outcome in self.guard.outcomes(stored)]

    def _writing(self, namespace: str) -> threading.RLock:
        return self._locks.setdefault(namespace, threading.RLock())

    def _add_batch(self, namespace: str, records: Sequence[Record]) -> Added:
        def decide(reader: Reader) -> Decision[Collection[str]]:
            stored = reader.get(namespace, [record.key for record in records])
            known = {record.key: record for record in stored if record is not None}
            self._check_same(records, known)
            new = [record for record in records if record.key not in known]
            # An export that is newer than the store tells which of its records are history by now.
            supersede = {
                record.key: record.superseded_by
                for record in records
                if record.superseded_by
                and record.key in known
                and not known[record.key].superseded_by
            }
            superseded = [known[key] for key in supersede]
            nothing = not new and not supersede
            return known, None if nothing else Change(new, (), supersede, superseded)

        known, written = self._carry_out(namespace, decide, self.store.write)
        return Added(written.added, (*written.unchanged, *known))

    def _check_same(self, records: Iterable[Record], known: Mapping[str, Record]) -> None:
        """Refuse records whose keys are known, by other texts than they have."""
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

    def _one(self, namespace: str, decide: Callable[[Reader], Decision[Outcome]]) -> Record:
        """Add the record that is decided on; returns it as it is stored, or as it was already."""
        outcome, written = self._carry_out(namespace, decide, self.store.write)
        if written.at is None:
            return outcome.record
        tell(outcome.removed)
        return as_stored(outcome.record, written.at)

    def _remove(
        self, namespace: str, chosen: Callable[[Reader], Iterable[Record]], write: Write
    ) -> Sequence[Record]:
        """Delete what is chosen, with all versions; returns the records that went."""

        def decide(reader: Reader) -> Decision[Sequence[Record]]:
            gone = [*all_versions(reader, namespace, chosen(reader)).values()]
            return gone, Change(remove=gone)

        gone, written = self._carry_out(namespace, decide, write)
        deleted = set(written.deleted)
        return [record for record in gone if record.key in deleted]

    def _carry_out(
        self, namespace: str, decide: Callable[[Reader], Decision[T]], write: Write
    ) -> tuple[T, Written]:
        """Read, decide, encode and write; again from the beginning if another writer was faster."""

        def attempt(encoder: Encoder) -> tuple[T, Written]:
            def read(reader: Reader) -> tuple[T, Change | None, Sequence[Around]]:
                result, change = decide(reader)
                if change is None:
                    return result, None, ()
                _check(change.add)
                return result, change, neighborhoods(reader, namespace, change)

            result, change, arounds = self.store.reading(read)
            if change is None:
                return result, Written()
            self._adopt(change.add)
            return result, write(namespace, batch_of(change, arounds, encoder))

        with self._writing(namespace):
            return self._persist(attempt)

    def _adopt(self, records: Sequence[Record]) -> None:
        """Say whose vectors these will be, if they are the first."""
        if records and self.store.space is None:
            self.store.adopt(space_of(self.encoder))

    def _persist(self, attempt: Callable[[Encoder], T]) -> T:
        """The result of an attempt that reads, plans and writes."""
        while True:
            try:
                return self.with_encoder(attempt)
            except Stale:
                continue  # another process was faster: plan again on what it wrote


def _check(records: Iterable[Record]) -> None:
    for record in records:
        check_record(record)  # before the encoder spends time on it


# A new edition of a document: what of it is new, what only moves, what stands in whose place.


@dataclass(frozen=True, slots=True)
class Edition:
    """The writes that bring a new edition.

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
        """The changes, ``size`` records at a time; what is gone gives way with the last."""
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
