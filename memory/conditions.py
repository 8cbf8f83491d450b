"""What a filter says by its form, whatever the records are."""

from __future__ import annotations

from store import Filter
from store.filters import And, In, Not, Or

__all__ = ["matches_all"]


def matches_all(where: Filter) -> bool:
    """Whether a filter sets no condition, however it is nested, and so matches everything."""
    return _constant(where) is True


def _constant(where: Filter) -> bool | None:
    """What the filter is of every record by its form; None where it depends on the record."""
    if isinstance(where, Not):
        inside = _constant(where.part)
        return None if inside is None else not inside
    if isinstance(where, In) and not where.values:
        return False
    if not isinstance(where, (And, Or)):
        return None
    decisive = isinstance(where, Or)  # one such part decides
    parts = {_constant(part) for part in where.parts}
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive
