"""Making collections, changing which ones are in use, and dropping those that nothing refers to."""

from __future__ import annotations

from dataclasses import replace

from store.milvus.claims import Held
from store.milvus.engine import Engine
from store.milvus.notes import read_moment
from store.milvus.schema import (
    PREFIX,
    notes_indexes,
    notes_name,
    notes_schema,
    records_indexes,
    records_name,
    records_schema,
)
from store.milvus.state import STORE, Root, new_note, root_note
from store.types import Space

__all__ = ["make_notes", "make_records", "open_notes", "read_root", "sweep", "write_root"]


def open_notes(engine: Engine) -> Root:
    """What the store says about itself; a new store is made where there is none.

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
    """What the store says about itself."""
    return read_moment(engine, STORE).root


def write_root(held: Held, root: Root) -> None:
    """Make it so, all at once.

    Args:
        held: A claim of the store.
    """
    held.put(PREFIX, [root_note(replace(root, owner=held.owner))])


def make_notes(engine: Engine, number: int) -> None:
    """An empty collection of notes; see ``make_records``."""
    engine.drop(notes_name(number))
    engine.create(notes_name(number), notes_schema(), notes_indexes())


def make_records(engine: Engine, number: int, space: Space) -> None:
    """An empty collection of records of a space. The number is new, and the caller has claimed the
    store: what is there already was left by one that was killed before it wrote the number down."""
    views, name = len(space.views), records_name(number)
    engine.drop(name)
    engine.create(
        name,
        records_schema(views, space.dim),
        records_indexes(views, engine.indexes_arrays),
    )


def sweep(engine: Engine, root: Root) -> None:
    """Drop collections that are not, or no longer, in use; the caller has claimed the store."""
    used = {root.notes_name, root.records_name, root.filling_name}
    stems = (notes_name(0)[:-1], records_name(0)[:-1])
    for name in engine.collections():
        if name.startswith(stems) and name not in used:
            engine.drop(name)
