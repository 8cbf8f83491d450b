"""A memory that was recalled, with what a search says of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from remem.recall.reading.excerpts import Span
from remem.store import Record


@dataclass(frozen=True, slots=True, repr=False)
class Recollection:
    """A record that was recalled, with its score and the parts of that.

    Attributes:
        record: What is remembered.
        score: What the ranking goes by, in [0, 1]; comparable within one search only.
        relevance: How likely it is to matter for the question, in [0, 1]; comparable between
            searches. See ``remem.recall.relevance``.
        parts: What each leg ("dense turn", "text window", ...) and signal ("date", "speaker", ...)
            added to the score.
        words: The words of the record that the query asks for, as they stand in its text.
        span: The part of the text that a prompt shows, of which the record has no more; None: all.
        echo: Why it is no evidence of its own, if it is none; see ``order.echoes.Kind``.
        until: When it was stated otherwise, if it was; see ``order.truth``.
        newer: Key of the memory that states it otherwise.
        doubt: Why it may not answer the question, if that is in doubt; the same for all that a
            question brought up, and one of ``remem.recall.doubts.SENTENCES``.
    """

    record: Record
    score: float
    relevance: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    span: Span | None = None
    echo: str = ""
    until: datetime | None = None
    newer: str | None = None
    doubt: str = ""

    def __repr__(self) -> str:
        return f"Recollection({self.score:.2f}, {self.record!r})"

    def at(self, score: float, part: str) -> Recollection:
        """The same memory with another score, and the difference as a part of it."""
        if score == self.score:
            return self
        return replace(self, score=score, parts={**self.parts, part: score - self.score})


def placed(
    ranking: Sequence[Recollection],
    places: Iterable[int],
    ones: Iterable[Recollection],
    part: str,
) -> list[Recollection]:
    """The ranking with some of its memories in the places of each other, whose scores stay.

    Args:
        places: Those that change hands.
        ones: The memories of these places, as they come there.
        part: What the difference to their own score is called.
    """
    result = list(ranking)
    for place, one in zip(places, ones, strict=True):
        result[place] = one.at(ranking[place].score, part)
    return result
