"""Updates: later words about the same as an earlier statement, whatever they are. Pure.

Of what is likely to tell what a question of the present asks for, the last comes first: it is near
to the question, has a value of the kind that is asked for, and is of the form or the matter of the
likeliest one. For a question about a time, the last of that time comes first.

Others are further from the question. "I drive an old Corolla", "Traded the Corolla in for a Fabia",
"The Fabia died, bought a used Mazda yesterday": no list of wordings ends, but an update leans on
what it replaces. It names the old value, or it has another value of the same kind beside words of
the same matter, and tells of a change. Nothing is marked for any of this, because it depends on the
question, and on what else comes up for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

import stopwordsiso

from remem.recall.claims import State, claims
from remem.recall.persons import named_in
from remem.recall.ranking import Recollection
from remem.recall.relevance import Rarity
from remem.recall.sentences import asks, asks_at_last, common_ends
from remem.recall.signals import Query, named_among
from remem.recall.states import MONTH, WEEKDAY, Language, language_of
from remem.recall.truth import asked_for, is_kept_beside, is_personal, looks_back, moment_of
from remem.store import Record
from remem.store.fulltext.tokens import tokenize

_MOST_PLACES = 24
_MOST_CHARACTERS = 240
"""Of a statement; longer ones hold a value of each kind."""

_BEGINNING = 16
"""Characters in which a statement says whom it is about."""

_NEAR_PLACES = 10
"""Places within which there is a statement to be updated, if there is one."""

Values = Mapping[str, frozenset[str]]
"""Kind -> the values of this kind in a text."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement among what was recalled.

    Attributes:
        nearness, overlap: What the dense legs and those of full text added to its score.
        covered: Share of the question's weight that it has, in [0, 1].
        words: Tokens but those that are in statements of any matter.
        changes: It tells of a change.
        is_own: It speaks of who says it.
        subject: Names of somebody with which it begins.
        is_asked: It claims something of the states that are asked for; None: it claims nothing.
        whose: A relative with whom it begins; empty: with none.
    """

    place: int
    record: Record
    moment: tuple[datetime, str, int]
    nearness: float
    overlap: float
    covered: float
    values: Values
    tokens: Set[str]
    words: Set[str]
    changes: bool
    is_own: bool
    subject: Set[str]
    is_asked: bool | None
    whose: str


def updates_first(
    question: Query,
    asked: Set[State],
    ranking: Sequence[Recollection],
    now: datetime | None,
    rarity: Rarity,
) -> list[Recollection]:
    """The ranking with the last update of what answers the question in front of what it updates.

    Args:
        asked: The states that the question asks for.
        ranking: Best first.
        now: When it is asked, after which nothing counts; None: not known.
        rarity: Of the words of the question.
    """
    language = language_of(question.text)
    if language is None or not _may_have_changed(question, ranking, language):
        return list(ranking)
    wanted = question.tokens.keys() - _common(language.name)
    said = list(_said(question, ranking, asked, wanted, language, rarity))
    if language.own.search(question.text):
        said = [each for each in said if each.whose in ("", language.whose(question.text))]
    moment = asked_for(question, now)
    likely = _without_kept(_answering(question, said, wanted))
    result = _with_last_first(ranking, likely, moment)
    if not language.is_spaced:  # the signs of an update are words with capitals
        return result
    places = {one.record.key: place for place, one in enumerate(result)}
    said = [replace(each, place=places[each.record.key]) for each in said]
    said.sort(key=lambda each: each.place)
    near = [each for each in said if each.place < _NEAR_PLACES and each.is_asked is not False]
    if not near:
        return result
    anchor = next((each for each in near if each.is_own), near[0])
    chain = _chain(anchor, said, wanted, of_a_time=bool(question.spans))
    return _with_last_first(result, chain, moment)


def _with_last_first(
    ranking: Sequence[Recollection], told: Sequence[_Said], moment: datetime | None
) -> list[Recollection]:
    """The ranking with the last of some statements before a moment in front of the others."""
    true = [each for each in told if moment is None or each.moment[0] < moment]
    if not true:
        return list(ranking)
    last = max(true, key=lambda each: each.moment)
    return _with_first(ranking, last.place, min(each.place for each in told))


def _without_kept(likely: Sequence[_Said]) -> list[_Said]:
    """Those that a person has not said to be true beside another of them."""
    kept = {
        record.key
        for one in likely
        for other in likely
        if one is not other and is_kept_beside(one.record, other.record)
        for record in (one.record, other.record)
    }
    return [each for each in likely if each.record.key not in kept]


def _answering(question: Query, said: Sequence[_Said], wanted: Set[str]) -> list[_Said]:
    """The statements that are likely to answer a question."""
    said = [each for each in said if each.is_asked is not False]
    if not said:
        return []
    nearest = max(each.nearness for each in said) or 1.0
    most = max(each.overlap for each in said) or 1.0
    likeliest = max(said, key=lambda each: _likelihood(each, nearest))
    asked = _Asked.by(question.text)
    weights, found = _ANSWER_WEIGHTS, []
    for each in said:
        signs = {
            **_signs_of_value(asked, each),
            **_signs_of_likeness(each, likeliest, wanted),
            "nearness": each.nearness / nearest,
            "overlap": each.overlap / most,
        }
        if sum(weights[name] * value for name, value in signs.items()) > _LEAST_LIKELY:
            found.append(each)
    return found


def _likelihood(each: _Said, nearest: float) -> float:
    """A first guess at which of some statements answers a question."""
    near = each.nearness / nearest + 1.0 / (1 + each.place)
    return 2.0 * each.covered + near + 0.5 * each.is_own + 1.5 * (each.is_asked is True)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The kinds of value that a question asks for: somebody, something of a name, an amount, a
    time."""

    who: bool
    which: bool
    amount: bool
    when: bool

    @staticmethod
    def by(question: str) -> _Asked:
        """Read a question."""
        patterns = (_WHO, _WHICH, _AMOUNT, _WHEN)
        return _Asked(*(pattern.search(question) is not None for pattern in patterns))


def _signs_of_value(asked: _Asked, each: _Said) -> dict[str, float]:
    """The signs that a statement has a value of the kind that a question asks for."""
    name, number = bool(each.values["name"]), bool(each.values["number"])
    is_dated = asked.when and _TIME.search(each.record.text) is not None
    return {
        "a name": float(name),
        "a number": float(number),
        "a name of somebody": float(asked.who and name),
        "nobody": float(asked.who and not name),
        "a name of something": float(asked.which and name),
        "an amount": float(asked.amount and number),
        "no amount": float(asked.amount and not number),
        "a time": float(is_dated),
    }


def _signs_of_likeness(each: _Said, likeliest: _Said, wanted: Set[str]) -> dict[str, float]:
    """The other signs that a statement answers a question: what it has in common with the likeliest
    one, and how it is told."""
    shared, is_named, is_of_form = 0, False, False
    if each is not likeliest:
        matter = likeliest.words - wanted - _all(likeliest.values)
        shared = len(matter & (each.words - _all(each.values)))
        is_named = not likeliest.values["name"].isdisjoint(each.tokens - each.subject)
        texts = (each.record.text.split(), likeliest.record.text.split())
        common = sum(common_ends(*texts))
        is_of_form = common >= max(_LEAST_OF_FORM, min(map(len, texts)) / 2)
    return {
        "covered": each.covered,
        "first": 1.0 / (1 + each.place),
        "changes": float(each.changes),
        "own": float(each.is_own),
        "of others": float(bool(each.subject) and not each.is_own),
        "claims it": float(each.is_asked is True),
        "leans on a pronoun": float(_PRONOUN.search(each.record.text) is not None),
        "shares words": min(_MOST_SHARED, shared) / _MOST_SHARED,
        "names it": float(is_named),
        "of a form": float(is_of_form),
    }


def _may_have_changed(question: Query, ranking: Sequence[Recollection], language: Language) -> bool:
    """True if a question is about how things are, or were at some time, with who asks."""
    if not asks_at_last(question.text) or looks_back(question):
        return False
    if any(span.is_day for span in question.spans):
        return False
    if not question.spans and _PAST.search(question.text):
        return False
    is_own = language.own.search(question.text) is not None
    return is_own or not named_in(question, ranking)


def _said(
    question: Query,
    ranking: Sequence[Recollection],
    asked: Set[State],
    wanted: Set[str],
    language: Language,
    rarity: Rarity,
) -> Iterator[_Said]:
    """The statements among the first of whom the question names, or else of one person."""
    common = _common(language.name)
    people = {one.record.speaker for one in ranking if one.record.speaker}
    speakers: Set[str | None] = {*named_among(question.words, people)}
    for place, one in enumerate(ranking[:_MOST_PLACES]):
        record, text, moment = one.record, one.record.text, moment_of(one.record)
        if moment is None or not is_personal(record):
            continue
        if len(text) > _MOST_CHARACTERS or asks(text):
            continue
        speakers = speakers or {record.speaker}
        if record.speaker not in speakers:
            continue
        tokens = frozenset(tokenize(text))
        states = {each.state for each in claims(text)}
        is_own = language.own.search(text) is not None
        subject = _SUBJECT.match(text)
        yield _Said(
            place,
            record,
            (moment, record.source, record.position),
            sum(part for name, part in one.parts.items() if name.startswith("dense")),
            sum(part for name, part in one.parts.items() if name.startswith("text")),
            rarity.covered(tokens),
            _values(text),
            tokens,
            tokens - common,
            bool(_CHANGED.search(text) or language.change.search(text)),
            is_own,
            frozenset(tokenize(subject[1])) - common - wanted if subject else frozenset(),
            None if not (states and asked) else not states.isdisjoint(asked),
            language.whose(text[:_BEGINNING]),
        )


def _chain(
    anchor: _Said, said: Sequence[_Said], wanted: Set[str], *, of_a_time: bool
) -> list[_Said]:
    """The statements that update each other, the anchor among them, the oldest first.

    Args:
        of_a_time: Also those that the anchor updates.
    """
    chain = [anchor]
    for each in sorted(said, key=lambda one: one.moment):
        if each.moment > anchor.moment and any(
            _updates(each, old, wanted, anchor) for old in chain
        ):
            chain.append(each)
    for each in sorted(said, key=lambda one: one.moment, reverse=True):
        if of_a_time and each.moment < anchor.moment and _updates(chain[0], each, wanted, anchor):
            chain.insert(0, each)
    return chain


def _updates(newer: _Said, older: _Said, wanted: Set[str], anchor: _Said) -> bool:
    if is_kept_beside(newer.record, older.record):
        return False
    signs = signs_of(newer, older, wanted, anchor)
    return sum(_WEIGHTS[name] * value for name, value in signs.items()) + _WEIGHTS["always"] > 0


def signs_of(newer: _Said, older: _Said, wanted: Set[str], anchor: _Said) -> dict[str, float]:
    """The signs that a later statement is an update of an earlier one, each in [0, 1]."""
    counts = newer.values["number"], older.values["number"]
    matter = newer.words - _all(newer.values)
    others = [kind for kind in _KINDS if kind not in ("number", "name")]
    names = older.values["name"]
    # Who tells of Inma's cold does not say that somebody else has what Inma has.
    names_it = not names.isdisjoint(newer.tokens - newer.subject)
    new_name = bool(names and newer.values["name"] - names)
    of_a_kind = any(_differs(newer.values[kind], older.values[kind]) for kind in others)
    other = new_name or of_a_kind or _differs(*counts)
    is_wanted = not matter.isdisjoint(wanted) and not older.words.isdisjoint(wanted)
    says_its_words = not (older.words - wanted - _all(older.values)).isdisjoint(matter)
    is_close = _is_close(*counts)
    return {
        "names it": float(names_it),
        "says its words": float(says_its_words),
        "changes": float(newer.changes),
        "names it and changes": float(names_it and newer.changes),
        "another of a kind": float(of_a_kind),
        "another name": float(new_name),
        "close number": float(is_close),
        "close number and changes": float(is_close and newer.changes),
        "another number": float(_differs(*counts)),
        "another of what is wanted": float(other and is_wanted),
        "leans on a pronoun": float(_PRONOUN.search(newer.record.text) is not None),
        "of others": float(bool(newer.subject) and not newer.is_own),
        "claims it": float(newer.is_asked is True),
        "claims something else": float(newer.is_asked is False),
        "nearness": min(1.0, newer.nearness / (anchor.nearness or 1.0)),
        "next": 1.0 / (1.0 + abs(newer.place - anchor.place)),
    }


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
def _common(language: str) -> frozenset[str]:
    """Tokens that are in statements of any matter."""
    return frozenset(tokenize(" ".join([*stopwordsiso.stopwords(language), *_ANY_MATTER])))


_ANY_MATTER = ("called", "bought", "moved", "changed", "switched", "started", "use")


def _values(text: str) -> Values:
    """The values in a text: numbers and the like as they stand, names as tokens."""
    found: dict[str, frozenset[str]] = {}
    for kind, pattern in _KINDS.items():
        held = [each.casefold() for each in pattern.findall(text)]
        found[kind] = frozenset(tokenize(" ".join(held)) if kind == "name" else held)
        text = pattern.sub(" _ ", text) if kind != "name" else text
    return found


_SUBJECT = re.compile(r"([A-Z][a-z]+)(?:'s)? (?!(?:is|in|on|at|to|for|by)\b)[a-z]")
_SIGNS = re.compile(r"\D")
_LEAST_AMOUNT = 100
_MOST_CHANGE = 1.5
"""A rent or a salary changes by half at most; other numbers are of something else."""

_NO_NAMES = (
    r"(?!(?:I|Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)(?:day)?\b"
    r"|(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|(?:Dr|Mr|Mrs|Ms|Easter|Christmas|OK)\b)"
)
_KINDS: Mapping[str, re.Pattern[str]] = {
    "address": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "time": re.compile(r"\b\d{1,2}:\d\d\b"),
    "date": re.compile(
        rf"\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{MONTH}\b|\b{MONTH} \d{{1,2}}(?!\d)"
        rf"|{WEEKDAY}",
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
    r"\b(?:now|new|no longer|instead|from .{1,15} on|as of|since|these days|lately|again|today"
    r"|tonight|yesterday|this (?:morning|week|month)|\w+ed (?:\w+ ){0,3}(?:to|for|from|by)"
    r"|(?:so )?it's|until further notice|officially)\b|\bn't .{0,30}any ?more\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\b(?:it|he|she|they|him|her|them|there|this one|that one)(?:'s|'re|\b)", re.IGNORECASE
)
_WEIGHTS: Mapping[str, float] = {
    "names it": 4.6,
    "says its words": 2.4,
    "changes": 0.8,
    "names it and changes": 0.8,
    "another of a kind": 1.2,
    "another name": 1.4,
    "close number": 2.2,
    "close number and changes": 1.4,
    "another number": 0.9,
    "another of what is wanted": 0.6,
    "leans on a pronoun": 0.7,
    "of others": -0.6,
    "claims it": 2.6,
    "claims something else": -1.3,
    "nearness": 2.3,
    "next": 4.1,
    "always": -5.8,
}
"""Of a logistic regression of statements that update each other against others that came up with
them, over invented ones in wordings that no state has; rounded."""

_LEAST_LIKELY = 6.3
_LEAST_OF_FORM = 2
"""Words at the ends that two statements of a form share."""

_MOST_SHARED = 2
_ANSWER_WEIGHTS: Mapping[str, float] = {
    "covered": 0.7,
    "overlap": 2.1,
    "nearness": 1.9,
    "first": 4.3,
    "changes": 0.7,
    "own": 0.4,
    "of others": -1.0,
    "claims it": 5.3,
    "leans on a pronoun": 0.9,
    "a number": 0.6,
    "a name": 0.3,
    "a name of somebody": 0.6,
    "a name of something": 0.8,
    "an amount": 0.3,
    "nobody": -1.2,
    "no amount": -2.0,
    "a time": 0.9,
    "shares words": 1.7,
    "names it": 0.8,
    "of a form": 1.1,
}
"""Of a logistic regression of statements that answer a question against others that came up for it,
over invented lives in six languages; rounded."""

_WHO = re.compile(r"\b(?:who|whom|wer|wem|wen|qui|quem|quién)\b|谁|哪位", re.IGNORECASE)
_WHICH = re.compile(r"\b(?:where|wo|où|dónde|onde|(?:which|what) \w+)\b|哪", re.IGNORECASE)
_AMOUNT = re.compile(
    r"\b(?:how (?:much|many|old|tall|big|high|strong)|number|code|password|pin|dose"
    r"|wie (?:viel|hoch|alt|schwer)|combien|cuánt[oa]s?|quant[oa]s?)\b|多少|多重",
    re.IGNORECASE,
)
_WHEN = re.compile(r"\b(?:when|what (?:time|day)|wann|quand|cuándo|quando)\b", re.IGNORECASE)
_TIME = re.compile(
    rf"{WEEKDAY}|\b\d{{1,2}}(?::\d\d)? ?(?:am|pm)?\b",
    re.IGNORECASE,
)
_PAST = re.compile(
    r"\b(?:did|was|were|had|have i|have we|last|war(?:en)?|hatten?|ayer|fu(?:i|e|imos)|estuv\w+"
    r"|f(?:oi|omos)|estiv\w+|étai[st]|étions|avai[st])\b",
    re.IGNORECASE,
)
