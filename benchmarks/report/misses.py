"""What the browser of misses shows: a plain structure for JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from benchmarks.outcome import Outcome
from memory.recall.prompt import format_date
from memory.recall.ranking import Recollection
from store import Record

__all__ = ["DEPTH", "browsable", "without_texts"]

DEPTH = 10
"""Gold beyond this rank is a miss; of what came instead, as many are shown."""

_MOST_GOLD = 20
_MOST_CHARACTERS = 500

Json = dict[str, Any]


def browsable(
    outcomes: Iterable[Outcome],
    records: Mapping[tuple[str, str], Record],
    first_ranks: Mapping[str, Mapping[str, int | None]],
) -> Json:
    """One data set for the browser; the longest texts are cut, each record is in it once.

    Args:
        outcomes: Of the system that is looked at.
        records: By namespace and key.
        first_ranks: System -> question -> rank of its first gold record, None if there is none.
    """
    shelf = _Shelf(records)
    questions = [_question(outcome, shelf, first_ranks) for outcome in outcomes]
    return {
        "systems": list(first_ranks),
        "parts": list(shelf.parts),
        "questions": questions,
        "records": shelf.shown,
    }


def without_texts(browsable: Json) -> Json:
    """The same without anything that somebody wrote: ids, ranks and scores stay."""
    ids = ("key", "source")
    words = ("text", "answer", "asked")
    return {
        **browsable,
        "questions": [
            {name: value for name, value in question.items() if name not in words}
            for question in browsable["questions"]
        ],
        "records": [{name: record[name] for name in ids} for record in browsable["records"]],
    }


class _Shelf:
    """Records and parts of scores by number, so that each is written once."""

    def __init__(self, records: Mapping[tuple[str, str], Record]) -> None:
        self._records = records
        self._places: dict[tuple[str, str], int] = {}
        self.shown: list[Json] = []
        self.parts: dict[str, int] = {}

    def place(self, namespace: str, key: str) -> int | None:
        """The number of a record; None for a key that is not a record's, but a session's, say."""
        record = self._records.get((namespace, key))
        if record is None:
            return None
        if (namespace, key) not in self._places:
            self._places[namespace, key] = len(self.shown)
            self.shown.append(_record(record))
        return self._places[namespace, key]

    def scores(self, parts: Mapping[str, float]) -> list[float]:
        """The parts of a score, each at its place."""
        for part in parts:
            self.parts.setdefault(part, len(self.parts))
        return [round(parts.get(part, 0.0), 3) for part in self.parts]


def _question(
    outcome: Outcome, shelf: _Shelf, first_ranks: Mapping[str, Mapping[str, int | None]]
) -> Json:
    question = outcome.question
    gold = sorted(outcome.gold.items(), key=lambda item: (item[1] is None, item[1] or 0, item[0]))
    shown = {
        "id": question.id,
        "category": question.category,
        "text": _cut(question.text),
        "asked": _day(question.asked_at),
        "answer": _cut(question.answer) if question.answer else None,
        "gold": [
            _present(key=key, rank=rank, record=shelf.place(outcome.namespace, key))
            for key, rank in gold[:_MOST_GOLD]
        ],
        # What the list is filtered and sorted by, the gold that is not listed included.
        "found": sum(rank is not None and rank <= DEPTH for _, rank in gold),
        "of": len(gold),
        "worst": gold[-1][1] if gold else None,
        "top": [_recalled(one, outcome.namespace, shelf) for one in outcome.ranking[:DEPTH]],
        "first": [ranks.get(question.id) for ranks in first_ranks.values()],
    }
    return _present(**shown)


def _recalled(recollection: Recollection, namespace: str, shelf: _Shelf) -> Json:
    return _present(
        record=shelf.place(namespace, recollection.record.key),
        score=round(recollection.score, 3),
        relevance=round(recollection.relevance, 3) or None,
        parts=shelf.scores(recollection.parts),
    )


def _record(record: Record) -> Json:
    return _present(
        key=record.key,
        source=record.source,
        speaker=record.speaker or record.role,
        date=_day(record.said_at),
        text=_cut(record.text),
    )


def _present(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else format_date(moment)


def _cut(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]} […{len(text) - _MOST_CHARACTERS:,} more characters]"
