"""Invented lives: what somebody tells a memory over two years, and questions about it.

``benchmarks/data/hygiene`` has a folder for each half, *tuning* and *test*, with a TOML file for
each language: sentences of many wordings, and what fits into their gaps. No person, sentence or
value is in both halves. From them a seed makes the same histories everywhere: everyday talk, and in
it facts that stay, facts that change, questions asked again with an assistant's answers to them,
what friends have said of themselves, and what happened on a day.

A question's ``evidence`` has grade 1 for what is right and 0 for its *rivals*: older values, copies
of the question, answers made from a memory. Its category says what is measured:

``changed``, ``same wording``
    The present value of what was said in three wordings, or in the same one each time.
``as of``
    The value at a time that is past.
``echo after N``
    A fact, after the question was asked N times, and answered.
``fact``, ``friend``
    A fact about the person, or about somebody else.
``wrong person``
    The same about somebody of whom nobody said so.
``day``, ``any of a day``
    What was said on a day that the question names; one of many like it, or everything.
``count``, ``first``, ``last``
    Something that happened several times.
``unanswerable``, ``stray word``, ``small talk``, ``code``, ``log``
    Nothing in the memory has to do with it. A stray word has another meaning there.

``typed`` has the same lives and questions, these as many type them to a machine.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from remem.benchmarks.datasets.abstention import abstention_messages
from remem.benchmarks.datasets.base import Dataset, Haystack
from remem.benchmarks.datasets.invented import (
    DAYS,
    LANGUAGES,
    START,
    History,
    Turn,
    invented,
)

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CHANGES = ((20, 160), (240, 400), (470, 690))
"""The days between which each of three values is told."""

_CHATTER = 110
_ECHOED = 5
_OF_A_DAY = 8
_MESSAGES = 3  # of code and of logs, of which there are enough elsewhere
_PASTED = ("code", "log")

Words = Mapping[str, Any]
"""The file of one language."""


def hygiene(half: str, languages: Sequence[str] = LANGUAGES) -> Dataset:
    """The persons of one half who speak these languages.

    Raises:
        InvalidInput: there is no such half or language.
    """
    return invented("hygiene", half, languages, _haystacks)


def typed(dataset: Dataset) -> Dataset:
    """The same with its questions as many type them to a machine: in small letters, without
    question marks, and "whats" for "what's". Code and logs are pasted, and stay as they are."""
    return Dataset(f"{dataset.name}, typed", dataset.path, partial(_typed, dataset))


def _typed(dataset: Dataset) -> Iterator[Haystack]:
    for life in dataset.haystacks():
        questions = [
            each if each.category in _PASTED else replace(each, text=_as_typed(each.text))
            for each in life.questions
        ]
        yield replace(life, questions=questions)


def _as_typed(text: str) -> str:
    return _UNTYPED.sub("", text).lower().strip()


_UNTYPED = re.compile(r"[?？¿]|['’](?=(?:s|m|re|ve|ll|d|t)\b)")


def language_of(namespace: str) -> str:
    """The language of a person."""
    return namespace.partition("-")[0]


def _haystacks(folder: Path, languages: Sequence[str]) -> Iterator[Haystack]:
    for language in languages:
        words = tomllib.loads((folder / f"{language}.toml").read_text("utf-8"))
        for number in range(words["persons"]):
            name = f"{language}-{words['owners'][number]}"
            yield _Life(name, words, folder.name, number).haystack()


@dataclass(slots=True)
class _Life:
    """One person: what was said grows session by session, and with it what can be asked."""

    namespace: str
    words: Words
    half: str
    number: int
    history: History = field(init=False)
    rng: random.Random = field(init=False)
    free: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(f"{self.half} {self.namespace}")
        self.free = self.rng.sample(range(1, DAYS - 1), DAYS - 2)
        owner = self.namespace.partition("-")[2] if self.number % 2 == 1 else None
        self.history = History(self.namespace, owner)

    def haystack(self) -> Haystack:
        self._chat()
        for part in (
            self._changing,
            self._facts,
            self._friends,
            self._days,
            self._events,
            self._silence,
        ):
            part()
        return self.history.haystack()

    # What is said.

    def _tell(self, day: int, text: str) -> str:
        """A statement between everyday talk; its key."""
        turns = [self._smalltalk(), (("user", None, text, ())), self._reply()]
        if self.rng.random() < 0.5:
            del turns[0]
        keys = self.history.say(day, *turns)
        return keys[-2]

    def _ask_before(self, day: int, text: str, answer: str, recalled: Sequence[str]) -> list[str]:
        """A question put to the assistant, and its answer; their keys."""
        return self.history.say(
            day, ("user", None, text, ()), ("assistant", None, answer, recalled)
        )

    def _smalltalk(self) -> Turn:
        return ("user", None, self._filled(self._one_of("filler")), ())

    def _reply(self) -> Turn:
        return ("assistant", None, self._one_of("replies"), ())

    def _chat(self) -> None:
        for _ in range(_CHATTER):
            turns = [self._smalltalk(), self._reply()]
            if self.history.owner and self.rng.random() < 0.4:
                turns[1] = ("user", self._one_of("friends"), self._one_of("replies"), ())
            self.history.say(self.rng.randrange(DAYS), *turns)

    # What is asked.

    def _changing(self) -> None:
        for place, change in enumerate(self.words["change"]):
            same = (place + self.number) % 2 == 1
            wordings = [self.rng.choice(change["first"])] * 3
            if not same:
                wordings[1:] = self.rng.sample(change["after"], 2)
            values = self.rng.sample(self.words["values"][change["value"]], 3)
            days = [self.rng.randint(*span) for span in _CHANGES]
            told = [
                self._tell(day, wording.format(v=value))
                for day, wording, value in zip(days, wordings, values, strict=True)
            ]
            now = self.rng.choice(change["now"])
            rivals = list(told[:2])
            if place % 3 == 0:  # asked while the second value was true
                answer = change["told"].format(v=values[1])
                rivals += self._ask_before(days[1] + 30, now, answer, [told[1]])
            self.history.ask("same wording" if same else "changed", now, told[2:], rivals)
            then = place % 2
            when = self._month((days[then] + days[then + 1]) // 2)
            asked = self.rng.choice(change["then"]).format(when=when)
            self.history.ask("as of", asked, [told.pop(then)], told)

    def _facts(self) -> None:
        for place, (said, asked, answer) in enumerate(self._some_of("facts", 10)):
            day = self.rng.randint(30, 450)
            told = self._tell(day, said)
            repeats = place + 1 if place < _ECHOED else 0
            rivals: list[str] = []
            for n in range(repeats):
                again = self._one_of("again").format(ask=asked)
                knows = (n + place) % 2 == 0
                given = answer if knows else self._one_of("ignorance")
                later = day + 20 + 40 * n
                rivals += self._ask_before(later, again, given, [told] if knows else [])
            self.history.ask(f"echo after {repeats}" if repeats else "fact", asked, [told], rivals)

    def _friends(self) -> None:
        names = self.rng.sample(self.words["friends"], len(self.words["friends"]))
        for place, (said_of, said_by, asked) in enumerate(self._some_of("others", 6)):
            friend, other = names[place % len(names)], names[(place + 1) % len(names)]
            day = self.rng.randrange(DAYS)
            if self.history.owner:
                told = self.history.say(day, self._smalltalk(), ("user", friend, said_by, ()))[-1]
            else:
                told = self._tell(day, said_of.format(friend=friend))
            self.history.ask("friend", asked.format(friend=friend), [told])
            self.history.ask("wrong person", asked.format(friend=other))

    def _days(self) -> None:
        for series in self.words["series"]:
            days = sorted(self.free.pop() for _ in range(_OF_A_DAY))
            numbers = self.rng.sample(series["numbers"], _OF_A_DAY)
            told = [
                self._tell(day, self.rng.choice(series["said"]).format(n=number))
                for day, number in zip(days, numbers, strict=True)
            ]
            for place in self.rng.sample(range(_OF_A_DAY), 2):
                asked = self.rng.choice(series["ask"]).format(date=self._date(days[place]))
                self.history.ask("day", asked, [told[place]], told[:place] + told[place + 1 :])
        day = (START + timedelta(days=days[0])).date()
        said = [
            one.key for one in self.history.records if one.said_at and one.said_at.date() == day
        ]
        self.history.ask("any of a day", self._one_of("day").format(date=self._date(days[0])), said)

    def _events(self) -> None:
        for event in self.words["event"]:
            wordings = self.rng.sample(event["said"], self.rng.randint(3, len(event["said"])))
            days = sorted(self.free.pop() for _ in wordings)
            told = [self._tell(day, said) for day, said in zip(days, wordings, strict=True)]
            self.history.ask("count", self.rng.choice(event["many"]), told)
            self.history.ask("first", self.rng.choice(event["first"]), told[:1], told[1:])
            self.history.ask("last", self.rng.choice(event["last"]), told[-1:], told[:-1])

    def _silence(self) -> None:
        for said, message in self._some_of("stray", 5):
            self._tell(self.free.pop(), said)
            self.history.ask("stray word", message)
        for text in self.rng.sample(self.words["unanswerable"], 8):
            self.history.ask("unanswerable", text)
        for text in self.rng.sample(self.words["smalltalk"], 6):
            self.history.ask("small talk", text)
        messages = abstention_messages({"tuning": "dev", "test": "test"}[self.half])
        for kind in _PASTED:
            known = [message.text for message in messages if message.kind == kind]
            for text in self.rng.sample(known, _MESSAGES):
                self.history.ask(kind, text)

    # Words.

    def _one_of(self, name: str) -> str:
        chosen: str = self.rng.choice(self.words[name])
        return chosen

    def _some_of(self, name: str, count: int) -> list[Sequence[str]]:
        return self.rng.sample(self.words[name], count)

    def _filled(self, text: str) -> str:
        gaps = {name: self.rng.choice(self.words["values"][name]) for name in _GAPS}
        return text.format(friend=self._one_of("friends"), **gaps)

    def _month(self, day: int) -> str:
        return self._moment(self.words["month"], day)

    def _date(self, day: int) -> str:
        return self._moment(self._one_of("dates"), day)

    def _moment(self, form: str, day: int) -> str:
        date = START + timedelta(days=day)
        month = self.words["months"][date.month - 1]
        return form.format(day=date.day, month=month, year=date.year)


_GAPS = ("food", "place", "weekday")
