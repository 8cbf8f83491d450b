"""What the peers have in common: how their packages are loaded, and how a ranking becomes ours."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.datasets.base import Question
from benchmarks.systems.prompting import MOST_IN_PROMPT, prompt_of
from memory.recall.prompt import Context
from memory.recall.ranking import Recollection
from store import Record
from store.errors import MissingDependency

__all__ = ["Find", "Ranked", "package"]

Find = Callable[[str, int], Iterable[tuple[str, float]]]
"""The text of a question and k -> the keys of records with their scores, best first."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A ``Searcher`` over an index that knows keys: records come from the haystack.

    Attributes:
        records: By key.
        find: The peer's own search; its order is kept, ties included.
    """

    records: Mapping[str, Record]
    find: Find

    def search(self, question: Question, k: int) -> Sequence[Recollection]:
        """The k best records as the peer ranks them, with the peer's scores."""
        return [
            Recollection(record=self.records[key], score=float(score))
            for key, score in self.find(question.text, k)
        ]

    def context(self, question: Question, budget: int) -> Context:
        """The peer's ranking through remem's prompt builder."""
        return prompt_of(self.search(question, MOST_IN_PROMPT), question, budget)


def package(name: str) -> Any:
    """A peer's package, imported when it is first needed.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependency(f"the peer {name}", "'remem[peers]'") from error
