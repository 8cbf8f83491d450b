"""Translations: catalogues of GNU gettext (.po) and exchange files of translation memories (.tmx).

A record is a sentence, and its translations stand in the metadata; see ``remem.languages``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import READ_ERRORS, Files
from remem.ingest.parsing import as_time
from remem.languages import TRANSLATION, tag
from remem.store import Record
from remem.store.types import DOCUMENT

_HEAD = 1 << 14


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence with its translations.

    Attributes:
        lang: Of the sentence.
        translations: Language -> translation.
        about: Further metadata.
    """

    text: str
    lang: str
    translations: Mapping[str, str]
    said_at: datetime | None = None
    about: Mapping[str, str] = field(default_factory=dict)

    def record(self, source: str, position: int) -> Record:
        """The unit as a record of a source."""
        metadata = {"lang": self.lang, "translations": dict(self.translations), **self.about}
        content = repr((self.text, sorted(self.translations.items()), sorted(self.about.items())))
        return Record(
            key=f"{source}#{sha256(content.encode('utf-8')).hexdigest()[:16]}",
            source=source,
            position=position,
            text=self.text,
            kind=TRANSLATION,
            said_at=self.said_at,
            metadata=metadata,
            origin=DOCUMENT,
        )


class PoReader:
    """A source is a file, a record a message with its translation; of a plural, one for each form.

    Left out: what is marked as fuzzy or obsolete, and what has no translation.
    """

    name = "gettext catalogue"

    def detect(self, path: Path) -> bool:
        """True if it is a .po file that begins with an entry."""
        files = Files(path)
        is_po = files.is_single and path.suffix.lower() == ".po"
        return is_po and re.search(r'^msgid "', files.head(path.name, _HEAD), re.M) is not None

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The messages, in the order of the file."""
        return self.read_as(path.name, path, on_bytes)

    def read_as(
        self, source: str, path: Path, on_bytes: OnBytes = ignore_bytes
    ) -> Iterator[Item | Problem]:
        """The messages, under another name of the file."""
        position = 0
        language, said_at = "", None
        try:
            with Files(path, on_bytes).open_text(path.name) as (stream, warning):
                if warning:
                    yield warning
                for entry in _entries(stream):
                    if entry.message == "":
                        headers = _headers(entry.forms.get(0, ""))
                        language = tag(headers.get("language", "")) or language
                        said_at = _revised(headers.get("po-revision-date", ""))
                    for unit in entry.units(language, said_at) if language else ():
                        yield Item(unit.record(source, position))
                        position += 1
        except READ_ERRORS as error:
            yield Problem(path, f"the file cannot be read any further ({error})")
        if not language:
            yield Problem(
                path,
                "its header names no language, so nothing was read; add a line Language: to it",
            )


@dataclass(slots=True)
class _Entry:
    """An entry of a catalogue, as it is being read."""

    context: str | None = None
    message: str | None = None
    plural: str | None = None
    forms: dict[int, str] = field(default_factory=dict)
    is_fuzzy: bool = False

    def units(self, language: str, said_at: datetime | None) -> Iterator[_Unit]:
        """The pairs of it that can be used; messages are English, as gettext advises."""
        if self.is_fuzzy or not self.message or not self.forms:
            return
        about = {"context": self.context} if self.context else {}
        pairs = {self.message: self.forms[min(self.forms)]}
        if self.plural:
            pairs[self.plural] = self.forms[max(self.forms)]
        for message, translation in pairs.items():
            if message.strip() and translation.strip():
                yield _Unit(message, "en", {language: translation}, said_at, about)


_KEYWORD = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr)(?:\[(\d+)\])?\s*"(.*)"\s*$')
_MORE = re.compile(r'\s*"(.*)"\s*$')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def _entries(lines: IO[str]) -> Iterator[_Entry]:
    """The entries of a catalogue; what is no part of one is passed over."""
    entry = _Entry()
    place: tuple[str, int] | None = None
    for line in lines:
        if line.startswith("#"):
            if entry.forms:
                yield entry
                entry, place = _Entry(), None
            entry.is_fuzzy |= line.startswith("#,") and "fuzzy" in line
        elif found := _KEYWORD.match(line):
            keyword, number, text = found.groups()
            if entry.forms and keyword in ("msgctxt", "msgid"):
                yield entry
                entry = _Entry()
            place = keyword, int(number or 0)
            _append(entry, place, text)
        elif place and (more := _MORE.match(line)):
            _append(entry, place, more.group(1))
    if entry.forms:
        yield entry


def _append(entry: _Entry, place: tuple[str, int], quoted: str) -> None:
    keyword, number = place
    text = _ESCAPED.sub(lambda match: _ESCAPES.get(match.group(1), match.group(1)), quoted)
    if keyword == "msgstr":
        entry.forms[number] = entry.forms.get(number, "") + text
    elif keyword == "msgid":
        entry.message = (entry.message or "") + text
    elif keyword == "msgid_plural":
        entry.plural = (entry.plural or "") + text
    else:
        entry.context = (entry.context or "") + text


def _headers(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _revised(text: str) -> datetime | None:
    try:
        return as_time(text)
    except ValueError:
        return None  # a template has "YEAR-MO-DA HO:MI+ZONE"


class TmxReader:
    """A source is a file, a record a unit: the sentence in the file's source language, its
    translations into all others in the metadata."""

    name = "translation memory (TMX)"

    def detect(self, path: Path) -> bool:
        """True if it is a .tmx file with the element of one."""
        files = Files(path)
        is_tmx = files.is_single and path.suffix.lower() == ".tmx"
        return is_tmx and "<tmx" in files.head(path.name, _HEAD)

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The units, in the order of the file."""
        return self.read_as(path.name, path, on_bytes)

    def read_as(
        self, source: str, path: Path, on_bytes: OnBytes = ignore_bytes
    ) -> Iterator[Item | Problem]:
        """The units, under another name of the file."""
        try:
            with Files(path, on_bytes).open(path.name) as stream:
                for position, unit in enumerate(_units(stream), 1):
                    if unit is None:
                        reason = f"unit {position} was skipped: it is not in two languages"
                        yield Problem(path, reason)
                    else:
                        yield Item(unit.record(source, position - 1))
        except (*READ_ERRORS, ElementTree.ParseError) as error:
            yield Problem(path, f"the file cannot be read any further ({error})")


_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def _units(stream: IO[bytes]) -> Iterator[_Unit | None]:
    """The units; None for one that is not in two languages."""
    original = ""
    body: ElementTree.Element | None = None
    for event, element in ElementTree.iterparse(stream, ("start", "end")):
        if event == "start":
            if element.tag == "header":
                original = tag(element.get("srclang", "").replace("*all*", ""))
            elif element.tag == "body":
                body = element
        elif element.tag == "tu":
            yield _unit(element, original)
            if body is not None:
                body.clear()  # memory must not grow with the file


def _unit(element: ElementTree.Element, original: str) -> _Unit | None:
    texts: dict[str, str] = {}
    for variant in element.iter("tuv"):
        language = tag(variant.get(_LANG) or variant.get("lang") or "")
        segment = variant.find("seg")
        text = "" if segment is None else "".join(segment.itertext())
        if language and text.strip():
            texts.setdefault(language, text)
    original = tag(element.get("srclang", "")) or original
    source = original if original in texts else next(iter(texts), "")
    translations = {language: text for language, text in texts.items() if language != source}
    if not translations:
        return None
    changed = element.get("changedate") or element.get("creationdate") or ""
    return _Unit(texts[source], source, translations, _stamp(changed))


def _stamp(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
