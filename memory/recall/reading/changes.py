"""Words that tell of a change, whatever has changed, in each language that has states. Pure.

Those of ``states.toml`` tell of a change of one of the states that it knows; these of any other:
"instead", "no longer", "from Monday on".
"""

from __future__ import annotations

from collections.abc import Mapping

from remem.recall.reading.languages import CHINESE, ENGLISH
from remem.recall.reading.states import Language, pattern_of


def tells_of_change(text: str, language: Language) -> bool:
    """True if a text has a word with which people tell that something is different now."""
    if language.change.search(text):
        return True
    return pattern_of(_CHANGED[language.name]).search(text) is not None


_CHANGED: Mapping[str, str] = {
    **{
        language: rf"\b(?:{words})\b"
        for language, words in {
            ENGLISH: r"now|new|no longer|instead|from .{1,15} on|as of|since|these days|lately"
            r"|again|today|tonight|yesterday|this (?:morning|week|month)|\w+n't .{0,30}any ?more"
            r"|\w+ed (?:\w+ ){0,3}(?:to|for|from|by)|(?:so )?it's|until further notice|officially",
            "de": r"gestern|heute|heut|diese (?:woche|nacht)|seit|ab (?:morgen|sofort|dem)|künftig"
            r"|ersetzt|offiziell|endlich|vorbei|schluss|kaputt|raus|rauf|runter|nur noch"
            r"|umge\w+|\w*getauscht|\w*gebucht|\w*gestrichen|verschoben|verlegt|aufge\w+|abge\w+"
            r"|geblieben|geworden|geholt|gegangen|ruhestand|rente|kein\w* .{1,20} mehr|bin bei",
            "fr": r"hier|aujourd'hui|ce (?:matin|soir|mois)|cette semaine|depuis|dès|finalement"
            r"|en attendant|du coup|plutôt|fini\w*|terminé\w*|tombée?s?|n'\w+ .{0,20}plus"
            r"|plus qu\w*|résili\w+|annul\w+|coupé\w*|rendue?s?|échangé\w*|remont\w+|baiss\w+|monte"
            r"|avancé\w*|report\w+|décal\w+|pris|passée?s? (?:à|au|en|sur)|me suis mise?|laissé"
            r"|à (?:s|l)a place|(?:re)?parti\w*|(?:re)?venue?s?|retraite|premier jour|abandonn\w+"
            r"|récupér\w+|viens? de|officiel\w*",
            "es": r"hoy|ayer|anoche|est[ae] (?:mañana|noche|semana|mes)|ya|al final|adiós|se acabó"
            r"|acab(?:o|é|ó|amos) de|jubil\w+|renunci\w+|dej(?:é|ó|amos|aron)|anterior|de baja"
            r"|volv(?:í|ió|imos)|pas(?:é|ó|aron|amos|o)|cerr(?:é|ó|aron)|cancel(?:é|ó|aron|ado)"
            r"|cort(?:é|ó|amos)|termin(?:é|ado|ó|amos)|qued(?:é|ó|amos|aron)|hart(?:é|o)"
            r"|sub(?:í|imos)|baj(?:é|amos)|mov(?:í|ió|imos|ieron)|reprogram\w+|aplaz\w+|adelant\w+"
            r"|recort\w+|consegu(?:í|imos|ió)|saqu(?:é|e)|fui|primer día|oficial\w*|larg(?:ué|ó)",
            "pt": r"hoje|ontem|est[ae] (?:manhã|noite|semana|mês)|passad[ao]|desde|já|afinal"
            r"|desisti\w*|cancel(?:ei|ou|ado)|migr(?:ei|ou)|pass(?:ei|ou|ámos|amos|a para|o a)"
            r"|portabilidade|troc(?:ou|amos)|mudaram|acab(?:ei|ou|aram)|aposent\w+|largado|saiu"
            r"|fiquei|ficámos|fech(?:ei|ou|ada)|encerr\w+|adi(?:ar|ou|ado|ei|aram)|antecip\w+"
            r"|baix\w+|reajust\w+|sobr(?:ou|aram)|vir(?:ei|ou)|volt(?:ei|ou|aram)|consegui\w*"
            r"|par(?:ei|ou)|peguei|tirei|foi embora|fo(?:i|ram) para|oficial\w*|já era",
            "it": r"oggi|ieri|stamattina|stasera|quest\w (?:settimana|mese)|da quando|ormai|basta"
            r"|alla fine|finit[oaie]|disdett[oa]|annullat[oaie]|passat[oaie] (?:a|al|alla)"
            r"|sostituit[oaie]|preso|tornat[oaie]|pensione|spostat[oaie]|rimandat[oaie]"
            r"|anticipat[oaie]|ufficial\w*",
            "ru": r"сегодня|вчера|на этой неделе|с тех пор|уже|наконец-то|в итоге|всё-таки"
            r"|закончил\w*|отменил\w*|вместо|перешёл|перешл[аи]|вернул\w+|ушёл|ушл[аи]|перенесл\w+"
            r"|перенесён\w*|отказал\w+|взял[аи]?|купил[аи]?|официально",
        }.items()
    },
    CHINESE: (
        "今天|昨天|这周|上周|终于|干脆|最后|不用了|取消|退休|延[到期后]|推迟|提前|只剩|剩下|只好|转到"
    ),
}
"""Language -> these words."""
