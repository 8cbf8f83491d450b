"""Daily use of a memory, measured without a judge: what is stale, repeated or about nobody.

The lives and questions are invented (``remem.benchmarks.datasets.hygiene``, and ``changes`` there);
all figures are shares of questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import click

from remem.benchmarks import options
from remem.benchmarks.datasets import hygiene as lives
from remem.benchmarks.datasets.base import Dataset, gold_of
from remem.benchmarks.datasets.changes import changes
from remem.benchmarks.datasets.invented import HALVES, LANGUAGES
from remem.benchmarks.intervals import Interval, mean_interval, share_interval
from remem.benchmarks.measuring import (
    HaystackResult,
    RememberingEncoder,
    Tally,
    answers,
    warm_up,
)
from remem.benchmarks.metrics import BUDGET, EVIDENCE, HYGIENE, Outcome, metric_values
from remem.benchmarks.recall import GROUPS, choose, deviations, expected_scores
from remem.benchmarks.running import command_line, digest_of, kept_runs, new_run
from remem.benchmarks.systems.remem import Remem
from remem.benchmarks.tables import print_rows
from remem.cli.screen import complain, counted
from remem.encoders.opening import open_encoder
from remem.recall.doubts import shared_doubt

_SETS: Mapping[str, Callable[[str, Sequence[str]], Dataset]] = {
    "lives": lives.hygiene,
    "changes": changes,
}
_UNANSWERED = ("wrong person", "unanswerable", "stray word")
_SILENT = (*_UNANSWERED, "small talk", "code", "log")
_SYSTEMS = f"{Remem().name},dense,bm25,rrf"
_NOTE = "shares of questions, with 95 % intervals; of what is above, and of junk, less is better"

# Judging. Pure.


def judged(result: HaystackResult) -> tuple[Outcome, ...]:
    """The outcomes with the metrics of what each question is about."""
    return tuple(
        replace(outcome, metrics={**outcome.metrics, **dict(_metrics(outcome, tokens))})
        for outcome, tokens in zip(result.outcomes, result.tokens[BUDGET], strict=True)
    )


def _metrics(outcome: Outcome, tokens: int) -> Iterator[tuple[str, float]]:
    category, shown = outcome.question.category, outcome.metrics.get(EVIDENCE)
    is_marked = shared_doubt(outcome.ranking) != ""
    if category in _SILENT:
        yield f"empty for {category}", float(tokens == 0)
        if category in _UNANSWERED:
            yield f"empty or marked for {category}", float(tokens == 0 or is_marked)
        yield "junk in 1,000 tokens", tokens / BUDGET
        return
    yield "marked although answered", float(is_marked)
    if category == "any of a day":
        yield "named day first", float(_first_is_gold(outcome))
        return
    yield "answer in 1,000 tokens", float(shown == 1.0)
    match category.split(" after "):
        case ["changed"]:
            yield "stale above fresh", float(_beaten(outcome))
            yield "newest first", float(_first_is_gold(outcome))
        case ["same wording"]:
            yield "stale above fresh, same wording", float(_beaten(outcome))
        case ["echo", times]:
            yield "echo above fact", float(_beaten(outcome))
            if times == "5":
                yield "echo above fact after 5", float(_beaten(outcome))
        case ["as of"]:
            yield "as-of right", float(not _beaten(outcome))
            yield "as-of first", float(_first_is_gold(outcome))
        case ["fact" | "friend"]:
            yield "fact first", float(_first_is_gold(outcome))
        case ["day"]:
            yield "named day first", float(_first_is_gold(outcome))
        case ["first" | "last"]:
            yield "first or last right", float(not _beaten(outcome))
        case ["count"]:
            yield "all times in 1,000 tokens", float(shown == 1.0)


def _beaten(outcome: Outcome) -> bool:
    """True if a rival stands above what is right, or what is right was not recalled at all."""
    gold = gold_of(outcome.question.evidence)
    rivals = outcome.question.evidence.keys() - gold
    for found in outcome.ranking:
        if found.record.key in gold:
            return False
        if found.record.key in rivals:
            return True
    return True


def _first_is_gold(outcome: Outcome) -> bool:
    gold = gold_of(outcome.question.evidence)
    return any(found.record.key in gold for found in outcome.ranking[:1])


# The command.


@dataclass(frozen=True, slots=True)
class _Plan:
    """A measurement to make, as the options say."""

    which: str
    half: str
    languages: str
    systems: str
    encoder: str | None
    typed: bool

    @property
    def as_shipped(self) -> bool:
        """True if remem is measured as for the expected scores: as shipped, by all questions."""
        all_lives = self.which == "lives" and self._languages == list(LANGUAGES)
        return all_lives and not self.typed and Remem() in choose(self.systems) and not self.encoder

    @property
    def _languages(self) -> list[str]:
        return [each.strip() for each in self.languages.split(",") if each.strip()]

    def dataset(self) -> Dataset:
        """The lives."""
        dataset = _SETS[self.which](self.half, self._languages)
        return lives.typed(dataset) if self.typed else dataset

    def measure(self, dataset: Dataset, out: Path | None) -> Mapping[str, Tally]:
        """All systems, measured with a progress bar."""
        given = {
            "--set": self.which,
            "--half": self.half,
            "--languages": self.languages,
            "--systems": self.systems,
            "--encoder": self.encoder,
            "--typed": self.typed,
        }
        systems = choose(self.systems)
        encoder = RememberingEncoder(open_encoder(self.encoder))
        tallies = {system.name: Tally(system.name) for system in systems}
        with (
            kept_runs(out) as database,
            new_run(database, dataset, command_line("hygiene", given)) as (writer, progress),
        ):
            warm_up(systems, encoder)
            for haystack in dataset.haystacks():
                writer.add_haystack(haystack)
                answered = answers(haystack, systems, encoder, progress, [BUDGET])
                for system, _, result, spent in answered:
                    result = replace(result, outcomes=judged(result))
                    writer.add(system.name, result.outcomes)
                    tallies[system.name].add(result, len(haystack.records), spent)
            for tally in tallies.values():
                writer.add_figures(tally.figures())
        return tallies


@click.command()
@click.option(
    "--set",
    "which",
    type=click.Choice([*_SETS]),
    default="lives",
    show_default=True,
    help="Lives that are made from sentences with gaps, or changes as their authors worded them",
)
@click.option(
    "--half",
    type=click.Choice(HALVES),
    default="test",
    show_default=True,
    help="Whose lives: what is tuned is tuned on one half, and shown on the other",
)
@click.option(
    "--languages",
    default=",".join(LANGUAGES),
    show_default=True,
    help="Languages with commas between them",
)
@click.option(
    "--systems",
    default=_SYSTEMS,
    show_default=True,
    help=f"As of 'bench recall': names or the groups {', '.join(GROUPS)}",
)
@click.option(
    "--typed",
    is_flag=True,
    help="Ask as many type to a machine: in small letters, without question marks",
)
@options.encoder
@options.out
@options.markdown
@click.option("--check", is_flag=True, help="Fail unless remem scores as benchmarks/expected.toml")
def hygiene(out: Path | None, markdown: TextIO | None, check: bool, **chosen: Any) -> int:
    """Measure what is stale, echoed, about the wrong person or junk, over two invented years."""
    plan = _Plan(**chosen)
    if check and not plan.as_shipped:
        raise click.UsageError(
            "--check is for remem as it is shipped, of all lives and without --typed"
        )
    dataset = plan.dataset()
    expected = expected_scores(digest_of(dataset.path), official=False) if check else {}
    measured = plan.measure(dataset, out)
    _show(dataset.name, {name: each.outcomes for name, each in measured.items()}, markdown)
    wrong = deviations(expected, measured[Remem().name].scores()) if check else []
    for sentence in wrong:
        complain(f"{dataset.name}: {sentence}")
    return 1 if wrong else 0


def _show(name: str, by_system: Mapping[str, Sequence[Outcome]], markdown: TextIO | None) -> None:
    """A column for each system, and of the first system one for each language."""
    first, outcomes = next(iter(by_system.items()))
    by_language: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_language.setdefault(lives.language_of(outcome.namespace), []).append(outcome)
    asked = counted(len(outcomes), "question")
    for title, columns in (
        (f"{name}, {asked}: {_NOTE}", by_system),
        (f"{name}, {first} by language", by_language),
    ):
        rows = [
            [metric, *(_cell(metric_values(each, metric)) for each in columns.values())]
            for metric in HYGIENE
            if metric_values(outcomes, metric)
        ]
        print_rows(title, ["figure", *columns], rows, markdown)


def _cell(values: Sequence[float]) -> str:
    """The mean with the ends of its interval, without the zeros that all have."""
    interval = _interval(values)
    if interval is None:
        return "-"
    ends = (interval.mean, interval.low, interval.high)
    mean, low, high = (f"{end:.3f}".removeprefix("0") for end in ends)
    return f"{mean} ({low}-{high})"


def _interval(values: Sequence[float]) -> Interval | None:
    """Of shares near an end, resampling would say that they are certain."""
    if set(values) <= {0.0, 1.0}:
        return share_interval(int(sum(values)), len(values))
    return mean_interval(values)
