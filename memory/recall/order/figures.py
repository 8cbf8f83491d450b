"""The newest figure: what a question counts, measures or dates, as it was said last. Pure.

"150 commits are merged" answers "How many commits are merged?" in its own words, and "the recent
growth of commits, which reached 165" in others. Where a later statement about what is asked says
that it has changed and has another figure, it comes first. Nothing is marked for that, because it
depends on the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from remem.recall.rarity import Rarity
from remem.recall.reading.asking import is_question
from remem.recall.reading.question import Query
from remem.recall.reading.states import MONTH, TWO_TO_TWELVE, WEEKDAY
from remem.recall.recollection import Recollection
from remem.store.fulltext.tokens import STOP_WORDS, tokenize

_MOST_PLACES = 30
_MOST_CHARACTERS = 3000
_LEAST_COVERED = 0.3
"""Share of the question's weight that a sentence with a figure has to hold."""

_LEAST_OF_FIRST = 0.4
"""The same, as a share of what the statement holds that stands first."""

_OF_BRIEF = 0.6
"""Share of both that is enough where little is repeated of what is known: in "the number of mentees
has increased to 7" and "the fact that I have 5 interviews"."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A statement with figures.

    Attributes:
        place: In the ranking.
        covered: Share of the question's weight in the sentence that has them.
        least: Least of it, as a share of what is asked of others.
        changes: The sentence says that something has changed, and to which figure.
    """

    place: int
    covered: float
    least: float
    figures: frozenset[str]
    changes: bool
    moment: tuple[datetime, int]


def newest_figure_first(
    question: Query, ranking: Sequence[Recollection], rarity: Rarity
) -> list[Recollection]:
    """The ranking with the figures that were given for what is asked in the order of time, the last
    first.

    Args:
        ranking: Best first.
        rarity: Of the words of the question.
    """
    wanted = _wanted(question)
    told = list(_told(ranking, wanted, rarity)) if wanted else []
    if not told:
        return list(ranking)
    first = told[0]
    later = [
        each
        for each in told
        if each.moment > first.moment
        and each.changes
        and each.covered >= each.least * _LEAST_OF_FIRST * first.covered
        and each.figures - first.figures
    ]
    if not later:
        return list(ranking)
    in_time = sorted(later, key=lambda each: each.moment, reverse=True)
    ahead = _tellers(in_time, first.figures)
    score = ranking[first.place].score
    raised = [ranking[each.place].at(score, "newest") for each in ahead]
    moved = {each.place for each in ahead}
    others = [one for place, one in enumerate(ranking) if place not in moved]
    return [*others[: first.place], *raised, *others[first.place :]]


def _tellers(in_time: Sequence[_Told], known: Set[str]) -> list[_Told]:
    """Those of some statements that tell each figure first in the ranking, in the same order; none
    for a figure that is known."""
    tellers: list[_Told] = []
    told = set(known)
    for newest in in_time:
        if figures := newest.figures - told:
            same = (each for each in in_time if each.figures & figures)
            teller = min(same, key=lambda each: each.place)
            if teller not in tellers:
                tellers.append(teller)
            told |= figures
    return tellers


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Figures of a kind, of some unit if the question counts something."""

    figure: re.Pattern[str]
    units: Set[str] = frozenset()

    def in_(self, sentence: str) -> frozenset[str]:
        """The figures of a sentence that may be what is asked."""
        return frozenset(
            found[0].lower()
            for found in self.figure.finditer(sentence)
            if not self.units or self._counts(sentence, found.start(), found.end())
        )

    def somehow_in(self, sentence: str) -> frozenset[str]:
        """All figures of a sentence: "I've written four so far" leaves out what was counted."""
        return frozenset(each.lower() for each in self.figure.findall(sentence))

    def _counts(self, sentence: str, start: int, end: int) -> bool:
        """True if the figure counts the unit, or is what something has grown to."""
        before = sentence[max(0, start - 90) : start]
        if _GROWN.search(before):
            return True
        behind = tokenize(sentence[end : end + 60])[:5]
        return not self.units.isdisjoint(behind) or (
            _REACHED.search(before) is not None
            and not self.units.isdisjoint(tokenize(before)[-10:])
        )


def _wanted(question: Query) -> _Wanted | None:
    text = question.text
    if question.spans or _BACK.search(text):
        return None
    if counted := _COUNTS.search(text):
        return _Wanted(_NUMBER, frozenset(tokenize(counted[1])) - STOP_WORDS)
    return next((_Wanted(figure) for asks, figure in _KINDS if asks.search(text)), None)


def _told(ranking: Sequence[Recollection], wanted: _Wanted, rarity: Rarity) -> Iterator[_Told]:
    for place, one in enumerate(ranking[:_MOST_PLACES]):
        record = one.record
        if record.role == "assistant" or record.said_at is None:
            continue
        best = _Told(place, 0.0, 1.0, frozenset(), False, (record.said_at, record.position))
        for whole in _SENTENCE.findall(record.text[:_MOST_CHARACTERS]):
            granted = _GRANTED.search(whole)
            sentence = granted[1] if granted else _ASKS_BEHIND.sub("", whole)
            exact = wanted.in_(sentence)
            figures = exact or wanted.somehow_in(sentence)
            if figures and not is_question(sentence):
                covered = rarity.covered(frozenset(tokenize(sentence)))
                if covered > best.covered:
                    changes = _CHANGED.search(sentence) is not None
                    best = replace(
                        best,
                        covered=covered,
                        least=_OF_BRIEF
                        if exact and (granted or _GROWN_TO.search(sentence))
                        else 1.0,
                        figures=figures,
                        changes=changes and bool(exact),
                    )
        if best.covered >= best.least * _LEAST_COVERED:
            yield best


_MONTH = rf"{MONTH}\.?"
_NUMBER = re.compile(
    rf"[$€£]?\d[\d,.:]*\d%?|\d%?|\b(?:one|{TWO_TO_TWELVE}"
    r"|thirteen|fourteen|fifteen|twenty|thirty|once|twice|dozen"
    r"|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\d[\d.]*\s?(?:%|percent)", re.IGNORECASE)
_DATE = re.compile(
    rf"\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b"
    r"|\b\d{1,2}(?::\d\d)? ?[ap]\.?m\b|\b\d{1,2}:\d\d\b"
    rf"|{WEEKDAY}",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"\bhow many (?:(?:more|new|total|different|other) )*([\w-]+(?: [\w-]+)?)", re.IGNORECASE
)
_KINDS = (
    (re.compile(r"percent|accuracy|\brate\b|coverage", re.IGNORECASE), _SHARE),
    (
        re.compile(
            r"\bwhen (?:is|do|does|will|am|are)\b|\b(?:deadline|date)\b"
            r"|\bwh(?:at|ich) (?:time|day)\b|\bday of the week\b",
            re.IGNORECASE,
        ),
        _DATE,
    ),
    (
        re.compile(
            r"\bhow (?:much|often|long|far|old|high|tall|big|fast)\b|\b(?:number|count|score|quota"
            r"|price|cost|average|limit|time|total|amount|size|budget|record|goal|target|page)\b",
            re.IGNORECASE,
        ),
        _NUMBER,
    ),
)
_BACK = re.compile(
    r"\b(?:before|previous(?:ly)?|former(?:ly)?|used to|initial(?:ly)?|at first|first time"
    r"|original(?:ly)?|earlier|between|differen(?:ce|t)|compare[ds]?|chang(?:e[ds]?|ing)"
    r"|ever|list|order|over time|progress|did)\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b(?:now|new|recent(?:ly)?|lately|updat\w*|increas\w*|improv\w*|reach\w*|extend\w*"
    r"|add(?:ed|ing)|total|so far|already|up to|another|more|mov(?:ed|ing)|chang(?:ed|ing)"
    r"|current(?:ly)?|grown|grew|rose|boosted|just|completed|finished|postponed|rescheduled)\b",
    re.IGNORECASE,
)
_HAS_GROWN = r"(?:increased|grown|risen|grew|rose|reached|extended|improved|up)(?: to| now)?\s*"
_GROWN = re.compile(rf"{_HAS_GROWN}$", re.IGNORECASE)
_GROWN_TO = re.compile(rf"{_HAS_GROWN}\d", re.IGNORECASE)
_REACHED = re.compile(r"(?:to|reached|is|at|now|total of|of)\s*$", re.IGNORECASE)
_ASKS_BEHIND = re.compile(
    r"(?:[,;:]| [-–—]) (?:(?:so|and|but) )?(?:can|could|would|will|do|does|is|are|should|how|what"
    r"|which|why|where|when|who)\b[^?]*\?",
    re.IGNORECASE,
)
"""A question behind a statement: "I've added 52 sources, how can I sort them?"."""

_GRANTED = re.compile(r"\b(?:the fact|given|considering) that (.+?)\W*$", re.IGNORECASE | re.DOTALL)
"""A fact that a question takes for granted."""

_SENTENCE = re.compile(r"(?:[^.!?\n]|\.(?=\d))+[.!?]*")
