"""All that is there, written again into new collections, with everything derived made anew.

A copy of a row keeps its primary key and version, so that the same notes speak of it.
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
from remem.store.milvus.claims import Claims, Held
from remem.store.milvus.driver import (
    LONGEST_BODY,
    PREFIX,
    CollectionSchema,
    IndexParams,
    dense,
    length,
    long,
    notes_indexes,
    notes_name,
    notes_schema,
    records_indexes,
    records_name,
    records_schema,
)
from remem.store.milvus.engine import Engine, Row
from remem.store.milvus.notes import (
    FORMAT,
    STORE,
    Moment,
    Root,
    all_moments,
    new_note,
    pieces_of,
    read_moment,
    remove_rows,
    root_note,
    state_note,
)
from remem.store.milvus.read import whole_rows
from remem.store.reindex import Place, Texts, check_mine, check_views
from remem.store.spaces import Meta
from remem.store.types import Space, Vector

_PAGE = 500


def upgrade(engine: Engine, claims: Claims) -> None:
    """Bring a store that an older version made to the present format."""
    if read_root(engine).format < FORMAT:
        with claims.held(STORE) as held:
            if held.moment.root.format < FORMAT:  # nobody else has done it meanwhile
                renew(held)


def renew(held: Held) -> None:
    """Write all that is there into new collections, with everything derived made again, and drop
    the old ones with every trace of what is not there any more. A reindex under way begins anew.

    Args:
        held: A claim of the store.
    """
    engine, owner = held.engine, held.owner
    moments = all_moments(engine)
    old = moments[STORE].root
    notes, last = old.last + 1, old.last + 1
    records, filling = 0, 0
    if old.records:
        records = last = last + 1
        make_records(held, records, old.space)
    if old.meta.next_space:
        filling = last = last + 1
        make_records(held, filling, old.meta.next_space)
    new = replace(old, notes=notes, records=records, filling=filling, last=last)
    new = replace(new, owner=owner, format=FORMAT)
    make_notes(held, notes)
    engine.put(new.notes_name, [root_note(new)])
    for namespace, moment in moments.items():
        if moment.state.records:
            _copy_namespace(held, namespace, moment, new)
    held.move(new.notes_name)  # nobody may make collections before the sweep
    engine.point(PREFIX, new.notes_name)
    sweep(held, new)


def _copy_namespace(held: Held, namespace: str, moment: Moment, new: Root) -> None:
    engine = held.engine
    views = range(len(moment.state.lengths))
    lengths, many = [0 for _ in views], 0
    for places in _pages(engine, moment):
        rows, parts = list[Row](), list[Row]()
        for row in whole_rows(engine, moment.root, places):
            pieces = pieces_of(engine, [row])
            rows.append(_renewed(row, pieces, moment))
            parts += (
                packing.part_note(namespace, row["born"], key, piece)
                for key, piece in pieces.items()
            )
        held.put(new.notes_name, parts)
        held.put(new.records_name, rows)
        current = [row for row in rows if not row["superseded"]]
        lengths = [lengths[view] + sum(row[length(view)] for row in current) for view in views]
        many += sum(any(row[long(view)] for view in views) for row in rows)
    # Other tokens than those of the version that wrote them may be more, or fewer.
    state = replace(moment.state, purging=False, lengths=lengths, long=many)
    engine.put(new.notes_name, [state_note(namespace, state)])


def _renewed(row: Row, pieces: Mapping[str, str], moment: Moment) -> Row:
    try:
        body = packing.body_of(row, pieces)
    except DamagedRecord as error:  # it stays what it is, to be restored or deleted
        log_damage(error)
        return row
    record, texts = packing.record_of(body), packing.texts_of(body)
    row.update(packing.derived(record, texts, moment.state.usual))
    return packing.with_digests(row, body, len(texts))


def _pages(engine: Engine, moment: Moment) -> Iterator[list[str]]:
    rows = engine.select(moment.root.records_name, moment.visible, ())
    while page := [row["pk"] for row in islice(rows, _PAGE)]:
        yield page


# Taking rows out of the engine that are not there any more, and their traces out of its files.
QUICK = 5.0
"""Seconds that a read may take without looking whether there was a write meanwhile: rows that died
stay in a server for longer than that, for readers that began before."""

_KEPT = 30.0
"""Seconds for which they stay, at least, by the clocks of all writers."""

_MOST_KEPT = 10_000
"""Rows that may stay until the next write; every read has to name them."""


def collect_old(held: Held) -> None:
    """Remove rows of a namespace that died so long ago that nobody can be reading them."""
    _collect(held, held.moment, _KEPT)


def collect_all(held: Held, moments: Collection[Moment]) -> None:
    """Remove all rows that died, as soon as nobody can be reading them.

    Args:
        held: Keeps others from writing to the namespaces of these moments.
    """
    if not held.engine.alone and any(moment.dead for moment in moments):
        time.sleep(2 * QUICK)
    for moment in moments:
        _collect(held, moment, 0)


def tidy(engine: Engine, claims: Claims, before: Moment, died: int) -> None:
    """Remove rows that died, if there are too many of them for each read to name.

    Args:
        before: What was true before a write in which ``died`` rows did.
    """
    if died + len(before.hidden) > (0 if engine.alone else _MOST_KEPT):
        with suppress(StoreLocked), claims.held(before.namespace) as held:  # else the next one does
            collect_all(held, [held.moment])


def finish_purges(engine: Engine, claims: Claims) -> None:
    """Remove what purges deleted from all files; also one that a crash interrupted.

    The files of Milvus Lite are written again. A server is asked to compact its own, and drops the
    old ones in its own time.
    """
    moments = all_moments(engine)
    purging = [name for name, moment in moments.items() if moment.state.purging]
    if purging and engine.alone:
        with claims.held(STORE) as held:
            renew(held)
        return
    for name in purging:
        with claims.held(name) as held:
            if held.moment.state.purging:  # nobody else has finished it meanwhile
                _finish(held)
    if purging:
        engine.settle(moments[STORE].root.records_name)
        engine.settle(PREFIX)


def _finish(held: Held) -> None:
    moment = held.moment
    collect_all(held, [moment])
    done = state_note(moment.namespace, replace(moment.state, purging=False))
    if moment.state.records:
        held.commit([done])
    else:  # its name may be a person's
        held.engine.remove(PREFIX, [done["pk"]])


def _collect(held: Held, moment: Moment, age: float) -> None:
    """Remove rows that died at least so many seconds ago."""
    before = time.time() - age
    for dead in moment.dead:
        if dead.version <= moment.state.version and dead.at <= before:
            held.extend()
            remove_rows(held.engine, moment.root, dead.rows)
            held.engine.remove(PREFIX, [dead.pk])


# The rows of a store with vectors of another encoder, in a collection that then takes their place.
#
# A copy of a row keeps its primary key and version, so that the same notes speak of it.
class MilvusFilling:
    """Keeps ``remem.store.reindex.Filling``. A place is the primary key of a row."""

    def __init__(self, engine: Engine, claims: Claims, space: Space) -> None:
        self._engine = engine
        self._claims = claims
        self._space = space
        with claims.held(STORE) as held:
            root = held.moment.root
            check_views(root.meta, space)
            self._generation = root.meta.generation + 1
            collect_all(held, all_moments(held.engine).values())
            if root.meta.next_space != space:  # otherwise go on where an interrupted one stopped
                meta = replace(root.meta, next_space=space)
                root = replace(root, meta=meta, filling=root.last + 1, last=root.last + 1)
                make_records(held, root.filling, space)
                write_root(held, root)
                sweep(held, root)

    def counts(self) -> tuple[int, int]:
        """See ``Filling.counts``."""
        root = self._root()
        done, total = (
            sum(1 for _ in self._engine.select(name, "", ()))
            for name in (root.filling_name, root.records_name)
        )
        return done, total

    def missing(self, after: Place, limit: int) -> Texts:
        """See ``Filling.missing``."""
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
        """See ``Filling.flip``."""
        with self._claims.held(STORE) as held:
            engine, root = held.engine, self._root()
            if next(self._missing(root, "", _PAGE, held), None) is not None:
                return False
            gone = list(_only_in(engine, root.filling_name, root.records_name, "", _PAGE, held))
            engine.remove(root.filling_name, gone)
            meta = Meta(self._generation, self._space, None)
            root = replace(root, meta=meta, records=root.filling, filling=0)
            write_root(held, root)
            sweep(held, root)
            return True

    def _root(self) -> Root:
        root = read_root(self._engine)
        check_mine(root.meta, self._space, self._generation)
        return root

    def _missing(
        self, root: Root, after: str, page: int, held: Held | None = None
    ) -> Iterator[str]:
        names = root.records_name, root.filling_name
        return _only_in(self._engine, *names, after, page, held)


def _only_in(
    engine: Engine,
    name: str,
    other: str,
    after: str,
    page: int,
    held: Held | None,
) -> Iterator[str]:
    """Primary keys of the rows of a collection that another one lacks, in order.

    Args:
        page: So many rows are compared at a time.
        held: A claim to be kept for as long as this takes.
    """
    rows = engine.select(name, "", (), page, after)
    while places := [row["pk"] for row in islice(rows, page)]:
        there = {row["pk"] for row in engine.fetch(other, places, (), 100)}
        yield from (pk for pk in places if pk not in there)
        if held:
            held.extend()


# Making collections, changing which ones are in use, and dropping those that nothing refers to.


def open_notes(engine: Engine) -> Root:
    """The root of the store; a new store is made where there is none.

    Of two processes that find none, the slower one changes nothing that the other has written: the
    note is the same, and gives way to that of the root; and an alias is not moved. At worst, it
    makes the first collection again after the other has replaced it, which the next sweep drops.
    """
    if engine.pointed(PREFIX) is None:
        engine.create(notes_name(1), notes_schema(), notes_indexes())
        engine.put(notes_name(1), [new_note()])
        engine.introduce(PREFIX, notes_name(1))  # from now on it is a store
    return read_root(engine)


def read_root(engine: Engine) -> Root:
    """The root of the store, read now."""
    return read_moment(engine, STORE).root


def write_root(held: Held, root: Root) -> None:
    """Make it so, all at once.

    Args:
        held: A claim of the store.
    """
    held.put(PREFIX, [root_note(replace(root, owner=held.owner))])


def make_notes(held: Held, number: int) -> None:
    """An empty collection of notes; see ``make_records``."""
    _make(held, notes_name(number), notes_schema(), notes_indexes())


def make_records(held: Held, number: int, space: Space) -> None:
    """An empty collection of records of a space.

    Args:
        held: A claim of the store.
        number: A new one. What is there already was left by a process that was killed before it
            wrote the number down.
    """
    views = len(space.views)
    indexes = records_indexes(views, held.engine.indexes_arrays)
    _make(held, records_name(number), records_schema(views, space.dim), indexes)


def sweep(held: Held, root: Root) -> None:
    """Drop collections that are not, or no longer, in use.

    Args:
        held: A claim of the store.
    """
    used = {root.notes_name, root.records_name, root.filling_name}
    stems = (notes_name(0)[:-1], records_name(0)[:-1])
    for name in held.engine.collections():
        if name.startswith(stems) and name not in used:
            held.extend()
            held.engine.drop(name)


def _make(held: Held, name: str, schema: CollectionSchema, indexes: IndexParams) -> None:
    held.extend()
    held.engine.drop(name)
    held.engine.create(name, schema, indexes)
