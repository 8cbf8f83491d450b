"""Is everything what it should be? One sentence for each thing that is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from store.postgres import postings, vectors
from store.postgres.database import Database
from store.postgres.driver import Connection
from store.postgres.filtering import facets_of
from store.postgres.meta import namespaces, read_meta
from store.postgres.texts import unescape
from store.spaces import Meta
from store.tokens import tokenize
from store.types import Verification

__all__ = ["texts_of", "verify"]

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
    """Rows that do not fit together."""
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
    for table in (*tables, "remem.texts"):
        row = connection.execute(
            f"""SELECT count(*) FROM {table} t WHERE NOT EXISTS (SELECT FROM remem.records r
                WHERE r.namespace = t.namespace AND r.id = t.record)"""
        ).fetchone()
        if row and row[0]:
            yield f"{row[0]} rows of {table} belong to no record; restore a backup or an export"
    yield from _facet_problems(connection)


def _index_problems(connection: Connection[Any], namespace: int) -> list[str]:
    """What the full-text index of a namespace holds, against what its records say it should."""
    problems = []
    expected, totals = _expected(connection, namespace)
    if expected != _held(connection, namespace):
        problems.append(f"the full-text index holds other words than the records; {_REBUILD}")
    rows = connection.execute(
        """SELECT view, records, tokens FROM remem.totals
            WHERE namespace = %s AND (records <> 0 OR tokens <> 0)""",
        [namespace],
    )
    if totals != {view: (number, length) for view, number, length in rows}:
        problems.append(f"the full-text index has miscounted its records; {_REBUILD}")
    return problems


def texts_of(connection: Connection[Any], namespace: int) -> Iterator[tuple[tuple[int, int], str]]:
    """(id, view) and text of all current records, streamed."""
    with connection.cursor(name="texts") as cursor:
        cursor.execute(
            """SELECT record, view, t.text FROM remem.texts t
                JOIN remem.records r ON r.namespace = t.namespace AND r.id = t.record
                WHERE t.namespace = %s AND superseded_by IS NULL""",
            [namespace],
        )
        yield from (((record, view), unescape(text)) for record, view, text in cursor)


Sums = Counter[int]
"""For each view, the sum of the hashes of its postings: alike when they are alike in any order."""


def _expected(
    connection: Connection[Any], namespace: int
) -> tuple[Sums, dict[int, tuple[int, int]]]:
    sums = Sums()
    totals: dict[int, tuple[int, int]] = {}
    for (record, view), text in texts_of(connection, namespace):
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
            for entry in np.frombuffer(data, postings.ENTRY).tolist():
                sums[view] += hash((token, *entry))
    return sums


def _keys(connection: Connection[Any], condition: str, sentence: str) -> Iterator[str]:
    rows = connection.execute(f"SELECT key FROM remem.records r WHERE {condition}")
    yield from (sentence.format(key) for (key,) in rows)


def _facet_problems(connection: Connection[Any]) -> Iterator[str]:
    with connection.cursor(name="facets") as cursor:
        cursor.execute(
            "SELECT key, metadata::text, facets FROM remem.records "
            "WHERE metadata IS NOT NULL OR facets IS NOT NULL"
        )
        for key, metadata, found in cursor:
            if found != facets_of(json.loads(metadata or "{}")):
                yield f"filters see other metadata of record {key!r} than it has; add it again"
