"""Is everything what it should be? One sentence for each thing that is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from remem.store import digests
from remem.store.errors import CorruptStore, DamagedRecord
from remem.store.fulltext.tokens import tokenize
from remem.store.postgres import indexes, postings, records, vectors
from remem.store.postgres.database import Database
from remem.store.postgres.driver import (
    Connection,
    digest_of_halves,
    namespaces,
    read_meta,
    unescape,
)
from remem.store.postgres.filters import facets_of
from remem.store.spaces import Meta
from remem.store.types import Verification

_REBUILD = "'remem rebuild' makes it again"


def verify(database: Database) -> Verification:
    """See ``Store.verify``. Each namespace is looked at in one state of it."""

    def of_records(connection: Connection[Any]) -> tuple[int, list[str], list[tuple[str, int]]]:
        row = connection.execute("SELECT count(*) FROM remem.records").fetchone()
        problems = list(_record_problems(connection, read_meta(connection)))
        return row[0] if row else 0, problems, namespaces(connection)

    total, problems, found = database.read(of_records)
    for name, number in found:
        of_index = partial(_index_problems, namespace=number)
        problems += [f"namespace {name!r}: {what}" for what in database.read(of_index)]
    return Verification(total, tuple(problems))


def _record_problems(connection: Connection[Any], meta: Meta) -> Iterator[str]:
    """Rows that are not what was written, and rows that do not fit together."""
    yield from _damaged_records(connection)
    if meta.adopted is None:
        return
    views = len(meta.space.views)
    tables = [vectors.table(meta.generation, view) for view in range(views)]
    for table in tables:
        yield from _keys(
            connection,
            f"""NOT EXISTS (SELECT FROM {table} v WHERE v.namespace = r.namespace
                AND v.record = r.id AND v.live = (r.superseded_by IS NULL))""",
            "record {!r} lacks a vector; 'remem reindex' makes all of them again",
        )
    yield from _keys(
        connection,
        f"""(SELECT count(*) FROM remem.texts t
            WHERE t.namespace = r.namespace AND t.record = r.id) <> {views}""",
        "record {!r} lacks the text of a view; add it again",
    )
    yield from _damaged_views(connection, tables)
    for table in (*tables, "remem.texts"):
        row = connection.execute(
            f"""SELECT count(*) FROM {table} t WHERE NOT EXISTS (SELECT FROM remem.records r
                WHERE r.namespace = t.namespace AND r.id = t.record)"""
        ).fetchone()
        if row and row[0]:
            yield f"{row[0]} rows of {table} belong to no record; restore a backup or an export"


def _index_problems(connection: Connection[Any], namespace: int) -> list[str]:
    """Differences between the full-text index of a namespace and its records, as sentences."""
    problems = []
    expected, totals = _expected(connection, namespace)
    try:
        held = _held(connection, namespace)
    except CorruptStore:
        held = None
    if expected != held:
        problems.append(f"the full-text index holds other words than the records; {_REBUILD}")
    rows = connection.execute(
        """SELECT view, records, tokens FROM remem.totals
            WHERE namespace = %s AND (records <> 0 OR tokens <> 0)""",
        [namespace],
    )
    if totals != {view: (number, length) for view, number, length in rows}:
        problems.append(f"the full-text index has miscounted its records; {_REBUILD}")
    return problems


Sums = Counter[int]
"""For each view, the sum of the hashes of its postings: alike when they are alike in any order."""


def _expected(
    connection: Connection[Any], namespace: int
) -> tuple[Sums, dict[int, tuple[int, int]]]:
    sums = Sums()
    totals: dict[int, tuple[int, int]] = {}
    for (record, view), text in postings.texts_of(connection, namespace):
        tokens = tokenize(text)
        for token, count in Counter(tokens).items():
            sums[view] += hash((postings.term(token), record, count, len(tokens)))
        number, length = totals.get(view, (0, 0))
        totals[view] = (number + 1, length + len(tokens))
    return sums, totals


def _held(connection: Connection[Any], namespace: int) -> Sums:
    sums = Sums()
    with connection.cursor(name="blocks", binary=True) as cursor:
        cursor.execute(
            "SELECT view, token, entries FROM remem.postings WHERE namespace = %s", [namespace]
        )
        for view, token, data in cursor:
            for entry in postings.entries_of(data).tolist():
                sums[view] += hash((token, *entry))
    return sums


def _keys(connection: Connection[Any], condition: str, sentence: str) -> Iterator[str]:
    rows = connection.execute(f"SELECT key FROM remem.records r WHERE {condition}")
    yield from (sentence.format(key) for (key,) in rows)


def _damaged_records(connection: Connection[Any]) -> Iterator[str]:
    """Records that are not what was written, and those that filters see otherwise than they are."""
    with connection.cursor(name="records") as cursor:
        cursor.execute(f"SELECT {records.SELECTED}, facets FROM remem.records")
        for *row, found in cursor:
            record = records.found_in(row)
            if isinstance(record, DamagedRecord):
                yield str(record)
            elif found != facets_of(record.metadata):
                yield (
                    f"filters see other metadata of record {record.key!r} than it has; delete it "
                    "and add it again"
                )


def _damaged_views(connection: Connection[Any], tables: Sequence[str]) -> Iterator[str]:
    with connection.cursor(name="marks") as cursor:
        cursor.execute(
            """SELECT record, view, t.text, t.digest, key FROM remem.texts t
                JOIN remem.records r ON r.namespace = t.namespace AND r.id = t.record"""
        )
        for record, view, text, mark, key in cursor:
            if not digests.same(mark, (record, view, unescape(text))):
                yield f"a text that finds record {key!r} is damaged; delete it and add it again"
    for table in tables:
        with connection.cursor(name="vectors", binary=True) as cursor:
            cursor.execute(
                f"""SELECT v.record, halfvec_send(vector), v.digest, key FROM {table} v
                    JOIN remem.records r ON r.namespace = v.namespace AND r.id = v.record"""
            )
            for record, sent, mark, key in cursor:
                if mark != digest_of_halves(record, sent):
                    yield (
                        f"a vector of record {key!r} is damaged; 'remem reindex' makes all of them "
                        "again"
                    )


# The indexes, made again from the records.


def rebuild(database: Database) -> None:
    """See ``Store.rebuild``. Searches go on meanwhile, exact where an index is being built."""
    for _, number in database.read(namespaces):
        database.write(partial(postings.remake, namespace=number))
    generation = database.read(read_meta).generation
    for place in database.read(partial(indexes.all_indexed, generation=generation)):
        indexes.rebuild(database, place)
