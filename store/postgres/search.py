"""Steps of one search: filter to records, legs to ids, ids to records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from remem.store.filters import Filter
from remem.store.fulltext.ranking import idf
from remem.store.fulltext.tokens import content_words
from remem.store.postgres import indexes, postings, records, vectors
from remem.store.postgres.database import BY_KEY
from remem.store.postgres.driver import META, Connection, Cursor
from remem.store.postgres.filters import Condition, condition
from remem.store.postgres.indexes import Lists
from remem.store.postgres.vectors import Allowed, Nearest, Scored
from remem.store.spaces import Meta, meta_of
from remem.store.types import Dense, Hit, Leg, Space, Text

_FEW = 2_000
"""Most records left by a filter that are compared one by one."""

_CHUNK = 8
"""Number, times k, of the best records by their words that are first checked against a filter; then
four times as many, and so on."""


@dataclass(frozen=True, slots=True)
class Head:
    """Facts about a namespace that a search needs before it looks at any record.

    Attributes:
        expired: Records that have expired and are not superseded.
        totals: Of each view, the current records and the tokens in them, the expired left out.
        indexed: The lists of each view that has an index.
    """

    namespace: int
    generation: int
    space: Space
    expired: list[int]
    totals: dict[int, tuple[int, int]]
    indexed: dict[int, Lists]

    def total(self, view: int) -> tuple[int, int]:
        """Live records, and tokens in them."""
        return self.totals.get(view, (0, 0))


def open_search(connection: Connection[Any], name: str) -> tuple[Meta, int | None]:
    """Facts that the store keeps about its vectors, and the number of a namespace, None if unknown.

    The rest of the transaction uses indexes wherever there is one.
    """
    row = connection.execute(
        f"""SELECT {META}, (SELECT id FROM remem.namespaces WHERE name = %s), {BY_KEY}""", [name]
    ).fetchone()
    assert row is not None
    return meta_of(row[0]), row[1]


def read_head(connection: Connection[Any], meta: Meta, namespace: int, now: int) -> Head:
    """The head of a namespace.

    Args:
        now: Microseconds since 1970; what expired until then is not found.
    """
    row = connection.execute(
        """SELECT ARRAY(SELECT id FROM remem.records
                WHERE namespace = %s AND expires_at <= %s AND superseded_by IS NULL),
            ARRAY(SELECT ARRAY[view, records, tokens] FROM remem.totals WHERE namespace = %s)""",
        [namespace, now, namespace],
    ).fetchone()
    assert row is not None
    expired, rows = row
    totals = {view: (number, length) for view, number, length in rows}
    if expired:
        gone = connection.execute(
            """SELECT view, count(*), sum(length) FROM remem.texts
                WHERE namespace = %s AND record = ANY(%s) GROUP BY view""",
            [namespace, expired],
        )
        for view, number, length in gone:
            live, tokens = totals.get(view, (number, length))
            totals[view] = (live - number, tokens - length)
    return Head(
        namespace=namespace,
        generation=meta.generation,
        space=meta.space,
        expired=expired,
        totals=totals,
        indexed=indexes.indexed(connection, meta.generation, namespace, len(meta.space.views)),
    )


def answer(
    connection: Connection[Any],
    head: Head,
    legs: Sequence[Leg],
    k: int,
    where: Filter | None,
    now: int,
) -> list[list[Hit]]:
    """The hits of each leg; the connection sees one state of the store.

    Args:
        legs: Checked; dense vectors are of length 1.
    """
    allowed = _allowed(connection, head, where, now)
    words = _read_words(connection, head, legs)
    # The server looks for the nearest while the words are ranked here.
    with connection.pipeline():
        near = {
            i: _ask(connection, head, leg, k, allowed)
            for i, leg in enumerate(legs)
            if isinstance(leg, Dense)
        }
        said = {
            i: _by_words(head, leg, words, allowed)
            for i, leg in enumerate(legs)
            if isinstance(leg, Text)
        }
    found = [
        _nearest(near[i], k)
        if i in near
        else _best(connection, head.namespace, *said[i], k, allowed.condition)
        for i in range(len(legs))
    ]
    tied = {i for leg_found in found if len(leg_found) > k for i, _ in leg_found}
    keys = _keys(connection, head.namespace, list(tied)) if tied else {}
    best = [_cut(leg_found, keys, k) for leg_found in found]
    wanted = {i for leg_best in best for i, _ in leg_best}
    loaded = records.load(connection, head.namespace, list(wanted))
    if damaged := wanted - loaded.keys():  # others take their places
        without = replace(head, expired=[*head.expired, *damaged])
        return answer(connection, without, legs, k, where, now)
    return [
        sorted(
            (Hit(loaded[i], score) for i, score in leg_best),
            key=lambda hit: (-hit.score, hit.record.key),
        )
        for leg_best in best
    ]


def rarity(
    connection: Connection[Any], head: Head, view: str, tokens: Sequence[str]
) -> list[float]:
    """Inverse document frequency of each token among the live records."""
    number = head.space.views.index(view)
    terms = [postings.term(token) for token in tokens]
    if head.expired:
        found = postings.read(connection, head.namespace, [(number, term) for term in terms])
        gone = np.array(head.expired)
        holding = {term: len(postings.without(e, gone)) for (_, term), e in found.items()}
    else:
        holding = postings.holding(connection, head.namespace, number, terms)
    live, _ = head.total(number)
    return [idf(live, holding.get(term, 0)) for term in terms]


def _allowed(connection: Connection[Any], head: Head, where: Filter | None, now: int) -> Allowed:
    if where is None:
        return Allowed(None, None, head.expired)
    sql, values = condition(where)
    rows = connection.execute(
        f"""SELECT id FROM remem.records WHERE namespace = %s AND superseded_by IS NULL
            AND (expires_at IS NULL OR expires_at > %s) AND ({sql}) LIMIT {_FEW + 1}""",
        [head.namespace, now, *values],
    )
    ids = [row[0] for row in rows]
    if len(ids) <= _FEW:
        expired = set(head.expired)
        ids = [i for i in ids if i not in expired]
        return Allowed(ids, None, [])
    return Allowed(None, (sql, values), head.expired)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question to the vectors that is on its way.

    Attributes:
        cursor: Of what is found.
        otherwise: Asks in the way that finds all, where this one may not.
    """

    cursor: Cursor[Any]
    otherwise: Callable[[], Cursor[Any]] | None = None


def _ask(connection: Connection[Any], head: Head, leg: Dense, k: int, allowed: Allowed) -> _Asked:
    view = head.space.views.index(leg.view)
    place = vectors.table(head.generation, view)
    nearest = Nearest(connection, place, head.namespace, leg.vector, k, allowed)
    if view in head.indexed and allowed.ids is None:
        searched = head.indexed[view].searched(head.total(view)[0], k)
        if searched is not None:
            return _Asked(nearest.approximate(searched), nearest.exact)
    return _Asked(nearest.exact())


def _nearest(asked: _Asked, k: int) -> Scored:
    found: Scored = asked.cursor.fetchall()
    if len(found) < k and asked.otherwise is not None:
        found = asked.otherwise().fetchall()
    return sorted(found, key=lambda pair: -pair[1])


Words = dict[tuple[int, str], postings.Entries]


def _read_words(connection: Connection[Any], head: Head, legs: Sequence[Leg]) -> Words:
    """The entries of all words of all legs, those of live records."""
    wanted = {key for leg in legs if isinstance(leg, Text) for key in _terms(head, leg)}
    if not wanted:
        return {}
    gone = np.array(head.expired, np.int64)
    found = postings.read(connection, head.namespace, list(wanted))
    return {key: postings.without(entries, gone) for key, entries in found.items()}


def _terms(head: Head, leg: Text) -> list[tuple[int, str]]:
    view = head.space.views.index(leg.view)
    return [(view, postings.term(token)) for token in content_words(leg.query)]


def _by_words(
    head: Head, leg: Text, words: Words, allowed: Allowed
) -> tuple[postings.Ids, postings.Scores]:
    """The records that hold a word and are among the few allowed, if these are few, by id."""
    found = [words[key] for key in _terms(head, leg) if key in words]
    ids, scores = postings.rank(found, *head.total(head.space.views.index(leg.view)))
    if allowed.ids is not None:
        chosen = np.isin(ids, allowed.ids)
        ids, scores = ids[chosen], scores[chosen]
    return ids, scores


def _best(
    connection: Connection[Any],
    namespace: int,
    ids: postings.Ids,
    scores: postings.Scores,
    k: int,
    where: Condition | None,
) -> Scored:
    """The k best that match, and those that tie with the last of them."""
    if where is None:
        return _pairs(*postings.best(ids, scores, k))
    return _matching(connection, namespace, *postings.best(ids, scores, len(ids)), k, where)


def _matching(
    connection: Connection[Any],
    namespace: int,
    ids: postings.Ids,
    scores: postings.Scores,
    k: int,
    where: Condition,
) -> Scored:
    """The k best of ranked records that match, and those that tie with the last of them."""
    sql, values = where
    matching = np.zeros(len(ids), np.bool_)
    start, size = 0, _CHUNK * k
    while start < len(ids):
        chunk = ids[start : start + size]
        rows = connection.execute(
            f"SELECT id FROM remem.records WHERE namespace = %s AND id = ANY(%s) AND ({sql})",
            [namespace, chunk.tolist(), *values],
        )
        matching[start : start + size] = np.isin(chunk, [row[0] for row in rows])
        start, size = start + size, 4 * size
        found = scores[matching]
        if len(found) >= k and (start >= len(ids) or scores[start] < found[k - 1]):
            break
    return _pairs(*postings.best(ids[matching], scores[matching], k))


def _pairs(ids: postings.Ids, scores: postings.Scores) -> Scored:
    return list(zip(ids.tolist(), scores.tolist(), strict=True))


def _keys(connection: Connection[Any], namespace: int, ids: Sequence[int]) -> dict[int, str]:
    rows = connection.execute(
        "SELECT id, key FROM remem.records WHERE namespace = %s AND id = ANY(%s)",
        [namespace, ids],
    )
    return dict(rows.fetchall())


def _cut(found: Scored, keys: Mapping[int, str], k: int) -> Scored:
    """The k best, of those that tie with the last of them the first by key."""
    if len(found) <= k:
        return found
    return sorted(found, key=lambda pair: (-pair[1], keys.get(pair[0], "")))[:k]
