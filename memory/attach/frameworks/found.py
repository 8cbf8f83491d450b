"""What a framework is told about a memory that was found, besides its text."""

from __future__ import annotations

from typing import Any

from memory.attach.frameworks.transcript import KEPT
from memory.recall.ranking import Recollection

__all__ = ["details"]


def details(one: Recollection) -> dict[str, Any]:
    """JSON values: the memory's own metadata, and where it comes from."""
    record = one.record
    own = {name: value for name, value in record.metadata.items() if name != KEPT}
    return own | {
        "key": record.key,
        "source": record.source,
        "kind": record.kind,
        "role": record.role,
        "speaker": record.speaker,
        "origin": record.origin,
        "said_at": record.said_at and record.said_at.isoformat(),
        "relevance": one.relevance,
    }
