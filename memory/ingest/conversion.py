"""HTML, DOCX and PDF to text, by libraries that come with the extra ``remem[documents]``."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import IO, Any

from remem.ingest.margins import beside_the_body, filled_in
from remem.ingest.xmlparts import count_elements
from remem.store import InvalidInput, MissingDependency

_EXTRA = "'remem[documents]'"
_DEEPEST = 500
_UTF8_MARK = b"\xef\xbb\xbf"
_NOT_SHOWN = ("script", "style", "template", "head", "noscript")
_INVISIBLE = re.compile(r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_DECLARED = re.compile(rb"<(?:meta[^>]+charset|\?xml[^>]+encoding)\s*=\s*[\"']?\s*([\w.:-]+)", re.I)
_DECLARED_WITHIN = 4096


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
        soup = Soup(_decoded(page), "html.parser")
    title = soup.title.get_text(strip=True) if soup.title else ""
    for image in soup.find_all("img"):
        image.replace_with(str(image.get("alt") or ""))
    for element in [*soup.find_all(_NOT_SHOWN), *soup.find_all(_is_hidden)]:
        element.decompose()
    # Words stay as they were written: no backslashes before * and _.
    converter = MarkdownConverter(
        heading_style="ATX", escape_asterisks=False, escape_underscores=False
    )
    return title, str(converter.convert_soup(soup))


def _is_hidden(element: Any) -> bool:
    """True if an element says of itself that browsers do not show it."""
    if "hidden" in element.attrs:
        return True
    return bool(_INVISIBLE.search(str(element.attrs.get("style") or "")))


def _decoded(page: bytes | str) -> bytes | str:
    """The page as a browser decodes it, if it says how; else as it is.

    One that says Latin-1 is in Windows-1252, which has its quotation marks and the euro besides;
    or else it is in UTF-8 in spite of what it says.
    """
    found = _DECLARED.search(page[:_DECLARED_WITHIN]) if isinstance(page, bytes) else None
    if not isinstance(page, bytes) or found is None or page.startswith(_UTF8_MARK):
        return page
    encoding = _AS_BROWSERS_DO.get(found[1].decode("ascii", "replace").lower())
    if encoding is None:
        return page
    try:
        return page.decode()
    except UnicodeDecodeError:
        return page.decode(encoding, "replace")


_AS_BROWSERS_DO = {
    **dict.fromkeys(
        ("iso-8859-1", "iso8859-1", "latin1", "latin-1", "us-ascii", "ascii"), "cp1252"
    ),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    **dict.fromkeys(("tis-620", "iso-8859-11"), "cp874"),
}
"""Encoding that a page names -> the one that it is in, by the WHATWG's standard."""


def docx_to_markdown(stream: IO[bytes], on_unpacked: Callable[[int], None]) -> tuple[str, str]:
    """Text of a Word document; paragraphs in the styles "Heading 1" to 6 become headings.

    The second text is what stands in boxes, comments, headers and footers, each once.

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
    on_unpacked(count_elements(stream))
    without_images = mammoth.images.img_element(lambda image: {"alt": image.alt_text or ""})
    html = mammoth.convert_to_html(
        stream,
        convert_image=without_images,
        include_embedded_style_map=False,  # it would be read as a whole, see _xml_of
    ).value
    body = html_to_markdown(html)[1]
    return body, "\n\n".join(beside_the_body(stream, body))


def pdf_pages(stream: IO[bytes], on_unpacked: Callable[[int], None]) -> Iterator[tuple[str, str]]:
    """The text of each page, and what was filled in or noted on it; both are empty for a page
    without text, such as a scanned image.

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
        text = joined(page.extract_text())
        yield text, "\n".join(filled_in(page, text))


def joined(text: str) -> str:
    """A page's text with the words whole that end a line with a hyphen and go on in the next.

    A hyphen stays where the page has it inside a line, too ("well-known"), or where a second part
    follows that shares the word ("Haupt- und Nebenstraßen").
    """

    def whole(broken: re.Match[str]) -> str:
        first, hyphen, second = broken.groups()
        if second.casefold() in _CONJUNCTIONS:
            return f"{first}{hyphen} {second}"
        if hyphen != "\u00ad" and f"{first}-{second}".casefold() in page:
            return f"{first}-{second}"
        return f"{first}{second}"

    page = text.casefold()
    return _BROKEN.sub(whole, text)


_BROKEN = re.compile(r"([^\W\d_]{2,})([-\u2010\u00ad])[ \t]*\n\s*(?=[a-zß-öø-ÿа-яё])([^\W\d_]+)")
_CONJUNCTIONS = frozenset("and or to und oder bis sowie et ou y o e i en of и или".split())
