"""Trust in what a memory says of itself: its relevance is a probability, its silence justified.

Relevance is compared with gold, and with questions about the wrong person; a floor is judged by
what it silences (small talk, code, questions about strangers) and by the evidence it takes away.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from statistics import fmean

import numpy as np

from remem.benchmarks.datasets.abstention import AbstentionMessage
from remem.benchmarks.datasets.base import Haystack, Question, gold_of
from remem.benchmarks.intervals import Interval, mean_interval, share_interval
from remem.benchmarks.metrics import BUDGET, DEPTH, EVIDENCE, Outcome, gold_shown
from remem.benchmarks.systems.base import Searcher, prompt_of
from remem.recall.recollection import Recollection
from remem.recall.relevance import FLOOR

ABOUT_OTHERS = "questions about other people"
"""The category of ``questions_about_others``."""

MOST_HAYSTACKS = 5
"""Haystacks that are asked what they have nothing to say on: the data may have hundreds."""

_MOST_MESSAGES = 200


def as_questions(messages: Sequence[AbstentionMessage]) -> list[Question]:
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
class Abstention:
    """Counts, by kind of message, how often the prompt stays empty.

    Bounded: the first few haystacks are asked, and of each group of messages a sample.

    Attributes:
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


# Questions about the wrong person: the same question with the name of another speaker.
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


FIRST = 30
"""Memories of a ranking that are looked at: more do not fit into a prompt."""

_BINS = 10


@dataclass(frozen=True, slots=True)
class Judgement:
    """One memory that was recalled for one question.

    Attributes:
        relevance: How likely it was said to matter, in [0, 1].
    """

    relevance: float
    matters: bool


def judgements(outcome: Outcome) -> Iterator[Judgement]:
    """The first memories of a ranking, each with the gold's word on it.

    Of a question without an answer nothing matters but what the data cites; one that has an answer
    and names no gold says nothing.
    """
    question = outcome.question
    evidence, sources = gold_of(question.evidence), gold_of(question.sources)
    if question.answerable and not (evidence or sources):
        return
    for one in islice(outcome.ranking, FIRST):
        gold = one.record.key in evidence if evidence else one.record.source in sources
        yield Judgement(one.relevance, gold)


def reliability(judged: Iterable[Judgement]) -> dict[float, Interval]:
    """The diagram: mean relevance of each tenth of [0, 1] -> the share of its memories that matter,
    with its interval. A tenth into which nothing falls is left out."""
    return {
        fmean(one.relevance for one in members): interval
        for members in _bins(judged).values()
        if (interval := share_interval(sum(one.matters for one in members), len(members)))
    }


def calibration_error(diagram: Mapping[float, Interval]) -> float | None:
    """The expected calibration error: the mean distance between relevance and share, each tenth by
    how many memories it has. None of an empty diagram."""
    total = sum(share.count for share in diagram.values())
    if not total:
        return None
    distances = (abs(said - share.mean) * share.count for said, share in diagram.items())
    return sum(distances) / total


def _bins(judged: Iterable[Judgement]) -> dict[int, Sequence[Judgement]]:
    bins: dict[int, list[Judgement]] = {}
    for one in judged:
        bins.setdefault(min(int(one.relevance * _BINS), _BINS - 1), []).append(one)
    return dict(sorted(bins.items()))


# Separation: how well a score tells two kinds of questions apart. Pure.


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float | None:
    """The area under the ROC curve: how often a score that should be high is above one that should
    be low, ties being half. .5 is chance; None where either is empty."""
    if not higher or not lower:
        return None
    below = np.sort(np.asarray(lower, dtype=np.float64))
    scores = np.asarray(higher, dtype=np.float64)
    beaten = np.searchsorted(below, scores, "left") + np.searchsorted(below, scores, "right")
    return float(beaten.mean() / (2 * len(below)))


def top_relevance(ranking: Sequence[Recollection]) -> float:
    """The highest relevance that was given; 0 if nothing was recalled."""
    return max((one.relevance for one in ranking), default=0.0)


FLOORS = tuple(sorted({0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.4, 0.8, FLOOR}))
"""The floors that are tried, the default among them."""

Shown = Mapping[str, float | None]
"""Of one question: each piece of gold -> its relevance in a prompt without a floor, None where it
does not stand there."""

Curve = dict[float, Interval]


def unfloored(outcome: Outcome, texts: Mapping[str, str]) -> Shown:
    """The gold that a prompt shows when nothing is held back."""
    context = prompt_of(outcome.ranking, outcome.question, BUDGET)
    return gold_shown(outcome.question, context, texts)


def evidence_against_floor(shown: Iterable[Shown]) -> Curve:
    """Floor -> the share of the gold that prompts still show, the mean over questions.

    What a floor takes away leaves room for others, so that a little more may be shown than that.
    """
    of_questions = [list(gold.values()) for gold in shown if gold]
    means = {
        floor: mean_interval([_reach(floor, gold) for gold in of_questions]) for floor in FLOORS
    }
    return {floor: mean for floor, mean in means.items() if mean}


def silence_against_floor(relevances: Sequence[float]) -> Curve:
    """Floor -> the share of prompts that stay empty."""
    shares = {
        floor: share_interval(sum(one < floor for one in relevances), len(relevances))
        for floor in FLOORS
    }
    return {floor: share for floor, share in shares.items() if share}


def _reach(floor: float, gold: Sequence[float | None]) -> float:
    return sum(one is not None and one >= floor for one in gold) / len(gold)


UNFLOORED = f"evidence without floor@{BUDGET}"
"""The metric of a prompt from which nothing is held back."""

CALIBRATION_ERROR = "relevance ECE"
TAKEN = f"{EVIDENCE} taken by the floor"
RELIABILITY = "reliability"

_ANSWERABLE = "answerable"
_UNANSWERABLE = "unanswerable"
_RIGHT_PERSON = "the right person"


def against_floor(what: str) -> str:
    """The name of the curve of something against the floor."""
    return f"{what} against the floor"


@dataclass(slots=True)
class Trust:
    """Relevance compared with gold, question by question.

    Attributes:
        shown: What prompts without a floor show of each question's gold.
        tops: Kind of question -> the highest relevance that each was given.
    """

    judged: list[Judgement] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    tops: dict[str, list[float]] = field(default_factory=dict)
    asked: int = 0

    def add(self, haystack: Haystack, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
        """Take in what was recalled from a haystack.

        Returns:
            The outcomes, with the evidence that a prompt without a floor has.
        """
        texts = {record.key: record.text for record in haystack.records}
        return tuple(self._add(outcome, texts) for outcome in outcomes)

    def ask(self, searcher: Searcher, haystack: Haystack, outcomes: Sequence[Outcome]) -> None:
        """Put the questions about the wrong person; to the first haystacks only."""
        if self.asked == MOST_HAYSTACKS:
            return
        self.asked += 1
        known = {outcome.question.id: outcome.ranking for outcome in outcomes}
        for right, wrong in wrong_person(haystack):
            self._note(_RIGHT_PERSON, known[right.id])
            self._note(WRONG_PERSON, searcher.search(wrong, DEPTH))

    def figures(self, abstention: Abstention) -> dict[str, float]:
        """The figures that there is data for."""
        answerable = self.tops.get(_ANSWERABLE, [])
        found = {
            CALIBRATION_ERROR: calibration_error(reliability(self.judged)),
            TAKEN: fmean(self.taken) if self.taken else None,
            "AUROC wrong person": auroc(
                self.tops.get(_RIGHT_PERSON, []), self.tops.get(WRONG_PERSON, [])
            ),
            "AUROC unanswerable": auroc(answerable, self.tops.get(_UNANSWERABLE, [])),
            f"AUROC {ABOUT_OTHERS}": auroc(answerable, abstention.relevances.get(ABOUT_OTHERS, [])),
        }
        return {name: value for name, value in found.items() if value is not None}

    def curves(self, abstention: Abstention) -> dict[str, dict[float, Interval]]:
        """The reliability diagram, and what prompts hold and which stay empty against the floor."""
        silent = {
            against_floor(f"empty for {kind}"): silence_against_floor(relevances)
            for kind, relevances in abstention.relevances.items()
        }
        found = {
            RELIABILITY: reliability(self.judged),
            against_floor("evidence"): evidence_against_floor(self.shown),
            **silent,
        }
        return {name: curve for name, curve in found.items() if curve}

    def _add(self, outcome: Outcome, texts: dict[str, str]) -> Outcome:
        self.judged += judgements(outcome)
        if outcome.gold or not outcome.question.answerable:
            kind = _ANSWERABLE if outcome.question.answerable else _UNANSWERABLE
            self._note(kind, outcome.ranking)
        shown = unfloored(outcome, texts)
        if not shown:
            return outcome
        self.shown.append(shown)
        share = sum(one is not None for one in shown.values()) / len(shown)
        if (floored := outcome.metrics.get(EVIDENCE)) is not None:
            self.taken.append(share - floored)
        return replace(outcome, metrics={**outcome.metrics, UNFLOORED: share})

    def _note(self, kind: str, ranking: Sequence[Recollection]) -> None:
        self.tops.setdefault(kind, []).append(top_relevance(ranking))
