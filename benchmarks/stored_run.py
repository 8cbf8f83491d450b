"""A run, read back from its file; the tables are described in ``benchmarks.runs``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from benchmarks.datasets.base import Question
from benchmarks.intervals import Interval
from benchmarks.outcome import Outcome, Run, SystemFigures
from memory.recall.ranking import Recollection
from store import Record

__all__ = ["RECORD_FIELDS", "StoredRun"]

RECORD_FIELDS = ("key", "source", "position", "kind", "role", "speaker", "text")
"""The fields of a record that are kept as they are."""


class StoredRun:
    """A run, read back."""

    def __init__(self, db: Database, row: Mapping[str, Any]) -> None:
        self._db = db
        self._id = row["id"]
        self.run = Run(
            datetime.fromisoformat(row["started_at"]),
            row["dataset"],
            row["digest"],
            row["machine"],
            tuple(json.loads(row["problems"])),
            row["command"],
        )
        self.finished_at = _read(row["finished_at"])
        """None: it was interrupted, or is still going."""

    def systems(self) -> list[str]:
        """Names of the systems, in the order in which they were measured."""
        sql = "SELECT system FROM outcomes WHERE run = ? GROUP BY system ORDER BY min(id)"
        return [row["system"] for row in self._db.query(sql, [self._id])]

    def questions(self) -> dict[str, Question]:
        """All questions, by their ids, in the order of the data."""
        sql = "SELECT * FROM questions WHERE run = ? ORDER BY id"
        return {row["key"]: _question(row) for row in self._db.query(sql, [self._id])}

    def records(self) -> dict[tuple[str, str], Record]:
        """What was recalled or should have been, by namespace and key."""
        sql = "SELECT * FROM records WHERE run = ?"
        return {
            (row["namespace"], row["key"]): _record(row) for row in self._db.query(sql, [self._id])
        }

    def outcomes(self, system: str) -> Iterator[Outcome]:
        """What a system recalled, one question after the other."""
        sql = """SELECT outcomes.id AS outcome, outcomes.milliseconds, questions.* FROM outcomes
            JOIN questions ON questions.id = outcomes.question
            WHERE outcomes.run = ? AND outcomes.system = ? ORDER BY questions.id"""
        for row in self._db.query(sql, [self._id, system]):
            outcome = [row["outcome"]]
            yield Outcome(
                row["namespace"],
                _question(row),
                tuple(map(_recollection, self._db.query(_RANKING, outcome))),
                dict(self._db.execute(_GOLD_RANKS, outcome).fetchall()),
                dict(self._db.execute(_METRICS, outcome).fetchall()),
                row["milliseconds"],
            )

    def values(self, metric: str) -> dict[str, dict[str, float]]:
        """A metric of every system, question by question: system -> question -> value."""
        sql = """SELECT outcomes.system, questions.key, metrics.value FROM metrics
            JOIN outcomes ON outcomes.id = metrics.outcome
            JOIN questions ON questions.id = outcomes.question
            WHERE outcomes.run = ? AND metrics.metric = ? ORDER BY outcomes.id"""
        values: dict[str, dict[str, float]] = {}
        for system, question, value in self._db.execute(sql, [self._id, metric]):
            values.setdefault(system, {})[question] = value
        return values

    def first_gold_ranks(self) -> dict[str, dict[str, int | None]]:
        """Rank of the first gold record: system -> question -> rank, None if none was recalled."""
        sql = """SELECT outcomes.system, questions.key, min(gold_ranks.rank) FROM gold_ranks
            JOIN outcomes ON outcomes.id = gold_ranks.outcome
            JOIN questions ON questions.id = outcomes.question
            WHERE outcomes.run = ? GROUP BY outcomes.id ORDER BY outcomes.id"""
        ranks: dict[str, dict[str, int | None]] = {}
        for system, question, rank in self._db.execute(sql, [self._id]):
            ranks.setdefault(system, {})[question] = rank
        return ranks

    def metrics(self) -> list[str]:
        """Names of all metrics, sorted."""
        sql = """SELECT DISTINCT metric FROM metrics JOIN outcomes ON outcomes.id = outcome
            WHERE run = ? ORDER BY metric"""
        return [metric for (metric,) in self._db.execute(sql, [self._id])]

    def figures(self) -> list[SystemFigures]:
        """The figures of each system as a whole."""
        figures: dict[str, dict[str, float]] = {}
        sql = "SELECT system, figure, value FROM figures WHERE run = ? ORDER BY system, figure"
        for system, figure, value in self._db.execute(sql, [self._id]):
            figures.setdefault(system, {})[figure] = value
        curves = self._curves()
        return [
            SystemFigures(system, found, curves.get(system, {}))
            for system, found in figures.items()
        ]

    def traits(self) -> dict[str, dict[str, float]]:
        """The traits by which questions are told apart: trait -> question -> value."""
        traits: dict[str, dict[str, float]] = {}
        if self._db.table("traits").exists():
            sql = """SELECT trait, key, value FROM traits
                JOIN questions ON questions.id = traits.question WHERE run = ? ORDER BY trait"""
            for trait, question, value in self._db.execute(sql, [self._id]):
                traits.setdefault(trait, {})[question] = value
        return traits

    def _curves(self) -> dict[str, dict[str, dict[float, Interval]]]:
        """The curves of each system, by their names."""
        curves: dict[str, dict[str, dict[float, Interval]]] = {}
        if self._db.table("points").exists():
            sql = """SELECT system, curve, place, mean, low, high, count FROM points
                WHERE run = ? ORDER BY system, curve, place"""
            for system, curve, place, *value in self._db.execute(sql, [self._id]):
                curves.setdefault(system, {}).setdefault(curve, {})[place] = Interval(*value)
        return curves


_RANKING = """SELECT records.*, score, relevance, parts FROM rankings
    JOIN records ON records.id = rankings.record WHERE outcome = ? ORDER BY rank"""
_GOLD_RANKS = "SELECT key, rank FROM gold_ranks WHERE outcome = ?"
_METRICS = "SELECT metric, value FROM metrics WHERE outcome = ?"


def _question(row: Mapping[str, Any]) -> Question:
    return Question(
        row["key"],
        row["text"],
        row["category"],
        json.loads(row["evidence"]),
        json.loads(row["sources"]),
        row["answer"],
        _read(row["asked_at"]),
        bool(row["answerable"]),
    )


def _record(row: Mapping[str, Any]) -> Record:
    return Record(said_at=_read(row["said_at"]), **{name: row[name] for name in RECORD_FIELDS})


def _recollection(row: Mapping[str, Any]) -> Recollection:
    parts = json.loads(row["parts"]) if row["parts"] else {}
    return Recollection(_record(row), row["score"], row["relevance"], parts)


def _read(moment: str | None) -> datetime | None:
    return None if moment is None else datetime.fromisoformat(moment)
