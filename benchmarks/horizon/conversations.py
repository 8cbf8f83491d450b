"""Conversations of any length: facts of invented persons among small talk, and questions later.

The words are in ``benchmarks/data/horizon.toml``. A conversation tells every fact once. A question
is asked where a turn ends, and its *distance* is the number of tokens between its fact and itself.
All answers of an attribute are equally likely, so that ``GUESSING`` is what somebody scores who
knows what is asked for but not what was said.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import accumulate, pairwise
from random import Random
from typing import Any

from remem.store import InvalidInput

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

GUESSING = 1 / 20

EDGES = (3, 10, 30, 60, 120, 240, 480, 1_000, 3_000, 10_000, 30_000, 100_000)
"""Ends of the buckets of distances, in tokens."""

Bucket = tuple[int, int]
"""Distances from the first up to, but without, the second, in tokens."""

_GAP = (30, 70)
"""Least and most tokens between two facts, so that the nearest buckets measure distance alone: no
other fact comes in between."""

_SENTENCES = (1, 1, 1, 2, 2, 3)
"""Lengths of a turn of small talk."""


def tokens_of(text: str) -> list[str]:
    """Words and punctuation marks, in lower case."""
    return re.findall(r"[\w-]+|'s|[^\w\s]", text.lower())


@dataclass(frozen=True, slots=True)
class Attribute:
    """A thing to know of a person: a sentence that says it, a question, and the answers."""

    said: str
    asked: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """An answer to a question about a person."""

    name: str
    attribute: Attribute
    value: str

    @property
    def said(self) -> str:
        """The sentence that tells it."""
        return self.attribute.said.format(name=self.name, value=self.value)

    @property
    def asked(self) -> str:
        """The question."""
        return self.attribute.asked.format(name=self.name)


@dataclass(frozen=True, slots=True)
class World:
    """The persons and words of which conversations are made."""

    names: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    sentences: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]

    def facts(self, random: Random) -> list[Fact]:
        """One fact for each attribute of each person, in any order."""
        told = [
            Fact(name, attribute, random.choice(attribute.values))
            for name in self.names
            for attribute in self.attributes
        ]
        random.shuffle(told)
        return told

    def small_talk(self, random: Random) -> str:
        """A sentence about nobody in particular."""
        frame = random.choice(self.sentences)
        return re.sub(r"{(\w+)}", lambda gap: random.choice(self.words[gap[1]]), frame)

    def vocabulary(self) -> list[str]:
        """All tokens that a conversation can have, each once, in the order of the file."""
        frames = " ".join([*self.sentences, *(f"{a.said} {a.asked}" for a in self.attributes)])
        words = [*self.names, *(word for each in self.words.values() for word in each)]
        values = [value for attribute in self.attributes for value in attribute.values]
        fixed = re.sub(r"{\w+}", " ", frames)
        return list(dict.fromkeys(tokens_of(" ".join([fixed, *words, *values]))))


@lru_cache
def world() -> World:
    """The world that comes along."""
    text = (files("remem.benchmarks") / "data" / "horizon.toml").read_text("utf-8")
    data: dict[str, Any] = tomllib.loads(text)
    return World(
        tuple(data["names"].split()),
        tuple(
            Attribute(one["said"], one["asked"], tuple(one["values"].split()))
            for one in data["attributes"]
        ),
        tuple(data["small_talk"]["sentences"]),
        {gap: tuple(words.split()) for gap, words in data["small_talk"]["words"].items()},
    )


@dataclass(frozen=True, slots=True)
class Question:
    """A fact that is asked for.

    Attributes:
        turn: Number of turns that were said before it.
        at: Number of tokens that were said before it.
        distance: How many of these came after the fact.
    """

    fact: Fact
    turn: int
    at: int
    distance: int


@dataclass(frozen=True)
class Conversation:
    """Turns, and for some of them the fact that they tell."""

    turns: Sequence[str]
    facts: Mapping[int, Fact]

    @cached_property
    def tokens(self) -> list[str]:
        """All that is said, as the small models read it."""
        return [token for turn in self.turns for token in tokens_of(turn)]

    @cached_property
    def ends(self) -> list[int]:
        """For each turn, the number of tokens up to its end."""
        return list(accumulate(len(tokens_of(turn)) for turn in self.turns))

    def questions(self, bucket: Bucket, count: int, random: Random) -> list[Question]:
        """So many questions about different facts, at distances that are spread evenly over the
        logarithm of the bucket.

        Raises:
            InvalidInput: the conversation is too short for them.
        """
        told = list(self.facts)
        random.shuffle(told)
        asked: list[Question] = []
        for turn in told:
            distance = int(bucket[0] * (bucket[1] / bucket[0]) ** random.random())
            if found := self._asked_at(turn, distance, bucket):
                asked.append(found)
            if len(asked) == count:
                return asked
        raise InvalidInput(
            f"{len(self.tokens):,} tokens have {len(asked)} of {count} questions at distances "
            f"from {bucket[0]:,} to {bucket[1]:,}: ask fewer, or of nearer facts"
        )

    def _asked_at(self, told: int, distance: int, bucket: Bucket) -> Question | None:
        """The question at the first end of a turn that is at least so far from its fact."""
        at = self.ends[told] + distance
        turn = bisect_left(self.ends, at)
        if turn == len(self.ends) or self.ends[turn] - self.ends[told] >= bucket[1]:
            return None
        distance = self.ends[turn] - self.ends[told]
        return Question(self.facts[told], turn + 1, self.ends[turn], distance)


def conversation(length: int, seed: int) -> Conversation:
    """A conversation of at least so many tokens; the same seed makes the same one.

    Raises:
        InvalidInput: there are not enough persons for so many facts.
    """
    random, here = Random(seed), world()
    told, size, next_fact = here.facts(random), 0, 0.0
    turns: list[str] = []
    facts: dict[int, Fact] = {}
    while size < length:
        if size >= next_fact:
            if not told:
                raise InvalidInput(f"a conversation has at most {size:,} tokens: ask for fewer")
            facts[len(turns)] = told.pop()
            turns.append(facts[len(turns)].said)
            next_fact = size + len(tokens_of(turns[-1])) + random.uniform(*_GAP)
        else:
            turns.append(
                " ".join(here.small_talk(random) for _ in range(random.choice(_SENTENCES)))
            )
        size += len(tokens_of(turns[-1]))
    return Conversation(turns, facts)


def buckets(furthest: int) -> list[Bucket]:
    """The buckets of distances up to the furthest one."""
    return [pair for pair in pairwise(EDGES) if pair[1] <= furthest]
