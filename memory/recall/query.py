"""What a question says besides its words: whom it names, when it means, whether it asks at all."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime

from memory.recall.dates import Span, time_spans
from store.tokens import content_words, split_words

__all__ = ["Query", "read_query"]


@dataclass(frozen=True, slots=True)
class Query:
    """A question, read.

    Attributes:
        text: As it was asked.
        words: Its words in lower case, to find names in.
        tokens: Its content words: token -> the word as written.
        spans: The times that it names.
    """

    text: str
    words: Set[str]
    tokens: Mapping[str, str]
    spans: tuple[Span, ...]


def read_query(text: str, now: datetime | None) -> Query:
    """Read a question.

    Args:
        now: When it is asked (timezone-aware), which decides what "last week" means.
    """
    return Query(
        text,
        frozenset(word.lower().removesuffix("'s").removesuffix("’s") for word in split_words(text)),
        content_words(text),
        time_spans(text, now),
    )
