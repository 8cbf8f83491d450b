"""Is everything what it should be? One sentence for each thing that is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from remem.store.errors import CorruptStore
from remem.store.milvus import packing
from remem.store.milvus.driver import length
from remem.store.milvus.engine import Engine, Row
from remem.store.milvus.metadata import Snapshot, pieces_of
from remem.store.milvus.read import whole_rows

_PAGE = 500
_RESTORE = "restore a backup or an export"
_REBUILD = "'remem rebuild' makes it again"


def problems(engine: Engine, snapshot: Snapshot) -> Iterator[str]:
    """Problems of a namespace, of its records and of what is derived from them, as sentences."""
    views = len(snapshot.root.space.views)
    counted: Counter[str] = Counter()
    lengths = [0] * views
    rows = engine.select(snapshot.root.records_name, snapshot.visible, ("key",))
    while page := list(islice(rows, _PAGE)):
        counted.update(row["key"] for row in page)
        for row in whole_rows(engine, snapshot.root, [row["pk"] for row in page]):
            yield from (f"record {row['key']!r} {what}" for what in _of_row(engine, snapshot, row))
            if not row["superseded"]:
                lengths = [sum(pair) for pair in zip(lengths, _lengths(row, views), strict=True)]
    yield from (
        f"record {key!r} is there {n} times; {_RESTORE}" for key, n in counted.items() if n > 1
    )
    state = snapshot.state
    if counted.total() != state.records or lengths != list(state.lengths):
        yield (
            f"it has {counted.total()} records with {lengths} tokens, but counts "
            f"{state.records} with {list(state.lengths)}; {_RESTORE}"
        )


def _of_row(engine: Engine, snapshot: Snapshot, row: Row) -> Iterator[str]:
    try:
        body = packing.body_of(row, pieces_of(engine, [row]))
        record, texts = packing.record_of(body), packing.texts_of(body)
    except CorruptStore:
        yield f"is damaged; {_RESTORE}"
        return
    named = packing.columns(record)
    if (
        row["pk"] != packing.place(snapshot.namespace, record, row["born"])
        or packing.text_digest(row) != packing.digest(record.text)
        or any(row[name] != value for name, value in named.items())
    ):
        yield f"is not what was written; {_RESTORE}"
    marked = packing.marked(row, len(texts))["digest"]
    units = map(_is_unit, packing.vectors_of(row, len(texts)))
    if row["digest"] not in (marked, packing.text_digest(row)) or not all(units):
        yield "has a damaged vector; 'remem reindex' makes it again"
    expected = packing.derived(record, texts, snapshot.state.usual)
    if any(not _same(row[name], value) for name, value in expected.items()):
        yield f"is indexed under other words or values than it has; {_REBUILD}"


def _is_unit(vector: np.ndarray[Any, np.dtype[np.float32]]) -> bool:
    return bool(abs(float(np.linalg.norm(vector)) - 1) < 0.01)


def _same(stored: Any, expected: Any) -> bool:
    return bool(list(stored) == expected if isinstance(expected, list) else stored == expected)


def _lengths(row: Row, views: int) -> Sequence[int]:
    return [row[length(view)] for view in range(views)]
