"""The languages that a question may be in, told by its commonest words. Pure.

The lists are those of the package stopwordsiso, but for English, for which ours is shorter and
cleaner: a question has too few words for a statistical model, which besides takes a second to load.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

import stopwordsiso

from remem.store.fulltext.folding import folded
from remem.store.fulltext.tokens import STOP_WORDS, tokenize

ENGLISH = "en"
CHINESE = "zh"


@lru_cache(maxsize=64)
def spoken(text: str) -> tuple[str, ...]:
    """Languages that a question may be in, the likeliest first: English, and those of whose common
    words it has at least as many. Among others than English that have as many, marks decide."""
    shared = _shared(text)
    likely = [name for name in LANGUAGES if shared[name] >= shared[ENGLISH]]

    def likelihood(name: str) -> tuple[bool, int, bool, int]:
        marks = len(re.findall(_MARKS[name], text)) if name in _MARKS else 0
        return (name == _OPENING and "¿" in text, shared[name], name == ENGLISH, marks)

    return tuple(sorted(likely, key=likelihood, reverse=True))


def languages_of(text: str) -> tuple[str, ...]:
    """Languages that a text may be in, the likeliest first: see ``spoken``, and Chinese alone where
    there are Chinese characters."""
    return (CHINESE,) if has_chinese(text) else spoken(text)


def likeliest(text: str) -> tuple[str, ...]:
    """Languages of which a question has most common words: one, or several that tie."""
    if "¿" in text:
        return (_OPENING,)
    shared = _shared(text)
    most = max(shared.values())
    return tuple(name for name in LANGUAGES if shared[name] == most)


@lru_cache(maxsize=64)
def _shared(text: str) -> Mapping[str, int]:
    """Language -> the number of its common words in a question."""
    words = words_of(text)
    return {name: common_among(words, name) for name in LANGUAGES}


def is_foreign(text: str) -> bool:
    """True if most of a text is in other languages than English; of a short one nobody can tell."""
    letters = [letter for letter in text if letter.isalpha()]
    if len(letters) < _ENOUGH_LETTERS:
        return False
    if sum(map(str.isascii, letters)) < len(letters) / 2:
        return True
    words = words_of(text, len(text))

    def share(language: str) -> float:
        return common_among(words, language) / len(words)

    english = share(ENGLISH)
    others = (share(name) for name in stopwordsiso.langs() - {ENGLISH})
    return english < _ENGLISH_SHARE < max(others)


_OPENING = "es"
"""The only language that opens questions with a mark."""

_MARKS: Mapping[str, str] = {
    "de": r"[äöüß]",
    "es": r"[¡ñ]|\b(?:el|los|las|y)\b",
    "fr": r"[œêëùû]|\b(?:[Jj]e|ça|est)\b|\b(?:[cdjlmnst]|qu)'\w|\s\?",
    "it": r"[ìò]|\b(?:gli|è|che|mio|mia|miei|mie)\b",
    "pt": r"[ãõ]|ço(?!n)|\b(?:[Oo] que|eu|em|uma?|meu|minha|é|dá|vou)\b",
}
"""Letters and words by which a language is known from others that share its commonest words."""

_TELLING = 2
"""Common words that tell the language of a question."""

_ENOUGH_LETTERS = 100
_ENGLISH_SHARE = 0.2
"""Share of common words that an English text has at least, and one of another language has not."""


def topic_of(text: str) -> str:
    """A question without the common words of its language, unless it has no others; one in Chinese
    without those that ask for an occasion.

    English ones stay: every search leaves them out. A title has too few words to tell ("Soy and
    Cancer" is not Spanish), so that two must be common in the language and not in English.
    """
    if has_chinese(text):
        topic = _CHINESE_OCCASION.sub(" ", text)
        return topic if _WORD.search(topic) else text
    language = spoken(text)[0]
    common = common_words(language)
    own = {word for word in words_of(text) if len(word) > 1 and word in common}
    if language == ENGLISH or len(own - STOP_WORDS) < _TELLING:
        return text
    topic = _WORD.sub(lambda word: " " if folded(word[0]) in common else word[0], text)
    return topic if _WORD.search(topic) else text


@cache
def common_words(language: str) -> frozenset[str]:
    """Its commonest words, folded."""
    words = {*STOP_WORDS, "s"} if language == ENGLISH else stopwordsiso.stopwords(language)
    return frozenset(map(folded, words))


def common_among(words: Iterable[str], language: str) -> int:
    """Number of words that are among the commonest of a language."""
    return sum(map(common_words(language).__contains__, words))


def asks_for_anything(text: str) -> bool:
    """True if a question, without the times that it names, asks for whatever was said: "Anything
    on 12 May?", "Summarise yesterday"."""
    if has_chinese(text):
        return not _WORD.search(_chinese_anything().sub(" ", text))
    asked = frozenset(tokenize(text))
    return any(asked <= _anything(language) for language in spoken(text))


@cache
def _anything(language: str) -> frozenset[str]:
    return frozenset(tokenize(" ".join([*common_words(language), _ANYTHING[language]])))


@cache
def _chinese_anything() -> re.Pattern[str]:
    words = {*stopwordsiso.stopwords(CHINESE), *_CHINESE_ANYTHING.split()}
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


def has_chinese(text: str) -> bool:
    """True if there are Chinese characters in a text."""
    return _HAN.search(text) is not None


def words_of(text: str, most: int = 2000) -> list[str]:
    """The words of its first characters, which tell enough."""
    return _WORD.findall(folded(text[:most]))


_CHINESE_OCCASION = re.compile(
    "(?:第一|头一|首|最后一|最近一|上一?|几|多少)[次回趟]|(?:是|在)?(?:什么时候|哪一?天)"
)
"""Words for one of several occasions, or for their number, which no memory of one has."""

_HAN = re.compile("[\u4e00-\u9fff]")


_WORD = re.compile(r"[^\W\d_]+")

_ANYTHING: Mapping[str, str] = {
    ENGLISH: (
        "anything something everything happen happened happening event events on at day days note "
        "notes noted diary journal entry entries write wrote written say said talk talked talking "
        "discuss discussed tell told mention mentioned speak spoke summarise summarize summary "
        "recap review list show give remember recall memory memories conversation conversations "
        "chat chats message messages go going please new news up s"
    ),
    "de": (
        "etwas alles passiert passierte geschah geschehen los ereignis ereignisse tag tage notiz "
        "notizen notiert tagebuch eintrag einträge schrieb geschrieben sagte sage erzählt erzählte "
        "gesprochen besprochen sprachen fasse fass zusammen zusammenfassung überblick liste zeig "
        "zeige nenne erinnere erinnerst weißt erlebt getan tat unternommen bitte neues nachrichten "
        "gespräch gespräche"
    ),
    "es": (
        "algo pasó pasado ocurrió sucedió hice hiciste hicimos hizo evento eventos nota notas "
        "apunté anoté diario entrada entradas escribí escribiste escrito dije dijiste dijimos "
        "conté contaste hablé hablamos hablado resume resumen resumir resúmeme lista muestra "
        "muéstrame dame recuerda recuerdas conversación conversaciones mensajes favor novedades día"
    ),
    "fr": (
        "quelque chose passé passa arrivé événement événements jour journée note notes noté "
        "journal entrée entrées écrit écrivis dit disions raconté parlé discuté résume résumer "
        "résumé bilan liste montre donne rappelle souviens conversation conversations messages "
        "plaît nouvelles fais faisait"
    ),
    "it": (
        "qualcosa successo accaduto accadde evento eventi giorno nota note annotato appunti diario "
        "voce voci scritto scrissi detto dissi raccontato parlato discusso riassumi riassunto "
        "riassumere riepilogo elenca mostra mostrami dammi ricorda ricordi conversazione "
        "conversazioni messaggi favore novità fatto feci facemmo"
    ),
    "pt": (
        "algo alguma coisa aconteceu acontecido houve fiz fizeste fizemos fez evento eventos dia "
        "nota notas anotei diário entrada entradas escrevi escreveu escrito disse disseste contei "
        "falei falámos falamos falado resuma resume resumo resumir lista mostra mostre dá dê "
        "lembra lembras conversa conversas mensagens favor novidades"
    ),
    "ru": (
        "что-нибудь что-то случилось произошло было события событие день заметка заметки записал "
        "записала дневник запись записи писал писала написал написала сказал сказала говорил "
        "говорила говорили рассказал рассказала обсуждали подведи итог итоги перескажи кратко "
        "обобщи список покажи назови вспомни помнишь разговор разговоры сообщения пожалуйста "
        "нового новости делал делала делали"
    ),
}
"""Words of such questions, besides the common ones. A time that they name is none of them."""

_CHINESE_ANYTHING = (
    "发生 做 干 说 写 聊 谈 讲 记 过 了 呢 吗 总结 概括 回顾 一下 "
    "日记 笔记 记录 事 事情 消息 帮 请 给 列出 告诉"
)

LANGUAGES = tuple(_ANYTHING)
"""Languages, besides Chinese, in which a question is read."""
