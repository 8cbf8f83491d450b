"""A question to the store: which legs to ask, and how to weigh their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_

from memory.encoder import Encoder
from memory.recall.nearness import scale_of
from memory.recall.query import Query, read_query
from memory.recall.ranking import Recollection, candidates_of, rank
from memory.recall.relevance import Rarity, judged
from memory.recall.windows import TURN, WINDOW
from store import Dense, F, Filter, Hit, InvalidInput, Leg, Record, Store, Text, Vector

__all__ = ["WEIGHTS", "Retriever"]

WEIGHTS: Mapping[str, float] = {
    "dense turn": 1.0,
    "dense window": 1.25,
    "text turn": 2.0,
    "text window": 1.5,
    "session": 2.0,
    "reply": 1.0,
    "speaker": 1.0,
    "statement": 2.0,
    "room": 3.0,
    "date": 4.0,
}
"""Of legs and signals (``memory.recall.signals``). Rounded from a fit of the likelihood of the
evidence, under leave-one-conversation-out and across two data sets; see benchmarks/README.md."""


@dataclass(frozen=True, slots=True)
class Retriever:
    """Dense and full-text search over both views, mixed with what else speaks for a memory.

    Attributes:
        weights: Of legs and signals by name; one that is left out is not asked.
        pool: Hits asked of each leg, at least; deeper pools find what one leg ranks low.
        dated_pool: Hits asked of each leg besides among what was said at a time that the question
            names: "the event two weeks ago" may share no word with the day's turns.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    pool: int = 64
    dated_pool: int = 16

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
            now: When the question is asked (timezone-aware), to place "last week"; None: unknown,
                so that only full dates mean anything.

        Raises:
            InvalidInput: an empty query, or k < 1.
        """
        if not query.strip():
            raise InvalidInput("the question is empty; say what to look for")
        if k < 1:
            raise InvalidInput(f"k is the number of memories to return; give 1 or more, not {k}")
        question = read_query(query, now)
        legs = self._legs(query, encoder.encode_query(query))
        hits = store.search(namespace, list(legs.values()), max(k, self.pool), where)
        found = dict(zip(legs, hits, strict=True))
        dated = self._dated(store, namespace, question, list(legs.values()), where)
        ranked = rank(question, candidates_of(found, dated, self.weights), self.weights, k)
        rarity = self._rarity(store, namespace, question)
        return judged(question, ranked, _best_cosines(found), scale_of(encoder), rarity)

    def _legs(self, query: str, vector: Vector) -> dict[str, Leg]:
        legs: dict[str, Leg] = {
            "dense turn": Dense(TURN, vector),
            "dense window": Dense(WINDOW, vector),
            "text turn": Text(TURN, query),
            "text window": Text(WINDOW, query),
        }
        return {name: leg for name, leg in legs.items() if self.weights.get(name)}

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
        then = reduce(
            or_, ((said_at >= each.earliest) & (said_at <= each.latest) for each in question.spans)
        )
        hits = store.search(namespace, legs, self.dated_pool, where & then if where else then)
        return [hit.record for leg in hits for hit in leg]

    def _rarity(self, store: Store, namespace: str, question: Query) -> Rarity:
        tokens = list(question.tokens)
        *weights, unheard = store.idf(namespace, TURN, [*tokens, _UNHEARD])
        return Rarity(dict(zip(tokens, weights, strict=True)), unheard)


_UNHEARD = "\0"
"""A token that no text has."""


def _best_cosines(legs: Mapping[str, Sequence[Hit]]) -> dict[str, float]:
    """The highest cosine of each record that a dense leg returned, by key."""
    cosines: dict[str, float] = {}
    for leg, hits in legs.items():
        if leg.startswith("dense"):
            for hit in hits:
                key = hit.record.key
                cosines[key] = max(hit.score, cosines.get(key, hit.score))
    return cosines
