"""Records with their views to rows of the engine and back, whole at any length.

The record itself is JSON: the values of ``remem.store.rows``, the texts of the views, and a digest
of both (``remem.store.digests``), which records of older versions lack until they are written
again. What does not fit into one row goes on in metadata rows, cut between characters.

The column ``digest`` has that of the text and behind it that of the vectors, which a reindex makes
again, while the body stays.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remem.store import digests, rows
from remem.store.errors import CorruptStore, DamagedRecord
from remem.store.fulltext.ranking import K1, B, contributions
from remem.store.fulltext.tokens import LONGEST_REMEMBERED, tokenize
from remem.store.milvus import filters
from remem.store.milvus.driver import (
    LONGEST_BODY,
    MOST_ITEMS,
    dense,
    length,
    long,
    metadata_row,
    sparse,
    terms,
)
from remem.store.milvus.engine import Row
from remem.store.milvus.filters import FOREVER, NEVER, label
from remem.store.types import Entry, Record, View

_DIGITS = 32  # of a digest
_VALUES = len(rows.COLUMNS.split(","))

_BETWEEN = "\x01"  # below every character that a name may hold, so that places sort as names do

BODY = ("parts", "body")
"""Columns that ``body_of`` needs."""

SMALL = ("key", "digest", "parts", "size", "superseded", "expires_at")
"""Columns that a write looks at before it decides."""


def scope_key(namespace: str) -> str:
    """Beginning of the primary keys of a namespace."""
    return blake2b(namespace.encode(), digest_size=8).hexdigest()


def place(namespace: str, record: Record, inserted: int) -> str:
    """The primary key of a version of a record. They sort by source, position and key."""
    return _BETWEEN.join(
        (
            scope_key(namespace),
            record.source,
            f"{record.position + 2**63:016x}",
            record.key,
            f"{inserted:x}",
        )
    )


def key_of(pk: str) -> str:
    """The key of the record that a primary key belongs to."""
    return pk.split(_BETWEEN)[3]


def name_of(pk: str) -> tuple[str, str]:
    """The source and key of the record that a primary key belongs to."""
    _, source, _, key, _ = pk.split(_BETWEEN)
    return source, key


def digest(text: str) -> str:
    """Tells texts apart without reading them."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def text_digest(row: Row) -> str:
    """The digest of a record's text in its row."""
    return str(row["digest"])[:_DIGITS]


def _digest_of_vectors(row: Row, views: int) -> str:
    """The digest of the vectors in a row."""
    halves = np.array([row[dense(view)] for view in range(views)], "<f2")
    return blake2b(row["pk"].encode() + halves.tobytes(), digest_size=16).hexdigest()


def marked(row: Row, views: int) -> Row:
    """The row with the digest of its vectors."""
    return {**row, "digest": text_digest(row) + _digest_of_vectors(row, views)}


def pack(
    namespace: str,
    entry: Entry,
    names: Sequence[str],
    inserted: int,
    usual: Sequence[float],
    now: datetime,
) -> tuple[Row, list[Row]]:
    """The row of an entry, and the metadata rows with the parts of a long body.

    Args:
        names: Of the views, in the order of the space; an entry may have them in another.
        inserted: The version of the namespace that begins with it.
        usual: See ``words_of``; one for each view.
    """
    record = entry.record
    pk = place(namespace, record, inserted)
    views = [entry.views[name] for name in names]
    micros = rows.to_micros(now)
    body = _body_json(pk, [*rows.to_row(record, micros), [view.text for view in views]])
    pieces = list(_pieces(body))
    row: Row = {
        "pk": pk,
        "namespace": namespace,
        **columns(record),
        "stored_at": micros if record.stored_at is None else rows.to_micros(record.stored_at),
        "born": inserted,
        "parts": len(pieces) if len(pieces) > 1 else 0,
        "digest": digest(record.text),
        "body": "" if len(pieces) > 1 else body,
        **derived(record, [view.text for view in views], usual),
    }
    row["size"] = len(body.encode())
    for number, view in enumerate(views):
        row[dense(number)] = halved(view.vector).tolist()
        row["size"] += 4 * len(row[dense(number)]) + 16 * len(row[sparse(number)])
    keys = part_keys(pk, row["parts"])
    parts = zip(keys, pieces, strict=True) if keys else ()
    return marked(row, len(views)), [
        part_row(namespace, inserted, key, piece) for key, piece in parts
    ]


def with_digests(row: Row, body: Sequence[Any], views: int) -> Row:
    """The row with the digests that one of an older version lacks; a long body stays as it is."""
    new = row if str(row["digest"])[_DIGITS:] else marked(row, views)
    return new if row["parts"] else {**new, "body": _body_json(row["pk"], body)}


def columns(record: Record) -> Row:
    """The columns that say what the record does, besides those that may be decided by a write."""
    return {
        "key": record.key,
        "source": record.source,
        "kind": record.kind,
        "role": label(record.role),
        "speaker": label(record.speaker),
        "position": record.position,
        "said_at": NEVER if record.said_at is None else rows.to_micros(record.said_at),
        "expires_at": FOREVER if record.expires_at is None else rows.to_micros(record.expires_at),
        "superseded": record.superseded_by is not None,
    }


def _body_json(pk: str, body: Sequence[Any]) -> str:
    """A body with its digest, as it is written."""
    mark = digests.of_values(_scope(pk), *body).hex()
    return json.dumps([*body, mark], ensure_ascii=False)


def halved(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """A vector with the precision that all stores keep, so that scores are the same in all."""
    return vector.astype(np.float16).astype(np.float32)


def derived(record: Record, texts: Sequence[str], usual: Sequence[float]) -> Row:
    """The columns that searches and filters use, made from what the record and its views say."""
    marks = filters.facets_of(record.metadata)
    row: Row = {"facets": marks.numbers, "ranges": marks.ranges, "origin": label(record.origin)}
    for number, (text, at) in enumerate(zip(texts, usual, strict=True)):
        found = words_of(text, at)
        row[sparse(number)] = found.weights
        row[terms(number)] = found.terms
        row[long(number)] = found.long
        row[length(number)] = found.length
    return row


def part_row(namespace: str, inserted: int, key: str, piece: str) -> Row:
    """The metadata row with a piece of a body."""
    return metadata_row(key, namespace, "part", piece, inserted)


def part_keys(pk: str, parts: int) -> list[str]:
    """Primary keys of the metadata rows with the parts of a long body."""
    return [f"{pk}{_BETWEEN}{part:08}" for part in range(parts)]


def body_of(row: Row, pieces: Mapping[str, str]) -> list[Any]:
    """Values that ``pack`` wrote: those of ``remem.store.rows``, then the list of the views' texts.

    Args:
        pieces: Its parts in metadata rows, by primary key.

    Raises:
        CorruptStore: some of it is missing.
        DamagedRecord: it is not what was written.
    """
    pk = row["pk"]
    try:
        parts = part_keys(pk, row["parts"])
        body = "".join(pieces[part] for part in parts) if parts else row["body"]
    except KeyError:
        raise missing(pk) from None
    try:
        value: list[Any]
        *value, last = json.loads(body)
        if not isinstance(last, str):  # written by a version that had no digests
            value.append(last)
        elif not digests.same(bytes.fromhex(last), (_scope(pk), *value)):
            raise ValueError
        record_of(value)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise _damaged(pk) from None
    return value


def missing(pk: str) -> CorruptStore:
    """The error of a row that is not there, or not all of it."""
    return CorruptStore(f"record {key_of(pk)!r} is damaged: restore a backup or an export")


def _damaged(pk: str) -> DamagedRecord:
    """The error of a row that is not what was written."""
    source, key = name_of(pk)
    position = int(pk.split(_BETWEEN)[2], 16) - 2**63
    return DamagedRecord(
        f"the record {key!r} is damaged: restore a backup, or delete it with 'remem delete KEY' "
        "and import it again from an export",
        Record(key, source, position, ""),
    )


def _scope(pk: str) -> str:
    return pk.split(_BETWEEN)[0]


def record_of(body: Sequence[Any]) -> Record:
    """The record in a body; one that an older version wrote has fewer values."""
    values = body[:-1]
    return rows.from_row([*values, *[None] * (_VALUES - len(values))])


def texts_of(body: Sequence[Any]) -> list[str]:
    """The texts of the views in a body."""
    return list(body[-1])


def vectors_of(row: Row, views: int) -> list[NDArray[np.float32]]:
    """The vectors of the views in a row, float32, shape (dim,)."""
    return [np.array(row[dense(view)], np.float32) for view in range(views)]


def entry_of(body: Sequence[Any], row: Row, names: Sequence[str]) -> Entry:
    """The entry in a body and the row it belongs to.

    Raises:
        DamagedRecord: its vectors are not what was written.
    """
    mark = str(row["digest"])[_DIGITS:]
    if mark and mark != _digest_of_vectors(row, len(names)):
        raise DamagedRecord(
            f"a vector of record {key_of(row['pk'])!r} is damaged; 'remem reindex' makes all of "
            "them again",
            record_of(body),
        )
    made = zip(names, texts_of(body), vectors_of(row, len(names)), strict=True)
    return Entry(record_of(body), {name: View(text, vector) for name, text, vector in made})


def _pieces(body: str) -> Iterator[str]:
    """A body in pieces that each fit a row, cut between characters."""
    data = body.encode()
    start = 0
    while start < len(data):
        end = min(start + LONGEST_BODY, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        yield data[start:end].decode()
        start = end


# Full text over our own tokens, weighed by ourselves.
#
# Milvus's own BM25 function does not keep the contract: it counts a word over the segment or the
# whole collection, records of other namespaces, deleted and superseded ones included, while the
# contract's statistics are those of the current records of one namespace. So each view carries a
# sparse vector of its words, weighed with their saturation at the length that was usual when the
# namespace began; a question carries their rarity, counted at the moment it is asked; the inner
# product of the two finds the candidates, and from the same vectors the exact scores are
# computed.
#
# A word is one of 2^32 - 2 numbers. Among a million different words, a given one shares its
# number with another with a chance of one in four thousand; the two then count as one.

_NUMBERS = 2**32 - 2
_NOTHING = 0  # no word's number: a sparse vector may not be empty


@dataclass(frozen=True, slots=True)
class Words:
    """The columns ``sparse``, ``terms``, ``long`` and ``length`` of a view."""

    weights: dict[int, float]
    terms: list[int]
    long: bool
    length: int


@dataclass(frozen=True, slots=True)
class Held:
    """The words of a view.

    Attributes:
        frequencies: Number of a word -> how often the view holds it.
        length: In tokens.
    """

    frequencies: Mapping[int, int]
    length: int


def words_of(text: str, usual: float) -> Words:
    """The columns of a view's text.

    Args:
        usual: The length, in tokens, at which words are weighed in this namespace.
    """
    counts = Counter(map(number_of, tokenize(text)))
    total = counts.total()
    damping = _damping(total, usual)
    weights = {
        number: float(np.float32((K1 + 1) * count / (count + damping)))
        for number, count in counts.items()
    }
    return Words(
        weights=weights or {_NOTHING: 1.0},
        terms=sorted(counts)[:MOST_ITEMS],
        long=len(counts) > MOST_ITEMS,
        length=total,
    )


def number_of(token: str) -> int:
    """The number of a token."""
    return _number(token) if len(token) <= LONGEST_REMEMBERED else _number.__wrapped__(token)


@lru_cache(maxsize=65536)
def _number(token: str) -> int:
    digest = blake2b(token.encode(), digest_size=8).digest()
    return 1 + int.from_bytes(digest, "little") % _NUMBERS


def held(weights: Mapping[int, float], length: int, usual: float) -> Held:
    """The words of a view, from its columns: the reverse of ``words_of``."""
    damping = _damping(length, usual)
    # The weight grows with the count towards K1 + 1; float32 tells counts apart up to thousands,
    # and where it does not, the score no longer does either.
    frequencies = {
        number: max(1, round(weight * damping / max(K1 + 1 - weight, 1e-7)))
        for number, weight in weights.items()
        if number != _NOTHING
    }
    return Held(frequencies, length)


def scores(
    views: Mapping[str, Held], rarity: Mapping[int, float], average_length: float
) -> dict[str, float]:
    """BM25 of each view that holds a word of the question, by the keys of ``views``.

    Args:
        rarity: Number of each word of the question -> its inverse document frequency.
    """
    found: dict[str, float] = {}
    for number, weight in rarity.items():
        holding = [key for key, view in views.items() if number in view.frequencies]
        if not holding:
            continue
        added = contributions(
            np.array([views[key].frequencies[number] for key in holding]),
            np.array([views[key].length for key in holding]),
            average_length,
            weight,
        )
        for key, contribution in zip(holding, added, strict=True):
            found[key] = found.get(key, 0.0) + float(contribution)
    return found


def slack(average_length: float, usual: float) -> float:
    """No exact score is more than so many times the inner product that the engine found.

    ``(count + K1 (1 - B + B length / usual)) / (count + K1 (1 - B + B length / average))`` is at
    most average / usual, for ever longer views, and at most 1 where average < usual.
    """
    return max(1.0, average_length / usual) * (1 + 1e-5)


def _damping(length: int, usual: float) -> float:
    return K1 * (1 - B + B * length / usual)
