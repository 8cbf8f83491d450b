"""Documents of OpenDocument (.odt, .odp, .ods), PowerPoint (.pptx) and e-books (.epub) as text.

Each is a .zip of XML that has been checked by ``count_elements``. The libraries that there are for
them leave out words: notes, comments, boxes, headers and footers.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO
from xml.etree.ElementTree import Element

from remem.ingest.xmlparts import beside, related, tree
from remem.store import InvalidInput

_DEEPEST = 200


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _attribute(element: Element, name: str) -> str:
    """An attribute by its name, whatever namespace it is in."""
    found = (value for key, value in element.attrib.items() if key.rpartition("}")[2] == name)
    return next(found, "")


# OpenDocument

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_NOT_SAID = frozenset(
    f"{_TEXT}{name}" for name in ("tracked-changes", "sequence-decls", "note-citation")
)
_ASIDE = frozenset(("note", "annotation"))
_MARGINS = frozenset(("header", "footer", "header-left", "footer-left", "header-first"))


def opendocument_text(stream: IO[bytes]) -> tuple[str, str]:
    """Text of the document as Markdown, and the notes, comments, headers and footers beside it.

    Raises:
        InvalidInput: it is encrypted, or no document.
    """
    with zipfile.ZipFile(stream) as parts:
        root = tree(parts, "content.xml")
        if root is None:
            raise InvalidInput("there is no content in it; save it anew with its program")
        aside: list[str] = []
        body = "\n\n".join(filter(None, _blocks(root, aside, 0)))
        styles = tree(parts, "styles.xml")
        for element in styles.iter() if styles is not None else ():
            if _name(element) in _MARGINS and element.tag.partition("}")[0].endswith("style:1.0"):
                aside += _blocks(element, aside, 0)
    return body, "\n\n".join(dict.fromkeys(filter(None, aside)))


def _blocks(parent: Element, aside: list[str], depth: int) -> Iterator[str]:
    """The paragraphs, headings, lists and rows in an element."""
    _check(depth)
    for element in parent:
        name = _name(element)
        if element.tag in _NOT_SAID:
            continue
        if name == "h":
            level = _attribute(element, "outline-level")
            marks = "#" * min(int(level) if level.isdecimal() else 1, 6)
            yield _line(f"{marks} ", _inline(element, aside, depth))
        elif name == "p":
            yield _inline(element, aside, depth).strip()
        elif name == "list-item":
            lines = "\n".join(filter(None, _blocks(element, aside, depth + 1)))
            yield _line("- ", lines.replace("\n", "\n  "))
        elif name == "table-row":
            cells = [
                " ".join(filter(None, _blocks(cell, aside, depth + 1)))
                for cell in element
                if _name(cell).endswith("table-cell")
            ]
            yield " | ".join(filter(None, cells))
        else:
            yield from _blocks(element, aside, depth + 1)


def _check(depth: int) -> None:
    if depth > _DEEPEST:
        raise InvalidInput("its elements are nested too deep, as in no document that is read")


def _line(mark: str, text: str) -> str:
    return f"{mark}{text.strip()}" if text.strip() else ""


def _inline(element: Element, aside: list[str], depth: int) -> str:
    """The text in a paragraph; of a box in it, the paragraphs follow on lines of their own."""
    _check(depth)
    pieces = [element.text or ""]
    for child in element:
        name = _name(child)
        if name in _ASIDE:
            aside.append("\n".join(filter(None, _blocks(child, aside, depth + 1))))
        elif name == "s":
            count = _attribute(child, "c")
            pieces.append(" " * min(int(count) if count.isdecimal() else 1, 100))
        elif name in ("tab", "line-break"):
            pieces.append("\t" if name == "tab" else "\n")
        elif name in ("text-box", "table", "list", "p", "h"):
            blocks = _blocks(_holding(child), aside, depth + 1)
            pieces += ["\n", "\n".join(filter(None, blocks)), "\n"]
        elif child.tag not in _NOT_SAID:
            pieces.append(_inline(child, aside, depth + 1))
        pieces.append(child.tail or "")
    return "".join(pieces)


def _holding(child: Element) -> Element:
    holder = Element("holder")
    holder.append(child)
    return holder


# PowerPoint

_TITLES = ("title", "ctrTitle")
_BESIDE_A_SLIDE = ("notesSlide", "comments", "diagramData", "chart")
_NUMBERS = ("sldNum", "dt")


def slides(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    """Text of each slide, its title a heading; and its notes, comments and diagrams.

    Raises:
        InvalidInput: it is no presentation.
    """
    with zipfile.ZipFile(stream) as parts:
        root = tree(parts, "ppt/presentation.xml")
        if root is None:
            raise InvalidInput("there is no presentation in it; save it anew with its program")
        targets = related(parts, "ppt/presentation.xml")
        for identity in [each.get(_RELATION, "") for each in root.iter() if _name(each) == "sldId"]:
            name = targets.get(identity, ("", ""))[1]
            slide = tree(parts, name) if name else None
            if slide is not None:
                body = "\n\n".join(filter(None, _shapes(slide)))
                others = (
                    tree(parts, target)
                    for kind, target in related(parts, name).values()
                    if kind in _BESIDE_A_SLIDE
                )
                more = [text for other in others if other is not None for text in _shapes(other)]
                yield body, "\n\n".join(dict.fromkeys(filter(None, more)))


_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def _shapes(slide: Element) -> Iterator[str]:
    """The paragraphs of a slide, shape by shape, in the order in which they stand in the file."""
    parents = {child: parent for parent in slide.iter() for child in parent}
    kinds = _placeholders(slide, parents)
    for element in slide.iter():
        name = _name(element)
        if name == "tr":
            cells = (" ".join(_words(each) for each in _paragraphs(cell)) for cell in element)
            yield " | ".join(filter(None, map(str.strip, cells)))
        elif element.text and (name == "text" or (name == "v" and _name(parents[element]) == "pt")):
            yield element.text.strip()  # of a comment, or of a chart
        elif name == "p" and _around(element, parents, "tr") is None:
            placeholder = kinds.get(_around(element, parents, "sp"), "")
            text = _words(element).strip()
            if placeholder in _NUMBERS or not text:
                continue
            yield f"# {text}" if placeholder in _TITLES and "\n" not in text else text


def _paragraphs(element: Element) -> Iterator[Element]:
    return (each for each in element.iter() if _name(each) == "p")


def _words(paragraph: Element) -> str:
    pieces = []
    for each in paragraph.iter():
        if _name(each) == "t":
            pieces.append(each.text or "")
        elif _name(each) in ("br", "tab"):
            pieces.append("\n" if _name(each) == "br" else "\t")
    return "".join(pieces)


def _around(element: Element, parents: Mapping[Element, Element], name: str) -> Element | None:
    """The innermost element of a name that an element is in."""
    while element in parents:
        element = parents[element]
        if _name(element) == name:
            return element
    return None


def _placeholders(
    slide: Element, parents: Mapping[Element, Element]
) -> Mapping[Element | None, str]:
    """The kind of place on a slide that a shape fills: "title", "body", "sldNum"."""
    kinds: dict[Element | None, str] = {}
    for each in slide.iter():
        if _name(each) == "ph":
            kinds.setdefault(_around(each, parents, "sp"), each.get("type", ""))
    return kinds


# E-books

_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def book(
    stream: IO[bytes], to_text: Callable[[bytes], tuple[str, str]]
) -> tuple[str, Iterator[str]]:
    """Title of a book, and the text of its chapters in the order in which they are read.

    Args:
        to_text: The function that makes title and text of a page of HTML.

    Raises:
        InvalidInput: it is no book, or locked.
    """
    with zipfile.ZipFile(stream) as parts:
        if tree(parts, "META-INF/rights.xml") is not None:
            raise InvalidInput("it is locked to one reader's account and cannot be read")
        container = tree(parts, "META-INF/container.xml")
        found = container.iter() if container is not None else iter(())
        root = next((each for each in found if _name(each) == "rootfile"), None)
        name = root.get("full-path", "") if root is not None else ""
        package = tree(parts, name) if name else None
        if package is None:
            raise InvalidInput("it lacks the list of its pages; get the book anew")
        title = next((each.text or "" for each in package.iter() if _name(each) == "title"), "")
        pages = _pages(package, name)
    return title.strip(), _chapters(stream, pages, to_text)


def _pages(package: Element, name: str) -> list[str]:
    """The names of the pages, in the order of the spine."""
    items = {
        each.get("id", ""): each
        for each in package.iter()
        if _name(each) == "item" and each.get("media-type") in _PAGES
    }
    order = [each.get("idref", "") for each in package.iter() if _name(each) == "itemref"]
    # What is in the book but in no order comes last; its table of contents repeats its headings.
    rest = [one for one, item in items.items() if one not in order]
    rest = [one for one in rest if "nav" not in items[one].get("properties", "").split()]
    names = [items[one].get("href", "") for one in dict.fromkeys((*order, *rest)) if one in items]
    return [beside(name, each) for each in names]


def _chapters(
    stream: IO[bytes], pages: list[str], to_text: Callable[[bytes], tuple[str, str]]
) -> Iterator[str]:
    with zipfile.ZipFile(stream) as parts:
        names = set(parts.namelist())
        for page in pages:
            if page in names:
                yield to_text(parts.read(page))[1]
