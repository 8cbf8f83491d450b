"""Milvus's expressions, put together from parts.

Names and values come in through ``quoted`` alone. (Expressions with parameters would be the other
way, but neither Milvus Lite nor servers before 2.5 take them.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["ALL", "NONE", "all_of", "any_of", "contains", "escaped", "one_of", "quoted"]

ALL = "born >= 0"
"""Is true of every record: there is no literal for that everywhere."""

NONE = "born < 0"
"""Is true of none."""

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
"""All that cannot stand for itself between double quotes, on a server and in Milvus Lite. No other
escape means the same to both."""

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def quoted(text: str) -> str:
    """A string as a literal, which ends where the string does, whatever it holds."""
    return f'"{text.translate(_ESCAPES)}"'


def escaped(expression: str) -> str:
    """An expression for a server, with the characters beyond U+FFFF as escapes.

    Servers write Han characters as escapes of four digits before they read an expression, and so
    take U+20BB7 for U+0BB7: the name of another namespace. They leave an expression alone that
    holds an escape of eight digits. Such characters occur in literals only, and a backslash before
    one belongs to a pair.
    """
    return _ASTRAL.sub(lambda found: f"\\U{ord(found[0]):08x}", expression)


def all_of(parts: Iterable[str]) -> str:
    """True where all parts are."""
    parts = list(parts)
    return f"({' and '.join(parts)})" if parts else ALL


def any_of(parts: Iterable[str]) -> str:
    """True where one of the parts is."""
    parts = list(parts)
    return f"({' or '.join(parts)})" if parts else NONE


def one_of(field: str, values: Sequence[str] | Sequence[int]) -> str:
    """True where a column has one of the values."""
    literals = [quoted(value) if isinstance(value, str) else str(value) for value in values]
    return f"{field} in [{', '.join(literals)}]" if literals else NONE


def contains(field: str, numbers: Sequence[int]) -> str:
    """True where an array of numbers has one of these."""
    return f"array_contains_any({field}, [{', '.join(map(str, numbers))}])" if numbers else NONE
