"""Documents that are .zip files of XML: their parts, checked before they are taken apart."""

from __future__ import annotations

import codecs
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import IO
from urllib.parse import unquote
from xml.etree import ElementTree

from remem.store import InvalidInput

_DEFINES = re.compile(rb"<!ENTITY")
_DEFINES_TYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_LONGEST_MARK = len(b"<!DOCTYPE")
_PIECE = 1 << 16
_PICTURE = ".svg"
_BEFORE_XML = codecs.BOM_UTF8 + codecs.BOM_UTF16_LE + b" \t\r\n"


def count_elements(stream: IO[bytes], *, may_name_type: bool = False) -> int:
    """The number of elements of XML in a document, more or less.

    Args:
        may_name_type: Whether a part may begin with the name of its type, as pages do.

    Raises:
        InvalidInput: it defines entities, of which a few make a text of any length.
    """
    forbidden = _DEFINES if may_name_type else _DEFINES_TYPE
    count = 0
    with zipfile.ZipFile(stream) as parts:
        for name in parts.namelist():
            before = b""
            for piece in _xml_of(parts, name):
                count += piece.count(b"<")
                if forbidden.search(before + piece) and not name.lower().endswith(_PICTURE):
                    raise InvalidInput(
                        f"{name} in the document defines entities, as no such document does; save "
                        "it anew with the program that it is from"
                    )
                before = piece[-_LONGEST_MARK:]
    stream.seek(0)
    return count


def _xml_of(parts: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A part, piece by piece, if it is XML, whatever its name says; UTF-16 as if it were UTF-8.

    Never read as a whole: of a part that says that it is short, the whole may be unpacked before
    the rest is thrown away.
    """
    with parts.open(name) as part:
        piece = part.read(_PIECE).replace(b"\0", b"")
        if piece.lstrip(_BEFORE_XML).startswith(b"<"):
            while piece:
                yield piece
                piece = part.read(_PIECE).replace(b"\0", b"")


def tree(parts: zipfile.ZipFile, name: str) -> ElementTree.Element | None:
    """The root of a part, None if there is no such part."""
    try:
        with parts.open(name) as part:
            return ElementTree.parse(part).getroot()
    except KeyError:
        return None


def related(parts: zipfile.ZipFile, name: str) -> dict[str, tuple[str, str]]:
    """The parts that a part of an Office document refers to, by their ids: kind and name."""
    folder, _, file = name.rpartition("/")
    root = tree(parts, f"{folder}/_rels/{file}.rels")
    found = {}
    for each in root if root is not None else ():
        kind = each.get("Type", "").rpartition("/")[2]
        found[each.get("Id", "")] = (kind, beside(name, each.get("Target", "")))
    return found


def beside(name: str, target: str) -> str:
    """The name of a part that another one names relative to itself."""
    target = unquote(target.partition("#")[0])
    if target.startswith("/"):
        return target.lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
