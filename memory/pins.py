"""Pinned memories: those that are in every prompt, whatever it is about.

A memory is pinned by its metadata, ``{"pinned": True}``, so that it is exported, filtered and
forgotten like any other, and holds in all sessions of its namespace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from memory.recall.ranking import Recollection
from store import F, Filter, InvalidInput, Reader, Record

if TYPE_CHECKING:
    from memory.engine import Memory

__all__ = ["pin", "pinned", "unpin", "with_pinned"]

_PINNED = F("metadata.pinned") == True  # noqa: E712
_MOST = 100


def pinned(reader: Reader, namespace: str, where: Filter | None) -> list[Record]:
    """The pinned memories, the newest first; at most 100."""
    records = reader.find(namespace, _PINNED if where is None else _PINNED & where, _MOST)
    return sorted(records, key=lambda record: (str(record.stored_at), record.key), reverse=True)


def with_pinned(pins: list[Record], found: list[Recollection]) -> list[Recollection]:
    """What was found for a question, behind what is pinned; each memory once."""
    first = [Recollection(record, 1.0, 1.0, {"pinned": 1.0}) for record in pins]
    keys = {record.key for record in pins}
    return [*first, *(one for one in found if one.record.key not in keys)]


def pin(memory: Memory, key: str) -> Record:
    """Put a memory in every prompt from now on; returns its present version.

    Raises:
        InvalidInput: no memory has the key.
    """
    return _relabelled(memory, key, {"pinned": True})


def unpin(memory: Memory, key: str) -> Record:
    """Let a memory be recalled only where it matters again; returns its present version.

    Raises:
        InvalidInput: no memory has the key, or it is not pinned.
    """
    versions = memory.history(key)
    if versions and not versions[-1].metadata.get("pinned"):
        raise InvalidInput(f"the memory {key!r} is not pinned")
    return _relabelled(memory, key, {})


def _relabelled(memory: Memory, key: str, labels: Mapping[str, Any]) -> Record:
    versions = memory.history(key)
    if not versions:
        raise InvalidInput(f"no memory has the key {key!r} in namespace {memory.namespace!r}")
    present = versions[-1]
    others = {name: value for name, value in present.metadata.items() if name != "pinned"}
    new = replace(present, metadata={**others, **labels}, stored_at=None)
    memory.put_records([new])
    return new
