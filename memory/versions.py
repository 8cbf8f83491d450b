"""How versions of a memory are named: ``key``, then ``key~2``, ``key~3`` and so on. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["next_version", "root", "versions"]

_VERSION = re.compile(r"(.+)~([2-9]|[1-9]\d+)", re.DOTALL)


def root(key: str) -> str:
    """The key of the first version."""
    found = _VERSION.fullmatch(key)
    return found[1] if found else key


def next_version(key: str) -> str:
    """The key of the version after this one."""
    found = _VERSION.fullmatch(key)
    return f"{found[1]}~{int(found[2]) + 1}" if found else f"{key}~2"


def versions(first: str) -> Iterator[str]:
    """All keys that the versions of a memory can have, oldest first, without end."""
    key = first
    while True:
        yield key
        key = next_version(key)
