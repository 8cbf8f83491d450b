"""The beginning of a chat's line: a date and a time in whatever layout, and the end of them.

Only the shape is known here: three numbers, or two and a month's name, then two or three more,
with some signs and words between them. What the words mean is up to a ``Dialect``.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

_MARKS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_A_MARK = re.compile(f"[{_MARKS}]")
_LONGEST = 140  # characters of a line that are looked at
_MAY_BEGIN = re.compile(r"[^\d\n]{0,24}\d{1,4}[^\n]{1,30}?\d")

_DATE = r"""(?P<before>[^\d\[\]:]{0,20}?)(?P<first>\d{1,4})(?P<after_first>[^\d\[\]:]{1,24}?)
    (?:(?P<second>\d{1,2})(?P<after_second>[^\d\[\]:]{1,8}?))?(?P<third>\d{1,4})"""
_TIME = r"""(?P<hour>\d{1,2})(?P<after_hour>[:.٫]|\x20?[^\W\d]{1,3}\.?\x20?)(?P<minute>\d{2})
    (?:(?P<after_minute>[:.٫]|\x20?[^\W\d]{1,4}\.?\x20?)(?P<seconds>\d{2}))?"""
_MIDDLE = r"(?P<middle>[^\d\[\]:]{1,30}?)"
_END = r"""(?P<end>[^\d\[\]:]{0,30}?)
    (?(bracket)\](?P<closed>:)?(?:\x20|$)|(?P<stop>\x20[-–—]\x20|:\x20
    |,\x20(?=[^:,\n]{1,60}\x20:\x20)))"""
_SHAPES = tuple(
    re.compile(rf"(?P<bracket>\[)?\x20?{body}{_END}", re.VERBOSE)
    for body in (rf"{_DATE}{_MIDDLE}{_TIME}", rf"{_TIME}{_MIDDLE}{_DATE}")
)
_LITERALS = ("before", "after_first", "after_second", "middle", "after_hour", "after_minute", "end")
_LETTERS = re.compile(r"[^\s\d,،.;:/()\-–—]+")


class _Plain(dict[int, Any]):
    """Translates a line: no direction marks, digits of ASCII, one kind of space."""

    def __missing__(self, code: int) -> Any:
        character = chr(code)
        plain: str | None = character
        if _A_MARK.match(character):
            plain = None
        elif unicodedata.category(character) == "Zs":
            plain = " "
        elif unicodedata.category(character) == "Nd":
            plain = str(unicodedata.decimal(character))
        self[code] = plain
        return plain


_PLAIN = _Plain()


@dataclass(frozen=True, slots=True)
class Layout:
    """Signs and words around the numbers of a header.

    Attributes:
        literals: Those between the numbers, in the order of ``_LITERALS``.
        ends: Brackets around all of them, and the sign behind.
    """

    literals: tuple[str, ...]
    ends: str
    is_time_first: bool = False
    has_month_number: bool = True

    @property
    def skeleton(self) -> tuple[str, ...]:
        """The same without words: headers of one chat share it, in the morning and at night."""
        return (*(" ".join(_LETTERS.sub("", each).split()) for each in self.literals), self.ends)

    @property
    def words(self) -> tuple[str, ...]:
        """Its words, for people."""
        return tuple(" ".join(found) for each in self.literals if (found := _LETTERS.findall(each)))

    @property
    def is_wordless(self) -> bool:
        """True if there are only signs between the numbers."""
        return not any(map(_LETTERS.search, self.literals))


@dataclass(frozen=True, slots=True)
class Header:
    """A header, taken apart.

    Attributes:
        layout: What is between its numbers.
        date: Its two or three numbers, as they stand; the second is empty if there are two.
        hour: As it stands, on a clock of 12 or 24 hours.
        minute: 0 to 59, if it is one.
        second: None if there is none.
        rest: The line after it.
    """

    layout: Layout
    date: tuple[str, str, str]
    hour: int
    minute: int
    second: int | None
    rest: str


def clean_marks(text: str) -> str:
    """The text without the marks of writing direction that apps put around names."""
    return text if text.isascii() else _A_MARK.sub("", text)


def parse_header(line: str) -> Header | None:
    """The header that a line begins with, None if it begins with no date and time."""
    head = line[:_LONGEST]
    if not _MAY_BEGIN.match(head):
        return None
    plain = head if head.isascii() else head.translate(_PLAIN)
    for shape in _SHAPES:
        if match := shape.match(plain):
            return _header(match, line, is_time_first=shape is _SHAPES[1])
    return None


def _header(match: re.Match[str], line: str, *, is_time_first: bool) -> Header:
    found = match.groupdict()
    ends = f"{found['bracket'] or ''}{found['closed'] or ''}{(found['stop'] or '').strip()}"
    layout = Layout(
        tuple(found[name] or "" for name in _LITERALS),
        ends,
        is_time_first,
        found["second"] is not None,
    )
    return Header(
        layout=layout,
        date=(found["first"], found["second"] or "", found["third"]),
        hour=int(found["hour"]),
        minute=int(found["minute"]),
        second=int(found["seconds"]) if found["seconds"] else None,
        rest=line[_place(line, match.end()) :],
    )


def _place(line: str, end: int) -> int:
    """The place in a line after so many characters that are no marks."""
    if line[:end].isascii():
        return end
    place = 0
    while end:
        end -= not _A_MARK.match(line[place])
        place += 1
    return place


# What WhatsApp writes itself in the place of a message or at its end, in the languages it speaks.
#
# The signs around the words show most of it: ``<...>``, a file's name and ``(...)``, a mark of
# direction. The words only need to be like the app's, since it rewords them from time to time.

_LTR = "\u200e"
_MEDIA = re.compile(
    r"omi(t|s|d)|omes|medi|médi|mídi|medya|meedia|multim|mitjan|vedleg|vedhæft|bifoga|bijlage|anhang"
    r"|datei|bestand|ficheir|fichier|archiv|arquiv|allegat|liite|plik|файл|фајл|меди|медіа|мултим"
    r"|πολυμέσ|מדיה|وسائط|رسانه|میڈیا|媒體|媒体|影音|多媒|メディア|미디어|मीडिया|मिडिया|મીડિયા|ਮੀਡੀਆ"
    r"|ஊடக|மீடியா|మాధ్యమ|మీడియా|ಮಾಧ್ಯಮ|മീഡിയ|মিডিয়া|สื่อ|ສື່|មេឌៀ|მედია|մեդիա|ሚዲያ|multivid"
    r"|\binclu|kalakip",
    re.IGNORECASE,
)
_EDITED = re.compile(
    r"edi[tc]|édit|modif|bearbeit|bewerk|gewysig|redi[gģ]|redag|muokat|uprav|szerkeszt|editat"
    r"|edyt|urejen|izmijen|izmenj|muudet|düzenl|ndrysh|disunting|chỉnh|измен|отредакт|редаг"
    r"|редакт|өзгерт|επεξεργ|τροποποι|נערכ|تعديل|تحرير|ویرایش|ترمیم|编辑|編輯|編集|수정|편집|संपाद"
    r"|সম্পাদ|સંપાદ|ਸੰਪਾਦ|திருத்த|సవరి|ಸಂಪಾದ|എഡിറ്റ|แก้ไข|რედაქტ|խմբագր|hariri",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"<\s?[^<>\d=/\"]{3,60}>")
_EDIT_MARK = re.compile(rf"\s*{_LTR}?<([^<>\d=/\"]{{4,80}})>\s*\Z")
_FILE = r"[^\n<>]{1,200}\.\w{2,5}"
_APP_FILE = r"(?:IMG|VID|PTT|AUD|STK|DOC|GIF)-\d{8}-WA\d{4}\.\w{2,5}"
_NUMBERED_FILE = r"\d{8}-[A-Z_]+-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.\w{2,5}"
_ATTACHED = re.compile(
    rf"<[^<>:\n]{{2,40}}: ?{_FILE}>|{_APP_FILE}(?: \([^()\n]{{3,40}}\))?|{_NUMBERED_FILE}"
    rf"|{_FILE} \((?:[^()\n]*(?:attach|adjunt|anexad|anexo|angehängt|joint|allegat|bijgevoegd"
    r"|bifoga|vedlagt|vedhæft|liite|załącz|прикреп|долучен|ekli|مرفق|מצורף|附件|添付|첨부|अटैच|संलग्न)"
    r"[^()\n]*)\)(?: • \d+ \w+)?",
    re.IGNORECASE,
)
_OMITTED = re.compile(
    r"(?:image|photo|video(?: note)?|audio|sticker|gif|document|contact card|voice message) omitted"
    r"|(?:bild|video|audio|sticker|gif|dokument|kontaktkarte) weggelassen"
    r"|(?:imagen|video|audio|sticker|gif|documento|tarjeta de contacto) omitid[oa]"
    r"|(?:imagem|vídeo|áudio|figurinha|gif|documento|cartão de contato) (?:ocult|omitid)[oa]"
    r"|(?:image|vidéo|audio|sticker|gif|document) (?:omise?|absente?)"
    r"|(?:immagine|video|audio|sticker|gif|documento) omess[oa]"
    r"|(?:afbeelding|video|audio|sticker|gif|document) weggelaten"
    r"|(?:изображение|видео|аудио|стикер|gif|документ) (?:опущен|пропущен)[оа]?"
    r"|(?:圖片|图片|图像|影像|视频|影片|音频|語音訊息|文件|贴图|貼圖)(?:已略去|已忽略|已省略|略去)"
    r"|(?:画像|動画|音声|ステッカー|ドキュメント)は?(?:省略|除外)されました"
    r"|(?:사진|이미지|동영상|오디오|스티커|문서)[이가] 생략(?:되었습니다|됨)?",
    re.IGNORECASE,
)
_NOT_SHOWN = re.compile(
    r"null"
    r"|missed (?:group )?(?:voice|video) calls?(?:, .{1,40})?|live location shared"
    r"|(?:voice|video) call, .{1,40}"
    r"|verpasster? (?:sprach|video)anruf|(?:llamada|videollamada)(?: de voz| grupal)? perdida"
    r"|appels? (?:vocal|vidéo) manqué|(?:chamada de (?:voz|vídeo)|(?:ligação|chamada)) perdida"
    r"|(?:chiamata vocale|videochiamata) persa|gemiste (?:spraak|video)oproep"
    r"|пропущенный (?:аудио|видео)звонок|未接(?:语音|視訊|视频|語音)(?:通话|通話|来电|來電)"
    r"|waiting for this message\. this may take a while"
    r"|this message was deleted(?: by admin .{1,60})?|you deleted this message"
    r"|se eliminó este mensaje|eliminaste este mensaje|este mensaje (?:fue|ha sido) eliminado"
    r"|esperando (?:este )?mensaje.{0,40}"
    r"|(?:essa |esta )?mensagem (?:foi )?(?:apagada|eliminada)"
    r"|(?:você )?apag(?:ou|aste) esta mensagem|eliminou esta mensagem|aguardando mensagem.{0,40}"
    r"|ce message a été supprimé|vous avez supprimé ce message|en attente de ce message.{0,60}"
    r"|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht"
    r"|auf diese nachricht warten.{0,60}|warten auf diese nachricht.{0,60}"
    r"|questo messaggio è stato eliminato|hai eliminato questo messaggio"
    r"|in attesa del messaggio.{0,60}|wachten op dit bericht.{0,60}"
    r"|dit bericht is verwijderd|(?:u hebt|je hebt) dit bericht verwijderd"
    r"|(?:данное |это )?сообщение (?:было )?удалено|вы удалили (?:данное|это) сообщение"
    r"|ожидание (?:данного )?сообщения.{0,60}"
    r"|(?:це )?повідомлення (?:було )?видалено|ви видалили це повідомлення"
    r"|bu mesaj silindi|bu mesajı sildiniz"
    r"|ta wiadomość została usunięta|(?:usunięto|usunąłeś|usunęłaś) tę wiadomość"
    r"|(?:det här|detta) meddelandet? (?:har raderats|raderades|togs bort)"
    r"|du (?:raderade|tog bort) det(?:ta| här) meddelandet?"
    r"|denne (?:besked|meldingen) (?:blev|ble) slettet|du slettede? denne (?:besked|meldingen)"
    r"|tämä viesti (?:on )?poistett(?:u|iin)|poistit tämän viestin"
    r"|tato zpráva byla (?:smazána|odstraněna)|(?:smazali|odstranili) jste tuto zprávu"
    r"|táto správa bola (?:vymazaná|odstránená)"
    r"|ezt az üzenetet törölték|törölted ezt az üzenetet|ez az üzenet törlésre került"
    r"|acest mesaj a fost șters|ați șters acest mesaj|ai șters acest mesaj"
    r"|αυτό το μήνυμα (?:διαγράφηκε|διαγράφτηκε)|διαγράψατε αυτό το μήνυμα"
    r"|това съобщение беше изтрито|изтрихте това съобщение"
    r"|aquest missatge s'ha (?:eliminat|suprimit)|has (?:eliminat|suprimit) aquest missatge"
    r"|ова порука је (?:избрисана|обрисана)|ova (?:poruka je (?:izbrisana|obrisana))"
    r"|pesan ini (?:telah )?dihapus|anda (?:telah )?menghapus pesan ini"
    r"|mesej ini (?:telah )?dipadam(?:kan)?|anda (?:telah )?memadam(?:kan)? mesej ini"
    r"|tin nhắn này đã bị xóa|bạn đã xóa tin nhắn này"
    r"|تم حذف هذه الرسالة|(?:لقد )?حذفت هذه الرسالة|این پیام حذف شد|شما این پیام را حذف کردید"
    r"|הודעה זו נמחקה|ההודעה הזאת נמחקה|מחקת (?:את ה)?הודעה (?:זו|הזאת)"
    r"|यह (?:संदेश|मैसेज) (?:हटा दिया गया|हटाया गया|मिटाया गया)(?: था| है)?"
    r"|आपने यह (?:संदेश|मैसेज) हटाया.{0,8}"
    r"|(?:此|这条|這則|該)?(?:消息|訊息|讯息)已(?:被)?(?:删除|刪除)"
    r"|[你您]?已?(?:删除|刪除)了?(?:此|这条|這則)?(?:消息|訊息|讯息)"
    r"|(?:このメッセージは|メッセージが)削除されました|(?:この)?メッセージを削除しました"
    r"|삭제(?:된|한) 메시지입니다|(?:이|이) 메시지(?:를 삭제(?:하였|했)습니다|가 삭제되었습니다)"
    r"|ข้อความนี้ถูกลบ(?:แล้ว)?|คุณลบข้อความนี้(?:แล้ว)?",
    re.IGNORECASE,
)
_CLOSED = {'"': '"', "“": "”", "„": "“”", "«": "»", "「": "」", "『": "』", "‘": "’"}
_SYSTEM = re.compile(
    r" (?:created (?:the )?group|changed (?:the|this|their) |added |removed |joined using"
    r"|turned (?:on|off) disappearing|pinned a message|started a (?:video |voice )?call"
    r"|creó el grupo|cambió |a créé le groupe|a changé |hat die gruppe|hat den betreff"
    r"|criou (?:o )?grupo|mudou |ha creato il gruppo|ha cambiato |heeft de groep)",
    re.IGNORECASE,
)


def is_notice_speaker(name: str) -> bool:
    """True if the text before the colon is the app's words and not a name: a quotation that is not
    closed, or a sentence about somebody's action."""
    for opening, closing in _CLOSED.items():
        if opening == closing:
            if name.count(opening) % 2:
                return True
        elif opening in name and not any(end in name.partition(opening)[2] for end in closing):
            return True
    return bool(_SYSTEM.search(name))


def said_words(text: str, *, is_iphone: bool) -> str:
    """The text without what the app put in place of media, of deleted words, and at the end.

    Args:
        is_iphone: Whether the app marks each line of its own with a mark of direction, as it does
            on an iPhone; elsewhere it is somebody's keyboard that wrote one.
    """
    lines = text.split("\n")
    if is_iphone and lines[0].startswith(_LTR):
        lines[0] = ""
    kept = [plain for line in lines if not _is_placeholder(plain := clean_marks(line))]
    words = "\n".join(kept)
    whole = words.strip().removesuffix(".").removesuffix("。").rstrip()
    if _NOT_SHOWN.fullmatch(whole.lstrip("🚫 ⊘")):
        return ""
    if (mark := _EDIT_MARK.search(words)) and _EDITED.search(mark[1]):
        words = words[: mark.start()]
    return words


def _is_placeholder(line: str) -> bool:
    bare = line.strip()
    if bare.startswith("<") and _BRACKETED.fullmatch(bare):
        return bool(_MEDIA.search(bare))
    return bool(_ATTACHED.fullmatch(bare) or _OMITTED.fullmatch(bare))
