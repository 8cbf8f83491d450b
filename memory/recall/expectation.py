"""A memory that somebody expects, and where it stays behind on its way from store to prompt. Pure.

It has to be there and current, to pass the filter, to come up in the pool of some leg, and to stand
among the first k; for a prompt also to reach the floor of relevance, and to fit into the budget.
``remem.inquiry`` finds out where it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from remem.recall.order.echoes import REASONS
from remem.recall.recollection import Recollection
from remem.store import Filter, Record, facets
from remem.store.filters import COLUMNS, And, Exists, In, Not, Or, Range, Scalar

# fmt: off
Stage = Literal[
    "unknown", "elsewhere", "superseded", "expired", "filter", "pool", "limit", "floor", "budget",
    "kept",
]
# fmt: on
"""Stage at which a memory is dropped:

* ``unknown``: no memory of the namespace has the key; ``elsewhere``: one of another namespace has.
* ``superseded``: other words took its place; ``expired``: its time is over.
* ``filter``: it fails a condition.
* ``pool``: no leg has it among its best; ``limit``: it is ranked, but behind the first k.
* ``floor``: its relevance is too low for a prompt; ``budget``: it does not fit into one.
* ``kept``: nowhere.
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms on which a question is asked.

    Attributes:
        k: Most memories.
        where: Only these; None: all.
        floor: The least relevance that a prompt takes.
        budget: The most tokens of the prompt; None: none is made, and ``floor`` says nothing.
    """

    k: int
    where: Filter | None = None
    floor: float = 0.0
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """The depth at which a leg has a memory, and the depth to which it looked.

    Attributes:
        leg: Its name: "dense turn", "text window", ...
        place: Of the memory in the order of the leg, 1 being the best; None: not among the first
            that were looked through, see ``remem.inquiry.DEEPEST``.
        score: What the leg gives to it, a cosine or BM25; None: nothing, as none of the words that
            a text leg looks for are in it.
        pool: How many hits the search asked of the leg.
    """

    leg: str
    place: int | None
    score: float | None
    pool: int


@dataclass(frozen=True, slots=True)
class Expected:
    """The fate of a memory that was expected.

    Attributes:
        key: Of the memory.
        stage: Where it was dropped; see ``Stage``.
        reason: Why, in one sentence.
        remedy: What would have kept it, in one sentence; empty if it was kept.
        place: In the ranking, 1 being the best; None: it is not ranked, or so far behind that its
            place is unknown.
        score, relevance: As in ``Recollection``; None where there is no place.
        reaches: What each leg makes of it; empty if no leg could return it.
        keeps: Values of ``k``, ``floor`` and ``budget`` with which it would have been kept, once
            the conditions that it fails are left out. They were tried.
        words: Words of it that the question lacks, with which it would have been kept.
        echo: Why it is no evidence of its own, if it is none; see ``order.echoes.Kind``.
    """

    key: str
    stage: Stage
    reason: str = ""
    remedy: str = ""
    place: int | None = None
    score: float | None = None
    relevance: float | None = None
    reaches: tuple[Reach, ...] = ()
    keeps: Mapping[str, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    echo: str = ""

    @property
    def kept(self) -> bool:
        """True if nothing dropped it."""
        return self.stage == "kept"


class Found(list[Recollection]):
    """The memories that a search found, best first, and the fate of the one that was expected.

    Attributes:
        expected: The answer to that.
    """

    def __init__(self, recollections: Sequence[Recollection], expected: Expected) -> None:
        super().__init__(recollections)
        self.expected = expected


def reason(expected: Expected, record: Record, terms: Terms, found: Sequence[Recollection]) -> str:
    """The reason of what became of a current memory.

    Args:
        expected: It, as far as it is known.
        record: The memory.
        found: What was found on these terms.
    """
    place, score, relevance = expected.place, expected.score or 0.0, expected.relevance or 0.0
    standing = f"stands at place {place} with a score of {score:.2f}"
    if expected.echo and expected.stage in ("limit", "floor"):
        return f"{REASONS[expected.echo]}."
    match expected.stage:
        case "filter":
            failed = [] if terms.where is None else failing(terms.where, record)
            return f"The filter leaves it out: {'; '.join(in_words(it, record) for it in failed)}."
        case "pool":
            return _unreached(expected.reaches)
        case "limit":
            last = f"; the last of the {len(found)} that were asked for has {found[-1].score:.2f}"
            if place is None:
                return f"It is in the pool of a leg, but far behind in the ranking{last}."
            return f"It {standing}{last}."
        case "floor":
            low = f"Its relevance of {relevance:.2g} is below the floor of {terms.floor:.2g}"
            if any(one.relevance for one in found):
                return f"{low}."
            return f"{low}: nothing that is remembered seems to matter for the question."
        case "budget":
            return f"It does not fit into a prompt of {terms.budget} tokens."
    if place is None:
        return "It is pinned, and so in every prompt."
    return f"It {standing} and a relevance of {relevance:.2g}."


def _unreached(reaches: Sequence[Reach]) -> str:
    places = [(each.place - each.pool, each) for each in reaches if each.place]
    if not places:
        return "No part of the search has it among what it looked through."
    lacking, nearest = min(places, key=lambda each: each[0])
    at = f"the nearest, {nearest.leg}, has it at place {nearest.place}"
    if lacking <= 0:  # the index of a large namespace may miss a few
        return f"No part of the search came upon it, though {at} of the first {nearest.pool}."
    return f"No part of the search reached it: {at} and took the first {nearest.pool}."


def remedy(conditions: bool, keeps: Mapping[str, float] | None, words: Sequence[str]) -> str:
    """The advice that would have kept a memory, in one sentence.

    Args:
        conditions: It fails some of a filter.
        keeps: See ``Expected``; None: no values are known to keep it.
        words: See ``Expected``.
    """
    own = f"add words of it to the question: {_listed(list(map(repr, words)))}" if words else ""
    steps = ["leave that out"] if conditions else []
    if keeps is None:
        steps.append(own or "ask in other words, nearer to what it says")
    elif keeps:
        steps.append(f"ask with {_listed([f'a {k} of {v:.15g}' for k, v in keeps.items()])}")
    way = " and ".join(steps)
    if own and own not in way:
        way += f", or {own}"
    return f"{way[0].upper()}{way[1:]}."


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


# The conditions of a filter that a record fails, in words. Pure.

_PREFIX = "metadata."


def failing(where: Filter, record: Record) -> list[Filter]:
    """The parts of a filter that leave a record out, each of which would do so alone."""
    if where.matches(record):
        return []
    if isinstance(where, And):
        return [each for part in where.parts for each in failing(part, record)]
    return [where]


def without_failing(where: Filter, record: Record) -> Filter | None:
    """The filter without what leaves a record out; None: nothing remains of it."""
    if isinstance(where, And):
        parts = (without_failing(part, record) for part in where.parts)
        left = tuple(part for part in parts if part is not None)
        return And(left) if left else None
    return where if where.matches(record) else None


def in_words(condition: Filter, record: Record) -> str:
    """A condition that a record fails, and what the record has instead."""
    field = _only_field(condition)
    return _said(condition) if field is None else f"{_said(condition)} ({_held(record, field)})"


def _said(condition: Filter) -> str:
    match condition:
        case And(parts):
            return " and ".join(map(_grouped, parts)) or "anything"
        case Or(parts):
            return " or ".join(map(_grouped, parts)) or "nothing"
        case Not(In(field, (value,))):
            return f"{field} is not {_value(value)}"
        case Not(Exists(field)):
            return f"{field} has no value"
        case Not(part):
            return f"not ({_said(part)})"
        case In(field, (value,)):
            return f"{field} is {_value(value)}"
        case In(field, values):
            return f"{field} is one of {_joined(values)}"
        case Range(field, low, None):
            return f"{field} is at least {_value(low)}"
        case Range(field, None, high):
            return f"{field} is at most {_value(high)}"
        case Range(field, low, high):
            return f"{field} is from {_value(low)} to {_value(high)}"
        case Exists(field):
            return f"{field} has a value"
    return str(condition)


def _grouped(part: Filter) -> str:
    return f"({_said(part)})" if isinstance(part, (And, Or)) else _said(part)


def _only_field(condition: Filter) -> str | None:
    """The one field that a condition is about; None: it is made of several conditions."""
    if isinstance(condition, Not):
        return _only_field(condition.part)
    return condition.field if isinstance(condition, (In, Range, Exists)) else None


def _held(record: Record, field: str) -> str:
    if field in COLUMNS:
        value = getattr(record, field)
        return "it has none" if value is None else f"it has {_value(value)}"
    name = field.removeprefix(_PREFIX)
    values = [value for each, value in facets(record.metadata) if each == name]
    return f"it has {_joined(values)}" if values else "it has none"


def _joined(values: Iterable[Scalar]) -> str:
    return ", ".join(map(_value, values)) or "nothing"


def _value(value: Scalar | None) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)
