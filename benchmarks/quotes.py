"""``quotes``: what ``remem ask`` answers without a model, on a data set with gold answers.

A quote is right if it holds the words of the gold answer; for a question without an answer, it is
right to quote nothing.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import click

from remem import Memory
from remem.benchmarks import options
from remem.benchmarks.answers.scores import contains
from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.datasets.detect import detect
from remem.cli.screen import complain, counted, print_json, print_out, table
from remem.encoders.opening import open_encoder
from remem.encoders.sentence_transformer import Encoder
from remem.recall.quotes import MOST, Quote
from remem.store import InvalidInput

UNANSWERABLE = "without an answer"
OTHERS = "all with an answer"


@dataclass(frozen=True, slots=True)
class Quoted:
    """A question with the quotes that it got, best first."""

    question: Question
    quotes: Sequence[Quote]

    def holds(self, most: int) -> bool:
        """True if so many of the quotes together have every word of the gold answer."""
        said = " ".join(each.text for each in self.quotes[:most])
        return contains(said, self.question.answer or "")


@click.command()
@click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="A data set with gold answers"
)
@click.option("--only", multiple=True, metavar="NAMESPACE", help="Only this conversation; repeat")
@options.limit
@options.encoder
@options.as_json
def quotes(
    data: Path, only: tuple[str, ...], limit: int | None, encoder: str | None, as_json: bool
) -> None:
    """Quote what was said for each question, and compare with the gold answers.

    "Answer in 2" is the share of questions of which two quotes hold all words of the gold answer;
    one for which nothing is quoted counts as missed.
    """
    dataset = detect(data)
    asked = list(quoted_of(dataset.haystacks(), open_encoder(encoder), only, limit))
    for problem in dataset.problems:
        complain(problem)
    if not asked:
        raise InvalidInput(f"no question of {data} can be asked: choose another data set")
    groups = groups_of(asked)
    if as_json:
        figures = {name: figures_of(group) for name, group in groups.items()}
        print_json({"data set": dataset.name, "questions": len(asked), "figures": figures})
        return
    print_out(f"{dataset.name}: {counted(len(asked), 'question')}, up to {MOST} quotes for each")
    rows = ((name, len(group), *_cells(group)) for name, group in groups.items())
    print_out(table(["questions", "count", *_COLUMNS], rows))


def quoted_of(
    haystacks: Iterable[Haystack], encoder: Encoder, only: Collection[str], limit: int | None
) -> Iterator[Quoted]:
    """Ask the questions of haystacks that have a gold answer, or none because nobody said."""
    for haystack in haystacks:
        if only and haystack.namespace not in only:
            continue
        able = [one for one in haystack.questions if one.answer is not None or not one.answerable]
        with (
            tempfile.TemporaryDirectory() as folder,
            Memory(folder, haystack.namespace, encoder=encoder) as memory,
        ):
            memory.add_records(haystack.records)
            for question in able[:limit]:
                yield Quoted(question, memory.quote(question.text, now=question.asked_at))


def groups_of(asked: Iterable[Quoted]) -> dict[str, list[Quoted]]:
    """The questions of each category, of all that have an answer, and of all that have none."""
    groups: defaultdict[str, list[Quoted]] = defaultdict(list)
    for each in asked:
        groups[OTHERS if each.question.answerable else UNANSWERABLE].append(each)
        groups[each.question.category or "no category"].append(each)
    return dict(sorted(groups.items()))


def figures_of(group: Sequence[Quoted]) -> dict[str, float]:
    """Shares of a group in [0, 1], and the mean number of quotes of those that got some."""
    counts = [len(each.quotes) for each in group if each.quotes]
    figures = {_NOBODY: 1 - len(counts) / len(group), _QUOTES: fmean(counts) if counts else 0.0}
    if any(each.question.answerable for each in group):
        figures |= {name: fmean(each.holds(most) for each in group) for name, most in _HOLD.items()}
    return figures


_NOBODY = "nobody said"
_QUOTES = "quotes"
_HOLD = {f"answer in {most}": most for most in range(1, MOST + 1)}
_COLUMNS = (*_HOLD, _NOBODY, _QUOTES)


def _cells(group: Sequence[Quoted]) -> list[str]:
    figures = figures_of(group)
    return [f"{figures[name]:.3f}" if name in figures else "" for name in _COLUMNS]
