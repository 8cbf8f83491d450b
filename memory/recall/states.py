"""The words in which people speak of how things are with them, by language; see ``states.toml``."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from remem.recall.languages import CHINESE, has_chinese, spoken
from remem.store.fulltext.tokens import STOP_WORDS, tokenize

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_ANYTHING = re.compile("")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    Attributes:
        pattern: How it is written.
        is_code: It is compared as a whole, without spaces and signs, and not word by word.
        sign: Found wherever the pattern is: most sentences have none, which is soon seen.
    """

    pattern: str
    is_code: bool = False
    sign: re.Pattern[str] = _ANYTHING

    def read(self, found: str) -> frozenset[str]:
        """The part of a value that is compared."""
        if self.is_code:
            return frozenset({_SIGNS.sub("", found).casefold()})
        return frozenset(tokenize(found)) - STOP_WORDS - _TITLES


@dataclass(frozen=True, slots=True)
class Frame:
    """A form of a statement, with the value as its group ``v``.

    Attributes:
        expression: The regular expression.
        changes: Who speaks so says that it was different before.
    """

    expression: str
    changes: bool

    @property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled when a text first calls for it: all together take .4 s, and a
        command asks once."""
        return _pattern(self.expression)


@dataclass(frozen=True, slots=True)
class Known:
    """A state that a language has words for.

    Attributes:
        name: "home", "rent", ...
        kind: Of its values.
        frames: In which it is stated, those of a change first.
        asks: Patterns of questions for it.
        about: Words that name it.
        triggers: Words of which each of its statements has one.
    """

    name: str
    kind: Kind
    frames: Sequence[Frame]
    asks: Sequence[re.Pattern[str]]
    about: frozenset[str]
    triggers: frozenset[str]

    @property
    def is_name(self) -> bool:
        """True if its value is a name, of which nothing but its place in a sentence tells."""
        return _KINDS[self.name] == "name"

    @property
    def is_person(self) -> bool:
        """True if its value is what somebody, or a pet, is called."""
        return self.name in _PERSONS


@dataclass(frozen=True, slots=True)
class Language:
    """A language.

    Attributes:
        name: Its code: "en".
        states: Those that it has words for.
        triggers: Of all of them.
        open: Frames of whatever else is somebody's and has a number, a date or a code; the group
            ``noun`` says what.
        names, persons: Patterns of a name beside the words of a state: of a place or a firm, and of
            somebody.
        value: The pattern of a name.
        skip: Of a sentence that states nothing of the present.
        change: Of a sentence that says that something was different before.
        before: Of the words before a value that is so no longer.
        own, other: Words of who speaks, and of others.
        relative: Words for relatives, whose states are known, too; None: of nobody.
        is_spaced: Words have spaces between them.
    """

    name: str
    states: Sequence[Known]
    triggers: frozenset[str]
    open: Sequence[Frame]
    names: Sequence[re.Pattern[str]]
    persons: Sequence[re.Pattern[str]]
    value: str
    skip: re.Pattern[str]
    change: re.Pattern[str]
    before: re.Pattern[str]
    own: re.Pattern[str]
    other: re.Pattern[str]
    relative: re.Pattern[str] | None
    is_spaced: bool

    def whose(self, question: str) -> str:
        """The relative whom a question is about; empty: the person who asks."""
        found = self.relative.search(question) if self.relative else None
        return found[1].lower() if found else ""

    def held(self, text: str, words: frozenset[str]) -> frozenset[str]:
        """The words of a text, or of a language without spaces those that name a state.

        Args:
            words: What stands between spaces and signs in the text, in small letters.
        """
        if self.is_spaced or text.isascii():
            return words
        return frozenset(word for word in self.triggers if word in text)


def languages() -> Collection[Language]:
    """All languages; read when first needed."""
    return _by_name().values()


@cache
def _by_name() -> Mapping[str, Language]:
    text = files("remem.recall").joinpath("states.toml").read_text(encoding="utf-8")
    return {name: _language(name, table) for name, table in tomllib.loads(text).items()}


def language_of(question: str) -> Language | None:
    """The likeliest language of a question, if there are states in it."""
    return _by_name().get(CHINESE if has_chinese(question) else spoken(question)[0])


def _language(name: str, table: Mapping[str, Any]) -> Language:
    words: Mapping[str, str] = table["words"]
    value = table.get("value", _NAME)
    states = [_known(each, table, value) for each in table["state"]]
    loose = table["loose"]
    article = f"(?:(?:{loose.get('article')}) )*"
    then = rf"(?:^|[,;:] (?:and |so )?|\band |\bso ){article}{{v}} (?:{loose.get('then')})\b"
    suits = rf"(?:^|[,;:] (?:and |so )?|\band |\bso ){article}{{v}} (?:{loose.get('suits')})"
    titled = rf"\b(?:{loose.get('title')})\.? {{v}}"
    called = rf"(?:\b(?:{loose.get('called')})|[:：]) {article}{{v}}"
    at = rf"(?:\b(?:{loose.get('at')})|[:：]) {article}{{v}}"
    named = {**words, "v": f"(?P<v>{value})"}
    counted = {**words, "noun": _NOUN, "v": f"(?P<v>{_ANY_CODE})"}
    relative = words.get("relative")
    return Language(
        name,
        states,
        frozenset().union(*(each.triggers for each in states)),
        _frames(table.get("open", {}), {}, counted),
        [_compiled(each, named) for each in loose.get("names", (at, suits))],
        [_compiled(each, named) for each in loose.get("persons", (titled, called, then))],
        value,
        _compiled(table["skip"], words),
        _compiled(table["change"], words),
        _compiled(table["before"], words),
        _compiled(loose["own"], words),
        _compiled(loose["other"], words),
        _compiled(rf"\b({relative})\b", words) if relative else None,
        "value" not in table,
    )


def _known(state: Mapping[str, Any], table: Mapping[str, Any], name: str) -> Known:
    kind = _VALUES.get(
        _KINDS[state["name"]], Kind(name, sign=_ANYTHING if "value" in table else _NAMES)
    )
    own = {
        **table["words"],
        "noun": f"(?:{state['nouns']})",
        "v": f"(?P<v>{kind.pattern})",
    }
    about = frozenset(state["about"].split())
    return Known(
        state["name"],
        kind,
        _frames(state, table, own),
        [_compiled(each, table["words"]) for each in state["asks"]],
        about,
        about | frozenset(state.get("find", "").split()),
    )


def _frames(
    own: Mapping[str, Any], shared: Mapping[str, Any], words: Mapping[str, str]
) -> list[Frame]:
    changes = (*own.get("changes", ()), *shared.get("changes", ()))
    says = (*own.get("says", ()), *shared.get("says", ()))
    return [
        *(Frame(_filled(each, words), True) for each in changes),
        *(Frame(_filled(each, words), False) for each in says),
    ]


def _compiled(expression: str, words: Mapping[str, str]) -> re.Pattern[str]:
    return _pattern(_filled(expression, words))


@cache
def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    """A pattern with the words in its holes, which may have holes of their own."""
    while filled := _HOLE.sub(lambda hole: words[hole[1]], pattern):
        if filled == pattern:
            break
        pattern = filled
    return pattern


_HOLE = re.compile(r"\{([a-z]+)\}")
_SIGNS = re.compile(r"[\s()/-]")
_TITLES = frozenset(tokenize("dr doctor mr mrs ms prof school called named inc ltd gmbh"))

_KINDS: Mapping[str, str] = {
    **dict.fromkeys(
        "home employer partner gym car doctor dentist school boss bank dog cat hairdresser "
        "insurance teacher flatmate".split(),
        "name",
    ),
    **{each: each for each in "address phone email weight diet pet".split()},
    **dict.fromkeys("rent salary".split(), "number"),
    "title": "words",
}
"""A state -> the kind of its values."""

_PERSONS = frozenset("boss partner doctor dentist hairdresser teacher flatmate dog cat".split())

_CAPITAL = r"(?!I\b|I'|My\b|We\b)[A-ZÀ-ÖØ-ÞА-ЯЁ][\w'&.-]*"
_BETWEEN = r"(?: (?:de|da|do|la|of|and|&|e|y|et|von|am|an der))*,? "
_NAME = (
    rf"(?:(?:the|a|an) )?(?-i:(?!The\b|It\b){_CAPITAL}(?:{_BETWEEN}(?:{_CAPITAL}|\d[\w'&.-]*))*)"
)
_NO_FIRST = (
    "a|an|the|at|in|on|to|and|or|but|so|this|that|last|yesterday|today|because|with|of|for|from|by"
    "|is|was|very|really|not|my|our|his|her|their|here|there|i|we|it|now|just|if|as"
)
_DIETS = (
    "vegan|vegetarian|pescatarian|keto|gluten-free|paleo|low-carb|omnivore|lactose-free|halal"
    "|kosher|carnivore|flexitarian"
)
_PETS = "dog|cat|parrot|rabbit|hamster|turtle|bird|fish|snake|guinea pig|puppy|kitten"
_DIGIT = re.compile(r"\d")
_AT = re.compile("@")
_NAMES = re.compile(_CAPITAL)
_VALUES: Mapping[str, Kind] = {
    "address": Kind(
        r"(?-i:[A-ZÀ-ÞА-ЯЁ0-9][\w'.-]*(?:,? [\w'.-]+){0,4},? \d+\w?\b|\d+ [A-Z]\w+(?: \w+)*)",
        sign=_DIGIT,
    ),
    "phone": Kind(r"\+?\d(?:[\s/()-]*\d){5,}", True, _DIGIT),
    "email": Kind(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", True, _AT),
    "number": Kind(
        r"[$€£]?\s?\d(?:[\d.,]*\d)?(?:\s?k\b)?(?![\d%]|(?:st|nd|rd|th)\b|\s*(?:years?|months?|days?|times|weeks?|%))",
        True,
        _DIGIT,
    ),
    "weight": Kind(r"\d+(?:[.,]\d+)?\s?(?:kg|kilos?|pounds|lbs?)\b", True, _DIGIT),
    "words": Kind(
        rf"(?!(?:{_NO_FIRST})\b)[a-z][\w-]*"
        r"(?: (?!(?:now|by|at|and|since|but|these|for|in)\b)[a-z][\w-]*){0,3}"
    ),
    "diet": Kind(rf"(?:{_DIETS})\b"),
    "pet": Kind(rf"an? (?:{_PETS})(?: (?:called|named) [A-Z]\w+)?"),
}
"""Kind -> how it is written, but for names, of which each language has its own."""

MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
"""A month in English, whole or short, as a pattern."""

CODES: Mapping[str, str] = {
    "date": rf"\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{MONTH}\b(?:,? \d{{4}})?"
    rf"|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?",
    "share": r"\d[\d.,]*\s?(?:%|percent\b)",
    "code": r"(?=[\w@.:/$€£-]*\d)[\w$€£](?:[\w@.,:/-]*\w)?",
}
"""Kind -> pattern, of the values of open frames; each is a group of these frames."""

_ANY_CODE = "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in CODES.items())
_NOUN = r"(?P<noun>(?:(?!(?:is|was|are|were|has|have|it)\b)[a-z][a-z-]*(?:'s)? ){0,4}?[a-z][a-z-]*)"
