"""Document collections in the layout of BEIR: ``corpus.jsonl``, alone or in its folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from remem.ingest.base import Item, OnBytes, Problem, ignore_bytes
from remem.ingest.documents import passage_items
from remem.ingest.files import Files
from remem.ingest.jsonstream import JsonLine, json_lines, sniff
from remem.ingest.parsing import as_object, as_text
from remem.ingest.passages import split_passages

_CORPUS = ("corpus.jsonl",)


class BeirReader:
    """A source is a document (its ``_id``), a record a passage of it, under the title as heading.

    Queries and judgements beside the corpus are never read.
    """

    name = "BEIR collection"

    def detect(self, path: Path) -> bool:
        """True if the first line of the corpus has ``_id``, ``title`` and ``text``."""
        files = Files(path)
        return any(
            {"_id", "title", "text"} <= set(sniff(files, member))
            for member in files.members(*_CORPUS)
        )

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Item | Problem]:
        """The passages of each document."""
        files = Files(path, on_bytes)
        for member in files.members(*_CORPUS):
            for line in json_lines(files, member):
                if isinstance(line, Problem):
                    yield line
                else:
                    yield from _document(line, files.locate(member))


def _document(line: JsonLine, path: Path) -> Iterator[Item | Problem]:
    try:
        document = as_object(line.value, "it")
        source = as_text(document.get("_id"), "its _id")
        title = as_text(document.get("title"), "its title")
        text = as_text(document.get("text"), "its text")
        if not source:
            raise ValueError("it has no _id")
    except ValueError as error:
        yield Problem(path, f"the document was skipped: {error}", line.number)
        return
    # A document of a title alone is found by its title.
    passages = split_passages(text if text.strip() else title)
    for item in passage_items(source, passages, path, title=title):
        yield replace(item, line=line.number) if isinstance(item, Problem) else item
