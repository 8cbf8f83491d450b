"""Languages of the page: its sentences, dates and numbers in each of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

NAMES = {"en": "English", "zh": "中文"}
"""The languages, as their speakers call them."""

_FOLDER = Path(__file__).parent / "messages"


@dataclass(frozen=True, slots=True)
class Language:
    """A language, and what the page says in it.

    Attributes:
        code: As in ``lang`` attributes.
        sentences: By name. Of two forms, the one for 1 has a name that ends in ``.one``.
    """

    code: str
    sentences: Mapping[str, str]

    def say(self, name: str, /, **values: object) -> str:
        """A sentence with its values filled in; numbers are written as the language does."""
        if values.get("n") == 1 and f"{name}.one" in self.sentences:
            name = f"{name}.one"
        filled = {key: self._written(value) for key, value in values.items()}
        return self.sentences[name].format_map(filled)

    def named(self, name: str, otherwise: str) -> str:
        """A sentence, or something else where there is none of that name."""
        return self.sentences.get(name, otherwise)

    def number(self, value: float) -> str:
        """A number with its groups."""
        return str(format_decimal(value, locale=self.code))

    def moment(self, moment: datetime | None) -> str:
        """A day and the time of day, at the clock of whoever said it."""
        if moment is None:
            return self.sentences["date.unknown"]
        pattern = self.sentences["date.pattern"]
        return str(format_datetime(moment, pattern, tzinfo=moment.tzinfo, locale=self.code))

    def day(self, moment: date, pattern: str = "date.day") -> str:
        """A day, a month or a year, in the form of that name."""
        form = self.sentences[pattern]
        if isinstance(moment, datetime):
            return str(format_datetime(moment, form, tzinfo=moment.tzinfo, locale=self.code))
        return str(format_date(moment, form, locale=self.code))

    def _written(self, value: object) -> object:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return self.number(value) if is_number else value  # type: ignore[arg-type]


@cache
def language(code: str) -> Language:
    """The language with that code, which is one of ``NAMES``."""
    text = (_FOLDER / f"{code}.json").read_text("utf-8")
    return Language(code, json.loads(text))


def preferred(header: str) -> str:
    """The language that an ``Accept-Language`` header likes best among ours; English without."""
    liked: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:1000].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            known = Locale.parse(tag.strip(), sep="-").language
            weight = float(quality or 1)
        except (ValueError, UnknownLocaleError):
            continue
        if known in NAMES and weight > 0:
            liked.append((-weight, place, known))
    return min(liked)[2] if liked else "en"
