"""Documents of text, Markdown, HTML, PDF and DOCX, read as passages.

The key of a passage is made of the digest of its text, not of its place: when an edited document
is read again, the passages that did not change are recognised, wherever they moved.
"""

from __future__ import annotations

import codecs
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import IO, Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files, Unpacking, check_elements, limits, text_lines
from remem.ingest.margins import beside_the_body, filled_in
from remem.ingest.parsing import checked, without_empty
from remem.ingest.passages import Passage, split_passages, titled
from remem.store import InvalidInput, MissingDependency, Record, RememError
from remem.store.types import DOCUMENT, WEB

_TEXT = (".txt", ".text", ".md", ".markdown", ".rst")
_HTML = (".html", ".htm", ".xhtml")


class DocumentReader:
    """A document is one source, named by its file; its records are passages.

    ``metadata`` holds the ``headings`` above a passage, outermost first and beginning with the
    title of a web page, and the ``page`` of a PDF. What is HTML has the origin of a web page.
    """

    name = "document"

    def detect(self, path: Path) -> bool:
        """True if it is a file with the ending of a document."""
        return path.is_file() and path.suffix.lower() in _CONVERTERS

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The passages of the document."""
        return self.read_as(path.name, path, on_bytes)

    def read_as(
        self, source: str, path: Path, on_bytes: OnBytes = ignore_bytes
    ) -> Iterator[Item | Problem]:
        """The passages, under another name than the file's."""
        return _read_file(source, Files(path, on_bytes), None)


def read_document(
    document: str | Path,
    *,
    source: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Iterator[Item | Problem]:
    """The passages of a document, as records.

    Args:
        document: The file, as a ``Path``; or the text itself, Markdown or plain, as a ``str``.
        source: Name of the document; None is the file's name, or "text-" and a digest of the text.
        metadata: Put on every record, beside ``headings`` and ``page``.

    Raises:
        InvalidInput: There is no such file, or it is of no known kind.
        MissingDependency: The kind needs an optional package.
    """
    if isinstance(document, Path):
        if not DocumentReader().detect(document):
            known = " ".join(_CONVERTERS)
            raise InvalidInput(f"{document} is not a document that can be read; known are {known}")
        return _read_file(source or document.name, Files(document), metadata)
    source = source or f"text-{_digest(document)}"
    return passage_items(source, split_passages(document), Path(source), metadata=metadata)


def document_records(
    document: str | Path,
    *,
    source: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    origin: str | None = None,
) -> list[Record]:
    """All passages of a document, which must be readable as a whole.

    Args:
        document: A file as a ``Path``, or a string of one line that ends like one; any other
            string is the text itself.
        origin: Where the words come from; None: "web" for HTML, else "document".

    Raises:
        InvalidInput: a part of it cannot be read, or there is no text in it.
        MissingDependency: its kind needs an optional package.
    """
    path = _as_path(document)
    records = []
    for item in read_document(path or document, source=source, metadata=metadata):
        if isinstance(item, Problem):
            raise InvalidInput(str(item))
        record = item.record
        records.append(record if origin is None else replace(record, origin=origin))
    if not records:
        raise InvalidInput(f"there is no text in {path or 'the document'}")
    return records


def _as_path(document: str | Path) -> Path | None:
    """The file that is meant, or None if a string is the text of a document itself."""
    if isinstance(document, Path):
        return document
    path = Path(document) if "\n" not in document and "\0" not in document else None
    return path if path is not None and path.suffix.lower() in _CONVERTERS else None


def passage_items(
    source: str,
    passages: Iterable[Passage | Problem],
    path: Path,
    *,
    title: str = "",
    metadata: Mapping[str, Any] | None = None,
    said_at: datetime | None = None,
    origin: str = DOCUMENT,
) -> Iterator[Item | Problem]:
    """The records of a document's passages, under its title; Problems are passed on."""
    seen: Counter[str] = Counter()
    position = 0
    for passage in passages:
        if isinstance(passage, Problem):
            yield passage
            continue
        passage = titled(passage, title)
        digest = _digest(passage.text)
        seen[digest] += 1
        build = partial(
            Record,
            key=f"{source}#{digest}" + (f"-{seen[digest]}" if seen[digest] > 1 else ""),
            source=source,
            position=position,
            text=passage.text,
            kind="passage",
            said_at=said_at,
            metadata={
                **without_empty({"headings": list(passage.headings), "page": passage.page}),
                **(metadata or {}),
            },
            origin=origin,
        )
        position += 1
        yield from checked(build, path, f"passage {position}")


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _read_file(
    source: str, files: Files, metadata: Mapping[str, Any] | None
) -> Iterator[Item | Problem]:
    suffix = files.path.suffix.lower()
    origin = WEB if suffix in _HTML else DOCUMENT
    try:
        title, passages = _CONVERTERS[suffix](files)
        yield from passage_items(
            source, passages, files.path, title=title, metadata=metadata, origin=origin
        )
    except RememError:
        raise
    except Exception as error:  # on a damaged file the libraries raise whatever comes up
        kind = type(error).__name__
        yield Problem(files.path, f"the document cannot be read ({kind}: {error})")


def _text(files: Files) -> tuple[str, Iterator[Passage | Problem]]:
    problems: list[Problem] = []
    passages = split_passages(_lines(files, problems))
    return "", chain(passages, problems)


def _lines(files: Files, problems: list[Problem]) -> Iterator[str]:
    """The lines of a text with their ends; what is wrong with them goes to ``problems``."""
    for line in text_lines(files, files.path.name):
        if isinstance(line, Problem):
            problems.append(line)
        elif "\0" in line.text:
            reason = "from this line on, the file is not text"
            problems.append(Problem(files.path, reason, line.number))
            return
        else:
            yield line.text + "\n"


def _html(files: Files) -> tuple[str, Iterator[Passage | Problem]]:
    with files.open(files.path.name) as stream:
        page = stream.read()
    check_elements(files.path, page.count(b"<"))
    title, markdown = html_to_markdown(page)
    return title, split_passages(markdown)


def _docx(files: Files) -> tuple[str, Iterator[Passage | Problem]]:
    with files.open(files.path.name) as stream:
        check = partial(check_elements, files.path)
        texts = docx_to_markdown(stream, check)
    return "", chain.from_iterable(map(split_passages, texts))


def _pdf(files: Files) -> tuple[str, Iterator[Passage | Problem]]:
    return "", _pdf_passages(files)


def _pdf_passages(files: Files) -> Iterator[Passage | Problem]:
    blank = []
    unpacking = Unpacking(files.path, limits().whole)
    with files.open(files.path.name) as stream:
        for number, texts in enumerate(pdf_pages(stream, unpacking.count), start=1):
            if not "".join(texts).strip():
                blank.append(str(number))
            for passage in chain.from_iterable(map(split_passages, texts)):
                yield replace(passage, page=number)
    if blank:
        reason = f"no text on page {', '.join(blank)}; if that is a scan, run OCR on the file first"
        yield Problem(files.path, reason)


_Convert = Callable[[Files], tuple[str, Iterator[Passage | Problem]]]
_CONVERTERS: Mapping[str, _Convert] = {
    **dict.fromkeys(_TEXT, _text),
    **dict.fromkeys(_HTML, _html),
    ".docx": _docx,
    ".pdf": _pdf,
}


# HTML, DOCX and PDF to text. The libraries come with the extra ``remem[documents]``.

_EXTRA = "'remem[documents]'"
_DEFINES = re.compile(rb"<!(DOCTYPE|ENTITY)")
_DEEPEST = 500
_PIECE = 1 << 16
_PICTURE = ".svg"
_BEFORE_XML = codecs.BOM_UTF8 + codecs.BOM_UTF16_LE + b" \t\r\n"
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
    if not isinstance(page, bytes) or found is None or page.startswith(codecs.BOM_UTF8):
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
    on_unpacked(_elements(stream))
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
