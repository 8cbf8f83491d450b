"""Milvus's expressions, put together from parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["ALL", "NONE", "all_of", "any_of", "contains", "one_of", "quoted"]

ALL = "born >= 0"
"""Is true of every record: there is no literal for that everywhere."""

NONE = "born < 0"
"""Is true of none."""

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def quoted(text: str) -> str:
    """A string as a literal."""
    return f'"{text.translate(_ESCAPES)}"'


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
