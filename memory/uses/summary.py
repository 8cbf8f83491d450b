"""Summaries by quotation: the sentences of a stretch of time that tell most. Pure.

Nothing is written anew, so that every line can be traced to who said it, and when. What a sentence
is worth is what the lines above it have not said yet, rare words counting more; who has news says
so early in a conversation, of himself, and with words such as "just" and "last week". Every session
gets its share of the words.

The constants were chosen with two of LoCoMo's conversations (26 and 41) and hold in others;
``remem bench uses`` has the figures.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from itertools import groupby

from remem.recall.reading.sentences import length, statements
from remem.store import Record
from remem.store.fulltext.tokens import STOP_WORDS, tokenize
from remem.store.types import ASSISTANT, TOOL

_SHARE = 15
"""Least words of a stretch: where sessions would get fewer, neighbours share."""

_MORE = 1.1
"""Times its words that a stretch may take; those behind it get the fewer."""

_FEWEST_WORDS = 6
"""A sentence of fewer words is a greeting, an answer or praise more often than news."""

_LATE = 0.3
"""Loss of worth with each turn: a sentence in the eleventh is worth a quarter of the first's."""

_LONG = 0.3
"""Exponent of the words of a sentence, by which its worth is divided."""

_OWN = re.compile(r"\b(?:I|I['’](?:m|ve|d|ll)|[Mm]e|[Mm]y|[Ww]e|[Ww]e['’](?:re|ve|d|ll)|[Oo]ur)\b")
_NEWS = re.compile(
    r"\b(?:just|yesterday|today|tomorrow|recently|lately|ago|finally|next"
    r"|last (?:night|week|weekend|month|year|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
    r"|went|going to|got|been|took|met|won|lost|bought|joined|started|finished|opened|launched"
    r"|signed|moved|adopted|decided|planning)\b",
    re.IGNORECASE,
)
"""English; in other languages all sentences are alike in this."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a memory, word for word."""

    record: Record
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Sentences of memories, in the order of time.

    Attributes:
        words: How many the lines have together.
        records: How many memories they were chosen from.
        rewritten: The same in the words of a generator; empty without one.
    """

    lines: tuple[Line, ...]
    words: int
    records: int
    rewritten: str = ""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence that may be quoted.

    Attributes:
        order: Of what was said, by time and place.
        place: Of its memory in its session, the first being 0.
        words: What carries meaning in it, each once.
    """

    line: Line
    order: int
    place: int
    words: frozenset[str]
    length: int


def summarize(records: Iterable[Record], words: int) -> Summary:
    """The sentences that tell most, of at most so many words together.

    What assistants and tools said is left out where somebody else said something.
    """
    records = list(records)
    told = [one for one in records if one.origin not in (ASSISTANT, TOOL)] or records
    sessions = [list(group) for _, group in groupby(sorted(told, key=_in_time), key=_session)]
    sentences = _numbered(sessions)
    held = Counter(word for each in sentences for word in {w for one in each for w in one.words})
    rarity = {word: math.log(1 + len(sessions) / count) for word, count in held.items()}
    chosen: list[_Sentence] = []
    left, stretches = words, list(_stretches(sentences, max(1, words // _SHARE)))
    for number, stretch in enumerate(stretches):
        room = min(left, _MORE * left / (len(stretches) - number))
        picked = _picked(stretch, room, rarity)
        left -= sum(one.length for one in picked)
        chosen += picked
    chosen.sort(key=lambda one: one.order)
    return Summary(tuple(one.line for one in chosen), words - left, len(told))


def _picked(stretch: Sequence[_Sentence], room: float, rarity: dict[str, float]) -> list[_Sentence]:
    """The best sentence, then the best beside it, and so on while there is room."""
    said: set[tuple[str | None, str]] = set()
    picked: list[_Sentence] = []
    left = [one for one in stretch if one.length <= room]
    while left:
        best = max(left, key=lambda one: (_worth(one, said, rarity), -one.order))
        picked.append(best)
        room -= best.length
        said |= {(best.line.record.speaker, word) for word in best.words}
        left = [one for one in left if one is not best and one.length <= room]
        left = [one for one in left if _news(one, said)]
    return picked


def _worth(
    one: _Sentence, said: Collection[tuple[str | None, str]], rarity: dict[str, float]
) -> float:
    worth = sum(rarity[word] for word in _news(one, said))
    text = one.line.text
    worth *= (1 + bool(_OWN.search(text))) * (1 + bool(_NEWS.search(text)))
    return worth / (1 + _LATE * one.place) / math.pow(one.length, _LONG)


def _news(one: _Sentence, said: Collection[tuple[str | None, str]]) -> list[str]:
    """The words that this speaker has not been quoted with; that another has is no matter."""
    speaker = one.line.record.speaker
    return sorted(word for word in one.words if (speaker, word) not in said)


def _numbered(sessions: Iterable[Sequence[Record]]) -> list[list[_Sentence]]:
    """The sentences of each session that may be quoted."""
    order = 0
    found: list[list[_Sentence]] = []
    for session in sessions:
        found.append([])
        for record in session:
            place = max(0, record.position - session[0].position)
            for text in statements(record.text):
                size = length(text)
                if size >= _FEWEST_WORDS:
                    words = frozenset(tokenize(text)) - STOP_WORDS
                    found[-1].append(_Sentence(Line(record, text), order, place, words, size))
                    order += 1
    return found


def _stretches(sessions: Sequence[Sequence[_Sentence]], most: int) -> Iterator[Sequence[_Sentence]]:
    """The sessions in their order, neighbours put together until there are at most so many."""
    sessions = [each for each in sessions if each]
    count = min(len(sessions), most)
    for number in range(count):
        first, end = (len(sessions) * at // count for at in (number, number + 1))
        yield [one for session in sessions[first:end] for one in session]


def _in_time(record: Record) -> tuple[bool, datetime, str, int, str]:
    moment = _day_of(record) or datetime.max.replace(tzinfo=timezone.utc)
    return (record.said_at is None, moment, record.source, record.position, record.key)


def _day_of(record: Record) -> datetime | None:
    at = record.said_at
    return at and at.replace(hour=0, minute=0, second=0, microsecond=0)


def _session(record: Record) -> tuple[str, date | None]:
    """A day of a source: notes of years are no session."""
    return record.source, record.said_at and record.said_at.date()
