"""The encoding of bytes that are not UTF-8, found by what they would say in each of those in use.

Each encoding comes with the characters of the languages that it was made for, the most frequent
first; the bytes are most likely in the one in which they make the most frequent ones. A sentence
is enough, where a detector that counts patterns in long texts takes Hebrew for Russian.
"""

from __future__ import annotations

import codecs
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache

_SIGNS = "’“”–—…‘„€«»°·©®™§£\u00a0•²½№"
_WEST = "éèàäüöçêáñóßôãíâõîûåøæúùëïìòœÿýð" + "þºª¿¡ŒŸ"
_EAST = "ąęłáéíóčěřšžýćśżźńůúťďňőűöüäßşţăâîđľŕôĺ"
_TURKISH = "ıüşçöğâîû"
_BALTIC = "āēīšžčūķļņģėęųįąšõäöü"
_BY_LANGUAGE = {
    _WEST: ("éèàêçâîôûùëïœ", "äöüß", "áéíóñúü¿¡", "ãáçéóõíâêúà", "åäöøæé", "áðéíóúýþæö"),
    _EAST: ("ąęłóżśćńź", "íáéěřčžýšůúťďňó", "áéóöőíüúű", "ăîâşţ", "čšžćđ", "áéíčšžýúľťňôďó"),
    _BALTIC: ("ėšųžįąčęū", "āēīšžčūķļņģ", "äõüöšž"),
}
"""The letters of one language each, of an alphabet that several share: a text has those of one."""

_RUSSIAN = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґўјљњћђџѓќѕ"
_GREEK = "αοιετνσηρπκμλυςάόίωέδγήχύθφβξώζψϊϋΐΰ"
_HEBREW = "יוהלאתמרבשנדםעקחכפגןזסטצךףץִַָֹּ"
_ARABIC = "الينمرتبوةسدهعقكفحجشطصىأخذزثضغئءؤإظآچپگژکی،؛؟ـ"
_THAI = "านรอกเงมยลวดท่สต้ะีปบคหแัจพชขใไิโ์ถ็ืู๋ำณุผซธญฐฎภึๆศษฟฝฯ๊ฉฮฒฬฌ"
_FULL_WIDTH = "、。，．！？：；「」『』（）・ー《》〈〉“”‘’…—\u3000０１２３４５６７８９％"
_KANA = (
    "のいしてにたるとんはをがなっでかれりまこすうらさもくっきだつよおけえあめじせちみどろそば"
    "わぶひへほゆ"
)
_KATAKANA = (
    "ンルスートイリラクドアッコカタマジシフロムプテデバサウレパキグエチミナオニハメビボワモセ"
    "ケツブノダポャュョァェベペィ"
)

_HAN = (
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家"
    "学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手用主行方又如前所本见经头"
    "面公同三已老从动两长知样明天今午买给钱店没请晚早吃水门口在什"
)
_TRADITIONAL = (
    "的一是不了在人有我他這中大來上個國到說們為子和你地出道也時年得就那要下以生會自著去之過家"
    "學對可裡後小麼心多天而能好都然沒日於起還發成事只作當想看文無開手用主行方又如前所本見經頭"
    "面公同三已老從動兩長知樣明今午買給錢店請晚早吃水門口什"
)
_HANGUL = (
    "이다는에의을하고가지은어기로도사한자나리아시그대들해인서일게라를있안정수여오요니만보부제"
    "주세었전과장면했모상우없신구야미소스조성네말내비무습녕집문려화래거든거"
)

_LETTERS: dict[str, str] = {
    "cp1252": _WEST,
    "cp1250": _EAST,
    "cp1251": _RUSSIAN,
    "koi8-r": _RUSSIAN,
    "cp866": _RUSSIAN,
    "iso8859-5": _RUSSIAN,
    "koi8-u": _RUSSIAN,
    "cp1253": _GREEK,
    "iso8859-7": _GREEK,
    "cp1255": _HEBREW,
    "cp1256": _ARABIC,
    "iso8859-6": _ARABIC,
    "cp1254": _TURKISH,
    "cp1257": _BALTIC,
    "cp874": _THAI,
    "mac-roman": _WEST,
    "iso8859-2": _EAST,
    "cp852": _EAST,
    "cp850": _WEST,
    "iso8859-15": _WEST,
}
"""Of one byte a character; where two read the bytes alike, the one named first is taken."""

# Of two bytes: where the characters in daily use are, a block that is called level 1.
_COMMON: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    "gb18030": (_FULL_WIDTH + _HAN, lambda pair: 0xB0 <= pair[0] <= 0xD7 and pair[1] >= 0xA1),
    "big5": (_FULL_WIDTH + _TRADITIONAL, lambda pair: 0xA4 <= pair[0] <= 0xC6),
    "cp949": (_FULL_WIDTH + _HANGUL, lambda pair: 0xB0 <= pair[0] <= 0xC8 and pair[1] >= 0xA1),
    "cp932": (_FULL_WIDTH + _KANA + _KATAKANA, lambda pair: 0x88 <= pair[0] <= 0x97),
    "euc-jp": (_FULL_WIDTH + _KANA + _KATAKANA, lambda pair: 0xB0 <= pair[0] <= 0xCF),
}
_PRIORS = {"cp1252": 0.0, "cp1257": -2.5, "cp1253": -1.5, "cp1255": -1.5, "cp1256": -1.5}
_PRIORS |= dict.fromkeys(("cp1250", "cp1251", "cp1254", "cp874", "koi8-r", *_COMMON), -1.0)
_RARE = -4.0  # of DOS, of old Macintoshes, and standards that nobody followed
_COMMON_SHARE = 0.5  # of a text in such an encoding, what its level 1 has beside the frequent
_COMMON_CHARACTERS = 2500  # in use, of some thousands
_SCRIPT_SHARE = 0.85
_SIGN_SHARE = 0.15
_CAPITAL_SHARE = 0.3
_STRANGE = math.log(1e-5)
_FAULT = math.log(1e-3)
_LATIN = frozenset(
    name for name, letters in _LETTERS.items() if letters in (_WEST, _EAST, _TURKISH, _BALTIC)
)


def likely_encoding(sample: bytes) -> str | None:
    """The name of the encoding, for Python; None if the bytes are text in none that is known.

    Args:
        sample: The beginning of a text, which may end within a character.
    """
    scores = {name: score for name in (*_LETTERS, *_COMMON) if (score := _score(sample, name))}
    return max(scores, key=scores.__getitem__, default=None)


def _score(sample: bytes, name: str) -> float | None:
    """The logarithm of how likely the bytes are in an encoding; None if they cannot be in it."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeDecodeError:
        return None
    if any(_is_control(character) for character in set(text)):
        return None
    if name in _COMMON:
        score = sum(_pair_weights(text, name))
    else:
        letters = _LETTERS[name]
        counts = Counter(character for character in text if character > "\x7f")
        of_one = _BY_LANGUAGE.get(letters, ())
        # Which of the languages it is, is not known before.
        each = (_letter_weight(counts, one) - math.log(len(of_one)) for one in of_one)
        score = max((_letter_weight(counts, letters), *each)) + _FAULT * _faults(text, name)
    return score + _PRIORS.get(name, _RARE) if score else None


def _is_control(character: str) -> bool:
    return "\x7f" <= character <= "\x9f" or (character < " " and character not in "\t\n\r\f\x1b")


def _letter_weight(counts: Mapping[str, int], letters: str) -> float:
    """The logarithm of how likely characters are in a text of these letters."""
    shares = _shares(letters)
    return sum(count * shares.get(character, _STRANGE) for character, count in counts.items())


def _faults(text: str, name: str) -> int:
    """The number of places in words that no language has, such as a capital after a small letter.

    Only those at letters beyond ASCII count, which another encoding would read otherwise.
    """
    has_own_script = name not in _LATIN
    faults = 0
    before = " "
    for character in text:
        is_plain = character <= "\x7f"
        if character.isalpha() and before.isalpha() and not (is_plain and before <= "\x7f"):
            faults += character.isupper() and before.islower()
            # Letters of two scripts in one word.
            faults += has_own_script and is_plain != (before <= "\x7f")
        before = character
    return faults


@cache
def _shares(letters: str) -> dict[str, float]:
    """The logarithm of the share of each character; by Zipf, the n-th has 1/n of the first's."""
    total = sum(1 / (rank + 3) for rank in range(len(letters)))
    shares = {}
    for rank, letter in enumerate(letters):
        share = _SCRIPT_SHARE / (rank + 3) / total
        shares[letter] = math.log(share)
        if (capital := letter.upper()) != letter and len(capital) == 1:
            shares[capital] = math.log(share * _CAPITAL_SHARE)
    for sign in _SIGNS:
        shares.setdefault(sign, math.log(_SIGN_SHARE / len(_SIGNS)))
    return shares


def _pair_weights(text: str, name: str) -> Iterator[float]:
    frequent, is_common = _COMMON[name]
    known = math.log(_COMMON_SHARE / _COMMON_CHARACTERS)
    listed = math.log((1 - _COMMON_SHARE) / len(frequent))
    for character in text:
        if character <= "\x7f":
            continue
        pair = character.encode(name, "replace")
        if character in frequent:
            yield listed
        elif len(pair) == 2 and is_common(pair):
            yield known
        else:
            yield 2 * _STRANGE
