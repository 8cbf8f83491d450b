"""Runs in one SQLite file, question by question. This docstring is the format, number 1.

The file's ``application_id`` is 1919771245 (``rmbm``), its ``user_version`` the number of the
format. Times are ISO 8601 with their UTC offset; what is marked JSON is JSON.

``runs(id, dataset, digest, started_at, finished_at, machine, command, problems)``
    One data set, measured once. ``finished_at`` is null while it runs, and stays so when it was
    interrupted; ``digest``: SHA-256 of the data; ``problems``: JSON, a list of sentences.
``questions(id, run, key, namespace, category, text, answer, asked_at, answerable, evidence,
sources)``
    What was asked. ``key`` is the data set's name for it; ``evidence`` and ``sources``: JSON, what
    answers it -> grade.
``records(id, run, namespace, key, source, position, kind, role, speaker, said_at, text)``
    What was recalled or should have been, each record once.
``outcomes(id, run, system, question, milliseconds)``
    One question put to one system; ``question``: ``questions.id``.
``rankings(outcome, rank, record, score, relevance, parts)``
    What came back, from rank 1; ``relevance``: 0 of systems that judge none; ``parts``: JSON, part
    of the score -> what it added, or null.
``gold_ranks(outcome, key, rank)``
    Where each gold record stands; null: it was not recalled.
``metrics(outcome, metric, value)``
    "turn R@10" -> in [0, 1]. A metric that is not defined for the question has no row.
``figures(run, system, figure, value)``
    What is true of a system as a whole: "p50 ms", "records/s".
``points(run, system, curve, place, mean, low, high, count)``
    A curve of a system, point by point: "reliability" over relevance, "evidence against the floor"
    over floors; with the ends of a 95 % interval and how many values are behind it.
``traits(question, trait, value)``
    What a question may be told apart by: "pieces of gold", "share of the speaker". Older
    files have neither of these two tables.
``scores(dataset, system, question, category, metric, value)``
    A view for people: all metrics in long form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from benchmarks.datasets.base import Haystack, Question
from benchmarks.outcome import Outcome, Run, SystemFigures
from benchmarks.sqlite_file import FileFormat, SqliteFile
from benchmarks.stored_run import RECORD_FIELDS, StoredRun
from benchmarks.traits import traits_of
from store import InvalidInput, Record

__all__ = ["APPLICATION_ID", "FORMAT", "RunDatabase", "RunWriter"]

FORMAT = 1
"""Raised by a change that older versions cannot read."""

APPLICATION_ID = int.from_bytes(b"rmbm", "big")

_TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, dataset TEXT NOT NULL, digest TEXT NOT NULL, started_at TEXT NOT NULL,
    finished_at TEXT, machine TEXT NOT NULL, command TEXT NOT NULL, problems TEXT NOT NULL);
CREATE TABLE questions (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, key TEXT NOT NULL,
    namespace TEXT NOT NULL, category TEXT NOT NULL, text TEXT NOT NULL, answer TEXT,
    asked_at TEXT, answerable INTEGER NOT NULL, evidence TEXT NOT NULL, sources TEXT NOT NULL,
    UNIQUE (run, key));
CREATE TABLE records (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, namespace TEXT NOT NULL,
    key TEXT NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
    role TEXT, speaker TEXT, said_at TEXT, text TEXT NOT NULL, UNIQUE (run, namespace, key));
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, system TEXT NOT NULL,
    question INTEGER NOT NULL REFERENCES questions, milliseconds REAL NOT NULL,
    UNIQUE (run, system, question));
CREATE TABLE rankings (
    outcome INTEGER NOT NULL REFERENCES outcomes, rank INTEGER NOT NULL,
    record INTEGER NOT NULL REFERENCES records, score REAL NOT NULL,
    relevance REAL NOT NULL, parts TEXT,
    PRIMARY KEY (outcome, rank)) WITHOUT ROWID;
CREATE TABLE gold_ranks (
    outcome INTEGER NOT NULL REFERENCES outcomes, key TEXT NOT NULL, rank INTEGER,
    PRIMARY KEY (outcome, key)) WITHOUT ROWID;
CREATE TABLE metrics (
    outcome INTEGER NOT NULL REFERENCES outcomes, metric TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (outcome, metric)) WITHOUT ROWID;
CREATE TABLE figures (
    run INTEGER NOT NULL REFERENCES runs, system TEXT NOT NULL, figure TEXT NOT NULL,
    value REAL NOT NULL, PRIMARY KEY (run, system, figure)) WITHOUT ROWID;
CREATE VIEW scores AS
    SELECT runs.dataset, outcomes.system, questions.key AS question, questions.category,
        metrics.metric, metrics.value
    FROM metrics JOIN outcomes ON outcomes.id = metrics.outcome
    JOIN questions ON questions.id = outcomes.question JOIN runs ON runs.id = outcomes.run
"""


_ADDED = (
    """CREATE TABLE IF NOT EXISTS points (
    run INTEGER NOT NULL REFERENCES runs, system TEXT NOT NULL, curve TEXT NOT NULL,
    place REAL NOT NULL, mean REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (run, system, curve, place)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS traits (
    question INTEGER NOT NULL REFERENCES questions, trait TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (question, trait)) WITHOUT ROWID""",
)
"""Tables that came later; a file that is added to gets them."""

_FORMAT = FileFormat(
    "runs", APPLICATION_ID, FORMAT, _TABLES, "give a file that 'bench recall' has written"
)


class RunDatabase(SqliteFile):
    """A file of runs. Made by ``create`` or ``open``; a context manager that closes it."""

    @classmethod
    def create(cls, path: Path) -> RunDatabase:
        """A new file, or one that further runs are added to.

        Raises:
            InvalidInput: the file is something else, or cannot be written there.
            CorruptStore: its format is of a newer version.
        """
        db = _FORMAT.create(path)
        for table in _ADDED:
            db.execute(table)
        return cls(path, db)

    @classmethod
    def open(cls, path: Path) -> RunDatabase:
        """A file that was written by ``create``.

        Raises:
            InvalidInput: there is no such file, or it holds something else.
            CorruptStore: its format is of a newer version.
        """
        return cls(path, _FORMAT.open(path))

    def start(self, run: Run) -> RunWriter:
        """Begin a run; what is added to it is kept even if it never ends.

        Raises:
            InvalidInput: the file holds a run of other data under the same name.
        """
        before = self.latest().get(run.dataset)
        if before is not None and before.run.digest != run.digest:
            raise InvalidInput(
                f"{self.path} has a run of other data that is called {run.dataset!r}, too: rename "
                "one of them, or choose another folder for --out"
            )
        row = {
            "dataset": run.dataset,
            "digest": run.digest,
            "started_at": run.started_at.isoformat(),
            "machine": run.machine,
            "command": run.command,
            "problems": _json(list(run.problems)),
        }
        return RunWriter(self._db, _insert(self._db, "runs", row))

    def runs(self) -> list[StoredRun]:
        """All runs, in the order in which they began."""
        return [
            StoredRun(self._db, row) for row in self._db.query("SELECT * FROM runs ORDER BY id")
        ]

    def latest(self) -> dict[str, StoredRun]:
        """The newest run of each data set, by the data set's name."""
        return {stored.run.dataset: stored for stored in self.runs()}


class RunWriter:
    """A run as it goes. Every call is one transaction, so an interruption loses nothing."""

    def __init__(self, db: Database, run: int) -> None:
        self._db = db
        self._run = run
        self._records: dict[tuple[str, str], int] = {}  # where they are, once committed

    def add_haystack(self, haystack: Haystack) -> None:
        """Write down the questions of a haystack, and the records that answer them."""
        gold = {key for question in haystack.questions for key in question.evidence}
        traits = traits_of(haystack)
        with self._transaction():
            for question in haystack.questions:
                added = self._add_question(haystack.namespace, question)
                self._db.conn.executemany(
                    "INSERT INTO traits VALUES (?, ?, ?)",
                    [(added, *trait) for trait in traits.get(question.id, {}).items()],
                )
            for record in haystack.records:
                if record.key in gold:
                    self._record_id(haystack.namespace, record)

    def add(self, system: str, outcomes: Iterable[Outcome]) -> None:
        """Write down what a system recalled.

        Raises:
            InvalidInput: a question that was not announced by ``add_haystack``.
        """
        with self._transaction():
            for outcome in outcomes:
                self._add_outcome(system, outcome)

    def add_figures(self, figures: SystemFigures) -> None:
        """Write down what is true of a system as a whole."""
        rows = (
            {"run": self._run, "system": figures.system, "figure": name, "value": value}
            for name, value in figures.figures.items()
        )
        self._db.table("figures").insert_all(rows, replace=True)
        points = (
            {"run": self._run, "system": figures.system, "curve": name, "place": place}
            | asdict(value)
            for name, curve in figures.curves.items()
            for place, value in curve.items()
        )
        self._db.table("points").insert_all(points, replace=True)

    def finish(self, problems: Sequence[str] = ()) -> None:
        """Say that the run is complete, and what of the data was left out."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        row = {"finished_at": now, "problems": _json(list(problems))}
        self._db.table("runs").update(self._run, row)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, of what is remembered of the file too."""
        known = len(self._records)
        try:
            with self._db.atomic():
                yield
        except BaseException:
            while len(self._records) > known:
                self._records.popitem()  # the newest
            raise

    def _add_question(self, namespace: str, question: Question) -> int:
        row = {
            "run": self._run,
            "key": question.id,
            "namespace": namespace,
            "category": question.category,
            "text": question.text,
            "answer": question.answer,
            "asked_at": _written(question.asked_at),
            "answerable": question.answerable,
            "evidence": _json(question.evidence),
            "sources": _json(question.sources),
        }
        return _insert(self._db, "questions", row)

    def _record_id(self, namespace: str, record: Record) -> int:
        found = self._records.get((namespace, record.key))
        if found is not None:
            return found
        row = {
            "run": self._run,
            "namespace": namespace,
            "said_at": _written(record.said_at),
            **{name: getattr(record, name) for name in RECORD_FIELDS},
        }
        self._records[namespace, record.key] = made = _insert(self._db, "records", row)
        return made

    def _add_outcome(self, system: str, outcome: Outcome) -> None:
        asked = "SELECT id FROM questions WHERE run = ? AND key = ?"
        question = self._db.execute(asked, [self._run, outcome.question.id]).fetchone()
        if question is None:
            raise InvalidInput(
                f"the question {outcome.question.id} is of no haystack of this run: add it first"
            )
        row = {
            "run": self._run,
            "system": system,
            "question": question[0],
            "milliseconds": outcome.milliseconds,
        }
        made = _insert(self._db, "outcomes", row)
        for rank, one in enumerate(outcome.ranking, start=1):
            parts = _json(one.parts) if one.parts else None
            record = self._record_id(outcome.namespace, one.record)
            self._db.execute(
                "INSERT INTO rankings VALUES (?, ?, ?, ?, ?, ?)",
                [made, rank, record, one.score, one.relevance, parts],
            )
        self._db.conn.executemany(
            "INSERT INTO gold_ranks VALUES (?, ?, ?)",
            [(made, key, rank) for key, rank in outcome.gold.items()],
        )
        self._db.conn.executemany(
            "INSERT INTO metrics VALUES (?, ?, ?)",
            [(made, metric, value) for metric, value in outcome.metrics.items()],
        )


def _insert(db: Database, table: str, row: dict[str, Any]) -> int:
    made: Any = db.table(table).insert(row).last_pk
    return int(made)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
