"""Questions about somebody, in the words of that person: "What did I paint?" for "What did Melanie
paint?". Pure.

People who talk to each other say "I" and seldom their names, so that to an encoder an answer is
nearer to the question in the first person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from remem.recall.reading.asking import is_question
from remem.recall.reading.languages import ENGLISH, has_chinese, spoken
from remem.recall.reading.persons import asks_about_own
from remem.recall.reading.question import Query, read_query
from remem.store.fulltext.folding import CAPITALS, straight
from remem.store.fulltext.tokens import tokenize

_MOST_TELLERS = 3
"""Of one question."""

_MOST_CHARACTERS = 200
"""Of a question; longer messages tell more than they ask, and take time to encode again."""


def as_told(question: str) -> dict[str, str]:
    """Each name that a question in English has -> the question as whoever has that name would put
    it. Who asks about themselves names others only beside that."""
    if len(question) > _MOST_CHARACTERS or not is_question(question):
        return {}
    if has_chinese(question) or spoken(question)[0] != ENGLISH or asks_about_own(question):
        return {}
    question = straight(question)
    names = list(dict.fromkeys(_names(read_query(question, None))))
    return {name: _in_first_person(question, name) for name in names[:_MOST_TELLERS]}


def _names(question: Query) -> Iterator[str]:
    """Words that may name somebody: those with a capital or, where all letters are small or all are
    capitals, those that stand where a subject does or own something."""
    text = question.without_times
    if not (text.islower() or text.isupper()):
        for match in _CAPITALISED.finditer(text):
            yield _POSSESSIVE.sub("", match[0])
        return
    for match in _SUBJECT.finditer(text):
        name = match[1] or match[2]
        if not question.names.isdisjoint(tokenize(name)):
            yield name


def _in_first_person(question: str, name: str) -> str:
    whose = re.compile(rf"\b{re.escape(name)}\b({_POSSESSIVE.pattern})?", re.IGNORECASE)
    return whose.sub(lambda match: "my" if match[1] else "I", question)


_CAPITAL = rf"[{CAPITALS}][\w']*\w"
_CAPITALISED = re.compile(rf"(?<=[\w,\"(:] ){_CAPITAL}(?:(?:\.? |-){_CAPITAL})*")
"""Words with a capital side by side, which do not begin the question: "Jean-Luc", "Dr. Smith"."""

_POSSESSIVE = re.compile(r"'(?:s\b|(?!\w))", re.IGNORECASE)
_SUBJECT = re.compile(
    r"\b(?:did|does|do|is|was|has|had|will|would|could|might) ([\w-]+)|([\w-]+)'(?:s\b|(?!\w))",
    re.IGNORECASE,
)
"""A word behind a verb that comes before its subject, or in the possessive."""
