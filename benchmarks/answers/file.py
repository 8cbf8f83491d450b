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

from remem.benchmarks.answers.scores import Verdict
from remem.benchmarks.datasets.base import Question
from remem.benchmarks.machine import describe
from remem.benchmarks.runs import SqliteFile
from remem.store import InvalidInput

FORMAT = 1
"""Raised by a change that older versions cannot read."""

APPLICATION_ID = int.from_bytes(b"rmba", "big")

_TABLES = """
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, machine TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES sessions, question TEXT NOT NULL,
    arm TEXT NOT NULL, category TEXT NOT NULL, text TEXT NOT NULL, gold TEXT,
    answerable INTEGER NOT NULL, answer TEXT NOT NULL, verdict TEXT, seconds REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL, UNIQUE (question, arm));
CREATE TABLE IF NOT EXISTS scores (
    answer INTEGER NOT NULL REFERENCES answers, score TEXT NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (answer, score)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """A generator's answer to a question, with its scores.

    Attributes:
        question: Without its evidence, when read back.
        verdict: The judge's; None without a judge.
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
    """The answers of one generator to one data set."""

    contents = "answers"
    application_id = APPLICATION_ID
    number = FORMAT
    tables = _TABLES
    remedy = "name another folder with --out"

    def begin(self, settings: Mapping[str, str]) -> None:
        """Begin a session, before answers are added.

        Args:
            settings: What all answers of the file have in common.

        Raises:
            InvalidInput: the file has answers with other settings.
        """
        kept = dict(self._db.execute("SELECT name, value FROM settings").fetchall())
        for name in {**kept, **settings} if kept else ():
            if kept.get(name) != settings.get(name):
                raise InvalidInput(
                    f"{self.path} has answers with the {name} {kept.get(name, 'unset')!r}, not "
                    f"{settings.get(name, 'unset')!r}: name another folder with --out"
                )
        if not kept:
            rows = ({"name": name, "value": value} for name, value in settings.items())
            self._db.table("settings").insert_all(rows)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self._db.table("sessions").insert({"started_at": now, "machine": describe()})

    def add(self, answer: Answer) -> None:
        """Keep an answer of the last session; it is on disk when this returns."""
        question = answer.question
        row = {
            "question": question.id,
            "gold": question.answer,
            "answer": answer.text,
            "verdict": answer.verdict and answer.verdict.value,
            **{name: getattr(question, name) for name in ("category", "text", "answerable")},
            **{name: getattr(answer, name) for name in ("arm", "seconds", "prompt_tokens")},
        }
        with self._db.atomic():
            (session,) = self._db.execute("SELECT max(id) FROM sessions").fetchone()
            made = self._db.table("answers").insert({"session": session, **row}).last_pk
            self._db.table("scores").insert_all(
                {"answer": made, "score": name, "value": value}
                for name, value in answer.scores.items()
            )

    def answers(self) -> list[Answer]:
        """All answers, in the order in which they were given."""
        scores = "SELECT score, value FROM scores WHERE answer = ?"
        return [
            Answer(
                Question(
                    *(row["question"], row["text"], row["category"]),
                    answer=row["gold"],
                    answerable=bool(row["answerable"]),
                ),
                *(row["arm"], row["answer"], row["seconds"], row["prompt_tokens"]),
                dict(self._db.execute(scores, [row["id"]]).fetchall()),
                row["verdict"] and Verdict(row["verdict"]),
            )
            for row in self._db.query("SELECT * FROM answers ORDER BY id")
        ]
