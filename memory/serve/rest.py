"""The endpoints of a memory: all that ``remem.Memory`` does, over HTTP.

Keys of records hold ``#``, ``/`` and anything else, so they are query parameters and never a part
of a path.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import reduce
from importlib.metadata import version
from operator import and_
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Request

from remem.dates import now
from remem.memory import Memory
from remem.serve import transfer
from remem.serve.access import Caller, caller
from remem.serve.dependencies import Administering, Dependencies, Reading, Writing
from remem.serve.errors import ApiError
from remem.serve.fields import Key, Moment, Name, Where, page_of
from remem.serve.keys import Permission
from remem.serve.requests import (
    Ask,
    Context,
    Forget,
    JsonRoute,
    List,
    Mark,
    Messages,
    NewDocument,
    Note,
    Update,
    Why,
    most,
)
from remem.serve.responses import (
    PREFIX,
    AddedOut,
    ContextOut,
    Count,
    ExpectedOut,
    Hits,
    Namespaces,
    Page,
    RecordOut,
    Records,
    Sources,
    StatsOut,
    StatusOut,
    refusals,
)
from remem.store import DamagedRecord, F, Filter
from remem.writer import Added

# Whether the server lives, and whether it can be used. Neither takes a key nor tells anything.

_health = APIRouter(prefix=PREFIX, tags=["server"])


@_health.get("/health")
async def health() -> StatusOut:
    """The server lives. Ask this to know whether it has to be started again."""
    return StatusOut(status="ok", version=version("remem"))


@_health.get("/ready", responses=refusals(503))
async def ready(request: Request) -> StatusOut:
    """The store answers and the encoder is loaded. Ask this before you send requests."""
    state = request.app.state
    await state.readers.run(_check, state.memory)
    return StatusOut(status="ready", version=version("remem"))


def _check(memory: Memory) -> None:
    try:
        memory.namespaces()
    except Exception as error:
        raise _not_ready("the store does not answer", error) from error
    try:
        memory.encoder.encode_query("ready?")
    except Exception as error:
        raise _not_ready("the encoder cannot be loaded", error) from error


def _not_ready(what: str, error: Exception) -> ApiError:
    logger.error("not ready: %s", what, exc_info=error)
    return ApiError(503, "not_ready", f"{what}; the log of the server says why")


logger = logging.getLogger("remem")


T = TypeVar("T")

_ALWAYS = (400, 401, 403, 422, 429, 503)
_WITH_BODY = (408, 413, 415)
_KEY_EXAMPLE = ["night shift#0"]

_Key = Annotated[Key, Query(description="Of the memory.", examples=_KEY_EXAMPLE)]

_memories = APIRouter(
    prefix=PREFIX, tags=["memories"], responses=refusals(*_ALWAYS), route_class=JsonRoute
)


@_memories.post("/records", responses=refusals(409, *_WITH_BODY))
async def add_note(note: Note, deps: Writing) -> RecordOut:
    """Remember one text. The same text of the same speaker and time is remembered once."""
    values = note.model_dump()
    record = await deps.do(lambda memory: RecordOut.of(memory.add(**values)))
    deps.metrics.remembered.labels("rest").inc()
    return record


@_memories.post("/messages", responses=refusals(409, *_WITH_BODY))
async def add_messages(body: Messages, deps: Writing) -> AddedOut:
    """Remember messages of a conversation: the newest ones, or the whole conversation each time.

    What the server knows already is recognised and not stored twice.
    """
    most(len(body.messages), deps.settings.max_messages, "the number of messages")
    messages = [message.model_dump(exclude_none=True) for message in body.messages]
    place: dict[str, Any] = {"session": body.session, "start": body.start}
    return await _counted(deps, lambda memory: memory.add_messages(messages, **place))


@_memories.post("/documents", responses=refusals(409, *_WITH_BODY))
async def add_document(document: NewDocument, deps: Writing) -> AddedOut:
    """Remember the text of a document, passage by passage."""
    # With a line break it is a text and never the name of a file on this machine.
    text = f"{document.text}\n"
    about = document.model_dump(exclude={"text"})
    return await _counted(deps, lambda memory: memory.add_document(text, **about))


@_memories.post("/search", responses=refusals(*_WITH_BODY))
async def search(ask: Ask, deps: Reading) -> Hits:
    """The memories that answer a question best, best first."""
    terms = _terms(ask, deps)
    found = await deps.do(lambda memory: Hits.of(memory.search(**terms)))
    deps.metrics.recalled.labels("rest").inc(len(found.hits))
    return found


@_memories.post("/context", responses=refusals(*_WITH_BODY))
async def context(ask: Context, deps: Reading) -> ContextOut:
    """A block of text for a prompt with the memories that matter for a message.

    It is empty for small talk, and for what nobody ever spoke of.
    """
    terms = _terms(ask, deps)
    built = await deps.do(lambda memory: ContextOut.of(memory.context(**terms)))
    deps.metrics.recalled.labels("rest").inc(len(built.hits))
    return built


@_memories.post("/why", responses=refusals(*_WITH_BODY))
async def why(ask: Why, deps: Reading) -> ExpectedOut:
    """The fate of a memory on its way into the block for a message: what drops it, and what would
    have kept it."""
    terms = _terms(ask, deps)
    return await deps.do(lambda memory: ExpectedOut.of(memory.why(**terms)))


@_memories.get("/records")
async def list_records(
    deps: Reading,
    source: Name | None = None,
    speaker: Name | None = None,
    kind: Name | None = None,
    origin: Name | None = None,
    since: Annotated[Moment | None, Query(description="Said then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Said then or earlier.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most records of a page.")] = 100,
    after: Annotated[Mark | None, Query(description="The `next` of the page before.")] = None,
    past: Annotated[bool, Query(description="Also what was replaced or has expired.")] = False,
) -> Page:
    """Memories by source and position, page by page."""
    named = {"source": source, "speaker": speaker, "kind": kind, "origin": origin}
    conditions = [
        *(F(name) == value for name, value in named.items() if value is not None),
        *([F("said_at") >= since] if since else []),
        *([F("said_at") <= until] if until else []),
    ]
    where = reduce(and_, conditions) if conditions else None
    return await _page(deps, where, limit, after, past)


@_memories.post("/records/list", responses=refusals(*_WITH_BODY))
async def list_some(asked: List, deps: Reading) -> Page:
    """The same, of those that a filter describes."""
    return await _page(deps, _filter(asked.where), asked.limit, asked.after, asked.past)


@_memories.get("/record", responses=refusals(404))
async def get(key: _Key, deps: Reading) -> RecordOut:
    """One memory."""
    return await deps.do(lambda memory: RecordOut.of(_known(memory.get(key), key)))


@_memories.patch("/record", responses=refusals(404, *_WITH_BODY))
async def update(key: _Key, new: Update, deps: Writing) -> RecordOut:
    """Replace the text of a memory. The answer is the new version, which has a key of its own."""

    def replaced(memory: Memory) -> RecordOut:
        _known(memory.get(key), key)
        return RecordOut.of(memory.update(key, new.text, said_at=new.said_at))

    record = await deps.do(replaced)
    deps.metrics.remembered.labels("rest").inc()
    return record


@_memories.delete("/record", responses=refusals(404))
async def delete(key: _Key, deps: Writing) -> Count:
    """Stop remembering, with all versions.

    Traces may stay in the files until they are overwritten; `forget` leaves none.
    """

    def deleted(memory: Memory) -> Count:
        with suppress(DamagedRecord):  # which is known, too
            _known(memory.get(key), key)
        return Count(records=memory.delete(key))

    return await deps.do(deleted)


@_memories.get("/record/history", responses=refusals(404))
async def history(key: _Key, deps: Reading) -> Records:
    """All versions of a memory, oldest first."""
    return await deps.do(lambda memory: Records.of(_known(memory.history(key), key)))


@_memories.get("/record/neighbors", responses=refusals(404))
async def neighbors(
    key: _Key,
    deps: Reading,
    radius: Annotated[int, Query(ge=0, le=100, description="How many on each side.")] = 2,
) -> Records:
    """A memory with what was said before and after it, in order."""

    def around(memory: Memory) -> Records:
        _known(memory.get(key), key)
        return Records.of(memory.neighbors(key, radius))

    return await deps.do(around)


@_memories.post("/forget", responses=refusals(*_WITH_BODY))
async def forget(what: Forget, deps: Administering) -> Count:
    """Wipe out what a filter describes, with all versions and every trace. Takes an admin key."""
    where = what.where.filter()
    return await deps.do(lambda memory: Count(records=memory.forget(where)))


@_memories.get("/sources")
async def sources(deps: Reading) -> Sources:
    """The sessions and documents of the namespace, by name."""
    return await deps.do(lambda memory: Sources.of(memory.sources()))


@_memories.get("/stats")
async def stats(deps: Reading) -> StatsOut:
    """Counts of the namespace."""

    def counted(memory: Memory) -> StatsOut:
        return StatsOut(
            namespace=memory.namespace,
            records=memory.count(),
            sources=len(memory.sources()),
            encoder=memory.encoder.fingerprint,
            dim=memory.encoder.dim,
        )

    return await deps.do(counted)


@_memories.get("/namespaces")
async def namespaces(request: Request, who: Annotated[Caller, Depends(caller)]) -> Namespaces:
    """The namespaces that hold something and that the key opens, by name."""
    who.require(Permission.READ)
    names = await request.app.state.readers.run(who.memory.namespaces)
    return Namespaces(namespaces=[name for name in names if not who.key or who.key.allows(name)])


async def _counted(deps: Dependencies, add: Callable[[Memory], Added]) -> AddedOut:
    done = await deps.do(lambda memory: AddedOut.of(add(memory)))
    deps.metrics.remembered.labels("rest").inc(len(done.added))
    return done


async def _page(
    deps: Dependencies, where: Filter | None, limit: int, after: str | None, past: bool
) -> Page:
    at = None if past else now()

    def read(memory: Memory) -> Page:
        records, mark = page_of(memory, where, after, limit, at)
        return Page(records=list(map(RecordOut.of, records)), next=mark)

    return await deps.do(read)


def _terms(asked: Ask | Context | Why, deps: Dependencies) -> dict[str, Any]:
    """The arguments of the memory's method, which has the names of the fields."""
    most(asked.k, deps.settings.max_k, "k")
    return {**dict(asked), "where": _filter(asked.where)}


def _filter(where: Where | None) -> Filter | None:
    return None if where is None else where.filter()


def _known(found: T | None, key: str) -> T:
    """Return what has this key.

    Raises:
        ApiError: 404, nothing has.
    """
    if not found:
        raise ApiError(404, "not_found", f"no memory has the key {key!r} in this namespace")
    return found


router = APIRouter()
router.include_router(_memories)
router.include_router(transfer.router)
router.include_router(_health)
