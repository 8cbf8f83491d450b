"""Permissions and namespaces of requests: the dependencies of all endpoints.

``granting`` makes dependencies that check the key of a request, count it, and find its namespace::

    @router.get("/v1/sources")
    def sources(granted: Annotated[Granted, Depends(granting(Permission.READ))]) -> ...:
        granted.memory.sources()

A server without keys listens on this machine only and lets everybody on it do everything.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from remem.memory import Memory
from remem.serve.errors import ApiError
from remem.serve.fields import AsciiNamespace, Namespace
from remem.serve.keys import Key, KeyRing, Permission
from remem.serve.sessions import session_of
from remem.store.validation import check_name

_bearer = HTTPBearer(auto_error=False, description="A key made with `remem keys create`.")
_api_key = APIKeyHeader(
    name="x-api-key", auto_error=False, description="The same, for clients without bearer keys."
)


@dataclass(frozen=True, slots=True)
class Granted:
    """The memory that a request may work with.

    Attributes:
        memory: In the namespace.
        namespace: Its name.
        key_id: Id of the key that was shown; None where there are no keys.
    """

    memory: Memory
    namespace: str
    key_id: str | None


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request.

    Attributes:
        key: What was shown; None where there are no keys.
        default: The namespace of requests that name none.
    """

    key: Key | None
    default: str
    memory: Memory

    def require(self, permission: Permission) -> None:
        """Go on only with a key that may do this.

        Raises:
            ApiError: 403.
        """
        if self.key and self.key.permission < permission:
            raise ApiError(
                403,
                "permission_denied",
                f"this key may {self.key.permission.name.lower()} and the request takes one that "
                f"may {permission.name.lower()}",
            )

    @property
    def opens_all(self) -> bool:
        """True with a key for all namespaces, and where there are no keys."""
        return self.key is None or "*" in self.key.namespaces

    def require_all(self) -> None:
        """Go on only with a key for all namespaces.

        Raises:
            ApiError: 403.
        """
        if not self.opens_all:
            raise ApiError(
                403,
                "namespace_not_allowed",
                "this tells of all namespaces and takes a key for all; make one with --in '*'",
            )

    def granted(self, namespace: str | None) -> Granted:
        """The memory of the namespace that was asked for.

        Raises:
            ApiError: 403, the key does not open it; 400, none was asked for and it is not clear
                which is meant.
            InvalidInput: it is no name.
        """
        name = self._default() if namespace is None else check_name(namespace, "namespace")
        if self.key and not self.key.allows(name):
            raise ApiError(
                403, "namespace_not_allowed", f"this key does not open the namespace {name!r}"
            )
        return Granted(self.memory.in_namespace(name), name, self.key.id if self.key else None)

    def granted_to(self, user: str | None) -> Granted:
        """The memory of a user of a chat program; raises as ``granted``.

        Under a pattern such as ``bot/*``, the user ``anna`` has the namespace ``bot/anna``, and
        whoever names nobody has none of these. See ``Key.namespace_of``.
        """
        if self.key is None:
            return self.granted(user)
        if user is not None:
            return self.granted(self.key.namespace_of(user))
        if self.key.prefix and self.default.startswith(self.key.prefix):
            raise _unclear()
        return self.granted(None)

    def _default(self) -> str:
        if self.key is None or self.key.allows(self.default):
            return self.default
        if len(self.key.namespaces) == 1 and self.key.prefix is None:
            return self.key.namespaces[0]
        raise _unclear()


def _unclear() -> ApiError:
    return ApiError(
        400,
        "namespace_required",
        "this key opens several namespaces; name one, or in a chat completion the 'user'",
    )


def identify(request: Request) -> Key | None:
    """The key that a request shows; None where there are no keys.

    Raises:
        ApiError: 401, no key or a wrong one.
    """
    keys: KeyRing | None = request.app.state.keys
    if keys is None:
        return None
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    token = bearer or request.headers.get("x-api-key", "") or _of_browser(request)
    # On the event loop: 20 microseconds, a fifth of what a thread would cost.
    key = keys.check(token) if token else None
    if key is None:
        told = "the key is wrong or was revoked" if token else "there is no key in the request"
        raise ApiError(
            401,
            "invalid_api_key",
            f"{told}; send one made with 'remem keys create' as Authorization: Bearer KEY",
            {"WWW-Authenticate": "Bearer"},
        )
    request.state.key_id = key.id
    return key


def port_of(request: Request) -> int:
    """The port at which the server was reached."""
    return int((request.scope.get("server") or ("", 0))[1] or 0)


def _of_browser(request: Request) -> str:
    """The key with which the sender logged in to the page; empty without one."""
    sessions = request.app.state.sessions
    found = session_of(sessions, request.url.path, request.cookies, port_of(request))
    return found.key if found else ""


async def caller(
    request: Request,
    _bearer: Annotated[Any, Security(_bearer)],
    _api_key: Annotated[Any, Security(_api_key)],
) -> Caller:
    """The sender whose key the request shows, counted against its limit.

    Raises:
        ApiError: 401, no key or a wrong one; 429, too many requests.
    """
    state = request.app.state
    key = identify(request)
    if key is not None:
        state.rate.count(key.id)
    return Caller(key, state.settings.namespace, state.memory)


_Caller = Annotated[Caller, Depends(caller)]
_Namespace = Annotated[
    Namespace | None,
    Query(description="Whose memory; by default that of the key, or of the server."),
]
NamespaceHeader = Annotated[
    AsciiNamespace | None,
    Header(alias="X-Remem-Namespace", description="The same as a header, for names in ASCII."),
]


def granting(permission: Permission) -> Callable[..., Awaitable[Granted]]:
    """The dependency of endpoints that take a key with this permission."""

    async def granted(
        who: _Caller, namespace: _Namespace = None, named: NamespaceHeader = None
    ) -> Granted:
        who.require(permission)
        return who.granted(namespace or named)

    return granted


# Limits: how often, how many at once.


class RateLimit:
    """So many requests a minute for each key, spread or at once (a token bucket for each).

    Args:
        per_minute: How many.
        clock: Seconds that pass.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def count(self, key_id: str) -> None:
        """Count a request.

        Raises:
            ApiError: 429, there were too many; ``Retry-After`` tells when there is room again.
        """
        now = self._clock()
        left, counted = self._left.get(key_id, (self._most, now))
        left = min(self._most, left + (now - counted) * self._per_second)
        if left < 1:
            wait = math.ceil((1 - left) / self._per_second)
            raise ApiError(
                429,
                "rate_limited",
                f"this key may send {self._most:.0f} requests a minute; wait {wait} s",
                {"Retry-After": str(wait)},
            )
        self._left[key_id] = (left - 1, now)


class Slots:
    """Room for so many answers at a time; who comes when there is none is refused at once."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.taken = 0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold one of them.

        Raises:
            ApiError: 429, all are taken.
        """
        if self.taken >= self._count:
            raise ApiError(
                429,
                "too_many_generations",
                f"the server makes {self._count} answers at a time; try again in a moment",
                {"Retry-After": "1"},
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
