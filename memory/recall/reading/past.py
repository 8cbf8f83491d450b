"""Words of questions about how things were, in each language that has states. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from remem.recall.reading.languages import CHINESE, ENGLISH, has_chinese, likeliest
from remem.recall.reading.persons import asks_about_own
from remem.recall.reading.question import Query
from remem.recall.reading.states import pattern_of
from remem.store.fulltext.folding import simplified, straight


def asks_for_earlier(question: str) -> bool:
    """True if a question is about what was so before, or about all that ever was."""
    return _says(_EARLIER, question)


def asks_for_now(question: str) -> bool:
    """True if a question says that it is about the present."""
    return _says(_NOW, question)


def asks_what_was(question: str) -> bool:
    """True if the verb of a question is past, or the time that it is about."""
    return _says(_WAS, question)


def asks_how_things_were(question: Query) -> bool:
    """True for a question about how things were during weeks or longer ("Where was I living in May
    2023?"), and not what happened then."""
    if not question.spans or names_short_time(question) or _says(_WHEN, question.text):
        return False
    if _says(_IMPERFECT, question.text):
        return True
    return asks_about_own(question.text) and _says(_WAS_SO, question.text)


def names_short_time(question: Query) -> bool:
    """True if a question names a time so short that people ask what happened then."""
    return any(span.end - span.start < _SHORTEST_STATE for span in question.spans)


_SHORTEST_STATE = timedelta(days=28)

_MOST_CHARACTERS = 300
"""Of a message, at its end, where it asks."""


def _says(words: Mapping[str, str], question: str) -> bool:
    text = straight(simplified(question[-_MOST_CHARACTERS:]))
    languages = {*likeliest(text), CHINESE} if has_chinese(text) else set(likeliest(text))
    return any(pattern_of(words[each]).search(text) for each in languages & words.keys())


def _spaced(words: Mapping[str, str]) -> dict[str, str]:
    return {language: rf"\b(?:{each})\b" for language, each in words.items()}


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
    CHINESE: (
        "以前|之前|曾经|从前|过去[的几住在]|所有|最早|最初|起初|一开始|第一[次个份任位套辆只]|变化|变过"
        "|(?:多少|几)次.*过|过.*(?:多少|几)次"
    ),
}

_NOW = {
    **_spaced(
        {
            ENGLISH: r"still|now|nowadays|any ?more|currently|these days|at (?:the moment|present)",
            "de": r"noch|jetzt|aktuell\w*|derzeit|zurzeit|momentan|im moment|inzwischen",
            "fr": r"encore|maintenant|actuel(?:le)?s?|actuellement|en ce moment|à présent",
            "es": r"todavía|ahora|aún|actual(?:es)?|actualmente|en este momento|hoy en día",
            "pt": r"ainda|agora|atual|atualmente|(?:nest|d)e momento|no momento|hoje em dia",
            "it": r"ancora|(?<!che )ora|adesso|attuale|attualmente|(?:in questo|al) momento",
            "ru": r"ещё|еще|сейчас|теперь|до сих пор|в настоящее время|в данный момент",
        }
    ),
    CHINESE: "还|现在|目前|如今|眼下",
}

# The past is told in part by verbs that have a form of their own for it. Where that form is one of
# the present, too, or of a noun, only the commonest verbs are listed; names are none of them.

_ENGLISH_PAST = (
    r"began|bit|bought|broke|built|came|cost|drew|fell|found|gave|got|grew|hurt|left|lost|made|met"
    r"|paid|said|sang|sent|sold|stole|taught|told|took|went|won|wrote"
)
_GERMAN_WHAT = (
    r"(?:wo|was|wie|wer|wen|wem|wann|warum|woher|wohin|wobei|womit|worauf|worum|worüber|wovon|wofür"
    r"|woran|welche[mnrs]? \w+|wie viele? \w+)"
)
_GERMAN_PAST = (
    r"(?-i:wohnte|lebte|arbeitete|kaufte|(?:be)?zahlte|kostete|spielte|lernte|machte|sagte|fragte"
    r"|(?:ge)?hörte|suchte|brauchte|reiste|feierte|kochte|dachte|brachte|kannte|wusste|musste|konnte"
    r"|wollte|durfte|nannte|schenkte|passierte|heiratete|studierte|besuchte|liebte|stellte|legte"
    r"|hieß|kam|ging|gab|bekam|fand|lag|lief|sah|stand|trug|traf|trank|aß|las|schrieb|sprach|sang"
    r"|schlief|blieb|starb|fuhr|flog|zog|wuchs|brach)(?:en|n|st)?"
)
_GERMAN_DONE = (
    r"(?!(?:abonniert|vereinbart|versichert|gemietet|gebucht|geplant|gespeichert)\b)"
    r"(?-i:[a-zäöüß]{0,12}ge[a-zäöüß]{2,12}(?:t|en)|[a-zäöüß]{3,12}iert"
    r"|(?<!zu )(?:be|ver|er|ent|zer|emp)[a-zäöüß]{2,12}(?:t|en))"
)
_GERMAN_GONE = (
    r"\w{0,12}ge(?:gangen|kommen|laufen|fahren|flogen|worden|wesen|boren|blieben|storben|zogen"
    r"|fallen|wandert)|begegnet|passiert"
)
_FRENCH_BESIDE = r"(?:(?:déjà|bien|tout|toujours|jamais|enfin|vraiment|le plus) )?"
_FRENCH_DONE = (
    r"(?:\w+é|(?:m|(?:re|com|ap)?pr|per?m|prom|rem|acqu|ass)is"
    r"|dit|fait|(?:é|ins|dé)crit|conduit|construit|traduit|produit|cuit"
    r"|(?:fin|chois|dorm|sort|part|réuss|ment|serv|sent|grand|rempl|guér)i"
    r"|(?:ouv|off|découv|souff)ert"
    r"|(?:re)?(?:v|l|reç|perd|vend|cr|voul|ten|ven|entend|vaint|véc|conn|cour|b)u|eu)e?s?"
)
_FRENCH_WERE = r"appel|habit|travaill|gagn|pay|mange|viv|fais|all|dis|jou|port|chant"
_FRENCH_GONE = r"(?:(?:n|all|arriv|tomb|entr|rencontr)é|venu|parti|mort|devenu)e?s?"
_SPANISH_NOT_PAST = (
    r"qué|porqué|café|bebé|chalé|puré|carné|comité|paté|té|sé|esté|aquí|allí|ahí|así|sí|mí|esquí"
    r"|\w+(?:[aei]r|[db]r)é|iré|querré|\w+(?:n|qu|l)í"
)
_PORTUGUESE_NOT_PAST = (
    r"sei|rei|lei|porei|vôlei|hóquei|jóquei|meu|seu|teu|museu|pneu|ateu|liceu|europeu|plebeu"
    r"|\w+[aei]rei"
)
_ITALIAN_NOT_PAST = (
    r"sabato|marito|vestito|dito|mercato|gelato|aiuto|fiato|appetito|invito|debito|credito|deposito"
    r"|minuto|contributo|gatto|letto"
)
_CHINESE_DONE = (
    "认识|来|买|送|做|给|拍|(?<![大小中数化文医科理法])学|说|叫|求婚|受伤|开始|结婚|出生|毕业|得|建"
    "|写|教|弄|遇到|发现"
)

_WAS = {
    **_spaced(
        {
            ENGLISH: r"did|was|were|had|have (?:i|we)\b(?! (?:got|for|on)\b)|last(?! names?\b)"
            rf"|(?:who|what|which \w+) (?:\w+ed|{_ENGLISH_PAST})",
            "de": r"war(?:en)?|hatten?|wurden?|damals|gestern|als (?:\w+ )?kind"
            rf"|{_GERMAN_WHAT} (?:{_GERMAN_PAST})(?:'?s)?"
            rf"|(?:hat|habe?|haben)\b.* {_GERMAN_DONE}(?=\W*$)"
            rf"|(?:bin|ist|sind)\b.* (?:{_GERMAN_GONE})(?=\W*$)",
            "fr": r"hier|étai[st]|étions|avai[st]"
            rf"|\w{{0,12}}(?:{_FRENCH_WERE})ai(?:s|t|ent)"
            rf"|(?:a|ai|ont|avons|a-t-(?:on|il|elle)|ai-je) {_FRENCH_BESIDE}{_FRENCH_DONE}"
            rf"|(?:suis|est|sommes|sont) {_FRENCH_GONE}",
            "es": r"ayer|fu(?:i|e|imos)|estuv\w+|era|\w{2,}(?:ó|aron|ieron)"
            rf"|(?!(?:{_SPANISH_NOT_PAST})\b)(?-i:[a-záéíóúñü]{{2,}}[éí])"
            r"|(?:he|ha|hemos|han) (?:\w+[ai]do|visto|hecho|dicho|escrito|puesto|roto|abierto)"
            r"|(?:est|trabaj|pag|llev|us|llam|gust|jug)aba(?:n|mos)?"
            r"|(?:viv|ten|conduc|hac|quer|dec)ía(?:n|mos)?",
            "pt": r"ontem|f(?:oi|ui|omos)|estiv\w+|era|deu|(?!estou\b)\w{2,}(?:ou|aram|eram|iram)"
            rf"|(?!(?:{_PORTUGUESE_NOT_PAST})\b)"
            r"(?-i:[a-zà-ú]{3,}(?:ei|[b-df-hj-np-tv-z]eu|iu))"
            r"|veio|fez|teve|disse|trouxe|quis"
            r"|(?:nasc|conhec|escond|aparec|perd|vend|receb|aprend|viv|corr|sent|dorm|escolh)i"
            r"|(?:est|mor|trabalh|pag|us|cham|gost|jog)ava(?:m|mos)?|vivia|tinha(?:m|mos)?",
            "it": r"ieri|er[oa]|erano|eravamo|avev\w+"
            rf"|(?:ho|ha|hanno|abbiamo) (?:già |mai |sempre )?(?!(?:{_ITALIAN_NOT_PAST})\b)"
            r"(?-i:[a-zà-ú]+(?:ato|uto|ito)|fatto|detto|scritto|visto|messo|preso|perso|rotto|chiesto"
            r"|scelto|vinto|corso|deciso|speso|nascosto|aperto|chiuso)"
            r"|(?:st|abit|lavor|pag|us|chiam)av[oa](?:no|mo)?|vivev[oa]",
            "ru": r"вчера|был[аио]?|(?:я|мы) \w+л[аи]?|\w+л(?:ся|ась|ось|ись)|звали|умер(?:л[аи])?"
            r"|(?:по|за|при)\w+л[аи]? (?:мне|меня)",
        }
    ),
    CHINESE: (
        f"是.{{1,14}}(?:{_CHINESE_DONE})的|小时候|那会儿|那[次年]|当时|年轻的?时候|原来|昨天"
        "|[折跑去看住骑受断伤见吃]过"
    ),
}

# How things were is told by the imperfect in the Romance languages; where its ending is one of
# nouns, only the commonest stems are listed. Elsewhere "was" tells as much of what happened, so it
# counts only where people ask about themselves. Who asks when something was asks for no state.

_WHEN = {
    **_spaced(
        {
            ENGLISH: "when|what (?:date|day)(?! of)",
            "de": "wann",
            "fr": "quand",
            "es": "cuándo",
            "pt": "quando",
            "it": "quando",
            "ru": "когда",
        }
    ),
    CHINESE: "什么时候|几号|哪一?天",
}
_FRENCH_NOT_LASTED = (
    r"jamais|mais|désormais|français|anglais|irlandais|portugais|japonais|frais|mauvais|[fvs]ais"
    r"|palais|marais|calais|engrais|rabais|relais|délais|essais|balais|beaujolais|lait|fait|parfait"
    r"|sait|plaît|trait|extrait|retrait|portrait|souhait|\w*(?:[eiud]r|rr|vr)ai[st]"
)
_IMPERFECT = _spaced(
    {
        "fr": rf"(?!(?:{_FRENCH_NOT_LASTED})\b)\w{{2,}}ai(?:s|t|ent)",
        "es": r"(?!(?:acaba|graba|alaba|guayaba|sílaba)\b)(?-i:[a-záéíóúñ]{2,}aba(?:s|n|mos)?)"
        r"|eran?|éramos|iban?|íbamos"
        r"|(?:ten|viv|com|sal|hac|dec|conduc|pon|deb|pod|sab|cre|le|dorm|quer|prefer|beb|hab)ía"
        r"(?:s|n|mos)?",
        "pt": r"(?!(?:brava|lava|grava|trava|escrava)\b)(?-i:[a-zà-ú]{2,}ava(?:m|mos)?)"
        r"|eram?|éramos|iam?|tinham?|tínhamos"
        r"|(?:viv|com|faz|diz|conduz|quer|pod|dev|sab|beb|dorm|prefer|sa|l)ia(?:m)?",
        "it": r"er[oa]|erano|eravamo|avev\w+|(?:abit|lavor|pag|us|chiam|guadagn|pes|and|guid"
        r"|studi|mangi|allen|port|st)av\w+|(?:viv|fac|dic|prend|bev|legg|ten|vol|dov|pot)ev\w+"
        r"|dormiv\w+",
    }
)
_ENGLISH_LASTING = (
    "live|work|have|own|drive|ride|use|weigh|earn|pay|wear|need|want|prefer|rent|bank|belong"
)
_GERMAN_LASTED = (
    "gewohnt|gelebt|gearbeitet|gehabt|benutzt|genutzt|verdient|gewogen|bezahlt|gezahlt|studiert"
    "|genommen|getragen|geheißen"
)
_WAS_SO = {
    **_spaced(
        {
            ENGLISH: rf"was|were|had|used to|did (?:i|we) (?:{_ENGLISH_LASTING})",
            "de": r"war(?:en)?|hatten?|hieß(?:en)?|lauteten?|(?:wohn|leb|arbeite|zahl|koste)ten?"
            r"|(?:benutz|nutz|verdien)ten?|(?:muss|woll|durf|konn)ten?|(?:wog|besaß|lag|stand)(?:en)?"
            rf"|{_GERMAN_LASTED}",
            "ru": r"был[аио]?|(?:жил|работал|весил|платил|зарабатывал|носил|принимал|читал|стоил)"
            r"[аои]?|(?:учил|занимал|пользовал)(?:ся|ась|ись)|звали",
        }
    ),
    CHINESE: (
        "^(?!.*(?:了|过(?!敏)|发生|去哪|旅|买|见面|举行)).*"
        "(?:住|工作|上班|上学|读书|开|用|吃|喝|养|租|付|管|体重|工资|密码|多少|一般|每[天周月年个]|平时|是)"
    ),
}
