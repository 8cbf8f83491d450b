"""Strings as PostgreSQL can hold them: its text knows every character but NUL.

NUL becomes U+0001 U+0001, and U+0001 itself U+0001 U+0002. Texts without them, which is nearly
all, stay as they are, and no two strings change their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["escape", "escape_all", "unescape", "unescape_all"]


def escape(text: str) -> str:
    """The text without NUL."""
    if "\x00" not in text and "\x01" not in text:
        return text
    return text.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")


def unescape(text: str) -> str:
    """The text that was escaped."""
    if "\x01" not in text:
        return text
    return text.replace("\x01\x01", "\x00").replace("\x01\x02", "\x01")


def escape_all(values: Iterable[Any]) -> list[Any]:
    """Values of a row, those that are strings escaped."""
    return [escape(value) if isinstance(value, str) else value for value in values]


def unescape_all(values: Iterable[Any]) -> list[Any]:
    """Values of a row, those that are strings as they were."""
    return [unescape(value) if isinstance(value, str) else value for value in values]
