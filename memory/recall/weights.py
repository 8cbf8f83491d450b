"""The weights of legs and signals, and how they depend on who speaks in a memory. Pure.

What is worth asking differs between three kinds of memory. Where people take turns, an answer
follows its question and needs its neighbours to be understood. What one voice says, a diary or
single statements, stands alone: its neighbours speak of other things. And where an assistant takes
part, what counts is what the person said, wishes and questions included, not what the assistant
made of it. A memory that is something of each gets weights in between.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass

from store import InvalidInput, Record

__all__ = ["WEIGHTS", "Voices", "Weight", "check_weights", "voices_of", "weights_among"]

_ENOUGH = 0.2
"""Share of the records from which on another voice counts as fully part of the conversation."""


@dataclass(frozen=True, slots=True)
class Voices:
    """The voices of a memory, as shares that make 1.

    Attributes:
        one: How much of a single voice it is.
        people: How much people take turns.
        assistant: How much an assistant takes part.
    """

    one: float
    people: float
    assistant: float


@dataclass(frozen=True, slots=True)
class Weight:
    """The weight of a leg or signal in each kind of memory, 0 or more; see ``Voices``."""

    one: float
    people: float
    assistant: float

    def among(self, voices: Voices) -> float:
        """The weight in a memory of these voices."""
        return (
            self.one * voices.one + self.people * voices.people + self.assistant * voices.assistant
        )

    @staticmethod
    def of(weight: float | Weight) -> Weight:
        """A number as the same weight in every kind of memory."""
        return weight if isinstance(weight, Weight) else Weight(weight, weight, weight)


WEIGHTS: Mapping[str, Weight] = {
    #                       one voice, people, an assistant
    "dense turn": Weight(1.5, 1.0, 1.5),
    "dense window": Weight(1.0, 1.25, 1.0),
    "text turn": Weight(3.0, 2.0, 1.0),
    "text window": Weight(0.0, 1.5, 0.5),
    "session": Weight(2.0, 2.0, 1.0),
    "reply": Weight(0.5, 1.0, 0.5),
    "speaker": Weight(0.5, 1.0, 0.5),
    "statement": Weight(0.5, 1.5, 0.0),
    "room": Weight(1.5, 3.0, 1.5),
    "date": Weight(4.0, 4.0, 3.0),
    "asker": Weight(0.0, 0.0, 6.0),
    "link": Weight(2.0, 0.0, 0.0),
}
"""Of legs, of signals (``memory.recall.signals``) and of links (``memory.recall.links``). Rounded
from a listwise fit under cross-validation over five data sets; see benchmarks/README.md."""


def voices_of(records: Iterable[Record]) -> Voices:
    """The voices of some records: a fifth of them is enough for a voice to count in full."""
    speakers: Counter[str | None] = Counter()
    assistant = total = 0
    for record in records:
        total += 1
        if record.role == "assistant":
            assistant += 1
        else:
            speakers[record.speaker] += 1
    if not total:
        return Voices(1.0, 0.0, 0.0)
    del speakers[None]
    others = speakers.total() - max(speakers.values(), default=0)
    helped = min(1.0, assistant / total / _ENOUGH)
    people = (1.0 - helped) * min(1.0, others / total / _ENOUGH)
    return Voices(1.0 - helped - people, people, helped)


def weights_among(weights: Mapping[str, float | Weight], voices: Voices) -> dict[str, float]:
    """The weights that count in a memory of these voices, by name; those of 0 are left out."""
    among = {name: Weight.of(weight).among(voices) for name, weight in weights.items()}
    return {name: weight for name, weight in among.items() if weight}


def check_weights(weights: Mapping[str, float | Weight], legs: Iterable[str]) -> None:
    """Refuse weights that mean nothing.

    Raises:
        InvalidInput: a weight of something unknown, or one that is negative; no leg has a weight
            in some kind of memory.
    """
    if unknown := sorted(weights.keys() - WEIGHTS.keys()):
        known = ", ".join(WEIGHTS)
        raise InvalidInput(f"there is nothing called {unknown[0]!r} to weigh; use {known}")
    for name, weight in weights.items():
        for number in astuple(Weight.of(weight)):
            if not (math.isfinite(number) and number >= 0):
                raise InvalidInput(f"the weight of {name!r} is {number}; give 0 or more")
    of_legs = [astuple(Weight.of(weights[leg])) for leg in legs if leg in weights]
    if not of_legs or not all(map(any, zip(*of_legs, strict=True))):
        raise InvalidInput(f"nothing would be found; give one of {', '.join(legs)} a weight")
