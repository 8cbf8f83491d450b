"""Re-encoding a whole store: fill a new generation of vectors, then flip to it at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import numpy as np

from store.base import Embed
from store.embedded import records
from store.embedded.database import Database
from store.embedded.meta import clear_next, read_meta, write_next, write_space
from store.embedded.schema import create_vectors, drop_vectors, vectors_table
from store.embedded.writing import put_vectors
from store.errors import CorruptStore, EncoderMismatch, InvalidInput
from store.types import Space
from store.validation import check_encoded

__all__ = ["fill_and_flip"]

_BATCH = 128
"""Records encoded at a time; each is one commit, so that an interruption loses little work."""


def fill_and_flip(
    database: Database, space: Space, embed: Embed, progress: Callable[[int, int], None] | None
) -> None:
    """Encode the texts of all records with ``embed`` and make ``space`` the one in use.

    Writers go on meanwhile, with the old encoder; what they add or change is found missing in the
    new generation by the next sweep. The flip happens in the transaction that found none missing.
    """
    generation = _begin(database, space)
    done, total = _counts(database, generation)
    after = 0
    while True:
        with database.reading() as connection:
            ids = _missing(connection, generation, after)
            texts = dict(records.view_texts(connection, ids, len(space.views)))
        if not ids:
            if after == 0 and _flip(database, space, generation):
                return
            after = 0  # one more sweep, for what was written during this one
            continue
        after = ids[-1]
        if lacking := [i for i in ids if i not in texts]:
            raise CorruptStore(f"record number {lacking[0]} lacks its texts; 'remem verify' tells")
        flat = [text for i in ids for text in texts[i]]
        vectors = check_encoded(embed(flat), len(flat), space.dim)
        with database.writing() as connection:
            _check_mine(connection, space, generation)
            now = dict(records.view_texts(connection, ids, len(space.views)))
            same = [n for n, i in enumerate(ids) if now.get(i) == texts[i]]
            grouped = vectors.reshape(len(ids), len(space.views), space.dim)
            put_vectors(connection, generation, np.array(ids)[same].tolist(), grouped[same])
        done += len(same)
        if progress:
            progress(min(done, total), total)


def _begin(database: Database, space: Space) -> int:
    with database.writing() as connection:
        meta = read_meta(connection)
        if meta.adopted is None or meta.adopted.views != space.views:
            views = "none" if meta.adopted is None else ", ".join(meta.adopted.views)
            raise InvalidInput(
                f"reindex keeps the views of the store ({views}), got {', '.join(space.views)}"
            )
        generation = meta.generation + 1
        if meta.next_space != space:  # otherwise go on where an interrupted reindex stopped
            drop_vectors(connection, generation)
            write_next(connection, space)
        create_vectors(connection, generation)
        return generation


def _counts(database: Database, generation: int) -> tuple[int, int]:
    with database.reading() as connection:
        done = connection.execute(f"SELECT count(*) FROM {vectors_table(generation)}").fetchone()
        total = connection.execute("SELECT count(*) FROM records").fetchone()
        return done[0], total[0]


def _missing(connection: sqlite3.Connection, generation: int, after: int) -> list[int]:
    rows = connection.execute(
        f"""SELECT r.id FROM records r LEFT JOIN {vectors_table(generation)} v ON v.record = r.id
            WHERE v.record IS NULL AND r.id > ? ORDER BY r.id LIMIT {_BATCH}""",
        (after,),
    )
    return [row[0] for row in rows]


def _check_mine(connection: sqlite3.Connection, space: Space, generation: int) -> None:
    meta = read_meta(connection)
    if meta.next_space != space or meta.generation + 1 != generation:
        raise EncoderMismatch(
            "another reindex took over while this one was encoding; let it finish, then try again"
        )


def _flip(database: Database, space: Space, generation: int) -> bool:
    with database.writing() as connection:
        _check_mine(connection, space, generation)
        if _missing(connection, generation, 0):
            return False
        write_space(connection, space, generation)
        clear_next(connection)
        drop_vectors(connection, generation - 1)
        connection.execute("DELETE FROM snapshots")
        return True
