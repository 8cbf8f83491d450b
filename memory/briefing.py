"""The briefing for a session that begins: what is pinned, and what the last sessions were about.

Nothing is asked yet, so nothing is searched, and no model is needed. Of each session it tells what
was asked for first and what was said last, which is where work ends and decisions stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice

from remem.contents import Contents, with_pinned
from remem.recall.prompt import build_context
from remem.recall.reading.excerpts import beginning_of, part_of
from remem.recall.recollection import Recollection
from remem.store import F, Record
from remem.store.types import SourceInfo
from remem.versions import is_current
from remem.views import CALL

BUDGET = 1000
"""Tokens of a briefing, at most."""

_SESSIONS = 6
_LAST = 24  # records of a session among which its last words are looked for
_LONGEST = 400  # characters of a memory that are shown

_MORE = (
    "More is remembered of this project: before you decide what may have been decided before, ask "
    "the tools of remem (recall, context)."
)


def briefing(memory: Contents, budget: int = BUDGET) -> str:
    """A block for the beginning of a session; empty if nothing is remembered.

    Args:
        budget: The most tokens.
    """
    block = build_context([_shortened(each) for each in worth_telling(memory)], budget=budget)
    return f"{block.text}\n{_MORE}" if block.text else ""


def worth_telling(memory: Contents) -> list[Recollection]:
    """The memories of a briefing, whole and best first: what is pinned, then the last sessions."""
    last = sorted(memory.sources(), key=_newest, reverse=True)[:_SESSIONS]
    gist = [
        Recollection(record, 1.0 - place / 100)
        for place, source in enumerate(last)
        for record in _gist(memory, source)
    ]
    return with_pinned(memory.pinned(), gist)


def _newest(source: SourceInfo) -> datetime:
    return source.last_said_at or datetime.min.replace(tzinfo=timezone.utc)


def _gist(memory: Contents, source: SourceInfo) -> Iterator[Record]:
    """The first request and the last answer of a session; of notes, the last two."""
    ends = [record for record in memory.last(source.source, _LAST) if record.kind != CALL]
    if not any(record.role == "assistant" for record in ends):
        yield from ends[-2:]
        return
    first = F("source").in_([source.source]) & F("role").in_(["user"])
    asked = list(islice(_current(memory.scan(first)), 1))
    answer = [record for record in ends if record.role == "assistant"][-1:]
    yield from {record.key: record for record in (*asked, *answer)}.values()


def _current(records: Iterable[Record]) -> Iterator[Record]:
    return (record for record in records if is_current(record))


def _shortened(one: Recollection) -> Recollection:
    text = one.record.text
    if len(text) <= _LONGEST:
        return one
    span = (0, len(beginning_of(text, _LONGEST)))
    return replace(one, record=replace(one.record, text=part_of(text, span)), span=span)
