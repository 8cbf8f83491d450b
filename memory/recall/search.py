"""One question, put to a store: which legs to ask, how to weigh what they return, and what to look
for besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import reduce
from itertools import chain
from operator import and_, or_

import numpy as np

from remem.recall.encoded import Asked, Encoded
from remem.recall.links import anchor_words, linked, step
from remem.recall.order.echoes import Sorted, behind, sorted_out
from remem.recall.order.likeness import Likeness
from remem.recall.order.truth import is_personal
from remem.recall.order.updates import MOST_PLACES, likeliest, may_have_changed
from remem.recall.ranking import (
    Weight,
    candidates_of,
    rank,
    voices_of,
    weights_among,
    weights_for_agents,
    weights_of_words,
)
from remem.recall.rarity import Rarity
from remem.recall.reading.claims import State, asked_states, claims, words_to_find
from remem.recall.reading.hints import hints
from remem.recall.reading.languages import has_chinese
from remem.recall.reading.question import Query, named_among
from remem.recall.reading.states import Language, language_of
from remem.recall.recollection import Recollection
from remem.recall.relevance import share_in_tongue, text_reach
from remem.recall.rerank import MOST_CANDIDATES
from remem.store import Dense, F, Filter, Hit, Leg, Reader, Record, Space, Text, Vector
from remem.store.fulltext.tokens import tokenize
from remem.views import CALL, TURN, WINDOW

_MOST_ALIKE = 24
"""Memories that are looked for besides, as they are like the answer."""

_DEEPEST = 4096
"""Hits of a leg that are looked through for evidence among echoes."""

_UNHEARD = "\0"
"""A token that no text has."""

_NEAR = 16
"""Turns near a question, in which whoever it names is looked for among those who speak."""

LEGS: Mapping[str, Callable[[str, Mapping[str, Vector], Space], Leg]] = {
    "dense turn": lambda _, vectors, space: Dense(TURN, vectors[TURN], space),
    "dense window": lambda _, vectors, space: Dense(WINDOW, vectors[WINDOW], space),
    "text turn": lambda query, *_: Text(TURN, query),
    "text window": lambda query, *_: Text(WINDOW, query),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The memories that the store gave for one question, before they are read again and judged.

    Attributes:
        cosines: The highest of each memory that a dense leg returned, by key.
        rarity: Of the words of the question.
        echoes: What is no evidence, with no score.
        states: What it asks for of how things are.
        stated: What people stated about that, whether or not it is near to the question.
        likeness: Of the question and what may answer it.
        alike: What is like that which answers it best, if the answer may have changed.
    """

    question: Query
    now: datetime | None
    ranking: list[Recollection]
    cosines: Mapping[str, float]
    rarity: Rarity
    echoes: list[Recollection]
    states: Set[State]
    stated: Sequence[Record]
    likeness: Likeness
    alike: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Search:
    """One question, and where it is looked for.

    Attributes:
        message: That the question is one of.
        asked: The question as the encoder reads it.
        now: When it is asked; None: not known.
        k: Memories that are wanted.
        weights, pool, dated_pool, stepped_pool: See ``Retriever``.
    """

    reader: Reader
    namespace: str
    where: Filter | None
    message: Encoded
    asked: Asked
    question: Query
    now: datetime | None
    k: int
    weights: Mapping[str, float | Weight]
    pool: int
    dated_pool: int
    stepped_pool: int

    def answer(self) -> Answer:
        """The memories that the store has for the question."""
        near = self._near()
        found, pool = self._pooled(near)
        weights, reach = self._weighed(found.legs)
        link = weights.pop("link", 0.0)
        candidates = candidates_of(found.legs, found.also, weights, pool, found.idle, reach)
        depth = max(self.k, MOST_CANDIDATES)  # what is raised or judged later may stand below k
        ranked = rank(self.question, candidates, weights, depth + len(found.idle))
        echoes = _echoes(ranked, found)
        ruled_out = {one.record.key for one in echoes}
        ranking = [one for one in ranked if one.record.key not in found.idle]
        share = link / (link + sum(weights.values())) if link else 0.0
        ranking, rarity = self._linked(ranking, share, ruled_out)
        states = asked_states(self.question.text)
        stated = self._stated(states)
        likeness, alike = self._alike(states, ranking, stated)
        return Answer(
            question=self.question,
            now=self.now,
            ranking=ranking,
            cosines=_best_cosines([near, *_dense(found.legs)]),
            rarity=rarity,
            echoes=echoes,
            states=states,
            stated=stated,
            likeness=likeness,
            alike=[record for record in alike if record.key not in ruled_out],
        )

    def _weighty(self) -> list[str]:
        """The names of the legs that have a weight; the others are not asked."""
        weights = {name: Weight.of(self.weights.get(name, 0.0)) for name in LEGS}
        return [name for name, weight in weights.items() if any(astuple(weight))]

    def _near(self) -> Sequence[Hit]:
        """Turns near a question that may name who said them; none for any other."""
        if not self.asked.told or "dense turn" not in self._weighty():
            return ()
        return self._hits([Dense(TURN, self.asked.vector, self.message.space)], _NEAR)[0]

    def _by_view(self, near: Sequence[Hit]) -> Mapping[str, Vector]:
        """The vector with which each view is searched. Where a question names a speaker, turns are
        asked as the speaker would put it, and windows, in which others speak, by the mean of both.

        Args:
            near: Turns of whom it may name.
        """
        speakers = {hit.record.speaker for hit in near if hit.record.speaker}
        told = [
            vector
            for name, vector in self.asked.told.items()
            if named_among({*tokenize(name)}, speakers)
        ]
        if not told:
            return {TURN: self.asked.vector, WINDOW: self.asked.vector}
        as_told = np.mean(told, axis=0)
        return {TURN: as_told, WINDOW: (as_told + self.asked.vector) / 2}

    def _pooled(self, near: Sequence[Hit]) -> tuple[Sorted, int]:
        """The hits of the legs, and how many each was asked for: more where echoes crowd.

        Args:
            near: Turns near the question, which are found, too.
        """
        vectors = self._by_view(near)
        named_legs = {
            name: LEGS[name](self.question.topic, vectors, self.message.space)
            for name in self._weighty()
        }
        legs = list(named_legs.values())
        also = [*self._dated(legs), *(hit.record for hit in near)]
        pool = max(self.k, self.pool)
        while True:
            hits = self._searched(legs, pool)
            named = dict(zip(named_legs, hits, strict=True))
            found = sorted_out(self.question, self.message.texts, named, also)
            full = max(map(len, hits)) >= pool
            if not full or 2 * found.crowd <= pool or pool >= _DEEPEST:
                return found, pool
            pool *= 4

    def _searched(self, legs: Sequence[Leg], pool: int) -> list[list[Hit]]:
        """The hits of all legs. Where most of them are what tools did, they are asked once more for
        what was said, so that logs that all look alike leave it a place."""
        hits = [list(leg) for leg in self._hits(legs, pool)]
        calls = [[hit for hit in leg if hit.record.kind == CALL] for leg in hits]
        if not any(2 * len(each) > pool for each in calls):
            return hits
        others = self._hits(legs, pool, F("kind") != CALL)
        return [
            sorted([*leg, *few[: pool // 4]], key=lambda hit: (-hit.score, hit.record.key))
            for leg, few in zip(others, calls, strict=True)
        ]

    def _dated(self, legs: Sequence[Leg]) -> list[Record]:
        """Records that the legs find among those said at the times that the question names."""
        spans = self.question.spans
        if not spans or not self.weights.get("date"):
            return []
        said_at = F("said_at")
        then = reduce(or_, (said_at.between(each.earliest, each.latest) for each in spans))
        deepest = self.k if self.question.only_when else 0
        hits = self._hits(legs, max(deepest, self.dated_pool), then)
        return [hit.record for leg in hits for hit in leg]

    def _weighed(
        self, legs: Mapping[str, Sequence[Hit]]
    ) -> tuple[dict[str, float], Mapping[str, float]]:
        """The weights of legs and signals among those who speak, and the reach of the legs."""
        records = {hit.record.key: hit.record for leg in legs.values() for hit in leg}
        voices = voices_of(records.values())
        weights = weights_for_agents(weights_among(self.weights, voices), records.values())
        if self.message.across_languages:
            same = share_in_tongue(self.question.text, legs)
            if "answer" in weights:  # its words for names and numbers are of the same language
                weights["answer"] *= same
            rarity, _ = self._rarity(frozenset())
            return weights, text_reach(legs, self.question, rarity, same)
        return (weights_of_words(weights) if has_chinese(self.question.text) else weights), {}

    def _linked(
        self, ranking: list[Recollection], share: float, ruled_out: Set[str]
    ) -> tuple[list[Recollection], Rarity]:
        """The ranking with what its best memories lead to, and the rarity of the question's words.

        Args:
            share: What links have to say in the score, in [0, 1].
            ruled_out: Keys of what is no evidence.
        """
        others = anchor_words(ranking, self.question.tokens.keys()) if share else {}
        rarity, idf = self._rarity(others.keys())
        leads = step(others, idf)
        if not leads:
            return ranking, rarity
        [stepped] = self._hits([Text(TURN, leads)], self.stepped_pool)
        more = [hit.record for hit in stepped if hit.record.key not in ruled_out]
        return linked(ranking, more, idf, share), rarity

    def _rarity(self, others: Set[str]) -> tuple[Rarity, Mapping[str, float]]:
        """The rarity of the words of the question, and the idf of these and of others."""
        tokens = [*self.question.tokens, *sorted(others)]
        *weights, unheard = self.reader.idf(self.namespace, TURN, [*tokens, _UNHEARD])
        idf = dict(zip(tokens, weights, strict=True))
        return Rarity({token: idf[token] for token in self.question.tokens}, unheard), idf

    def _stated(self, states: Set[State]) -> list[Record]:
        """Records in which a person makes a claim about one of these states, or may do so."""
        language = language_of(self.question.text)
        words = {
            name: f"{words_to_find(name)} {language.words_around(name) if language else ''}"
            for _, name in states
        }
        legs = [Text(TURN, words[name]) for name in sorted(words)]
        found = self._hits(legs, self.pool) if legs else []
        records = {hit.record.key: hit.record for hits in found for hit in hits}
        return [
            record
            for record in records.values()
            if is_personal(record) and _may_state(record.text, states, language)
        ]

    def _alike(
        self, states: Set[State], ranking: Sequence[Recollection], stated: Sequence[Record]
    ) -> tuple[Likeness, list[Record]]:
        """The likeness of the question and what may answer it, and what else is like the likeliest
        answer, if that may have changed: an update may be far from the question."""
        is_read = self.message.across_languages or not has_chinese(self.question.text)
        if not (is_read and may_have_changed(self.question, ranking)):
            return Likeness(), []
        vectors = self._vectors([*(one.record for one in ranking[:MOST_PLACES]), *stated])
        likeness = Likeness(self.asked.vector, vectors)
        best = likeliest(self.question, states, ranking, likeness)
        if best is None or best not in vectors:
            return likeness, []
        [hits] = self._hits([Dense(TURN, vectors[best])], _MOST_ALIKE)
        more = [hit.record for hit in hits if hit.record.key not in vectors]
        return Likeness(self.asked.vector, {**vectors, **self._vectors(more)}), more

    def _vectors(self, records: Iterable[Record]) -> dict[str, Vector]:
        """The vectors of some turns by their keys."""
        keys = list(dict.fromkeys(record.key for record in records))
        entries = self.reader.entries(self.namespace, keys)
        return {each.record.key: each.views[TURN].vector for each in entries}

    def _hits(
        self, legs: Sequence[Leg], pool: int, also: Filter | None = None
    ) -> Sequence[Sequence[Hit]]:
        """The hits of some legs among what the search is narrowed to, and by one filter more."""
        given = [each for each in (self.where, also) if each is not None]
        return self.reader.search(
            self.namespace, legs, pool, reduce(and_, given) if given else None
        )


def _echoes(ranked: Sequence[Recollection], found: Sorted) -> list[Recollection]:
    """All that is no evidence, with no score: echoes in their order, and then copies."""
    echoes = [
        behind(one, found.idle[one.record.key]) for one in ranked if one.record.key in found.idle
    ]
    return [*echoes, *(behind(Recollection(record, 0.0), "copy") for record in found.copies)]


def _dense(legs: Mapping[str, Sequence[Hit]]) -> list[Sequence[Hit]]:
    """The hits of each leg of vectors."""
    return [hits for leg, hits in legs.items() if leg.startswith("dense")]


def _best_cosines(dense: Iterable[Sequence[Hit]]) -> dict[str, float]:
    """The highest cosine of each record that legs of vectors returned, by key."""
    cosines: dict[str, float] = {}
    for hit in chain.from_iterable(dense):
        key = hit.record.key
        cosines[key] = max(hit.score, cosines.get(key, hit.score))
    return cosines


def claims_one_of(text: str, states: Set[State]) -> bool:
    """True if a text claims something of one of these states."""
    return any(claim.state in states for claim in claims(text))


def _may_state(text: str, states: Set[State], language: Language | None) -> bool:
    """True if a text claims something of one of these states, or there are hints that it does."""
    if claims_one_of(text, states):
        return True
    return language is not None and bool(hints(text, states, language))
