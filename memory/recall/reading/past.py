"""Words of questions about how things were, in each language that has states. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from remem.recall.reading.languages import CHINESE, ENGLISH, has_chinese, likeliest
from remem.store.fulltext.folding import simplified, straight


def asks_for_earlier(question: str) -> bool:
    """True if a question is about what was so before, or about all that ever was."""
    return _says(_EARLIER, question)


def asks_for_now(question: str) -> bool:
    """True if a question says that it is about the present."""
    return _says(_NOW, question)


def asks_what_was(question: str) -> bool:
    """True if the verb of a question is past, or its day is. Chinese verbs have no past."""
    return _says(_WAS, question)


def _says(words: Mapping[str, re.Pattern[str]], question: str) -> bool:
    text = straight(simplified(question))
    languages = {*likeliest(text), CHINESE} if has_chinese(text) else set(likeliest(text))
    return any(words[each].search(text) for each in languages & words.keys())


def _spaced(words: Mapping[str, str]) -> dict[str, re.Pattern[str]]:
    return {
        language: re.compile(rf"\b(?:{each})\b", re.IGNORECASE) for language, each in words.items()
    }


# A first name, a first floor and a first breakfast are of today, and so is how often something is
# done a week.
_EARLIER = {
    **_spaced(
        {
            ENGLISH: r"before|previous(?:ly)?|former(?:ly)?|used to|ever|histor(?:y|ies)|earlier"
            r"|first(?! (?:names?|floor)\b)|original(?:ly)?|initial(?:ly)?|every|all (?:the|my|of)"
            r"|list|in the past|so far|how (?:many times|often)\b(?!.*\b(?:do|am|is|are)\b)"
            r"|how many\b(?!.*\b(?:do|am|is|are|was|were|had)\b)"
            r"|have i (?:\w+ )?(?:lived|worked|had)|over the (?:years|time)|chang(?:e|ed|es)"
            r"|compare[ds]?",
            "de": r"vorher|zuvor|bevor|früher\w*|ehemalig\w*|vorherig\w*|zuerst|ursprünglich"
            r"|anfangs|alle|bisher|jemals|wie (?:oft|viele)\b.*\b(?:schon|insgesamt|war\w*|hatte\w*"
            r"|umgezogen)|(?:ver|ge)?ändert|gewechselt|vergleich\w*",
            "fr": r"avant|auparavant|autrefois|précédente?s?|ancien(?:ne)?s?|d'abord"
            r"|premi(?:er|ère)s?(?! (?:noms?|étage)\b)|au début|à l'origine|tou(?:s|tes)"
            r"|combien d.+ (?:eue?s?|changé|déménagé)|jusqu'ici|changée?s?|comparée?s?",
            "es": r"antes|anterior(?:es)?|antigu[oa]s?|primer[oa]?s?(?! (?:apellido|nombre|piso)\b)"
            r"|al principio|originalmente|tod[oa]s|alguna vez|cuánt[oa]s .*\b(?:he|hemos) \w+d[oa]"
            r"|hasta ahora|cambi(?:ó|ado|aron)|compara(?:d[oa]s?|r|ción)?",
            "pt": r"antes|anterior(?:es)?|antig[oa]s?|antigamente"
            r"|primeir[oa]s?(?! (?:nome|andar)\b)|no (?:início|começo)|originalmente|tod[oa]s"
            r"|alguma vez|quant[oa]s .*\bjá|quant[oa]s .+ tive|até agora|mud(?:ou|ado|aram)"
            r"|compara(?:d[oa]s?|r|ção)?",
            "it": r"prima(?! colazione\b)|precedent[ei]|in passato|primo(?! (?:piano|nome)\b)"
            r"|all'inizio|originariamente|tutt[ie]|mai|quant[ei] .*\b(?:ho|abbiamo) \w+[oae]|finora"
            r"|cambiat[oaie]|confront\w+",
            "ru": r"раньше|прежде|прежн\w+|бывш\w+|сначала|впервые|перв(?:ый|ая|ое|ые|ого|ой|ую|ом)"
            r"|изначально|все(?! ещ[её]\b)|когда-либо|сколько .*\w+л[аи]?|(?:из|по)?менял\w*"
            r"|изменил\w*|сравн\w+",
        }
    ),
    CHINESE: re.compile(
        "以前|之前|曾经|从前|过去[的几住在]|所有|最早|最初|起初|一开始|第一[次个份任位套辆只]|变化|变过"
        "|(?:多少|几)次.*过|过.*(?:多少|几)次"
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
            "it": r"ancora|(?<!che )ora|adesso|attuale|attualmente",
            "ru": r"ещё|еще|сейчас|теперь|до сих пор",
        }
    ),
    CHINESE: re.compile("还|现在|目前"),
}

_PAST_VERBS = (
    r"began|bit|bought|broke|built|came|cost|drew|fell|found|gave|got|grew|hurt|left|lost|made|met|paid"
    r"|said|sang|sent|sold|stole|taught|told|took|went|won|wrote"
)
_WAS = _spaced(
    {
        ENGLISH: r"did|was|were|had|have (?:i|we)\b(?! (?:got|for|on)\b)|last(?! names?\b)"
        rf"|(?:who|what|which \w+) (?:\w+ed|{_PAST_VERBS})",
        "de": r"war(?:en)?|hatten?"
        r"|(?:hat|habe|haben)\b.* (?:\w*ge\w+(?:t|en)|bekommen)(?=\W*$)",
        "fr": r"hier|étai[st]|étions|avai[st]"
        r"|(?:m'|t'|l'|nous )?(?:a|ai|ont|avons) (?:\w+ )?\w+(?:é|it|is)e?s?",
        "es": r"ayer|fu(?:i|e|imos)|estuv\w+|era|\w{2,}(?:ó|aron|ieron)"
        r"|(?:est|trabaj|pag|llev|us)aba(?:mos)?|(?:viv|ten|conduc|hac)ía(?:mos)?",
        "pt": r"ontem|f(?:oi|ui|omos)|estiv\w+|era|deu|(?!estou\b)\w{2,}(?:ou|aram|eram|iram)"
        r"|(?:est|mor|trabalh|pag|us)ava(?:mos)?|vivia|tinha(?:mos)?",
        "it": r"ieri|er[oa]|erano|eravamo|avev\w+"
        r"|(?:st|abit|lavor|pag|us)av[oa](?:mo)?|vivev[oa]",
        "ru": r"вчера|был[аио]?|(?:я|мы) \w+л[аи]?",
    }
)
