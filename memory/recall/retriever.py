"""A question to the store: which legs to ask, how to weigh their answers, who looks again."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Protocol

from memory.encoder import Encoder
from memory.planning import space_of
from memory.recall.nearness import Scale, scale_of
from memory.recall.query import Query, read_query
from memory.recall.ranking import Recollection, candidates_of, rank
from memory.recall.relevance import Rarity, judged
from memory.recall.rerank import MOST_CANDIDATES, Reranker, reranked
from memory.recall.windows import TURN, WINDOW, line
from store import Dense, F, Filter, Hit, InvalidInput, Leg, Record, Space, Store, Text, Vector

__all__ = ["WEIGHTS", "Encoded", "Retriever", "Searches", "check_question"]

WEIGHTS: Mapping[str, float] = {
    "dense turn": 1.0,
    "dense window": 1.25,
    "text turn": 2.0,
    "text window": 1.5,
    "session": 2.0,
    "reply": 1.0,
    "speaker": 1.0,
    "statement": 1.5,
    "room": 3.0,
    "date": 4.0,
}
"""Of legs and signals (``memory.recall.signals``). Rounded from a fit of the likelihood of the
evidence, under leave-one-conversation-out and across two data sets; see benchmarks/README.md."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a question is to an encoder.

    Attributes:
        vector: float32, shape (dim,), length 1.
        space: That the vector is of.
        scale: Of the encoder's cosines.
    """

    vector: Vector
    space: Space
    scale: Scale

    @staticmethod
    def by(encoder: Encoder, query: str) -> Encoded:
        """A question, encoded."""
        return Encoded(encoder.encode_query(query), space_of(encoder), scale_of(encoder))


_LEGS: Mapping[str, Callable[[str, Encoded], Leg]] = {
    "dense turn": lambda _, encoded: Dense(TURN, encoded.vector, encoded.space),
    "dense window": lambda _, encoded: Dense(WINDOW, encoded.vector, encoded.space),
    "text turn": lambda query, _: Text(TURN, query),
    "text window": lambda query, _: Text(WINDOW, query),
}


class Searches(Protocol):
    """What ``Memory`` asks its questions of."""

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
        weights: Of legs and signals by name; one that is left out is not asked.
        pool: Hits asked of each leg, at least; deeper pools find what one leg ranks low.
        dated_pool: Hits asked of each leg besides among what was said at a time that the question
            names: "the event two weeks ago" may share no word with the day's turns.
        reranker: Reads the best memories together with the question, and changes their order.
        rerank_weight: What it has to say in the score, in [0, 1].

    Raises:
        InvalidInput: a weight of something unknown, or one that is negative; no leg has a weight.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    pool: int = 64
    dated_pool: int = 16
    reranker: Reranker | None = None
    rerank_weight: float = 0.5

    def __post_init__(self) -> None:
        if unknown := sorted(self.weights.keys() - WEIGHTS.keys()):
            known = ", ".join(WEIGHTS)
            raise InvalidInput(f"there is nothing called {unknown[0]!r} to weigh; use {known}")
        for name, weight in self.weights.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise InvalidInput(f"the weight of {name!r} is {weight}; give 0 or more")
        if not any(self.weights.get(name) for name in _LEGS):
            raise InvalidInput(f"nothing would be found; give one of {', '.join(_LEGS)} a weight")

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
        return self.answer(store, namespace, query, Encoded.by(encoder, query), k, where, now)

    def answer(
        self,
        store: Store,
        namespace: str,
        query: str,
        encoded: Encoded,
        k: int,
        where: Filter | None = None,
        now: datetime | None = None,
    ) -> list[Recollection]:
        """Like ``search``, for a question that was checked and encoded: needs no model."""
        question = read_query(query, now)
        legs = self._legs(query, encoded)
        hits = store.search(namespace, list(legs.values()), max(k, self.pool), where)
        found = dict(zip(legs, hits, strict=True))
        dated = self._dated(store, namespace, question, list(legs.values()), where)
        depth = max(k, MOST_CANDIDATES)  # what is raised or judged later may stand below k
        candidates = candidates_of(found, dated, self.weights)
        ranking = self._reranked(query, rank(question, candidates, self.weights, depth))
        rarity = self._rarity(store, namespace, question)
        return judged(question, ranking, _best_cosines(found), encoded.scale, rarity, k)

    def _legs(self, query: str, encoded: Encoded) -> dict[str, Leg]:
        return {name: leg(query, encoded) for name, leg in _LEGS.items() if self.weights.get(name)}

    def _dated(
        self,
        store: Store,
        namespace: str,
        question: Query,
        legs: Sequence[Leg],
        where: Filter | None,
    ) -> list[Record]:
        """What the legs find among what was said at the times that the question names."""
        if not question.spans or not self.weights.get("date"):
            return []
        said_at = F("said_at")
        then = reduce(or_, (said_at.between(each.earliest, each.latest) for each in question.spans))
        both = then if where is None else where & then
        hits = store.search(namespace, legs, self.dated_pool, both)
        return [hit.record for leg in hits for hit in leg]

    def _reranked(self, query: str, ranking: list[Recollection]) -> list[Recollection]:
        if self.reranker is None:
            return ranking
        texts = [line(one.record) for one in ranking[:MOST_CANDIDATES]]
        return reranked(ranking, self.reranker.scores(query, texts).tolist(), self.rerank_weight)

    def _rarity(self, store: Store, namespace: str, question: Query) -> Rarity:
        tokens = list(question.tokens)
        *weights, unheard = store.idf(namespace, TURN, [*tokens, _UNHEARD])
        return Rarity(dict(zip(tokens, weights, strict=True)), unheard)


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
