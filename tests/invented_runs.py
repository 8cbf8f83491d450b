"""Invented runs of the recall benchmark: plausible figures and words of our own, some nasty."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.intervals import Interval
from remem.benchmarks.metrics import Outcome, Run, SystemFigures
from remem.benchmarks.runs import RunDatabase
from remem.recall.ranking import WEIGHTS
from remem.recall.recollection import Recollection
from remem.store import Record

SYSTEMS: Mapping[str, tuple[float, float]] = {  # how good at finding; milliseconds
    "remem": (0.86, 9.0),
    "dense": (0.55, 6.2),
    "BM25": (0.62, 0.6),
    "RRF": (0.66, 7.1),
    "Chroma": (0.54, 4.8),
    "last 4,000 tokens": (0.05, 0.02),
}
CATEGORIES = ("single hop", "multi-hop", "temporal", "open domain", "adversarial")
NASTY = "</script><script>document.title = 'broken'</script><!-- \u2028 & <b>bold</b> \"quoted\""
PARTS = tuple(WEIGHTS)

CURVES: Mapping[str, Mapping[float, Interval]] = {
    "reliability": {
        said: Interval(said, 0.9 * said, min(1.1 * said, 1.0), 10 ** (4 - int(4 * said)))
        for said in (0.02, 0.15, 0.34, 0.55, 0.86)
    },
    "evidence against the floor": {
        floor: Interval(0.9 - floor, 0.85 - floor, 0.95 - floor, 200) for floor in (0.001, 0.1, 0.8)
    },
    "empty for small talk against the floor": {
        floor: Interval(floor**0.1, floor**0.2, floor**0.05, 40) for floor in (0.001, 0.1, 0.8)
    },
}

_MORNING = datetime(2024, 5, 8, 9, tzinfo=timezone.utc)
_PEOPLE = ("Ana", "Ben", "Chiara", "小明")
_WORDS = """the garden needs rain before we plant beans again my sister moved to Lisbon last spring
    and found a flat above a bakery that sells almond cake on Sundays 我们明天去公园 so we walk
    there with the dog who hates umbrellas but loves trains museums and cold rivers""".split()


def haystack(seed: int = 0, questions: int = 200, records: int = 300) -> Haystack:
    """A conversation, and questions about it; the first one is nasty to HTML."""
    chance = random.Random(seed)
    said = [_record(position, chance) for position in range(records)]
    asked = [_question(number, said, chance) for number in range(questions)]
    return Haystack(f"talk-{seed}", said, asked)


def outcomes(
    hay: Haystack, quality: float, milliseconds: float = 5.0, seed: int = 0
) -> list[Outcome]:
    """What a system of this quality recalls, 20 records a question."""
    chance = random.Random(f"{seed} {quality}")
    return [_outcome(hay, question, quality, milliseconds, chance) for question in hay.questions]


def write_run(
    path: Path,
    dataset: str = "LoCoMo, invented",
    systems: Mapping[str, tuple[float, float]] = SYSTEMS,
    hay: Haystack | None = None,
    digest: str = "c0ffee" * 10,
    seed: int = 0,
) -> None:
    """A whole run, added to a file."""
    hay = hay or haystack()
    run = Run(
        started_at=_MORNING,
        dataset=dataset,
        digest=digest,
        machine="AMD EPYC 9V74, 2 cores, 24 GiB, Linux, Python 3.11.2, remem 4944831",
        command="remem bench recall --data talk.json --systems all",
    )
    with RunDatabase.create(path) as runs:
        writer = runs.start(run)
        writer.add_haystack(hay)
        for name, (quality, milliseconds) in systems.items():
            writer.add(name, outcomes(hay, quality, milliseconds, seed))
            writer.add_figures(
                SystemFigures(
                    name,
                    {
                        "p50 ms": milliseconds,
                        "p95 ms": milliseconds * 1.8,
                        "records/s": 900 / milliseconds,
                        "tokens@1000": 812.4,
                    },
                    CURVES if name == "remem" else {},
                )
            )
        writer.finish(["3 questions have no evidence and were left out."])


def measured(ranks: Iterable[int | None]) -> dict[str, float]:
    """The metrics of a question whose gold stands at these ranks."""
    found = [rank or 10**6 for rank in ranks]
    metrics: dict[str, float] = {}
    for k in (1, 3, 5, 10, 20, 50):
        within = [rank <= k for rank in found]
        metrics[f"turn R@{k}"] = sum(within) / len(within)
        metrics[f"turn any@{k}"] = float(any(within))
        metrics[f"session all@{k}"] = float(sum(within) >= len(within) - 1)
        metrics[f"session any@{k}"] = float(any(rank <= 2 * k for rank in found))
    for budget in (250, 500, 1000, 2000):
        metrics[f"evidence@{budget}"] = sum(rank <= budget / 60 for rank in found) / len(found)
    return metrics


def _record(position: int, chance: random.Random) -> Record:
    words = " ".join(chance.choices(_WORDS, k=chance.choice((6, 12, 30, 90))))
    return Record(
        key=f"D{position // 20 + 1}:{position % 20 + 1}",
        source=f"session-{position // 20 + 1}",
        position=position,
        text=f"{NASTY} {words}" if position % 50 == 0 else words.capitalize() + ".",
        role="user",
        speaker=chance.choice(_PEOPLE),
        said_at=_MORNING + timedelta(days=position // 20, minutes=position),
    )


def _question(number: int, said: list[Record], chance: random.Random) -> Question:
    gold = chance.sample(said, chance.choice((1, 1, 1, 2, 3)))
    words = " ".join(chance.choices(_WORDS, k=8))
    return Question(
        id=f"q{number}",
        text=NASTY if number == 0 else f"When did {chance.choice(_PEOPLE)} say {words}?",
        category=CATEGORIES[number % len(CATEGORIES)],
        evidence={record.key: 1 for record in gold},
        sources={record.source: 1 for record in gold},
        answer="in the spring of 2024",
        asked_at=_MORNING + timedelta(days=30),
    )


def _outcome(
    hay: Haystack, question: Question, quality: float, milliseconds: float, chance: random.Random
) -> Outcome:
    ranked = chance.sample([one for one in hay.records if one.key not in question.evidence], 20)
    for record in hay.records:
        if record.key in question.evidence and chance.random() < quality:
            ranked.insert(min(int(chance.expovariate(quality / 2.5)), 19), record)
    ranking = tuple(_recollection(record, rank, chance) for rank, record in enumerate(ranked[:20]))
    places = {one.record.key: rank for rank, one in enumerate(ranking, start=1)}
    gold = {key: places.get(key) for key in question.evidence}
    spent = milliseconds * chance.uniform(0.7, 1.6)
    return Outcome(hay.namespace, question, ranking, gold, measured(gold.values()), spent)


def _recollection(record: Record, rank: int, chance: random.Random) -> Recollection:
    score = 0.95 * 0.93**rank
    shares = [chance.random() for _ in PARTS]
    parts = {part: score * share / sum(shares) for part, share in zip(PARTS, shares, strict=True)}
    return Recollection(record, score, relevance=0.8 * score, parts=parts)
