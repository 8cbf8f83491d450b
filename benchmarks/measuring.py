"""Index the haystacks of a data set in each system, and put their questions."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.machine import timed
from remem.benchmarks.metrics import (
    BUDGETS,
    DEPTH,
    Outcome,
    SystemFigures,
    gold_ranks,
    metric_values,
    prompt_metrics,
    ranking_metrics,
)
from remem.benchmarks.runs import RunWriter
from remem.benchmarks.systems.base import Searcher, System
from remem.benchmarks.systems.remem import Remem
from remem.benchmarks.trust import Abstention, Trust, questions_about_others, with_next
from remem.encoders.opening import load_now
from remem.encoders.sentence_transformer import Encoder
from remem.recall.recollection import Recollection
from remem.store import Record

Progress = Callable[[Haystack, int], Callable[[], object]]
"""Told of each haystack and how many questions will be put to all systems together; what it
returns is called after each of them."""

T = TypeVar("T")


_INSTANT = 200_000  # records/s of a system that indexes nothing, which is no speed at all


@dataclass(frozen=True, slots=True)
class HaystackResult:
    """Outcomes of one system on one haystack.

    Attributes:
        tokens: Budget -> length of each context that was built for it.
    """

    outcomes: tuple[Outcome, ...]
    tokens: Mapping[int, tuple[int, ...]]


@dataclass(slots=True)
class Tally:
    """Figures of one system so far, without the rankings, which would fill the memory."""

    system: str
    outcomes: list[Outcome] = field(default_factory=list)
    records: int = 0
    seconds: float = 0.0
    tokens: dict[int, list[int]] = field(default_factory=dict)

    def add(self, result: HaystackResult, records: int, indexing: float) -> None:
        """Add a haystack of so many records that took so many seconds to index."""
        self.outcomes += [replace(outcome, ranking=()) for outcome in result.outcomes]
        self.records += records
        self.seconds += indexing
        for budget, tokens in result.tokens.items():
            self.tokens.setdefault(budget, []).extend(tokens)

    def scores(self) -> dict[str, float]:
        """The mean of each metric."""
        metrics = sorted({name for outcome in self.outcomes for name in outcome.metrics})
        return {name: fmean(metric_values(self.outcomes, name)) for name in metrics}

    def figures(self) -> SystemFigures:
        """Speed, and length of the prompts; times are what the system took beside the encoder."""
        figures: dict[str, float] = {}
        if self.seconds and self.records / self.seconds < _INSTANT:
            figures["records/s without encoding"] = self.records / self.seconds
        if self.outcomes:
            times = [outcome.milliseconds for outcome in self.outcomes]
            p50, p95 = np.percentile(times, [50, 95])
            figures["p50 ms without encoding"] = float(p50)
            figures["p95 ms without encoding"] = float(p95)
        for budget, tokens in self.tokens.items():
            if tokens:
                figures[f"tokens@{budget}"] = float(np.mean(tokens))
        return SystemFigures(self.system, figures)


@dataclass(slots=True)
class Measurement:
    """The results on one data set, as they grow.

    Attributes:
        without_gold: Questions that name no gold at all.
    """

    tallies: list[Tally]
    encoder: RememberingEncoder
    abstention: Abstention
    trust: Trust = field(default_factory=Trust)
    without_gold: int = 0

    def scores(self, system: str) -> dict[str, float]:
        """The mean of each metric of a system, and of remem what its relevance is worth."""
        means = next((each.scores() for each in self.tallies if each.system == system), {})
        return means | (self.relevance() if system == Remem().name else {})

    def relevance(self) -> dict[str, float]:
        """The figures of remem's silence, and of how far its relevance can be trusted."""
        return self.abstention.figures() | self.trust.figures(self.abstention)

    def figures(self) -> list[SystemFigures]:
        """The figures of each system as a whole, and of the encoder."""
        curves = self.trust.curves(self.abstention)
        relevance = SystemFigures(Remem().name, self.relevance(), curves)
        return [*(tally.figures() for tally in self.tallies), relevance, self.encoder.figures()]


def measure(
    haystacks: Iterable[Haystack],
    systems: Sequence[System],
    encoder: RememberingEncoder,
    unrelated: Sequence[Question],
    writer: RunWriter,
    progress: Progress,
    seed: int = 0,
) -> Measurement:
    """Measure all systems, one haystack at a time.

    Args:
        unrelated: Messages for which remem's prompt should stay empty.
        seed: Chooses the off-topic messages where there are many.

    Raises:
        MissingDependency: the package of a system is not installed.
    """
    tallies = {system.name: Tally(system.name) for system in systems}
    measured = Measurement(list(tallies.values()), encoder, Abstention(seed))
    warm_up(systems, encoder)
    for haystack, following in with_next(haystacks):
        writer.add_haystack(haystack)
        measured.without_gold += sum(
            not (question.evidence or question.sources) for question in haystack.questions
        )
        others = questions_about_others(haystack, following)
        for system, searcher, result, spent in answers(haystack, systems, encoder, progress):
            if isinstance(system, Remem):
                measured.abstention.ask(searcher, unrelated, others)
                measured.trust.ask(searcher, haystack, result.outcomes)
                judged = measured.trust.add(haystack, result.outcomes)
                result = replace(result, outcomes=judged)
            writer.add(system.name, result.outcomes)
            tallies[system.name].add(result, len(haystack.records), spent)
    for figures in measured.figures():
        writer.add_figures(figures)
    return measured


def answers(
    haystack: Haystack,
    systems: Sequence[System],
    encoder: RememberingEncoder,
    progress: Progress,
    budgets: Sequence[int] = BUDGETS,
) -> Iterator[tuple[System, Searcher, HaystackResult, float]]:
    """A haystack as each system indexes it, what it answers to the questions, and the seconds that
    indexing took; the searcher is open until the next one is asked for."""
    on_question = progress(haystack, len(haystack.questions) * len(systems))
    for system in systems:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            index = system.index(haystack, encoder, folder)
            searcher, spent = _beside(encoder, lambda: stack.enter_context(index))  # noqa: B023
            result = ask_all(searcher, haystack, encoder, on_question, budgets)
            yield system, searcher, result, spent


def warm_up(systems: Sequence[System], encoder: RememberingEncoder) -> None:
    """Have systems import their packages, so that no haystack is charged for it; one that is not
    installed is known before anything is measured.

    Raises:
        MissingDependency: the package of a system is not installed.
    """
    record = Record(key="r", source="s", position=0, text="Hello.")
    haystack = Haystack("warm-up", [record], [])
    for system in systems:
        with TemporaryDirectory() as folder, system.index(haystack, encoder, Path(folder)) as one:
            one.search(Question("q", "Hello?"), 1)


def ask_all(
    searcher: Searcher,
    haystack: Haystack,
    encoder: RememberingEncoder,
    on_question: Callable[[], object],
    budgets: Sequence[int] = BUDGETS,
) -> HaystackResult:
    """Put all questions of a haystack: one search, and a context of each budget.

    What the first search of all costs more (it opens the index) is not counted.
    """
    for question in haystack.questions[:1]:
        searcher.search(question, DEPTH)
    texts = {record.key: record.text for record in haystack.records}
    asked = []
    for question in haystack.questions:
        asked.append(_ask(searcher, question, texts, encoder, budgets))
        on_question()
    tokens = {budget: tuple(one.tokens[budget] for one in asked) for budget in budgets}
    return HaystackResult(outcomes_of(haystack, asked), tokens)


@dataclass(frozen=True, slots=True)
class Response:
    """One question's ranking, and what was measured of its prompts, which are large."""

    question: Question
    ranking: Sequence[Recollection]
    milliseconds: float
    prompt_metrics: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[int, int] = field(default_factory=dict)


def search_only(searcher: Searcher, question: Question, encoder: RememberingEncoder) -> Response:
    """Put one question, and build no prompts."""
    ranking, spent = _beside(encoder, lambda: searcher.search(question, DEPTH))
    return Response(question, ranking, 1000 * spent)


def outcomes_of(haystack: Haystack, asked: Sequence[Response]) -> tuple[Outcome, ...]:
    """Rankings of all questions of a haystack, with their metrics."""
    ranked = ranking_metrics(haystack, {one.question.id: one.ranking for one in asked})
    return tuple(
        Outcome(
            namespace=haystack.namespace,
            question=one.question,
            ranking=one.ranking,
            gold=gold_ranks(one.question, one.ranking),
            metrics={**ranked[one.question.id], **one.prompt_metrics},
            milliseconds=one.milliseconds,
        )
        for one in asked
    )


def _ask(
    searcher: Searcher,
    question: Question,
    texts: Mapping[str, str],
    encoder: RememberingEncoder,
    budgets: Sequence[int],
) -> Response:
    asked = search_only(searcher, question, encoder)
    contexts = {budget: searcher.context(question, budget) for budget in budgets}
    return replace(
        asked,
        prompt_metrics=prompt_metrics(question, contexts, texts),
        tokens={budget: context.tokens for budget, context in contexts.items()},
    )


def first_questions(haystacks: Iterable[Haystack], limit: int | None) -> Iterator[Haystack]:
    """The haystacks with the first ``limit`` questions of all; None: with every question."""
    left = limit
    for haystack in haystacks:
        if left is None:
            yield haystack
            continue
        questions = haystack.questions[:left]
        yield replace(haystack, questions=questions)
        left -= len(questions)
        if left == 0:
            return


def _beside(encoder: RememberingEncoder, call: Callable[[], T]) -> tuple[T, float]:
    """Result of a call, and the seconds that it took less those spent in the encoder."""
    before = encoder.seconds
    result, spent = timed(call)
    return result, max(spent - (encoder.seconds - before), 0.0)


# One encoder for all systems of a run, which encodes each text once.


class RememberingEncoder:
    """Remembers the vectors of texts it has seen, so that every system is given the same ones.

    Haystacks that share sessions are thus encoded once, and a system's times are its own. Vectors
    are kept in memory: 1.5 kB for each distinct text at 384 dimensions.

    Attributes:
        seconds: How long the encoder was at work, all in all.
    """

    def __init__(self, encoder: Encoder) -> None:
        load_now(encoder)  # so that no system is charged for it
        self.dim = encoder.dim
        self.seconds = 0.0
        self._encoder = encoder
        self._document_seconds = 0.0
        self._query_milliseconds: list[float] = []
        self._documents: dict[bytes, NDArray[np.float32]] = {}
        self._queries: dict[bytes, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        """All else is the encoder's own: what it reads, and in how many languages."""
        return getattr(self._encoder, name)

    @property
    def fingerprint(self) -> str:
        """That of the encoder inside."""
        return self._encoder.fingerprint

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """float32 array of shape (len(texts), dim), rows of length 1, in the order of texts."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        digests = [_digest(text) for text in texts]
        with self._lock:
            new = {
                digest: text
                for digest, text in zip(digests, texts, strict=True)
                if digest not in self._documents
            }
            if new:
                self._encode(new)
            return np.stack([self._documents[digest] for digest in digests])

    def encode_query(self, text: str) -> NDArray[np.float32]:
        """float32 array of shape (dim,), length 1."""
        digest = _digest(text)
        with self._lock:
            if digest not in self._queries:
                self._queries[digest], spent = timed(lambda: self._encoder.encode_query(text))
                self._query_milliseconds.append(1000 * spent)
                self.seconds += spent
            vector: NDArray[np.float32] = self._queries[digest].copy()
            return vector

    def figures(self) -> SystemFigures:
        """Speed of the encoder, each text counted once."""
        figures: dict[str, float] = {}
        if self._document_seconds:
            figures["texts/s"] = len(self._documents) / self._document_seconds
        if self._query_milliseconds:
            figures["query p50 ms"] = float(np.median(self._query_milliseconds))
        return SystemFigures("encoder", figures)

    def _encode(self, texts: dict[bytes, str]) -> None:
        vectors, spent = timed(lambda: self._encoder.encode_documents(list(texts.values())))
        # Rows of their own: a row of the batch would keep the whole batch alive.
        self._documents |= {
            digest: vector.copy() for digest, vector in zip(texts, vectors, strict=True)
        }
        self._document_seconds += spent
        self.seconds += spent


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
