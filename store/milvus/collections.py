"""Making collections, changing which ones are in use, and dropping those that nothing refers to."""

from __future__ import annotations

from dataclasses import replace

from store.milvus.claims import Held
from store.milvus.driver import CollectionSchema, IndexParams
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
