"""Changes of many matters, told as people tell them, by authors who had not seen remem.

``benchmarks/data/changes`` has a folder for each half, *tuning* and *test*, with a file for each
language: persons with everyday talk (``chatter``), with what changed for them two or three times
(``changes``: what they said each time, and two questions), and with what they said once
(``facts``). Where ``datasets.hygiene`` fills the gaps of its sentences, every sentence here is of
one person. There are hundreds of matters, from the dose of a medicine to where the spare key is.

A question's ``evidence`` has grade 1 for what is right and 0 for older and newer values. Its
category is that of ``datasets.hygiene``: ``changed`` for the present value, ``as of`` for that of a
month that is past, ``fact`` for what was said once.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from babel.dates import format_skeleton

from remem.benchmarks.datasets.base import Dataset, Haystack, Question
from remem.benchmarks.datasets.hygiene import DAYS, END, LANGUAGES, START, check_choice
from remem.store import Record

_FOLDER = Path(str(files("remem.benchmarks"))) / "data" / "changes"
_APART = 45
"""Least days between two values of the same."""

_NOTED = {
    "en": "Noted.",
    "de": "Notiert.",
    "es": "Anotado.",
    "fr": "C'est noté.",
    "pt": "Anotado.",
    "zh": "记住了。",
}
"""The words of the assistant, whatever is said."""


def changes(half: str, languages: Sequence[str] = LANGUAGES) -> Dataset:
    """The persons of one half who speak these languages.

    Raises:
        InvalidInput: there is no such half or language.
    """
    check_choice(half, languages)
    folder = _FOLDER / half
    return Dataset(f"changes {half}", folder, partial(_haystacks, folder, languages))


def _haystacks(folder: Path, languages: Sequence[str]) -> Iterator[Haystack]:
    for language in languages:
        persons = json.loads((folder / f"{language}.json").read_text("utf-8"))
        for number, person in enumerate(persons):
            yield _Telling(language, person, folder.name, number).haystack()


@dataclass(slots=True)
class _Telling:
    """The telling of one person over two years: it grows with what can be asked about it.

    Attributes:
        number: Every second person has a name in the history, as in one of a messenger.
    """

    language: str
    person: Mapping[str, Any]
    half: str
    number: int
    records: list[Record] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.half} {self.namespace}")

    @property
    def namespace(self) -> str:
        """The language and the name."""
        return f"{self.language}-{self.person['name']}"

    def haystack(self) -> Haystack:
        """All that was said, in the order of time, and all questions."""
        for text in self.person["chatter"]:
            self._tell(self.rng.randrange(DAYS), text)
        for change in self.person["changes"]:
            self._change(change)
        for fact in self.person["facts"]:
            key = self._tell(self.rng.randint(30, 450), fact["said"])
            self._ask("fact", fact["question"], key)
        self.records.sort(key=lambda record: (record.said_at, record.position))
        return Haystack(self.namespace, self.records, self.questions)

    def _change(self, change: Mapping[str, Any]) -> None:
        length = DAYS // len(change["told"])
        days = [
            self.rng.randint(place * length, (place + 1) * length - _APART)
            for place in range(len(change["told"]))
        ]
        told = [self._tell(day, text) for day, text in zip(days, change["told"], strict=True)]
        if "friend" in change:
            self._tell(self.rng.randrange(DAYS), change["friend"])
        self._ask("changed", change["question"], told[-1], told[:-1])
        then = self.rng.randrange(len(told) - 1)
        between = START + timedelta(days=(days[then] + days[then + 1]) // 2)
        month = format_skeleton("yMMMM", between, locale=self.language)
        asked = change["then"].replace("{month}", month)
        self._ask("as of", asked, told[then], [*told[:then], *told[then + 1 :]])

    def _tell(self, day: int, text: str) -> str:
        """A message on a day, and what the assistant says to it; the key of the message."""
        number = len(self.records) // 2
        begun = START + timedelta(days=day, hours=8, minutes=7 * (number % 90))
        source = f"{begun:%Y-%m-%d}/{number}"
        turns = ("user", text), ("assistant", _NOTED[self.language])
        self.records += [
            self._turn(source, position, role, said, begun)
            for position, (role, said) in enumerate(turns)
        ]
        return f"{source}#0"

    def _turn(self, source: str, position: int, role: str, text: str, begun: datetime) -> Record:
        named = role == "user" and self.number % 2 == 1
        return Record(
            key=f"{source}#{position}",
            source=source,
            position=position,
            text=text,
            role=role,
            speaker=self.person["name"] if named else None,
            said_at=begun + timedelta(minutes=position),
        )

    def _ask(self, category: str, text: str, gold: str, rivals: Sequence[str] = ()) -> None:
        self.questions.append(
            Question(
                id=f"{self.namespace}/{len(self.questions)}",
                text=text,
                category=category,
                evidence={**dict.fromkeys(rivals, 0), gold: 1},
                sources={gold.partition("#")[0]: 1},
                asked_at=END,
            )
        )
