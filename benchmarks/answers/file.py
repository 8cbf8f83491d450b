"""Answers in one SQLite file, kept as they are given. This docstring is the format, number 1.

The file's ``application_id`` is 1919770721 (``rmba``), its ``user_version`` the number of the
format.

``settings(name, value)``
    What all answers of the file have in common: data set, generator, budget, judge, encoder.
``sessions(id, started_at, machine)``
    Each time answers were added: when (ISO 8601), and on what.
``answers(id, session, question, arm, category, text, gold, answerable, answer, verdict, seconds,
prompt_tokens)``
    One answer. ``question``: the data set's id of it; ``arm``: "with memory" or "without memory";
    ``gold``: null where there is none; ``verdict``: "yes", "no", "unreadable", or null without a
    judge; ``prompt_tokens``: of the whole prompt, as the generator counts them.
``scores(answer, score, value)``
    "token F1" -> in [0, 1]. A score that is not defined for the question has no row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

from sqlite_utils import Database

from benchmarks.answers.judging import Verdict
from benchmarks.datasets.base import Question
from benchmarks.machine import describe
from store import CorruptStore, InvalidInput

__all__ = ["APPLICATION_ID", "FORMAT", "Answer", "AnswerFile"]

FORMAT = 1
"""Raised by a change that older versions cannot read."""

APPLICATION_ID = int.from_bytes(b"rmba", "big")

_TABLES = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, machine TEXT NOT NULL);
CREATE TABLE answers (
    id INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES sessions, question TEXT NOT NULL,
    arm TEXT NOT NULL, category TEXT NOT NULL, text TEXT NOT NULL, gold TEXT,
    answerable INTEGER NOT NULL, answer TEXT NOT NULL, verdict TEXT, seconds REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL, UNIQUE (question, arm));
CREATE TABLE scores (
    answer INTEGER NOT NULL REFERENCES answers, score TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (answer, score)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a generator answered.

    Attributes:
        question: Without its evidence, when read back.
        arm: What it was given: "with memory" or "without memory".
        scores: By name, each in [0, 1].
        verdict: The judge's; None without a judge.
        seconds: How long the answer took.
        prompt_tokens: Of the whole prompt, as the generator counts them.
    """

    question: Question
    arm: str
    text: str
    seconds: float
    prompt_tokens: int
    scores: Mapping[str, float] = field(default_factory=dict)
    verdict: Verdict | None = None


class AnswerFile:
    """The answers of one generator to one data set; a context manager that closes it.

    Args:
        path: A new file, or one with the same settings, which is added to.
        settings: What all its answers have in common.

    Raises:
        InvalidInput: the file has other settings, is something else, or cannot be written.
        CorruptStore: its format is of a newer version.
    """

    def __init__(self, path: Path, settings: Mapping[str, str]) -> None:
        self.path = path
        self._db = _connect(path)
        try:
            if not self._db.table_names():
                self._create(settings)
            self._check(settings)
            session = {
                "started_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
                "machine": describe(),
            }
            self._session = self._db.table("sessions").insert(session).last_pk
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def __enter__(self) -> AnswerFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, answer: Answer) -> None:
        """Keep an answer; it is on disk when this returns."""
        question = answer.question
        row = {
            "session": self._session,
            "question": question.id,
            "arm": answer.arm,
            "category": question.category,
            "text": question.text,
            "gold": question.answer,
            "answerable": question.answerable,
            "answer": answer.text,
            "verdict": answer.verdict and answer.verdict.value,
            "seconds": answer.seconds,
            "prompt_tokens": answer.prompt_tokens,
        }
        with self._db.atomic():
            made = self._db.table("answers").insert(row).last_pk
            self._db.table("scores").insert_all(
                {"answer": made, "score": name, "value": value}
                for name, value in answer.scores.items()
            )

    def answers(self) -> list[Answer]:
        """All answers, in the order in which they were given."""
        return [
            Answer(
                Question(
                    row["question"],
                    row["text"],
                    row["category"],
                    answer=row["gold"],
                    answerable=bool(row["answerable"]),
                ),
                row["arm"],
                row["answer"],
                row["seconds"],
                row["prompt_tokens"],
                dict(self._db.execute(_SCORES, [row["id"]]).fetchall()),
                row["verdict"] and Verdict(row["verdict"]),
            )
            for row in self._db.query("SELECT * FROM answers ORDER BY id")
        ]

    def _create(self, settings: Mapping[str, str]) -> None:
        with self._db.atomic():
            self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version = {FORMAT}")
            for statement in _TABLES.split(";"):
                self._db.execute(statement)
            rows = ({"name": name, "value": value} for name, value in settings.items())
            self._db.table("settings").insert_all(rows)

    def _check(self, settings: Mapping[str, str]) -> None:
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (found,) = self._db.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID:
            raise InvalidInput(f"{self.path} holds no answers: name another folder with --out")
        if found > FORMAT:
            raise CorruptStore(
                f"{self.path} has format {found} and this remem knows up to {FORMAT}: "
                "upgrade with pip install --upgrade remem"
            )
        kept = dict(self._db.execute("SELECT name, value FROM settings").fetchall())
        for name in {**kept, **settings}:
            if kept.get(name) != settings.get(name):
                raise InvalidInput(
                    f"{self.path} has answers with the {name} {kept.get(name, 'unset')!r}, not "
                    f"{settings.get(name, 'unset')!r}: name another folder with --out"
                )


_SCORES = "SELECT score, value FROM scores WHERE answer = ?"


def _connect(path: Path) -> Database:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = Database(sqlite3.connect(path))
    except (OSError, sqlite3.OperationalError) as error:
        raise InvalidInput(f"{path} cannot be written ({error}): name another folder") from error
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        db.close()
        raise InvalidInput(f"{path} holds no answers: name another folder with --out") from error
    return db
