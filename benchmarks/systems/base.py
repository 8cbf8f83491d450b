"""Protocols of a system under measurement."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from remem import Memory
from remem.benchmarks.datasets.base import Haystack, Question
from remem.encoders.sentence_transformer import Encoder
from remem.recall.prompt import Context, build_context
from remem.recall.recollection import Recollection
from remem.store import Record
from remem.store.errors import MissingDependency


class Searcher(Protocol):
    """One haystack, indexed."""

    def search(self, question: Question, k: int) -> Sequence[Recollection]:
        """The k best records, best first; with the parts of their scores where it has any."""

    def context(self, question: Question, budget: int) -> Context:
        """The block that a model would see, of at most ``budget`` tokens as remem estimates them.

        Systems without a prompt builder put their ranking through remem's (``build_context``), so
        that only the ranking differs.
        """


class System(Protocol):
    """A way to remember and to recall."""

    @property
    def name(self) -> str:
        """Name of the system in tables."""

    def index(
        self, haystack: Haystack, encoder: Encoder, folder: Path
    ) -> AbstractContextManager[Searcher]:
        """Index a haystack in an empty folder; leaving the context releases everything.

        Raises:
            MissingDependency: the system's package is not installed.
        """


# What systems have in common that build no prompts, or of which remem's are no part.

MOST_IN_PROMPT: int = inspect.signature(Memory.context).parameters["k"].default
"""Recollections offered to the prompt: as many as remem offers."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """A ``Searcher`` by a search alone: prompts are built by remem, without a floor.

    Attributes:
        search: A question and k -> the best records, best first.
    """

    search: Callable[[Question, int], Sequence[Recollection]]

    def context(self, question: Question, budget: int) -> Context:
        """The ranking through remem's prompt builder."""
        return prompt_of(self.search(question, MOST_IN_PROMPT), question, budget)


def prompt_of(ranking: Sequence[Recollection], question: Question, budget: int) -> Context:
    """A ranking through remem's prompt builder, so that only the ranking differs."""
    return build_context(ranking, budget=budget, query=question.text, now=question.asked_at)


def by_keys(
    records: Mapping[str, Record], find: Callable[[str, int], Iterable[tuple[str, float]]]
) -> Ranking:
    """The searcher of an index that knows keys: records come from the haystack.

    Args:
        find: The text of a question and k -> keys with their scores, in an order that is kept.
    """

    def search(question: Question, k: int) -> list[Recollection]:
        found = find(question.text, k)
        return [Recollection(records[key], float(score)) for key, score in found]

    return Ranking(search)


def package(name: str) -> Any:
    """A peer's package, imported when it is first needed.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependency(f"the peer {name}", "'remem[peers]'") from error
