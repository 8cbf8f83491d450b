"""A question to the store: which legs to ask, how to weigh their answers, who looks again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import astuple, dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Protocol

from remem.encoders.sentence_transformer import Encoder
from remem.recall.asking import as_marked, questions
from remem.recall.claims import State, asked_states, claims, words_to_find
from remem.recall.echoes import behind, below_sources, sorted_out
from remem.recall.figures import newest_figure_first
from remem.recall.forms import newest_of_form_first
from remem.recall.hints import hints
from remem.recall.languages import has_chinese
from remem.recall.likeness import Likeness
from remem.recall.links import anchor_words, linked, step
from remem.recall.occasions import in_order
from remem.recall.ranking import (
    WEIGHTS,
    Recollection,
    Weight,
    calls_apart,
    candidates_of,
    check_weights,
    dated_first,
    merged,
    rank,
    voices_of,
    weights_among,
    weights_for_agents,
    weights_of_words,
)
from remem.recall.relevance import Rarity, Scale, judged, scale_of, share_in_tongue, text_reach
from remem.recall.rerank import MOST_CANDIDATES, Reranker, reranked
from remem.recall.revisions import nearest_decision_first, newest_decision_first
from remem.recall.signals import Query, read_query
from remem.recall.states import Language, language_of
from remem.recall.truth import is_personal, truth_first
from remem.recall.updates import MOST_PLACES, likeliest, may_have_changed, updates_first
from remem.store import (
    Dense,
    F,
    Filter,
    Hit,
    InvalidInput,
    Leg,
    Reader,
    Record,
    Space,
    Store,
    Text,
    Vector,
)
from remem.store.fulltext.tokens import tokenize
from remem.views import CALL, TURN, WINDOW, line, space_of

_MOST_ALIKE = 24
"""Memories that are looked for besides, as they are like the answer."""

_MOST_QUESTIONS = 3
"""Of one message: more are asked together with the rest of it only."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A message with its questions, and what they are to an encoder.

    Attributes:
        queries: The message as it was sent and, if it asks several questions, each of them: it is
            seldom one memory that answers all.
        vectors: Of each: float32, shape (dim,), length 1.
        space: That the vectors are of.
        scale: Of the encoder's cosines.
        across_languages: The encoder says that a question is near its answer in another language.
    """

    queries: tuple[str, ...]
    vectors: tuple[Vector, ...]
    space: Space
    scale: Scale
    across_languages: bool = False

    @staticmethod
    def by(encoder: Encoder, query: str) -> Encoded:
        """A message, encoded."""
        asked = questions(query)
        queries = (query, *asked) if 1 < len(asked) <= _MOST_QUESTIONS else (query,)
        vectors = tuple(encoder.encode_query(as_marked(each)) for each in queries)
        across = bool(getattr(encoder, "across_languages", False))
        return Encoded(queries, vectors, space_of(encoder), scale_of(encoder), across)


_LEGS: Mapping[str, Callable[[str, Vector, Space], Leg]] = {
    "dense turn": lambda _, vector, space: Dense(TURN, vector, space),
    "dense window": lambda _, vector, space: Dense(WINDOW, vector, space),
    "text turn": lambda query, *_: Text(TURN, query),
    "text window": lambda query, *_: Text(WINDOW, query),
}


@dataclass(frozen=True, slots=True)
class _Answer:
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

    query: str
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


class Searches(Protocol):
    """Protocol of the searches that ``Memory`` sends its questions to."""

    def search(
        self,
        store: Store,
        encoder: Encoder,
        namespace: str,
        query: str,
        k: int,
        where: Filter | None = None,
        now: datetime | None = None,
    ) -> list[Recollection]:
        """See ``Retriever.search``."""


@dataclass(frozen=True, slots=True)
class Retriever:
    """Dense and full-text search over both views, mixed with what else speaks for a memory.

    Attributes:
        weights: Of legs, signals and links by name, in each kind of memory or the same in all; one
            that is left out is not asked.
        pool: Hits asked of each leg, at least; deeper pools find what one leg ranks low.
        dated_pool: Hits asked of each leg besides among what was said at a time that the question
            names: "the event two weeks ago" may share no word with the day's turns.
        stepped_pool: Memories that the best ones lead to, at most; see ``remem.recall.links``.
        reranker: Reads the best memories together with the question, and changes their order.
        rerank_weight: What it has to say in the score, in [0, 1].

    Raises:
        InvalidInput: a weight of something unknown, or one that is negative; no leg has a weight.
    """

    weights: Mapping[str, float | Weight] = field(default_factory=lambda: WEIGHTS)
    pool: int = 64
    dated_pool: int = 16
    stepped_pool: int = 16
    reranker: Reranker | None = None
    rerank_weight: float = 0.5

    def __post_init__(self) -> None:
        check_weights(self.weights, _LEGS)

    def search(
        self,
        store: Store,
        encoder: Encoder,
        namespace: str,
        query: str,
        k: int,
        where: Filter | None = None,
        now: datetime | None = None,
    ) -> list[Recollection]:
        """The best k recollections, best first.

        Args:
            now: When the question is asked, to place "last week"; None: unknown, so that only
                full dates mean anything.

        Raises:
            InvalidInput: an empty query, k < 1, or a ``now`` without a time zone.
            EncoderMismatch: the store was re-encoded meanwhile.
        """
        check_question(query, k)
        return self.answer(store, namespace, Encoded.by(encoder, query), k, where, now)

    def answer(
        self,
        store: Store,
        namespace: str,
        asked: Encoded,
        k: int,
        where: Filter | None = None,
        now: datetime | None = None,
    ) -> list[Recollection]:
        """Like ``search``, for a message that was checked and encoded: needs no model."""

        def ask(reader: Reader) -> list[_Answer]:
            return [
                self._ask(reader, namespace, query, vector, asked, k, where, now)
                for query, vector in zip(asked.queries, asked.vectors, strict=True)
            ]

        # What reads the memories again may take its time: no transaction waits for it.
        return merged([self._judged(each, asked, k) for each in store.reading(ask)])[:k]

    def _ask(
        self,
        reader: Reader,
        namespace: str,
        query: str,
        vector: Vector,
        asked: Encoded,
        k: int,
        where: Filter | None,
        now: datetime | None,
    ) -> _Answer:
        question = read_query(query, now)
        legs = {
            name: leg(question.topic, vector, asked.space)
            for name, leg in _LEGS.items()
            if any(astuple(Weight.of(self.weights.get(name, 0.0))))
        }
        pool = max(k, self.pool)
        dated = self._dated(reader, namespace, question, list(legs.values()), where, k)
        while True:
            hits = _searched(reader, namespace, list(legs.values()), pool, where)
            out = sorted_out(question, asked.queries, dict(zip(legs, hits, strict=True)), dated)
            full = max(map(len, hits)) >= pool
            if not full or 2 * out.crowd <= pool or pool >= _DEEPEST:
                break
            pool *= 4
        found = out.legs
        records = {hit.record.key: hit.record for leg in found.values() for hit in leg}
        voices = voices_of(records.values())
        weights = weights_for_agents(weights_among(self.weights, voices), records.values())
        depth = max(k, MOST_CANDIDATES)  # what is raised or judged later may stand below k
        link = weights.pop("link", 0.0)
        reach: Mapping[str, float] = {}
        if asked.across_languages:
            same = share_in_tongue(query, found)
            if "answer" in weights:  # its words for names and numbers are of the same language
                weights["answer"] *= same
            rarity, _ = self._rarity(reader, namespace, question, frozenset())
            reach = text_reach(found, question, rarity, same)
        elif has_chinese(query):
            weights = weights_of_words(weights)
        candidates = candidates_of(found, out.also, weights, pool, out.idle, reach)
        ranked = rank(question, candidates, weights, depth + len(out.idle))
        ranking = [one for one in ranked if one.record.key not in out.idle]
        echoes = [
            behind(one, kind)
            for one in ranked
            if (kind := out.idle.get(one.record.key)) is not None
        ]
        echoes += (behind(Recollection(record, 0.0), "copy") for record in out.copies)
        ruled_out = {one.record.key for one in echoes}
        others = anchor_words(ranking, question.tokens.keys()) if link else {}
        rarity, idf = self._rarity(reader, namespace, question, others.keys())
        if leads := step(others, idf):
            [stepped] = reader.search(namespace, [Text(TURN, leads)], self.stepped_pool, where)
            share = link / (link + sum(weights.values()))
            more = [hit.record for hit in stepped if hit.record.key not in ruled_out]
            ranking = linked(ranking, more, idf, share)
        states = asked_states(query)
        stated = self._stated(reader, namespace, query, states, where)
        likeness, alike = Likeness(), list[Record]()
        is_read = asked.across_languages or not has_chinese(query)
        if is_read and may_have_changed(question, ranking):
            likeness, found_alike = self._alike(
                reader, namespace, question, vector, states, ranking, stated, where
            )
            alike = [record for record in found_alike if record.key not in ruled_out]
        return _Answer(
            query,
            question,
            now,
            ranking,
            _best_cosines(found),
            rarity,
            echoes,
            states,
            stated,
            likeness,
            alike,
        )

    def _judged(self, answer: _Answer, asked: Encoded, k: int) -> list[Recollection]:
        ranking = dated_first(
            answer.question, self._reranked(as_marked(answer.query), answer.ranking)
        )
        ranking = newest_figure_first(answer.question, ranking, answer.rarity)
        ranking = nearest_decision_first(answer.question, ranking, answer.cosines)
        ranking = newest_decision_first(answer.question, ranking)
        ranking = truth_first(answer.question, answer.states, ranking, answer.stated, answer.now)
        words = frozenset(tokenize(asked.queries[0]))
        ranking = newest_of_form_first(answer.question, words, ranking, answer.now)
        ranking = updates_first(
            answer.question, answer.states, ranking, answer.alike, answer.now, answer.likeness
        )
        ranking = in_order(answer.query, below_sources(ranking), answer.rarity.weights)
        ranking = calls_apart(ranking)
        found = judged(
            answer.question,
            ranking,
            answer.cosines,
            asked.scale,
            answer.rarity,
            k,
            is_known=any(_states(one.text, answer.states) for one in answer.stated),
            reads_all=asked.across_languages,
        )
        return [*found, *answer.echoes]

    def _stated(
        self,
        reader: Reader,
        namespace: str,
        query: str,
        states: Set[State],
        where: Filter | None,
    ) -> list[Record]:
        """Records in which a person makes a claim about one of these states, or may do so."""
        language = language_of(query)
        words = {
            name: f"{words_to_find(name)} {language.words_around(name) if language else ''}"
            for _, name in states
        }
        legs = [Text(TURN, words[name]) for name in sorted(words)]
        found = reader.search(namespace, legs, self.pool, where) if legs else []
        records = {hit.record.key: hit.record for hits in found for hit in hits}
        return [
            record
            for record in records.values()
            if is_personal(record) and _may_state(record.text, states, language)
        ]

    def _alike(
        self,
        reader: Reader,
        namespace: str,
        question: Query,
        vector: Vector,
        states: Set[State],
        ranking: Sequence[Recollection],
        stated: Sequence[Record],
        where: Filter | None,
    ) -> tuple[Likeness, list[Record]]:
        """The likeness of the question and what may answer it, and what else is like the likeliest
        answer: an update may be far from the question."""
        known = [*(one.record for one in ranking[:MOST_PLACES]), *stated]
        vectors = _vectors(reader, namespace, known)
        likeness = Likeness.of(vector, vectors)
        best = likeliest(question, states, ranking, likeness)
        if best is None or best not in vectors:
            return likeness, []
        leg = Dense(TURN, vectors[best])
        [hits] = reader.search(namespace, [leg], _MOST_ALIKE, where)
        more = [hit.record for hit in hits if hit.record.key not in vectors]
        return Likeness.of(vector, {**vectors, **_vectors(reader, namespace, more)}), more

    def _dated(
        self,
        reader: Reader,
        namespace: str,
        question: Query,
        legs: Sequence[Leg],
        where: Filter | None,
        k: int,
    ) -> list[Record]:
        """Records that the legs find among those said at the times that the question names."""
        if not question.spans or not self.weights.get("date"):
            return []
        said_at = F("said_at")
        then = reduce(or_, (said_at.between(each.earliest, each.latest) for each in question.spans))
        both = then if where is None else where & then
        pool = max(k, self.dated_pool) if question.only_when else self.dated_pool
        hits = reader.search(namespace, legs, pool, both)
        return [hit.record for leg in hits for hit in leg]

    def _reranked(self, query: str, ranking: list[Recollection]) -> list[Recollection]:
        if self.reranker is None:
            return ranking
        texts = [line(one.record) for one in ranking[:MOST_CANDIDATES]]
        return reranked(ranking, self.reranker.scores(query, texts).tolist(), self.rerank_weight)

    def _rarity(
        self, reader: Reader, namespace: str, question: Query, others: Set[str]
    ) -> tuple[Rarity, Mapping[str, float]]:
        """The rarity of the words of the question, and the idf of these and of others."""
        tokens = [*question.tokens, *sorted(others)]
        *weights, unheard = reader.idf(namespace, TURN, [*tokens, _UNHEARD])
        idf = dict(zip(tokens, weights, strict=True))
        return Rarity({token: idf[token] for token in question.tokens}, unheard), idf


def _searched(
    reader: Reader, namespace: str, legs: Sequence[Leg], pool: int, where: Filter | None
) -> list[list[Hit]]:
    """The hits of all legs. Where most of them are what tools did, they are asked once more for
    what was said, so that logs that all look alike leave it a place."""
    hits = [list(leg) for leg in reader.search(namespace, legs, pool, where)]
    calls = [[hit for hit in leg if hit.record.kind == CALL] for leg in hits]
    if not any(2 * len(each) > pool for each in calls):
        return hits
    said = F("kind") != CALL
    others = reader.search(namespace, legs, pool, said if where is None else where & said)
    return [
        sorted([*leg, *few[: pool // 4]], key=lambda hit: (-hit.score, hit.record.key))
        for leg, few in zip(others, calls, strict=True)
    ]


def _vectors(reader: Reader, namespace: str, records: Iterable[Record]) -> dict[str, Vector]:
    """The vectors of some turns by their keys."""
    keys = list(dict.fromkeys(record.key for record in records))
    return {each.record.key: each.views[TURN].vector for each in reader.entries(namespace, keys)}


def _states(text: str, states: Set[State]) -> bool:
    """True if a text claims something of one of these states."""
    return any(claim.state in states for claim in claims(text))


def _may_state(text: str, states: Set[State], language: Language | None) -> bool:
    """True if a text claims something of one of these states, or there are hints that it does."""
    if _states(text, states):
        return True
    return language is not None and bool(hints(text, states, language))


_DEEPEST = 4096
"""Hits of a leg that are looked through for evidence among echoes."""

_UNHEARD = "\0"
"""A token that no text has."""


def check_question(query: str, k: int) -> None:
    """Refuse what cannot be asked.

    Raises:
        InvalidInput: an empty query, or k < 1; or one that is no string or no integer.
    """
    if not isinstance(query, str) or not query.strip():
        raise InvalidInput("the question is empty, or no text; say what to look for")
    if not isinstance(k, int) or k < 1:
        raise InvalidInput(f"k is the number of memories to return; give 1 or more, not {k!r}")


def _best_cosines(legs: Mapping[str, Sequence[Hit]]) -> dict[str, float]:
    """The highest cosine of each record that a dense leg returned, by key."""
    cosines: dict[str, float] = {}
    for leg, hits in legs.items():
        if leg.startswith("dense"):
            for hit in hits:
                key = hit.record.key
                cosines[key] = max(hit.score, cosines.get(key, hit.score))
    return cosines
