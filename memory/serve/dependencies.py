"""The work of the endpoints, with a memory and in a thread.

::

    @router.get("/sources")
    async def sources(deps: Reading) -> Sources:
        return await deps.do(lambda memory: Sources.of(sources=memory.sources()))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request

from remem.aio import to_the_end
from remem.memory import Memory
from remem.serve.access import Granted, granting
from remem.serve.backend import Threads
from remem.serve.errors import ApiError
from remem.serve.keys import Permission
from remem.serve.middleware import Metrics
from remem.serve.settings import ServeSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The things that an endpoint works with.

    Attributes:
        granted: The memory that the request may use.
        threads: Where the work is done.
        settings: Of the server.
        metrics: What is counted.
    """

    granted: Granted
    threads: Threads
    settings: ServeSettings
    metrics: Metrics

    async def do(self, work: Callable[[Memory], T]) -> T:
        """Return what the work makes of the memory; once begun, it is finished."""
        return await to_the_end(self.threads.run(work, self.granted.memory))


def _dependencies(permission: Permission, threads: str) -> Any:
    """The dependency of endpoints that take this permission and work in these threads."""
    given = Depends(granting(permission))

    async def deps(request: Request, granted: Granted = given) -> Dependencies:
        state = request.app.state
        if request.method in ("POST", "PATCH"):
            refuse_other_types(request, "application/json")
        return Dependencies(granted, getattr(state, threads), state.settings, state.metrics)

    return Depends(deps)


Reading = Annotated[Dependencies, _dependencies(Permission.READ, "readers")]
Writing = Annotated[Dependencies, _dependencies(Permission.WRITE, "writers")]
Administering = Annotated[Dependencies, _dependencies(Permission.ADMIN, "writers")]


def refuse_other_types(request: Request, *known: str) -> None:
    """Go on only with a body of a type that is read here.

    Raises:
        ApiError: 415.
    """
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    if "content-type" not in request.headers or header.get_content_type() not in known:
        raise ApiError(
            415,
            "unsupported_media_type",
            f"send the body as {known[0]} and say so in the Content-Type header",
        )
