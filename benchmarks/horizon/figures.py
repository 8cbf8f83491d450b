"""Accuracy over distance, and the horizon. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from remem.benchmarks.horizon.conversations import Bucket
from remem.benchmarks.intervals import Interval, share_interval

ALONE = "alone"
WITH = "with remem"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a model to a question, with memory or without.

    Attributes:
        seed: Of the model and of the questions.
        found: True if the fact was among what was recalled; None where nothing was to be recalled.
    """

    model: str
    arm: str
    seed: int
    bucket: Bucket
    right: bool
    found: bool | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Right answers of a model by distance, nearest first.

    Attributes:
        shares: Of all questions of a bucket, with an interval.
        by_seed: The same for each seed.
        found: Share of the questions for which the fact was recalled.
    """

    model: str
    arm: str
    shares: Mapping[Bucket, Interval]
    by_seed: Mapping[Bucket, tuple[float, ...]]
    found: Mapping[Bucket, float | None]

    @property
    def name(self) -> str:
        """The model and the arm."""
        return f"{self.model} {self.arm}"

    @property
    def horizon(self) -> int:
        """The distance up to which all buckets keep half the accuracy of the nearest one."""
        reached, half = 0, next(iter(self.shares.values())).mean / 2
        for bucket, share in self.shares.items():
            if share.mean <= 0 or share.mean < half:
                break
            reached = bucket[1]
        return reached


def curves(answers: Sequence[Answer]) -> list[Curve]:
    """A curve for each model and arm that answered, in their order."""
    names = dict.fromkeys((each.model, each.arm) for each in answers)
    return [
        _curve(*name, [each for each in answers if (each.model, each.arm) == name])
        for name in names
    ]


def _curve(model: str, arm: str, answers: Sequence[Answer]) -> Curve:
    near_first = sorted({each.bucket for each in answers})
    parts = {bucket: [each for each in answers if each.bucket == bucket] for bucket in near_first}
    return Curve(
        model,
        arm,
        {bucket: _interval([each.right for each in part]) for bucket, part in parts.items()},
        {bucket: _by_seed(part) for bucket, part in parts.items()},
        {bucket: _found(part) for bucket, part in parts.items()},
    )


def _interval(values: Sequence[bool]) -> Interval:
    interval = share_interval(sum(values), len(values))
    assert interval is not None, "a bucket has answers"
    return interval


def _by_seed(answers: Sequence[Answer]) -> tuple[float, ...]:
    seeds = sorted({each.seed for each in answers})
    return tuple(fmean(each.right for each in answers if each.seed == seed) for seed in seeds)


def _found(answers: Sequence[Answer]) -> float | None:
    found = [each.found for each in answers if each.found is not None]
    return fmean(found) if found else None
