"""Summaries against what happened: LoCoMo tells, session by session, what befell each person.

An event is told by a summary as far as its words stand in lines that this person said in that
session: words that another session has by chance tell nothing. Names and common words do not
count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from remem.benchmarks.datasets.locomo import LOCOMO
from remem.benchmarks.intervals import Interval, mean_interval
from remem.store import InvalidInput, Record
from remem.store.fulltext.tokens import STOP_WORDS, tokenize
from remem.uses.summary import Line, summarize

CHOSEN_WITH = ("conv-26", "conv-41")
"""The conversations with which ``remem.uses.summary`` was made; figures are of the others."""

BUDGETS = (100, 200, 300, 500, 1000, 2000)
"""Words of a summary."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event of somebody's life, and the session in which it is spoken of."""

    session: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Person:
    """A person of a conversation: what he said, in order, and what befell him."""

    conversation: str
    name: str
    records: Sequence[Record]
    events: Sequence[Event]


Summarizer = Callable[[Sequence[Record], int], Sequence[Line]]


def people(path: Path) -> Iterator[Person]:
    """The people of LoCoMo's conversations.

    Raises:
        InvalidInput: the file has no event summaries.
    """
    samples = {each["sample_id"]: each for each in json.loads(path.read_text("utf-8"))}
    for haystack in LOCOMO.open(path).haystacks():
        summaries = samples[haystack.namespace].get("event_summary") or {}
        for name in sorted({one.speaker for one in haystack.records if one.speaker}):
            records = [one for one in haystack.records if one.speaker == name]
            if events := list(_events(summaries, name)):
                yield Person(haystack.namespace, name, records, events)
        if not summaries:
            raise InvalidInput(f"{path} has no event summaries; the original file has them")


def _events(summaries: Mapping[str, Mapping[str, Sequence[str]]], name: str) -> Iterator[Event]:
    of_name = set(tokenize(name))
    for session, told in summaries.items():
        number = int(session.rpartition("_")[2])
        for text in told.get(name, ()):
            if words := frozenset(tokenize(str(text))) - STOP_WORDS - of_name:
                yield Event(f"session-{number:02d}", words)


def told(events: Sequence[Event], lines: Sequence[Line]) -> float:
    """The mean share of an event's words that the lines of its session have."""
    said: dict[str, set[str]] = {}
    for line in lines:
        said.setdefault(line.record.source, set()).update(tokenize(line.text))
    return fmean(len(one.words & said.get(one.session, set())) / len(one.words) for one in events)


def quoted(records: Sequence[Record], words: int) -> Sequence[Line]:
    """The summary of ``remem summarize``."""
    return summarize(records, words).lines


def last_words(records: Sequence[Record], words: int) -> Sequence[Line]:
    """The words that were said last, as a model without memory still has it in its window."""
    lines: list[Line] = []
    for record in reversed(records):
        said = record.text.split()[-words:]
        lines.append(Line(record, " ".join(said)))
        words -= len(said)
        if words <= 0:
            break
    return lines


def curve(some: Sequence[Person], summarizer: Summarizer) -> dict[float, Interval]:
    """Words of a summary -> the share of each person's events that it tells, the mean over people
    with its interval."""
    found = {
        words: mean_interval([told(one.events, summarizer(one.records, words)) for one in some])
        for words in BUDGETS
    }
    return {float(words): share for words, share in found.items() if share}
