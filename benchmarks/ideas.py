"""Ideas for the retrieval, kept and not kept: each a retriever that differs from the default in it.

What the default has is taken away, what it lacks is added, so that a table of both says what each
is worth on a shape of memory: of an idea that is kept, its absence should cost, and of one that is
not, its presence gain nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from statistics import fmean

from benchmarks.datasets.base import Question
from benchmarks.metrics import DEPTH
from benchmarks.systems.baselines import reciprocal_ranks
from benchmarks.systems.prompting import prompt_of
from benchmarks.systems.remem import LEGS
from memory import Retriever
from memory.encoder import Encoder
from memory.recall.prompt import Context, build_context
from memory.recall.ranking import Recollection
from memory.recall.relevance import FLOOR, relevant
from memory.recall.retriever import Encoded, Searches, check_question
from memory.recall.weights import WEIGHTS, Weight
from store import Filter, Store
from store.tokens import content_words

__all__ = ["DEFAULT", "IDEAS", "Idea", "breadth", "coverage", "recency"]

Prompt = Callable[[Sequence[Recollection], Question, int], Context]
"""A ranking, its question and a budget -> what a model sees."""


def with_floor(ranking: Sequence[Recollection], question: Question, budget: int) -> Context:
    """The prompt as ``Memory.context`` builds it."""
    return prompt_of(relevant(ranking, FLOOR), question, budget)


def without_excerpts(ranking: Sequence[Recollection], question: Question, budget: int) -> Context:
    """Long memories as they are, without excerpts."""
    return build_context(relevant(ranking, FLOOR), budget=budget, now=question.asked_at)


@dataclass(frozen=True, slots=True)
class Idea:
    """A change to the default.

    Attributes:
        name: Of the row, which says what is changed.
        kept: True: the default has the idea, and this is without it; False: the default lacks it,
            and this has it; None: the default itself.
    """

    name: str
    kept: bool | None
    retriever: Searches = field(default_factory=Retriever)
    prompt: Prompt = with_floor


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a retriever; see ``Retriever.search``."""

    store: Store
    encoder: Encoder
    namespace: str
    query: str
    k: int
    where: Filter | None
    now: datetime | None

    def by(self, retriever: Retriever) -> list[Recollection]:
        """The answer of a retriever, deep enough to be put into another order."""
        depth = max(self.k, DEPTH)
        where, now = self.where, self.now
        return retriever.search(
            self.store, self.encoder, self.namespace, self.query, depth, where, now
        )


@dataclass(frozen=True, slots=True)
class Altered:
    """A retriever by a function of what it is asked; of its answer the first k count."""

    answer: Callable[[Asked], Sequence[Recollection]]

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
        check_question(query, k)
        return list(self.answer(Asked(store, encoder, namespace, query, k, where, now))[:k])


def together(asked: Asked) -> list[Recollection]:
    """The several questions of a message as one, and not one by one."""
    encoded = Encoded.by(asked.encoder, asked.query)
    whole = replace(encoded, queries=encoded.queries[:1], vectors=encoded.vectors[:1])
    return Retriever().answer(asked.store, asked.namespace, whole, asked.k, asked.where, asked.now)


def by_reciprocal_rank(asked: Asked) -> list[Recollection]:
    """The legs by reciprocal rank fusion instead of their scores; no signals."""
    rankings = {each.leg: asked.by(Retriever({each.leg: 1.0})) for each in LEGS}
    return reciprocal_ranks(rankings, asked.k)


def raised(bonus: Callable[[str, Sequence[Recollection]], Sequence[float]]) -> Altered:
    """The default's ranking with something added to each score.

    Args:
        bonus: The question and the ranking, best first -> what each memory gets.
    """

    def answer(asked: Asked) -> list[Recollection]:
        found = asked.by(Retriever())
        scores = zip(found, bonus(asked.query, found), strict=True)
        return sorted(
            (replace(one, score=one.score + more) for one, more in scores),
            key=lambda one: (-one.score, one.record.key),
        )

    return Altered(answer)


def breadth(query: str, ranking: Sequence[Recollection]) -> list[float]:  # noqa: ARG001
    """A tenth less for each memory of the same session that stands above."""
    above: Counter[str] = Counter()
    bonuses = []
    for one in ranking:
        bonuses.append(one.score * (0.9 ** above[one.record.source] - 1.0))
        above[one.record.source] += 1
    return bonuses


def recency(query: str, ranking: Sequence[Recollection]) -> list[float]:  # noqa: ARG001
    """A twentieth more for the newest of what was found, and nothing for the oldest."""
    times = [one.record.said_at for one in ranking]
    places = {time: place for place, time in enumerate(sorted({time for time in times if time}))}
    newest = max(1, len(places) - 1)
    return [0.05 * places[time] / newest if time else 0.0 for time in times]


def coverage(query: str, ranking: Sequence[Recollection]) -> list[float]:
    """A tenth more for a memory that holds all words of the question."""
    asked = max(1, len(content_words(query)))
    return [0.1 * min(1.0, len(one.words) / asked) for one in ranking]


def _only(kind: str) -> Retriever:
    """The default's legs of which the name begins so, and no signals."""
    return Retriever({each.leg: WEIGHTS[each.leg] for each in LEGS if each.leg.startswith(kind)})


def _kept() -> Iterator[Idea]:
    for name in WEIGHTS:
        yield Idea(f"without {name}", True, Retriever({**WEIGHTS, name: 0.0}))
    yield Idea("legs only", True, _only(""))
    yield Idea("dense legs only", True, _only("dense"))
    yield Idea("text legs only", True, _only("text"))
    mean = {name: fmean(astuple(weight)) for name, weight in WEIGHTS.items()}
    yield Idea("one set of weights, their mean", True, Retriever(mean))
    people = {name: weight.people for name, weight in WEIGHTS.items()}
    yield Idea("the weights of people for all", True, Retriever(people))
    yield Idea("several questions asked as one", True, Altered(together))
    yield Idea("without excerpts", True, prompt=without_excerpts)
    yield Idea("without the floor", True, prompt=prompt_of)
    yield Idea("pools of 32", True, Retriever(pool=32))


def _not_kept() -> Iterator[Idea]:
    yield Idea("pools of 128", False, Retriever(pool=128))
    yield Idea("legs only, by reciprocal rank", False, Altered(by_reciprocal_rank))
    everywhere = Weight(*[WEIGHTS["link"].one] * 3)
    yield Idea("links in every kind of memory", False, Retriever({**WEIGHTS, "link": everywhere}))
    yield Idea("breadth over sessions", False, raised(breadth))
    yield Idea("recency", False, raised(recency))
    yield Idea("share of the question's words", False, raised(coverage))


DEFAULT = "remem"
"""The row that the others are compared with."""

IDEAS: tuple[Idea, ...] = (Idea(DEFAULT, None), *_kept(), *_not_kept())
"""The default first, then what it has, then what it lacks; "only" is without the signals."""
