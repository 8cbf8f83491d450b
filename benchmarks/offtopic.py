"""What a memory should keep quiet about: messages that have nothing to do with it.

Small talk, pasted code and logs, and questions about the people of another conversation: the share
of them for which the prompt stays empty, by kind.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from benchmarks.datasets.base import Haystack, Question
from benchmarks.datasets.offtopic import OffTopic
from benchmarks.metrics import DEPTH
from benchmarks.systems.base import Searcher
from benchmarks.trust.separation import top_relevance

__all__ = [
    "ABOUT_OTHERS",
    "MOST_HAYSTACKS",
    "Quiet",
    "as_questions",
    "questions_about_others",
    "with_next",
]

ABOUT_OTHERS = "questions about other people"
"""The category of ``questions_about_others``."""

MOST_HAYSTACKS = 5
"""Haystacks that are asked what they have nothing to say on: the data may have hundreds."""

BUDGET = 1000
_MOST_MESSAGES = 200


def as_questions(messages: Sequence[OffTopic]) -> list[Question]:
    """Off-topic messages as a system is asked them; their kind is the category."""
    return [
        Question(id=f"off-topic/{number}", text=message.text, category=message.kind)
        for number, message in enumerate(messages)
    ]


def questions_about_others(haystack: Haystack, other: Haystack) -> list[Question]:
    """The questions of another haystack; none where records have no speakers, or share one."""
    ours, theirs = _speakers(haystack), _speakers(other)
    if not ours or not theirs or ours & theirs:
        return []
    return [
        Question(
            id=f"{other.namespace}/{question.id}",
            text=question.text,
            category=ABOUT_OTHERS,
            asked_at=question.asked_at,
        )
        for question in other.questions
    ]


def with_next(haystacks: Iterable[Haystack]) -> Iterator[tuple[Haystack, Haystack]]:
    """Each haystack with the one after it; the last with the first."""
    stream = iter(haystacks)
    first = next(stream, None)
    if first is None:
        return
    present = first
    for following in stream:
        yield present, following
        present = following
    yield present, first


@dataclass(slots=True)
class Quiet:
    """Counts, by kind of message, how often the prompt stays empty.

    Bounded: the first few haystacks are asked, and of each group of messages a sample.

    Args:
        seed: Chooses the sample.

    Attributes:
        empty: Kind -> how many prompts were empty.
        relevances: Kind -> the highest relevance that a memory was given for each message.
    """

    seed: int = 0
    haystacks: int = 0
    empty: dict[str, int] = field(default_factory=dict)
    relevances: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, searcher: Searcher, *groups: Sequence[Question]) -> None:
        """Send groups of messages to the memory of a haystack."""
        if self.haystacks == MOST_HAYSTACKS:
            return
        self.haystacks += 1
        for message in chain.from_iterable(map(self._sample, groups)):
            context = searcher.context(message, BUDGET)
            kind = message.category
            self.empty[kind] = self.empty.get(kind, 0) + (not context.recollections)
            found = top_relevance(searcher.search(message, DEPTH))
            self.relevances.setdefault(kind, []).append(found)

    def figures(self) -> dict[str, float]:
        """Share of the messages of each kind, as "empty for KIND"."""
        return {
            f"empty for {kind}": self.empty[kind] / len(self.relevances[kind])
            for kind in self.empty
        }

    def _sample(self, messages: Sequence[Question]) -> Sequence[Question]:
        """At most so many; the same for the same seed."""
        if len(messages) <= _MOST_MESSAGES:
            return messages
        return random.Random(self.seed).sample(messages, _MOST_MESSAGES)


def _speakers(haystack: Haystack) -> set[str]:
    return {record.speaker for record in haystack.records if record.speaker}
