"""What the readers share: data that is streamed, and nothing of it lost without a word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from remem.benchmarks.datasets.base import Haystack, Question
from remem.ingest import Item, Problem
from remem.ingest.parsing import as_text
from remem.store import InvalidInput, Record

T = TypeVar("T")


class StreamedDataset:
    """A data set that is read from its beginning whenever the haystacks are asked for.

    Args:
        name: What to call it in tables.
        path: Where it lies.
        read: Begins to read: yields haystacks, and a ``Problem`` for each thing left out.
    """

    def __init__(
        self, name: str, path: Path, read: Callable[[], Iterator[Haystack | Problem]]
    ) -> None:
        self._name = name
        self._path = path
        self._read = read
        self._problems: list[str] = []

    @property
    def name(self) -> str:
        """What to call it in tables."""
        return self._name

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self._path

    @property
    def problems(self) -> Sequence[str]:
        """One sentence for each thing that was left out; complete once ``haystacks`` ran out."""
        return tuple(self._problems)

    def haystacks(self) -> Iterator[Haystack]:
        """The haystacks, one at a time; memory holds one of them.

        Raises:
            InvalidInput: not one question can be asked.
        """
        self._problems.clear()
        namespaces: set[str] = set()
        questions = 0
        for each in self._read():
            if isinstance(each, Problem):
                self._problems.append(_sentence(each))
            elif each.namespace in namespaces:
                reason = f"{each.namespace} comes twice; what comes second was left out"
                self._problems.append(f"{self._path.name}: {reason}")
            else:
                namespaces.add(each.namespace)
                questions += len(each.questions)
                yield each
        if not questions:
            why = f": {self._problems[0]}" if self._problems else ""
            raise InvalidInput(f"{self._path} holds no question that can be asked{why}")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a reader of ``remem.ingest`` yielded for one haystack; None: it named no namespace."""

    namespace: str | None
    records: Sequence[Record]
    problems: Sequence[Problem]


def gather(items: Iterable[Item | Problem], path: Path) -> Gathered:
    """The records of one haystack; of two with one key, which no store can hold, the first."""
    namespace: str | None = None
    records: dict[str, Record] = {}
    problems: list[Problem] = []
    for item in items:
        if isinstance(item, Problem):
            problems.append(item)
        elif (key := item.record.key) in records:
            where = f" of {item.namespace}" if item.namespace else ""
            problems.append(Problem(path, f"{key}{where} comes twice; the second was left out"))
        else:
            namespace = item.namespace
            records[key] = item.record
    return Gathered(namespace, tuple(records.values()), tuple(problems))


def assemble(
    namespace: str, gathered: Gathered, questions: Iterable[Question | Problem], path: Path
) -> Iterator[Haystack | Problem]:
    """A haystack, after the problems of its records and questions.

    A question that has an answer but does not say where it stands is one of the problems, and yet
    is asked: measures of latency and of what reaches the prompt do not need its gold.
    """
    yield from gathered.problems
    asked: dict[str, Question] = {}
    for each in questions:
        if isinstance(each, Problem):
            yield each
        elif each.id in asked:
            yield Problem(path, f"question {each.id} comes twice; the second was left out")
        else:
            asked[each.id] = each
            if each.answerable and not (each.evidence or each.sources):
                yield Problem(path, f"question {each.id} names no evidence; recall leaves it out")
    yield Haystack(namespace, gathered.records, tuple(asked.values()))


def guarded(
    parts: Iterator[T | Problem], path: Path, place: str, line: int | None = None
) -> Iterator[T | Problem]:
    """The parts; where making them raises ``ValueError``, a ``Problem`` with the place instead."""
    try:
        yield from parts
    except ValueError as error:
        yield Problem(path, f"{place} was skipped: {error}", line)


def partition(parts: Iterable[T | Problem]) -> tuple[list[T], list[Problem]]:
    """What was read, and what was not."""
    values: list[T] = []
    problems: list[Problem] = []
    for part in parts:
        if isinstance(part, Problem):
            problems.append(part)
        else:
            values.append(part)
    return values, problems


def as_question(value: Any) -> str:
    """The text of a question, which is not empty and can be stored."""
    text = as_text(value, "its question")
    if not text.strip():
        raise ValueError("it asks nothing")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it holds damaged characters (half of a surrogate pair)") from None
    return text


def as_answer(value: Any) -> str | None:
    """A gold answer as text; files write numbers as numbers."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return str(value)
    raise ValueError("its answer is neither a text nor a number")


def _sentence(problem: Problem) -> str:
    # The file's name alone: where it lies on this machine is nothing that a report should tell.
    line = "" if problem.line is None else f":{problem.line}"
    return f"{problem.path.name}{line}: {problem.reason}"
