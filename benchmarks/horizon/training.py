"""Lessons for small language models, from short and full of questions to long and sparse.

The loss is the cross-entropy of every next token; tokens that answer a question weigh more than the
others, because a conversation has few of them. Lessons grow as in Y. Bengio et al., "Curriculum
Learning", ICML 2009. The optimiser is Adam (D. Kingma and J. Ba, ICLR 2015).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from remem.benchmarks.horizon.conversations import Attribute, Fact, World, tokens_of

MEMORY = "<memory>"
"""Token in front of what was recalled."""

UNKNOWN = "<unknown>"
"""Token of all words that no lesson has."""

_RECALLED = 0.4  # share of questions that come with memories
_BEST_LAST = 0.4  # share of them whose answer is in the last memory; otherwise it is anywhere
_OTHERS = 0.2  # weight of the tokens that answer nothing
_WARM_UP, _COOL_DOWN = 50, 0.3  # steps, share of them
_STEEPEST = 1.0  # norm of a gradient


class Vocabulary:
    """Numbers of tokens."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = (UNKNOWN, MEMORY, *words)
        self._numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def numbers(self, tokens: Sequence[str]) -> list[int]:
        """The number of each token."""
        return [self._numbers.get(token, 0) for token in tokens]


def prompt(asked: str, recalled: Sequence[str]) -> list[str]:
    """Tokens of a question, with what was recalled for it in front."""
    memories = [token for text in recalled for token in tokens_of(text)]
    return [*([MEMORY] if recalled else []), *memories, *tokens_of(asked)]


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a curriculum.

    Attributes:
        length: Tokens of a lesson.
        rows: Lessons of a step.
        steps: How many there are.
        pause: Most turns that tell nothing, on average, between two facts.
        asked: Share of these that ask, once there is something to ask for.
    """

    length: int
    rows: int
    steps: int
    pause: float
    asked: float = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """Lessons of a model, and the rate at which it learns from them."""

    rate: float
    stages: tuple[Stage, ...]

    def shortened(self, share: float) -> Plan:
        """The plan with that share of its steps, but at least one of each stage."""
        return replace(
            self,
            stages=tuple(
                replace(stage, steps=max(1, int(share * stage.steps))) for stage in self.stages
            ),
        )


class SmallModel(nn.Module, ABC):
    """A language model that reads on from a state: all that it remembers of what it read."""

    dense: nn.Linear

    @abstractmethod
    def forward(self, tokens: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """For each token, [rows, length], what ``dense`` predicts the next one from, [rows, length,
        features], and the state afterwards."""

    @abstractmethod
    def listen(self, tokens: Tensor, state: Any) -> Any:
        """The state after more tokens, when nothing is to be predicted."""


def train(model: SmallModel, lessons: Lessons, plan: Plan, tell: Callable[[str], object]) -> None:
    """Teach a model all stages of a plan."""
    optimiser = torch.optim.Adam(model.parameters(), plan.rate)
    steps = [stage for stage in plan.stages for _ in range(stage.steps)]
    for done, stage in enumerate(steps):
        left = 1 - done / len(steps)
        optimiser.param_groups[0]["lr"] = plan.rate * min(
            1, (done + 1) / _WARM_UP, left / _COOL_DOWN
        )
        loss = _loss(model, *lessons.batch(stage))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), _STEEPEST)
        optimiser.step()
        if done % 100 == 0:
            tell(f"step {done:,} of {len(steps):,}, lessons of {stage.length}, loss {loss:.2f}")


def _loss(model: SmallModel, tokens: Tensor, answers: Tensor) -> Tensor:
    features, _ = model(tokens[:, :-1])
    scores = model.dense(features).flatten(0, 1)  # [rows * length, vocabulary]
    losses = cross_entropy(scores, tokens[:, 1:].flatten(), reduction="none")
    answer = answers[:, 1:].flatten()
    others = _OTHERS * losses[~answer].mean()
    return others + losses[answer].mean() if answer.any() else others


# Lessons.


class Lessons:
    """Conversations whose questions are answered at once, made up as they are needed."""

    def __init__(self, world: World, vocabulary: Vocabulary, seed: int) -> None:
        self._world = world
        self._vocabulary = vocabulary
        self._random = Random(seed)

    def batch(self, stage: Stage) -> tuple[Tensor, Tensor]:
        """Numbers of tokens, and True for those that answer; both [rows, length + 1]."""
        rows = [self._lesson(stage) for _ in range(stage.rows)]
        tokens, answers = zip(*rows, strict=True)
        return torch.tensor(tokens), torch.tensor(answers)

    def _lesson(self, stage: Stage) -> tuple[list[int], list[bool]]:
        random, size = self._random, stage.length + 1
        pause = random.uniform(min(1.0, stage.pause) / 2, stage.pause)
        told: list[Fact] = []
        tokens: list[str] = []
        answers: set[int] = set()
        while len(tokens) < size:
            if random.random() < 1 / (1 + pause):
                told.append(self._fact())
                tokens += tokens_of(told[-1].said)
            elif told and random.random() < stage.asked:
                fact, recalled = self._question(told)
                tokens += prompt(fact.asked, recalled)
                answers.add(len(tokens))
                tokens += [*tokens_of(fact.value), "."]
            else:
                tokens += tokens_of(self._world.small_talk(random))
        return self._vocabulary.numbers(tokens[:size]), [at in answers for at in range(size)]

    def _question(self, told: Sequence[Fact]) -> tuple[Fact, list[str]]:
        """A fact to ask for, and what is recalled: the fact was told, or it is recalled."""
        random = self._random
        if random.random() < _RECALLED:
            fact = self._fact()
            return fact, self._recalled(fact)
        nearest_first = told[::-1]
        return nearest_first[int(len(told) ** random.random()) - 1], []

    def _recalled(self, fact: Fact) -> list[str]:
        """One to three memories, as a search would give them: some others share a word."""
        random = self._random
        others = [self._other(fact) for _ in range(random.choice((0, 1, 2, 2)))]
        place = len(others) if random.random() < _BEST_LAST else random.randint(0, len(others))
        return [*others[:place], fact.said, *others[place:]]

    def _other(self, fact: Fact) -> str:
        random = self._random
        match random.random():
            case place if place < 0.4:
                same = [each for each in self._world.attributes if each is not fact.attribute]
                return self._fact(fact.name, random.choice(same)).said
            case place if place < 0.7:
                return self._fact(attribute=fact.attribute).said
            case _:
                return self._world.small_talk(random)

    def _fact(self, name: str | None = None, attribute: Attribute | None = None) -> Fact:
        random, world = self._random, self._world
        attribute = attribute or random.choice(world.attributes)
        return Fact(name or random.choice(world.names), attribute, random.choice(attribute.values))
