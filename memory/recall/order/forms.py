"""Forms: statements that are the same but for one value, such as "The door code is 4417". Pure.

Whoever says the same of another value says that it has changed, in any language, and no list of
matters is needed to see it. For a question about how things are, the last of them comes first; for
one about a time, the last of that time. Nothing is marked for that: "I bought figs" is true beside
"I bought pears".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from remem.recall.order.truth import asked_for, is_kept_beside, is_said, looks_back, moment_of
from remem.recall.reading.asking import is_question
from remem.recall.reading.languages import has_chinese
from remem.recall.reading.question import Query
from remem.recall.reading.sentences import common_ends
from remem.recall.reading.states import language_of
from remem.recall.recollection import Recollection, placed
from remem.store import Record
from remem.store.fulltext.folding import CAPITALS, straight
from remem.store.fulltext.tokens import tokenize

_MOST_PLACES = 64
_MOST_CHARACTERS = 240
"""Of a statement; longer ones are not said twice."""

_LEAST_OF_FORM = 7
"""Characters of the words that both have; one of Chinese counts as two."""

_MOST_VALUES = 5
"""Of more than these each is true beside the others, as in a diary of what somebody has run."""

_NOTHING = re.compile(r"(?!)")
_WORD = re.compile(r"[\u2e80-\u9fff]|[^\s\u2e80-\u9fff]+")
_VALUE = re.compile(
    r"(?:(?:the|an?|der|die|das|le|la|el|o|a) )?"
    r"[^\s\u2e80-\u9fff]+(?: \S+)?"  # two words at most, or names and numbers behind the first
    rf"|[^\s\u2e80-\u9fff]+(?: [{CAPITALS}0-9&]\S*)+"
    r"|[^\s是叫在有的和了，。]{1,8}[。，]?"
)
"""One value: what holds a verb says something else, and not the same of another value."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement among what was recalled.

    Attributes:
        words: As written, a Chinese character being one.
    """

    place: int
    record: Record
    moment: tuple[datetime, str, int]
    words: Sequence[str]


def newest_of_form_first(
    question: Query, asked: Set[str], ranking: Sequence[Recollection], now: datetime | None
) -> list[Recollection]:
    """The ranking with the statements of each form in the order in which the question wants them,
    in the places that they had together.

    Args:
        asked: Tokens of the whole message: who names a value does not ask for the newest one.
        ranking: Best first.
        now: When it is asked, after which nothing counts; None: not known.
    """
    if looks_back(question) or any(span.is_day for span in question.spans):
        return list(ranking)
    moment = asked_for(question, now)
    result = list(ranking)
    language = language_of(question.text)
    alike = _alike(ranking, language.skip if language else _NOTHING)
    for group in (group for said in alike for group in _groups(said, asked)):
        places = sorted(each.place for each in group)
        wanted = sorted(group, key=lambda each: each.moment, reverse=True)
        wanted.sort(key=lambda each: moment is not None and each.moment[0] >= moment)
        result = placed(result, places, (ranking[each.place] for each in wanted), "newest")
    return result


def _alike(ranking: Sequence[Recollection], skip: re.Pattern[str]) -> Iterator[list[_Said]]:
    """The statements among the first that one person began with the same word, and that tell of
    the present; of plans, each is one."""
    by_start: defaultdict[tuple[str | None, str], list[int]] = defaultdict(list)
    for place, one in enumerate(ranking[:_MOST_PLACES]):
        record = one.record
        if not is_said(record) or len(record.text) > _MOST_CHARACTERS:
            continue
        if start := _WORD.search(record.text):
            by_start[record.speaker, straight(start[0]).casefold()].append(place)
    for places in by_start.values():
        if len(places) > 1:  # the others are most, and need not be read
            yield list(_said(ranking, places, skip))


def _said(
    ranking: Sequence[Recollection], places: Sequence[int], skip: re.Pattern[str]
) -> Iterator[_Said]:
    for place in places:
        record, moment = ranking[place].record, moment_of(ranking[place].record)
        text = straight(record.text)
        if moment is not None and not is_question(text) and not skip.search(text):
            words = _WORD.findall(text)
            yield _Said(place, record, (moment, record.source, record.position), words)


def _groups(left: list[_Said], asked: Set[str]) -> Iterator[list[_Said]]:
    """The statements of each form that has several."""
    while left:
        first, *others = left
        group = [first, *(each for each in others if _are_of_a_form(first, each, asked))]
        if 1 < len(group) <= _MOST_VALUES:
            yield group
        taken = {each.place for each in group}
        left = [each for each in others if each.place not in taken]


def _are_of_a_form(one: _Said, other: _Said, asked: Set[str]) -> bool:
    """True if two statements differ by one value, and the question names neither."""
    start, end = common_ends(*([word.casefold() for word in each.words] for each in (one, other)))
    a, b = one.words[start:], other.words[start:]
    behind = a[len(a) - end :]
    form = [*one.words[:start], *behind]
    if len(form) < max(len(a), len(b)) - end or _size(form) < _LEAST_OF_FORM:
        return False
    if behind[:1] == ["的"]:  # whose it is differs, not how it is
        return False
    values = [_joined(words[: len(words) - end]) for words in (a, b)]
    return (
        all(_VALUE.fullmatch(value) for value in values)
        and asked.isdisjoint(token for value in values for token in tokenize(value))
        and not is_kept_beside(one.record, other.record)
    )


def _joined(words: Sequence[str]) -> str:
    return ("" if has_chinese("".join(words)) else " ").join(words)


def _size(words: Sequence[str]) -> int:
    return sum(len(word) if word.isascii() else 2 * len(word) for word in words)
