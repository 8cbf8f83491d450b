"""A question, read: its words, whom it names, the time that it means. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from remem.recall.reading.dates import Span, time_spans
from remem.recall.reading.languages import asks_for_anything, common_words, spoken, topic_of
from remem.store import InvalidInput
from remem.store.fulltext.folding import CAPITALS, folded
from remem.store.fulltext.tokens import (
    STOP_WORDS,
    content_words,
    split_words,
    tokenize,
    word_tokens,
)


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


def undated(text: str) -> str:
    """A question without the full dates in it, unless it is nothing else: they are when something
    was said, and seldom in what was said."""
    spans = time_spans(text, None)
    rest = " ".join(_without(text, spans).split()).lstrip(" ,;") if spans else text
    return rest if tokenize(rest) else text


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


def named_among(names: Set[str], speakers: Iterable[str]) -> Set[str]:
    """Those of the speakers whom a question names, if only by one of their names.

    Args:
        names: Of the question; see ``names_in``.
    """
    return {name for name in speakers if not names.isdisjoint(content_words(name))}


def names_in(question: str) -> frozenset[str]:
    """The tokens of a question that may be of a name: "will" and "de la" are none unless they are
    written as names are."""
    common = common_words(spoken(question)[0]) | STOP_WORDS
    capitals = set() if question.isupper() else set(_CAPITAL_WITHIN.findall(question))
    may_name = (
        word for word in split_words(question) if word in capitals or folded(word) not in common
    )
    return frozenset(token for word in may_name for token in word_tokens(word))


_CAPITAL_WITHIN = re.compile(rf"(?<=[\w,“\"(:] )[{CAPITALS}]\w+|(?<=[“\"(])[{CAPITALS}]\w+")
"""A word with a capital that does not begin the question; "I" is none."""
