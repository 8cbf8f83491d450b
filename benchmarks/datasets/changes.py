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
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from babel.dates import format_skeleton

from remem.benchmarks.datasets.base import Dataset, Haystack
from remem.benchmarks.datasets.invented import DAYS, LANGUAGES, START, History, invented

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
    return invented("changes", half, languages, _haystacks)


def _haystacks(folder: Path, languages: Sequence[str]) -> Iterator[Haystack]:
    for language in languages:
        persons = json.loads((folder / f"{language}.json").read_text("utf-8"))
        for number, person in enumerate(persons):
            namespace = f"{language}-{person['name']}"
            # Every second person has a name in the history.
            history = History(namespace, person["name"] if number % 2 == 1 else None)
            rng = random.Random(f"{folder.name} {namespace}")
            yield _Telling(language, person, history, rng).haystack()


@dataclass(frozen=True, slots=True)
class _Telling:
    """The telling of one person over two years."""

    language: str
    person: Mapping[str, Any]
    history: History
    rng: random.Random

    def haystack(self) -> Haystack:
        """All that was said, in the order of time, and all questions."""
        for text in self.person["chatter"]:
            self._tell(self.rng.randrange(DAYS), text)
        for change in self.person["changes"]:
            self._change(change)
        for fact in self.person["facts"]:
            key = self._tell(self.rng.randint(30, 450), fact["said"])
            self.history.ask("fact", fact["question"], [key])
        return self.history.haystack()

    def _change(self, change: Mapping[str, Any]) -> None:
        length = DAYS // len(change["told"])
        days = [
            self.rng.randint(place * length, (place + 1) * length - _APART)
            for place in range(len(change["told"]))
        ]
        told = [self._tell(day, text) for day, text in zip(days, change["told"], strict=True)]
        if "friend" in change:
            self._tell(self.rng.randrange(DAYS), change["friend"])
        self.history.ask("changed", change["question"], told[-1:], told[:-1])
        then = self.rng.randrange(len(told) - 1)
        between = START + timedelta(days=(days[then] + days[then + 1]) // 2)
        month = format_skeleton("yMMMM", between, locale=self.language)
        asked = change["then"].replace("{month}", month)
        self.history.ask("as of", asked, [told.pop(then)], told)

    def _tell(self, day: int, text: str) -> str:
        """A message on a day, and what the assistant says to it; the key of the message."""
        said, _ = self.history.say(
            day, ("user", None, text, ()), ("assistant", None, _NOTED[self.language], ())
        )
        return said
