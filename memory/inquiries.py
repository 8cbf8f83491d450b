"""Inquiries after memories that should have been recalled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from memory import clock
from memory.contents import Contents, Where, as_filter
from memory.recall.expectation import Expected, Terms
from memory.recall.inquiry import Inquiry, Search
from memory.recall.prompt import CountTokens, build_context, estimate_tokens
from memory.recall.ranking import Recollection
from memory.recall.relevance import FLOOR
from memory.recall.retriever import Searches
from memory.recall.witness import in_this_process
from memory.recorder import Recorder
from store import Filter, Store

__all__ = ["Inquiries"]


class Inquiries(Contents):
    """The memories of one namespace, which can be asked what became of one of them."""

    _recorder: Recorder
    _retriever: Searches

    def why(
        self,
        query: str,
        expect: str,
        *,
        k: int = 50,
        where: Where | None = None,
        now: datetime | None = None,
        floor: float = FLOOR,
        budget: int = 1000,
        count_tokens: CountTokens = estimate_tokens,
        elsewhere: Collection[str] = (),
    ) -> Expected:
        """Follow a memory on the way that ``context`` takes: whether the block shows it, and if
        not, what drops it and what would have kept it.

        Args:
            expect: Key of the memory.
            k, where, now, floor, budget, count_tokens: Those of ``context``.
            elsewhere: Other namespaces to look for the key in, of which the answer may tell.

        Raises:
            InvalidInput: what ``context`` refuses, or an empty key.
            DamagedRecord: the memory is damaged.
        """

        def fit(given: Sequence[Recollection], budget: int) -> Sequence[Recollection]:
            block = build_context(
                given, budget=budget, query=query, count_tokens=count_tokens, now=now
            )
            return block.recollections

        inquiry = self._inquiry(query, expect, now, fit=fit, elsewhere=elsewhere)
        return inquiry.answer(Terms(k, as_filter(where), floor, budget)).expected

    def _asking(self, searches: Searches, now: datetime | None) -> Search:
        """A search of a store, asked at some time."""
        moment = now or clock.now()

        def search(store: Store, query: str, k: int, where: Filter | None) -> list[Recollection]:
            question = self.namespace, query, k, where, moment
            return self._recorder.with_encoder(lambda enc: searches.search(store, enc, *question))

        return search

    def _inquiry(self, query: str, key: str, now: datetime | None, **options: Any) -> Inquiry:
        search = self._asking(in_this_process(self._retriever), now)
        return Inquiry(self._store, self.namespace, query, key, search, **options)
