"""The language model that is asked, and into whose weights facts are written."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from remem.benchmarks.writes.lora import adapt

RANK = 8
LAYERS = 10
"""Layers with adapters, the last ones: with all of them, a step takes twice as long."""

ADAPTED = ("q_proj", "v_proj", "up_proj", "down_proj")
MOST_STEPS = 20

_IGNORED = -100
_AT_ONCE = 16
_PASSAGE = 256


class Student:
    """A causal language model with low-rank adapters.

    Args:
        tokenizer, model: As transformers loads them, the weights in float32.
    """

    def __init__(self, tokenizer: Any, model: Any) -> None:
        self._tokenizer = tokenizer
        self._model = model.requires_grad_(False)
        self._adapters = adapt(model.model.layers[-LAYERS:], ADAPTED, RANK)

    def reset(self, seed: int) -> None:
        """Unlearn everything that was written."""
        torch.manual_seed(seed)
        for adapter in self._adapters:
            adapter.reset()

    def write(self, pairs: Sequence[tuple[str, str]], rate: float, new: int) -> int:
        """Take steps of Adam until the new pairs are answered; returns how many these were.

        Args:
            pairs: Texts and how they go on.
            rate: Of learning.
            new: How many of the pairs are new; the others are rehearsed in every step.
        """
        optimiser = torch.optim.Adam(
            [each for one in self._adapters for each in one.parameters(recurse=False)], rate
        )
        inputs, targets = self._rows(pairs)
        for step in range(MOST_STEPS):
            scores = self._scores(inputs)
            if bool(_likeliest(scores, targets)[:new].all()):
                return step
            optimiser.zero_grad()
            cross_entropy(scores.flatten(0, 1), targets.flatten(), ignore_index=_IGNORED).backward()
            optimiser.step()
        return MOST_STEPS

    @torch.no_grad()
    def goes_on(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """For each text, whether the likeliest tokens behind it are those of the pair."""
        found: list[bool] = []
        for first in range(0, len(pairs), _AT_ONCE):
            inputs, targets = self._rows(pairs[first : first + _AT_ONCE])
            found += _likeliest(self._scores(inputs), targets).tolist()
        return found

    @torch.no_grad()
    def perplexity(self, text: str) -> float:
        """Perplexity of a text, read in passages of 256 tokens."""
        tokens = torch.tensor(self._tokenizer(text).input_ids)
        losses = [
            cross_entropy(self._scores(passage[None, :-1])[0], passage[1:], reduction="none")
            for passage in tokens.split(_PASSAGE)
            if len(passage) > 1
        ]
        return exp(float(torch.cat(losses).mean()))

    def _scores(self, inputs: Tensor) -> Tensor:
        """Scores of every next token: [rows, length] to [rows, length, vocabulary]."""
        scores: Tensor = self._model(input_ids=inputs).logits
        return scores

    def _rows(self, pairs: Sequence[tuple[str, str]]) -> tuple[Tensor, Tensor]:
        """Tokens, and the next ones of those that are to be answered: both [rows, length].

        What is shorter is filled up at its end, where a causal model does not look.
        """
        rows = []
        for text, answer in pairs:
            before = self._tokenizer(text).input_ids
            after = self._tokenizer(f" {answer}").input_ids
            ignored = [_IGNORED] * (len(before) - 1)
            rows.append((before + after[:-1], ignored + after))
        longest = max(len(tokens) for tokens, _ in rows)
        inputs = [tokens + [0] * (longest - len(tokens)) for tokens, _ in rows]
        targets = [after + [_IGNORED] * (longest - len(after)) for _, after in rows]
        return torch.tensor(inputs), torch.tensor(targets)


def _likeliest(scores: Tensor, targets: Tensor) -> Tensor:
    """For each row, whether all tokens that are to be answered are the likeliest ones."""
    return ((scores.argmax(-1) == targets) | (targets == _IGNORED)).all(-1)
