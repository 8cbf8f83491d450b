"""Words that tell what a question is about, and memories that hold them. Pure.

The words of a question that is not in English say less than their rarity: "what", "is" and "mine"
are among them, a verb has another ending in its answer, and of Chinese an index has pairs of
characters, half of which are the end of one word and the beginning of the next. So what a question
asks for is read again, before anybody is told that no memory has it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cache, lru_cache

from remem.recall.reading.answers import kinds_of_answer
from remem.recall.reading.languages import ENGLISH, common_words, has_chinese, spoken
from remem.recall.reading.persons import chinese_names
from remem.recall.reading.question import Query
from remem.recall.reading.sentences import alike_until
from remem.store.fulltext.folding import folded, simplified
from remem.store.fulltext.tokens import tokenize


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter that a question asks about.

    Attributes:
        weights: Word of it -> how rare that is; without the name of whom it asks about.
        possessed: The word for what is asked of as somebody's own, "boat" of "my boat".
        is_chinese: The words are characters, which stand anywhere in a text.
        is_about_somebody: The question names somebody.
    """

    weights: Mapping[str, float]
    possessed: str = ""
    is_chinese: bool = False
    is_about_somebody: bool = False

    @property
    def words(self) -> Set[str]:
        """All of them."""
        return self.weights.keys()

    def held(self, text: str) -> Set[str]:
        """The words that a text holds, in this form or another."""
        if self.is_chinese:
            text = simplified(text)
            return {word for word in self.weights if word in text}
        return {word for word in self.weights if _holds(text, word)}


def matter_of(query: Query, weights: Mapping[str, float], named: Set[str]) -> Matter:
    """The matter of a question that is not in English.

    Args:
        weights: Token of the question -> how rare it is.
        named: Those of the tokens that name somebody.
    """
    if has_chinese(query.text):
        words = _of_chinese(query.text, weights)
        return Matter(words, is_chinese=True, is_about_somebody=bool(named and words))
    common = common_words(spoken(query.text)[0])
    kinds = {
        token
        for pattern in (_KIND, *(kind.asked for kind in kinds_of_answer(query.text)))
        for match in pattern.finditer(query.text)
        for token in tokenize(match[0])
    }
    telling = {
        token: weight
        for token, weight in weights.items()
        if token not in named | kinds and folded(query.tokens[token]) not in common
    }
    owned = _POSSESSED.search(query.text)
    possessed = tokenize(owned[1])[0] if owned else ""
    if named and not telling:  # "passe l'été" is of common words, and yet what is asked of them
        others = query.words - named - kinds - _asking_words()
        telling = {token: 1.0 for token in others if len(token) >= _LEAST_ALIKE}
    return Matter(
        telling or weights,
        possessed if possessed in telling else "",
        is_about_somebody=bool(named and telling),
    )


_KIND = re.compile(
    r"\b(?:nummer|zahl|art|sorte|número|tipo|clase|numéro|type|sorte|genre|espécie|numero|genere"
    r"|номер|тип|вид"
    r"|(?:aller|zu)?erst\w*|letzt\w*|zuletzt|mal|häufig|oft|termin|besuch|sitzung|datum"
    r"|primer\w*|últim\w+|vez|veces|frecuencia|visita|cita|sesión|fecha|recient\w+"
    r"|premi[eè]re?s?|derni[eè]re?s?|fois|fréquence|visite|rendez-vous|séance|date|récent\w*"
    r"|primeir\w+|vezes|frequência|consulta|sessão|data|recente\w*"
    r"|prim[oa]|ultim[oa]|volt[ae]|frequenza|appuntamento|seduta"
    r"|перв\w+|последн\w+|раз|часто|визит|при[её]м|дата)\b",
    re.IGNORECASE,
)
"""Words for a kind of answer, and for one of several occasions, which are of no matter."""


@cache
def _asking_words() -> frozenset[str]:
    return frozenset(tokenize(_ASKING_LATIN))


_ASKING_LATIN = (
    "wohin woher wann warum welche welcher welches welchen welchem worüber womit wovon quién "
    "quiénes dónde cuándo cómo cuál cuáles cuánto cuánta cuántos cuántas quoi quel quelle quels "
    "quelles quand comment combien pourquoi quem onde quando como qual quais quanto quanta quantos "
    "quantas porque dove quale quali come perché куда откуда когда какой какая какое какие сколько "
    "почему"
)


_POSSESSED = re.compile(
    r"\b(?:mein\w{0,2}|unser\w{0,2}|mi|mis|nuestr[oa]s?|mon|ma|mes|notre|nos|meus?|minhas?|noss[oa]s?"
    r"|mio|mia|miei|mie|nostr[aeio]|мой|моя|моё|мое|мои|моего|моей|моему|моём|моем|мою|моих|моим"
    r"|наш\w{0,3}) ([^\W\d_]+)",
    re.IGNORECASE,
)


def _of_chinese(question: str, weights: Mapping[str, float]) -> dict[str, float]:
    """The pairs of characters within the words that are left of a question without those that
    only ask; of a word of one character, that."""
    text = simplified(question)
    for name in chinese_names(question, ()):
        text = text.replace(name, " ")
    highest = max(weights.values(), default=1.0)
    words: dict[str, float] = {}
    for run in _ASKING.sub(" ", text).split():
        if len(run) > 1 and run[-1] in _ASPECTS:
            run = run[:-1]
        if len(run) == 1:
            words[run] = highest / 2
        for at in range(len(run) - 1):
            pair = run[at : at + 2]
            words[pair] = weights.get(pair, highest)
    return words


_ASPECTS = "过着"
"""Characters behind a verb, which say that it was or is done."""

_ASKING_WORDS = (
    "第一次 第一回 头一次 头一回 最后一次 最后一回 最近一次 最近一回 上一次 上一回 上次 上回 "
    "多少次 多少回 几次 几回 几趟 最早 最初 首次 什么时候 什么 哪里 哪儿 哪家 哪天 哪个 哪些 "
    "哪种 哪位 哪一 哪年 哪 谁 多少 多大 多高 多长 多久 多远 多重 多 几个 几点 几号 几 怎么 "
    "怎样 如何 为什么 为何 是不是 有没有 是 的 了 吗 呢 啊 吧 我们 我 你们 你 他们 他 她们 "
    "她 它 在 对 给 用 叫 名字 有 没有 没 和 跟 与 把 被 以前 现在 之前 最近 从 到 去 来 上 "
    "下 会 能 要 想 都 也 就 还 再 又 很 最 这 那 个 次 时候 请问 请"
).split()
_ASKING = re.compile("|".join(sorted(_ASKING_WORDS, key=len, reverse=True)) + "|[^\u4e00-\u9fff]+")


def _holds(text: str, word: str) -> bool:
    tokens, by_beginning = _tokens_of(text)
    if word in tokens:
        return True
    return any(_alike(word, token) for token in by_beginning.get(word[:_LEAST_ALIKE], ()))


def _alike(one: str, other: str) -> bool:
    """True if two tokens may be forms of one word: only their last letters differ."""
    begin = alike_until(one, other)
    ends = max(len(one), len(other)) - begin
    return begin >= _LEAST_ALIKE and ends <= min(_MOST_ENDING, begin - 2)


_LEAST_ALIKE = 4
_MOST_ENDING = 3


@lru_cache(maxsize=1024)
def _tokens_of(text: str) -> tuple[Set[str], Mapping[str, list[str]]]:
    """The tokens of a text, and these by their first letters; questions look at some again."""
    tokens = frozenset(tokenize(text[:_MOST_CHARACTERS]))
    by_beginning: defaultdict[str, list[str]] = defaultdict(list)
    for token in tokens:
        by_beginning[token[:_LEAST_ALIKE]].append(token)
    return tokens, by_beginning


_MOST_CHARACTERS = 2000


def is_english(text: str) -> bool:
    """True if a question is read as English."""
    letters = [letter for letter in text if letter.isalpha()]
    plain = sum(map(str.isascii, letters))
    return plain >= _MOST_ASCII * len(letters) and spoken(text)[0] == ENGLISH


_MOST_ASCII = 0.8
"""Share of the letters of an English question, in which a name may have others."""
