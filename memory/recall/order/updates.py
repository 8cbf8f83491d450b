"""Updates: later words about the same as an earlier statement, whatever they are. Pure.

"I drive an old Corolla", "Traded the Corolla in for a Fabia", "The Fabia died, bought a used Mazda
yesterday": no list of wordings ends, but an update leans on what it replaces. It names the old
value, or it has another value of the same kind; it tells of a change; it is like the old statement
and like the question, and it is not much worse an answer. From the likeliest answer on, what
updates it is found, what updates that, and what it updates itself. All of these come in the order
of time, the last first, in the places that they had together. For a question about a time, what was
said until then does: several limits of what leans on what are tried, and what is the last by most
of them comes first. Nothing is marked for any of this, because it depends on the question, and on
what else comes up for it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

import stopwordsiso

from remem.recall.order.likeness import Likeness
from remem.recall.order.truth import asked_for, is_kept_beside, is_personal, looks_back, moment_of
from remem.recall.order.values import NARROW_KINDS, Values, differ, is_close, values_in
from remem.recall.reading.asking import is_question
from remem.recall.reading.changes import tells_of_change
from remem.recall.reading.claims import State, claims
from remem.recall.reading.languages import CHINESE, ENGLISH
from remem.recall.reading.past import asks_what_was, names_short_time
from remem.recall.reading.persons import asks_about_own, named_in
from remem.recall.reading.question import Query, named_among
from remem.recall.reading.sentences import asks_at_last, room, statements
from remem.recall.reading.states import Language, language_of
from remem.recall.recollection import Recollection, placed
from remem.store import Record
from remem.store.fulltext.folding import CAPITALS, SMALLS, straight
from remem.store.fulltext.tokens import tokenize

MOST_PLACES = 24
"""Places among which the answers of a question are."""

_MOST_CHARACTERS = 240
"""Of a statement; longer ones hold a value of each kind."""

_MOST_CHINESE = 60
"""The same where a character is a word."""

_BEGINNING = 16
"""Characters in which a statement says whom it is about."""

_NEAR_PLACES = 10
"""Places within which there is a statement to be updated, if there is one."""

_FEW = 3
"""Statements with a word that tells what they are about."""

_YEAR = timedelta(days=365)
_MOST_YEARS = 2
"""Years after which it makes no difference how much later something was said."""

_APART = timedelta(days=14)
"""Least time between a statement and another that updates it without a word of a change: what
somebody says within days is true side by side."""


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """A statement among what was recalled, equal to no other.

    Attributes:
        moment: When it was said, and where of what was said at once.
        words: Tokens that few of the statements have and the question has not. Of the commonest
            words only names are among them.
        changes: It tells of a change.
        is_own: It speaks of who says it.
        subject: Names of somebody with which it begins.
        is_asked: It claims something of the states that are asked for; None: it claims nothing.
        whose: A relative with whom it begins; empty: with none.
        may_ask: It may be a question without its mark: "who could know, it's a Fabia now".
    """

    place: int
    record: Record
    moment: tuple[datetime, str, int]
    values: Values
    words: Set[str]
    changes: bool
    is_own: bool
    subject: Set[str]
    is_asked: bool | None
    whose: str
    may_ask: bool


@dataclass(frozen=True, slots=True)
class _Demands:
    """Demands on the signs that a later statement is an update of an earlier one, for a kind of
    question.

    Attributes:
        limits: Limits that their sum has to be above, of one chain each, the lowest first. With a
            lower one more updates are found, and more of what has nothing to do with it stands
            above what never changed.
        newer: Weight of how much worse than the likeliest answer the later one is, which is taken
            off the sum.
        older: The same of the earlier one.
    """

    limits: Sequence[float]
    newer: float
    older: float


def may_have_changed(question: Query, ranking: Sequence[Recollection]) -> bool:
    """True if a question is about how things are, or were at some time, with who asks."""
    language = language_of(question.text)
    if language is None or not is_question(question.text) or looks_back(question):
        return False
    if names_short_time(question) or _NO_STATE.search(question.text):
        return False
    if not question.spans and asks_what_was(question.text):
        return False
    if asks_about_own(question.text):
        return True
    # What a Chinese question names cannot be told from other words.
    return language.is_spaced and not named_among(question.names, _speakers(ranking))


def likeliest(
    question: Query, asked: Set[State], ranking: Sequence[Recollection], likeness: Likeness
) -> str | None:
    """The key of the statement that answers a question best, at a first guess; None: there is none.

    The arguments are those of ``updates_first``.
    """
    best = _likeliest(_told(question, asked, ranking[:_NEAR_PLACES]), _likelihood(likeness))
    return None if best is None else best.record.key


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
    if not may_have_changed(question, ranking):
        return list(ranking)
    first = ranking[:MOST_PLACES]
    known = {one.record.key for one in first}
    found = [*first, *(Recollection(each, 0.0) for each in others if each.key not in known)]
    said = _told(question, asked, found)
    likelihood = _likelihood(likeness)
    best = _likeliest(said, likelihood)
    if best is None:
        return list(ranking)

    def worse(each: _Said) -> float:
        return min(max(0.0, likelihood(best) - likelihood(each)), _MUCH_WORSE)

    demands = _demands(question)
    strength = _strength(question, demands, likeness, worse)
    in_time = sorted(said, key=lambda each: each.moment)
    chains = [_chain(best, in_time, strength, limit) for limit in demands.limits]
    moment = asked_for(question, now)
    longest = chains[0]
    until = _until(longest, moment)
    order = [*until[::-1], *longest[len(until) :]]  # a chain is in the order of time
    if last := _last_of_most(chains, moment):
        order = [last, *(each for each in order if each is not last)]
    if question.spans:
        ranking = _questions_behind(ranking, {each.record.key for each in order})
    return _in_their_places(ranking, [found[each.place] for each in order])


def _demands(question: Query) -> _Demands:
    if question.spans:
        return _OF_A_TIME
    return _OF_ONES_OWN if asks_about_own(question.text) else _OF_OTHERS


def _questions_behind(ranking: Sequence[Recollection], keys: Set[str]) -> Sequence[Recollection]:
    """The ranking with what only asks behind the first of the memories with these keys: no question
    says how things are."""
    top = next((place for place, one in enumerate(ranking) if one.record.key in keys), 0)
    asking = [place for place in range(top) if not statements(ranking[place].record.text)]
    ones = [ranking[place] for place in (top, *asking)]
    return placed(ranking, [*asking, top], ones, "newest")


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


def _likelihood(likeness: Likeness) -> Callable[[_Said], float]:
    """The sum of the signs that a statement answers the question, as a function of it."""
    to_question = likeness.to_question()

    @cache
    def likelihood(each: _Said) -> float:
        signs = {
            "claims it": float(each.is_asked is True),
            "own": float(each.is_own),
            "far up": 1.0 / (1 + each.place),
            "room": room(each.record.text),
            "like the question": to_question.get(each.record.key, 0.0),
        }
        return _sum(signs, _OF_AN_ANSWER)

    return likelihood


def _likeliest(said: Sequence[_Said], likelihood: Callable[[_Said], float]) -> _Said | None:
    """A first guess at which of some statements answers a question; None: none of them may."""
    near = [each for each in said if each.place < _NEAR_PLACES and not each.may_ask]
    may_answer = (each for each in near if each.is_asked is not False)
    return max(may_answer, key=likelihood, default=None)


def _strength(
    question: Query, demands: _Demands, likeness: Likeness, worse: Callable[[_Said], float]
) -> Callable[[_Said, _Said], float]:
    """The sum of the signs that a later statement is an update of an earlier one, as a function of
    both; minus infinity if it is none for certain.

    Args:
        worse: How much worse than the likeliest answer a statement is.
    """
    to_question = likeness.to_question()
    to_older = cache(likeness.to_memory)
    counts = _COUNTS.search(question.text) is not None

    @cache
    def strength(newer: _Said, older: _Said) -> float:
        if is_kept_beside(newer.record, older.record):
            return -math.inf
        if not newer.changes and newer.moment[0] - older.moment[0] < _APART:
            return -math.inf
        if counts and older.values["number"] and not newer.values["number"]:
            return -math.inf
        signs = signs_of(newer, older) | {
            "like the older": to_older(older.record.key).get(newer.record.key, 0.0),
            "like the question": to_question.get(newer.record.key, 0.0),
        }
        all_signs = _sum(signs, _OF_AN_UPDATE)
        return all_signs - demands.newer * worse(newer) - demands.older * worse(older)

    return strength


def _chain(
    best: _Said, in_time: Sequence[_Said], strength: Callable[[_Said, _Said], float], limit: float
) -> list[_Said]:
    """The statements that update each other, the likeliest answer among them, the oldest first."""
    chain = [best]
    for each in in_time:
        if each.moment > best.moment and any(strength(each, older) > limit for older in chain):
            chain.append(each)
    for each in in_time[::-1]:
        if each.moment < best.moment and any(strength(newer, each) > limit for newer in chain):
            chain.insert(0, each)
    return chain


def _until(chain: Sequence[_Said], moment: datetime | None) -> list[_Said]:
    """The statements of a chain until a moment; None: all of them."""
    return [each for each in chain if moment is None or each.moment[0] < moment]


def _last_of_most(chains: Iterable[Sequence[_Said]], moment: datetime | None) -> _Said | None:
    """The statement that is the last until a moment in most of some chains, the latest of several;
    None: no chain has any."""
    last = [until[-1] for chain in chains if (until := _until(chain, moment))]
    times = Counter(last)
    return max(last, key=lambda each: (times[each], each.moment), default=None)


def _sum(signs: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return sum(weights[name] * value for name, value in signs.items())


def signs_of(newer: _Said, older: _Said) -> dict[str, float]:
    """The signs that a later statement is an update of an earlier one, most of them 0 or 1."""
    counts = newer.values["number"], older.values["number"]
    names = older.values["name"]
    # Two statements about Inma share her name; whose cleaner Ewa was tells of Ewa what has changed.
    says_it = not older.words.isdisjoint(newer.words - (newer.subject & older.subject))
    of_a_kind = any(differ(newer.values[kind], older.values[kind]) for kind in NARROW_KINDS)
    signs = {
        "says its words": says_it,
        "changes": newer.changes,
        "another of a kind": of_a_kind,
        "another name": bool(names and newer.values["name"] - names),
        "another number": differ(*counts),
        "close number": is_close(*counts),
        "claims it": newer.is_asked is True,
        "claims something else": newer.is_asked is False,
        "far down": newer.place / MOST_PLACES,
        "room": room(newer.record.text),
        "years between": min((newer.moment[0] - older.moment[0]) / _YEAR, _MOST_YEARS),
    }
    return {name: float(value) for name, value in signs.items()}


def _told(question: Query, asked: Set[State], found: Sequence[Recollection]) -> list[_Said]:
    """The statements that may answer a question or update an answer: those of whom it names, or
    else of one person, and of no relatives but those whom it is about."""
    language = language_of(question.text)
    if language is None:
        return []
    said = list(_said(question, asked, found, language))
    times = Counter(token for each in said for token in each.words)
    said = [
        replace(each, words={token for token in each.words if times[token] <= _FEW})
        for each in said
    ]
    if asks_about_own(question.text):
        whose = language.whose(straight(question.text))
        return [each for each in said if each.whose in ("", whose)]
    if named := named_in(question, [one.record for one in found]):
        return [each for each in said if _is_about(each, named, language)]
    return said


def _is_about(each: _Said, named: Set[str], language: Language) -> bool:
    """True if a statement names what a question names, or speaks of it by a pronoun."""
    if not named.isdisjoint(tokenize(each.record.text)):
        return True
    return _PRONOUNS[language.name].search(each.record.text) is not None


def _said(
    question: Query, asked: Set[State], found: Sequence[Recollection], language: Language
) -> Iterator[_Said]:
    common = _common(language.name) | question.tokens.keys()
    speakers: Set[str | None] = {*named_among(question.names, _speakers(found))}
    most = _MOST_CHARACTERS if language.is_spaced else _MOST_CHINESE
    for place, one in enumerate(found):
        record, text, moment = one.record, straight(one.record.text), moment_of(one.record)
        if moment is None or not is_personal(record):
            continue
        if len(text) > most or asks_at_last(text):
            continue
        speakers = speakers or {record.speaker}
        if record.speaker not in speakers:
            continue
        states = {each.state for each in claims(text)}
        subject, values = _SUBJECT.match(text), values_in(text)
        names = frozenset() if text.isupper() else values["name"]
        yield _Said(
            place,
            record,
            (moment, record.source, record.position),
            values,
            # A name is no common word, though it may be written as one: "gone off Low".
            (frozenset(tokenize(text)) - common) | (names - question.tokens.keys()),
            tells_of_change(text, language),
            language.own.search(text) is not None,
            frozenset(tokenize(subject[1])) if subject else frozenset(),
            None if not (states and asked) else not states.isdisjoint(asked),
            language.whose(text[:_BEGINNING]),
            is_question(text),
        )


def _speakers(ranking: Sequence[Recollection]) -> Set[str]:
    return {one.record.speaker for one in ranking if one.record.speaker}


@cache
def _common(language: str) -> frozenset[str]:
    """Tokens that are in statements of any matter."""
    return frozenset(tokenize(" ".join([*stopwordsiso.stopwords(language), *_ANY_MATTER])))


_ANY_MATTER = ("called", "bought", "moved", "changed", "switched", "started", "use")
_SUBJECT = re.compile(rf"([{CAPITALS}][{SMALLS}]+)(?:'s)? (?!(?:is|in|on|at|to|for|by)\b)[a-z]")
_PRONOUNS: Mapping[str, re.Pattern[str]] = {
    language: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for language, words in (
        (ENGLISH, r"(?:it|he|she|they|him|her|them|there|this one|that one)(?:'s|'re)?"),
        ("de", "er|sie|es|ihn|ihm|ihr"),
        ("fr", r"ils?|elles?|lui|leur|l'(?:a|ai|avons)"),
        ("es", r"él|ellas?|ellos|les?"),
        ("pt", r"el[ea]s?|lhes?"),
        ("it", r"lui|lei|loro|gli"),
        ("ru", "он|она|оно|они|его|её|ее|ему|ей"),
        (CHINESE, "(?!)"),  # such questions are not read, unless they are of who asks
    )
}
"""Language -> words for whom or what was named before."""

# Weights of signs: likeness is in standard deviations, years are years, all others are in [0, 1].
# A conditional logit of what answers against what came up beside it, and a logistic regression of
# statements that update each other against others that came up with them: over invented lives in
# six languages, with questions whose answers change and with others; rounded.

_OF_AN_ANSWER: Mapping[str, float] = {
    "claims it": 4.0,
    "own": 0.7,
    "far up": 2.5,
    "room": 2.5,
    "like the question": 1.1,
}
_OF_AN_UPDATE: Mapping[str, float] = {
    "says its words": 2.1,
    "changes": 0.9,
    "another of a kind": 1.4,
    "another name": 0.6,
    "another number": 0.7,
    "close number": 2.7,
    "claims it": 5.7,
    "claims something else": -1.7,
    "far down": -1.2,
    "room": 3.0,
    "years between": 1.0,
    "like the older": 1.2,
    "like the question": 0.7,
}

_MUCH_WORSE = 3.5
"""Most that counts of how much worse an answer is, in the unit of the sum of its signs: what names
a change may be like no answer at all ("Camille moves to Rennes")."""

_OF_ONES_OWN = _Demands((3.4,), newer=1.0, older=0.0)
"""Questions about who asks: what updates an answer is an answer, too."""

_OF_OTHERS = _Demands((6.0,), newer=1.0, older=0.0)
"""Questions about others: of them most things are said once, and all that is said of them shares
their name."""

_OF_A_TIME = _Demands((5.0, 6.0, 7.0, 8.0), newer=0.0, older=0.5)
"""Questions that name a time: nobody asks so of what never changes; but what updates something that
hardly answers has little to do with the question. Of a chain with a low limit the last is often of
something else, of one with a high limit it is what was so long before."""

_COUNTS = re.compile(
    r"\bhow (?:many|much)\b|\bwie ?viele?\b|\bcombien\b|\bcu[aá]nt[oa]s?\b|\bquant[oaei]s?\b"
    r"|\bсколько\b|多少|[几幾]",
    re.IGNORECASE,
)
"""Questions for a number, which only another number updates."""

_NO_STATE = re.compile(
    r"\b(?:total|altogether|than|instead of|both|insgesamt|why|how old|comes? from"
    r"|warum|wieso|weshalb|wie alt|pourquoi|quel âge|por qu[eé]|porquê|qué edad|que idade|perché)\b"
    r"|为什么|为啥|多大",
    re.IGNORECASE,
)
"""Questions about sums, reasons, ages and origins, which are no states."""
