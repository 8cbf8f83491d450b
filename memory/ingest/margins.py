"""Words beside the text of a document: headers, footers, boxes and comments, values of forms."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any
from xml.etree import ElementTree

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARTS = re.compile(r"word/(?:document|comments|header\d*|footer\d*)\.xml")
_BODY = "word/document.xml"
_BOX = f"{_WORD}txbxContent"
_FIELD = f"{_WORD}fldSimple"
_PARAGRAPH = f"{_WORD}p"
_SPACES = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n"}
_IS_PASSWORD = 1 << 13
_NOTED = ("/FreeText", "/Text")


def beside_the_body(document: IO[bytes], body: str) -> Iterator[str]:
    """The paragraphs of a Word document that its body lacks, each once.

    Args:
        document: A .docx that has been checked: no entities, and not too many elements.
        body: What was read of it.
    """
    known = _bare(body)
    seen: set[str] = set()
    with zipfile.ZipFile(document) as parts:
        for name in sorted(filter(_PARTS.fullmatch, parts.namelist())):
            with parts.open(name) as part:
                root = ElementTree.parse(part).getroot()
            for paragraph in _beside(root) if name == _BODY else root.iter(_PARAGRAPH):
                text = _text(paragraph).strip()
                bare = _bare(text)
                if bare and bare not in known and bare not in seen:
                    seen.add(bare)
                    yield text


def _beside(body: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """The paragraphs in boxes, and those with a field of which the text leaves out the words."""
    for box in body.iter(_BOX):
        yield from box.iter(_PARAGRAPH)
    for paragraph in body.iter(_PARAGRAPH):
        if next(paragraph.iter(_FIELD), None) is not None:
            yield paragraph


def _text(paragraph: ElementTree.Element) -> str:
    pieces = []
    for element in paragraph.iter():
        pieces.append(_SPACES.get(element.tag, ""))
        if element.tag == f"{_WORD}t":
            pieces.append(element.text or "")
    return "".join(pieces)


def _bare(text: str) -> str:
    return "".join(text.split())


def filled_in(page: Any, text: str) -> Iterator[str]:
    """The values in a PDF page's form and the notes on it that its text lacks; of a field, the
    name that people see.

    Args:
        page: A page of pypdf.
        text: What was read of it.
    """
    for reference in page.get("/Annots") or ():
        note = reference.get_object()
        kind = note.get("/Subtype")
        words = note.get("/Contents") if kind in _NOTED else None
        if kind == "/Widget" and not int(_inherited(note, "/Ff") or 0) & _IS_PASSWORD:
            words = _value(_inherited(note, "/V"))
        if isinstance(words, str) and words.strip() and words not in text:
            label = _inherited(note, "/TU")  # the name for people; the other one is "Text1"
            yield f"{label}: {words}" if isinstance(label, str) else words


def _inherited(field: Any, name: str) -> Any:
    """An entry of a field, or of the field that it is a part of."""
    for _ in range(10):  # one that is a part of itself would have no end
        if name in field:
            return field[name]
        if "/Parent" not in field:
            return None
        field = field["/Parent"].get_object()
    return None


def _value(value: Any) -> str:
    """Words that were written or chosen; a box that is not checked has the value /Off."""
    values = value if isinstance(value, list) else [value]
    texts = [str(each).removeprefix("/") for each in values if isinstance(each, str)]
    return ", ".join(text for text in texts if text.strip() and text != "Off")
