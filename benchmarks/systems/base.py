"""What every system under measurement does."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from benchmarks.datasets.base import Haystack, Question
from memory.encoder import Encoder
from memory.recall.prompt import Context
from memory.recall.ranking import Recollection

__all__ = ["Searcher", "System"]


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
        """What to call it in tables."""

    def index(
        self, haystack: Haystack, encoder: Encoder, folder: Path
    ) -> AbstractContextManager[Searcher]:
        """Index a haystack in an empty folder; leaving the context releases everything.

        Args:
            encoder: The one encoder of the run; it may remember the vectors of texts it has seen.

        Raises:
            MissingDependency: the system's package is not installed.
        """
