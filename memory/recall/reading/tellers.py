"""Questions about somebody, in the words of that person: "What did I paint?" for "What did Melanie
paint?". Pure.

People who talk to each other say "I" and seldom their names, so that to an encoder an answer is
nearer to the question in the first person.
"""

from __future__ import annotations

import re

from remem.recall.reading.asking import is_question
from remem.recall.reading.languages import ENGLISH, has_chinese, spoken
from remem.recall.reading.persons import asks_about_own
from remem.recall.reading.question import Query, capitals_within, read_query
from remem.store.fulltext.folding import straight

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
    names = list(dict.fromkeys(_may_be_names(read_query(question, None))))
    return {name: _in_first_person(question, name) for name in names[:_MOST_TELLERS]}


def _may_be_names(question: Query) -> list[str]:
    """Words that may be names: those with a capital or, where all is typed small, any that is not
    common."""
    if question.text.islower():
        words = (word for token, word in question.tokens.items() if token in question.names)
        return [straight(word).removesuffix("'s") for word in words]
    return capitals_within(question.without_times)


def _in_first_person(question: str, name: str) -> str:
    whose = re.compile(rf"\b{re.escape(name)}\b(['’]s\b)?")
    return whose.sub(lambda match: "my" if match[1] else "I", question)
