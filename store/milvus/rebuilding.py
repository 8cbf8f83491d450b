"""All that is there, written again into new collections, with everything derived made anew.

A copy of a row keeps its primary key and version, so that the same notes speak of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

from store.base import log_damage
from store.errors import DamagedRecord
from store.milvus import packing
from store.milvus.claims import Claims, Held
from store.milvus.collections import make_notes, make_records, read_root, sweep
from store.milvus.engine import Engine, Row
from store.milvus.notes import all_moments, pieces_of
from store.milvus.reading import whole_rows
from store.milvus.schema import PREFIX
from store.milvus.state import FORMAT, STORE, Moment, Root, root_note, state_note

__all__ = ["renew", "upgrade"]

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
    state = replace(moment.state, purging=False)
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
