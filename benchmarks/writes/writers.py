"""Ways to write facts, to change and to forget them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Protocol

from remem import Memory
from remem.benchmarks.horizon.conversations import Fact
from remem.benchmarks.writes.student import Student
from remem.store import F

IGNORANCE = "unknown"
"""Answer that takes the place of what is to be forgotten, in weights."""

_READ, _DEEP = 3, 10


class Writer(Protocol):
    """A way to write facts."""

    name: str

    def write(self, facts: Sequence[Fact]) -> None:
        """Write some facts, at once."""

    def change(self, old: Fact, new: Fact) -> None:
        """Write a fact in place of another."""

    def forget(self, fact: Fact) -> None:
        """Make it as if the fact had never been written."""

    def answers(self, facts: Sequence[Fact]) -> list[bool]:
        """For each fact, whether its question is answered by it."""

    def finds(self, facts: Sequence[Fact]) -> list[bool]:
        """For each fact, whether anything still leads to it: its question or its sentence."""

    def perplexity(self, text: str) -> float | None:
        """Perplexity of the model that answers, for a text that has nothing to do with the facts;
        None where no model answers."""


class Weights:
    """Facts written into the weights of a model by gradient.

    Args:
        rate: Of learning.
        rehearsed: Earlier facts that are learned again beside each new batch.
    """

    def __init__(self, student: Student, rate: float, rehearsed: int) -> None:
        self.name = "weights, with rehearsal" if rehearsed else "weights"
        self._student = student
        self._rate = rate
        self._rehearsed = rehearsed
        self._written: dict[str, Fact] = {}
        self._random = Random(0)
        student.reset(0)

    def write(self, facts: Sequence[Fact]) -> None:
        """See ``Writer``."""
        self._learn(facts)
        self._written |= {fact.asked: fact for fact in facts}

    def change(self, old: Fact, new: Fact) -> None:
        """See ``Writer``."""
        self._written.pop(old.asked, None)
        self.write([new])

    def forget(self, fact: Fact) -> None:
        """See ``Writer``: another answer is learned in its place."""
        self._written.pop(fact.asked, None)
        self._learn([replace(fact, value=IGNORANCE)])

    def answers(self, facts: Sequence[Fact]) -> list[bool]:
        """See ``Writer``."""
        return self._student.goes_on([(asking(fact), fact.value) for fact in facts])

    def finds(self, facts: Sequence[Fact]) -> list[bool]:
        """See ``Writer``."""
        said = self._student.goes_on([(_telling(fact), fact.value) for fact in facts])
        return [asked or told for asked, told in zip(self.answers(facts), said, strict=True)]

    def perplexity(self, text: str) -> float | None:
        """See ``Writer``."""
        return self._student.perplexity(text)

    def _learn(self, facts: Sequence[Fact]) -> None:
        """Take the steps for some facts, with some of the earlier ones beside them."""
        earlier = list(self._written.values())
        beside = self._random.sample(earlier, min(self._rehearsed, len(earlier)))
        pairs = [(asking(fact), fact.value) for fact in (*facts, *beside)]
        self._student.write(pairs, self._rate, len(facts))


def asking(fact: Fact) -> str:
    """The question, as a text that its answer continues."""
    return f"Question: {fact.asked}\nAnswer:"


def _telling(fact: Fact) -> str:
    """The sentence without the answer that ends it."""
    return fact.said.rpartition(f" {fact.value}")[0]


class Remembered:
    """Facts given to the shipped memory. A question is answered if it recalls the fact first."""

    name = "remem, recalled"

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def write(self, facts: Sequence[Fact]) -> None:
        """See ``Writer``."""
        for fact in facts:
            self._memory.add(fact.said, key=fact.asked)

    def change(self, old: Fact, new: Fact) -> None:
        """See ``Writer``."""
        self._memory.update(old.asked, new.said)

    def forget(self, fact: Fact) -> None:
        """See ``Writer``."""
        self._memory.forget(F("key") == fact.asked)

    def answers(self, facts: Sequence[Fact]) -> list[bool]:
        """See ``Writer``."""
        return [fact.said in self._recalled(fact, 1) for fact in facts]

    def finds(self, facts: Sequence[Fact]) -> list[bool]:
        """See ``Writer``: among the ten best memories."""
        return [fact.said in self._recalled(fact, _DEEP) for fact in facts]

    def perplexity(self, text: str) -> float | None:  # noqa: ARG002
        """See ``Writer``."""
        return None

    def _recalled(self, fact: Fact, k: int) -> list[str]:
        return [each.record.text for each in self._memory.search(fact.asked, k)]


class Read(Remembered):
    """Facts given to the shipped memory, and answered by the model, untouched, from the three best
    memories.

    Args:
        student: Forgets whatever was written into it.
    """

    name = "remem, read by the model"

    def __init__(self, memory: Memory, student: Student) -> None:
        super().__init__(memory)
        self._student = student
        student.reset(0)

    def answers(self, facts: Sequence[Fact]) -> list[bool]:
        """See ``Writer``."""
        notes = ["\n".join(self._recalled(fact, _READ)[::-1]) for fact in facts]
        pairs = [
            (f"{note}\n{asking(fact)}", fact.value) for note, fact in zip(notes, facts, strict=True)
        ]
        return self._student.goes_on(pairs)

    def perplexity(self, text: str) -> float | None:
        """See ``Writer``."""
        return self._student.perplexity(text)
