"""The prompt of a system that builds none itself."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from benchmarks.datasets.base import Question
from memory import Memory
from memory.recall.prompt import Context, build_context
from memory.recall.ranking import Recollection

__all__ = ["MOST_IN_PROMPT", "prompt_of"]

MOST_IN_PROMPT: int = inspect.signature(Memory.context).parameters["k"].default
"""Recollections offered to the prompt: as many as remem offers."""


def prompt_of(ranking: Sequence[Recollection], question: Question, budget: int) -> Context:
    """A ranking through remem's prompt builder, so that only the ranking differs."""
    return build_context(ranking, budget=budget, query=question.text, now=question.asked_at)
