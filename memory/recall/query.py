"""What a question says besides its words: whom it names, when it means, whether it asks at all."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime

from memory.recall.dates import Span, time_spans
from store import InvalidInput
from store.tokens import content_words, tokenize

__all__ = ["Query", "read_query"]


@dataclass(frozen=True, slots=True)
class Query:
    """A question, read.

    Attributes:
        text: As it was asked.
        words: The tokens of all its words, to find names in.
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
        now: When it is asked, which decides what "last week" means; None: not known.

    Raises:
        InvalidInput: ``now`` has no time zone.
    """
    if now is not None and now.utcoffset() is None:
        raise InvalidInput(f"now is {now}, without a time zone; pass one, as now.astimezone() does")
    return Query(text, frozenset(tokenize(text)), content_words(text), time_spans(text, now))
