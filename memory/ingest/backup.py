"""Reader of backups that ``remem export`` wrote, as one more format to import."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from remem import transfer
from remem.departed import Digests
from remem.ingest.base import Found, Item, OnBytes, Problem, ignore_bytes
from remem.store.errors import InvalidInput


class BackupReader:
    """Reads an export line by line, so that a damaged line costs that line and not the rest."""

    name = "remem export"

    def detect(self, path: Path) -> bool:
        """True if the first line is the header of an export."""
        try:
            with path.open("rb") as file:
                return bool(json.loads(file.readline(100)) == transfer.HEADER)
        except (OSError, ValueError):
            return False

    def read(self, path: Path, on_bytes: OnBytes = ignore_bytes) -> Iterator[Found]:
        """The records, each for the namespace that it came from, and the digests of what went."""
        with path.open("rb") as file:
            on_bytes(len(file.readline()))
            for number, line in enumerate(file, start=2):
                on_bytes(len(line))
                try:
                    found = transfer.from_line(path, number, line.decode())
                    if isinstance(found, tuple):
                        namespace, record = found
                        yield Item(record, namespace)
                    elif found:
                        yield Digests({salt: frozenset(each) for salt, each in found.items()})
                except (InvalidInput, UnicodeDecodeError):
                    yield Problem(path, "the line is not a record of an export", number)
