"""Words of questions about how things were, in each language that has states. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from remem.recall.reading.languages import CHINESE, ENGLISH, has_chinese, spoken
from remem.store.fulltext.folding import straight


def asks_for_earlier(question: str) -> bool:
    """True if a question is about what was so before, or about all that ever was."""
    return _says(_EARLIER, question)


def asks_for_now(question: str) -> bool:
    """True if a question says that it is about the present."""
    return _says(_NOW, question)


def asks_what_was(question: str) -> bool:
    """True if a question says "was" and "did", or that its day is past."""
    return _says(_WAS, question)


def _says(words: Mapping[str, re.Pattern[str]], question: str) -> bool:
    pattern = words.get(CHINESE if has_chinese(question) else spoken(question)[0])
    return pattern is not None and pattern.search(straight(question)) is not None


def _spaced(words: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {
        language: re.compile(rf"\b(?:{each})\b", re.IGNORECASE) for language, each in words.items()
    }


_EARLIER = {
    **_spaced(
        {
            ENGLISH: r"before|previous(?:ly)?|former(?:ly)?|used to|ever|histor(?:y|ies)|earlier"
            r"|first|original(?:ly)?|initial(?:ly)?|every|all (?:the|my|of)|list|in the past|so far"
            r"|how (?:many|often)\b(?!.*\b(?:do|am|is|are)\b)|have i (?:\w+ )?(?:lived|worked|had)"
            r"|over the (?:years|time)|chang(?:e|ed|es)|compare[ds]?",
            "de": r"vorher|zuvor|bevor|früher\w*|ehemalig\w*|vorherig\w*|zuerst|ursprünglich"
            r"|anfangs|alle|bisher|jemals|liste|wie (?:oft|viele)|(?:ver|ge)?ändert|gewechselt"
            r"|vergleich\w*",
            "fr": r"avant|auparavant|autrefois|précédente?s?|ancien(?:ne)?s?|d'abord"
            r"|premi(?:er|ère)s?|au début|à l'origine|tou(?:s|tes)|liste"
            r"|combien (?:de fois|d.+ eue?s?)|jusqu'ici|changée?s?|comparée?s?",
            "es": r"antes|anterior(?:es)?|antigu[oa]s?|primer[oa]?s?|al principio|originalmente"
            r"|tod[oa]s|lista|alguna vez|cuántas veces|cuánt[oa]s .+ he tenido|hasta ahora"
            r"|cambi(?:ó|ado|aron)|compar\w+",
            "pt": r"antes|anterior(?:es)?|antig[oa]s?|antigamente|primeir[oa]s?"
            r"|no (?:início|começo)|originalmente|tod[oa]s|lista|alguma vez"
            r"|quantas vezes|quant[oa]s .+ (?:já )?tive|até agora|mud(?:ou|ado|aram)|compar\w+",
            "it": r"prima|precedent[ei]|in passato|per prim[oa]|prim[oa]|all'inizio|originariamente"
            r"|tutt[ie]|elenco|mai|quante volte|quant[ie] .+ ho avuto|finora|cambiat[oaie]"
            r"|confront\w+",
            "ru": r"раньше|прежде|прежн\w+|бывш\w+|сначала|впервые|перв\w+|изначально|все|список"
            r"|когда-либо|сколько раз|до сих пор|(?:из|по)?менял\w*|изменил\w*|сравн\w+",
        }
    ),
    CHINESE: re.compile(
        "以前|之前|曾经|从前|过去|所有|最早|最初|起初|一开始|第一|变化|变过|多少次|几次"
    ),
}

_NOW = {
    **_spaced(
        {
            ENGLISH: r"still|now|any ?more|currently",
            "de": r"noch|jetzt|aktuell\w*|derzeit|inzwischen",
            "fr": r"encore|maintenant|actuel(?:le)?s?|actuellement",
            "es": r"todavía|ahora|aún|actual(?:es)?|actualmente",
            "pt": r"ainda|agora|atual|atualmente",
            "it": r"ancora|ora|adesso|attuale|attualmente",
            "ru": r"ещё|еще|сейчас|теперь|всё ещё",
        }
    ),
    CHINESE: re.compile("还|现在|目前"),
}

_WAS = _spaced(
    {
        ENGLISH: r"did|was|were|had|have (?:i|we)\b(?! got)|last",
        "de": r"war(?:en)?|hatten?",
        "fr": r"hier|étai[st]|étions|avai[st]",
        "es": r"ayer|fu(?:i|e|imos)|estuv\w+",
        "pt": r"ontem|f(?:oi|ui|omos)|estiv\w+",
        "it": r"ieri|er[oa]|erano|eravamo|avev\w+",
        "ru": r"вчера|был[аио]?|(?:я|мы) \w+л[аи]?",
    }
)
