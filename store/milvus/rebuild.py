"""Collections written anew: after an upgrade, a purge or a reindex, and to mend what is derived.

A copy of a row keeps its primary key and version, so that the same metadata speak of it.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice

from remem.store.base import log_damage
from remem.store.errors import DamagedRecord, StoreLocked
from remem.store.milvus import packing
from remem.store.milvus.driver import (
    LONGEST_BODY,
    PREFIX,
    CollectionSchema,
    IndexParams,
    dense,
    metadata_indexes,
    metadata_name,
    metadata_schema,
    records_indexes,
    records_name,
    records_schema,
)
from remem.store.milvus.engine import Engine, Row
from remem.store.milvus.leases import HeldLease, Leases
from remem.store.milvus.metadata import (
    FORMAT,
    STORE,
    Root,
    Snapshot,
    all_snapshots,
    new_root_row,
    pieces_of,
    read_snapshot,
    remove_rows,
    root_row,
    state_row,
)
from remem.store.milvus.read import whole_rows
from remem.store.reindex import Place, Texts, check_mine, check_views
from remem.store.spaces import Meta
from remem.store.types import Space, Vector

_PAGE = 500


def upgrade(engine: Engine, leases: Leases) -> None:
    """Bring a store that an older version made to the present format."""
    if read_root(engine).format < FORMAT:
        with leases.held(STORE) as lease:
            if lease.snapshot.root.format < FORMAT:  # nobody else has done it meanwhile
                renew(lease)


def renew(lease: HeldLease) -> None:
    """Write all that is there into new collections, with everything derived made again, and drop
    the old ones with every trace of what is not there any more. A reindex under way begins anew.

    Args:
        lease: On the store.
    """
    engine, owner = lease.engine, lease.owner
    snapshots = all_snapshots(engine)
    old = snapshots[STORE].root
    metadata, last = old.last + 1, old.last + 1
    records, filling = 0, 0
    if old.records:
        records = last = last + 1
        make_records(lease, records, old.space)
    if old.meta.next_space:
        filling = last = last + 1
        make_records(lease, filling, old.meta.next_space)
    new = replace(old, metadata=metadata, records=records, filling=filling, last=last)
    new = replace(new, owner=owner, format=FORMAT)
    make_metadata(lease, metadata)
    engine.put(new.metadata_name, [root_row(new)])
    for namespace, snapshot in snapshots.items():
        if snapshot.state.records:
            _copy_namespace(lease, namespace, snapshot, new)
    lease.copy_to(new.metadata_name)  # nobody may make collections before the sweep
    engine.point(PREFIX, new.metadata_name)
    sweep(lease, new)


def _copy_namespace(lease: HeldLease, namespace: str, snapshot: Snapshot, new: Root) -> None:
    engine = lease.engine
    for places in _pages(engine, snapshot):
        rows, parts = list[Row](), list[Row]()
        for row in whole_rows(engine, snapshot.root, places):
            pieces = pieces_of(engine, [row])
            rows.append(_renewed(row, pieces, snapshot))
            parts += (
                packing.part_row(namespace, row["born"], key, piece)
                for key, piece in pieces.items()
            )
        lease.put(new.metadata_name, parts)
        lease.put(new.records_name, rows)
    state = replace(snapshot.state, purging=False)
    engine.put(new.metadata_name, [state_row(namespace, state)])


def _renewed(row: Row, pieces: Mapping[str, str], snapshot: Snapshot) -> Row:
    try:
        body = packing.body_of(row, pieces)
    except DamagedRecord as error:  # it stays what it is, to be restored or deleted
        log_damage(error)
        return row
    record, texts = packing.record_of(body), packing.texts_of(body)
    row.update(packing.derived(record, texts, snapshot.state.usual))
    return packing.with_digests(row, body, len(texts))


def _pages(engine: Engine, snapshot: Snapshot) -> Iterator[list[str]]:
    rows = engine.select(snapshot.root.records_name, snapshot.visible, ())
    while page := [row["pk"] for row in islice(rows, _PAGE)]:
        yield page


# Taking rows out of the engine that are not there any more, and their traces out of its files.
QUICK = 5.0
"""Seconds that a read may take without looking for a write meanwhile: removed rows stay in a server
for longer than that, for readers that began before."""

_KEPT = 30.0
"""Least seconds that removed rows stay, by the clocks of all writers."""

_MOST_KEPT = 10_000
"""Most removed rows that stay until the next write; every read has to name them."""


def collect_old(lease: HeldLease) -> None:
    """Delete rows of a namespace that were removed so long ago that nobody can be reading them."""
    _collect(lease, lease.snapshot, _KEPT)


def collect_all(lease: HeldLease, snapshots: Collection[Snapshot]) -> None:
    """Delete all removed rows, as soon as nobody can be reading them.

    Args:
        lease: On all namespaces of these snapshots.
    """
    if not lease.engine.alone and any(snapshot.tombstoned for snapshot in snapshots):
        time.sleep(2 * QUICK)
    for snapshot in snapshots:
        _collect(lease, snapshot, 0)


def tidy(engine: Engine, leases: Leases, before: Snapshot, removed: int) -> None:
    """Delete removed rows, if there are too many of them for each read to name.

    Args:
        before: Snapshot before a write that removed so many rows.
    """
    if removed + len(before.hidden) > (0 if engine.alone else _MOST_KEPT):
        with suppress(StoreLocked), leases.held(before.namespace) as lease:  # else the next does
            collect_all(lease, [lease.snapshot])


def finish_purges(engine: Engine, leases: Leases) -> None:
    """Remove what purges deleted from all files; also one that a crash interrupted.

    The files of Milvus Lite are written again. A server is asked to compact its own, and drops the
    old ones in its own time.
    """
    snapshots = all_snapshots(engine)
    purging = [name for name, snapshot in snapshots.items() if snapshot.state.purging]
    if purging and engine.alone:
        with leases.held(STORE) as lease:
            renew(lease)
        return
    for name in purging:
        with leases.held(name) as lease:
            if lease.snapshot.state.purging:  # nobody else has finished it meanwhile
                _finish(lease)
    if purging:
        engine.settle(snapshots[STORE].root.records_name)
        engine.settle(PREFIX)


def _finish(lease: HeldLease) -> None:
    snapshot = lease.snapshot
    collect_all(lease, [snapshot])
    done = state_row(snapshot.namespace, replace(snapshot.state, purging=False))
    if snapshot.state.records:
        lease.commit([done])
    else:  # its name may be a person's
        lease.engine.remove(PREFIX, [done["pk"]])


def _collect(lease: HeldLease, snapshot: Snapshot, age: float) -> None:
    """Delete rows that were removed at least so many seconds ago."""
    before = time.time() - age
    for tombstoned in snapshot.tombstoned:
        if tombstoned.version <= snapshot.state.version and tombstoned.at <= before:
            lease.extend()
            remove_rows(lease.engine, snapshot.root, tombstoned.rows)
            lease.engine.remove(PREFIX, [tombstoned.pk])


# The rows of a store with vectors of another encoder, in a collection that then takes their place.
#
# A copy of a row keeps its primary key and version, so that the same metadata speak of it.
class MilvusFilling:
    """Keeps ``remem.store.reindex.Filling``. A place is the primary key of a row."""

    def __init__(self, engine: Engine, leases: Leases, space: Space) -> None:
        self._engine = engine
        self._leases = leases
        self._space = space
        with leases.held(STORE) as lease:
            root = lease.snapshot.root
            check_views(root.meta, space)
            self._generation = root.meta.generation + 1
            collect_all(lease, all_snapshots(lease.engine).values())
            if root.meta.next_space != space:  # otherwise go on where an interrupted one stopped
                meta = replace(root.meta, next_space=space)
                root = replace(root, meta=meta, filling=root.last + 1, last=root.last + 1)
                make_records(lease, root.filling, space)
                write_root(lease, root)
                sweep(lease, root)

    def counts(self) -> tuple[int, int]:
        root = self._root()
        done, total = (
            sum(1 for _ in self._engine.select(name, "", ()))
            for name in (root.filling_name, root.records_name)
        )
        return done, total

    def missing(self, after: Place, limit: int) -> Texts:
        root = self._root()
        behind = str(after[0]) if after else ""
        places = list(islice(self._missing(root, behind, limit), limit))
        rows = self._engine.fetch(root.records_name, places, packing.BODY, LONGEST_BODY)
        texts = {
            row["pk"]: packing.texts_of(packing.body_of(row, pieces_of(self._engine, [row])))
            for row in rows
        }
        return {(place,): texts[place] for place in places if place in texts}

    def put(self, texts: Texts, vectors: Vector) -> int:
        """See ``Filling.put``. Rows never change; some may be gone."""
        root = self._root()
        made = dict(zip((str(place[0]) for place in texts), vectors, strict=True))
        rows = list(whole_rows(self._engine, root, list(made)))
        for row in rows:
            for view, vector in enumerate(made[row["pk"]]):
                row[dense(view)] = packing.halved(vector).tolist()
        views = len(self._space.views)
        self._engine.put(root.filling_name, [packing.marked(row, views) for row in rows])
        return len(rows)

    def flip(self) -> bool:
        with self._leases.held(STORE) as lease:
            engine, root = lease.engine, self._root()
            if next(self._missing(root, "", _PAGE, lease), None) is not None:
                return False
            gone = list(_only_in(engine, root.filling_name, root.records_name, "", _PAGE, lease))
            engine.remove(root.filling_name, gone)
            meta = Meta(self._generation, self._space, None)
            root = replace(root, meta=meta, records=root.filling, filling=0)
            write_root(lease, root)
            sweep(lease, root)
            return True

    def _root(self) -> Root:
        root = read_root(self._engine)
        check_mine(root.meta, self._space, self._generation)
        return root

    def _missing(
        self, root: Root, after: str, page: int, lease: HeldLease | None = None
    ) -> Iterator[str]:
        names = root.records_name, root.filling_name
        return _only_in(self._engine, *names, after, page, lease)


def _only_in(
    engine: Engine,
    name: str,
    other: str,
    after: str,
    page: int,
    lease: HeldLease | None,
) -> Iterator[str]:
    """Primary keys of the rows of a collection that another one lacks, in order.

    Args:
        page: So many rows are compared at a time.
        lease: Extended for as long as this takes.
    """
    rows = engine.select(name, "", (), page, after)
    while places := [row["pk"] for row in islice(rows, page)]:
        there = {row["pk"] for row in engine.fetch(other, places, (), 100)}
        yield from (pk for pk in places if pk not in there)
        if lease:
            lease.extend()


# Making collections, changing which ones are in use, and dropping those that nothing refers to.


def open_metadata(engine: Engine) -> Root:
    """The root of the store; a new store is made where there is none.

    Of two processes that find none, the slower one changes nothing that the other has written: the
    row is the same, and the root row overrules it; and an alias is not moved. At worst, it
    makes the first collection again after the other has replaced it, which the next sweep drops.
    """
    if engine.pointed(PREFIX) is None:
        engine.create(metadata_name(1), metadata_schema(), metadata_indexes())
        engine.put(metadata_name(1), [new_root_row()])
        engine.introduce(PREFIX, metadata_name(1))  # from now on it is a store
    return read_root(engine)


def read_root(engine: Engine) -> Root:
    """The root of the store, read now."""
    return read_snapshot(engine, STORE).root


def write_root(lease: HeldLease, root: Root) -> None:
    """Make it so, all at once.

    Args:
        lease: On the store.
    """
    lease.put(PREFIX, [root_row(replace(root, owner=lease.owner))])


def make_metadata(lease: HeldLease, number: int) -> None:
    """Make an empty collection of metadata; see ``make_records``."""
    _make(lease, metadata_name(number), metadata_schema(), metadata_indexes())


def make_records(lease: HeldLease, number: int, space: Space) -> None:
    """Make an empty collection of records of a space.

    Args:
        lease: On the store.
        number: A new one. What is there already was left by a process that was killed before it
            wrote the number down.
    """
    views = len(space.views)
    indexes = records_indexes(views, lease.engine.indexes_arrays)
    _make(lease, records_name(number), records_schema(views, space.dim), indexes)


def sweep(lease: HeldLease, root: Root) -> None:
    """Drop collections that are not, or no longer, in use.

    Args:
        lease: On the store.
    """
    used = {root.metadata_name, root.records_name, root.filling_name}
    stems = (metadata_name(0)[:-1], records_name(0)[:-1])
    for name in lease.engine.collections():
        if name.startswith(stems) and name not in used:
            lease.extend()
            lease.engine.drop(name)


def _make(lease: HeldLease, name: str, schema: CollectionSchema, indexes: IndexParams) -> None:
    lease.extend()
    lease.engine.drop(name)
    lease.engine.create(name, schema, indexes)
