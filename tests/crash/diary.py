"""What a process was about to write and what was acknowledged to it, for who looks after its end.

One JSON object a line: ``["begin", add, delete, supersede]``, then ``["done"]`` when the store has
acknowledged it. Lines reach the kernel before the next step, so SIGKILL takes none of them back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Diary", "Expected", "read"]


class Diary:
    """Written by the process that may be killed."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def begin(
        self,
        add: Sequence[str] = (),
        delete: Sequence[str] = (),
        supersede: Mapping[str, str] | None = None,
    ) -> None:
        """Say what is about to be written."""
        self._line(["begin", list(add), list(delete), dict(supersede or {})])

    def done(self) -> None:
        """Say that the store acknowledged it."""
        self._line(["done"])

    def _line(self, item: list[object]) -> None:
        os.write(self._file, json.dumps(item).encode() + b"\n")


@dataclass
class Expected:
    """The keys that a store must hold, and those of them that are superseded."""

    keys: set[str] = field(default_factory=set)
    superseded: set[str] = field(default_factory=set)

    def after(
        self, add: Sequence[str], delete: Sequence[str], supersede: Mapping[str, str]
    ) -> Expected:
        """The same after one more batch."""
        keys = (self.keys - set(delete)) | set(add)
        return Expected(keys, ((self.superseded - set(delete)) | set(supersede)) & keys)


def read(path: Path, start: Expected) -> Iterator[Expected]:
    """The states that are right at the end: all acknowledged batches, and, if one was cut short,
    the same with that one carried out as a whole."""
    state, begun = start, None
    for line in path.read_text().splitlines() if path.exists() else ():
        kind, *batch = json.loads(line)
        if kind == "begin":
            begun = state.after(*batch)
        elif begun is not None:
            state, begun = begun, None
    yield state
    if begun is not None:
        yield begun
