"""Text to the tokens of full-text search: one tokenizer, so that every store sees the same ones.

Words are folded (``remem.store.fulltext.folding``), so that "cafe" finds "Café", and stemmed as
English (Porter's algorithm, Snowball's ``english`` revision: M. F. Porter, "An algorithm for suffix
stripping", Program 14(3), 1980), irregular forms by their base ("bought" is "buy"). Scripts that
write no spaces (Chinese, Japanese, Thai, ...) and Korean are indexed as overlapping pairs of
characters, which needs no dictionary and finds any word of two or more characters; a run of one
stands alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import Stemmer

from remem.store.fulltext.folding import INSIDE_WORDS, folded, simplified, straight, without_article

TOKENIZER = 3
"""Version of the tokens; an index that was saved with those of another one is made again. To raise
it takes a migration of ``store.postgres.schema`` and a format of ``store.milvus.notes``."""

LONGEST_REMEMBERED = 64
"""Characters: what is longer is no word that comes again, and may be megabytes."""

# Han with its extensions, kana, Hangul (syllables and jamo), Thai, Lao, Khmer, Burmese.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_LETTERS = rf"[^\W{_UNSPACED}]+(?:[{INSIDE_WORDS}]+[^\W{_UNSPACED}]*)*"
_RUN = re.compile(rf"[{_UNSPACED}]+|{_LETTERS}(?:['’]{_LETTERS})*")
_ASCII_WORD = re.compile(r"\w+(?:'\w+)*", re.ASCII)
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]").match

# Words so common that they carry next to no evidence; BM25 would give them a weight near zero
# anyway, and leaving them out of queries is what keeps the longest posting lists unread.
STOP_WORDS = frozenset(
    "a about all am an and any are as at be been but by can could did do does doing for from "
    "had has have having he her hers him his how how's hows i i'd i'll i'm i've if in into is "
    "it it's its me my of on or our ours she so some than that that's the their theirs them "
    "then there these they this those to too us was we were what what's whats when when's "
    "whens where where's wheres which while who who's whom whos whose why will with would you "
    "your yours".split()
)


def tokenize(text: str) -> list[str]:
    """The tokens of a text in order, repeated as often as they occur; stop words included."""
    words = split_words(text)
    if _are_plain(text, words):
        return [*chain.from_iterable(map(_stem, words))]
    return [token for word in words for token in word_tokens(word)]


def content_words(text: str) -> dict[str, str]:
    """Token -> the word as written, for the words of a question that carry evidence.

    When nothing but stop words is left ("who are you?"), all words count.
    """
    split = split_words(text)
    if _are_plain(text, split):
        words = dict(zip(chain.from_iterable(map(_stem, split)), split, strict=True))
    else:
        words = {token: word for word in split for token in word_tokens(word)}
    content = {
        token: word for token, word in words.items() if straight(word.lower()) not in STOP_WORDS
    }
    return content or words


def _are_plain(text: str, words: Sequence[str]) -> bool:
    """True if each word of a text is one token, and one to remember: then all can be looked up
    without a line of Python a word, in a third of the time."""
    return text.isascii() and len(max(words, key=len, default="")) <= LONGEST_REMEMBERED


def split_words(text: str) -> list[str]:
    """The words of a text as written (normalised to NFKC), and its runs of unspaced script."""
    if text.isascii():  # most text, and four times faster
        return _ASCII_WORD.findall(text)
    return _RUN.findall(unicodedata.normalize("NFKC", text))


def word_count(text: str) -> int:
    """Length of a text in words; two characters of an unspaced script count as one."""
    words = split_words(text)
    if text.isascii():
        return len(words)
    return sum((len(word) + 1) // 2 if _IS_UNSPACED(word) else 1 for word in words)


def word_tokens(word: str) -> tuple[str, ...]:
    """The tokens of one of ``split_words``: the stem of a word, the pairs of an unspaced run."""
    if _IS_UNSPACED(word):
        word = simplified(word)
        return tuple(word[i : i + 2] for i in range(len(word) - 1)) or (word,)
    return _stem(word) if len(word) <= LONGEST_REMEMBERED else _stem.__wrapped__(word)


@lru_cache(maxsize=65536)
def _stem(word: str) -> tuple[str]:
    plain = without_article(straight(folded(word)))
    # A stemmer object is not thread-safe; the class makes one in a microsecond, and words repeat.
    return (Stemmer.Stemmer("english", 0).stemWord(_BASE_FORMS.get(plain, plain)),)


# No stemmer knows that "did you buy" is answered by "I bought". Forms that are as often another
# word ("rose", "lives", "leaves", "bound", "lit") are not among them.
_IRREGULAR = """
bear bore borne, become became, begin began begun, bend bent, bite bit bitten, bleed bled,
blow blew blown, break broke broken, breed bred, bring brought, build built, burn burnt,
buy bought, catch caught, choose chose chosen, come came, deal dealt, dig dug,
draw drew drawn, dream dreamt, drink drank drunk, drive drove driven, eat ate eaten,
fall fell fallen, feed fed, feel felt, fight fought, find found, fly flew flown,
forget forgot forgotten, forgive forgave forgiven, freeze froze frozen, get got gotten,
give gave given, go went gone, grow grew grown, hang hung, hear heard, hide hid hidden,
hold held, keep kept, know knew known, lay laid, lead led, learn learnt, leave left, lend lent,
lose lost, make made, mean meant, meet met, mistake mistook mistaken, pay paid,
ride rode ridden, ring rang rung, run ran, say said, see saw seen, seek sought, sell sold,
send sent, shake shook shaken, shoot shot, show shown, sing sang sung, sit sat, sleep slept,
speak spoke spoken, spend spent, stand stood, steal stole stolen, stick stuck,
strike struck, swear swore sworn, sweep swept, swim swam swum, swing swung, take took taken,
teach taught, tear tore torn, tell told, think thought, throw threw thrown,
understand understood, wake woke woken, wear wore worn, weep wept, win won,
write wrote written, child children, foot feet, goose geese, knife knives, man men, mouse mice,
person people, tooth teeth, wife wives, wolf wolves, woman women
"""
_BASE_FORMS = {
    form: base
    for base, *forms in (verb.split() for verb in _IRREGULAR.split(","))
    for form in forms
}
