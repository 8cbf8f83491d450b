"""Updates: later words about the same as an earlier statement, whatever they are. Pure.

"I drive an old Corolla", "Traded the Corolla in for a Fabia", "The Fabia died, picked up a used
Mazda yesterday": no list of wordings ends. But what answers a question is near to it or to what
answers it best, has a value of the kind that is asked for, and tells of who asks or of a change.
All that is likely to answer comes in the order of time, the last first, in the places that it had
together: a doubtful one changes nothing but its own place. For a question about a time, what was
said until then comes first. Nothing is marked for any of this, because it depends on the question,
and on what else comes up for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from remem.recall.claims import State, claims
from remem.recall.likeness import Likeness
from remem.recall.ranking import Recollection, placed
from remem.recall.sentences import asks, asks_at_last
from remem.recall.signals import Query, named_among
from remem.recall.states import Language, language_of
from remem.recall.truth import asked_for, is_kept_beside, is_personal, looks_back, moment_of
from remem.store import Record

MOST_PLACES = 24
"""Places among which the answers of a question are."""

_MOST_CHARACTERS = 240
"""Of a statement; longer ones hold a value of each kind."""

_MOST_CHINESE = 60
"""The same where a character is a word."""

_BEGINNING = 16
"""Characters in which a statement says whom it is about."""

_STATE = timedelta(days=28)
"""Least length of a time of which somebody asks how things were then, and not what happened."""

_APART = timedelta(days=14)
"""Least time between a statement and another that updates it without a word of a change."""

_Moment = tuple[datetime, str, int]


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement among what was recalled.

    Attributes:
        moment: When it was said, and where of what was said at once.
        has_name, has_number: There is one in it.
        changes: It tells of a change.
        is_own: It speaks of who says it.
        is_asked: It claims something of the states that are asked for; None: it claims nothing.
        whose: A relative with whom it begins; empty: with none.
    """

    place: int
    record: Record
    moment: _Moment
    has_name: bool
    has_number: bool
    changes: bool
    is_own: bool
    is_asked: bool | None
    whose: str


def may_have_changed(question: Query, ranking: Sequence[Recollection]) -> bool:
    """True if a question is about how things are, or were at some time, with who asks."""
    language = language_of(question.text)
    if language is None or not asks_at_last(question.text) or looks_back(question):
        return False
    if any(span.end - span.start < _STATE for span in question.spans):
        return False
    if _SEVERAL.search(question.text):
        return False
    past = _PAST.get(language.name)
    if not question.spans and past and past.search(question.text):
        return False
    if language.own.search(question.text):
        return True
    # What a Chinese question names cannot be told from other words.
    return language.is_spaced and not named_among(question.words, _speakers(ranking))


def likeliest(
    question: Query, asked: Set[State], ranking: Sequence[Recollection], likeness: Likeness
) -> str | None:
    """The key of the statement that answers a question best, at a first guess; None: there is none.

    The arguments are those of ``updates_first``.
    """
    language = language_of(question.text)
    first = ranking[:MOST_PLACES]
    said = _told(question, asked, first, language) if language else ()
    return _likeliest(said, likeness).record.key if said else None


def updates_first(
    question: Query,
    asked: Set[State],
    ranking: Sequence[Recollection],
    others: Sequence[Record],
    now: datetime | None,
    likeness: Likeness,
) -> list[Recollection]:
    """The ranking with what is likely to answer a question in the order of time, the last first.

    Args:
        asked: The states that the question asks for.
        ranking: Best first.
        others: Records that may answer and are not among the first of the ranking.
        now: When it is asked, after which nothing counts; None: not known.
        likeness: Of the question and what was recalled.
    """
    language = language_of(question.text)
    if language is None or not may_have_changed(question, ranking):
        return list(ranking)
    first = ranking[:MOST_PLACES]
    known = {one.record.key for one in first}
    found = [*first, *(Recollection(each, 0.0) for each in others if each.key not in known)]
    said = _without_kept(_answering(question, _told(question, asked, found, language), likeness))
    moment = asked_for(question, now)
    until = [each for each in said if moment is None or each.moment[0] < moment]
    after = [each for each in said if each not in until]
    order = [*_in_time(until)[::-1], *_in_time(after)]
    return _in_their_places(ranking, [found[each.place] for each in order])


def _in_their_places(
    ranking: Sequence[Recollection], order: Sequence[Recollection]
) -> list[Recollection]:
    """The ranking with some memories in the places that they have together; where not all of them
    have one, the others come behind the last of these."""
    keys = {one.record.key for one in order}
    places = [place for place, one in enumerate(ranking) if one.record.key in keys]
    if not places:
        return list(ranking)
    result = placed(ranking, places, order[: len(places)], "newest")
    last = result[places[-1]].score
    others = [one.at(last, "newest") for one in order[len(places) :]]
    return [*result[: places[-1] + 1], *others, *result[places[-1] + 1 :]]


def _in_time(said: Sequence[_Said]) -> list[_Said]:
    return sorted(said, key=lambda each: each.moment)


def _without_kept(said: Sequence[_Said]) -> list[_Said]:
    """Those that a person has not said to be true beside another of them."""
    kept = {
        record.key
        for one in said
        for other in said
        if one is not other and is_kept_beside(one.record, other.record)
        for record in (one.record, other.record)
    }
    return [each for each in said if each.record.key not in kept]


def _answering(question: Query, said: Sequence[_Said], likeness: Likeness) -> list[_Said]:
    """The statements that are likely to answer a question."""
    if not said:
        return []
    best = _likeliest(said, likeness)
    signs = signs_of(question, said, best, likeness)
    return [
        each
        for each, of_it in zip(said, signs, strict=True)
        if sum(_WEIGHTS[name] * value for name, value in of_it.items()) > _LEAST
        and (each is best or _may_differ(each, best))
    ]


def _may_differ(each: _Said, best: _Said) -> bool:
    """True if a statement tells of a change, or of another time than the likeliest answer: what
    somebody says within days is true side by side."""
    return each.changes or abs(each.moment[0] - best.moment[0]) >= _APART


def signs_of(
    question: Query, said: Sequence[_Said], best: _Said, likeness: Likeness
) -> list[Mapping[str, float]]:
    """The signs that each statement answers a question, each in [0, 1].

    Args:
        best: The likeliest of them.
    """
    return [
        {
            "first": 1.0 / (1 + each.place),
            "like the question": likeness.to_question(each.record.key),
            "like the likeliest": _like(each, best, likeness),
            "claims it": float(each.is_asked is True),
            "the likeliest claims it": float(best.is_asked is True and each.is_asked is None),
            "changes": float(each.changes),
            "own": float(each.is_own),
            "a value": float(each.has_name or each.has_number),
            "no such value": float(_is_without(each, question.text)),
        }
        for each in said
    ]


def _likeliest(said: Sequence[_Said], likeness: Likeness) -> _Said:
    """A first guess at which of some statements answers a question."""

    def likelihood(each: _Said) -> float:
        near = likeness.to_question(each.record.key) + 1.0 / (1 + each.place)
        return near + 0.5 * each.is_own + 1.5 * (each.is_asked is True)

    return max(said, key=likelihood)


def _like(each: _Said, likeliest: _Said, likeness: Likeness) -> float:
    if each is likeliest:
        return 0.0
    return likeness.between(each.record.key, likeliest.record.key)


def _is_without(each: _Said, question: str) -> bool:
    """True if a statement has no name where a question asks for somebody, or no number where it
    asks for an amount."""
    if _WHO.search(question) and not each.has_name:
        return True
    return _AMOUNT.search(question) is not None and not each.has_number


def _told(
    question: Query, asked: Set[State], ranking: Sequence[Recollection], language: Language
) -> list[_Said]:
    """The statements that may answer a question: those of whom it names, or else of one person,
    that claim nothing of other states, and tell of no relatives but those whom it is about."""
    said = [
        each for each in _said(question, asked, ranking, language) if each.is_asked is not False
    ]
    if not language.own.search(question.text):
        return said
    whose = language.whose(question.text)
    return [each for each in said if each.whose in ("", whose)]


def _said(
    question: Query, asked: Set[State], ranking: Sequence[Recollection], language: Language
) -> Iterator[_Said]:
    speakers: Set[str | None] = {*named_among(question.words, _speakers(ranking))}
    most = _MOST_CHARACTERS if language.is_spaced else _MOST_CHINESE
    for place, one in enumerate(ranking):
        record, text, moment = one.record, one.record.text, moment_of(one.record)
        if moment is None or not is_personal(record):
            continue
        if len(text) > most or asks(text):
            continue
        speakers = speakers or {record.speaker}
        if record.speaker not in speakers:
            continue
        states = {each.state for each in claims(text)}
        yield _Said(
            place,
            record,
            (moment, record.source, record.position),
            _NAME.search(text) is not None,
            _NUMBER.search(text) is not None,
            bool(_CHANGED.search(text) or language.change.search(text)),
            language.own.search(text) is not None,
            None if not (states and asked) else not states.isdisjoint(asked),
            language.whose(text[:_BEGINNING]),
        )


def _speakers(ranking: Sequence[Recollection]) -> Set[str]:
    return {one.record.speaker for one in ranking if one.record.speaker}


_LEAST = 4.0
_WEIGHTS: Mapping[str, float] = {
    "first": 3.2,
    "like the question": 6.1,
    "like the likeliest": 2.8,
    "claims it": 4.6,
    "the likeliest claims it": -0.8,
    "changes": 1.1,
    "own": 0.5,
    "a value": 2.0,
    "no such value": -1.2,
}
"""Of a logistic regression of statements that answer a question against others that came up for it,
over invented lives in six languages; rounded."""

_NO_NAMES = (
    r"(?!(?:I|Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)(?:day)?\b"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|(?:Dr|Mr|Mrs|Ms|Easter|Christmas|OK)\b)"
)
_NAME = re.compile(rf"(?:(?<=[\w,;:'’&] )|(?<=Dr\. )){_NO_NAMES}[^\W\d_a-zà-öø-ÿа-яё]\w+")
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty)\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b(?:now|new|no longer|instead|from .{1,15} on|as of|since|these days|lately|again|today"
    r"|tonight|yesterday|this (?:morning|week|month)|\w+ed (?:\w+ ){0,3}(?:to|for|from|by)"
    r"|(?:so )?it's|until further notice|officially)\b|\bn't .{0,30}any ?more\b",
    re.IGNORECASE,
)
_WHO = re.compile(r"\b(?:who|whom|wer|wem|wen|qui|quem|quién)\b|谁|哪位", re.IGNORECASE)
_AMOUNT = re.compile(
    r"\b(?:how (?:much|many|old|tall|big|high|strong)|number|code|password|pin|dose"
    r"|wie (?:viel|hoch|alt|schwer)|combien|cuánt[oa]s?|quant[oa]s?)\b|多少|多重",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"\b(?:total|altogether|than|instead of|both|insgesamt)\b", re.IGNORECASE)
_PAST: Mapping[str, re.Pattern[str]] = {
    language: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for language, words in {
        "en": r"did|was|were|had|have (?:i|we)\b(?! got)|last",
        "de": r"war(?:en)?|hatten?",
        "es": r"ayer|fu(?:i|e|imos)|estuv\w+",
        "pt": r"ontem|f(?:oi|ui|omos)|estiv\w+",
        "fr": r"hier|étai[st]|étions|avai[st]",
    }.items()
}
"""Language -> words of a question about what was so before."""
