"""Documents of many kinds, read as passages.

The key of a passage is made of the digest of its text, not of its place: when an edited document
is read again, the passages that did not change are recognised, wherever they moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.conversion import docx_to_markdown, html_to_markdown, pdf_pages
from remem.ingest.files import Files, Unpacking, check_elements, limits, lines_apart
from remem.ingest.notes import front_matter, links_in
from remem.ingest.office import book, opendocument_text, slides
from remem.ingest.parsing import checked, without_empty
from remem.ingest.passages import Passage, split_passages, titled
from remem.ingest.richtext import rich_text
from remem.ingest.tables import TABLES, paragraphs, table_rows
from remem.ingest.xmlparts import count_elements
from remem.store import InvalidInput, Record, RememError
from remem.store.types import DOCUMENT, WEB

_TEXT = (".txt", ".text", ".rst")
_NOTES = (".md", ".markdown")
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
        converted = _CONVERTERS[suffix](files)
        items = passage_items(
            source,
            converted.passages,
            files.path,
            title=converted.title,
            metadata={**converted.metadata, **(metadata or {})},
            said_at=converted.said_at,
            origin=origin,
        )
        yield from map(_with_links, items) if converted.has_links else items
    except RememError:
        raise
    except Exception as error:  # on a damaged file the libraries raise whatever comes up
        kind = type(error).__name__
        yield Problem(files.path, f"the document cannot be read ({kind}: {error})")


def _with_links(one: Item | Problem) -> Item | Problem:
    """A passage of a note with the names of the notes that it links to."""
    links = [] if isinstance(one, Problem) else links_in(one.record.text)
    if isinstance(one, Problem) or not links:
        return one
    metadata = {**one.record.metadata, "links": links}
    return replace(one, record=replace(one.record, metadata=metadata))


@dataclass(frozen=True, slots=True)
class _Converted:
    """Text of a document, and what is known of all of it."""

    passages: Iterable[Passage | Problem]
    title: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    said_at: datetime | None = None
    has_links: bool = False


def _text(files: Files) -> _Converted:
    problems: list[Problem] = []
    passages = split_passages(_lines(files, problems))
    return _Converted(chain(passages, problems))


def _note(files: Files) -> _Converted:
    known = front_matter(files.head(files.path.name, 1 << 14))
    return replace(
        _text(files),
        title=known.title,
        metadata=known.metadata,
        said_at=known.said_at,
        has_links=True,
    )


def _lines(files: Files, problems: list[Problem]) -> Iterator[str]:
    """The lines of a text with their ends; what is wrong with them goes to ``problems``."""
    for line in lines_apart(files, files.path.name, problems):
        if "\0" in line.text:
            reason = "from this line on, the file is not text"
            problems.append(Problem(files.path, reason, line.number))
            return
        yield line.text + "\n"


def _table(files: Files) -> _Converted:
    problems: list[Problem] = []
    passages = split_passages(paragraphs(table_rows(files), problems))
    return _Converted(chain(passages, problems))


def _html(files: Files) -> _Converted:
    with files.open(files.path.name) as stream:
        page = stream.read()
    check_elements(files.path, page.count(b"<"))
    title, markdown = html_to_markdown(page)
    return _Converted(split_passages(markdown), title)


def _docx(files: Files) -> _Converted:
    with files.open(files.path.name) as stream:
        return _parts(docx_to_markdown(stream, partial(check_elements, files.path)))


def _rich_text(files: Files) -> _Converted:
    with files.open(files.path.name) as stream:
        return _parts(rich_text(stream.read(), partial(check_elements, files.path)))


def _opendocument(files: Files) -> _Converted:
    with files.open(files.path.name) as stream:
        check_elements(files.path, count_elements(stream))
        return _parts(opendocument_text(stream))


def _slides(files: Files) -> _Converted:
    return _Converted(_slide_passages(files))


def _slide_passages(files: Files) -> Iterator[Passage]:
    with files.open(files.path.name) as stream:
        check_elements(files.path, count_elements(stream))
        for number, texts in enumerate(slides(stream), start=1):
            for passage in _passages(texts):
                yield replace(passage, page=number)


def _book(files: Files) -> _Converted:
    with files.open(files.path.name) as stream:
        check_elements(files.path, count_elements(stream, may_name_type=True))
        title, chapters = book(stream, html_to_markdown)
        return _Converted(list(_passages(chapters)), title)


def _parts(texts: Iterable[str]) -> _Converted:
    """The text of a document and what is beside it."""
    return _Converted(_passages(texts))


def _passages(texts: Iterable[str]) -> Iterator[Passage]:
    """The passages of texts one after the other, none of which is of two of them."""
    return chain.from_iterable(map(split_passages, texts))


def _pdf(files: Files) -> _Converted:
    return _Converted(_pdf_passages(files))


def _pdf_passages(files: Files) -> Iterator[Passage | Problem]:
    blank = []
    unpacking = Unpacking(files.path, limits().whole)
    with files.open(files.path.name) as stream:
        for number, texts in enumerate(pdf_pages(stream, unpacking.count), start=1):
            if not "".join(texts).strip():
                blank.append(str(number))
            for passage in _passages(texts):
                yield replace(passage, page=number)
    if blank:
        reason = f"no text on page {', '.join(blank)}; if that is a scan, run OCR on the file first"
        yield Problem(files.path, reason)


_Convert = Callable[[Files], _Converted]
_CONVERTERS: Mapping[str, _Convert] = {
    **dict.fromkeys(_TEXT, _text),
    **dict.fromkeys(_NOTES, _note),
    **dict.fromkeys(_HTML, _html),
    **dict.fromkeys(TABLES, _table),
    **dict.fromkeys((".odt", ".odp", ".ods"), _opendocument),
    ".docx": _docx,
    ".epub": _book,
    ".pdf": _pdf,
    ".pptx": _slides,
    ".rtf": _rich_text,
}
