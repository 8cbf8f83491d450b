"""Sessions of browsers: who logged in to the page with a key. They live in this process only.

A cookie holds nothing but a random name; the key that was shown stays here and is checked again
with every request, so that a key that is revoked or renewed ends its sessions at once.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

PREFIX = "/page"
"""The beginning of the paths of the page but for ``/`` itself."""

LOGIN = f"{PREFIX}/login"
"""The one path that takes a body from somebody who has shown no key yet."""

MOST_OF_LOGIN = 4096
"""Bytes of such a body."""

_HOURS = 12
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that logged in.

    Attributes:
        key: What was shown; empty where the server has no keys.
        token: What its forms show, so that no page of another site can send them.
    """

    key: str = field(default="", repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


class Sessions:
    """The sessions of one server; one that was not used for twelve hours is over. Thread-safe.

    Attributes:
        open_to_all: The one session of a server without keys.

    Args:
        clock: Seconds that pass.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.open_to_all = Session()
        self._clock = clock
        self._guard = threading.Lock()
        self._known: OrderedDict[str, tuple[Session, float]] = OrderedDict()

    def begin(self, key: str) -> str:
        """Begin a session for a key; returns its name."""
        name = secrets.token_urlsafe(32)
        with self._guard:
            self._known[name] = Session(key), self._clock()
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return name

    def find(self, name: str) -> Session | None:
        """The session of that name, which is used from now; None if there is none any more."""
        now = self._clock()
        with self._guard:
            session, used = self._known.pop(name, (None, 0.0))
            if session is None or now - used > _HOURS * 3600:
                return None
            self._known[name] = session, now
            return session

    def end(self, name: str) -> None:
        """End a session."""
        with self._guard:
            self._known.pop(name, None)


def cookie_name(port: int) -> str:
    """The name of the cookie: with the port, because browsers keep those of all ports together."""
    return f"remem_session_{port}"


def session_of(
    sessions: Sessions, path: str, cookies: Mapping[str, str], port: int
) -> Session | None:
    """The session that a request for the page shows; no other path goes by a cookie."""
    if path != "/" and not path.startswith(f"{PREFIX}/"):
        return None
    name = cookies.get(cookie_name(port))
    return sessions.find(name) if name else None
