"""Updates: later words about the same as an earlier statement, whatever they are. Pure.

"I drive an old Corolla", "Traded the Corolla in for a Fabia", "The Fabia died, bought a used Mazda
yesterday": no list of wordings ends, but an update leans on what it replaces. It names the old
value, or it has another value of the same kind beside words of the same matter, and tells of a
change. For a question of the present that such statements answer, the last of them comes first; for
one about a time, the last of that time. Nothing is marked for that, because it depends on the
question, and on what else comes up for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import stopwordsiso

from remem.recall.claims import State, claims
from remem.recall.ranking import Recollection
from remem.recall.sentences import asks
from remem.recall.signals import Query
from remem.recall.states import Language, languages
from remem.recall.truth import asked_for, looks_back
from remem.store import Record
from remem.store.fulltext.tokens import tokenize

_MOST_PLACES = 24
_MOST_CHARACTERS = 240
"""Of a statement; longer ones hold a value of each kind."""

_NEAR_PLACES = 10
"""Places within which there is a statement to be updated, if there is one."""

_NEXT_PLACES = 4
"""Places behind it in which another value of the same kind is one of the same matter."""

Values = Mapping[str, frozenset[str]]
"""Kind -> the values of this kind in a text."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement among what was recalled.

    Attributes:
        words: Tokens but those that are in statements of any matter.
        changes: It tells of a change.
        is_own: It speaks of who says it.
        is_elsewhere: It is about something else, or about others.
    """

    place: int
    record: Record
    moment: tuple[datetime, str, int]
    values: Values
    tokens: Set[str]
    words: Set[str]
    changes: bool
    is_own: bool
    is_elsewhere: bool


def updates_first(
    question: Query, asked: Set[State], ranking: Sequence[Recollection], now: datetime | None
) -> list[Recollection]:
    """The ranking with the last update of what answers the question in front of what it updates.

    Args:
        asked: The states that the question asks for.
        ranking: Best first.
        now: When it is asked, after which nothing counts; None: not known.
    """
    language = _of_ones_own(question)
    if language is None or looks_back(question) or any(span.is_day for span in question.spans):
        return list(ranking)
    if not question.spans and _PAST.search(question.text):
        return list(ranking)
    wanted = question.tokens.keys() - _common()
    said = list(_said(ranking, asked, wanted, language))
    near = [each for each in said if each.place < _NEAR_PLACES and not each.is_elsewhere]
    anchors = [each for each in near if each.is_own][:1] + near[:1]
    if not anchors:
        return list(ranking)
    of_a_time = bool(question.spans)
    chains = [_chain(each, said, wanted, of_a_time) for each in anchors] + [_next_to(anchors[0], said)]
    chain = next((each for each in chains if len(each) > 1), [])
    moment = asked_for(question, now)
    true = [each for each in chain if moment is None or each.moment[0] < moment]
    if not true:
        return list(ranking)
    return _with_first(ranking, true[-1].place, min(each.place for each in chain))


def _of_ones_own(question: Query) -> Language | None:
    """The language of a question about whoever asks; None: it is about something else."""
    return next((each for each in languages() if each.own.search(question.text)), None)


def _said(
    ranking: Sequence[Recollection], asked: Set[State], wanted: Set[str], language: Language
) -> Iterator[_Said]:
    """What one person stated among the first, but for claims of other states than those asked."""
    speaker: str | None | object = _NOBODY
    for place, one in enumerate(ranking[:_MOST_PLACES]):
        record = one.record
        if record.role == "assistant" or record.said_at is None:
            continue
        text = record.text
        if len(text) > _MOST_CHARACTERS or asks(text) or record.kind not in ("turn", "note"):
            continue
        if speaker is _NOBODY:
            speaker = record.speaker
        states = {each.state for each in claims(text)}
        if record.speaker != speaker:
            continue
        moment = (record.said_at, record.source, record.position)
        changes = language.change.search(text) is not None or _CHANGED.search(text) is not None
        tokens = frozenset(tokenize(text))
        is_own = language.own.search(text) is not None
        is_elsewhere = bool(asked and states and states.isdisjoint(asked))
        if not is_own and (other := _OF_OTHERS.match(text)):
            subject = frozenset(tokenize(other[1])) - _common() - wanted
            is_elsewhere = is_elsewhere or bool(subject)
        values, words = _values(text), tokens - _common()
        yield _Said(
            place, record, moment, values, tokens, words, changes, is_own, is_elsewhere
        )


def _chain(anchor: _Said, said: Sequence[_Said], wanted: Set[str], of_a_time: bool) -> list[_Said]:
    """The statements that update each other, the anchor among them, the oldest first.

    Args:
        of_a_time: Also those that the anchor updates.
    """
    chain = [anchor]
    for each in sorted(said, key=lambda one: one.moment):
        if each.moment > anchor.moment and any(_leans(each, old, wanted) for old in chain):
            chain.append(each)
    for each in sorted(said, key=lambda one: one.moment, reverse=True):
        if of_a_time and each.moment < anchor.moment and _leans(chain[0], each, wanted):
            chain.insert(0, each)
    return chain


def _next_to(anchor: _Said, said: Sequence[_Said]) -> list[_Said]:
    """A statement, and the nearest behind it that may update it."""
    near = (each for each in said if anchor.place < each.place <= anchor.place + _NEXT_PLACES)
    return [anchor, *[each for each in near if _may_update(each, anchor)][:1]]


def _leans(newer: _Said, older: _Said, wanted: Set[str]) -> bool:
    """True if a later statement names what an earlier one says, or the same matter with another
    value."""
    if newer.changes and not older.values["name"].isdisjoint(newer.tokens):
        return True
    if newer.is_elsewhere or not _has_other_value(newer, older):
        return False
    if newer.changes and _is_close(newer.values["number"], older.values["number"]):
        return True
    matter = newer.words - _all(newer.values)
    is_wanted = not matter.isdisjoint(wanted) and not older.words.isdisjoint(wanted)
    is_theirs = newer.changes or newer.is_own or not older.is_own
    return is_theirs and (is_wanted or not matter.isdisjoint(older.words))


def _may_update(newer: _Said, older: _Said) -> bool:
    """True if a later statement tells of a change and has another value of the same kind."""
    is_later = newer.moment > older.moment and newer.changes and not newer.is_elsewhere
    return is_later and _has_other_value(newer, older)


def _has_other_value(newer: _Said, older: _Said) -> bool:
    if any(_differs(newer.values[kind], older.values[kind]) for kind in _KINDS if kind != "number"):
        return True
    counts = newer.values["number"], older.values["number"]
    return _differs(*counts) and (_is_close(*counts) or not all(map(_amounts, counts)))


def _is_close(newer: Set[str], older: Set[str]) -> bool:
    """True if a number has become a little more or less."""
    return any(
        a != b and max(a, b) <= _MOST_CHANGE * min(a, b)
        for a in _amounts(newer)
        for b in _amounts(older)
    )


def _amounts(numbers: Set[str]) -> list[int]:
    """The large ones of some numbers."""
    read = [int(digits) for each in numbers if (digits := _SIGNS.sub("", each))]
    return [each for each in read if each >= _LEAST_AMOUNT]


def _differs(newer: Set[str], older: Set[str]) -> bool:
    return bool(newer and older) and not newer & older


def _all(values: Values) -> Set[str]:
    return frozenset().union(*values.values())


def _with_first(ranking: Sequence[Recollection], place: int, first: int) -> list[Recollection]:
    if place <= first:
        return list(ranking)
    one = ranking[place].at(ranking[first].score, "newest")
    return [*ranking[:first], one, *ranking[first:place], *ranking[place + 1 :]]


@cache
def _common() -> frozenset[str]:
    """Tokens that are in statements of any matter."""
    return frozenset(tokenize(" ".join([*stopwordsiso.stopwords("en"), *_ANY_MATTER])))


_ANY_MATTER = ("called", "bought", "moved", "changed", "switched", "started", "use")


def _values(text: str) -> Values:
    """The values in a text: numbers and the like as they stand, names as tokens."""
    found: dict[str, frozenset[str]] = {}
    for kind, pattern in _KINDS.items():
        held = [each.casefold() for each in pattern.findall(text)]
        found[kind] = frozenset(tokenize(" ".join(held)) if kind == "name" else held)
        text = pattern.sub(" _ ", text) if kind != "name" else text
    return found


_NOBODY = object()
_OF_OTHERS = re.compile(r"([A-Z][a-z]+)(?:'s)? (?!(?:is|in|on|at|to|for|by)\b)[a-z]")
_SIGNS = re.compile(r"\D")
_LEAST_AMOUNT = 100
_MOST_CHANGE = 1.5
"""A rent or a salary changes by half at most; other numbers are of something else."""

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_NO_NAMES = (
    r"(?!(?:I|Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)(?:day)?\b"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|(?:Dr|Mr|Mrs|Ms|Easter|Christmas|OK)\b)"
)
_KINDS: Mapping[str, re.Pattern[str]] = {
    "address": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "time": re.compile(r"\b\d{1,2}:\d\d\b"),
    "date": re.compile(
        rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b|\b{_MONTH} \d{{1,2}}(?!\d)"
        r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b",
        re.IGNORECASE,
    ),
    "number": re.compile(
        r"\d[\d.,' -]*\d|\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
        r"|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty)\b",
        re.IGNORECASE,
    ),
    "name": re.compile(rf"(?:(?<=[\w,;:'’&] )|(?<=Dr\. )){_NO_NAMES}[^\W\d_a-zà-öø-ÿа-яё]\w+"),
}
"""Kind -> how its values are written, the narrower ones first."""

_CHANGED = re.compile(
    r"\b(?:now|new|no(?:t| longer)? .{0,20}any ?more|no longer|instead|from .{1,15} on|as of|since"
    r"|these days|lately|again|today|yesterday|\w+(?:ed|t) (?:over |up |out |back )?(?:to|for|from)"
    r"|until further notice|officially)\b|\bn't .{0,30}any ?more\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:did|was|were|had|have i|have we|last|war|hatte|ayer|étais|avais)\b", re.IGNORECASE
)
