"""The search of a memory: a message, asked of a store question by question, and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from remem.encoders.sentence_transformer import Encoder
from remem.recall.encoded import Encoded
from remem.recall.order.echoes import below_sources
from remem.recall.order.figures import newest_figure_first
from remem.recall.order.forms import newest_of_form_first
from remem.recall.order.occasions import in_order
from remem.recall.order.revisions import nearest_decision_first, newest_decision_first
from remem.recall.order.truth import truth_first
from remem.recall.order.updates import updates_first
from remem.recall.ranking import WEIGHTS, Weight, calls_apart, check_weights, dated_first, merged
from remem.recall.reading.asking import as_marked
from remem.recall.reading.question import read_query
from remem.recall.recollection import Recollection
from remem.recall.relevance import judged
from remem.recall.rerank import MOST_CANDIDATES, Reranker, reranked
from remem.recall.search import LEGS, Answer, Search, claims_one_of
from remem.store import Filter, InvalidInput, Reader, Store
from remem.store.fulltext.tokens import tokenize
from remem.views import line


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
        check_weights(self.weights, LEGS)

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
        message: Encoded,
        k: int,
        where: Filter | None = None,
        now: datetime | None = None,
    ) -> list[Recollection]:
        """Like ``search``, for a message that was checked and encoded: needs no model."""

        def ask(reader: Reader) -> list[Answer]:
            return [
                Search(
                    reader=reader,
                    namespace=namespace,
                    where=where,
                    message=message,
                    asked=asked,
                    question=read_query(asked.text, now),
                    now=now,
                    k=k,
                    weights=self.weights,
                    pool=self.pool,
                    dated_pool=self.dated_pool,
                    stepped_pool=self.stepped_pool,
                ).answer()
                for asked in message.asked
            ]

        # What reads the memories again may take its time: no transaction waits for it.
        return merged([self._judged(each, message, k) for each in store.reading(ask)])[:k]

    def _judged(self, answer: Answer, message: Encoded, k: int) -> list[Recollection]:
        question, now = answer.question, answer.now
        ranking = dated_first(question, self._reranked(question.text, answer.ranking))
        ranking = newest_figure_first(question, ranking, answer.rarity)
        ranking = nearest_decision_first(question, ranking, answer.cosines)
        ranking = newest_decision_first(question, ranking)
        ranking = truth_first(question, answer.states, ranking, answer.stated, now)
        words = frozenset(tokenize(message.texts[0]))
        ranking = newest_of_form_first(question, words, ranking, now)
        ranking = updates_first(
            question, answer.states, ranking, answer.alike, now, answer.likeness
        )
        ranking = in_order(question.text, below_sources(ranking), answer.rarity.weights)
        ranking = calls_apart(ranking)
        found = judged(
            question,
            ranking,
            answer.cosines,
            message.scale,
            answer.rarity,
            k,
            is_known=any(claims_one_of(one.text, answer.states) for one in answer.stated),
            reads_all=message.across_languages,
        )
        return [*found, *answer.echoes]

    def _reranked(self, question: str, ranking: list[Recollection]) -> list[Recollection]:
        if self.reranker is None:
            return ranking
        texts = [line(one.record) for one in ranking[:MOST_CANDIDATES]]
        scores = self.reranker.scores(as_marked(question), texts).tolist()
        return reranked(ranking, scores, self.rerank_weight)


def check_question(query: str, k: int) -> None:
    """Refuse what cannot be asked.

    Raises:
        InvalidInput: an empty query, or k < 1; or one that is no string or no integer.
    """
    if not isinstance(query, str) or not query.strip():
        raise InvalidInput("the question is empty, or no text; say what to look for")
    if not isinstance(k, int) or k < 1:
        raise InvalidInput(f"k is the number of memories to return; give 1 or more, not {k!r}")
