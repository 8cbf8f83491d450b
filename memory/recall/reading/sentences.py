"""The sentences of a text, how much of it asks, and how much it has room to say. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from remem.store.fulltext.tokens import word_count

# A line in brackets, such as the caption of a photo, is not said by anybody.
_ASIDE = re.compile(r"^\[.*\]$", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*[\"”’')]*")
# The same where sentences are quoted: no stop behind "Mr", and none in "71.5" and "remem.py".
_QUOTABLE = re.compile(
    r"(?:[^.!?。！？\n]|\.(?=\w)|(?:(?<=\bMr)|(?<=\bMrs)|(?<=\bMs)|(?<=\bDr)|(?<=\bSt)"
    r"|(?<=\bProf))\.)+"
    r"[.!?。！？]*[\"”’')]*"
)
# A question mark behind a word and before other words; those of code and addresses are not.
_MARK = re.compile(r"(?<=\w)\?(?=[!?…\"”’')]*\s)|？")
# What may stand behind the last one: "?!", "? :)", "?**", "?😊". Behind that of code stands ";".
_EMOJI = "\u2600-\u27bf\ufe0f\u200d\U0001f300-\U0001faff"
_MARK_AT_THE_END = re.compile(rf"[?？][!?！？…\s\"”’')\]*_~{_EMOJI}]*(?:[:;]-?[()DPp])?\s*\Z")
_PIECE = re.compile(r"[^.!?。！？\n]*[.!?。！？\n]+\s*|[^.!?。！？\n]+$")

_PROSE = 0.9
"""Least share of letters, and of what stands between words in any language, that makes prose."""

_BETWEEN_WORDS = " 。，、！？"

_ENOUGH_WORDS = 30
_ROOM = tuple(math.log1p(words) / math.log1p(_ENOUGH_WORDS) for words in range(_ENOUGH_WORDS + 1))
_ROOM_CHARACTERS = 600  # hold enough words in any language

_CHARACTERS_A_WORD = 6
"""As in English, the sign behind a word included; of code, formulas and addresses an encoder makes
more tokens than of as many words."""

MOST_CHARACTERS = 20_000
"""Of a longer text the end is read; ten megabytes would take seconds, for every question."""


def asks(text: str) -> bool:
    """True if a text ends with a question."""
    if not _holds_a_question_mark(text):  # most do not, and every candidate is looked at
        return False
    return _MARK_AT_THE_END.search(_without_asides(text[-MOST_CHARACTERS:])) is not None


def asks_at_last(text: str) -> bool:
    """True if the last line of a text asks something, whatever it says behind that.

    "When was the lecture? Give me the day." does; "What does this do?" above pasted code does not,
    and neither does a name with a question mark in code.
    """
    if not _holds_a_question_mark(text):  # as in ``asks``
        return False
    last = last_line(text)
    return asks(text) or (_MARK.search(last) is not None and is_prose(last))


def last_line(text: str) -> str:
    """The last line of a text that is not empty."""
    return text[-MOST_CHARACTERS:].rstrip().rpartition("\n")[2]


def is_prose(text: str) -> bool:
    """True if a text is words, as people write them: of code, logs and tables more than a tenth are
    digits and signs, of one in sixty turns of a chat."""
    text = text[-MOST_CHARACTERS:]
    words = sum(map(str.isalpha, text)) + sum(map(text.count, _BETWEEN_WORDS))
    return words >= _PROSE * len(text)


def marked_questions(text: str) -> list[str]:
    """The sentences of a text that end with a question mark, in order."""
    if not _holds_a_question_mark(text):
        return []
    sentences = _SENTENCE.findall(text[-MOST_CHARACTERS:])
    return [sentence.strip() for sentence in sentences if asks(sentence)]


def statements(text: str) -> list[str]:
    """The sentences of a text that do not ask, in order; what stands in brackets is nobody's."""
    sentences = _QUOTABLE.findall(_without_asides(text[-MOST_CHARACTERS:]))
    return [sentence.strip() for sentence in sentences if sentence.strip() and not asks(sentence)]


def statement_share(text: str) -> float:
    """Share of a text that states something instead of asking, in [0, 1].

    The mean of two shares: of its characters outside of questions, and 1 if it does not end with
    a question, because who asks last has mostly said the rest in order to ask.
    """
    text = text[-MOST_CHARACTERS:]
    if not _holds_a_question_mark(text):
        return 1.0
    sentences = _SENTENCE.findall(_without_asides(text))
    asking = sum(len(each) for each in sentences if asks(each))
    told = 1.0 - asking / max(1, sum(map(len, sentences)))
    return (told + (not asks(text))) / 2


def room(text: str) -> float:
    """Room to say something in a text, in [0, 1]: the logarithm of its words, thirty being 1."""
    text = text[:_ROOM_CHARACTERS]
    # Spaces are counted ten times faster than words, and every candidate is measured.
    words = text.count(" ") + 1 if text.isascii() else _word_count(text)
    return _ROOM[min(words, _ENOUGH_WORDS)]


_word_count = lru_cache(maxsize=4096)(word_count)
"""Of what every question looks at again."""


def length(text: str) -> int:
    """The length of a text in words, or in stretches as long as a word where those are more."""
    return max(word_count(text), -(-len(text) // _CHARACTERS_A_WORD))


def pieces_of(text: str, words: int) -> Iterator[str]:
    """The sentences and lines of a text, which joined are the text again; of what has no end for
    long, pieces of about that many words."""
    for piece in _PIECE.findall(text):
        size = length(piece)
        if size <= words:
            yield piece
        else:
            step = max(1, len(piece) * words // size)
            yield from (piece[start : start + step] for start in range(0, len(piece), step))


def alike_until(one: Sequence[str], other: Sequence[str]) -> int:
    """The number of characters with which two words begin in common, or of words two texts."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


def common_ends(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """The numbers of words with which two texts begin in common, and end behind those."""
    begin = alike_until(one, other)
    return begin, alike_until(one[begin:][::-1], other[begin:][::-1])


def _holds_a_question_mark(text: str) -> bool:
    return "?" in text or "？" in text


def _without_asides(text: str) -> str:
    return _ASIDE.sub("", text) if "[" in text else text


# The passages of a long text, which an encoder reads one by one.
#
# An encoder reads the beginning of a text only: the bundled one 256 tokens, some 190 words. What
# a long record says behind that would be found by its words, but never by its meaning.

_PASSAGE_WORDS = 100
"""Most words of a passage. The bundled encoder reads that many whole, Chinese or English, and fewer
sentences blur each other less."""

_WHOLE_WORDS = 120
"""A text of up to this many words is one passage, which the encoder reads whole: the windows of
short turns are no longer."""

_MOST_PASSAGES = 64
"""Most passages of one text: those of a book would take an hour, and their mean would say
nothing."""

_PASSAGES_CHARACTERS = 100_000
"""Characters that hold so many passages in any language."""


def passages(text: str) -> list[str]:
    """Whole sentences of a text that together have up to a hundred words, in order.

    A text that an encoder reads whole is one passage. Of one that is far too long for a record the
    beginning is cut: some 6,000 words.
    """
    beginning = text[:_PASSAGES_CHARACTERS]
    if length(beginning) <= _WHOLE_WORDS:
        return [text]
    return list(islice(_filled(pieces_of(beginning, _PASSAGE_WORDS)), _MOST_PASSAGES))


def _filled(pieces: Iterator[str]) -> Iterator[str]:
    """Neighbouring pieces joined while they stay within the words of a passage."""
    passage, left = "", _PASSAGE_WORDS
    for piece in pieces:
        words = length(piece)
        if words > left and passage.strip():
            yield passage.strip()
            passage, left = "", _PASSAGE_WORDS
        passage += piece
        left -= words
    if passage.strip():
        yield passage.strip()
