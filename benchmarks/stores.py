"""Stores that somebody names with ``--store``, to be measured."""

from __future__ import annotations

from store import InvalidInput, open_store

__all__ = ["check_empty"]


def check_empty(url: str) -> str:
    """The url as it may be shown, without a password, of a store that holds nothing.

    Raises:
        InvalidInput: it holds records.
        RememError: it cannot be opened.
    """
    with open_store(url) as store:
        if store.namespaces():
            raise InvalidInput(
                "the store holds records already, which would be measured, too: give an empty one"
            )
        return store.url
