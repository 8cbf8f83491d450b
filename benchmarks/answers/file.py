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

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from remem.benchmarks.answers.scores import Verdict
from remem.benchmarks.datasets.base import Question
from remem.benchmarks.machine import describe
from remem.benchmarks.runs import FileFormat, SqliteFile
from remem.store import InvalidInput

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

_FORMAT = FileFormat("answers", APPLICATION_ID, FORMAT, _TABLES, "name another folder with --out")


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


class AnswerFile(SqliteFile):
    """The answers of one generator to one data set; a context manager that closes it.

    Args:
        path: A new file, or one with the same settings, which is added to.
        settings: What all its answers have in common.

    Raises:
        InvalidInput: the file has other settings, is something else, or cannot be written.
        CorruptStore: its format is of a newer version.
    """

    def __init__(self, path: Path, settings: Mapping[str, str]) -> None:
        super().__init__(path, _FORMAT.create(path))
        try:
            self._keep_or_compare(settings)
            session = {
                "started_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
                "machine": describe(),
            }
            self._session = self._db.table("sessions").insert(session).last_pk
        except BaseException:
            self.close()
            raise

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

    def _keep_or_compare(self, settings: Mapping[str, str]) -> None:
        """Settings are those of the first session; later ones must have the same."""
        kept = dict(self._db.execute("SELECT name, value FROM settings").fetchall())
        if not kept:
            rows = ({"name": name, "value": value} for name, value in settings.items())
            self._db.table("settings").insert_all(rows)
            return
        for name in {**kept, **settings}:
            if kept.get(name) != settings.get(name):
                raise InvalidInput(
                    f"{self.path} has answers with the {name} {kept.get(name, 'unset')!r}, not "
                    f"{settings.get(name, 'unset')!r}: name another folder with --out"
                )


_SCORES = "SELECT score, value FROM scores WHERE answer = ?"
