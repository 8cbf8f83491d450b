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
        within: Before a month, season or year in which something was: "in", with its article.
        of: Between a part of a time, or a season, and what it is a part of, with its article.
        parts: The beginning, the middle and the end of a time.
        this: Words for "this" besides those of the CLDR.
        seasons: Spring, summer, autumn and winter, as north of the equator. Empty where most who
            speak the language live south of it, and the others north.
        since: Before the time at which something began, with its article.
        recently: Not long ago.
        ranges: Pairs of what stands before the first time of two, and between them.
        era: Behind the number of a year.
        ago: Patterns of "so many units ago" besides those of the CLDR.
        before_seasons: What stands before a season, where its name is another word as well. No
            others count: "j'ai été" tells of no summer.
        endings: What a month's last letter becomes behind "in".
        units: Unit by forms of its name that the CLDR has not got.
    """

    numbers: tuple[str, ...]
    few: str
    last: str
    within: str
    of: str
    parts: tuple[str, str, str]
    since: str
    recently: str
    ranges: tuple[tuple[str, str], ...]
    seasons: tuple[str, ...] = ()
    era: str = ""
    ago: tuple[str, ...] = ()
    before_seasons: tuple[str, ...] = ()
    this: str = ""
    endings: Mapping[str, str] | None = None
    units: Mapping[str, str] | None = None


LEXICONS: Mapping[str, Lexicon] = {
    "de": Lexicon(
        numbers=(
            *("ein|eine|einem|einer|einen", "zwei", "drei", "vier", "fünf", "sechs", "sieben"),
            *("acht", "neun", "zehn", "elf", "zwölf"),
        ),
        few="ein paar|einigen|mehreren",
        last="letzt|vergangen|vorig",
        within="im|in|während",
        of="des|der|vom|des jahres",
        parts=("anfang|beginn", "mitte", "ende|schluss"),
        seasons=(
            "frühling|frühjahr|frühlings|frühjahrs",
            "sommer|sommers",
            "herbst|herbsts|herbstes",
            "winter|winters",
        ),
        since="seit|seit dem|seit der",
        recently="kürzlich|neulich|in letzter zeit|vor kurzem",
        ranges=(("zwischen|zwischen dem", "und|und dem"), ("vom|von", "bis|bis zum|bis zur")),
        units={"jahres": "year", "monats": "month", "tages": "day"},
    ),
    "es": Lexicon(
        numbers=(
            *("un|uno|una", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho"),
            *("nueve", "diez", "once", "doce"),
        ),
        few="unos|unas|algunos|algunas|varios|varias|un par de",
        last="últim",
        within="en|en el|en la|durante|durante el|durante la|de",
        of="de|del|de la",
        parts=(
            "principio|principios|comienzo|comienzos|inicio|inicios",
            "mediados",
            "fin|fines|finales",
        ),
        seasons=("primavera", "verano", "otoño", "invierno"),
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
        within=(
            "en|au|à l'|à la|au mois de|au mois d'|pendant|pendant l'|durant|durant l'|dans l'|de"
        ),
        of="de|d'|du|de la|de l'",
        parts=("début", "milieu|mi", "fin"),
        seasons=("printemps", "été", "automne", "hiver"),
        before_seasons=("l'", "d'", "au ", "en ", "un ", "cet ", "chaque ", "mi-"),
        this="cet",
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
        within="nel|nella|nell'|a|all'|alla|in|di|d'|durante|durante l'",
        of="di|del|della|dell'",
        parts=("inizio|inizi", "metà", "fine"),
        seasons=("primavera", "estate", "autunno", "inverno"),
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
        within="em|no|na|durante|durante o|de",
        of="de|do|da",
        parts=("início|começo|princípio", "meados|meio", "fim|fins|final"),
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
        of="",
        parts=(
            "начале|начало|начала|началу",
            "середине|середина|середины",
            "конце|конец|конца|концу",
        ),
        seasons=(
            "весна|весной|весны|весну",
            "лето|летом|лета",
            "осень|осенью|осени",
            "зима|зимой|зимы|зиму",
        ),
        since="с|со",
        recently="недавно|в последнее время",
        ranges=(("между", "и"), ("с|со", "по|до")),
        era="г.|г|год|года|году",
        ago=("{1} назад",),
        endings={"я": "е", "а": "е"},
    ),
}
