"""Messages that ask, with a question mark or without: to a machine many leave it out. Pure.

Without the mark the order of the words tells: "where do I live" asks, "where I live it rains" does
not. In doubt a message is read as a statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from remem.recall.reading.languages import CHINESE, has_chinese, languages_of
from remem.recall.reading.sentences import (
    MOST_CHARACTERS,
    asks_at_last,
    is_prose,
    last_line,
    marked_questions,
)


@lru_cache(maxsize=4096)
def is_question(text: str) -> bool:
    """True if the last line of a text asks something.

    "When was the lecture? Give me the day." does, and so does "ok where do I live now"; "When I get
    home I'll call" and "What a day" do not.
    """
    last = last_line(text)
    if asks_at_last(text) or "¿" in last:
        return True
    # Who leaves out a question mark writes no other in its place.
    exclaims = last.endswith(_ENDS) or last.startswith("¡")
    if len(last) > _MOST_CHARACTERS or exclaims or not is_prose(_DIGITS.sub("", last)):
        return False
    forms = [_FORMS[each] for each in languages_of(last) if each in _FORMS]
    return any(form.search(last) is not None for form in forms)


def seems_to_ask(text: str) -> bool:
    """True if somebody who types this wants an answer: it is a question or a request."""
    return is_question(text) or any(
        _REQUESTS[each].match(text) is not None for each in languages_of(text) if each in _REQUESTS
    )


def questions(text: str) -> list[str]:
    """The sentences of a text that ask, in order; of those without a mark only whole lines."""
    asked: list[str] = []
    for line in text[-MOST_CHARACTERS:].splitlines():
        asked += marked_questions(line) or ([line.strip()] if is_question(line) else [])
    return asked


def without_opening(question: str) -> str:
    """A question without what people say before they ask: "ok", "and", "by the way"."""
    return _OPENED.sub("", question)


def as_marked(text: str) -> str:
    """A question with its mark, as encoders have read questions."""
    if not is_question(text) or asks_at_last(text):
        return text
    return text.rstrip() + ("？" if has_chinese(last_line(text)) else "?")


_MOST_CHARACTERS = 200
"""Of a line that asks without a mark; longer ones tell something."""

_ENDS = (".", "!", "。", "！", "…")
_DIGITS = re.compile(r"\d+")
_TELL = (
    r"tell|remind|show|give|sag|zeig|nenn|erinner|dis|rappelle|montre|donne|dime|recuérda|muéstra|diga"
    r"|lembra|mostra|dimmi|ricorda|скажи|напомни|покажи"
)
_PLEASE = r"\W*(?:please|bitte|por favor|per favore|пожалуйста|请|請)?\W*"
_REQUESTS: Mapping[str, re.Pattern[str]] = {
    language: re.compile(rf"{_PLEASE}(?:{words})", re.IGNORECASE)
    for language, words in {
        "en": r"(?:(?:tell|remind|show|give|find|list|name) (?:(?:me|us|my|our|his|her|their|all"
        r"|every\w*|the|any\w*|wh\w+|how|about)\b|\w+['’]s\b|[a-z]\w+s\b(?! (?:is|are)\b))"
        r"|(?:recall|summari[sz]e|look up)\b)",
        "de": r"(?:sage?|zeige?|nenne?|erinnere?|gib|liste?) (?:mir|mich|uns|alle|mein\w*)\b"
        r"|fasse?\b.*\bzusammen\b",
        "fr": r"(?:dis|rappelle|montre|donne)[- ](?:moi|nous)\b|résume\b",
        "es": r"(?:dime|recuérdame|muéstrame|dame|resume)\b",
        "pt": r"(?:diga|lembr[ae]|mostr[ae])-me\b|resume\b",
        "it": r"(?:dimmi|ricordami|mostrami|dammi|elenca|riassumi)\b",
        "ru": r"(?:скажи|напомни|покажи)(?:те)?\b",
        CHINESE: r"(?:告诉|告訴|提醒)我(?![妈媽爸儿兒女老姐哥弟妹奶爷爺们們])"
        r"|[给給]我(?:看|列|说|說|找|讲|講)|列出|[总總][结結]",
    }.items()
}
"""Language -> how somebody asks for an answer without a question, at the beginning."""

_GREETINGS = r"hey|hi|hello|hallo|servus|moin|bonjour|salut|coucou|hola|ol[áa]|oi|ciao|привет"
_OPENINGS = (
    rf"(?:{_GREETINGS})(?: \w+)?|ok(?:ay)?|so|and|but|also|btw|by the way|please|again|now|sorry"
    r"|um+|hm+|oh|well|wait|und|aber|also|sag mal|ach|et|alors|euh|mais|y|oye|pero|entonces|e|então"
    r"|mas|olha|ma|allora|scusa|а|и|но|слушай"
)
_OPENING = rf"\W*(?:(?:{_OPENINGS})[,:;!.…\s]+){{0,2}}"
_OPENED = re.compile(rf"\A{_OPENING}", re.IGNORECASE)
_BEGINNING = rf"(?:^|[.;:…] ){_OPENING}"
"""Behind any other comma a clause begins that tells more: "I live in Porto, where it rains"."""
_ADDRESS = r"^\W*\w+(?: \w+){0,3}, (?!who\b|where (?!(?:is|are|was|were|do|does|did|can)\b))"
"""Behind a few words in English a comma may stand before a question, as in "I moved again, where do
I live now", if that is not worded as such a clause is."""
_ASKED_FOR = rf"(?:{_TELL})\w*\W+(?:\w+\W+){{0,2}}?"

_VERBS = r"(?:is|are|am|was|were|do|does|did|can|could|will|would|should|has|have|had)(?:n['’]?t)?"
_SUBJECTS = r"i|you|he|she|it|we|they|there"
_TOLD_OF = (
    r" (?:\w+ )?(?:\w+ed|\w{2,}[^us]s|said|told|did)(?: (?:me|us|him|her|them|most))?"
    r" (?:is|was)\b(?! (?:i|you|he|she|we|they|my|our|his|her|(?-i:[A-Z])\w*)\b)"
)
"""Behind "what", of what is told: "what bothers me is the noise"."""

_EXCLAMATION = (
    r"(?:quel(?:le)?s?|qu[eé]|welche?) (?:\w+ )?(?:chance|dommage|horreur|honte|galère|plaisir|joie"
    r"|journée|surprise|belle|bonne|beau|rabia|pena|lástima|asco|alegría|vergüenza|ilusión|gusto"
    r"|risa|miedo|chulo|legal|saudade|raiva|vergonha|alegria|delícia|freude|überraschung)\b"
)


def _form(words: str, not_before: str, further: str = "(?!)") -> re.Pattern[str]:
    """A pattern of questions that begin with a word that asks, if neither a subject comes behind
    it, as in "quand je rentre", nor what makes it an exclamation, as "quelle chance" is one; or
    that begin otherwise."""
    asking = rf"(?!{_EXCLAMATION})(?:{words})\b"
    beginnings = rf"{_ASKED_FOR}{asking}|{asking}(?!\W+(?:{not_before})\b)|{further}"
    return re.compile(rf"{_BEGINNING}(?:{beginnings})", re.IGNORECASE)


_FORMS: Mapping[str, re.Pattern[str]] = {
    "en": re.compile(
        rf"(?:{_BEGINNING}|{_ADDRESS})(?:{_ASKED_FOR}(?:what|who|whose|where|when|which|why|how)\b"
        rf"|(?:what|who|where|when|why|how)(?:['’]?(?:s|re|d)| {_VERBS})\b"
        rf"|where (?:{_SUBJECTS}) \w+$"
        rf"|who(?! (?:{_SUBJECTS}|knows|cares)\b) \w+s\b"
        rf"|how many [a-z]+(?! (?:times|{_SUBJECTS})\b) "
        r"|(?:is|are|do|does) [a-z]+ (?:always|ever|usually|really|still|supposed)\b"
        r"|what (?:happened|\w+s (?:me|us|my|our))\b(?! (?:is|was)\b)"
        rf"|(?:(?:on|in|at|to|from|with|for|by) )?(?:what(?! an?\b|{_TOLD_OF})|which|whose|how)"
        rf" (?!(?:{_SUBJECTS})\b)(?:[\w'’-]+ ){{1,4}}?{_VERBS}\b"
        rf"|(?:is|are|am|do|does|can|could|will|would|should|has)(?:n['’]?t)?"
        rf" (?:{_SUBJECTS}|my|our|your|his|her|their|the|this|that|any\w*)\b"
        rf"|(?:was|were|did|have|had)(?:n['’]?t)? (?:{_SUBJECTS})\b)",
        re.IGNORECASE,
    ),
    "de": _form(
        r"(?:(?:an|auf|aus|bei|bis|durch|für|gegen|in|mit|nach|ohne|seit|über|um|unter|von|vor|zu)"
        r" )?(?:was|wer|wem|wen|wo|wohin|woher|wann|wie(?! gesagt)|warum|wieso|wessen"
        r"|welche[rsmn]?|wo(?:r(?:an|auf|aus|in|über|um)|bei|durch|für|gegen|mit|nach|von|vor|zu))",
        r"ich|du|er|sie|es|wir|ihr|man|mich|dich|sich|uns|euch|mir|dir|für|ein\w*",
        r"(?:bin|habe?|kenne?|muss|soll|kann|darf|war|wohne?|arbeite|zahle?|hatte) ich\b",
    ),
    "fr": _form(
        r"(?:(?:à|de|chez|avec|pour|dans|sur|en) |jusqu['’])?(?:où|qui|quand|quel(?:le)?s?|quoi"
        r"|comment|pourquoi|est-ce|qu['’]est-ce|c['’]est (?:quoi|qui)|que (?=[\w'’-]+ ))",
        r"je|j|tu|il|elle|on|nous|vous|ils|elles|bon\w*|même|dommage|d[eu]|l[ae]",
        r"combien\b|où (?:j['’]|je |on |nous )\w+$|.{1,60} (?:où|quoi|qui|combien|comment)$"
        r"|\w+-(?:je|tu|il|elle|on|nous|vous|ils|elles)\b",
    ),
    "es": _form(
        r"(?:(?:a|en|de|con|por|para|desde|hasta) )?(?:dónde|donde|quién(?:es)?"
        r"|quien(?:es)?(?! (?!es\b)\w.* es )|cuándo|cuál(?:es)?|cual(?:es)?|cómo"
        r"|como (?=se |est[aá]|llego)|cuánt[oa]s?|cuant[oa]s?|qué)",
        r"yo|tú|él|ella|nosotros|bien|bueno|buen[ao]s?|malo|raro|rico|lindo|bonito|calor|frío"
        r"|pena|gusto|guay|lástima|risa|asco",
    ),
    "pt": _form(
        r"(?:(?:a|em|de|com|por|para|desde|até|o) )?(?:onde|quem(?! (?!é\b)\w.* é )|qual|quais"
        r"|quant[oa]s?"
        r"|quando(?! (?:eu|você|ele|ela|nós)\b)|como (?=se |est[aá]|chego|\w+[aei]r\b))"
        r"|(?:o|a|em|de|com|para) que|que (?=\w+ \w+ ?\w)",
        r"sempre|assim|bom|boa|pena|calor|frio|sono|fome|seja|tenha\w*|corra",
    ),
    "it": _form(
        r"(?:(?:a|in|di|con|per|da) )?(?:dove|dov['’]è|chi|quale|quali|qual|quando|quant[oaie]"
        r"|com['’]è|come (?=si |sta)|perché|che ora|che cosa|cosa)",
        r"io|tu|lui|lei|noi|eu|sempre",
    ),
    "ru": _form(
        r"(?:(?:в|на|у|с|к|от|до|за|из|о) )?(?:где|кто|кого|кому|кем|что|когда|как|почему"
        r"|сколько|куда|откуда|чей|чья|чьё|как(?:ой|ая|ое|ие|ого|ую|ом))",
        r"я|ты|он|она|мы|вы|они|всегда|обычно|бы|жаль|хорошо|здорово",
        r"где (?:я|мы) \w+$",
    ),
    CHINESE: re.compile(
        r"(?:什么|哪[里儿个家位种天年]?|谁|多[少高大长远重久]|怎[么样]|几[点号岁楼层次])(?!.{0,6}(?:(?<![成首京])都|也))"
        r"|有没有|是不是|能不能|是否|[吗呢]\W*$"
    ),
}
"""Language -> how a question is worded that has no mark."""
