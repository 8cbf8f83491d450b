"""Words that tell of a change, whatever has changed, in each language that has states. Pure.

Those of ``states.toml`` tell of a change of one of the states that it knows; these of any other:
"sold the bike", "cancelled it", "from Monday on".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from remem.recall.reading.languages import CHINESE, ENGLISH
from remem.recall.reading.states import Language


def tells_of_change(text: str, language: Language) -> bool:
    """True if a text has a word with which people tell that something is different now."""
    return bool(language.change.search(text) or _CHANGED[language.name].search(text))


_CHANGED: Mapping[str, re.Pattern[str]] = {
    language: re.compile(rf"\b(?:{words})\b{further}", re.IGNORECASE)
    for language, words, further in (
        (
            ENGLISH,
            r"now|new|no longer|instead|from .{1,15} on|as of|since|these days|lately|again|today"
            r"|tonight|yesterday|this (?:morning|week|month)"
            r"|\w+ed (?:\w+ ){0,3}(?:to|for|from|by)|(?:so )?it's|until further notice|officially",
            r"|\bn't .{0,30}any ?more\b",
        ),
        (
            "de",
            r"gestern|heute|heut|diese (?:woche|nacht)|seit|ab (?:morgen|sofort|dem)|künftig"
            r"|ersetzt|doch|offiziell|endlich|vorbei|schluss|geschichte|kaputt|weg|raus|rauf|runter"
            r"|rum|nur noch"
            r"|umge\w+|\w*getauscht|\w*gebucht|\w*gestrichen|verschoben|verlegt|aufge\w+|abge\w+"
            r"|geblieben|geworden|geholt|gegangen|ruhestand|rente|kein\w* .{1,20} mehr|bin bei",
            "",
        ),
        (
            "fr",
            r"hier|aujourd'hui|ce (?:matin|soir|mois)|cette semaine|depuis|dès|finalement"
            r"|en attendant|du coup|plutôt|fini\w*|terminé\w*|tombée?s?|n'\w+ .{0,20}plus"
            r"|plus qu\w*|résili\w+|annul\w+|coupé\w*|rendue?s?|échangé\w*|remont\w+|baiss\w+|monte"
            r"|avancé\w*|report\w+|décal\w+|pris|passée?s? (?:à|au|en|sur)|me suis mise?|laissé"
            r"|reste|restent|à (?:s|l)a place|(?:re)?parti\w*|(?:re)?venue?s?|retraite|premier jour"
            r"|abandonn\w+|récupér\w+|viens? de|officiel\w*",
            "",
        ),
        (
            "es",
            r"hoy|ayer|anoche|est[ae] (?:mañana|noche|semana|mes)|desde|ya|al final|mejor|adiós"
            r"|se acabó|acab(?:o|é|ó|amos) de|jubil\w+|renunci\w+|dej(?:é|ó|amos|aron)|anterior"
            r"|volv(?:í|ió|imos)|pas(?:é|ó|aron|amos|o)|cerr(?:é|ó|aron)|cancel(?:é|ó|aron|ado)"
            r"|de baja|cort(?:é|ó|amos)|termin(?:é|ado|ó|amos)|qued(?:é|ó|amos|aron|a)|hart(?:é|o)"
            r"|sub(?:í|imos)|baj(?:é|amos)|mov(?:í|ió|imos|ieron)|reprogram\w+|aplaz\w+|adelant\w+"
            r"|recort\w+|consegu(?:í|imos|ió)|saqu(?:é|e)|fui|primer día|oficial\w*|larg(?:ué|ó)",
            "",
        ),
        (
            "pt",
            r"hoje|ontem|est[ae] (?:manhã|noite|semana|mês)|passad[ao]|desde|já|afinal|desisti\w*"
            r"|cancel(?:ei|ou|ado)|migr(?:ei|ou)|pass(?:ei|ou|ámos|amos|a para|o a)|portabilidade"
            r"|troc(?:ou|amos)|mudaram|acab(?:ei|ou|aram)|aposent\w+|largado|saiu|fiquei|ficámos"
            r"|fech(?:ei|ou|ada)|encerr\w+|adi(?:ar|ou|ado|ei|aram)|antecip\w+|baix\w+|reajust\w+"
            r"|sobr(?:ou|aram)|vir(?:ei|ou)|volt(?:ei|ou|aram)|consegui\w*|par(?:ei|ou)|peguei|tirei"
            r"|foi embora|fo(?:i|ram) para|oficial\w*|já era",
            "",
        ),
        (
            "it",
            r"oggi|ieri|stamattina|stasera|quest\w (?:settimana|mese)|da quando|ormai|alla fine"
            r"|basta|finit[oaie]|disdett[oa]|annullat[oaie]|passat[oaie] (?:a|al|alla)"
            r"|sostituit[oaie]|preso|tornat[oaie]|pensione|spostat[oaie]|rimandat[oaie]"
            r"|anticipat[oaie]|ufficial\w*",
            "",
        ),
        (
            "ru",
            r"сегодня|вчера|на этой неделе|с тех пор|уже|наконец-то|в итоге|всё-таки|закончил\w*"
            r"|отменил\w*|вместо|перешёл|перешл[аи]|вернул\w+|ушёл|ушл[аи]|перенесл\w+|перенесён\w*"
            r"|отказал\w+|взял[аи]?|купил[аи]?|официально",
            "",
        ),
        (
            CHINESE,
            "(?!)",
            "|今天|昨天|这周|上周|终于|干脆|最后|不用了|取消|退休|延|推迟|提前|剩|只好|转到",
        ),
    )
}
"""Language -> words; those of Chinese have nothing around them."""
