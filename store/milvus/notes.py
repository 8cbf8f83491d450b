"""Reading the notes, and removing rows with all that belongs to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from store.milvus.engine import Engine, Row
from store.milvus.expressions import all_of, one_of
from store.milvus.packing import part_keys
from store.milvus.schema import LONGEST_BODY, PREFIX
from store.milvus.state import STORE, Moment, Root, moment_of

__all__ = ["all_moments", "pieces_of", "read_moment", "remove_rows"]

_FIELDS = ("scope", "kind", "number", "body")


def read_moment(engine: Engine, namespace: str, extra: Iterable[Row] = ()) -> Moment:
    """What is true of a namespace now; of the store alone with ``STORE``."""
    where = all_of([one_of("scope", [STORE, namespace]), 'kind != "part"'])
    return moment_of(namespace, [*engine.select(PREFIX, where, _FIELDS), *extra])


def all_moments(engine: Engine) -> dict[str, Moment]:
    """What is true of each namespace now, by name, sorted; that of ``STORE`` is the first."""
    by_scope: dict[str, list[Row]] = {STORE: []}
    for row in engine.select(PREFIX, 'kind != "part"', _FIELDS):
        by_scope.setdefault(row["scope"], []).append(row)
    store = by_scope[STORE]
    return {
        scope: moment_of(scope, store if scope == STORE else store + rows)
        for scope, rows in sorted(by_scope.items())
    }


def pieces_of(engine: Engine, rows: Iterable[Row]) -> dict[str, str]:
    """What the bodies of some rows go on with, by primary key."""
    keys = [key for row in rows for key in part_keys(row["pk"], row["parts"])]
    return {row["pk"]: row["body"] for row in engine.fetch(PREFIX, keys, ["body"], LONGEST_BODY)}


def remove_rows(engine: Engine, root: Root, rows: Mapping[str, int]) -> None:
    """Delete rows, given with their number of parts, from the records and, where a reindex has
    copied them, from those to come."""
    engine.remove(root.records_name, list(rows))
    if root.filling:
        engine.remove(root.filling_name, list(rows))
    engine.remove(PREFIX, [key for pk, parts in rows.items() for key in part_keys(pk, parts)])
