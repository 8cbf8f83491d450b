"""Clients that the server waits for: how long for each, and who has kept it waiting longest."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from enum import Enum, auto
from typing import Generic, TypeVar

__all__ = ["Wait", "Waiting"]

Client = TypeVar("Client", bound=Hashable)


class Wait(Enum):
    """A debt of a client to the server."""

    HEAD = auto()
    """The request line and all headers."""
    BODY = auto()
    """More of the body."""
    READING = auto()
    """To read what it was sent."""
    IDLE = auto()
    """Another request, or to hang up."""
    END = auto()
    """Only to hang up: it has its answer, and what it still sends is thrown away."""


class Waiting(Generic[Client]):
    """The clients that owe something.

    Those that owe the same wait in the order in which they began, and have the same time: the first
    is always the next that is overdue, so that looking costs nothing however many there are.

    Args:
        seconds: For what there is a limit, and which.
        clock: Seconds that pass.
    """

    def __init__(
        self, seconds: Mapping[Wait, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since: dict[Wait, dict[Client, float]] = {what: {} for what in Wait}
        self._what: dict[Client, Wait] = {}

    def begin(self, client: Client, what: Wait) -> None:
        """Wait for this from now on, and for nothing else of the client."""
        self.end(client)
        self._what[client] = what
        self._since[what][client] = self._clock()

    def end(self, client: Client) -> None:
        """Wait for nothing more of the client."""
        what = self._what.pop(client, None)
        if what is not None:
            del self._since[what][client]

    def what(self, client: Client) -> Wait | None:
        """The debt of the client, if it has one."""
        return self._what.get(client)

    def overdue(self) -> list[Client]:
        """Those whose time is over; they go on waiting until they are told otherwise."""
        now = self._clock()
        late = []
        for what, seconds in self._seconds.items():
            for client, since in self._since[what].items():
                if now - since < seconds:
                    break
                late.append(client)
        return late

    def longest(self) -> Client | None:
        """The client that has been waited for longest, if any is."""
        first = [next(iter(queue.items())) for queue in self._since.values() if queue]
        return min(first, key=lambda item: item[1])[0] if first else None
