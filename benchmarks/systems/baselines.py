"""Baselines that a memory has to beat: a plain chat window, and search over single turns.

The searches index one text and one vector a turn, "speaker: text", as most products do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.systems.base import Ranking, Searcher, System
from remem.encoders.sentence_transformer import Encoder
from remem.recall.prompt import Context, build_context
from remem.recall.recollection import Recollection
from remem.store import Batch, Dense, Entry, Hit, Leg, Record, Space, Text, View, open_store
from remem.views import TURN, line

_BATCH = 256
_POOL = 100

Fuse = Callable[[Mapping[str, Sequence[Hit]], int], list[Recollection]]
"""Hits by the name of their leg, and k -> the best k."""


@dataclass(frozen=True, slots=True)
class Unasked:
    """Shows the same whatever the question is.

    Attributes:
        order: The records to show, the most important first.
        room: The budget asked for -> the budget that is used.
    """

    name: str
    order: Callable[[Sequence[Record]], Sequence[Record]]
    room: Callable[[int], int]

    @contextmanager
    def index(
        self,
        haystack: Haystack,
        encoder: Encoder,  # noqa: ARG002
        folder: Path,  # noqa: ARG002
    ) -> Iterator[Searcher]:
        """Nothing to index."""
        ranking = [Recollection(record, score=0.0) for record in self.order(haystack.records)]

        @lru_cache
        def block(room: int, now: datetime | None) -> Context:
            return build_context(ranking, budget=room, now=now)

        yield _UnaskedSearcher(
            ranking, lambda question, budget: block(self.room(budget), question.asked_at)
        )


@dataclass(frozen=True, slots=True)
class _UnaskedSearcher:
    ranking: Sequence[Recollection]
    block: Callable[[Question, int], Context]

    def search(self, question: Question, k: int) -> Sequence[Recollection]:  # noqa: ARG002
        return self.ranking[:k]

    def context(self, question: Question, budget: int) -> Context:
        return self.block(question, budget)


@dataclass(frozen=True, slots=True)
class SingleTurns:
    """Search over single turns in remem's store.

    Attributes:
        legs: "dense", "text" or both.
    """

    name: str
    legs: tuple[str, ...]
    fuse: Fuse

    @contextmanager
    def index(self, haystack: Haystack, encoder: Encoder, folder: Path) -> Iterator[Searcher]:
        """A store with one view of each record."""
        with open_store(folder, encoder.fingerprint) as store:
            store.adopt(Space(encoder.fingerprint, encoder.dim, (TURN,)))
            records = iter(haystack.records)
            while batch := list(islice(records, _BATCH)):
                store.write(haystack.namespace, Batch(add=_entries(batch, encoder)))

            def leg(name: str, query: str) -> Leg:
                return (
                    Text(TURN, query)
                    if name == "text"
                    else Dense(TURN, encoder.encode_query(query))
                )

            def search(question: Question, k: int) -> list[Recollection]:
                legs = [leg(name, question.text) for name in self.legs]
                hits = store.search(haystack.namespace, legs, max(k, _POOL))
                return self.fuse(dict(zip(self.legs, hits, strict=True)), k)

            yield Ranking(search)


def best_hits(legs: Mapping[str, Sequence[Hit]], k: int) -> list[Recollection]:
    """The hits of a single leg with their own scores."""
    [(leg, hits)] = legs.items()
    return [Recollection(hit.record, hit.score, parts={leg: hit.score}) for hit in hits[:k]]


def reciprocal_rank_fusion(legs: Mapping[str, Sequence[Hit]], k: int) -> list[Recollection]:
    """The hits of several legs by the sum of their reciprocal ranks."""
    rankings = {leg: [Recollection(hit.record, hit.score) for hit in legs[leg]] for leg in legs}
    return reciprocal_ranks(rankings, k)


def reciprocal_ranks(
    rankings: Mapping[str, Sequence[Recollection]], k: int, constant: int = 60
) -> list[Recollection]:
    """The sum of 1 / (constant + rank) over several rankings (G. V. Cormack, C. L. A. Clarke and
    S. Büttcher, "Reciprocal Rank Fusion Outperforms Condorcet", SIGIR 2009). Of the relevances of
    a memory the highest is kept."""
    best: dict[str, Recollection] = {}
    parts: dict[str, dict[str, float]] = {}
    for name, ranking in rankings.items():
        for rank, one in enumerate(ranking, start=1):
            known = best.get(one.record.key, one)
            best[one.record.key] = max(known, one, key=lambda each: each.relevance)
            parts.setdefault(one.record.key, {})[name] = 1 / (constant + rank)
    fused = [
        replace(one, score=sum(parts[key].values()), parts=parts[key]) for key, one in best.items()
    ]
    return sorted(fused, key=lambda one: (-one.score, one.record.key))[:k]


def _entries(records: Sequence[Record], encoder: Encoder) -> list[Entry]:
    lines = [line(record) for record in records]
    vectors = encoder.encode_documents(lines)
    return [
        Entry(record, {TURN: View(text, vector)})
        for record, text, vector in zip(records, lines, vectors, strict=True)
    ]


BASELINES: tuple[System, ...] = (
    Unasked("nothing", order=lambda _: (), room=lambda budget: budget),
    Unasked("last", order=lambda records: records[::-1], room=lambda budget: budget),
    Unasked("everything", order=lambda records: records, room=lambda _: sys.maxsize),
    SingleTurns("dense", ("dense",), best_hits),
    SingleTurns("bm25", ("text",), best_hits),
    SingleTurns("rrf", ("dense", "text"), reciprocal_rank_fusion),
)
"""Nothing, the newest records that fit, everything whatever it costs, and three searches."""
