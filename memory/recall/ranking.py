"""From the hits of several legs to one ranking. Pure.

A convex mix of normalised scores, which on turns beats reciprocal rank fusion: ranks throw away how
much better the first hit was (S. Bruch, S. Gai and A. Ingber, "An Analysis of Fusion Functions for
Hybrid Retrieval", ACM TOIS 42(1), 2023).
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from types import MappingProxyType

import numpy as np

from remem.recall.reading.question import Query
from remem.recall.recollection import Recollection
from remem.recall.signals import SIGNALS, Candidate
from remem.store import Hit, InvalidInput, Record
from remem.views import CALL, is_agents


def rank(
    query: Query, candidates: Sequence[Candidate], weights: Mapping[str, float], k: int
) -> list[Recollection]:
    """The best k candidates by the weighted mean of all legs and signals, parts explained.

    Args:
        weights: Of legs and signals by name; only their proportions matter, and what is not named
            has none.
    """
    names = [name for name, weight in weights.items() if weight]
    shares = np.array([weights[name] for name in names]) / sum(weights.values())
    parts = shares[:, None] * np.array([_values(name, query, candidates) for name in names])
    scores = np.minimum(parts.sum(axis=0), 1.0)
    keys = [each.record.key for each in candidates]
    order = sorted(zip((-scores).tolist(), keys, range(len(keys)), strict=True))
    best = [i for *_, i in order[:k]]
    return [
        Recollection(
            candidates[i].record,
            score,
            parts={name: part for name, part in zip(names, of_each, strict=True) if part},
        )
        for i, score, of_each in zip(
            best, scores[best].tolist(), parts[:, best].T.tolist(), strict=True
        )
    ]


def dated_first(query: Query, ranking: Sequence[Recollection]) -> list[Recollection]:
    """The ranking with what was said on a day that the question names in front, if that is good
    enough; of a question that asks for nothing but a time, all that was said then.

    "I ran 3 km" is nearer to "How far did I run on 3 May?" than "I ran 9 km" of that day is. Half
    as good as the best is enough, and a third if a memory is near the question by its words or
    meaning, and not by what speaks for any of its conversation.
    """
    spans = query.spans if query.only_when else [one for one in query.spans if one.is_day]
    if not spans or not ranking:
        return list(ranking)
    best, nearest = max(map(_undated, ranking)), max(map(_nearness, ranking))

    def belongs(one: Recollection) -> bool:
        said = one.record.said_at
        if said is None or not any(span.start <= said < span.end for span in spans):
            return False
        if query.only_when or _undated(one) >= best / 2:
            return True
        return _undated(one) >= best / 3 and _nearness(one) >= nearest / 5

    first: list[Recollection] = []
    others: list[Recollection] = []
    for one in ranking:
        (first if belongs(one) else others).append(one)
    least = others[0].score if others else 0.0
    return [*(one.at(max(one.score, least), "day") for one in first), *others]


def _undated(one: Recollection) -> float:
    return one.score - one.parts.get("date", 0.0)


def _nearness(one: Recollection) -> float:
    """The part of a score that the legs gave."""
    return sum(part for name, part in one.parts.items() if name.startswith(("dense", "text")))


_CALLS_AMONG = 3
"""Of so many memories in a row, one at most is what a tool did."""


def calls_apart(ranking: Sequence[Recollection]) -> list[Recollection]:
    """The ranking in which what tools did stands between what was said, as far as anything was: of
    three in a row one at most, so that fifty runs of a test hide no decision."""
    said = deque(one for one in ranking if one.record.kind != CALL)
    calls = deque(one for one in ranking if one.record.kind == CALL)
    if not calls:
        return list(ranking)
    apart: list[Recollection] = []
    since = _CALLS_AMONG  # places since the last of them
    while said and calls:
        may_call = since >= _CALLS_AMONG - 1 and calls[0].score > said[0].score
        apart.append(calls.popleft() if may_call else said.popleft())
        since = 0 if may_call else since + 1
    return _falling([*apart, *said, *calls])


def _falling(order: Sequence[Recollection]) -> list[Recollection]:
    """The same order with scores that never rise: what was put behind others is worth no more."""
    result: list[Recollection] = []
    for one in order:
        result.append(one.at(min(one.score, result[-1].score), "call") if result else one)
    return result


def merged(rankings: Sequence[Sequence[Recollection]]) -> list[Recollection]:
    """Several rankings as one, best first. Each memory stands where the ranking puts it that holds
    most of it, measured by the best of that ranking, and is as relevant as in any of them."""
    if len(rankings) == 1:
        return list(rankings[0])
    best: dict[str, Recollection] = {}
    for ranking in rankings:
        for one in ranking:
            scaled = _measured_by(one, ranking[0].score or 1.0)
            known = best.setdefault(one.record.key, scaled)
            words = tuple(dict.fromkeys((*known.words, *one.words)))
            higher = max(known, scaled, key=lambda each: each.score)
            relevance = max(known.relevance, one.relevance)
            doubt = known.doubt if known.doubt == one.doubt else ""
            best[one.record.key] = replace(higher, words=words, relevance=relevance, doubt=doubt)
    return sorted(best.values(), key=lambda one: (-one.score, one.record.key))


def _measured_by(one: Recollection, best: float) -> Recollection:
    parts = {name: part / best for name, part in one.parts.items()}
    return replace(one, score=one.score / best, parts=parts)


def candidates_of(
    legs: Mapping[str, Sequence[Hit]],
    also: Iterable[Record],
    weights: Mapping[str, float],
    pool: int,
    idle: Collection[str] = (),
    reach: Mapping[str, float] = MappingProxyType({}),
) -> list[Candidate]:
    """The records that the legs returned, and some others that deserve a look.

    A record that a leg did not return gets nothing from it, so pools should be deep (50 or more).

    Args:
        legs: Hits by the name of the leg, each best first.
        weights: Of the legs; only their proportions matter here, and what is not named has none.
        pool: Hits that were asked of each leg.
        idle: Keys of records that are no evidence. However near they are to the question, they take
            nothing from the others.
        reach: What the best hit of a leg is worth, in [0, 1]; 1 where nothing is said.
    """
    weights = {leg: weights.get(leg, 0.0) for leg in legs}
    total = sum(weights.values())
    records = {record.key: record for record in also}
    found: dict[str, dict[str, float]] = {key: {} for key in records}
    for leg, hits in legs.items():
        found_all = leg.startswith("text") and len(hits) < pool
        worth = reach.get(leg, 1.0)
        scores = [worth * score for score in normalised(hits, 0.0 if found_all else None, idle)]
        for hit, score in zip(hits, scores, strict=True):
            record = hit.record
            records[record.key] = record
            found.setdefault(record.key, {})[leg] = score
    return [
        Candidate(
            records[key],
            hits,
            sum([weights[leg] * score for leg, score in hits.items()]) / total,
            key not in idle,
        )
        for key, hits in found.items()
    ]


def normalised(hits: Sequence[Hit], least: float | None, idle: Collection[str] = ()) -> list[float]:
    """The scores of a leg, stretched to [0, 1]: the best hit of the pool is 1, the last 0.

    When all are equal (one hit, say), all are 1.

    Args:
        least: The score that counts as 0 instead of the last hit's. A full-text search that returns
            fewer hits than it was asked for has found every text that shares a word with the
            question, and all others score 0: the last of three such hits is not worthless.
        idle: Keys of hits that no other is measured by; they are 1 at most.
    """
    if not hits:
        return []
    best = next((hit for hit in hits if hit.record.key not in idle), hits[0])
    high, low = best.score, hits[-1].score if least is None else least
    if high <= low:
        return [1.0] * len(hits)
    return [min(1.0, (hit.score - low) / (high - low)) for hit in hits]


def _values(name: str, query: Query, candidates: Sequence[Candidate]) -> list[float]:
    """Values that a signal, or else a leg, gives to the candidates."""
    if name in SIGNALS:
        return SIGNALS[name](query, candidates)
    return [each.hits.get(name, 0.0) for each in candidates]


# The weights of legs and signals, and how they depend on who speaks in a memory.
#
# What is worth asking differs between three kinds of memory. Where people take turns, an answer
# follows its question and needs its neighbours to be understood. What one voice says, a diary or
# single statements, stands alone: its neighbours speak of other things. And where an assistant
# takes part, what counts is what the person said, wishes and questions included, not what the
# assistant made of it. A memory that is something of each gets weights in between.

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
    "dense turn": Weight(2.0, 1.0, 1.5),
    "dense window": Weight(0.25, 1.25, 1.0),
    "text turn": Weight(3.0, 2.0, 1.0),
    "text window": Weight(0.0, 1.5, 0.5),
    "session": Weight(2.0, 2.0, 1.0),
    "reply": Weight(0.5, 1.0, 0.5),
    "speaker": Weight(0.5, 1.0, 0.5),
    "statement": Weight(0.5, 1.5, 0.0),
    "room": Weight(1.5, 3.0, 1.5),
    "date": Weight(4.0, 4.0, 3.0),
    "asker": Weight(0.0, 0.0, 6.0),
    "answer": Weight(3.0, 3.0, 3.0),
    "decision": Weight(0.0, 0.0, 3.0),
    "link": Weight(2.0, 0.0, 0.0),
}
"""Of legs, of signals (``remem.recall.signals``) and of links (``remem.recall.links``). Rounded
from a listwise fit under cross-validation over five data sets; see benchmarks/README.md."""


def voices_of(records: Iterable[Record]) -> Voices:
    """The voices of some records: a fifth of them is enough for a voice to count in full. Tools
    have none."""
    speakers: Counter[str | None] = Counter()
    assistant = total = 0
    for record in records:
        if record.kind == CALL:
            continue
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


_ASKER_OF_AGENTS = 1 / 6
"""Share that is left there of the weight of "asker": most of what an agent is told are requests."""


def weights_for_agents(weights: Mapping[str, float], records: Iterable[Record]) -> dict[str, float]:
    """The weights where some of the records are of a coding agent's work, by the share of those;
    elsewhere "decision" has none, and the others stay as they are."""
    turns = [record for record in records if record.kind == "turn"]
    share = sum(map(is_agents, turns)) / len(turns) if turns else 0.0
    scales = {"decision": share, "asker": 1 - share * (1 - _ASKER_OF_AGENTS)}
    scaled = {name: weight * scales.get(name, 1.0) for name, weight in weights.items()}
    return {name: weight for name, weight in scaled.items() if weight}


_HALF_READ = 0.75
"""Share that is left of the weight of the dense legs for a question that the encoder hardly reads.
Chosen on the tuning half of the hygiene data and on MemDaily."""


def weights_of_words(weights: Mapping[str, float]) -> dict[str, float]:
    """The weights for a question in a script of which the encoder hardly reads a word: all texts in
    it are near each other, and words tell more."""
    return {
        name: weight * _HALF_READ if name.startswith("dense") else weight
        for name, weight in weights.items()
    }


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
