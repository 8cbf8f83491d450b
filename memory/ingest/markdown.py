"""Memories as a folder of Markdown that people read and edit, and back.

A file is a source, a memory in it a block under a line that says which one it is::

    ---
    remem: 1
    namespace: "ana"
    source: "diary"
    ---

    <!-- remem {"key": "diary#1", "said_at": "2024-05-03T20:30:00+02:00", "speaker": "Ana"} -->
    **Ana**, 3 May 2024, 20:30

    I moved to Faro.

The words are those below the line for people. Read again, words that differ from those that are
stored make a new version; the line for people and blocks that were taken out change nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from remem.dates import readable
from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.files import Files
from remem.recall.names import shown, who
from remem.store import InvalidInput, Record
from remem.versions import is_current

_BEGIN = "---\nremem: 1\n"
_MARK = re.compile(r"^<!-- remem (\{.*\}) -->$", re.MULTILINE)
_LIKE_A_MARK = re.compile(r"^(\\*<!-- remem )", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(\\*<!-- remem )", re.MULTILINE)
_UNSAFE = re.compile(r"[^\w .,@()+-]+")
_FIELDS = (
    "key",
    "position",
    "kind",
    "role",
    "speaker",
    "said_at",
    "expires_at",
    "origin",
    "metadata",
)
_TIMES = ("said_at", "expires_at")
_ENDS = "line ends"
_LONGEST_NAME = 80


def to_markdown(namespace: str, source: str, records: Iterable[Record]) -> str:
    """The file of a source."""
    head = {"namespace": namespace, "source": source}
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in head.items()]
    return _BEGIN + "".join(lines) + "---\n" + "".join(map(_block, records))


def _block(record: Record) -> str:
    values = {name: getattr(record, name) for name in _FIELDS}
    values |= {name: values[name] and values[name].isoformat() for name in _TIMES}
    kept = {name: value for name, value in values.items() if value not in (None, "", {})}
    if ends := len(record.text) - len(record.text.rstrip("\n")):
        kept[_ENDS] = ends  # editors add and take away empty lines at the end of a file
    # In JSON, what ends a comment can be spelt otherwise.
    about = json.dumps(kept, ensure_ascii=False).replace("-->", "--\\u003e")
    speaker = f"**{shown(who(record))}**" if who(record) else ""
    people = ", ".join(filter(None, (speaker, readable(record.said_at)))) or "Note"
    text = _LIKE_A_MARK.sub(r"\\\1", record.text)
    return f"\n<!-- remem {about} -->\n{people}\n\n{text}\n"


class MarkdownReader:
    """Reads files that ``remem export --markdown`` wrote, edited or not."""

    name = "remem Markdown"

    def detect(self, path: Path) -> bool:
        """True if it begins like such a file."""
        if path.suffix.lower() != ".md" or not path.is_file():
            return False
        head = Files(path).head(path.name, len(_BEGIN) + 8).removeprefix("\ufeff")
        return head.replace("\r\n", "\n").startswith(_BEGIN)

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The memories of the file, each for the namespace that it came from."""
        files = Files(path, on_bytes)
        with files.open_text(path.name) as (stream, warning):
            if warning:
                yield warning
            text = stream.read()
        try:
            namespace, source = _head(text)
        except ValueError as error:
            yield Problem(path, f"its first lines do not say whose it is ({error})")
            return
        marks = list(_MARK.finditer(text))
        ends = [*(mark.start() for mark in marks[1:]), len(text)]
        for mark, end in zip(marks, ends, strict=False):  # of no marks there is one end
            line = text.count("\n", 0, mark.start()) + 1
            try:
                yield Item(_record(mark.group(1), text[mark.end() : end], source), namespace)
            except (ValueError, TypeError, RecursionError) as error:
                yield Problem(path, f"a memory was skipped ({error})", line)


def _head(text: str) -> tuple[str, str]:
    """Namespace and source of a file; raises ``ValueError``."""
    lines = text.removeprefix("\ufeff").split("\n---", 1)[0].split("\n")
    values = dict(line.split(": ", 1) for line in lines if ": " in line)
    try:
        namespace, source = (json.loads(values[name]) for name in ("namespace", "source"))
    except KeyError as error:
        raise ValueError(f"there is no {error.args[0]}") from None
    if not (isinstance(namespace, str) and isinstance(source, str)):
        raise ValueError("they are no names")
    return namespace, source


def _record(about: str, block: str, source: str) -> Record:
    values = json.loads(about)
    if not isinstance(values, dict) or not isinstance(values.get("key"), str):
        raise ValueError("its line has no key")
    fields: dict[str, Any] = {name: values[name] for name in _FIELDS if name in values}
    fields |= {name: datetime.fromisoformat(fields[name]) for name in _TIMES if fields.get(name)}
    ends = values.get(_ENDS, 0)
    text = _words(block) + "\n" * (ends if isinstance(ends, int) and ends < 1000 else 0)
    if not text.strip():
        raise ValueError("nothing is left of it; 'remem forget' takes it out")
    return Record(**{"position": 0, **fields, "source": source, "text": text})


def _words(block: str) -> str:
    """The words below the line for people, without the line ends that part blocks."""
    parts = block.split("\n", 3)
    text = parts[3] if len(parts) == 4 and not parts[2].strip() else block.lstrip("\n")
    return _ESCAPED.sub(r"\1", text).rstrip("\n")


def write_folder(
    folder: Path,
    namespace: str,
    records: Iterable[Record],
    is_stored: Callable[[Record], bool],
    own_folder: bool = False,
) -> int:
    """Write the current memories of a namespace, a file for each source; returns how many.

    Args:
        records: By source and position.
        is_stored: Whether a memory of that key says or said this: a file with edits that were not
            imported is not written over.
        own_folder: Put the files of the namespace into a folder of its name.

    Raises:
        InvalidInput: a file is in the way that is none of ours, or was edited since.
    """
    if own_folder:
        folder = folder.joinpath(*_safe(namespace))
    count = 0
    taken: set[Path] = set()
    for source, of_source in groupby(filter(is_current, records), lambda record: record.source):
        path = _file(folder, source, taken)
        taken.add(path)
        kept = list(of_source)
        _refuse_others(path, is_stored)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_text(to_markdown(namespace, source, kept), "utf-8", newline="\n")
        new.replace(path)
        count += len(kept)
    return count


def _file(folder: Path, source: str, taken: set[Path]) -> Path:
    *above, name = _safe(source)
    stem = name.removesuffix(".md")
    for number in range(1, 10_000):
        ending = ".md" if number == 1 else f" ({number}).md"
        path = folder.joinpath(*above, stem + ending)
        if path not in taken:
            return path
    raise InvalidInput(f"there are too many sources called {name!r}; rename some")


def _safe(name: str) -> list[str]:
    """A name as parts of a path that any file system takes."""
    parts = (_UNSAFE.sub("_", part).strip(" .")[:_LONGEST_NAME] for part in name.split("/"))
    return [part for part in parts if part] or ["_"]


def _refuse_others(path: Path, is_stored: Callable[[Record], bool]) -> None:
    if not path.exists():
        return
    reader = MarkdownReader()
    if not reader.detect(path):
        raise InvalidInput(f"{path} is in the way; choose another folder")
    for one in reader.read(path):
        if isinstance(one, Item) and not is_stored(one.record):
            raise InvalidInput(f"{path} was edited; import it first, or choose another folder")


def said_before(versions: Iterable[Record], record: Record) -> bool:
    """True if one of these versions has the words of a record, but for line ends behind them."""
    return any(each.text.rstrip() == record.text.rstrip() for each in versions)
