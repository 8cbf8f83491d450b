"""What every data set comes down to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from remem.store import Record


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its gold.

    Attributes:
        id: Unique within the data set.
        text: The question.
        category: The kind of question, as the data set names it.
        evidence: Key of each record that answers it -> its grade (1, or more where graded).
        sources: The same for sessions or documents.
        answer: The gold answer, where the data set has one.
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


class Dataset(Protocol):
    """A file or folder that was recognised."""

    @property
    def name(self) -> str:
        """What to call it in tables: the format and the name of the file."""

    @property
    def path(self) -> Path:
        """Where it lies."""

    @property
    def problems(self) -> Sequence[str]:
        """One sentence for each thing that was left out; complete once ``haystacks`` ran out."""

    def haystacks(self) -> Iterator[Haystack]:
        """The haystacks, one at a time; memory holds one of them.

        Raises:
            InvalidInput: the file is not what it seemed to be.
        """


class Reader(Protocol):
    """A format."""

    @property
    def format(self) -> str:
        """Its name, for people: "LoCoMo"."""

    def detect(self, path: Path) -> bool:
        """Whether a file or folder is of this format; reads only its beginning."""

    def open(self, path: Path) -> Dataset:
        """The data set at a path that was detected."""
