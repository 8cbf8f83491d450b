"""The rows of a store with vectors of another encoder, in a collection that then takes their place.

A copy of a row keeps its primary key and version, so that the same notes speak of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from store.milvus import packing
from store.milvus.claims import Claims, Held
from store.milvus.collections import make_records, read_root, sweep, write_root
from store.milvus.engine import Engine
from store.milvus.forgetting import collect_all
from store.milvus.notes import all_moments, pieces_of
from store.milvus.reading import whole_rows
from store.milvus.schema import LONGEST_BODY, dense
from store.milvus.state import STORE, Root
from store.reindexing import Place, Texts, check_mine, check_views
from store.spaces import Meta
from store.types import Space, Vector

__all__ = ["MilvusFilling"]

_PAGE = 500


class MilvusFilling:
    """Keeps ``store.reindexing.Filling``. A place is the primary key of a row."""

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
