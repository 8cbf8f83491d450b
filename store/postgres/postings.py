"""The full-text index: for each token, which records hold it how often.

A row of ``postings`` is a block: the entries of some records for one token of one view of one
namespace, one behind the other in a byte string. An entry is 16 bytes, little-endian: the record's
id, how often its view holds the token, and the number of all tokens of the view, which is all that
BM25 asks for (``store.bm25``). So a question reads a few blocks for each of its words and scores
them with NumPy, by the same code as every other store.

A write adds blocks of its own, which touches no block of anybody else; when a token has gathered
several small blocks they become one, so that each entry is copied a few times only. What is
deleted, superseded or refreshed is taken out of its blocks at once: the index holds exactly the
current records, expired ones included.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.postgres.copying import copy_rows
from store.postgres.driver import Connection
from store.tokens import tokenize

__all__ = ["ENTRY", "Entries", "Texts", "add", "follow", "holding", "read", "term"]

ENTRY = np.dtype([("record", "<i8"), ("count", "<i4"), ("length", "<i4")])
"""One posting."""

Entries = NDArray[Any]
"""Postings: a structured array of ``ENTRY``, shape (n,)."""

Texts = Mapping[tuple[int, int], str]
"""Texts by (id of the record, view)."""

_LONGEST_TERM = 64
"""An index of PostgreSQL takes 2,700 bytes a row, and a token may be megabytes long."""

_SMALL = 128 * ENTRY.itemsize
"""A block smaller than this is merged with others; a row of this size still fits its page."""

_MANY = 8
"""So many small blocks of a token become one."""

_COLUMNS = [
    *[("namespace", "int4"), ("view", "int2"), ("token", "text")],
    *[("first", "int8"), ("last", "int8"), ("entries", "bytea")],
]


def term(token: str) -> str:
    """The token as the index writes it: a very long one by its beginning and its digest."""
    if len(token) <= _LONGEST_TERM:
        return token
    digest = hashlib.blake2b(token.encode(), digest_size=16).hexdigest()
    return f"{token[:16]} {digest}"


def follow(connection: Connection[Any], namespace: int, before: Texts, after: Texts) -> None:
    """Have the index and the totals hold ``after`` where they held ``before``."""
    gone = {place: text for place, text in before.items() if after.get(place) != text}
    new = {place: text for place, text in after.items() if before.get(place) != text}
    if gone:
        _remove(connection, namespace, gone)
    if new:
        add(connection, namespace, new)


def add(connection: Connection[Any], namespace: int, texts: Texts) -> None:
    """Index texts that are not in the index."""
    inverted = _inverted(texts)
    blocks = {key: np.array(entries, ENTRY) for key, entries in inverted.postings.items()}
    copy_rows(
        connection,
        "remem.postings",
        _COLUMNS,
        (
            (namespace, view, token, int(b["record"].min()), int(b["record"].max()), b.tobytes())
            for (view, token), b in blocks.items()
        ),
    )
    _merge(connection, namespace, list(blocks))
    _count(connection, namespace, inverted.totals, 1)


def read(
    connection: Connection[Any], namespace: int, wanted: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], Entries]:
    """The entries of some (view, token), those that have any."""
    rows = connection.cursor(binary=True).execute(
        """SELECT view, token, string_agg(entries, '') FROM remem.postings
            WHERE namespace = %s AND (view, token) IN
                (SELECT * FROM unnest(%s::smallint[], %s::text[]))
            GROUP BY view, token""",
        [namespace, *_columns(wanted, 2)],
    )
    return {(view, token): np.frombuffer(entries, ENTRY) for view, token, entries in rows}


def holding(
    connection: Connection[Any], namespace: int, view: int, terms: Sequence[str]
) -> dict[str, int]:
    """How many records hold each term, expired ones included; unknown terms are left out."""
    rows = connection.execute(
        f"""SELECT token, sum(octet_length(entries)) / {ENTRY.itemsize} FROM remem.postings
            WHERE namespace = %s AND view = %s AND token = ANY(%s) GROUP BY token""",
        [namespace, view, list(terms)],
    )
    return {token: int(number) for token, number in rows}


@dataclass(frozen=True, slots=True)
class _Inverted:
    """Texts turned inside out.

    Attributes:
        postings: Entries by (view, term).
        totals: Number of texts, and of tokens in them, by view.
    """

    postings: dict[tuple[int, str], list[tuple[int, int, int]]]
    totals: dict[int, tuple[int, int]]


def _inverted(texts: Texts) -> _Inverted:
    postings: dict[tuple[int, str], list[tuple[int, int, int]]] = {}
    totals: dict[int, tuple[int, int]] = {}
    for (record, view), text in texts.items():
        tokens = tokenize(text)
        for token, count in Counter(tokens).items():
            postings.setdefault((view, term(token)), []).append((record, count, len(tokens)))
        number, length = totals.get(view, (0, 0))
        totals[view] = (number + 1, length + len(tokens))
    return _Inverted(postings, totals)


def _remove(connection: Connection[Any], namespace: int, texts: Texts) -> None:
    inverted = _inverted(texts)
    gone = {key: [entry[0] for entry in found] for key, found in inverted.postings.items()}
    ranges = [(view, token, min(ids), max(ids)) for (view, token), ids in gone.items()]
    blocks = connection.cursor(binary=True).execute(
        """SELECT p.view, p.token, p.block, p.entries
            FROM unnest(%s::smallint[], %s::text[], %s::bigint[], %s::bigint[])
                AS gone(view, token, first, last)
            JOIN remem.postings p ON p.namespace = %s AND p.view = gone.view
                AND p.token = gone.token AND p.first <= gone.last AND p.last >= gone.first""",
        [*_columns(ranges, 4), namespace],
    )
    left = list(_left(blocks, gone))
    connection.execute(
        """UPDATE remem.postings p SET entries = left_over.entries
            FROM unnest(%s::smallint[], %s::text[], %s::bigint[], %s::bytea[])
                AS left_over(view, token, block, entries)
            WHERE p.namespace = %s AND p.view = left_over.view AND p.token = left_over.token
                AND p.block = left_over.block""",
        [*_columns([row for row in left if row[3]], 4), namespace],
        binary=True,
    )
    connection.execute(
        """DELETE FROM remem.postings p
            USING unnest(%s::smallint[], %s::text[], %s::bigint[]) AS empty(view, token, block)
            WHERE p.namespace = %s AND p.view = empty.view AND p.token = empty.token
                AND p.block = empty.block""",
        [*_columns([row[:3] for row in left if not row[3]], 3), namespace],
    )
    _count(connection, namespace, inverted.totals, -1)


def _left(
    blocks: Iterable[tuple[int, str, int, bytes]], gone: Mapping[tuple[int, str], list[int]]
) -> Iterator[tuple[int, str, int, bytes]]:
    """What is left of those blocks that lose entries."""
    for view, token, block, data in blocks:
        entries = np.frombuffer(data, ENTRY)
        kept = entries[~np.isin(entries["record"], gone[view, token])]
        if len(kept) < len(entries):
            yield view, token, block, kept.tobytes()


def _merge(connection: Connection[Any], namespace: int, keys: Sequence[tuple[int, str]]) -> None:
    """Make one block of many small ones."""
    connection.execute(
        f"""WITH crowded AS (
                SELECT p.view, p.token FROM unnest(%s::smallint[], %s::text[]) AS t(view, token)
                JOIN remem.postings p ON p.namespace = %s AND p.view = t.view AND p.token = t.token
                WHERE octet_length(p.entries) < {_SMALL}
                GROUP BY p.view, p.token HAVING count(*) >= {_MANY}),
            small AS (
                DELETE FROM remem.postings p USING crowded c
                WHERE p.namespace = %s AND p.view = c.view AND p.token = c.token
                    AND octet_length(p.entries) < {_SMALL}
                RETURNING p.view, p.token, p.first, p.last, p.entries)
            INSERT INTO remem.postings (namespace, view, token, first, last, entries)
            SELECT %s, view, token, min(first), max(last), string_agg(entries, '')
            FROM small GROUP BY view, token""",
        [*_columns(keys, 2), namespace, namespace, namespace],
    )


def _count(
    connection: Connection[Any], namespace: int, totals: Mapping[int, tuple[int, int]], sign: int
) -> None:
    """Add to the totals of a namespace, or take away from them."""
    rows = [(view, sign * number, sign * length) for view, (number, length) in totals.items()]
    connection.execute(
        """INSERT INTO remem.totals
            SELECT %s, * FROM unnest(%s::smallint[], %s::bigint[], %s::bigint[])
            ON CONFLICT (namespace, view) DO UPDATE SET
                records = totals.records + excluded.records,
                tokens = totals.tokens + excluded.tokens""",
        [namespace, *_columns(rows, 3)],
    )


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows as lists of their columns, for ``unnest``."""
    return [[row[i] for row in rows] for i in range(width)]
