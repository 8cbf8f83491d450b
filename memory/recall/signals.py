"""Signals that speak for a candidate besides the hits of its own, each in [0, 1]. Pure.

Every signal is worth something on conversations of two kinds (short chat turns of two people, long
turns to an assistant); what each adds is a row of the ablation table in benchmarks/README.md.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from remem.recall.reading.answers import answer_held, kinds_of_answer
from remem.recall.reading.decisions import decides
from remem.recall.reading.past import asks_how_things_were
from remem.recall.reading.question import Query, named_among
from remem.recall.reading.sentences import asks, room, statement_share
from remem.store import Record
from remem.views import CALL, is_agents


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that some leg returned.

    Attributes:
        record: What is remembered.
        hits: Its normalised score in each leg that returned it.
        evidence: The weighted mean of those over all legs, in [0, 1].
        counts: False for an echo, which speaks for no session; see ``order.echoes``.
    """

    record: Record
    hits: Mapping[str, float]
    evidence: float
    counts: bool = True


def _session(query: Query, candidates: Sequence[Candidate]) -> list[float]:  # noqa: ARG001
    """Evidence in the whole session or document: where much of it speaks of the matter, a turn that
    says it in other words is likelier. Root of the sum of squares, so that a few strong turns count
    for more than many weak ones; the strongest session has 1."""
    squares: defaultdict[str, float] = defaultdict(float)
    for each in candidates:
        if each.counts:
            squares[each.record.source] += each.evidence**2
    highest = max(squares.values(), default=0.0) or 1.0
    roots = {source: math.sqrt(square / highest) for source, square in squares.items()}
    return [roots.get(each.record.source, 0.0) for each in candidates]


def _reply(query: Query, candidates: Sequence[Candidate]) -> list[float]:  # noqa: ARG001
    """The evidence of the turn before, where that asks: the answer follows the question, and
    seldom repeats its words."""
    turns: defaultdict[str, list[Candidate]] = defaultdict(list)
    for each in candidates:
        turns[each.record.source].append(each)
    values = dict.fromkeys((each.record.key for each in candidates), 0.0)
    for said in turns.values():
        said.sort(key=lambda each: each.record.position)
        for before, each in pairwise(said):
            if each.record.kind == "turn" and _follows(each.record, before.record):
                values[each.record.key] = before.evidence if asks(before.record.text) else 0.0
    return [values[each.record.key] for each in candidates]


def _follows(record: Record, before: Record) -> bool:
    """True if a record comes next, or soon where its position is the time in microseconds, as
    chats are imported that may be exported again with more turns."""
    apart = record.position - before.position
    return apart == 1 or (record.position > _IS_TIME and 0 < apart <= _SOON)


_IS_TIME = 10**12
_SOON = 3_600_000_000
"""Microseconds: an hour."""


def _speaker(query: Query, candidates: Sequence[Candidate]) -> list[float]:
    """1 for what was said by somebody whom the question names, if only by one of their names."""
    names = {each.record.speaker for each in candidates if each.record.speaker}
    named = named_among(query.names, names)
    if not named:
        return [0.0] * len(candidates)
    return [float(each.record.speaker in named) for each in candidates]


def _statement(query: Query, candidates: Sequence[Candidate]) -> list[float]:  # noqa: ARG001
    """Share of the text that states something: a question rarely answers one."""
    return [statement_share(each.record.text) for each in candidates]


def _room(query: Query, candidates: Sequence[Candidate]) -> list[float]:  # noqa: ARG001
    """Room that a turn has to say something: "Wow, great!" is close to many questions and answers
    none. Notes and passages were written down to be found, however short they are; what a tool gave
    back says nothing by being long."""
    return [_room_of(each.record) for each in candidates]


def _room_of(record: Record) -> float:
    if record.kind == "turn":
        return room(record.text)
    return 0.0 if record.kind == CALL else 1.0


def _date(query: Query, candidates: Sequence[Candidate]) -> list[float]:
    """Closeness of its time to one that the question names, or soon after that.

    Where the question asks how things were then, what was said before is as close: that somebody
    has moved is told when it happens, and not in each month of living there.
    """
    if not query.spans:
        return [0.0] * len(candidates)
    times = {each.record.said_at for each in candidates if each.record.said_at}
    closeness = {time: max(span.closeness(time) for span in query.spans) for time in times}
    end = max(span.end for span in query.spans)
    if asks_how_things_were(query) and any(time >= end for time in times):
        closeness |= {time: 1.0 for time in times if time < end}
    return [closeness[each.record.said_at] if each.record.said_at else 0.0 for each in candidates]


def _asker(query: Query, candidates: Sequence[Candidate]) -> list[float]:  # noqa: ARG001
    """The evidence of what the person said to an assistant: what it answered was made of that."""
    return [each.evidence if each.record.role == "user" else 0.0 for each in candidates]


def _answer(query: Query, candidates: Sequence[Candidate]) -> list[float]:
    """Worth of a text that holds what the question asks for: a name, or less telling, a number or a
    time. Questions count, too: what a person asks an assistant is told of them."""
    kinds = kinds_of_answer(query.text)
    return [answer_held(each.record.text, kinds) for each in candidates]


def _decision(query: Query, candidates: Sequence[Candidate]) -> list[float]:  # noqa: ARG001
    """1 for what settles something in the work of an agent; see ``reading.decisions``."""
    return [float(is_agents(each.record) and decides(each.record.text)) for each in candidates]


SIGNALS: Mapping[str, Callable[[Query, Sequence[Candidate]], list[float]]] = {
    "session": _session,
    "reply": _reply,
    "speaker": _speaker,
    "statement": _statement,
    "room": _room,
    "date": _date,
    "asker": _asker,
    "answer": _answer,
    "decision": _decision,
}
"""By name; each gives a value to every candidate."""
