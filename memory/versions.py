"""The versions of a memory: linked by ``superseded_by``, named ``key``, ``key~2``, ``key~3``, ...

The names are only how a version is found and what a new one is called. What counts is the link:
an unrelated record that happens to be named ``key~2`` is no version of ``key``.
"""

from __future__ import annotations

import re

from store import Record, Store

__all__ = ["free_key", "history", "next_version", "root"]

# At most three digits: looking for earlier versions tries all numbers below.
_VERSION = re.compile(r"(.+)~([2-9]|[1-9]\d{1,2})", re.DOTALL)


def root(key: str) -> str:
    """The name of the first version."""
    found = _VERSION.fullmatch(key)
    return found[1] if found else key


def next_version(key: str) -> str:
    """The name of the version after this one."""
    found = _VERSION.fullmatch(key)
    return f"{found[1]}~{int(found[2]) + 1}" if found else f"{key}~2"


def free_key(store: Store, namespace: str, key: str) -> str:
    """The first name from ``next_version(key)`` on that no record has."""
    key = next_version(key)
    while store.get(namespace, [key])[0] is not None:
        key = next_version(key)
    return key


def history(store: Store, namespace: str, key: str) -> list[Record]:
    """All versions of a memory, oldest first; empty if no record has the key."""
    for first in _earlier_names(key):
        chain = _chain(store, namespace, first)
        if any(record.key == key for record in chain):
            return chain
    return []


def _earlier_names(key: str) -> list[str]:
    """The names that the first version can have, given a later one."""
    names = [root(key)]
    while names[-1] != key:
        names.append(next_version(names[-1]))
    return names


def _chain(store: Store, namespace: str, key: str | None) -> list[Record]:
    chain: list[Record] = []
    while key is not None and key not in (record.key for record in chain):
        [record] = store.get(namespace, [key])
        if record is None:
            break
        chain.append(record)
        key = record.superseded_by
    return chain
