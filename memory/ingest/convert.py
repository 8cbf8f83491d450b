"""HTML, DOCX and PDF to text. The libraries come with the extra ``remem[documents]``."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import IO

from store import MissingDependency

__all__ = ["docx_to_markdown", "html_to_markdown", "pdf_pages"]

_EXTRA = "'remem[documents]'"
_NOT_SHOWN = ("script", "style", "template", "head")


def html_to_markdown(page: bytes | str) -> tuple[str, str]:
    """Title and text of a web page; its headings, lists, tables and code become Markdown.

    Raises:
        MissingDependency: beautifulsoup4 or markdownify is not installed.
    """
    try:
        from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
        from markdownify import MarkdownConverter
    except ImportError:
        raise MissingDependency("reading HTML", _EXTRA) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # XHTML is read well enough
        soup = BeautifulSoup(page, "html.parser")
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


def docx_to_markdown(stream: IO[bytes]) -> str:
    """Text of a Word document; paragraphs in the styles "Heading 1" to 6 become headings.

    Raises:
        MissingDependency: mammoth, beautifulsoup4 or markdownify is not installed.
    """
    try:
        import mammoth
    except ImportError:
        raise MissingDependency("reading DOCX", _EXTRA) from None
    without_images = mammoth.images.img_element(lambda image: {"alt": image.alt_text or ""})
    html = mammoth.convert_to_html(stream, convert_image=without_images).value
    return html_to_markdown(html)[1]


def pdf_pages(stream: IO[bytes]) -> Iterator[str]:
    """The text of each page; an empty one for a page without text, such as a scanned image.

    Raises:
        MissingDependency: pypdf is not installed.
    """
    try:
        from pypdf import PdfReader
    except ImportError:
        raise MissingDependency("reading PDF", _EXTRA) from None
    for page in PdfReader(stream).pages:
        yield page.extract_text()
