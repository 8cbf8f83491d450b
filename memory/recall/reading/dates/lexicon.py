"""Words for times that the CLDR has not got, language by language.

It names months, days and relative days, but no numbers, no prepositions and no second word for
"last". All are as people type them; they are compared without their accents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words of one language, alternatives apart by ``|``.

    Attributes:
        numbers: From one to twelve, with all their forms.
        few: What stands for a number that nobody counted.
        last: Beginnings of words for "last", besides the one that the CLDR has.
        within: Before a month or year in which something was: "in".
        since: Before the time at which something began, with its article.
        recently: Not long ago.
        ranges: Pairs of what stands before the first time of two, and between them.
        era: Behind the number of a year.
        ago: Patterns of "so many units ago" besides those of the CLDR.
        endings: What a month's last letter becomes behind "in".
    """

    numbers: tuple[str, ...]
    few: str
    last: str
    within: str
    since: str
    recently: str
    ranges: tuple[tuple[str, str], ...]
    era: str = ""
    ago: tuple[str, ...] = ()
    endings: Mapping[str, str] | None = None


LEXICONS: Mapping[str, Lexicon] = {
    "de": Lexicon(
        numbers=(
            *("ein|eine|einem|einer|einen", "zwei", "drei", "vier", "fünf", "sechs", "sieben"),
            *("acht", "neun", "zehn", "elf", "zwölf"),
        ),
        few="ein paar|einigen|mehreren",
        last="letzt|vergangen|vorig",
        within="im|in|während",
        since="seit|seit dem|seit der",
        recently="kürzlich|neulich|in letzter zeit|vor kurzem",
        ranges=(("zwischen|zwischen dem", "und|und dem"), ("vom|von", "bis|bis zum|bis zur")),
    ),
    "es": Lexicon(
        numbers=(
            *("un|uno|una", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho"),
            *("nueve", "diez", "once", "doce"),
        ),
        few="unos|unas|algunos|algunas|varios|varias|un par de",
        last="últim",
        within="en|durante|de",
        since="desde|desde el|desde la",
        recently="recientemente|últimamente|hace poco",
        ranges=(("entre|entre el", "y|y el"), ("del|de|desde|desde el", "al|a|hasta|hasta el")),
        ago=("{0} {1} atrás",),
    ),
    "fr": Lexicon(
        numbers=(
            *("un|une", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
            *("dix", "onze", "douze"),
        ),
        few="quelques|plusieurs",
        last="passé",
        within="en|au mois de|au mois d'|pendant|durant|de",
        since="depuis|depuis le|depuis la|depuis l'",
        recently="récemment|dernièrement|ces derniers temps",
        ranges=(("entre|entre le", "et|et le"), ("du|de", "au|à|jusqu'au|jusqu'à")),
    ),
    "it": Lexicon(
        numbers=(
            *("un|uno|una|un'", "due", "tre", "quattro", "cinque", "sei", "sette", "otto"),
            *("nove", "dieci", "undici", "dodici"),
        ),
        few="qualche|alcuni|alcune|un paio di",
        last="passat|ultim",
        within="nel|a|in|di|durante",
        since="da|dal|dalla|dallo|dall'",
        recently="recentemente|ultimamente|di recente|poco fa",
        ranges=(("tra|fra|tra il|fra il", "e|e il"), ("dal|da", "al|a|fino al|fino a")),
    ),
    "pt": Lexicon(
        numbers=(
            *("um|uma", "dois|duas", "três", "quatro", "cinco", "seis", "sete", "oito"),
            *("nove", "dez", "onze", "doze"),
        ),
        few="uns|umas|alguns|algumas|vários|várias|um par de",
        last="últim",
        within="em|durante|de",
        since="desde|desde o|desde a",
        recently="recentemente|ultimamente|há pouco tempo",
        ranges=(("entre|entre o", "e|e o"), ("de|do|desde|desde o", "a|ao|até|até o")),
        ago=("{0} {1} atrás", "faz {0} {1}"),
    ),
    "ru": Lexicon(
        numbers=(
            *("один|одну|одна", "два|две", "три", "четыре", "пять", "шесть", "семь", "восемь"),
            *("девять", "десять", "одиннадцать", "двенадцать"),
        ),
        few="несколько|пару",
        last="последн|минувш",
        within="в|во|за",
        since="с|со",
        recently="недавно|в последнее время",
        ranges=(("между", "и"), ("с|со", "по|до")),
        era="г.|г|год|года|году",
        ago=("{1} назад",),
        endings={"я": "е", "а": "е"},
    ),
}
