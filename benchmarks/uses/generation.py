"""Generation: whether a text has the facts and the style of a person that a memory holds.

Twelve requests, each with a fact (or a habit of writing) that somebody told earlier, among what the
others told. A text uses the fact if one of some words stands in it. Small, so that a model on a
processor gets through it in minutes; its interval says how small.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from remem import Memory
from remem.encoders.sentence_transformer import Encoder
from remem.generators.opening import Generator, Prompt

FACTS = Path(str(files("remem.benchmarks"))) / "data" / "uses" / "facts.jsonl"
_BUDGET = 300
"""Tokens of memories: a small model loses itself in more."""

_K = 3


@dataclass(frozen=True, slots=True)
class Request:
    """A request, the facts that it is about, and words of which a text that uses them has one."""

    text: str
    facts: Sequence[tuple[str, str]]
    used: Sequence[str]

    def is_met(self, text: str) -> bool:
        """True if a text uses the fact."""
        return any(word in text.lower() for word in self.used)


@dataclass(frozen=True, slots=True)
class Written:
    """Uses of the fact in what a generator wrote to each request: without memory, and with it."""

    without: Sequence[bool]
    given: Sequence[bool]


def requests() -> list[Request]:
    """The requests."""
    rows = map(json.loads, FACTS.read_text("utf-8").splitlines())
    return [
        Request(
            row["request"],
            [(fact["speaker"], fact["text"]) for fact in row["facts"]],
            [word.lower() for word in row["used"]],
        )
        for row in rows
    ]


def shown(encoder: Encoder) -> list[bool]:
    """True for each request whose block has its fact: a generator can use no others."""
    asked = requests()
    with _filled(asked, encoder) as memory:
        blocks = [memory.context(each.text, budget=_BUDGET, k=_K).text for each in asked]
    return [
        any(text in block for _, text in each.facts)
        for each, block in zip(asked, blocks, strict=True)
    ]


def written(generator: Generator, encoder: Encoder) -> Written:
    """Let a generator answer each request without memory and with ``Memory.chat``."""
    asked = requests()
    without = [each.is_met(generator.generate(Prompt(each.text))) for each in asked]
    given: list[bool] = []
    for each in asked:
        with _filled(asked, encoder) as memory:
            reply = memory.chat(generator, budget=_BUDGET, k=_K).send(each.text)
        given.append(each.is_met(reply.text))
    return Written(without, given)


def _filled(asked: Sequence[Request], encoder: Encoder) -> Memory:
    memory = Memory(":memory:", encoder=encoder)
    for each in asked:
        for speaker, text in each.facts:
            memory.add(text, speaker=speaker)
    return memory
