"""A question to the store: which legs to ask, and how to weigh their answers."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime

from memory.encoder import Encoder
from memory.recall.ranking import Recollection, mix
from memory.recall.windows import TURN, WINDOW
from store import Dense, Filter, InvalidInput, Leg, Store, Text
from store.tokens import content_words, split_words, word_tokens

__all__ = ["Retriever"]


def _default_weights() -> Mapping[str, float]:
    return {"dense turn": 1.0, "dense window": 1.0, "text turn": 0.5, "text window": 1.0}


@dataclass(frozen=True, slots=True)
class Retriever:
    """Dense and full-text search over both views, mixed.

    Attributes:
        weights: Of the legs, "dense" or "text" and the name of a view.
        pool: Hits asked of each leg, at least; deeper pools find what one leg ranks low. On LoCoMo
            turns, recall@10 is .781 with 50, and .788 with 64, 80 and 100.
    """

    weights: Mapping[str, float] = field(default_factory=_default_weights)
    pool: int = 64

    def search(
        self,
        store: Store,
        encoder: Encoder,
        namespace: str,
        query: str,
        k: int,
        where: Filter | None = None,
        now: datetime | None = None,  # noqa: ARG002
    ) -> list[Recollection]:
        """The best k recollections, best first.

        Args:
            now: When the question is asked.

        Raises:
            InvalidInput: an empty query, or k < 1.
        """
        if not query.strip():
            raise InvalidInput("the question is empty; say what to look for")
        if k < 1:
            raise InvalidInput(f"k is the number of memories to return; give 1 or more, not {k}")
        vector = encoder.encode_query(query)
        legs: dict[str, Leg] = {
            "dense turn": Dense(TURN, vector),
            "dense window": Dense(WINDOW, vector),
            "text turn": Text(TURN, query),
            "text window": Text(WINDOW, query),
        }
        asked = {name: leg for name, leg in legs.items() if self.weights.get(name)}
        hits = store.search(namespace, list(asked.values()), max(k, self.pool), where)
        found = mix(dict(zip(asked, hits, strict=True)), self.weights, k)
        tokens = content_words(query).keys()
        return [replace(one, words=_matching_words(one.record.text, tokens)) for one in found]


def _matching_words(text: str, tokens: Set[str]) -> tuple[str, ...]:
    words = dict.fromkeys(split_words(text))
    return tuple(word for word in words if not tokens.isdisjoint(word_tokens(word)))
