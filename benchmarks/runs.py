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
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from sqlite_utils import Database

from remem.benchmarks.datasets.base import Haystack, Question
from remem.benchmarks.intervals import Interval
from remem.benchmarks.metrics import Outcome, Run, SystemFigures, traits_of
from remem.recall.recollection import Recollection
from remem.store import CorruptStore, InvalidInput, Record

FORMAT = 1
"""Raised by a change that older versions cannot read."""

APPLICATION_ID = int.from_bytes(b"rmbm", "big")

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, dataset TEXT NOT NULL, digest TEXT NOT NULL, started_at TEXT NOT NULL,
    finished_at TEXT, machine TEXT NOT NULL, command TEXT NOT NULL, problems TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS questions (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, key TEXT NOT NULL,
    namespace TEXT NOT NULL, category TEXT NOT NULL, text TEXT NOT NULL, answer TEXT,
    asked_at TEXT, answerable INTEGER NOT NULL, evidence TEXT NOT NULL, sources TEXT NOT NULL,
    UNIQUE (run, key));
CREATE TABLE IF NOT EXISTS records (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, namespace TEXT NOT NULL,
    key TEXT NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
    role TEXT, speaker TEXT, said_at TEXT, text TEXT NOT NULL, UNIQUE (run, namespace, key));
CREATE TABLE IF NOT EXISTS outcomes (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, system TEXT NOT NULL,
    question INTEGER NOT NULL REFERENCES questions, milliseconds REAL NOT NULL,
    UNIQUE (run, system, question));
CREATE TABLE IF NOT EXISTS rankings (
    outcome INTEGER NOT NULL REFERENCES outcomes, rank INTEGER NOT NULL,
    record INTEGER NOT NULL REFERENCES records, score REAL NOT NULL,
    relevance REAL NOT NULL, parts TEXT,
    PRIMARY KEY (outcome, rank)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gold_ranks (
    outcome INTEGER NOT NULL REFERENCES outcomes, key TEXT NOT NULL, rank INTEGER,
    PRIMARY KEY (outcome, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS metrics (
    outcome INTEGER NOT NULL REFERENCES outcomes, metric TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (outcome, metric)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS figures (
    run INTEGER NOT NULL REFERENCES runs, system TEXT NOT NULL, figure TEXT NOT NULL,
    value REAL NOT NULL, PRIMARY KEY (run, system, figure)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS points (
    run INTEGER NOT NULL REFERENCES runs, system TEXT NOT NULL, curve TEXT NOT NULL,
    place REAL NOT NULL, mean REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (run, system, curve, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS traits (
    question INTEGER NOT NULL REFERENCES questions, trait TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (question, trait)) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS scores AS
    SELECT runs.dataset, outcomes.system, questions.key AS question, questions.category,
        metrics.metric, metrics.value
    FROM metrics JOIN outcomes ON outcomes.id = metrics.outcome
    JOIN questions ON questions.id = outcomes.question JOIN runs ON runs.id = outcomes.run
"""

_RECORD_FIELDS = ("key", "source", "position", "kind", "role", "speaker", "text")
_QUESTION_FIELDS = ("category", "text", "answer", "answerable")
"""Fields that are kept as they are."""

_File = TypeVar("_File", bound="SqliteFile")


class SqliteFile:
    """An open SQLite file that says what it holds; a context manager that closes it.

    Attributes:
        application_id: By which SQLite files are told apart.
        number: The file's ``user_version``; a program reads those up to its own.
        remedy: What to do about a file that is missing or holds something else.
    """

    contents: ClassVar[str]
    application_id: ClassVar[int]
    number: ClassVar[int]
    tables: ClassVar[str]
    remedy: ClassVar[str]

    def __init__(self, path: Path, db: Database) -> None:
        self.path = path
        self._db = db

    @classmethod
    def create(cls: type[_File], path: Path) -> _File:
        """Make a new file, or open one that is added to.

        Raises:
            InvalidInput: the file holds something else, or cannot be written there.
            CorruptStore: its format is of a newer version.
        """
        if path.exists() and path.stat().st_size:
            file = cls.open(path)
        else:
            file = cls(path, _connect(path, "rwc"))
        with file._db.atomic():
            for statement in cls.tables.split(";"):
                file._db.execute(statement)
            file._db.execute(f"PRAGMA application_id = {cls.application_id}")
            file._db.execute(f"PRAGMA user_version = {cls.number}")
        return file

    @classmethod
    def open(cls: type[_File], path: Path) -> _File:
        """Open a file that was made by ``create``.

        Raises:
            InvalidInput: there is no such file, or it holds something else.
            CorruptStore: its format is of a newer version.
        """
        if not path.is_file():
            raise InvalidInput(f"there is no file {path}: {cls.remedy}")
        # "rw" where it is only read, too: after a crash, SQLite first has to undo what was half
        # written.
        file = cls(path, _connect(path, "rw"))
        try:
            file._check()
        except BaseException:
            file.close()
            raise
        return file

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def __enter__(self: _File) -> _File:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _check(self) -> None:
        try:
            (application,) = self._db.execute("PRAGMA application_id").fetchone()
            (found,) = self._db.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError:
            application = None
        if application != self.application_id:
            raise InvalidInput(f"{self.path} holds no {self.contents}: {self.remedy}")
        if found > self.number:
            raise CorruptStore(
                f"{self.path} has format {found} and this remem knows up to {self.number}: "
                "upgrade with pip install --upgrade remem"
            )


def _connect(path: Path, mode: str) -> Database:
    try:
        return Database(sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True))
    except sqlite3.OperationalError as error:
        raise InvalidInput(f"{path} cannot be opened ({error}): choose another file") from error


class RunDatabase(SqliteFile):
    """A file of runs."""

    contents = "runs"
    application_id = APPLICATION_ID
    number = FORMAT
    tables = _TABLES
    remedy = "give a file that 'bench recall' has written"

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
        row = asdict(run) | {"started_at": _written(run.started_at)}
        row["problems"] = _json(list(run.problems))
        return RunWriter(self._db, _insert(self._db, "runs", row))

    def runs(self) -> list[StoredRun]:
        """All runs, in the order in which they began."""
        rows = self._db.query("SELECT * FROM runs ORDER BY id")
        return [StoredRun(self._db, row) for row in rows]

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
        answers = {key for question in haystack.questions for key in question.evidence}
        traits = traits_of(haystack)
        with self._transaction():
            for question in haystack.questions:
                gold = {name: _json(getattr(question, name)) for name in ("evidence", "sources")}
                fields = {name: getattr(question, name) for name in _QUESTION_FIELDS}
                at = {"run": self._run, "namespace": haystack.namespace, "key": question.id}
                asked = {"asked_at": _written(question.asked_at)}
                added = _insert(self._db, "questions", at | fields | gold | asked)
                self._db.conn.executemany(
                    "INSERT INTO traits VALUES (?, ?, ?)",
                    [(added, *trait) for trait in traits.get(question.id, {}).items()],
                )
            for record in haystack.records:
                if record.key in answers:
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
        of = {"run": self._run, "system": figures.system}
        rows = ({**of, "figure": name, "value": each} for name, each in figures.figures.items())
        self._db.table("figures").insert_all(rows, replace=True)
        points = (
            {**of, "curve": name, "place": place, **asdict(value)}
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

    def _record_id(self, namespace: str, record: Record) -> int:
        if (namespace, record.key) not in self._records:
            row = {"run": self._run, "namespace": namespace, "said_at": _written(record.said_at)}
            row |= {name: getattr(record, name) for name in _RECORD_FIELDS}
            self._records[namespace, record.key] = _insert(self._db, "records", row)
        return self._records[namespace, record.key]

    def _add_outcome(self, system: str, outcome: Outcome) -> None:
        asked = "SELECT id FROM questions WHERE run = ? AND key = ?"
        question = self._db.execute(asked, [self._run, outcome.question.id]).fetchone()
        if question is None:
            raise InvalidInput(
                f"the question {outcome.question.id} is of no haystack of this run: add it first"
            )
        row = {"run": self._run, "system": system, "question": question[0]}
        made = _insert(self._db, "outcomes", {**row, "milliseconds": outcome.milliseconds})
        for rank, one in enumerate(outcome.ranking, start=1):
            parts = _json(one.parts) if one.parts else None
            record = self._record_id(outcome.namespace, one.record)
            self._db.execute(
                "INSERT INTO rankings VALUES (?, ?, ?, ?, ?, ?)",
                [made, rank, record, one.score, one.relevance, parts],
            )
        for table, values in (("gold_ranks", outcome.gold), ("metrics", outcome.metrics)):
            rows = [(made, *item) for item in values.items()]
            self._db.conn.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", rows)


def _insert(db: Database, table: str, row: dict[str, Any]) -> int:
    made: Any = db.table(table).insert(row).last_pk
    return int(made)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


class StoredRun:
    """A run, read back; the tables are described in ``remem.benchmarks.runs``.

    Attributes:
        finished_at: None: it was interrupted, or is still going.
    """

    def __init__(self, db: Database, row: Mapping[str, Any]) -> None:
        self._db = db
        self._id = row["id"]
        fields = {name: row[name] for name in ("dataset", "digest", "machine", "command")}
        started, problems = datetime.fromisoformat(row["started_at"]), json.loads(row["problems"])
        self.run = Run(started, problems=tuple(problems), **fields)
        self.finished_at = _read(row["finished_at"])

    def systems(self) -> list[str]:
        """Names of the systems, in the order in which they were measured."""
        sql = "SELECT system FROM outcomes WHERE run = ? GROUP BY system ORDER BY min(id)"
        return [system for (system,) in self._db.execute(sql, [self._id])]

    def questions(self) -> dict[str, Question]:
        """All questions, by their ids, in the order of the data."""
        sql = "SELECT * FROM questions WHERE run = ? ORDER BY id"
        return {row["key"]: _question(row) for row in self._db.query(sql, [self._id])}

    def records(self) -> dict[tuple[str, str], Record]:
        """Records that were recalled or should have been, by namespace and key."""
        rows = self._db.query("SELECT * FROM records WHERE run = ?", [self._id])
        return {(row["namespace"], row["key"]): _record(row) for row in rows}

    def outcomes(self, system: str) -> Iterator[Outcome]:
        """Outcomes of a system, one question after the other."""
        sql = """SELECT outcomes.id AS outcome, outcomes.milliseconds, questions.* FROM outcomes
            JOIN questions ON questions.id = outcomes.question
            WHERE outcomes.run = ? AND outcomes.system = ? ORDER BY questions.id"""
        ranking = """SELECT records.*, score, relevance, parts FROM rankings
            JOIN records ON records.id = rankings.record WHERE outcome = ? ORDER BY rank"""
        for row in self._db.query(sql, [self._id, system]):
            of = [row["outcome"]]
            gold = self._db.execute("SELECT key, rank FROM gold_ranks WHERE outcome = ?", of)
            metrics = self._db.execute("SELECT metric, value FROM metrics WHERE outcome = ?", of)
            yield Outcome(
                row["namespace"],
                _question(row),
                tuple(map(_recollection, self._db.query(ranking, of))),
                dict(gold.fetchall()),
                dict(metrics.fetchall()),
                row["milliseconds"],
            )

    def values(self, metric: str) -> dict[str, dict[str, float]]:
        """A metric of every system, question by question: system -> question -> value."""
        sql = """SELECT outcomes.system, questions.key, metrics.value FROM metrics
            JOIN outcomes ON outcomes.id = metrics.outcome
            JOIN questions ON questions.id = outcomes.question
            WHERE outcomes.run = ? AND metrics.metric = ? ORDER BY outcomes.id"""
        return self._tree(sql, metric)

    def first_gold_ranks(self) -> dict[str, dict[str, int | None]]:
        """Rank of the first gold record: system -> question -> rank, None if none was recalled."""
        sql = """SELECT outcomes.system, questions.key, min(gold_ranks.rank) FROM gold_ranks
            JOIN outcomes ON outcomes.id = gold_ranks.outcome
            JOIN questions ON questions.id = outcomes.question
            WHERE outcomes.run = ? GROUP BY outcomes.id ORDER BY outcomes.id"""
        return self._tree(sql)

    def metrics(self) -> list[str]:
        """Names of all metrics, sorted."""
        sql = """SELECT DISTINCT metric FROM metrics JOIN outcomes ON outcomes.id = outcome
            WHERE run = ? ORDER BY metric"""
        return [metric for (metric,) in self._db.execute(sql, [self._id])]

    def figures(self) -> list[SystemFigures]:
        """The figures and curves of each system as a whole."""
        figures = self._tree(
            "SELECT system, figure, value FROM figures WHERE run = ? ORDER BY system, figure"
        )
        curves: dict[str, dict[str, dict[float, Interval]]] = {}
        if self._db.table("points").exists():
            sql = """SELECT system, curve, place, mean, low, high, count FROM points
                WHERE run = ? ORDER BY system, curve, place"""
            for system, curve, place, *value in self._db.execute(sql, [self._id]):
                curves.setdefault(system, {}).setdefault(curve, {})[place] = Interval(*value)
        return [
            SystemFigures(system, figures[system], curves.get(system, {})) for system in figures
        ]

    def traits(self) -> dict[str, dict[str, float]]:
        """The traits by which questions are told apart: trait -> question -> value."""
        if not self._db.table("traits").exists():
            return {}
        return self._tree("""SELECT trait, key, value FROM traits
            JOIN questions ON questions.id = traits.question WHERE run = ? ORDER BY trait""")

    def _tree(self, sql: str, *arguments: str) -> dict[str, dict[str, Any]]:
        """Rows of this run with three columns, as a value by the first and the second."""
        tree: dict[str, dict[str, Any]] = {}
        for first, second, value in self._db.execute(sql, [self._id, *arguments]):
            tree.setdefault(first, {})[second] = value
        return tree


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
    return Record(said_at=_read(row["said_at"]), **{name: row[name] for name in _RECORD_FIELDS})


def _recollection(row: Mapping[str, Any]) -> Recollection:
    parts = json.loads(row["parts"]) if row["parts"] else {}
    return Recollection(_record(row), row["score"], row["relevance"], parts)


def _read(moment: str | None) -> datetime | None:
    return None if moment is None else datetime.fromisoformat(moment)
