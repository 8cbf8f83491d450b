"""One write: the rows it inserts and removes, and the state of the namespace after it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from remem.store.engine import check_expected, check_records, split
from remem.store.fulltext.tokens import tokenize
from remem.store.milvus import packing, read
from remem.store.milvus.driver import PREFIX, length, long
from remem.store.milvus.engine import Engine, Row
from remem.store.milvus.filters import FOREVER, is_plain
from remem.store.milvus.leases import HeldLease
from remem.store.milvus.metadata import Snapshot, State, state_row, tombstone_rows
from remem.store.rows import to_micros
from remem.store.types import Batch, Entry, Record, Span, Written

_PORTION = 500  # rows made and sent at a time, so that memory does not grow with the batch


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch, worked out against what is stored.

    Attributes:
        inserted: Entries to be written.
        tombstoned: Rows to be removed, with the columns of ``_columns``.
    """

    inserted: Sequence[Entry]
    tombstoned: Sequence[Row]
    written: Written

    @property
    def is_empty(self) -> bool:
        """True if nothing changes."""
        return not self.inserted and not self.tombstoned


def planned(engine: Engine, snapshot: Snapshot, batch: Batch, now: datetime) -> Plan:
    """Work a checked batch out: delete, then add, refresh and supersede.

    Raises:
        Conflict: a key of ``batch.add`` is stored with another text.
        Stale: a neighbourhood or record reads differently than when the batch was planned.
    """
    check_expected(batch.expects, lambda around: _read(engine, snapshot, around, to_micros(now)))
    check_records(batch.expects_records, lambda keys: _read_keys(engine, snapshot, keys))
    stored = _stored(engine, snapshot, batch)
    tombstoned = {key: stored.pop(key) for key in dict.fromkeys(batch.delete) if key in stored}
    digests = {key: packing.text_digest(row) for key, row in stored.items()}
    new, unchanged = split(batch.add, digests, packing.digest)
    added = {entry.record.key: entry for entry in new}

    touched = [key for key in dict.fromkeys([*batch.refresh, *batch.supersede]) if key in stored]
    places = [stored[key]["pk"] for key in touched]
    old = {e.record.key: e for e in read.entries(engine, snapshot, places).values()}
    changed = _superseded(_refreshed({**old, **added}, batch), batch, now)
    inserted = [e for key, e in changed.items() if key in added or e is not old[key]]
    replaced = [stored[e.record.key] for e in inserted if e.record.key not in added]
    return Plan(
        inserted,
        [*tombstoned.values(), *replaced],
        Written(tuple(added), tuple(unchanged), tuple(tombstoned), now),
    )


def carry_out(lease: HeldLease, namespace: str, plan: Plan, now: datetime, purging: bool) -> None:
    """Write what is inserted, then the tombstones, and then the state that makes both count."""
    snapshot = lease.snapshot
    version = snapshot.state.version + 1
    state = replace(snapshot.state, life=snapshot.state.life or secrets.token_hex(8))
    views = snapshot.root.space.views
    if not state.usual and plan.inserted:
        state = replace(state, usual=_usual(plan.inserted, views), lengths=[0] * len(views))
    lease.begun = True
    for start in range(0, len(plan.inserted), _PORTION):
        made = [
            packing.pack(namespace, entry, views, version, state.usual, now)
            for entry in plan.inserted[start : start + _PORTION]
        ]
        rows = [row for row, _ in made]
        lease.put(PREFIX, (part for _, parts in made for part in parts))
        lease.put(snapshot.root.records_name, rows)
        odd = any(not is_plain(row["facets"], row["ranges"]) for row in rows)
        state = replace(_counted(state, rows, 1), odd=state.odd or odd)
    state = _counted(state, plan.tombstoned, -1)
    owner = lease.owner if plan.inserted else state.owner
    state = replace(state, version=version, owner=owner, purging=purging or state.purging)
    gone = {row["pk"]: row["parts"] for row in plan.tombstoned}
    lease.put(PREFIX, tombstone_rows(namespace, version, gone, time.time()))
    lease.commit([state_row(namespace, state)])


def _stored(engine: Engine, snapshot: Snapshot, batch: Batch) -> dict[str, Row]:
    """The rows of all records that a batch is about, by key."""
    if not snapshot.root.records:
        return {}
    keys = [*batch.delete, *(entry.record.key for entry in batch.add)]
    keys += [*batch.refresh, *batch.supersede]
    return read.by_key(engine, snapshot, keys, _columns(snapshot))


def _columns(snapshot: Snapshot) -> list[str]:
    views = len(snapshot.root.space.views)
    return [
        *packing.SMALL,
        *(column(view) for view in range(views) for column in (length, long)),
    ]


def _read(engine: Engine, snapshot: Snapshot, span: Span, now: int) -> list[Record]:
    return read.neighbors(engine, snapshot, span, now) if snapshot.root.records else []


def _read_keys(engine: Engine, snapshot: Snapshot, keys: Sequence[str]) -> dict[str, Record]:
    return read.found(engine, snapshot, keys) if snapshot.root.records else {}


def _refreshed(entries: Mapping[str, Entry], batch: Batch) -> dict[str, Entry]:
    return {
        key: Entry(entry.record, batch.refresh[key]) if key in batch.refresh else entry
        for key, entry in entries.items()
    }


def _superseded(entries: Mapping[str, Entry], batch: Batch, now: datetime) -> dict[str, Entry]:
    result = dict(entries)
    for older, successor in batch.supersede.items():
        entry = result.get(older)
        if entry is not None and entry.record.superseded_by != successor:
            record = replace(entry.record, superseded_by=successor, valid_to=now)
            result[older] = Entry(record, entry.views)
    return result


def _usual(entries: Sequence[Entry], views: Sequence[str]) -> list[float]:
    """The mean length of each view, in tokens: at least one."""
    lengths = [[len(tokenize(e.views[view].text)) for view in views] for e in entries[:_PORTION]]
    return [max(1.0, sum(column) / len(column)) for column in zip(*lengths, strict=True)]


def _counted(state: State, rows: Sequence[Row], sign: int) -> State:
    """A state with some rows more or less."""
    current = [row for row in rows if not row["superseded"]]
    return replace(
        state,
        records=state.records + sign * len(rows),
        current=state.current + sign * len(current),
        lengths=[
            total + sign * sum(row[length(view)] for row in current)
            for view, total in enumerate(state.lengths)
        ],
        expiring=state.expiring + sign * sum(row["expires_at"] < FOREVER for row in current),
        size=state.size + sign * sum(row["size"] for row in rows),
        long=state.long + sign * sum(_is_long(row, len(state.lengths)) for row in rows),
    )


def _is_long(row: Row, views: int) -> bool:
    return any(row[long(view)] for view in range(views))
