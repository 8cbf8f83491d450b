"""HTML, DOCX and PDF to text. The libraries come with the extra ``remem[documents]``."""

from __future__ import annotations

import codecs
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from typing import IO

from store import InvalidInput, MissingDependency

__all__ = ["docx_to_markdown", "html_to_markdown", "pdf_pages"]

_EXTRA = "'remem[documents]'"
_DEFINES = re.compile(rb"<!(DOCTYPE|ENTITY)")
_DEEPEST = 500
_PIECE = 1 << 16
_PICTURE = ".svg"
_BEFORE_XML = codecs.BOM_UTF8 + codecs.BOM_UTF16_LE + b" \t\r\n"
_NOT_SHOWN = ("script", "style", "template", "head")


def html_to_markdown(page: bytes | str) -> tuple[str, str]:
    """Title and text of a web page; its headings, lists, tables and code become Markdown.

    Raises:
        InvalidInput: its elements are nested too deeply to be read.
        MissingDependency: beautifulsoup4 or markdownify is not installed.
    """
    try:
        from bs4 import BeautifulSoup, Tag, XMLParsedAsHTMLWarning
        from markdownify import MarkdownConverter
    except ImportError:
        raise MissingDependency("reading HTML", _EXTRA) from None

    class Soup(BeautifulSoup):
        def pushTag(self, tag: Tag) -> None:  # noqa: N802 - its own name
            super().pushTag(tag)
            if len(self.tagStack) > _DEEPEST:  # the tree would be built, and then be of no use
                raise InvalidInput(
                    f"its elements are nested more than {_DEEPEST:,} deep, as on no page that is "
                    "read; save what you need of it as text"
                )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # XHTML is read well enough
        soup = Soup(page, "html.parser")
    title = soup.title.get_text(strip=True) if soup.title else ""
    for image in soup.find_all("img"):
        image.replace_with(str(image.get("alt") or ""))
    for element in soup.find_all(_NOT_SHOWN):
        element.decompose()
    # Words stay as they were written: no backslashes before * and _.
    converter = MarkdownConverter(
        heading_style="ATX", escape_asterisks=False, escape_underscores=False
    )
    return title, str(converter.convert_soup(soup))


def docx_to_markdown(stream: IO[bytes], on_unpacked: Callable[[int], None]) -> str:
    """Text of a Word document; paragraphs in the styles "Heading 1" to 6 become headings.

    Args:
        on_unpacked: Called with the number of its elements, more or less, before they are read.

    Raises:
        InvalidInput: it defines entities, as no Word document does.
        MissingDependency: mammoth, beautifulsoup4 or markdownify is not installed.
    """
    try:
        import mammoth
    except ImportError:
        raise MissingDependency("reading DOCX", _EXTRA) from None
    on_unpacked(_elements(stream))
    without_images = mammoth.images.img_element(lambda image: {"alt": image.alt_text or ""})
    html = mammoth.convert_to_html(
        stream,
        convert_image=without_images,
        include_embedded_style_map=False,  # it would be read as a whole, see _xml_of
    ).value
    return html_to_markdown(html)[1]


def pdf_pages(stream: IO[bytes], on_unpacked: Callable[[int], None]) -> Iterator[str]:
    """The text of each page; an empty one for a page without text, such as a scanned image.

    Args:
        on_unpacked: Called with the size of what describes a page before it is read, in bytes.

    Raises:
        MissingDependency: pypdf is not installed.
    """
    try:
        from pypdf import PdfReader
    except ImportError:
        raise MissingDependency("reading PDF", _EXTRA) from None
    for page in PdfReader(stream).pages:
        contents = page.get_contents()
        if contents is not None:
            on_unpacked(len(contents.get_data()))
        yield page.extract_text()


def _elements(stream: IO[bytes]) -> int:
    """The number of elements of XML in a Word document, more or less.

    Raises:
        InvalidInput: it defines entities, of which a few make a text of any length.
    """
    count = 0
    with zipfile.ZipFile(stream) as parts:
        for name in parts.namelist():
            before = b""
            for piece in _xml_of(parts, name):
                count += piece.count(b"<")
                if _DEFINES.search(before + piece) and not name.lower().endswith(_PICTURE):
                    raise InvalidInput(
                        f"{name} in the document defines entities, as no Word document does; save "
                        "it anew with Word"
                    )
                before = piece[-len(b"<!DOCTYPE") :]
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
