"""The shipped memory over a conversation: all of it is remembered, and recalled by a question."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from remem import Memory
from remem.benchmarks.horizon.conversations import Conversation, Question
from remem.recall.prompt import Context
from remem.store import F, Filter, Record

_START = datetime(2024, 1, 1, tzinfo=timezone.utc)
_TURN = timedelta(minutes=1)
_SESSION = 50
_SPEAKERS = ("Mira", "Anton")


class Listener:
    """A memory that hears a conversation, and recalls what was said before a question."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._texts: dict[tuple[Question, int], list[str]] = {}  # all small models ask the same

    def hear(self, said: Conversation) -> None:
        """Remember all turns; those that were heard before are not heard twice."""
        self._memory.add_records(_record(turn, text) for turn, text in enumerate(said.turns))

    def texts(self, question: Question, k: int) -> list[str]:
        """Up to k memories, the best one last: next to the question."""
        if (question, k) not in self._texts:
            found = self._memory.search(
                question.fact.asked, k, where=_before(question), now=_time(question.turn)
            )
            self._texts[question, k] = [each.record.text for each in reversed(found)]
        return self._texts[question, k]

    def context(self, question: Question, k: int, budget: int) -> Context:
        """The block that remem puts in front of a chatbot's question."""
        return self._memory.context(
            question.fact.asked,
            k=k,
            budget=budget,
            where=_before(question),
            now=_time(question.turn),
        )


def _record(turn: int, text: str) -> Record:
    return Record(
        key=str(turn),
        source=f"talk {turn // _SESSION}",
        position=turn % _SESSION,
        text=text,
        role="user",
        speaker=_SPEAKERS[turn % 2],
        said_at=_time(turn),
    )


def _time(turn: int) -> datetime:
    return _START + turn * _TURN


def _before(question: Question) -> Filter:
    """A filter for words said before a question, so that one memory serves all questions."""
    return F("said_at") <= _time(question.turn - 1)
