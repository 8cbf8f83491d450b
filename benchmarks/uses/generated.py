"""The five uses with a language model: the same model with memory in front of it, and without.

Samples are small, so that a model on a processor gets through in minutes; ``Gain`` tells how small.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from remem import Memory
from remem.benchmarks.answers.command import (
    WITH,
    WITHOUT,
    Respondent,
    answer_all,
    with_gold,
)
from remem.benchmarks.answers.scores import F1
from remem.benchmarks.datasets.base import Haystack
from remem.benchmarks.intervals import Interval, mean_interval
from remem.benchmarks.uses import labels
from remem.benchmarks.uses.generation import written
from remem.benchmarks.uses.labels import Rated
from remem.benchmarks.uses.summaries import Person
from remem.benchmarks.uses.translations import Messages, score
from remem.encoders.sentence_transformer import Encoder
from remem.generators.opening import Generator, Prompt
from remem.store.fulltext.tokens import tokenize
from remem.uses.translation import block

_PEOPLE = 3
_WORDS = 150
_TEXTS = 20
_MESSAGES = 10
_BUDGET = 300


@dataclass(frozen=True, slots=True)
class Gain:
    """A measure of a use, without memory and with it.

    Attributes:
        measure: What is measured, in a few words.
    """

    use: str
    measure: str
    without: Interval
    given: Interval


def _gain(use: str, measure: str, pairs: Sequence[tuple[float, float]]) -> Iterator[Gain]:
    without, given = (mean_interval([pair[at] for pair in pairs]) for at in (0, 1))
    if without and given:
        yield Gain(use, measure, without, given)


def summary_gain(generator: Generator, some: Sequence[Person], encoder: Encoder) -> Iterator[Gain]:
    """Words of the events in a summary that is asked for: of the last words, and of quotations."""
    pairs = []
    for person in islice(some, _PEOPLE):
        events = {word for event in person.events for word in event.words}
        last = " ".join(one.text for one in person.records).split()[-_WORDS:]
        request = f"Summarise what {person.name} did:\n{' '.join(last)}"
        without = generator.generate(Prompt(request))
        with Memory(":memory:", encoder=encoder) as memory:
            memory.add_records(person.records)
            given = memory.summarize(_WORDS, generator=generator).rewritten
        both = [len(events & set(tokenize(text))) / len(events) for text in (without, given)]
        pairs.append((both[0], both[1]))
    yield from _gain("summary", f"event words, from {_WORDS} last or quoted words", pairs)


def label_gain(generator: Generator, of: Rated) -> Iterator[Gain]:
    """Texts that a generator labels right: alone, and shown the nearest labelled ones."""
    many = max(labels.EXAMPLES)
    examples = of.some(range(many))
    model = examples.classifier()
    asked = of.some(range(many, min(many + _TEXTS, len(of.texts))))
    pairs = []
    for text, label, one in zip(
        asked.texts, asked.labels, model.judge(asked.vectors, asked.texts), strict=True
    ):
        request = f"Is this text good, bad or neutral? Answer with one word.\nText: {text}\nLabel:"
        known = "\n".join(
            f"Text: {examples.texts[at]}\nLabel: {examples.labels[at]}" for at, _ in one.nearest
        )
        replies = [generator.generate(Prompt(each)) for each in (request, f"{known}\n{request}")]
        hits = [float(label == _first_label(reply, model.labels)) for reply in replies]
        pairs.append((hits[0], hits[1]))
    yield from _gain("labels", f"{of.name}, right", pairs)


def _first_label(reply: str, labels: Sequence[str]) -> str | None:
    return next((word for word in tokenize(reply) if word in labels), None)


def translation_gain(generator: Generator, memory: Memory, texts: Messages) -> Iterator[Gain]:
    """chrF++ / 100 of messages that are not stored: alone, and with what is like them shown."""
    language = texts.language
    made = ((text, memory.translate(text, language)) for text in texts.new)
    near = ((text, one.matches) for text, one in made if one.origin == "none" and one.matches)
    pairs: list[tuple[float, float]] = []
    for text, matches in islice(near, _MESSAGES):
        request = f"Translate into the language {language}, and say nothing else: {text}"
        asked = (request, f"{block(matches, {})}\n\n{request}")
        both = [
            score([generator.generate(Prompt(each)).strip()], [texts.new[text]]) / 100
            for each in asked
        ]
        pairs.append((both[0], both[1]))
    yield from _gain("translation", f"into {language}, chrF++ / 100", pairs)


def answer_gain(
    generator: Generator, haystacks: Sequence[Haystack], limit: int, encoder: Encoder
) -> Iterator[Gain]:
    """Token F1 of answers; see ``bench answers``, which measures more of it."""
    respondent = Respondent(generator, encoder, _BUDGET)
    scores: dict[str, dict[str, float]] = {WITHOUT: {}, WITH: {}}
    for haystack in with_gold(haystacks, limit, lambda _: None):
        for answer in answer_all(haystack, respondent, set()):
            if F1 in answer.scores:
                scores[answer.arm][answer.question.id] = answer.scores[F1]
    pairs = [(value, scores[WITH][id]) for id, value in scores[WITHOUT].items()]
    yield from _gain("question answering", "token F1", pairs)


def generation_gain(generator: Generator, encoder: Encoder) -> Iterator[Gain]:
    """Requests whose text uses the fact or the habit of a person."""
    found = written(generator, encoder)
    pairs = list(zip(map(float, found.without), map(float, found.given), strict=True))
    yield from _gain("generation", "facts and habits used", pairs)
