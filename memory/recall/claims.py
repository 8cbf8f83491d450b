"""What a person states about how things are: where they live, what they pay, who employs them.

A claim is found by the frames in which people say such things ("my rent is now ...", "moved to
..."), with a value of the right kind in the right place. What fits no frame is no claim: a change
that goes unnoticed costs a place in a ranking, one that never happened hides a truth. Pure.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from remem.store.fulltext.tokens import STOP_WORDS, tokenize

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

State = tuple[str, str]
"""Whose state, and which: ``("", "home")`` is where the speaker lives, ``("daughter", "school")``
where the daughter learns."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A state as somebody states it.

    Attributes:
        state: Which.
        value: The words or digits that say how it is; two claims agree if one has all of the other.
        changes: It says that it was different before.
        words: What names the state, where nothing but words side by side make it a claim: without
            a change, it is one about the same only if it has one of these in common.
    """

    state: State
    value: frozenset[str]
    changes: bool
    words: frozenset[str] = frozenset()

    def contradicts(self, earlier: Claim) -> bool:
        """True if what was stated earlier is so no longer, if this is so."""
        return (
            self.state == earlier.state
            and not (self.value <= earlier.value or earlier.value <= self.value)
            and (self.changes or self._is_frame_of(earlier))
        )

    def _is_frame_of(self, earlier: Claim) -> bool:
        if self.words or earlier.words:
            return not self.words.isdisjoint(earlier.words)
        return _is_single(self.state)


_MOST_CHARACTERS = 4000
_SHORT = 140
_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_SENTENCE = re.compile(
    r"(?:[^.!?。！？\n]|(?<=\d)\.(?=\d)|(?<=\b[DMS][rst])\.|(?<=\bProf)\.|(?<=\bMrs)\.|\.(?=[a-z]))+[.!?。！？]*"
)


@lru_cache(maxsize=16384)
def claims(text: str) -> tuple[Claim, ...]:
    """The claims in a text, in order, each state once for what it says last."""
    found: dict[State, Claim] = {}
    text = text[:_MOST_CHARACTERS].replace("’", "'")
    around = text if len(text) <= _SHORT else ""
    for sentence in _SENTENCE.findall(text):
        found |= _merged(_in_sentence(sentence.strip(), around))
    return tuple(found.values())


def _merged(claims: Iterable[Claim]) -> dict[State, Claim]:
    """The claims of one sentence: some languages share the words for a state, not for a change."""
    found: dict[State, Claim] = {}
    for claim in claims:
        first = found.setdefault(claim.state, claim)
        if claim.changes and not first.changes:
            found[claim.state] = replace(first, changes=True)
    return found


def asked_states(question: str) -> Set[State]:
    """The states that a question of the first person asks for."""
    return {
        (language.whose(question), each.name)
        for language in _languages()
        for each in language.states
        if any(ask.search(question) for ask in each.asks)
        and (each.name not in _PERSONS or _WHO.search(question))
    }


_WHO = re.compile(
    r"^(?!.*(?<!what)(?<!who)(?<!where)'s (?!name)).*(?:\b(?:who|whom|names?|called|call|which|wer|wen|wem|heißt|heisst|welche[rnms]?"
    r"|qui|appelle|appelait|quel(?:le)?s?|nom|quién|llama|llamaba|qué|nombre|quem|chama|chamava|qual|nome)\b"
    r"|谁|叫|名字|哪)",
    re.IGNORECASE | re.DOTALL,
)
"""A question for somebody's name."""


def words_to_find(name: str) -> str:
    """Words with which people tell of a state, to search for."""
    return " ".join(
        each.find for language in _languages() for each in language.states if each.name == name
    )


def _in_sentence(sentence: str, around: str) -> Iterator[Claim]:
    if sentence.endswith(("?", "？")):
        return
    for language in _languages():
        words = language.held(around or sentence)
        told_of = not language.triggers.isdisjoint(words)
        if not (told_of or _DIGIT.search(sentence)) or language.skip.search(sentence):
            continue
        changed = language.change.search(sentence) is not None
        stated = [
            each.stated(sentence, changed, language)
            for each in language.states
            if not each.triggers.isdisjoint(words)
        ]
        told = [claim for claim in stated if claim is not None]
        if not told and around:
            told = list(language.loose.stated(sentence, words, changed, language))
        yield from told or language.open.stated(sentence, changed, language)


@dataclass(frozen=True, slots=True)
class _Known:
    """A state, and how a language speaks of it."""

    name: str
    frames: Sequence[tuple[re.Pattern[str], bool]]
    asks: Sequence[re.Pattern[str]]
    find: str
    about: frozenset[str]
    triggers: frozenset[str]
    kind: str

    def stated(self, sentence: str, changed: bool, language: _Language) -> Claim | None:
        for frame, changes in self.frames:
            for found in frame.finditer(sentence):
                value = _VALUES[self.kind].read(found["v"])
                if not value or language.is_past_or_other(sentence, found):
                    continue
                whose = (found.groupdict().get("whose") or "").lower()
                return Claim((whose, self.name), value, changes or changed)
        return None


@dataclass(frozen=True, slots=True)
class _Loose:
    """Words of a state and a value in one sentence, whatever stands between."""

    names: Sequence[re.Pattern[str]]
    persons: Sequence[re.Pattern[str]]
    other: re.Pattern[str]
    own: re.Pattern[str]
    value: str

    def stated(
        self, sentence: str, words: frozenset[str], changed: bool, language: _Language
    ) -> Iterator[Claim]:
        state = max(language.states, key=lambda each: len(each.about & words))
        named = state.about & words
        if not named or self.other.search(sentence):
            return
        if not (changed or self.own.search(sentence)):
            return
        for pattern in self._patterns(state, named):
            for found in pattern.finditer(sentence):
                value = _VALUES[state.kind].read(found["v"])
                value -= language.triggers | _CALENDAR
                if not value or language.before.search(sentence[: found.start("v")]):
                    continue
                sure = state.kind in _TYPED
                yield Claim(("", state.name), value, changed, frozenset() if sure else named)
                return

    def _patterns(self, state: _Known, named: Set[str]) -> Iterator[re.Pattern[str]]:
        if state.kind != "name":
            yield _plain(state.kind)
            return
        yield from self.persons if state.name in _PERSONS else self.names
        for word in sorted(named):
            yield _behind(word, self.value)


@cache
def _behind(word: str, value: str) -> re.Pattern[str]:
    """A value right behind a word: "our dog, Rex"."""
    return re.compile(rf"\b{re.escape(word)},? (?P<v>{value})", re.IGNORECASE)


@cache
def _plain(kind: str) -> re.Pattern[str]:
    pattern = (
        r"(?:\d{1,3}(?:[.,' ]\d{3})+|\d{3,})(?!\d)|\d+k\b"
        if kind == "number"
        else _VALUES[kind].pattern
    )
    return re.compile(f"(?P<v>{pattern})", re.IGNORECASE)


_TYPED = frozenset({"phone", "email", "number"})
_CALENDAR = frozenset(
    tokenize(
        "monday tuesday wednesday thursday friday saturday sunday january february march april may "
        "june july august september october november december i ok okay christmas easter"
    )
)


@dataclass(frozen=True, slots=True)
class _Open:
    """Whatever else is somebody's and has a number, a date or a code: "my thesis deadline"."""

    frames: Sequence[tuple[re.Pattern[str], bool]]

    def stated(self, sentence: str, changed: bool, language: _Language) -> Iterator[Claim]:
        for frame, changes in self.frames:
            found = frame.search(sentence)
            if found is None or language.is_past_or_other(sentence, found):
                continue
            [kind] = [each for each in _OPEN if found[each]]
            noun = {_SAME.get(each, each) for each in tokenize(found["noun"])}
            noun = noun - STOP_WORDS - _NO_NOUNS
            if noun:
                whose = (found.groupdict().get("whose") or "").lower()
                name = " ".join(sorted(noun))
                yield Claim(
                    (whose, f"{kind} {name}"),
                    frozenset({found["v"].casefold()}),
                    changes or changed,
                )
                return


@dataclass(frozen=True, slots=True)
class _Language:
    states: Sequence[_Known]
    triggers: frozenset[str]
    loose: _Loose
    open: _Open
    skip: re.Pattern[str]
    change: re.Pattern[str]
    before: re.Pattern[str]
    relative: re.Pattern[str] | None
    spaced: bool

    def is_past_or_other(self, sentence: str, found: re.Match[str]) -> bool:
        """True if a value is said to be so no longer, or of somebody else."""
        if self.before.search(sentence[: found.start("v")]):
            return True
        said = found[0][: found.start("v") - found.start()]
        return not self.loose.own.search(said) and bool(
            self.loose.other.search(sentence[: found.start("v")])
        )

    def whose(self, question: str) -> str:
        """The relative whom a question is about; empty: the person who asks."""
        found = self.relative.search(question) if self.relative else None
        return found[1].lower() if found else ""

    def held(self, text: str) -> frozenset[str]:
        """The words of a text, or of a language without spaces those that name a state."""
        if self.spaced:
            return frozenset(_WORD.findall(text.lower()))
        return frozenset(word for word in self.triggers if word in text)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of value: how it is written, and what of it is compared."""

    pattern: str
    whole: bool = False

    def read(self, found: str) -> frozenset[str]:
        if self.whole:
            return frozenset({re.sub(r"[\s()/-]", "", found).casefold()})
        return frozenset(tokenize(found)) - STOP_WORDS - _TITLES


_TITLES = frozenset(tokenize("dr doctor mr mrs ms prof school called named inc ltd gmbh"))
_NAME = r"(?:(?:the|a|an) )?(?-i:(?!I\b|I'|My\b|We\b|The\b|It\b)[A-ZÀ-ÖØ-ÞА-ЯЁ][\w'&.-]*(?:(?: (?:de|da|do|la|of|and|&|e|y|et|von|am|an der))*,? (?!I\b|I'|My\b|We\b)[A-ZÀ-ÖØ-Þ0-9А-ЯЁ][\w'&.-]*)*)"
_VALUES: Mapping[str, _Kind] = {
    "name": _Kind(_NAME),
    "address": _Kind(
        r"(?-i:[A-ZÀ-ÞА-ЯЁ0-9][\w'.-]*(?:,? [\w'.-]+){0,4},? \d+\w?\b|\d+ [A-Z]\w+(?: \w+)*)"
    ),
    "phone": _Kind(r"\+?\d(?:[\s/()-]*\d){5,}", True),
    "email": _Kind(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", True),
    "number": _Kind(
        r"[$€£]?\s?\d(?:[\d.,]*\d)?(?:\s?k\b)?(?![\d%]|\s*(?:years?|months?|days?|times|weeks?|%))",
        True,
    ),
    "weight": _Kind(r"\d+(?:[.,]\d+)?\s?(?:kg|kilos?|pounds|lbs?)\b", True),
    "word": _Kind(
        r"(?!(?:a|an|the|at|in|on|to|and|or|but|so|this|that|last|yesterday|today|because|with|of|for|from|by|is|was|very|really|not|my|our|his|her|their|here|there|i|we|it|now|just|if|as)\b)[a-z][\w-]*(?: (?!now\b|by\b|at\b|and\b|since\b|but\b|these\b|for\b|in\b)[a-z][\w-]*){0,3}"
    ),
    "diet": _Kind(
        r"(?:vegan|vegetarian|pescatarian|keto|gluten-free|paleo|low-carb|omnivore|meat|lactose-free|halal|kosher|carnivore|flexitarian)\b"
    ),
    "pet": _Kind(
        r"an? (?:dog|cat|parrot|rabbit|hamster|turtle|bird|fish|snake|guinea pig|puppy|kitten)(?: (?:called|named) [A-Z]\w+)?"
    ),
}


_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_OPEN: Mapping[str, str] = {
    "date": rf"\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b(?:,? \d{{4}})?"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?",
    "share": r"\d[\d.,]*\s?(?:%|percent\b)",
    "code": r"(?=[\w@.:/$€£-]*\d)[\w$€£](?:[\w@.,:/-]*\w)?",
}
_ANY = "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _OPEN.items())
_NOUN = r"(?P<noun>(?:(?!(?:is|was|are|were|has|have|it)\b)[a-z][a-z-]*(?:'s)? ){0,4}?[a-z][a-z-]*)"
_NO_NOUNS = frozenset(tokenize("new current latest updated old deadline due date number"))
_SAME = dict.fromkeys(tokenize("code key passcode passphrase pin"), *tokenize("password"))


@cache
def _languages() -> tuple[_Language, ...]:
    text = files("remem.recall").joinpath("states.toml").read_text(encoding="utf-8")
    return tuple(_language(table) for table in tomllib.loads(text).values() if "state" in table)


def _language(table: Mapping[str, Any]) -> _Language:
    words: Mapping[str, str] = table["words"]
    name = table.get("value", _NAME)

    def value(state: str) -> str:
        kind = _KIND_OF[state]
        return f"(?P<v>{name if kind == 'name' else _VALUES[kind].pattern})"

    states = []
    for each in table["state"]:
        own = {**words, "noun": f"(?:{each['nouns']})", "v": value(each["name"])}
        frames = [
            *((one, True) for one in (*each.get("changes", ()), *table["changes"])),
            *((one, False) for one in (*each.get("says", ()), *table["states"])),
        ]
        about = frozenset(each.get("about", "").split())
        find = each.get("find", "")
        states.append(
            _Known(
                each["name"],
                [(_compiled(one, own), changes) for one, changes in frames],
                [_compiled(one, words) for one in each["asks"]],
                find or each.get("about", ""),
                about,
                about | frozenset(find.split()),
                _KIND_OF[each["name"]],
            )
        )
    open_ = table.get("open", {"changes": (), "says": ()})
    own = {**words, "noun": _NOUN, "v": f"(?P<v>{_ANY})"}
    opened = [
        *((_compiled(one, own), True) for one in open_["changes"]),
        *((_compiled(one, own), False) for one in open_["says"]),
    ]
    relative = words.get("relative")
    return _Language(
        states,
        frozenset().union(*(each.triggers for each in states)),
        _loose(table["loose"], words, name),
        _Open(opened),
        *(_compiled(table[each], words) for each in ("skip", "change", "before")),
        _compiled(rf"\b({relative})\b", words) if relative else None,
        "value" not in table,
    )


def _loose(table: Mapping[str, Any], words: Mapping[str, str], value: str) -> _Loose:
    words = {**words, "v": f"(?P<v>{value})"}
    article = f"(?:(?:{table.get('article')}) )*"
    titled = rf"\b(?:{table.get('title')})\.? {{v}}"
    before = rf"(?:^|[,;:] (?:and |so )?|\band |\bso ){article}{{v}} (?:{table.get('then')})\b"
    called = rf"(?:\b(?:{table.get('called')})|[:：]) {article}{{v}}"
    at = rf"(?:\b(?:{table.get('at')})|[:：]) {article}{{v}}"
    return _Loose(
        [_compiled(each, words) for each in table.get("names", (at, before))],
        [_compiled(each, words) for each in table.get("persons", (titled, called, before))],
        _compiled(table["other"], words),
        _compiled(table["own"], words),
        value,
    )


def _compiled(pattern: str, words: Mapping[str, str]) -> re.Pattern[str]:
    for _ in range(3):
        pattern = _HOLE.sub(lambda hole: words[hole[1]], pattern)
    return re.compile(pattern, re.IGNORECASE)


_HOLE = re.compile(r"\{([a-z]+)\}")
_PERSONS = frozenset("boss partner doctor dentist hairdresser teacher flatmate dog cat".split())
"""States whose value is somebody's name."""

_KIND_OF: Mapping[str, str] = {
    **dict.fromkeys(
        "home employer partner gym car doctor dentist school boss bank dog cat hairdresser "
        "insurance teacher flatmate".split(),
        "name",
    ),
    **{each: each for each in "address phone email weight diet pet".split()},
    **dict.fromkeys("rent salary".split(), "number"),
    "title": "word",
}
"""The state -> the kind of its values."""


def _is_single(state: State) -> bool:
    return not state[0] and state[1] not in {"pet", "dog", "cat"} and " " not in state[1]
