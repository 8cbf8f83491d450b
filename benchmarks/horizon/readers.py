"""Readers that answer questions about a conversation, alone and from what remem recalls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Protocol

import torch
from torch import Tensor

from remem.benchmarks.horizon.conversations import Bucket, Conversation, Fact, Question, tokens_of
from remem.benchmarks.horizon.figures import ALONE, WITH, Answer
from remem.benchmarks.horizon.recalling import Listener
from remem.benchmarks.horizon.training import SmallModel, Vocabulary, prompt
from remem.generators.opening import Generator
from remem.generators.prompts import Message, Prompt
from remem.recall.prompt import Context

RECALLED = 3
"""Memories in front of a question for a small model."""

_INSTRUCTIONS = "Answer with one word."
_BUDGET, _MOST = 250, 5


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation with questions, in the order in which they are asked, and its listener."""

    seed: int
    conversation: Conversation
    asked: Sequence[tuple[Bucket, Question]]
    listener: Listener


class Reader(Protocol):
    """A model with a name."""

    name: str

    def answers(self, talk: Talk) -> Iterator[Answer]:
        """An answer to each question in each arm."""


class SmallReader:
    """A model of ``lstm`` or ``transformer``; its answer is the likeliest token."""

    def __init__(self, name: str, model: SmallModel, vocabulary: Vocabulary) -> None:
        self.name = name
        self._model = model.eval()
        self._vocabulary = vocabulary

    @torch.no_grad()
    def answers(self, talk: Talk) -> Iterator[Answer]:
        """See ``Reader``. The conversation is read once, from its beginning to its end."""
        tokens, read, state = self._numbers(talk.conversation.tokens), 0, None
        for bucket, question in talk.asked:
            if question.at > read:
                state = self._model.listen(tokens[:, read : question.at], state)
                read = question.at
            recalled = talk.listener.texts(question, RECALLED)
            told = question.fact.said in recalled
            for arm, memories, found in ((ALONE, [], None), (WITH, recalled, told)):
                said = self._answer(prompt(question.fact.asked, memories), state)
                right = said == question.fact.value.lower()
                yield Answer(self.name, arm, talk.seed, bucket, right, found)

    def _answer(self, words: Sequence[str], state: Any) -> str:
        features, _ = self._model(self._numbers(words), state)
        return self._vocabulary.words[int(self._model.dense(features[0, -1]).argmax())]

    def _numbers(self, tokens: Sequence[str]) -> Tensor:
        return torch.tensor([self._vocabulary.numbers(tokens)])


class GeneratorReader:
    """Any generator; it reads the end of the conversation, and is right if it says the word.

    Args:
        window: Most tokens of the conversation, as the generator counts them.
        most: Questions of a bucket; the first ones.
    """

    def __init__(self, name: str, generator: Generator, window: int, most: int) -> None:
        self.name = name
        self._generator = generator
        self._window = window
        self._most = most

    def answers(self, talk: Talk) -> Iterator[Answer]:
        """See ``Reader``."""
        for bucket in dict.fromkeys(bucket for bucket, _ in talk.asked):
            of_bucket = (question for each, question in talk.asked if each == bucket)
            for question in islice(of_bucket, self._most):
                block = talk.listener.context(question, _MOST, _BUDGET)
                told = question.fact.said in (each.record.text for each in block.recollections)
                earlier = self._earlier(talk.conversation.turns[: question.turn])
                for arm, context, found in ((ALONE, None, None), (WITH, block, told)):
                    right = self._is_right(question.fact, context, earlier)
                    yield Answer(self.name, arm, talk.seed, bucket, right, found)

    def _is_right(self, fact: Fact, context: Context | None, earlier: tuple[Message, ...]) -> bool:
        said = self._generator.generate(Prompt(fact.asked, context, earlier, _INSTRUCTIONS))
        return fact.value.lower() in tokens_of(said)

    def _earlier(self, turns: Sequence[str]) -> tuple[Message, ...]:
        """The last turns that fit, so that the one before the question is answered."""
        room, first = self._window, len(turns)
        while first and (room := room - self._generator.count_tokens(turns[first - 1])) >= 0:
            first -= 1
        kept = turns[first + (len(turns) - first) % 2 :]
        return tuple(map(Message, cycle(("user", "assistant")), kept))
