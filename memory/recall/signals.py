"""Signals that speak for a candidate besides the hits of its own, each in [0, 1]. Pure.

Every signal is worth something on conversations of two kinds (short chat turns of two people, long
turns to an assistant); what each adds is a row of the ablation table in benchmarks/README.md.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from remem.recall.answers import answer_held, kinds_of_answer
from remem.recall.dates import Span, time_spans
from remem.recall.decisions import decides
from remem.recall.languages import asks_for_anything, common_words, spoken, topic_of
from remem.recall.sentences import asks, room, statement_share
from remem.store import InvalidInput, Record
from remem.store.fulltext.folding import CAPITALS, folded
from remem.store.fulltext.tokens import (
    STOP_WORDS,
    content_words,
    split_words,
    tokenize,
    word_tokens,
)
from remem.views import CALL, is_agents


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that some leg returned.

    Attributes:
        record: What is remembered.
        hits: Its normalised score in each leg that returned it.
        evidence: The weighted mean of those over all legs, in [0, 1].
        counts: False for an echo, which speaks for no session; see ``remem.recall.echoes``.
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


def named_among(names: Set[str], speakers: Iterable[str]) -> Set[str]:
    """Those of the speakers whom a question names, if only by one of their names.

    Args:
        names: Of the question; see ``names_in``.
    """
    return {name for name in speakers if not names.isdisjoint(content_words(name))}


def names_in(question: str) -> frozenset[str]:
    """The tokens of a question that may be of a name: "will" and "de la" are none unless they are
    written as names are."""
    common = STOP_WORDS.union(*map(common_words, spoken(question)))
    capitals = set() if question.isupper() else set(_CAPITAL_WITHIN.findall(question))
    may_name = (
        word for word in split_words(question) if word in capitals or folded(word) not in common
    )
    return frozenset(token for word in may_name for token in word_tokens(word))


_CAPITAL_WITHIN = re.compile(rf"(?<=\w )[{CAPITALS}]\w+")
"""A word with a capital behind another one; "I" is none."""


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
    """Closeness of its time to one that the question names, or soon after that."""
    if not query.spans:
        return [0.0] * len(candidates)
    times = {each.record.said_at for each in candidates if each.record.said_at}
    closeness = {
        time: max((span.closeness(time) for span in query.spans), default=0.0) for time in times
    }
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
    """1 for what settles something in the work of an agent; see ``remem.recall.decisions``."""
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


# What a question says besides its words: whom it names, when it means, whether it asks at all.


@dataclass(frozen=True, slots=True)
class Query:
    """A question, read.

    Attributes:
        text: As it was asked.
        words: The tokens of all its words.
        names: Those that may be of a name; see ``names_in``.
        tokens: Its content words: token -> the word as written. The digits of a time are none:
            "on 3 May" asks for no 3 km.
        spans: The times that it names.
        topic: The question without these digits, and without the common words of its language.
    """

    text: str
    words: Set[str]
    names: Set[str]
    tokens: Mapping[str, str]
    spans: tuple[Span, ...]
    topic: str = ""

    @property
    def only_when(self) -> bool:
        """True if it asks for nothing but what was said at a time: "Anything on May 12?"."""
        if not self.spans:
            return False
        return asks_for_anything(self.without_times)

    @property
    def without_times(self) -> str:
        """Its text without the times that it names."""
        return _without(self.text, self.spans)


def _without(text: str, spans: Sequence[Span]) -> str:
    for span in spans:
        text = text.replace(span.phrase, " ")
    return text


def read_query(text: str, now: datetime | None) -> Query:
    """Read a question.

    Args:
        now: When it is asked, which decides what "last week" means; None: not known.

    Raises:
        InvalidInput: ``now`` has no time zone.
    """
    if now is not None and now.utcoffset() is None:
        raise InvalidInput(f"now is {now}, without a time zone; pass one, as now.astimezone() does")
    spans = time_spans(text, now)
    topic = topic_of(_without_digits(text, spans))
    words = content_words(topic) if tokenize(topic) else {}
    untimed = _without(text, spans)
    return Query(text, frozenset(tokenize(text)), names_in(untimed), words, spans, topic)


def _without_digits(text: str, spans: Sequence[Span]) -> str:
    """The text without the numbers in the words that name a time."""
    for span in spans:
        text = text.replace(span.phrase, _NUMBER.sub(" ", span.phrase))
    return text


_NUMBER = re.compile(r"\d+(?:st|nd|rd|th)?")
