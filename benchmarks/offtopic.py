"""What a memory should keep quiet about: messages that have nothing to do with it.

Small talk, pasted code and logs, and questions about the people of another conversation: the share
of them for which the prompt stays empty, by kind.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from itertools import chain

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.metrics import DEPTH
from remem.benchmarks.systems.base import Searcher
from remem.benchmarks.trust.calibration import top_relevance

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


#     Questions about the wrong person: the same question with the name of another speaker. Pure.
#
# "What did Ana plant?" has its answer where Ana says so; "What did Ben plant?" has none, unless
# Ben planted the same, which makes such questions a little harder to tell apart than they are.
WRONG_PERSON = "the wrong person"
"""The category of ``wrong_person``."""


def wrong_person(haystack: Haystack) -> Iterator[tuple[Question, Question]]:
    """Each answerable question that names one of the speakers, with the same about another one.

    A speaker is named by the whole name or its first word. Of several others, the next in
    alphabetical order takes the place.
    """
    names = {record.speaker for record in haystack.records if record.speaker}
    if len(names) < 2:
        return
    speakers = sorted(names)
    for question in haystack.questions:
        if not question.answerable or not (question.evidence or question.sources):
            continue
        named = [name for name in speakers if _mention(name).search(question.text)]
        if len(named) == 1:
            other = speakers[(speakers.index(named[0]) + 1) % len(speakers)]
            yield question, _about(other, named[0], question)


def _about(other: str, named: str, question: Question) -> Question:
    text = _mention(named).sub(lambda _: _first(other), question.text)
    return replace(
        question,
        id=f"{question.id}/{WRONG_PERSON}",
        text=text,
        category=WRONG_PERSON,
        evidence={},
        sources={},
        answer=None,
        answerable=False,
    )


def _mention(name: str) -> re.Pattern[str]:
    """The name where a text has it, whole if it stands there whole."""
    forms = (re.escape(form) for form in _forms(name))
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)


def _forms(name: str) -> Iterable[str]:
    return dict.fromkeys((name, _first(name)))


def _first(name: str) -> str:
    return name.split()[0] if name.split() else name


#     Messages that have nothing to do with anybody's memory: for them, the right context is
# empty.
#
# All are invented, and lie in ``benchmarks/data/offtopic.jsonl``. A floor may be chosen on the
# split "dev"; what it does is then shown on the split "test".


@dataclass(frozen=True, slots=True)
class OffTopic:
    """One such message.

    Attributes:
        kind: "small talk", "code" or "log" (traces, tables and command lines too).
        split: "dev" or "test".
    """

    kind: str
    split: str
    text: str


def read_offtopic(split: str) -> list[OffTopic]:
    """The messages of one split."""
    text = resources.files("remem.benchmarks").joinpath("data/offtopic.jsonl").read_text("utf-8")
    messages = [OffTopic(**json.loads(line)) for line in text.splitlines()]
    return [message for message in messages if message.split == split]
