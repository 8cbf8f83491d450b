"""A store belongs to the process that opened it: a fork must neither use nor close it."""

from __future__ import annotations

import os

from store.errors import StoreClosed

__all__ = ["Owner"]


class Owner:
    """The process that opened a store.

    Args:
        url: Of the store, without password, for the message.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._process = os.getpid()

    @property
    def is_elsewhere(self) -> bool:
        """Whether this is a fork of it."""
        return self._process != os.getpid()

    def check(self) -> None:
        """Raise ``StoreClosed`` in a fork.

        To be asked before any lock is taken: a thread that a fork left behind may hold it for ever.
        """
        if self.is_elsewhere:
            raise StoreClosed(
                f"the store {self._url} was opened before a fork; open it again in this process"
            )
