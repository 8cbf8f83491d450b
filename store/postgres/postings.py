"""The full-text index: for each token, which records hold it how often.

A row of ``postings`` is a block: the entries of some records for one token of one view of one
namespace, one behind the other in a byte string. An entry is 16 bytes, little-endian: the record's
id, how often its view holds the token, and the number of all tokens of the view, which is all that
BM25 asks for (``remem.store.fulltext.ranking``). So a question reads a few blocks for each of its
words and scores them with NumPy, by the same code as every other store.

A write adds blocks of its own, which touches no block of anybody else; when a token has gathered
several small blocks they become one, so that each entry is copied a few times only. What is
deleted, superseded or refreshed is taken out of its blocks at once: the index holds exactly the
current records, expired ones included.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from struct import Struct
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from remem.store.errors import CorruptStore
from remem.store.fulltext.postings import inverted
from remem.store.fulltext.ranking import contributions, idf
from remem.store.fulltext.vocabulary import Vocabulary
from remem.store.postgres.driver import Connection, copy_packed, lock_namespace, unescape

ENTRY = np.dtype([("record", "<i8"), ("count", "<i4"), ("length", "<i4")])
"""One posting."""

Entries = NDArray[Any]
"""Postings: a structured array of ``ENTRY``, shape (n,)."""

Texts = Mapping[tuple[int, int], str]
"""Texts by (id of the record, view)."""

Ids = NDArray[np.int64]
"""Ids of records, shape (n,)."""

_Block = tuple[int, str, int, int, bytes]
"""View, term, the first and the last record, and the entries."""

_LONGEST_TERM = 64
"""An index of PostgreSQL takes 2,700 bytes a row, and a token may be megabytes long."""

_SMALL = 128 * ENTRY.itemsize
"""A block smaller than this is merged with others; a row of this size still fits its page."""

_MANY = 8
"""So many small blocks of a token become one."""

# Joined to the tokens in question by LATERAL, so that each is looked up in the index. An ordinary
# join leaves the planner free to read a namespace of which it has no statistics yet, and which it
# believes to be small, once for each token.
_BLOCKS = """remem.postings
    WHERE namespace = %s AND postings.view = t.view AND postings.token = t.token"""

_BEFORE, _BEHIND = Struct(">hiiihi"), Struct(">iqiqi")
"""The bytes of a row before the token and behind it: the number of fields, then each field behind
its length, but for the bytes of the token and of the entries, which follow their lengths."""


def term(token: str) -> str:
    """The token as the index writes it: a very long one by its beginning and its digest."""
    if len(token) <= _LONGEST_TERM:
        # Who asks for a token that nobody can hold may ask for NUL, which PostgreSQL takes in no
        # text; a space is in no token either.
        return token.replace("\0", " ")
    digest = hashlib.blake2b(token.encode(), digest_size=16).hexdigest()
    return f"{token[:16]} {digest}"


def follow(
    connection: Connection[Any], namespace: int, before: Texts, after: Texts, words: Vocabulary
) -> None:
    """Have the index and the totals hold ``after`` where they held ``before``.

    Args:
        words: One that may know the texts already: it tokenizes none twice.
    """
    gone = {place: text for place, text in before.items() if after.get(place) != text}
    new = {place: text for place, text in after.items() if before.get(place) != text}
    if gone:
        _remove(connection, namespace, gone, words)
    if new:
        _add(connection, namespace, new, words)


def _add(connection: Connection[Any], namespace: int, texts: Texts, words: Vocabulary) -> None:
    """Index texts that are not in the index."""
    inverted = _inverted(texts, words)
    _put(connection, namespace, inverted.blocks())
    # Looking for them costs 8 ms, so that a write of one record does it now and then: by a digest,
    # because a namespace may be given every second id, or every eighth.
    if any(crc32(b"%d" % record) % _MANY == 0 for record, _ in texts):
        _merge_and_count(connection, namespace, inverted)
    else:
        _count(connection, namespace, inverted.totals, 1)


def read(
    connection: Connection[Any], namespace: int, wanted: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], Entries]:
    """The entries of some (view, token), those that have any."""
    # Block by block: joining them in the server takes a third of the whole time.
    rows = connection.cursor(binary=True).execute(
        f"""SELECT t.view, t.token, p.entries
            FROM unnest(%s::smallint[], %s::text[]) AS t(view, token)
            CROSS JOIN LATERAL (SELECT entries FROM {_BLOCKS}) p""",
        [*_columns(wanted, 2), namespace],
    )
    blocks: dict[tuple[int, str], list[bytes]] = {}
    for view, token, entries in rows:
        blocks.setdefault((view, token), []).append(entries)
    return {key: entries_of(b"".join(found)) for key, found in blocks.items()}


def entries_of(data: bytes) -> Entries:
    """The entries in a block.

    Raises:
        CorruptStore: it is not whole.
    """
    try:
        return np.frombuffer(data, ENTRY)
    except ValueError:
        raise CorruptStore(
            "the full-text index is damaged: 'remem rebuild' makes it again from the records"
        ) from None


def holding(
    connection: Connection[Any], namespace: int, view: int, terms: Sequence[str]
) -> dict[str, int]:
    """Number of records that hold each term, expired ones included; unknown terms are left out."""
    rows = connection.execute(
        f"""SELECT token, sum(octet_length(entries)) / {ENTRY.itemsize} FROM remem.postings
            WHERE namespace = %s AND view = %s AND token = ANY(%s) GROUP BY token""",
        [namespace, view, list(terms)],
    )
    return {token: int(number) for token, number in rows}


# The index of a namespace, made again from its texts.

_TEXTS = 4_000
"""Texts indexed at a time; memory does not grow with the namespace."""


def texts_of(connection: Connection[Any], namespace: int) -> Iterator[tuple[tuple[int, int], str]]:
    """(id, view) and text of all current records, streamed."""
    yield from _streamed(connection, namespace, "superseded_by IS NULL")


def remake(connection: Connection[Any], namespace: int) -> None:
    """Make the index, and what the texts count of their tokens; searches see the old ones until it
    is done."""
    lock_namespace(connection, namespace)
    for table in ("postings", "totals"):
        connection.execute(f"DELETE FROM remem.{table} WHERE namespace = %s", [namespace])
    for texts in _chunks(texts_of(connection, namespace)):
        _add(connection, namespace, texts, Vocabulary())
    for texts in _chunks(_streamed(connection, namespace, "true")):
        counted = Vocabulary().encode(list(texts.values()))[1].tolist()
        lengths = [(*place, length) for place, length in zip(texts, counted, strict=True)]
        connection.execute(
            """UPDATE remem.texts t SET length = n.length
                FROM unnest(%s::bigint[], %s::smallint[], %s::integer[]) AS n(record, view, length)
                WHERE t.namespace = %s AND t.record = n.record AND t.view = n.view
                    AND t.length <> n.length""",
            [*_columns(lengths, 3), namespace],
        )


def _streamed(
    connection: Connection[Any], namespace: int, where: str
) -> Iterator[tuple[tuple[int, int], str]]:
    with connection.cursor(name="texts") as cursor:
        cursor.execute(
            f"""SELECT record, view, t.text FROM remem.texts t
                JOIN remem.records r ON r.namespace = t.namespace AND r.id = t.record
                WHERE t.namespace = %s AND {where}""",
            [namespace],
        )
        yield from (((record, view), unescape(text)) for record, view, text in cursor)


def _chunks(texts: Iterator[tuple[tuple[int, int], str]]) -> Iterator[Texts]:
    while chunk := dict(islice(texts, _TEXTS)):
        yield chunk


@dataclass(frozen=True, slots=True)
class _Inverted:
    """Texts turned inside out.

    Attributes:
        keys: The (view, term) of each token that they hold.
        starts: Where the entries of each key begin, and where those of the last one end.
        entries: Of one key after the other, in the order of their records.
        totals: Number of texts, and of tokens in them, by view.
    """

    keys: list[tuple[int, str]]
    starts: NDArray[np.int64]
    entries: Entries
    totals: dict[int, tuple[int, int]]

    @property
    def records(self) -> Iterator[Ids]:
        """The records that hold each key, ascending."""
        records = self.entries["record"]
        return (records[start:end] for start, end in pairwise(self.starts.tolist()))

    def blocks(self) -> Iterator[_Block]:
        """A block for each key."""
        data, records = self.entries.tobytes(), self.entries["record"]
        firsts, lasts = records[self.starts[:-1]].tolist(), records[self.starts[1:] - 1].tolist()
        ends = pairwise((self.starts * ENTRY.itemsize).tolist())
        for key, first, last, (start, end) in zip(self.keys, firsts, lasts, ends, strict=True):
            yield (*key, first, last, data[start:end])


def _inverted(texts: Texts, words: Vocabulary) -> _Inverted:
    places = sorted(texts)
    numbers, lengths = words.encode([texts[place] for place in places])
    tokens = words.tokens
    records, views = np.array(places, np.int64).T
    keys, parts, starts = list[tuple[int, str]](), [np.empty(0, ENTRY)], [np.zeros(1, np.int64)]
    totals = dict[int, tuple[int, int]]()
    for view in np.unique(views).tolist():
        rows = np.flatnonzero(views == view).astype(np.int32)
        held = numbers[np.repeat(views == view, lengths)]
        totals[view] = len(rows), len(held)
        if len(held):
            terms, begin, held_by, counts = inverted(held, np.repeat(rows, lengths[rows]))
            keys += ((view, term(tokens[number])) for number in terms.tolist())
            starts.append(starts[-1][-1] + begin[1:])
            entries = np.empty(len(held_by), ENTRY)
            entries["record"], entries["count"] = records[held_by], counts
            entries["length"] = lengths[held_by]
            parts.append(entries)
    return _Inverted(keys, np.concatenate(starts), np.concatenate(parts), totals)


def _remove(connection: Connection[Any], namespace: int, texts: Texts, words: Vocabulary) -> None:
    inverted = _inverted(texts, words)
    gone = dict(zip(inverted.keys, inverted.records, strict=True))
    ranges = [(*key, int(ids[0]), int(ids[-1])) for key, ids in gone.items()]
    blocks = (
        connection.cursor(binary=True)
        .execute(
            f"""SELECT t.view, t.token, p.place, p.entries
                FROM unnest(%s::smallint[], %s::text[], %s::bigint[], %s::bigint[])
                    AS t(view, token, first, last)
                CROSS JOIN LATERAL (SELECT ctid::text AS place, entries FROM {_BLOCKS}
                    AND first <= t.last AND last >= t.first OFFSET 0) p""",
            [*_columns(ranges, 4), namespace],
        )
        .fetchall()
    )
    places, left = _left(blocks, gone)
    # Nobody else moves the rows of a namespace while we hold its lock.
    connection.execute(
        "DELETE FROM remem.postings WHERE namespace = %s AND ctid = ANY(%s::tid[])",
        [namespace, places],
    )
    _put(connection, namespace, left)
    _count(connection, namespace, inverted.totals, -1)


def _left(
    blocks: Iterable[tuple[int, str, str, bytes]], gone: Mapping[tuple[int, str], Ids]
) -> tuple[list[str], list[_Block]]:
    """The places of the blocks that lose entries, and what is left of them."""
    places: list[str] = []
    left: list[_Block] = []
    for view, token, place, data in blocks:
        entries = entries_of(data)
        kept = entries[~np.isin(entries["record"], gone[view, token])]
        if len(kept) < len(entries):
            places.append(place)
            if len(kept):
                ids = kept["record"]
                left.append((view, token, int(ids.min()), int(ids.max()), kept.tobytes()))
    return places, left


def _put(connection: Connection[Any], namespace: int, blocks: Iterable[_Block]) -> None:
    """Append blocks. There are four for each record of a large batch, and psycopg takes as long
    for their rows as all that comes before."""
    rows = list[bytes]()
    for view, token, first, last, data in blocks:
        text = token.encode()
        rows += (_BEFORE.pack(6, 4, namespace, 2, view, len(text)), text)
        rows += (_BEHIND.pack(8, first, 8, last, len(data)), data)
    if rows:
        columns = "remem.postings (namespace, view, token, first, last, entries)"
        copy_packed(connection, columns, b"".join(rows))


_COUNT = """INSERT INTO remem.totals
    SELECT %s, * FROM unnest(%s::smallint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (namespace, view) DO UPDATE SET
        records = totals.records + excluded.records,
        tokens = totals.tokens + excluded.tokens"""
"""Adds to the totals of a namespace, or takes away from them."""

_MERGE = f"""WITH small AS (
        DELETE FROM remem.postings WHERE namespace = %s AND ctid = ANY(ARRAY(
            SELECT unnest(p.places)
            FROM unnest(%s::smallint[], string_to_array(%s, E'\\n')) AS t(view, token)
            CROSS JOIN LATERAL (SELECT array_agg(ctid) AS places FROM {_BLOCKS}
                AND octet_length(entries) < {_SMALL}) p
            WHERE cardinality(p.places) >= {_MANY}))
        RETURNING view, token, first, last, entries),
    merged AS (
        INSERT INTO remem.postings (namespace, view, token, first, last, entries)
        SELECT %s, view, token, min(first), max(last), string_agg(entries, '')
        FROM small GROUP BY view, token)
    {_COUNT}"""
"""Makes one block of many small ones, and counts."""


def _count(
    connection: Connection[Any], namespace: int, totals: Mapping[int, tuple[int, int]], sign: int
) -> None:
    connection.execute(_COUNT, _counted(namespace, totals, sign))


def _merge_and_count(connection: Connection[Any], namespace: int, new: _Inverted) -> None:
    # As one string each: psycopg looks at each element of a list three times. No token has a break.
    views = ",".join([str(view) for view, _ in new.keys])
    tokens = "\n".join([token for _, token in new.keys])
    counted = _counted(namespace, new.totals, 1)
    connection.execute(_MERGE, [namespace, f"{{{views}}}", tokens, namespace, namespace, *counted])


def _counted(
    namespace: int, totals: Mapping[int, tuple[int, int]], sign: int
) -> list[int | list[Any]]:
    rows = [(view, sign * number, sign * length) for view, (number, length) in totals.items()]
    return [namespace, *_columns(rows, 3)]


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows as lists of their columns, for ``unnest``."""
    return [[row[i] for row in rows] for i in range(width)]


# BM25 over the entries that a question's words have; pure.

_CROWDED = 8
"""Ids are spread over at most so many places for each posting when places are counted."""

Scores = NDArray[np.float64]


def without(entries: Entries, ids: Ids) -> Entries:
    """The entries of all other records."""
    return entries[~np.isin(entries["record"], ids)] if len(ids) else entries


def rank(found: Iterable[Entries], records: int, tokens: int) -> tuple[Ids, Scores]:
    """Score every record that holds a word of a question.

    Args:
        found: The entries of each word, those of live records only.
        records: How many live records there are.
        tokens: How many tokens their views have in all.

    Returns:
        Ids in ascending order, and float64 scores; both of shape (n,).
    """
    holding = [entries for entries in found if len(entries)]
    if not holding:
        return np.empty(0, np.int64), np.empty(0, np.float64)
    # Counts that are damaged, of which verify tells, must stop no search.
    records = max(records, *map(len, holding))
    average = max(tokens, 1) / records
    added = [
        contributions(entries["count"], entries["length"], average, idf(records, len(entries)))
        for entries in holding
    ]
    return _summed(
        np.concatenate([entries["record"] for entries in holding]), np.concatenate(added)
    )


def _summed(records: Ids, added: NDArray[np.float32]) -> tuple[Ids, Scores]:
    """The sum for each record; everything that is added is positive."""
    first = int(records.min())
    if int(records.max()) - first < _CROWDED * len(records):
        # Common words are held by most records: counting places takes 1 ms where sorting takes 8.
        sums = np.bincount(records - first, added)
        # Of numbers instead of truths it takes twenty times as long.
        place = np.flatnonzero(sums > 0)
        return (place + first).astype(np.int64, copy=False), sums[place].astype(np.float64)
    ids, inverse = np.unique(records, return_inverse=True)
    return ids, np.bincount(inverse, added, len(ids)).astype(np.float64)


def best(ids: Ids, scores: Scores, k: int) -> tuple[Ids, Scores]:
    """The k best, best first, and those that tie with the last of them."""
    if len(ids) > k:
        least = np.partition(scores, len(ids) - k)[len(ids) - k]
        ids, scores = ids[scores >= least], scores[scores >= least]
    order = np.argsort(-scores, kind="stable")
    return ids[order], scores[order]
