"""The loop that exports of one JSON array share: element by element, each on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from memory.ingest.base import Problem
from memory.ingest.fields import as_object
from memory.ingest.files import Files
from memory.ingest.jsonstream import json_values, sniff

__all__ = ["CONVERSATION_FILES", "Parse", "first_element_has", "read_elements"]

CONVERSATION_FILES = ("conversations*.json", "*/conversations*.json")
"""Where ChatGPT's and Claude's exports keep conversations; large ones are split into files."""

T = TypeVar("T")

Parse = Callable[[Mapping[str, Any], int, Path], Iterator[T | Problem]]
"""(element, its number from 1, the file) -> what it holds; raises ValueError if it is broken."""


def first_element_has(files: Files, members: Iterable[str], path: str) -> bool:
    """Whether the first element in the first of the files has a key, as in "item.mapping"."""
    return any(path in sniff(files, member) for member in islice(members, 1))


def read_elements(
    files: Files, members: Iterable[str], what: str, parse: Parse[T]
) -> Iterator[T | Problem]:
    """What ``parse`` makes of each element of the files' arrays; ``what`` names one for people."""
    for member in members:
        number = 0
        for element in json_values(files, member):
            if isinstance(element, Problem):
                yield element
                continue
            number += 1
            try:
                yield from parse(as_object(element, "it"), number, files.locate(member))
            except ValueError as error:
                reason = f"{what} {number} was not read to its end: {error}"
                yield Problem(files.locate(member), reason)
