"""The end of an answer whose model does not know when to stop. Pure.

A model of 135 million parameters says the same again and again, or goes on with a question and an
answer of its own. What was said until then is the answer; the rest is nobody's, and is not
remembered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set

_ROLES = ("user", "human", "assistant", "system", "you", "question", "answer", "q", "a")
_TOKEN = r"<\|im_(?:start|end)\|>|^(?:#{2,}|-{3,})[ \t]*$"
_LEADING = re.compile(rf"(?:{'|'.join(_ROLES)})[ \t]*:[ \t]*", re.IGNORECASE)
"""The name of a role in front of an answer, which is the assistant's anyway."""

_END = re.compile(r"[.!?。！？]+[\"”’')]*\s+|[。！？]|\n")
"""End of a sentence; what follows a number's point is none of these."""

_WORDS = re.compile(r"\w+")
_LOOP = 3
"""So many words that come so many times make a loop."""


def restrained(pieces: Iterable[str], names: Iterable[str] = ()) -> Iterator[str]:
    """The pieces of an answer, sentence by sentence, until it repeats itself or invents a turn.

    What is to come is not asked for any more.

    Args:
        names: People in whose name a turn could be invented, besides those of roles.
    """
    turn = _turn_of(names)
    said: set[str] = set()
    waiting = ""
    for piece in pieces:
        waiting += piece
        if not said:
            role = _LEADING.match(waiting)
            waiting = waiting[role.end() if role else 0 :].lstrip()
        while end := _END.search(waiting):
            sentence, waiting = waiting[: end.end()], waiting[end.end() :]
            kept = _kept(sentence, said, turn)
            yield kept
            if kept != sentence:
                return
            said.add(_folded(sentence))
        if _kept(waiting, set(), turn) != waiting:
            break
    yield _kept(waiting, said, turn)


def _turn_of(names: Iterable[str]) -> re.Pattern[str]:
    """The beginning of a turn of somebody."""
    who = "|".join(map(re.escape, sorted({*_ROLES, *names} - {""}, key=len, reverse=True)))
    return re.compile(rf"^[ \t>*_]*(?:{who})[*_ ]*[>:]|{_TOKEN}", re.IGNORECASE | re.MULTILINE)


def _kept(sentence: str, said: Set[str], turn: re.Pattern[str]) -> str:
    """The sentence; what an answer keeps of it, where it goes on too long."""
    folded = _folded(sentence)
    if folded and folded in said:
        return ""
    if invented := turn.search(sentence):
        return sentence[: invented.start()]
    words = list(_WORDS.finditer(sentence))
    runs = [tuple(word[0].lower() for word in words[at : at + _LOOP]) for at in range(len(words))]
    if max(Counter(runs).values(), default=0) < _LOOP:
        return sentence
    again = next(at for at, run in enumerate(runs) if run in runs[:at])
    return sentence[: words[again].start()].rstrip(" ,;") + " …"


def _folded(sentence: str) -> str:
    return " ".join(_WORDS.findall(sentence.lower()))
