"""The server as a whole: its state, its routes, and what stands before them."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from memory.engine import Memory
from memory.serve import problems, proxy
from memory.serve.keys import KeyRing
from memory.serve.limits import RateLimit, Slots
from memory.serve.settings import ServeSettings
from memory.serve.threads import Threads

__all__ = ["ServeSettings", "create_app"]


def create_app(
    memory: Memory, settings: ServeSettings | None = None, *, keys: KeyRing | None = None
) -> FastAPI:
    """The server as an ASGI application.

    What belongs to the process is on ``app.state``: ``memory``, ``settings``, ``keys``, ``rate``,
    ``generations`` (slots), ``readers`` and ``writers`` (threads).

    Args:
        memory: What it serves; the caller closes it when the server has stopped.
        settings: How.
        keys: Who may use it; None: everybody who can reach it, which must be this machine only.
    """
    settings = settings or ServeSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.readers.close()
        app.state.writers.close()

    app = FastAPI(
        title="remem",
        version=version("remem"),
        summary="Long-term memory for language models.",
        lifespan=lifespan,
    )
    app.state.memory = memory
    app.state.settings = settings
    app.state.keys = keys
    app.state.rate = RateLimit(settings.requests_per_minute)
    app.state.generations = Slots(settings.generations)
    app.state.readers = Threads("remem-reader", settings.readers)
    app.state.writers = Threads("remem-writer", settings.writers)
    problems.install(app)
    app.include_router(proxy.router)
    for name in ("memory.serve.rest", "memory.serve.metrics"):
        if importlib.util.find_spec(name):
            app.include_router(importlib.import_module(name).router)
    return app
