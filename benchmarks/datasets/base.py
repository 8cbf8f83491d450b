"""The shape that every data set comes down to, and what its readers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from remem.ingest import Item, Problem
from remem.ingest.parsing import as_text
from remem.store import InvalidInput, Record


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its gold.

    Attributes:
        evidence: Key of each record that answers it -> its grade (1, or more where graded).
        sources: The same for sessions or documents.
        asked_at: When it is asked (timezone-aware), where the data set says so.
        answerable: False where the right answer is that nobody said so.
    """

    id: str
    text: str
    category: str = ""
    evidence: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    answer: str | None = None
    asked_at: datetime | None = None
    answerable: bool = True


def gold_of(graded: Mapping[str, int]) -> set[str]:
    """Those of some evidence or sources that are gold: a grade of 0 says that one is not."""
    return {item for item, grade in graded.items() if grade > 0}


@dataclass(frozen=True, slots=True)
class Haystack:
    """A namespace: its records in the order in which they were said, and the questions about it."""

    namespace: str
    records: Sequence[Record]
    questions: Sequence[Question]


class Dataset:
    """A file or folder that was recognised, read from its beginning for each pass.

    Args:
        name: What to call it in tables: the format and the name of the file.
        read: Begins to read: yields haystacks, and a ``Problem`` for each thing left out.
    """

    def __init__(
        self, name: str, path: Path, read: Callable[[], Iterator[Haystack | Problem]]
    ) -> None:
        self.name = name
        self.path = path
        self._read = read
        self._problems: list[str] = []

    @property
    def problems(self) -> Sequence[str]:
        """One sentence for each thing that was left out; complete once ``haystacks`` ran out."""
        return tuple(self._problems)

    def haystacks(self) -> Iterator[Haystack]:
        """The haystacks, one at a time; memory holds one of them.

        Raises:
            InvalidInput: not one question can be asked, or the file is not what it seemed to be.
        """
        self._problems.clear()
        namespaces: set[str] = set()
        questions = 0
        for each in self._read():
            if isinstance(each, Problem):
                # The file's name alone: where it lies on this machine is no report's business.
                line = "" if each.line is None else f":{each.line}"
                self._problems.append(f"{each.path.name}{line}: {each.reason}")
            elif each.namespace in namespaces:
                reason = f"{each.namespace} comes twice; what comes second was left out"
                self._problems.append(f"{self.path.name}: {reason}")
            else:
                namespaces.add(each.namespace)
                questions += len(each.questions)
                yield each
        if not questions:
            why = f": {self._problems[0]}" if self._problems else ""
            raise InvalidInput(f"{self.path} holds no question that can be asked{why}")


@dataclass(frozen=True, slots=True)
class Reader:
    """A format.

    Attributes:
        format: Its name, for people: "LoCoMo".
        detect: Whether a file or folder is of this format; reads only its beginning.
    """

    format: str
    detect: Callable[[Path], bool]
    open: Callable[[Path], Dataset]


# What the readers share: nothing of the data is lost without a word.

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gathered:
    """Records and problems that a reader of ``remem.ingest`` yielded for one haystack.

    Attributes:
        namespace: The one that the reader named; None if it named none.
    """

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
    """Split into two lists, in order: values, and problems."""
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
