"""The origin of a record's words, and the one rule for those of which nobody told it. Pure."""

from __future__ import annotations

__all__ = ["ASSISTANT", "DOCUMENT", "PERSON", "TOOL", "WEB", "origin_of"]

PERSON = "person"
ASSISTANT = "assistant"
TOOL = "tool"
DOCUMENT = "document"
WEB = "web"

_BY_ROLE = {"user": PERSON, "assistant": ASSISTANT, "tool": TOOL, "function": TOOL}
_BY_KIND = {"passage": DOCUMENT, "turn": PERSON, "note": PERSON}


def origin_of(kind: str, role: str | None) -> str | None:
    """The origin of a record of which only its kind and role are known; None if they do not tell:
    other roles (``"system"``), and other kinds without a role, may be anybody's."""
    table, name = (_BY_KIND, kind) if role is None else (_BY_ROLE, role)
    return table.get(name) if isinstance(name, str) else None  # the store refuses what is no text
