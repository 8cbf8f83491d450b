"""Invented persons that come along: their data sets, and the two years of what one of them says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from importlib.resources import files
from pathlib import Path

from remem.benchmarks.datasets.base import Dataset, Haystack, Question
from remem.recall.order.echoes import RECALLED
from remem.store import InvalidInput, Record

HALVES = ("tuning", "test")
LANGUAGES = ("en", "zh", "de", "es", "fr", "pt")

START = datetime(2023, 6, 5, tzinfo=timezone.utc)
DAYS = 730
_END = START + timedelta(days=DAYS, hours=20)

_FOLDER = Path(str(files("remem.benchmarks"))) / "data"

Turn = tuple[str, str | None, str, Sequence[str]]
"""Role, speaker, text, and the keys of the memories that it was made from."""


def invented(
    name: str,
    half: str,
    languages: Sequence[str],
    read: Callable[[Path, Sequence[str]], Iterator[Haystack]],
) -> Dataset:
    """The persons of one half of a set who speak these languages.

    Args:
        name: Of the set and of its folder, which has one for each half.
        read: Given the folder of the half, and the languages.

    Raises:
        InvalidInput: there is no such half or language.
    """
    unknown = [each for each in languages if each not in LANGUAGES]
    if half not in HALVES or unknown or not languages:
        raise InvalidInput(
            f"there are no lives of {half!r} in {', '.join(unknown or languages) or 'nothing'}: "
            f"choose a half from {', '.join(HALVES)}, and languages from {', '.join(LANGUAGES)}"
        )
    folder = _FOLDER / name / half
    return Dataset(f"{name} {half}", folder, partial(read, folder, languages))


@dataclass(slots=True)
class History:
    """All that is said by one person and to them: it grows, and with it what can be asked.

    Attributes:
        owner: The name of the person, if the history is one of a messenger, in which everybody has
            one.
    """

    namespace: str
    owner: str | None
    records: list[Record] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    sessions: int = 0

    def say(self, day: int, *turns: Turn) -> list[str]:
        """A session on a day; the keys of its turns."""
        number = self.sessions
        self.sessions += 1
        begun = START + timedelta(days=day, hours=8, minutes=7 * (number % 90))
        source = f"{begun:%Y-%m-%d}/{number}"
        for position, (role, speaker, text, recalled) in enumerate(turns):
            self.records.append(
                Record(
                    key=f"{source}#{position}",
                    source=source,
                    position=position,
                    text=text,
                    role=role,
                    speaker=speaker or (self.owner if role == "user" else None),
                    said_at=begun + timedelta(minutes=position),
                    metadata={RECALLED: list(recalled)} if recalled else {},
                )
            )
        return [f"{source}#{position}" for position in range(len(turns))]

    def ask(
        self, category: str, text: str, gold: Iterable[str] = (), rivals: Iterable[str] = ()
    ) -> None:
        """A question at the end of the two years."""
        evidence = {**dict.fromkeys(rivals, 0), **dict.fromkeys(gold, 1)}
        right = [key for key, grade in evidence.items() if grade]
        self.questions.append(
            Question(
                id=f"{self.namespace}/{len(self.questions)}",
                text=text,
                category=category,
                evidence=evidence,
                sources=dict.fromkeys((key.partition("#")[0] for key in right), 1),
                asked_at=_END,
                answerable=bool(right),
            )
        )

    def haystack(self) -> Haystack:
        """All that was said, in the order of time, and the questions."""
        records = sorted(self.records, key=lambda record: (record.said_at, record.position))
        return Haystack(self.namespace, records, self.questions)
