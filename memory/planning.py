"""From records to what one write does: views, vectors, and the neighbours that are affected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from functools import partial
from itertools import groupby

from memory.damage import despite_damage
from memory.encoder import Encoder
from memory.recall.windows import (
    REACH,
    TURN,
    VIEWS,
    WINDOW,
    is_never_quoted,
    line,
    stands_alone,
    window_texts,
)
from memory.vectors import Reading, encoded, reading
from store import Batch, DamagedRecord, Entry, F, Neighborhood, Record, Space, Store, Vector, View

__all__ = ["LAST", "is_current", "place_behind", "plan", "space_of"]

LAST = 2**63 - 1
"""A position after all others."""

_RADIUS = 2 * REACH
"""A new record changes windows up to REACH away, and those see REACH further."""


def plan(
    store: Store,
    encoder: Encoder,
    namespace: str,
    add: Sequence[Record] = (),
    remove: Sequence[Record] = (),
    supersede: Mapping[str, str] | None = None,
    planned_on: Mapping[str, Record | None] | None = None,
) -> Batch:
    """The batch that removes and adds records and keeps all windows true.

    Reads and encodes; writes nothing. A neighbour whose stored window is not what it should read
    now is encoded again, so that nothing removed lives on in it; what is history, or expired, gets
    a window of its own line only. If another writer changes the neighbourhood, or what is removed
    or superseded, before the batch is written, the store refuses it as ``Stale``.

    Args:
        add: New records.
        remove: Stored records to delete; of damaged ones, what remains.
        supersede: Key of a stored record -> key of its successor.
        planned_on: What the caller read before, by key; None for a key that no record has.
    """
    supersede = supersede or {}
    removed = {record.key for record in remove}
    gone = removed | supersede.keys()
    new = {record.key for record in add}
    leaving = [*remove, *_stored(store, namespace, supersede)]
    expects: list[Neighborhood] = []
    lines = {record.key: line(record) for record in add}
    windows = dict(lines)  # of notes and of history, which have no neighbours
    known: dict[Reading, Vector] = {}  # the vectors that neighbours have already
    for source, records in _by_source([*add, *leaving]).items():
        if not source:
            continue  # damage has left nothing of it
        past = _past(store, namespace, records, removed, supersede)
        if not past and all(map(stands_alone, records)):
            continue
        positions = [record.position for record in records]
        span = (min(positions), max(positions), _RADIUS)
        around = store.neighbors(namespace, source, *span)
        expects.append(Neighborhood(source, *span, tuple(around)))
        coming = [record for record in add if record.source == source and is_current(record)]
        after = _in_order([*coming, *(record for record in around if record.key not in gone)])
        stored = {
            entry.record.key: entry.views
            for entry in _whole(store, namespace, [record.key for record in (*around, *past)])
        }
        now = window_texts(after) | {record.key: line(record) for record in past}
        windows |= {
            key: text
            for key, text in now.items()
            if key in new or key not in stored or stored[key][WINDOW].text != text
        }
        lines |= {r.key: line(r) for r in (*after, *past) if r.key in windows}
        known |= {
            reading(name, view.text): view.vector
            for views in stored.values()
            for name, view in views.items()
        }
    texts = {key: {TURN: lines[key], WINDOW: window} for key, window in windows.items()}
    read = {key: {name: reading(name, texts[key][name]) for name in VIEWS} for key in texts}
    wanted = {each for readings in read.values() for each in readings.values()}
    vectors = known | encoded(encoder, wanted - known.keys())
    views = {
        key: {name: View(text, vectors[read[key][name]]) for name, text in of_each.items()}
        for key, of_each in texts.items()
    }
    return Batch(
        add=[Entry(record, views[record.key]) for record in add],
        refresh={key: view for key, view in views.items() if key not in new},
        supersede=supersede,
        delete=[record.key for record in remove],
        space=space_of(encoder) if views else None,
        expects=expects,
        # What remains of a damaged record, which has no text, is compared with nothing.
        expects_records={record.key: record for record in leaving if record.text}
        | dict(planned_on or {}),
    )


def space_of(encoder: Encoder) -> Space:
    """The space of an encoder's vectors, over our views."""
    return Space(encoder.fingerprint, encoder.dim, VIEWS)


def _stored(store: Store, namespace: str, keys: Iterable[str]) -> list[Record]:
    return [record for record in store.get(namespace, list(keys)) if record is not None]


def _whole(store: Store, namespace: str, keys: Sequence[str]) -> list[Entry]:
    """Entries without those whose views are damaged: these are made again."""
    return despite_damage(keys, partial(store.entries, namespace), lambda _: [])


def _past(
    store: Store,
    namespace: str,
    records: Sequence[Record],
    removed: Collection[str],
    superseded: Collection[str],
) -> list[Record]:
    """What has no neighbours any more, but may have quoted some when it was current: of the records
    of one source those that are superseded now and, where one is removed, all that were before."""
    past = [record for record in records if record.key in superseded and not stands_alone(record)]
    if any(record.key in removed and not is_never_quoted(record) for record in records):
        all_of_it = store.scan(namespace, F("source") == records[0].source)
        past += [record for record in all_of_it if not is_current(record)]
    return [record for record in past if record.key not in removed]


def _by_source(records: Iterable[Record]) -> dict[str, list[Record]]:
    ordered = sorted(records, key=lambda record: record.source)
    return {source: list(group) for source, group in groupby(ordered, lambda r: r.source)}


def _in_order(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: (record.position, record.key))


def place_behind(store: Store, namespace: str, source: str) -> int:
    """The position after the last record of a source, for what is said next."""
    if last := store.neighbors(namespace, source, LAST, LAST, 1):
        return last[-1].position + 1
    # What is damaged may not know its place any more, so each of it is left one.
    damaged: list[DamagedRecord] = []
    whole = store.scan(namespace, F("source") == source, damaged.append)
    return max((record.position for record in whole), default=-1) + len(damaged) + 1


def is_current(record: Record) -> bool:
    """Whether it can be found, and so stand in the windows of others."""
    expired = record.expires_at is not None and record.expires_at <= datetime.now(timezone.utc)
    return record.superseded_by is None and not expired
