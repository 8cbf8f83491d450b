"""From records to what one write does: views, vectors, and the neighbours that are affected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby

from memory.encoder import Encoder
from memory.recall.windows import REACH, TURN, WINDOW, changed_windows, line, window_texts
from store import Batch, Entry, Record, Store, Vector, View

__all__ = ["plan"]

_RADIUS = 2 * REACH
"""A new record changes windows up to REACH away, and those see REACH further."""


def plan(
    store: Store,
    encoder: Encoder,
    namespace: str,
    add: Sequence[Record] = (),
    remove: Sequence[Record] = (),
    supersede: Mapping[str, str] | None = None,
) -> Batch:
    """The batch that adds and removes records and keeps all windows true.

    Reads and encodes; writes nothing. A window that reads differently without (or with) the
    records in question is encoded again, so that nothing removed lives on in its neighbours.

    Args:
        add: New records.
        remove: Stored records to delete.
        supersede: Key of a stored record -> key of its successor among ``add``.
    """
    supersede = supersede or {}
    gone = {record.key for record in remove} | supersede.keys()
    leaving = [*remove, *_stored(store, namespace, supersede.keys())]
    windows: dict[str, str] = {}
    lines: dict[str, str] = {}
    for source, records in _by_source([*add, *leaving]).items():
        positions = [record.position for record in records]
        around = store.neighbors(namespace, source, min(positions), max(positions), _RADIUS)
        coming = [record for record in add if record.source == source and _is_current(record)]
        after = _in_order([*coming, *(record for record in around if record.key not in gone)])
        windows |= changed_windows(window_texts(around), window_texts(after))
        lines |= {record.key: line(record) for record in after if record.key in windows}
    for record in add:  # history brought along by an import: found by key, not by its windows
        if not _is_current(record):
            windows[record.key] = lines[record.key] = line(record)
    vectors = _encode(encoder, {*lines.values(), *windows.values()})
    views = {
        key: {
            TURN: View(lines[key], vectors[lines[key]]),
            WINDOW: View(window, vectors[window]),
        }
        for key, window in windows.items()
    }
    new = {record.key for record in add}
    return Batch(
        add=[Entry(record, views[record.key]) for record in add],
        refresh={key: view for key, view in views.items() if key not in new},
        supersede=supersede,
        delete=[record.key for record in remove],
    )


def _encode(encoder: Encoder, texts: Collection[str]) -> dict[str, Vector]:
    ordered = list(texts)
    if not ordered:
        return {}
    return dict(zip(ordered, encoder.encode_documents(ordered), strict=True))


def _stored(store: Store, namespace: str, keys: Iterable[str]) -> list[Record]:
    return [record for record in store.get(namespace, list(keys)) if record is not None]


def _by_source(records: Iterable[Record]) -> dict[str, list[Record]]:
    ordered = sorted(records, key=lambda record: record.source)
    return {source: list(group) for source, group in groupby(ordered, lambda r: r.source)}


def _in_order(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: (record.position, record.key))


def _is_current(record: Record) -> bool:
    return record.superseded_by is None
