"""Labels of memories, as they stand in metadata. Pure.

``{"mood": "good", "labelled": ["mood"]}`` is a label, under a name that somebody chose. One that
was guessed has its probability beside it: ``"guessed": {"mood": 0.84}``. Guesses are no examples: a
model that learns from what it said itself believes itself more and more. A text in metadata that
came from elsewhere is an example, too, but it may as well be a title, so it is not counted among
the labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from remem.departed import BEFORE
from remem.recall.order.truth import BESIDE
from remem.store import F, InvalidInput, Record

GUESSED = "guessed"
"""The field of a record's metadata that holds the names of labels that were guessed, each with its
probability."""

LABELLED = "labelled"
"""The field that holds the names of labels, given and guessed."""

HAS_LABELS = F(f"metadata.{LABELLED}").exists()
"""The condition that a memory has a label."""

_TAKEN = frozenset({GUESSED, LABELLED, BEFORE, BESIDE, "pinned"})

_FEW_DAYS = timedelta(days=62)
"""A longer curve goes by months, a shorter one by days."""


@dataclass(frozen=True, slots=True)
class Reason:
    """An example that is near to a text.

    Attributes:
        cosine: How near.
    """

    record: Record
    label: str
    cosine: float


@dataclass(frozen=True, slots=True)
class Guess:
    """A label for a text, and why.

    Attributes:
        label: None: nothing near is known.
        probability: Of the likeliest label, in [0, 1].
        nearness: Mean cosine with the nearest examples.
        reasons: These examples, the nearest first.
    """

    label: str | None
    probability: float
    nearness: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The outcome of labelling memories: how many got each label, and how many none."""

    labels: Mapping[str, int]
    unknown: int


def checked_name(name: str) -> str:
    """A name that labels may have.

    Raises:
        InvalidInput: it is empty, has a dot in it or means something else in metadata.
    """
    if not name.strip() or "." in name:
        raise InvalidInput(f"labels cannot be called {name!r}: give a name such as mood")
    if name in _TAKEN:
        raise InvalidInput(f"labels cannot be called {name!r}, which means something else already")
    return name


def label_of(record: Record, name: str) -> str | None:
    """The label of that name that a memory has, given or guessed; None: it has none."""
    value = record.metadata.get(name)
    return value if isinstance(value, str) else None


def is_example(record: Record, name: str) -> bool:
    """True if somebody gave a memory a label of that name."""
    return label_of(record, name) is not None and name not in _guesses(record)


def probability_of(record: Record, name: str) -> float | None:
    """The probability of a label that was guessed; None of one that somebody gave."""
    share = _guesses(record).get(name)
    return share if isinstance(share, float) else None


def labels_of(record: Record) -> dict[str, str]:
    """The labels of a memory, given and guessed, by name."""
    return {name: label for name in _names(record) if (label := label_of(record, name))}


def tally(records: Iterable[Record]) -> dict[str, dict[str, int]]:
    """Counts of each label that was given or guessed: name -> label -> count, the commonest
    first."""
    counts: dict[str, Counter[str]] = {}
    for record in records:
        for name, label in labels_of(record).items():
            counts.setdefault(name, Counter())[label] += 1
    return {name: dict(count.most_common()) for name, count in sorted(counts.items())}


def given(record: Record, name: str, label: str) -> Record:
    """The memory with a label that somebody gives it."""
    return _with(record, name, label, None)


def guessed(record: Record, name: str, label: str | None, probability: float) -> Record:
    """The memory with a label that was guessed; without one that was guessed before, if it is
    None."""
    return _with(record, name, label, None if label is None else round(probability, 3))


def curve(records: Iterable[Record], name: str) -> dict[str, dict[str, int]]:
    """Counts of each label, by month, or by day within two months: ``"2024-03"`` ->
    label -> count. What has no date or no such label is left out."""
    dated = [
        (record.said_at, label)
        for record in records
        if record.said_at and (label := label_of(record, name))
    ]
    if not dated:
        return {}
    moments = [moment for moment, _ in dated]
    is_short = max(moments) - min(moments) <= _FEW_DAYS
    counts: dict[str, Counter[str]] = {}
    for moment, label in sorted(dated):
        day = moment.date().isoformat()
        period = day if is_short else day[: len("2024-03")]
        counts.setdefault(period, Counter())[label] += 1
    return {period: dict(sorted(count.items())) for period, count in sorted(counts.items())}


def _names(record: Record) -> Sequence[str]:
    names = record.metadata.get(LABELLED)
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _guesses(record: Record) -> Mapping[str, Any]:
    guesses = record.metadata.get(GUESSED)
    return guesses if isinstance(guesses, Mapping) else {}


def _with(record: Record, name: str, label: str | None, probability: float | None) -> Record:
    others = set(_names(record)) - {name}
    fields = {
        name: label,
        LABELLED: sorted(others if label is None else {*others, name}) or None,
        GUESSED: _known({**_guesses(record), name: probability}) or None,
    }
    return replace(record, metadata=_known({**record.metadata, **fields}))


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
