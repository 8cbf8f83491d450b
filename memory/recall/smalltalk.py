"""Messages that ask for no memory: greetings, thanks, reactions. Pure but for reading its list.

"That's amazing!" is close to a hundred turns of any chat, so no similarity tells it from a
question; its words do.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from store.tokens import STOP_WORDS, split_words, word_tokens

__all__ = ["is_small_talk"]


def is_small_talk(text: str) -> bool:
    """Whether a message in English or Chinese is made of nothing but conversational words.

    One word that stands for something ("dentist", "paella", a number) makes it a message about
    that, and "what do I like?" or "when did she call?" is a question that only a memory answers.
    """
    english, chinese = _lists()
    words = {_CONTRACTED.sub("", word.lower()) for word in split_words(chinese.sub(" ", text))}
    if words & _ASKING and words & _PERSONS:
        return False
    return all(word in STOP_WORDS or english.issuperset(word_tokens(word)) for word in words)


_ASKING = frozenset("what who whose where when which".split())
_PERSONS = frozenset(
    "i me my mine we us our ours he him his she her hers they them their theirs".split()
)
_CONTRACTED = re.compile("((?<!ca)(?<!wo)n['’]t|['’](s|re|m|ll|ve|d|t))$")  # do n't, but can 't


@cache
def _lists() -> tuple[frozenset[str], re.Pattern[str]]:
    """The tokens of the English words, and a pattern of the Chinese phrases."""
    text = files("memory.recall").joinpath("smalltalk.txt").read_text(encoding="utf-8")
    entries = [
        entry for line in text.splitlines() if not line.startswith("#") for entry in line.split()
    ]
    english = frozenset(
        token for entry in entries if entry.isascii() for token in word_tokens(entry)
    )
    chinese = sorted((entry for entry in entries if not entry.isascii()), key=len, reverse=True)
    return english, re.compile("|".join(map(re.escape, chinese)))
