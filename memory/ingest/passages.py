"""Splitting documents into passages: pure, streaming, and without losing a word.

A passage is an exact piece of the document: up to about 200 words of whole paragraphs that stand
under one heading. Only a paragraph that is too long alone is cut: at the end of a sentence, or
else of a line, or else of a word. A block of code stays whole up to twice that size.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

_WORDS = 200
_CODE_WORDS = 2 * _WORDS
_BLOCK_CHARACTERS = 60_000  # bounds the memory for a paragraph or code block that never ends
_HEADING_CHARACTERS = 200  # a longer line is not a heading, whatever it begins with

# Scripts without spaces: Thai, Lao, Burmese, Khmer, kana, Han. About two characters make a word.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_UNSPACED_CHARACTER = re.compile(f"[{_UNSPACED}]")
# A run of characters longer than any word (a base64 image) counts as several, so it can be cut.
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s{_UNSPACED}]{{1,40}}")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])[”’」』）]*\s*")
_LINE_END = re.compile(r"\n|\r\n?")
_PROSE = (_SENTENCE_END, _LINE_END, _WORD)
_CODE = (_LINE_END, _WORD)

_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*)")
_UNDERLINE = re.compile(r"=+|-{2,}")
_LEADING_BLANK_LINES = re.compile(r"\A\s*[\r\n]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, word for word.

    Attributes:
        text: The words, without the white space around them.
        headings: What the passage stands under, outermost first.
        page: The page it stands on, counted from 1, if the document has pages.
    """

    text: str
    headings: tuple[str, ...] = ()
    page: int | None = None


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph, heading or block of code, with the blank lines that follow it."""

    text: str
    level: int = 0
    title: str = ""
    is_code: bool = False


def titled(passage: Passage, title: str) -> Passage:
    """The passage under the title of its document, unless it stands under such a heading."""
    if not title or title in passage.headings:
        return passage
    return replace(passage, headings=(title, *passage.headings))


def count_words(text: str) -> float:
    """Number of words in a text; a character of a script without spaces is half a word."""
    words = len(_WORD.findall(text))
    return words if text.isascii() else words - len(_UNSPACED_CHARACTER.findall(text)) / 2


def split_passages(document: str | Iterable[str]) -> Iterator[Passage]:
    """The passages of a Markdown or plain text, given whole or as its lines with their ends.

    The passages one after the other hold every character of the document that is not white space.
    """
    lines = io.StringIO(document, newline="") if isinstance(document, str) else document
    outline: list[_Block] = []
    pending: list[str] = []
    size, has_body = 0.0, False
    for block in _blocks(lines):
        for piece in _pieces(block):
            words = count_words(piece)
            is_full = size + words > _WORDS and (has_body or size > _WORDS)
            if pending and (is_full or (block.level and has_body)):
                yield from _passage(pending, outline)
                pending, size, has_body = [], 0.0, False
            if block.level:
                outline = [above for above in outline if above.level < block.level] + [block]
            pending.append(piece)
            size += words
            has_body = has_body or (words > 0 and not block.level)
    yield from _passage(pending, outline)


def _passage(pieces: Sequence[str], outline: Sequence[_Block]) -> Iterator[Passage]:
    text = _LEADING_BLANK_LINES.sub("", "".join(pieces)).rstrip()
    if text:
        yield Passage(text, tuple(heading.title for heading in outline))


def _blocks(lines: Iterable[str]) -> Iterator[_Block]:
    """The blocks of a document, in order; joined they are the document again."""
    block: list[str] = []
    size, fence = 0, ""
    for line in lines:
        bare = line.strip()
        size += len(line)
        if fence:
            block.append(line)
            is_closed = bare.startswith(fence) and not bare.strip(fence[0])
            if is_closed or size > _BLOCK_CHARACTERS:
                yield _Block("".join(block), is_code=True)
                block, size, fence = [], 0, "" if is_closed else fence
        elif heading := _underlined(block, line):
            yield heading
            block, size = [], 0
        else:
            heading, opening = _numbered(line), _FENCE.match(line)
            is_next = bare and block and not block[-1].strip()
            if block and (heading or opening or is_next or size > _BLOCK_CHARACTERS):
                yield _Block("".join(block))
                block, size = [], len(line)
            if heading:
                yield heading
            else:
                block.append(line)
                fence = opening.group(1) if opening else ""
    yield _Block("".join(block), is_code=bool(fence))


def _numbered(line: str) -> _Block | None:
    """The heading that a line with number signs before it is: ``## Title``."""
    match = _ATX.match(line)
    if not match or len(line) > _HEADING_CHARACTERS:
        return None
    title = match.group(2).strip()
    words, _, last = title.rpartition(" ")
    is_closed = words and not last.strip("#")
    return _Block(line, level=len(match.group(1)), title=words.rstrip() if is_closed else title)


def _underlined(block: Sequence[str], line: str) -> _Block | None:
    """The heading that one line and a line of ``===`` or ``---`` below it are together."""
    if len(block) != 1 or not _UNDERLINE.fullmatch(line.strip()):
        return None
    title = block[0].strip()
    if not title or len(title) > _HEADING_CHARACTERS:
        return None
    return _Block(block[0] + line, level=1 if "=" in line else 2, title=title)


def _pieces(block: _Block) -> Iterator[str]:
    limit, ends = (_CODE_WORDS, _CODE) if block.is_code else (_WORDS, _PROSE)
    return _cut(block.text, limit, ends)


def _cut(text: str, limit: int, ends: Sequence[re.Pattern[str]]) -> Iterator[str]:
    """Pieces of at most ``limit`` words that end where the first of the patterns ends; a piece
    that is still too long is cut by the patterns after it."""
    if not ends or count_words(text) <= limit:
        yield text
        return
    for piece in _joined(_units(text, ends[0]), limit):
        yield from _cut(piece, limit, ends[1:])


def _joined(units: Iterable[str], limit: int) -> Iterator[str]:
    """Neighbouring units joined as long as they have at most ``limit`` words together."""
    pending: list[str] = []
    size = 0.0
    for unit in units:
        words = count_words(unit)
        if pending and size + words > limit:
            yield "".join(pending)
            pending, size = [], 0.0
        pending.append(unit)
        size += words
    yield "".join(pending)


def _units(text: str, end: re.Pattern[str]) -> Iterator[str]:
    start = 0
    for match in end.finditer(text):
        yield text[start : match.end()]
        start = match.end()
    yield text[start:]
