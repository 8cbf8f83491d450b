"""Rich Text Format as text. (striprtf, measured with 0.0.35, leaves out notes, comments, headers,
footers and boxes.)

A file is a tree of groups in braces, with control words like ``\\par`` in it. Most groups hold what
people see; some hold fonts and colours, and of those that a program may skip, ``\\*``, nearly all.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from remem.ingest.parsing import linked
from remem.store import InvalidInput

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?\x20?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+"
    rb"|([^\\{}\r\n]+)"
)
_HIDDEN = frozenset(
    b"fonttbl colortbl stylesheet info listtable listoverridetable listtext pntext pict objdata"
    b" themedata colorschememapping datastore latentstyles generator rsidtbl xmlnstbl fchars lchars"
    b" nonshppict shprslt bkmkstart bkmkend filetbl revtbl template pgptbl mmathPr pnseclvl sn sv"
    b" fldtype datafield ffname formfield atnid atnauthor atndate atnref atrfstart atrfend private"
    b" passwordhash userprops operator author company wgrffmtfilter".split()
)
_ASIDE = frozenset(
    b"footnote annotation header headerl headerr headerf footer footerl footerr footerf shptxt"
    b" dptxbxtext".split()
)
_SIGNS = {
    b"par": "\n\n",
    b"sect": "\n\n",
    b"page": "\n\n",
    b"row": "\n",
    b"nestrow": "\n",
    b"line": "\n",
    b"tab": "\t",
    b"cell": " | ",
    b"nestcell": " | ",
    b"bullet": "\u2022",
    b"emdash": "\u2014",
    b"endash": "\u2013",
    b"lquote": "\u2018",
    b"rquote": "\u2019",
    b"ldblquote": "\u201c",
    b"rdblquote": "\u201d",
    b"emspace": "\u2003",
    b"enspace": "\u2002",
    b"qmspace": "\u2005",
    b"~": "\xa0",
    b"_": "\u2011",
    b"-": "",
    b"\n": "\n\n",
    b"\r": "\n\n",
    b"{": "{",
    b"}": "}",
    b"\\": "\\",
}
_CHARSETS = {
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
_LINK = re.compile(r'HYPERLINK\s+"([^"]{1,2000})"')
_DEEPEST = 2000
_MOST_LEVELS = 6


@dataclass(frozen=True, slots=True)
class _Group:
    """State that ends with its group.

    Attributes:
        into: Where text goes: "body", "aside", "fonts", "code" (of a field), or "" for nowhere.
        skipped: Characters that stand for a \\u before them, for programs that cannot read it.
    """

    into: str = "body"
    font: int = -1
    skipped: int = 1
    is_field: bool = False
    is_optional: bool = False


@dataclass(slots=True)
class _Reading:
    """All that is known while a file is read."""

    encoding: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(
        default_factory=lambda: {"body": [], "aside": [], "code": []}
    )
    raw: bytearray = field(default_factory=bytearray)
    font: int = -1
    links: list[tuple[str, int]] = field(default_factory=list)


def rich_text(data: bytes, on_elements: Callable[[int], None]) -> tuple[str, str]:
    """Text of a document, and its notes, comments, boxes, headers and footers.

    Args:
        on_elements: Called with the number of its groups and control words before they are read.

    Raises:
        InvalidInput: its groups are nested too deeply.
    """
    on_elements(data.count(b"\\") + data.count(b"{"))
    reading = _Reading()
    groups = [_Group()]
    left = 0  # characters that stand for a \u
    place = 0
    while match := _TOKEN.search(data, place):
        place = match.end()
        word, number, code, sign, brace, text = match.groups()
        if brace == b"{":
            _flush(reading, groups[-1])
            if len(groups) > _DEEPEST:
                raise InvalidInput("its groups are nested too deep, as in no document that is read")
            groups.append(replace(groups[-1], is_field=False, is_optional=False))
        elif brace:
            _close(reading, groups)
        elif code or text:
            raw = bytes.fromhex(code.decode()) if code else text
            reading.raw += raw[left:] if left < len(raw) else b""
            left = max(0, left - len(raw))
        elif word == b"u" and number:
            _flush(reading, groups[-1])
            _write(reading, groups[-1], chr(int(number) % 0x10000))
            left = groups[-1].skipped
        elif word == b"bin":
            place += max(0, int(number or 0))
        elif sign == b"*":
            groups[-1] = replace(groups[-1], is_optional=True)
        elif word or sign:
            _flush(reading, groups[-1])
            left = 0
            groups[-1] = _after(reading, groups[-1], word or sign, int(number or 0))
    _flush(reading, groups[-1])
    return _whole(reading.texts["body"]), _whole(reading.texts["aside"])


def _after(reading: _Reading, group: _Group, word: bytes, number: int) -> _Group:
    """The state of a group after a control word."""
    if word in _HIDDEN:
        return replace(group, into="fonts" if word == b"fonttbl" else "")
    if word in _ASIDE:
        _new_paragraph(reading, "aside")
        return replace(group, into="aside", is_optional=False)
    if word == b"fldinst":
        return replace(group, into="code", is_optional=False)
    if group.is_optional:  # an unknown one, which programs may skip
        return replace(group, into="", is_optional=False)
    if word == b"field":
        reading.links.append(("", len(reading.texts["body"])))
        return replace(group, is_field=True)
    if word in _SIGNS:
        _write(reading, group, _SIGNS[word])
    elif word == b"ansicpg":
        reading.encoding = _known(f"cp{number}", reading.encoding)
    elif word == b"uc":
        return replace(group, skipped=max(0, min(number, 100)))
    elif word == b"f":
        reading.font = number
        return replace(group, font=number)
    elif word == b"fcharset" and group.into == "fonts":
        reading.fonts[group.font] = _CHARSETS.get(number, "")
    elif word == b"outlinelevel" and 0 <= number < _MOST_LEVELS:
        _write(reading, group, f"{'#' * (number + 1)} ")
    return group


def _close(reading: _Reading, groups: list[_Group]) -> None:
    _flush(reading, groups[-1])
    group = groups.pop() if len(groups) > 1 else groups[-1]
    if group.into == "code" and groups[-1].into != "code":
        found = _LINK.search("".join(reading.texts["code"]))
        reading.texts["code"].clear()
        if found and reading.links:
            reading.links[-1] = (found[1], reading.links[-1][1])
    elif group.into == "aside" and groups[-1].into != "aside":
        _new_paragraph(reading, "aside")
    elif group.is_field and reading.links:
        link, begin = reading.links.pop()
        body = reading.texts["body"]
        if "://" in link and begin < len(body):
            body[begin:] = [linked("".join(body[begin:]), link)]


def _flush(reading: _Reading, group: _Group) -> None:
    """Decode the bytes that have come together, which may be two for a character."""
    if reading.raw:
        encoding = reading.fonts.get(group.font) or reading.encoding
        _write(reading, group, reading.raw.decode(encoding, "replace"))
        reading.raw.clear()


def _write(reading: _Reading, group: _Group, text: str) -> None:
    if group.into in reading.texts:
        reading.texts[group.into].append(text)


def _new_paragraph(reading: _Reading, into: str) -> None:
    reading.texts[into].append("\n\n")


def _known(encoding: str, otherwise: str) -> str:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return otherwise
    return encoding


def _whole(pieces: list[str]) -> str:
    """The text; of a character above 0xFFFF, the file has two halves."""
    text = "".join(pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    lines = (line.strip(" ").removesuffix("|").rstrip() for line in text.split("\n"))
    return "\n".join(_without_blanks(lines)).strip()


def _without_blanks(lines: Iterator[str]) -> Iterator[str]:
    """The lines with one empty one at most between paragraphs."""
    was_empty = False
    for line in lines:
        if line or not was_empty:
            yield line
        was_empty = not line
