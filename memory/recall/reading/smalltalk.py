"""Messages that ask for no memory: greetings, thanks, reactions. Pure.

"That's amazing!" is close to a hundred turns of any chat, so no similarity tells it from a
question; its words do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product

from remem.recall.reading.asking import is_question
from remem.recall.reading.languages import common_words, words_of
from remem.store.fulltext.folding import folded
from remem.store.fulltext.tokens import STOP_WORDS, split_words, word_tokens


def is_small_talk(text: str) -> bool:
    """True if a message is made of nothing but conversational words and phrases.

    One word that stands for something ("dentist", "paella", a number) makes it a message about
    that, and "what do I like?" or "when did she call?" is a question that only a memory answers.
    """
    lists = _lists()
    text = _NUMBERS.sub(" ", text)
    if any(map(str.isdigit, text)):
        return False
    text = _LONG_DRAWN.sub(r"\1", _LAUGHTER.sub(" ", text))
    said = words_of(text)
    unknown = _without_phrases(said, lists.phrases)
    if said and not unknown:
        return True
    rest = frozenset(unknown)
    asks = is_question(text)
    if not (asks and rest & lists.remembered):
        for language, conversational in lists.others.items():
            if rest & conversational and rest <= conversational | common_words(language):
                return True
    text = " ".join(unknown) if len(unknown) < len(said) else text
    words = {
        _CONTRACTED.sub("", word.lower()) for word in split_words(lists.chinese.sub(" ", text))
    }
    if words & _PERSONS and words & (_ASKING | _WHETHER if asks else _ASKING):
        return False
    return all(word in STOP_WORDS or lists.english >= {*word_tokens(word)} for word in words)


def is_greeting(text: str) -> bool:
    """True if small talk greets, or asks how somebody is: then "today" is no time to look at."""
    return _GREETING.search(folded(text)) is not None and is_small_talk(text)


_GREETING = re.compile(
    r"\bhow (?:are|is it|have you)|\bwie geht|\bque tal\b|\bcomo (?:estas|te va|vai|vao|voce|tens)"
    r"|\bca va\b|\bcomment (?:vas|allez|tu vas|vous allez)|\btudo bem|\bcome (?:va|stai|sta)\b"
    r"|\bкак (?:дела|ты|вы|жизнь)|^(?:hello|hi|hallo|hola|salut|bonjour|ola|ciao|привет)\b"
    r"|怎么样|怎麼樣|[你您]好|好吗|好嗎"
)

_LAUGHTER = re.compile(
    r"\b(?:(?:j+a+){2,}j*|(?:j+e+){2,}|(?:j+i+){2,}|(?:h+e+){2,}|(?:h+i+){2,}|a*(?:h+a+)+h*|(?:a+h+){2,}|h{3,}|k{3,}|(?:rs)+s*|m+d+r+|l+o+l+"
    r"|а*(?:х+[аеи]+)+х*)\b",
    re.IGNORECASE,
)
_NUMBERS = re.compile(
    r"(?<!\w)(?:10{2,}\s?%|10/10|24/7|6{3,}|8{2,}6?|23{2,}|520|5{3,}|(?:gn?|n|gr|l8?r?|m|w|str)8\w?|b4|[:;=x]['-]?[3)D]|<3+)(?!\w)",
    re.IGNORECASE,
)
"""Digits that count nothing: "100 %", "gn8", "<3"."""

_LONG_DRAWN = re.compile(r"([^\W\d_])\1{2,}")
"""Letters of "sooo nice": no word of these languages has three alike in a row."""

_ASKING = frozenset("how what who whose where when which".split())
_WHETHER = frozenset("am do does did have has had was were".split())
_PERSONS = frozenset(
    "i me my mine we us our ours he him his she her hers they them their theirs".split()
)
_CONTRACTED = re.compile("((?<!ca)(?<!wo)n['’]t|['’](s|re|m|ll|ve|d|t))$")  # do n't, but can 't


def _without_phrases(
    words: Sequence[str], phrases: Mapping[str, Sequence[Sequence[str]]]
) -> list[str]:
    """The words that are in no phrase, of which the longest goes first."""
    rest: list[str] = []
    at = 0
    while at < len(words):
        known = phrases.get(words[at], ())
        length = next((len(one) for one in known if words[at : at + len(one)] == one), 0)
        if not length:
            rest.append(words[at])
        at += length or 1
    return rest


@dataclass(frozen=True, slots=True)
class _Lists:
    """Words and phrases of ``smalltalk.txt``.

    Attributes:
        english: Tokens of the English words.
        chinese: A pattern of the Chinese phrases.
        others: The words of each other language, folded.
        phrases: The words of phrases of all languages but Chinese, folded, by the first of them;
            the longest first.
        remembered: Words that make a question one that only a memory answers, folded.
    """

    english: Set[str]
    chinese: re.Pattern[str]
    others: Mapping[str, Set[str]]
    phrases: Mapping[str, Sequence[Sequence[str]]]
    remembered: Set[str]


@cache
def _lists() -> _Lists:
    text = files("remem.recall.reading").joinpath("smalltalk.txt").read_text(encoding="utf-8")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    first, *sections = _SECTION.split(text)
    by_name = dict(zip(sections[::2], sections[1::2], strict=True))
    phrases: dict[str, list[list[str]]] = {}
    remembered = frozenset(folded(by_name.pop(_REMEMBERED)).split())
    for line in by_name.pop(_PHRASES).splitlines():
        for words in _written_out(line):
            phrases.setdefault(words[0], []).append(words)
    for known in phrases.values():
        known.sort(key=len, reverse=True)
    entries = first.split()
    english = (word_tokens(entry) for entry in entries if entry.isascii())
    chinese = sorted((entry for entry in entries if not entry.isascii()), key=len, reverse=True)
    return _Lists(
        frozenset(token for tokens in english for token in tokens),
        re.compile("|".join(map(re.escape, chinese))),
        {name: frozenset(folded(words).split()) for name, words in by_name.items()},
        phrases,
        remembered,
    )


def _written_out(line: str) -> Iterator[list[str]]:
    """The phrases that a line with alternatives stands for, each as its words."""
    places = [alternatives.split("|") for alternatives in line.split()]
    for chosen in product(*places):
        if words := words_of(" ".join(chosen).replace("_", " ")):
            yield words


_SECTION = re.compile(r"^\[(\w+)\]$", re.MULTILINE)
_PHRASES = "phrases"
_REMEMBERED = "remembered"
