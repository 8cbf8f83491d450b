"""Worth of each part of the default retrieval, and of what it lacks: questions asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import TextIO

import click

from remem import Retriever
from remem.benchmarks import options
from remem.benchmarks.compare import Comparison, compare_outcomes
from remem.benchmarks.datasets.base import Dataset, Haystack, Question
from remem.benchmarks.datasets.detect import detect_all
from remem.benchmarks.measuring import (
    Progress,
    RememberingEncoder,
    first_questions,
    outcomes_of,
    search_only,
)
from remem.benchmarks.metrics import (
    BUDGET,
    DEPTH,
    EVIDENCE,
    Outcome,
    prompt_metrics,
    without_rankings,
)
from remem.benchmarks.running import SMOKE, command_line, kept_runs, new_run, show_problems
from remem.benchmarks.runs import RunWriter
from remem.benchmarks.systems.base import prompt_of
from remem.benchmarks.systems.baselines import reciprocal_ranks
from remem.benchmarks.systems.remem import LEGS, MemorySearcher, Remem
from remem.benchmarks.tables import (
    RECALL,
    Measured,
    difference_rows,
    print_rows,
)
from remem.cli.screen import counted
from remem.encoders.opening import open_encoder
from remem.encoders.sentence_transformer import Encoder
from remem.recall.encoded import Encoded
from remem.recall.prompt import Context, build_context
from remem.recall.ranking import WEIGHTS, Weight
from remem.recall.recollection import Recollection
from remem.recall.relevance import FLOOR, relevant
from remem.recall.retriever import Searches, check_question
from remem.store import Filter, Store
from remem.store.fulltext.tokens import content_words

_SHOWN = (
    *("turn R@5", "turn R@10", "turn any@10", "session all@5"),
    *("passage R@10", "document R@10", "document nDCG@10"),
    EVIDENCE,
)
_KEPT = 10  # records of a ranking in the file: all of them would be hundreds of MB
_NOTE = "difference: of {metric}, to remem as it is, with its 95 % interval; * is significant"
_ACROSS = (
    "{metric}: remem as it is, and how far the others are from that; * is significant. Kept ideas "
    "are taken away, the others added"
)


def ablate(
    haystack: Haystack,
    encoder: RememberingEncoder,
    folder: Path,
    on_question: Callable[[], object] = lambda: None,
) -> Iterator[tuple[str, tuple[Outcome, ...]]]:
    """Put the questions of a haystack to each idea.

    Args:
        folder: An empty one, for the store that all ideas search.
    """
    texts = {record.key: record.text for record in haystack.records}
    with Remem().index(haystack, encoder, folder) as searcher:
        for idea in IDEAS:
            changed = MemorySearcher(searcher.memory.searched_by(idea.retriever))
            asked = []
            for question in haystack.questions:
                found = search_only(changed, question, encoder)
                prompts = {BUDGET: idea.prompt(found.ranking, question, BUDGET)}
                shown = prompt_metrics(question, prompts, texts)
                asked.append(replace(found, prompt_metrics=shown))
                on_question()
            yield idea.name, outcomes_of(haystack, asked)


def rows(outcomes: Mapping[str, Sequence[Outcome]]) -> tuple[str, list[str], list[list[str]]]:
    """The table of a data set.

    Returns:
        The metric of the differences, the headings, and a row for each idea.

    Raises:
        InvalidInput: no question has gold.
    """
    against = {name: compare_outcomes(outcomes[DEFAULT], found) for name, found in outcomes.items()}
    tests = against[DEFAULT].tests
    shown = [metric for metric in _SHOWN if metric in tests]
    headings = ["idea", *shown, "difference", "interval"]
    return against[DEFAULT].metric, headings, [_row(*item, shown) for item in against.items()]


def across_rows(measured: Measured, metric: str) -> tuple[list[str], list[list[str]]]:
    """The table of several data sets: a column for each, a row for each idea, kept or not.

    Args:
        metric: As ``remem.benchmarks.tables`` names it.
    """
    kept = {idea.name: idea.kept for idea in IDEAS}
    said = {None: "", True: "yes", False: "no"}
    body = difference_rows(measured, metric)
    return ["idea", "kept", *measured], [[row[0], said[kept[row[0]]], *row[1:]] for row in body]


def _row(name: str, comparison: Comparison, shown: Sequence[str]) -> list[str]:
    means = [f"{comparison.tests[metric].after:.3f}".removeprefix("0") for metric in shown]
    if name == DEFAULT:
        return [name, *means, "", ""]
    test = comparison.tests[comparison.metric]
    change = test.difference
    return [
        name,
        *means,
        f"{change.mean:+.3f}{test.star}",
        f"{change.low:+.3f} to {change.high:+.3f}",
    ]


@click.command()
@options.data
@options.limit
@options.encoder
@options.out
@options.markdown
def ablation(
    paths: tuple[Path, ...],
    limit: int | None,
    encoder: str | None,
    out: Path | None,
    markdown: TextIO | None,
) -> None:
    """Measure each part of remem's retrieval, and each idea that it lacks: the same questions
    without the one and with the other, on each data set and across them."""
    remembering = RememberingEncoder(open_encoder(encoder))
    measured: dict[str, dict[str, list[Outcome]]] = {}
    with kept_runs(out) as database:
        for dataset in detect_all(paths or [SMOKE]):
            given = {"--data": dataset.path, "--limit": limit, "--encoder": encoder}
            command = command_line("ablation", given)
            with new_run(database, dataset, command) as (writer, progress):
                found = _search(dataset, limit, remembering, writer, progress)
            measured[dataset.name] = found
            title = f"{dataset.name}: {counted(len(found[DEFAULT]), 'question')}"
            metric, headings, body = rows(found)
            note = _NOTE.format(metric=metric)
            print_rows(title, headings, body, markdown, f"{title} (`{command}`; {note})", note)
            show_problems(dataset.problems)
    if len(measured) > 1:
        for metric in (RECALL, EVIDENCE):
            print_rows(_ACROSS.format(metric=metric), *across_rows(measured, metric), markdown)


def _search(
    dataset: Dataset,
    limit: int | None,
    encoder: RememberingEncoder,
    writer: RunWriter,
    progress: Progress,
) -> dict[str, list[Outcome]]:
    """The outcomes of each idea on a data set, without the rankings."""
    found: dict[str, list[Outcome]] = {idea.name: [] for idea in IDEAS}
    for haystack in first_questions(dataset.haystacks(), limit):
        writer.add_haystack(haystack)
        on_question = progress(haystack, len(haystack.questions) * len(IDEAS))
        with TemporaryDirectory() as folder:
            for name, outcomes in ablate(haystack, encoder, Path(folder), on_question):
                writer.add(name, [replace(each, ranking=each.ranking[:_KEPT]) for each in outcomes])
                found[name] += without_rankings(outcomes)
    return found


# Ideas for the retrieval, kept and not kept: each a retriever that differs from the default in it.
#
# What the default has is taken away, what it lacks is added, so that a table of both says what
# each is worth on a shape of memory: of an idea that is kept, its absence should cost, and of one
# that is not, its presence gain nothing.

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
class Query:
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

    def encoded(self) -> Encoded:
        """The question as its encoder reads it."""
        return Encoded.by(self.encoder, self.query)

    def answer_to(self, encoded: Encoded) -> list[Recollection]:
        """The default's answer to what was read in another way."""
        return Retriever().answer(self.store, self.namespace, encoded, self.k, self.where, self.now)


@dataclass(frozen=True, slots=True)
class Altered:
    """A retriever by a function of what it is asked; of its answer the first k count."""

    answer: Callable[[Query], Sequence[Recollection]]

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
        return list(self.answer(Query(store, encoder, namespace, query, k, where, now))[:k])


def together(asked: Query) -> list[Recollection]:
    """The several questions of a message as one, and not one by one."""
    encoded = asked.encoded()
    return asked.answer_to(replace(encoded, asked=encoded.asked[:1]))


def as_asked(asked: Query) -> list[Recollection]:
    """Questions that name a speaker in the words of who asks, and not of the speaker."""
    encoded = asked.encoded()
    as_put = tuple(replace(each, told={}) for each in encoded.asked)
    return asked.answer_to(replace(encoded, asked=as_put))


def by_reciprocal_rank(asked: Query) -> list[Recollection]:
    """The legs by reciprocal rank fusion instead of their scores; no signals."""
    rankings = {each.leg: asked.by(Retriever({each.leg: 1.0})) for each in LEGS}
    return reciprocal_ranks(rankings, asked.k)


def raised(bonus: Callable[[str, Sequence[Recollection]], Sequence[float]]) -> Altered:
    """The default's ranking with something added to each score.

    Args:
        bonus: The question and the ranking, best first -> what each memory gets.
    """

    def answer(asked: Query) -> list[Recollection]:
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
    yield Idea("speakers asked in the asker's words", True, Altered(as_asked))
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
