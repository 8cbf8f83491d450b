"""Reading small files that tests write themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from remem.ingest import Item, Problem, Reader, detect_reader
from remem.store import Record


@dataclass
class Reading:
    """All that a reader yielded."""

    format: str
    items: list[Item] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        return [item.record for item in self.items]

    @property
    def texts(self) -> list[str]:
        return [record.text for record in self.records]

    @property
    def keys(self) -> list[str]:
        return [record.key for record in self.records]


@pytest.fixture
def read() -> Callable[..., Reading]:
    """Read a path with the reader that is detected, or with a given one."""

    def run(path: Path, reader: Reader | None = None) -> Reading:
        reader = reader or detect_reader(path)
        reading = Reading(reader.name)
        for one in reader.read(path):
            (reading.items if isinstance(one, Item) else reading.problems).append(one)
        return reading

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write a file under a relative name: a text and bytes as they are, all else as JSON."""

    def run(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = content if isinstance(content, str) else json.dumps(content)
            path.write_text(text, encoding="utf-8", newline="")
        return path

    return run
