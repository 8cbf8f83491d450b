"""Asking a store for several records, of which some may be damaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from store import DamagedRecord, Filter, Reader, Record, log_damage
from store.filters import asks_by_name

__all__ = ["despite_damage", "readable", "whatever_matches"]

T = TypeVar("T")


def despite_damage(
    keys: Sequence[str],
    ask: Callable[[Sequence[str]], list[T]],
    instead: Callable[[DamagedRecord], list[T]],
) -> list[T]:
    """The result of ``ask``; only where that fails, keys are asked for one by one.

    Args:
        ask: Gives what there is for some keys, or raises ``DamagedRecord``.
        instead: Gives what takes the place of a record that is damaged.
    """
    try:
        return ask(keys)
    except DamagedRecord as error:
        if len(keys) == 1:
            return instead(error)
    return [found for key in keys for found in despite_damage([key], ask, instead)]


def readable(reader: Reader, namespace: str, keys: Sequence[str]) -> list[Record]:
    """The records with these keys that there are; of one that is damaged, what remains of it."""

    def ask(keys: Sequence[str]) -> list[Record]:
        return [record for record in reader.get(namespace, keys) if record is not None]

    return despite_damage(keys, ask, lambda error: [error.remains])


def whatever_matches(reader: Reader, namespace: str, where: Filter) -> list[Record]:
    """The records that match, and what remains of damaged ones where that is enough to tell."""
    remains: list[Record] = []

    def decide(error: DamagedRecord) -> None:
        if error.remains.key and asks_by_name(where):
            remains.append(error.remains)
        else:
            log_damage(error)

    return [*reader.scan(namespace, where, decide), *remains]
