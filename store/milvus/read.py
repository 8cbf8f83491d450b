"""Records out of the engine, as of one snapshot."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from remem.store.base import OnDamage, log_damage, raise_damage
from remem.store.errors import DamagedRecord
from remem.store.filters import Filter
from remem.store.milvus import packing
from remem.store.milvus.driver import LONGEST_BODY, dense
from remem.store.milvus.engine import Engine, Row
from remem.store.milvus.filters import NEVER, all_of, expression, one_of, quoted, unlabelled
from remem.store.milvus.metadata import Root, Snapshot, pieces_of
from remem.store.rows import is_sane, source_of
from remem.store.types import Entry, Record, SourceInfo, Span

_KEYS = 2000  # keys asked for at once
_FIRST, _LAST = -(2**63), 2**63 - 1


def by_key(
    engine: Engine, snapshot: Snapshot, keys: Sequence[str], fields: Sequence[str]
) -> dict[str, Row]:
    """Some columns of the records with these keys, by key; unknown ones are left out."""
    found: dict[str, Row] = {}
    distinct = list(dict.fromkeys(keys))
    for start in range(0, len(distinct), _KEYS):
        some = one_of("key", distinct[start : start + _KEYS])
        where = all_of([snapshot.visible, some])
        for row in engine.select(snapshot.root.records_name, where, ["key", *fields]):
            found[row["key"]] = row
    return found


def records(
    engine: Engine, snapshot: Snapshot, keys: Sequence[str], damaged: OnDamage = log_damage
) -> dict[str, Record]:
    """Records by primary key; what is damaged is left out."""
    whole = _whole(engine, snapshot, keys, (), damaged)
    return {pk: packing.record_of(body) for pk, (body, _) in whole.items()}


def entries(engine: Engine, snapshot: Snapshot, keys: Sequence[str]) -> dict[str, Entry]:
    """Records with their views, by primary key.

    Raises:
        DamagedRecord: one of them is.
    """
    views = snapshot.root.space.views
    columns = ["digest", *map(dense, range(len(views)))]
    return {
        pk: packing.entry_of(body, row, views)
        for pk, (body, row) in _whole(engine, snapshot, keys, columns, raise_damage).items()
    }


def found(engine: Engine, snapshot: Snapshot, keys: Sequence[str]) -> dict[str, Record]:
    """Records by key.

    Raises:
        DamagedRecord: one of them is.
    """
    places = [row["pk"] for row in by_key(engine, snapshot, keys, ()).values()]
    return {
        record.key: record for record in records(engine, snapshot, places, raise_damage).values()
    }


def filtered(engine: Engine, snapshot: Snapshot, where: Filter | None) -> str:
    """True of the rows that are there and match a filter."""
    if where is None:
        return snapshot.visible

    def candidates(odd: str) -> list[tuple[str, Record]]:
        if not snapshot.state.odd:
            return []
        rows = engine.select(snapshot.root.records_name, all_of([snapshot.visible, odd]), ())
        return list(records(engine, snapshot, [row["pk"] for row in rows]).items())

    return all_of([snapshot.visible, expression(where, candidates)])


def page(
    engine: Engine, snapshot: Snapshot, where: Filter | None, size: int, after: str
) -> dict[str, Record | DamagedRecord]:
    """The first records that match behind a primary key, by primary key, in reading order."""
    rows = engine.page(
        snapshot.root.records_name, filtered(engine, snapshot, where), (), size, after
    )
    damaged: dict[tuple[str, str], DamagedRecord] = {}

    def keep(error: DamagedRecord) -> None:
        damaged[error.remains.source, error.remains.key] = error

    there = records(engine, snapshot, [row["pk"] for row in rows], keep)
    return {pk: there.get(pk) or damaged[packing.name_of(pk)] for pk in (r["pk"] for r in rows)}


def neighbors(engine: Engine, snapshot: Snapshot, span: Span, now: int) -> list[Record]:
    """Current records of a span, in order."""
    first, last, radius = span.first, span.last, span.radius
    name = snapshot.root.records_name
    mine = all_of([snapshot.current(now), f"source == {quoted(span.source)}"])

    def between(low: int, high: int) -> Iterator[str]:
        within = [f"position >= {low}"] if low > _FIRST else []
        within += [f"position <= {high}"] if high < _LAST else []
        return (row["pk"] for row in engine.select(name, all_of([mine, *within]), ()))

    around = [*between(first, last)]
    if radius and last < _LAST:
        around += islice(between(last + 1, _LAST), radius)
    # The engine gives rows in one direction only, so those before are looked for further and
    # further away. Positions mostly follow each other, and the first look finds them.
    width = max(4 * radius, 64)
    while radius and first > _FIRST:
        low = max(first - width, _FIRST)
        before = [*between(low, first - 1)]
        nothing_else = low == _FIRST or not engine.count(name, all_of([mine, f"position < {low}"]))
        if len(before) >= radius or nothing_else:
            around += before[-radius:]
            break
        width *= 64
    there = records(engine, snapshot, around)
    return sorted(there.values(), key=lambda record: (record.position, record.key))


def predecessors(engine: Engine, snapshot: Snapshot, keys: Sequence[str]) -> list[Record]:
    """Records that one of these supersedes directly, in the order of (source, position, key).

    No column has the successor, so all that is superseded is looked at, a portion at a time.
    """
    if not keys or snapshot.state.current == snapshot.state.records:
        return []
    wanted = set(keys)
    superseded = all_of([snapshot.visible, "superseded == true"])
    rows = engine.select(snapshot.root.records_name, superseded, ())
    found: list[Record] = []
    while places := [row["pk"] for row in islice(rows, _KEYS)]:
        some = records(engine, snapshot, places).values()
        found += (record for record in some if record.superseded_by in wanted)
    return sorted(found, key=lambda record: (record.source, record.position, record.key))


def sources(engine: Engine, snapshot: Snapshot) -> list[SourceInfo]:
    """The sources of a namespace: one look at a few columns of each of its records."""
    infos: list[SourceInfo] = []
    rows = engine.select(snapshot.root.records_name, snapshot.visible, ("source", "said_at"))
    for source, group in groupby(rows, key=itemgetter("source")):  # the order is theirs
        times = [row["said_at"] for row in group]
        said = [time for time in times if time != NEVER and is_sane(time)]
        first, last = (min(said), max(said)) if said else (None, None)
        infos.append(source_of(source, len(times), first, last))
    return infos


def tally(
    engine: Engine, snapshot: Snapshot, edges: Sequence[int], now: int
) -> dict[str | None, Sequence[int]]:
    """Numbers of current records said from each edge until the next, by speaker: the engine does
    not group, so that two columns of each of them are read."""
    within = f"said_at >= {edges[0]} and said_at < {edges[-1]}"
    rows = engine.select(
        snapshot.root.records_name, all_of([snapshot.current(now), within]), ("speaker", "said_at")
    )
    counts: defaultdict[str | None, list[int]] = defaultdict(lambda: [0] * (len(edges) - 1))
    for row in rows:
        counts[unlabelled(row["speaker"])][bisect_right(edges, row["said_at"]) - 1] += 1
    return dict(counts)


def whole_rows(engine: Engine, root: Root, keys: Sequence[str]) -> Iterator[Row]:
    """All columns of rows, by primary key, in no order."""
    size = LONGEST_BODY + len(root.space.views) * 8 * root.space.dim
    return engine.fetch(root.records_name, keys, ["*"], size)


def _whole(
    engine: Engine,
    snapshot: Snapshot,
    keys: Sequence[str],
    columns: Sequence[str],
    damaged: OnDamage,
) -> dict[str, tuple[list[Any], Row]]:
    """Bodies and rows by primary key.

    Raises:
        CorruptStore: one of them is not there.
    """
    width = 4 * snapshot.root.space.dim * len(columns)
    fields = [*packing.BODY, *columns]
    whole: dict[str, tuple[list[Any], Row]] = {}
    there: set[str] = set()
    for row in engine.fetch(snapshot.root.records_name, keys, fields, LONGEST_BODY + width):
        pieces = pieces_of(engine, [row]) if row["parts"] else {}
        there.add(row["pk"])
        try:
            whole[row["pk"]] = packing.body_of(row, pieces), row
        except DamagedRecord as error:
            damaged(error)
    for pk in keys:
        if pk not in there:
            raise packing.missing(pk)
    return whole
