"""The server as a whole: its state, its routes, and what stands before them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI

from remem.attach.replay import Replays
from remem.generators.opening import open_generator
from remem.memory import Memory
from remem.serve import briefings, browsers, errors, middleware, proxy, rest
from remem.serve.access import RateLimit, Slots
from remem.serve.backend import Backend, Threads
from remem.serve.browsers import Pages, Strangers
from remem.serve.keys import KeyRing
from remem.serve.local_backend import Local
from remem.serve.middleware import Gate, Tracing
from remem.serve.page import (
    chat,
    forget,
    importing,
    jobs,
    keeping,
    labels,
    people,
    record,
    rendering,
    search,
    summary,
    timeline,
    translation,
    visits,
)
from remem.serve.sessions import Sessions
from remem.serve.settings import ServeSettings
from remem.serve.upstream_backend import Upstream

_PARTS_OF_PAGE = (
    visits,
    rendering,
    search,
    timeline,
    record,
    forget,
    chat,
    importing,
    jobs,
    keeping,
    people,
    summary,
    labels,
    translation,
)


def create_app(
    memory: Memory, settings: ServeSettings | None = None, *, keys: KeyRing | None = None
) -> FastAPI:
    """The server as an ASGI application.

    What belongs to the process is on ``app.state``: ``memory``, ``settings``, ``keys``,
    ``metrics``, ``rate``, ``generations`` (slots), ``backend`` (what answers), ``readers`` and
    ``writers`` (threads), ``replays`` (what the upstream was sent; None without one, because a
    model on this machine keeps nothing of a prompt); and of the page ``sessions`` (of browsers),
    ``trash`` (what they deleted a moment ago), ``receipts`` (of what they forgot), ``talks`` (their
    conversations), ``jobs`` and ``uploads`` (files they dropped).

    Args:
        memory: What it serves; the caller closes it when the server has stopped.
        settings: How.
        keys: Who may use it; None: everybody who can reach it, which must be this machine only.

    Raises:
        InvalidInput: the URL of the upstream is none.
    """
    settings = settings or ServeSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await app.state.backend.close()
        for held in (app.state.jobs, app.state.uploads):
            await asyncio.to_thread(held.close)
        for threads in (app.state.readers, app.state.writers):
            await asyncio.to_thread(threads.close)

    app = FastAPI(
        title="remem",
        version=version("remem"),
        summary="Long-term memory for language models.",
        lifespan=lifespan,
        docs_url=None,  # FastAPI's pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # a redirect would go to whatever name the request gives
    )
    app.state.memory = memory
    app.state.settings = settings
    app.state.keys = keys
    app.state.sessions = Sessions()
    app.state.trash = record.Trash()
    app.state.receipts = forget.Receipts()
    app.state.talks = chat.Talks()
    app.state.jobs = jobs.Jobs()
    app.state.uploads = importing.Uploads()
    app.state.metrics = middleware.Metrics()
    app.state.rate = RateLimit(settings.requests_per_minute)
    app.state.generations = Slots(settings.generations)
    app.state.readers = Threads("remem-reader", settings.readers)
    app.state.writers = Threads("remem-writer", settings.writers)
    app.state.replays = Replays(settings.replay_budget) if settings.upstream else None
    app.state.backend = _backend(settings, has_keys=keys is not None)
    errors.install(app, visits.told)
    app.add_middleware(Gate, settings=settings)
    if keys is None:
        app.add_middleware(Strangers, settings=settings)
    app.add_middleware(Tracing)
    app.add_middleware(middleware.Measuring, metrics=app.state.metrics)
    app.add_middleware(Pages)
    app.include_router(proxy.router)
    app.include_router(rest.router)
    app.include_router(briefings.router)
    app.include_router(middleware.router)
    app.include_router(browsers.router)
    for part in _PARTS_OF_PAGE:
        app.include_router(part.router)
    return app


def _backend(settings: ServeSettings, *, has_keys: bool) -> Backend:
    if settings.upstream is None:
        spec = settings.generator
        # Whoever may ask it need not know in which folder it is.
        name = Path(spec).name if Path(spec).exists() else spec.rpartition("#")[2]
        return Local(partial(open_generator, spec), name, settings.local_generations)
    return Upstream(settings.upstream, settings, forwards_keys=not has_keys)
