"""Notes in Markdown as Obsidian and others keep them: what stands before the text, and links.

Only as much of YAML is understood as people write there: a word, a date, a list of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from remem.ingest.parsing import as_time

_BEGIN = re.compile(r"\ufeff?---[ \t]*\r?\n")
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
_LONGEST = 1 << 14
_FIELD = re.compile(r"([\w-]{1,60})[ \t]*:(?:[ \t]+(.*)|[ \t]*)\r?")
_ELEMENT = re.compile(r"[ \t]*-[ \t]+(.*?)\r?")
_KEPT = {"tags": "tags", "tag": "tags", "aliases": "aliases", "alias": "aliases"}
_TIMES = ("date", "created", "created_at", "date created", "datetime")
_LINK = re.compile(r"(!?)\[\[([^\[\]|#^\n]{1,200})(?:[#^|][^\[\]\n]{0,200})?\]\]")
_MEDIA = re.compile(r".*\.(?:png|jpe?g|gif|svg|webp|mp[34]|wav|m4a|webm|mov|pdf)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Facts about a note that stand before its text.

    Attributes:
        metadata: Its ``tags`` and ``aliases``.
        said_at: When it was written, if it says so.
        title: Its title.
    """

    metadata: dict[str, list[str]] = field(default_factory=dict)
    said_at: datetime | None = None
    title: str = ""


def front_matter(text: str) -> FrontMatter:
    """Facts that stand before the text of a note, between lines of three hyphens."""
    begin = _BEGIN.match(text)
    end = _END.search(text, begin.end(), _LONGEST) if begin else None
    if begin is None or end is None:
        return FrontMatter()
    values = dict(_fields(text[begin.end() : end.start()].split("\n")))
    metadata: dict[str, list[str]] = {}
    for name, kept in _KEPT.items():
        words = [word.lstrip("#") for word in values.get(name, []) if word.strip("#")]
        if words:
            metadata.setdefault(kept, []).extend(words)
    times = (value for name in _TIMES for value in values.get(name, []))
    return FrontMatter(metadata, _time(times), " ".join(values.get("title", [])))


def _fields(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    name, values = "", list[str]()
    for line in lines:
        if match := _FIELD.fullmatch(line):
            if name:
                yield name, values
            name, values = match[1].lower(), _words(match[2] or "")
        elif name and (match := _ELEMENT.fullmatch(line)):
            values += [_bare(match[1])] if _bare(match[1]) else []
    if name:
        yield name, values


def _words(value: str) -> list[str]:
    """The words of a value: one, or those of a list in brackets."""
    value = value.strip()
    if value.startswith("[") and value.endswith("]") and not value.startswith("[["):
        return [bare for each in value[1:-1].split(",") if (bare := _bare(each))]
    return [_bare(value)] if _bare(value) else []


def _bare(value: str) -> str:
    """A word without the quotation marks and link brackets around it."""
    return value.strip().strip("\"'").removeprefix("[[").removesuffix("]]").strip()


def _time(values: Iterator[str]) -> datetime | None:
    for value in values:
        try:
            return as_time(value)
        except ValueError:
            continue
    return None


def links_in(text: str) -> list[str]:
    """The notes that a text links to or shows, each once, without their parts."""
    names = (match[2].strip() for match in _LINK.finditer(text))
    return list(dict.fromkeys(name for name in names if name and not _MEDIA.fullmatch(name)))
