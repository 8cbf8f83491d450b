"""Measurement of a way to write facts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from statistics import fmean

from remem.benchmarks.horizon.conversations import Fact, world
from remem.benchmarks.writes.writers import Writer

PROBES = 10
"""Facts that are written first and asked for again and again."""

_EDITED, _BESIDE = 5, 10
"""Facts that are changed, as many that are forgotten, and those that neither should harm."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The state of things after further facts.

    Attributes:
        further: How many were written after the probes.
        share: Of the probes that are still answered.
        perplexity: For other text; None where no model is involved.
    """

    further: int
    share: float
    perplexity: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """All that is measured of a writer. Shares are in [0, 1].

    Attributes:
        seconds: Of processor time that a fact takes to write, as the mean over the probes.
        learned: Probes that were answered when they had just been written.
        kept: After how many further facts what is kept.
        updated: Changed facts whose new answer is given.
        found: Forgotten facts that something still leads to.
        harmed: Of the facts beside them that were answered before some were changed and forgotten,
            those that were not answered any more.
    """

    name: str
    seconds: float
    learned: float
    kept: tuple[Kept, ...]
    updated: float
    found: float
    harmed: float


def some_facts(count: int, seed: int) -> list[Fact]:
    """Facts about different things; the same seed gives the same ones."""
    return world().facts(Random(seed))[:count]


def measured(
    writer: Writer,
    facts: Sequence[Fact],
    sizes: Sequence[int],
    text: str,
    tell: Callable[[str], object],
) -> Figures:
    """Write probes, then further facts up to each of the sizes; then change and forget some.

    Args:
        text: For the perplexity.
    """
    probes, further = facts[:PROBES], facts[PROBES:]
    seconds, learned = zip(*(_write(writer, probe) for probe in probes), strict=True)
    kept = kept_of(writer, probes, further, sizes, text, tell)
    written = [*probes, *further[: kept[-1].further]]
    return Figures(
        writer.name, fmean(seconds), fmean(learned), tuple(kept), *_edited(writer, written)
    )


def kept_of(
    writer: Writer,
    probes: Sequence[Fact],
    further: Sequence[Fact],
    sizes: Sequence[int],
    text: str,
    tell: Callable[[str], object],
) -> list[Kept]:
    """The state of things after the probes, and after further facts up to each of the sizes.

    Who has kept no probe is not asked to write on: none would come back.
    """
    kept = [_kept(writer, probes, 0, text)]
    for before, size in pairwise((0, *sizes)):
        if not kept[-1].share:
            break
        tell(f"{writer.name}: from {before:,} to {size:,} further facts")
        for fact in further[before:size]:
            writer.write([fact])
        kept.append(_kept(writer, probes, size, text))
    return kept


def _write(writer: Writer, fact: Fact) -> tuple[float, bool]:
    """Write a fact; returns the seconds that this took, and whether it is answered then."""
    began = time.process_time()
    writer.write([fact])
    return time.process_time() - began, writer.answers([fact])[0]


def _kept(writer: Writer, probes: Sequence[Fact], further: int, text: str) -> Kept:
    return Kept(further, fmean(writer.answers(probes)), writer.perplexity(text))


def _edited(writer: Writer, written: Sequence[Fact]) -> tuple[float, float, float]:
    """Shares of what is updated, found and harmed; see ``Figures``."""
    changed, forgotten = written[-_EDITED:], written[-2 * _EDITED : -_EDITED]
    beside = written[-2 * _EDITED - _BESIDE : -2 * _EDITED]
    answered = [fact for fact, right in zip(beside, writer.answers(beside), strict=True) if right]
    news = [_changed(fact) for fact in changed]
    for old, new in zip(changed, news, strict=True):
        writer.change(old, new)
    updated = fmean(writer.answers(news))
    for fact in forgotten:
        writer.forget(fact)
    found = fmean(writer.finds(forgotten))
    return updated, found, 1 - fmean(writer.answers(answered)) if answered else 0.0


def _changed(fact: Fact) -> Fact:
    """The fact with the next answer of its attribute."""
    values = fact.attribute.values
    return replace(fact, value=values[(values.index(fact.value) + 1) % len(values)])
