"""The words in which people speak of how things are with them, by language; see ``states.toml``."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from remem.recall.reading.languages import languages_of
from remem.store.fulltext.folding import CAPITALS
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
            return frozenset({_KILOS.sub("kg", _SIGNS.sub("", found).casefold())})
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
        """The expression, compiled when a text first calls for it: all together take 1.3 s, and a
        command asks once."""
        return pattern_of(self.expression)


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
        unless: Words beside which it is another state: "dentist" of a doctor's.
        around: Pattern of the words that news about it have; None: none are known.
        beside: These words.
    """

    name: str
    kind: Kind
    frames: Sequence[Frame]
    asks: Sequence[re.Pattern[str]]
    about: frozenset[str]
    triggers: frozenset[str]
    unless: frozenset[str]
    around: re.Pattern[str] | None
    beside: str

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
        by_trigger: A trigger -> the places of the states that it is one of.
        open: Frames of whatever else is somebody's and has a number, a date or a code; the group
            ``noun`` says what.
        names, persons: Patterns of a name beside the words of a state: of a place or a firm, and of
            somebody.
        here: Pattern of a name in a sentence about a change: "it's Dr Falk now"; None: of none.
        value: The pattern of a name.
        skip: Of a sentence that states nothing of the present.
        change: Of a sentence that says that something was different before.
        before: Of the words before a value that is so no longer.
        own, other: Words of who speaks, and of others.
        people: Those of others that are more than "he" and "her".
        relative: Words for relatives, whose states are known, too; None: of nobody.
        is_spaced: Words have spaces between them.
    """

    name: str
    states: Sequence[Known]
    triggers: frozenset[str]
    by_trigger: Mapping[str, Sequence[int]]
    open: Sequence[Frame]
    names: Sequence[re.Pattern[str]]
    persons: Sequence[re.Pattern[str]]
    here: re.Pattern[str] | None
    value: str
    skip: re.Pattern[str]
    change: re.Pattern[str]
    before: re.Pattern[str]
    own: re.Pattern[str]
    other: re.Pattern[str]
    people: re.Pattern[str]
    relative: re.Pattern[str] | None
    is_spaced: bool

    def whose(self, question: str) -> str:
        """The relative whom a question is about; empty: the person who asks."""
        found = self.relative.search(question) if self.relative else None
        return self.relative_of(found[1]) if found else ""

    def told_by(self, words: Set[str]) -> Iterator[Known]:
        """The states that have one of these words for a trigger."""
        places = {place for word in words for place in self.by_trigger.get(word, ())}
        return (self.states[place] for place in sorted(places))

    def words_around(self, name: str) -> str:
        """Words that news about a state have, to search for."""
        return " ".join(each.beside for each in self.states if each.name == name)

    def relative_of(self, word: str) -> str:
        """A relative by the name that all words for them share: a girl is a daughter."""
        return _SAME_RELATIVE.get(word.lower(), word.lower())

    def held(self, text: str, words: frozenset[str]) -> frozenset[str]:
        """The words of a text, or of a language without spaces those that name a state.

        Args:
            words: Those of ``all_triggers`` in the text.
        """
        if self.is_spaced or text.isascii():
            return words
        return frozenset(word for word in self.triggers if word in text)


@cache
def all_triggers() -> frozenset[str]:
    """The words that tell of a state in any language that puts spaces between them."""
    spaced = [each for each in languages() if each.is_spaced]
    unless = (state.unless for each in spaced for state in each.states)
    return frozenset().union(*(each.triggers for each in spaced), *unless)


def languages() -> Collection[Language]:
    """All languages; read when first needed."""
    return _by_name().values()


@cache
def _by_name() -> Mapping[str, Language]:
    text = files("remem.recall.reading").joinpath("states.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    shared = tables.pop("shared")
    return {name: _language(name, table, shared) for name, table in tables.items()}


def language_of(question: str) -> Language | None:
    """The likeliest language of a question, if there are states in it."""
    return _by_name().get(languages_of(question)[0])


def language_named(name: str) -> Language:
    """The language with this code, of those with states."""
    return _by_name()[name]


def _language(name: str, table: Mapping[str, Any], shared: Mapping[str, Any]) -> Language:
    value = table.get("value", _NAME)
    words: Mapping[str, str] = {
        **shared["values"],
        **table["words"],
        "name": f"(?P<v>{value})",
    }
    forms = {} if "value" in table else shared
    states = [_known(each, table, forms, words, value) for each in table["state"]]
    loose = table["loose"]
    article = f"(?:(?:{loose.get('article')}) )*"
    then = rf"(?:^|[,;:] (?:and |so )?|\band |\bso ){article}{{v}} (?:{loose.get('then')})\b"
    suits = rf"(?:^|[,;:] (?:and |so )?|\band |\bso ){article}{{v}} (?:{loose.get('suits')})"
    titled = rf"\b(?:{loose.get('title')})\.? {{v}}"
    here = rf"(?:^|[,;:] |\b)(?:{loose.get('here')}) {article}{{v}}"
    called = rf"(?:\b(?:{loose.get('called')})|[:：]) {article}{{v}}"
    at = rf"(?:\b(?:{loose.get('at')})|[:：]) {article}{{v}}"
    named = {**words, "v": f"(?P<v>{value})"}
    counted = {**words, "noun": _NOUN, "v": f"(?P<v>{_ANY_CODE})"}
    relative = words.get("relative")
    return Language(
        name,
        states,
        frozenset().union(*(each.triggers for each in states)),
        _by_trigger(states),
        _frames([table.get("open", {})], counted),
        [_compiled(each, named) for each in loose.get("names", (at, suits))],
        [_compiled(each, named) for each in loose.get("persons", (titled, called, then))],
        _compiled(here, named) if "here" in loose else None,
        value,
        _compiled(table["skip"], words),
        _compiled(table["change"], words),
        _compiled(table["before"], words),
        _compiled(loose["own"], words),
        _compiled(rf"{loose['they']}|{loose['other']}", words),
        _compiled(loose["other"], words),
        _compiled(rf"\b({relative})\b", words) if relative else None,
        "value" not in table,
    )


def _by_trigger(states: Sequence[Known]) -> Mapping[str, Sequence[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for place, state in enumerate(states):
        for word in state.triggers:
            found[word].append(place)
    return dict(found)


def _known(
    state: Mapping[str, Any],
    table: Mapping[str, Any],
    shared: Mapping[str, Any],
    words: Mapping[str, str],
    name: str,
) -> Known:
    kind = _VALUES.get(
        _KINDS[state["name"]], Kind(name, sign=_ANYTHING if "value" in table else _NAMES)
    )
    own = {
        **words,
        **{each: f"(?:{state[each]})" for each in _PHRASES if each in state},
        "noun": f"(?:{state['nouns']})",
        "v": f"(?P<v>{kind.pattern})",
    }
    about = frozenset(state["about"].split())
    named = () if _KINDS[state["name"]] in _WITHOUT_NOUNS else ("nouns",)
    forms = [shared[each] for each in (*named, *_PHRASES) if each in state and each in shared]
    return Known(
        state["name"],
        kind,
        _frames((state, *forms, table), own),
        [_compiled(each, own) for each in (*state["asks"], *table.get("asks", ()))],
        about,
        about | frozenset(state.get("find", "").split()),
        frozenset(state.get("unless", "").split()),
        _around(state.get("around", "").split(), is_spaced="value" not in table),
        state.get("around", "").replace("_", " "),
    )


def _around(stems: Sequence[str], *, is_spaced: bool) -> re.Pattern[str] | None:
    """A pattern of words that begin so; short ones have no more than an ending."""
    if not stems:
        return None
    if not is_spaced:
        return re.compile("|".join(stems))
    ends = (rf"{re.escape(each).replace('_', ' ')}" + _ends(each) for each in stems)
    return re.compile(rf"\b(?:{'|'.join(ends)})", re.IGNORECASE)


def _ends(stem: str) -> str:
    return r"\w*" if len(stem) >= _LEAST_OF_STEM else r"(?:[esn]|en|es|'s)?\b"


def named_kinds(state: Known) -> tuple[str, bool]:
    """The kind of the values of a state, those of persons apart: what it may be taken for."""
    return _KINDS[state.name], state.is_person


def _frames(tables: Iterable[Mapping[str, Any]], words: Mapping[str, str]) -> list[Frame]:
    tables = list(tables)
    return [
        Frame(_filled(each, words), key == "changes")
        for key in ("changes", "says")
        for table in tables
        for each in table.get(key, ())
    ]


def _compiled(expression: str, words: Mapping[str, str]) -> re.Pattern[str]:
    return pattern_of(_filled(expression, words))


@cache
def pattern_of(expression: str) -> re.Pattern[str]:
    """A regular expression in letters of any case, compiled when it is first called for."""
    return re.compile(expression, re.IGNORECASE)


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    """A pattern with the words in its holes, which may have holes of their own."""
    while filled := _HOLE.sub(lambda hole: words[hole[1]], pattern):
        if filled == pattern:
            break
        pattern = filled
    return pattern


_LEAST_OF_STEM = 5
"""Characters of a word that may go on; "car" is no "card"."""

_WITHOUT_NOUNS = frozenset({"number", "words", "diet", "pet", "weight"})
"""Kinds of values that no form of ``shared.nouns`` has."""

_CHILDREN = {
    "daughter": "girl tochter kleine kleinen fille petite hija pequeña filha pequena 女儿 丫头",
    "son": "boy sohn fils petit hijo pequeño filho 儿子",
    "children": "kid kids kinder enfants hijos niños filhos miúdos 孩子",
}
_SAME_RELATIVE = {word: name for name, words in _CHILDREN.items() for word in words.split()}

_PHRASES = ("going", "doing")
"""Of a state: what who speaks does, before its value ("bank with"), and what the value does, before
who speaks ("cuts my hair")."""

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

_CAPITAL = rf"(?!I\b|I'|My\b|We\b)[{CAPITALS}][\w'&.-]*"
_BETWEEN = r"(?: (?:de|da|do|la|of|and|&|e|y|et|von|am|an der))*,? "
_NAME = (
    rf"(?:(?:the|a|an) )?(?-i:(?!The\b|It\b){_CAPITAL}(?:{_BETWEEN}(?:{_CAPITAL}|\d[\w'&.-]*))*)"
)
_NO_FIRST = (
    "a|an|the|at|in|on|to|and|or|but|so|this|that|last|yesterday|today|because|with|of|for|from|by"
    "|is|was|very|really|not|my|our|his|her|their|here|there|i|we|it|now|just|if|as|un|une|el|la|le"
    "|les|los|en|em|de|du|que|qui|por|para|pour|uma?|como|comme|es|está|est|é|yo|je|eu|no|ne|se|si"
)
_DIETS = (
    "vegan[ae]?r?(?:in)?|v[ée]gane?|vegano|vegetari(?:an|er|erin|sch|an[oa])|végétarien(?:ne)?"
    "|vegetarisch|pescatarian|keto|ketogen|gluten-free|glutenfrei|sans gluten|sin gluten"
    "|sem glúten|paleo|low[- ]carb|omnivore|lactose-free|laktosefrei|halal|kosher|carnivore"
    "|flexitarian|flexitarisch|纯素|生酮|素食?|无麸质|低碳"
)
_KILO = r"kgs?\b|[kq]u?ilos?\b|chili\b|кг|кило(?:грамм\w*)?|公斤|千克"
_UNITS = rf"{_KILO}|pounds\b|lbs?\b"
_STREETS = (
    "rue|avenue|boulevard|place|chemin|allée|quai|impasse|calle|avenida|plaza|paseo|camino|rua|praça"
    "|travessa|via|viale|piazza|corso|улица|проспект"
)
_PETS = "dog|cat|parrot|rabbit|hamster|turtle|bird|fish|snake|guinea pig|puppy|kitten"
_KILOS = re.compile(rf"(?<=\d)(?:{_KILO})")
_DIGIT = re.compile(r"\d")
_AT = re.compile("@")
_NAMES = re.compile(
    rf"(?:(?<!^)|(?!(?:The|This|That|These|Those|It|What|Which|Who|How|Why|When|Where|Can|Could|Do"
    rf"|Does|Did|Is|Are|Was|He|She|They|You|And|But|So|Or|If|In|On|At|To|For|By|As|Of|With|After"
    rf"|Since|Now|Not|No|Yes|Just|Would|Will|Please|Also|Thanks|Thank|Here|There|Any|Some|Yeah|Wow"
    rf"|Hey|Oh|Well|Let|Got|Our|Then)\b)){_CAPITAL}"
)
"""A name, which no usual first word of a sentence is."""
_VALUES: Mapping[str, Kind] = {
    "address": Kind(
        rf"\d+(?: ?bis)?,? (?:{_STREETS}) [^,.;:!?\d]{{2,30}}?"
        r"(?= (?:maintenant|désormais)|[,.;!?]|$)"
        rf"|(?:{_STREETS}) [^,.;:!?\d]{{2,30}} \d+\b"
        rf"|(?-i:[{CAPITALS}0-9][\w'.-]*(?:,? [\w'.-]+){{0,4}},? \d+\w?\b|\d+ [A-Z]\w+(?: \w+)*)",
        sign=_DIGIT,
    ),
    "phone": Kind(r"\+?\d(?:[\s/()-]*\d){5,}", True, _DIGIT),
    "email": Kind(r"[a-z0-9_.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", True, _AT),
    "number": Kind(
        r"[$€£]?\s?\d(?:[\d.,]*\d)?(?:\s?k\b)?(?![\d%]|(?:st|nd|rd|th)\b|\s*(?:years?|months?|days?|times|weeks?|%))",
        True,
        _DIGIT,
    ),
    "weight": Kind(rf"\d{{2,3}}(?:[.,]\d+)?\s?(?:{_UNITS})", True, _DIGIT),
    "words": Kind(
        rf"(?!(?:{_NO_FIRST})\b)[a-zà-ÿ][\w'-]*"
        r"(?: (?!(?:now|by|at|and|since|but|these|for|in|ahora|agora|maintenant|tras|depois|après"
        r"|et|y|e|desde|dans|en|em|chez)\b)[a-zà-ÿ][\w'-]*){0,3}"
    ),
    "diet": Kind(
        rf"(?:{_DIETS})(?![a-zà-ÿ])"
        r"(?! (?:food|cake|burger|pizza|restaurant|recipe|dish|meal|bar|sausage|cheese)s?\b)"
    ),
    "pet": Kind(rf"an? (?:{_PETS})(?: (?:called|named) [A-Z]\w+)?"),
}
"""Kind -> how it is written, but for names, of which each language has its own."""

MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
"""A month in English, whole or short, as a pattern."""

WEEKDAY = r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
"""A day of the week in English, or several of them, as a pattern."""

TWO_TO_TWELVE = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
"""The numbers of a clock in English, as a pattern. Who reads others besides has a reason: "one" is
a pronoun, too, ages go to a hundred, and counts may be "twice" or "a dozen"."""

CODES: Mapping[str, str] = {
    "date": rf"\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{MONTH}\b(?:,? \d{{4}})?"
    rf"|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?",
    "share": r"\d[\d.,]*\s?(?:%|percent\b)",
    "code": r"(?=[\w@.:/$€£-]*\d)[\w$€£](?:[\w@.,:/-]*\w)?",
}
"""Kind -> pattern, of the values of open frames; each is a group of these frames."""

_ANY_CODE = "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in CODES.items())
_NOUN = r"(?P<noun>(?:(?!(?:is|was|are|were|has|have|it)\b)[a-z][a-z-]*(?:'s)? ){0,4}?[a-z][a-z-]*)"
