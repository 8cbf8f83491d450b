"""The endpoints of a memory: all that ``remem.Memory`` does, over HTTP.

Keys of records hold ``#``, ``/`` and anything else, so they are query parameters and never a part
of a path.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import reduce
from importlib.metadata import version
from operator import and_
from typing import Annotated, Any, NoReturn

from fastapi import APIRouter, Depends, Query, Request

from remem.dates import now
from remem.lookup import key_by_words, key_for_program, with_stored_sources
from remem.memory import Memory
from remem.recall.expectation import Found
from remem.serve import requests, responses, transfer
from remem.serve.access import Caller, caller
from remem.serve.dependencies import Administering, Dependencies, Reading, Writing
from remem.serve.errors import ApiError
from remem.serve.fields import Key, Moment, Name, Where, page_of
from remem.serve.keys import Permission
from remem.store import F, Filter, Record
from remem.writer import Added

# Whether the server lives, and whether it can be used. Neither takes a key nor tells anything.

_health = APIRouter(prefix=responses.PREFIX, tags=["server"])


@_health.get("/health")
async def health() -> responses.StatusOut:
    """The server lives. Ask this to know whether it has to be started again."""
    return responses.StatusOut(status="ok", version=version("remem"))


@_health.get("/ready", responses=responses.refusals(503))
async def ready(request: Request) -> responses.StatusOut:
    """The store answers and the encoder is loaded. Ask this before you send requests."""
    state = request.app.state
    await state.readers.run(_check, state.memory)
    return responses.StatusOut(status="ready", version=version("remem"))


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


_ALWAYS = (400, 401, 403, 422, 429, 503)
_WITH_BODY = (408, 413, 415)
_KEY_EXAMPLE = ["night shift#0"]

_Key = Annotated[
    Key, Query(description="Of the memory, whole or as a block shows it.", examples=_KEY_EXAMPLE)
]

_WholeKey = Annotated[Key, Query(description="Of the memory, whole.", examples=_KEY_EXAMPLE)]

_memories = APIRouter(
    prefix=responses.PREFIX,
    tags=["memories"],
    responses=responses.refusals(*_ALWAYS),
    route_class=requests.JsonRoute,
)


@_memories.post("/records", responses=responses.refusals(409, *_WITH_BODY))
async def add_note(note: requests.Note, deps: Writing) -> responses.RecordOut:
    """Remember one text. The same text of the same speaker and time is remembered once."""
    values = note.model_dump()
    record = await deps.do(lambda memory: responses.RecordOut.of(memory.add(**values)))
    deps.metrics.remembered.labels("rest").inc()
    return record


@_memories.post("/messages", responses=responses.refusals(409, *_WITH_BODY))
async def add_messages(body: requests.Messages, deps: Writing) -> responses.AddedOut:
    """Remember messages of a conversation: the newest ones, or the whole conversation each time.

    What the server knows already is recognised and not stored twice.
    """
    requests.most(len(body.messages), deps.settings.max_messages, "the number of messages")
    messages = [message.model_dump(exclude_none=True) for message in body.messages]
    place: dict[str, Any] = {"session": body.session, "start": body.start}
    return await _counted(deps, lambda memory: memory.add_messages(messages, **place))


@_memories.post("/documents", responses=responses.refusals(409, *_WITH_BODY))
async def add_document(document: requests.NewDocument, deps: Writing) -> responses.AddedOut:
    """Remember the text of a document, passage by passage."""
    # With a line break it is a text and never the name of a file on this machine.
    text = f"{document.text}\n"
    about = document.model_dump(exclude={"text"})
    return await _counted(deps, lambda memory: memory.add_document(text, **about))


@_memories.post("/search", responses=responses.refusals(*_WITH_BODY))
async def search(ask: requests.Ask, deps: Reading) -> responses.Hits:
    """The memories that answer a question best, best first."""
    terms = _terms(ask, deps)

    def searched(memory: Memory) -> responses.Hits:
        found = memory.search(**terms(memory))
        expected = found.expected if isinstance(found, Found) else None
        return responses.Hits.of(hits=found, expected=expected)

    found = await deps.do(searched)
    deps.metrics.recalled.labels("rest").inc(len(found.hits))
    return found


@_memories.post("/context", responses=responses.refusals(*_WITH_BODY))
async def context(ask: requests.Context, deps: Reading) -> responses.ContextOut:
    """A block of text for a prompt with the memories that matter for a message.

    It is empty for small talk, and for what nobody ever spoke of.
    """
    terms = _terms(ask, deps)
    built = await deps.do(lambda memory: responses.ContextOut.of(memory.context(**terms(memory))))
    deps.metrics.recalled.labels("rest").inc(len(built.hits))
    return built


@_memories.post("/why", responses=responses.refusals(*_WITH_BODY))
async def why(ask: requests.Why, deps: Reading) -> responses.ExpectedOut:
    """The fate of a memory on its way into the block for a message: what drops it, and what would
    have kept it."""
    terms = _terms(ask, deps)
    return await deps.do(lambda memory: responses.ExpectedOut.of(memory.why(**terms(memory))))


@_memories.post("/summary", responses=responses.refusals(*_WITH_BODY))
async def summary(asked: requests.Summary, deps: Reading) -> responses.SummaryOut:
    """The sentences that tell most, word for word, with who said them and when."""

    def summed_up(memory: Memory) -> responses.SummaryOut:
        where = _filter(memory, asked.where)
        return responses.SummaryOut.of(memory.summarize(asked.words, where=where))

    return await deps.do(summed_up)


@_memories.get("/labels", responses=responses.refusals())
async def labels(deps: Reading) -> responses.LabelsOut:
    """The names of labels, and how many memories have each label."""
    return await deps.do(lambda memory: responses.LabelsOut.of(labels=memory.labels()))


@_memories.post("/labels", responses=responses.refusals(*_WITH_BODY))
async def label(asked: requests.Label, deps: Writing) -> responses.Count:
    """Give memories a label, from which others are learned."""

    def labelled(memory: Memory) -> responses.Count:
        keys = [key_for_program(memory, key) or key for key in asked.keys]
        return responses.Count(records=memory.label(asked.name, asked.label, *keys))

    return await deps.do(labelled)


@_memories.post("/labels/guess", responses=responses.refusals(*_WITH_BODY))
async def classify_all(asked: requests.Labels, deps: Writing) -> responses.LabelledOut:
    """Label the memories that nobody labelled, as far as they are like some that somebody did."""

    def labelled(memory: Memory) -> responses.LabelledOut:
        where = _filter(memory, asked.where)
        return responses.LabelledOut.of(memory.classify_all(asked.name, where))

    return await deps.do(labelled)


@_memories.post("/labels/curve", responses=responses.refusals(*_WITH_BODY))
async def curve(asked: requests.Labels, deps: Reading) -> responses.CurveOut:
    """Counts of each label, by month, or by day within two months."""

    def counted(memory: Memory) -> responses.CurveOut:
        where = _filter(memory, asked.where)
        return responses.CurveOut.of(periods=memory.curve(asked.name, where))

    return await deps.do(counted)


@_memories.post("/classify", responses=responses.refusals(*_WITH_BODY))
async def classify(asked: requests.Classify, deps: Reading) -> responses.GuessOut:
    """The label for a text, with the nearest labelled memories; none where nothing near is."""
    return await deps.do(
        lambda memory: responses.GuessOut.of(memory.classify(asked.name, asked.text))
    )


@_memories.post("/translate", responses=responses.refusals(*_WITH_BODY))
async def translate(asked: requests.Translate, deps: Reading) -> responses.TranslationOut:
    """The translation of a sentence as it follows from those that are stored."""
    return await deps.do(
        lambda memory: responses.TranslationOut.of(
            memory.translate(asked.text, asked.to, glossary=asked.glossary)
        )
    )


@_memories.get("/records")
async def list_records(
    deps: Reading,
    source: Annotated[Name | None, Query(description="By its name or title.")] = None,
    speaker: Name | None = None,
    kind: Name | None = None,
    origin: Name | None = None,
    since: Annotated[Moment | None, Query(description="Said then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Said then or earlier.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most records of a page.")] = 100,
    after: Annotated[
        requests.Mark | None, Query(description="The `next` of the page before.")
    ] = None,
    past: Annotated[bool, Query(description="Also what was replaced or has expired.")] = False,
) -> responses.Page:
    """Memories by source and position, page by page."""
    named = {"source": source, "speaker": speaker, "kind": kind, "origin": origin}
    conditions = [
        *(F(name) == value for name, value in named.items() if value is not None),
        *([F("said_at") >= since] if since else []),
        *([F("said_at") <= until] if until else []),
    ]
    where = reduce(and_, conditions) if conditions else None
    return await _page(deps, where, limit, after, past)


@_memories.post("/records/list", responses=responses.refusals(*_WITH_BODY))
async def list_some(asked: requests.List, deps: Reading) -> responses.Page:
    """The same, of those that a filter describes."""
    where = None if asked.where is None else asked.where.filter()
    return await _page(deps, where, asked.limit, asked.after, asked.past)


@_memories.get("/record", responses=responses.refusals(404))
async def get(key: _Key, deps: Reading) -> responses.RecordOut:
    """One memory."""
    return await deps.do(lambda memory: responses.RecordOut.of(_found(memory, key)))


@_memories.patch("/record", responses=responses.refusals(404, *_WITH_BODY))
async def update(key: _WholeKey, new: requests.Update, deps: Writing) -> responses.RecordOut:
    """Replace the text of a memory. The answer is the new version, which has a key of its own."""

    def replaced(memory: Memory) -> responses.RecordOut:
        known = _whole(memory, key)
        return responses.RecordOut.of(memory.update(known, new.text, said_at=new.said_at))

    record = await deps.do(replaced)
    deps.metrics.remembered.labels("rest").inc()
    return record


@_memories.delete("/record", responses=responses.refusals(404))
async def delete(key: _WholeKey, deps: Writing) -> responses.Count:
    """Stop remembering, with all versions.

    Traces may stay in the files until they are overwritten; `forget` leaves none.
    """

    return await deps.do(lambda memory: responses.Count(records=memory.delete(_whole(memory, key))))


@_memories.get("/record/history", responses=responses.refusals(404))
async def history(key: _Key, deps: Reading) -> responses.Records:
    """All versions of a memory, oldest first."""
    return await deps.do(
        lambda memory: responses.Records.of(records=memory.history(_key(memory, key)))
    )


@_memories.get("/supersessions", responses=responses.refusals(404))
async def supersessions(
    deps: Reading, key: Annotated[Key | None, Query(description="Only those of this one.")] = None
) -> responses.Supersessions:
    """The statements that newer ones supersede, and since when; DELETE takes one back."""

    def read(memory: Memory) -> responses.Supersessions:
        found = memory.supersessions()
        if key is not None:
            known = _found(memory, key).key
            found = [one for one in found if one.involves(known)]
        return responses.Supersessions.of(supersessions=found)

    return await deps.do(read)


@_memories.delete("/supersessions", responses=responses.refusals(404))
async def undo(key: _Key, deps: Writing) -> responses.RecordOut:
    """Take back that newer statements supersede a memory: it is as true as they are from now on."""

    def taken_back(memory: Memory) -> responses.RecordOut:
        known = _found(memory, key).key
        if all(one.older.key != known for one in memory.supersessions()):
            message = f"nothing supersedes the memory {known!r}; ask for /supersessions first"
            raise ApiError(404, "not_found", message)
        return responses.RecordOut.of(memory.undo(known))

    return await deps.do(taken_back)


@_memories.get("/record/neighbors", responses=responses.refusals(404))
async def neighbors(
    key: _Key,
    deps: Reading,
    radius: Annotated[int, Query(ge=0, le=100, description="How many on each side.")] = 2,
) -> responses.Records:
    """A memory with what was said before and after it, in order."""

    def around(memory: Memory) -> responses.Records:
        return responses.Records.of(records=memory.neighbors(_found(memory, key).key, radius))

    return await deps.do(around)


@_memories.post("/forget", responses=responses.refusals(*_WITH_BODY))
async def forget(what: requests.Forget, deps: Administering) -> responses.Count:
    """Wipe out what a filter describes, with all versions and every trace. Takes an admin key."""
    where = what.where.filter()
    return await deps.do(lambda memory: responses.Count(records=memory.forget(where)))


@_memories.get("/sources")
async def sources(deps: Reading) -> responses.Sources:
    """The sessions and documents of the namespace, by name."""
    return await deps.do(lambda memory: responses.Sources.of(sources=memory.sources()))


@_memories.get("/stats")
async def stats(deps: Reading) -> responses.StatsOut:
    """Counts of the namespace."""

    def counted(memory: Memory) -> responses.StatsOut:
        return responses.StatsOut(
            namespace=memory.namespace,
            records=memory.count(),
            sources=len(memory.sources()),
            encoder=memory.encoder.fingerprint,
            dim=memory.encoder.dim,
        )

    return await deps.do(counted)


@_memories.get("/namespaces")
async def namespaces(
    request: Request, who: Annotated[Caller, Depends(caller)]
) -> responses.Namespaces:
    """The namespaces that hold something and that the key opens, by name."""
    who.require(Permission.READ)
    names = await request.app.state.readers.run(who.memory.namespaces)
    return responses.Namespaces(
        namespaces=[name for name in names if not who.key or who.key.allows(name)]
    )


async def _counted(deps: Dependencies, add: Callable[[Memory], Added]) -> responses.AddedOut:
    done = await deps.do(lambda memory: responses.AddedOut.of(add(memory)))
    deps.metrics.remembered.labels("rest").inc(len(done.added))
    return done


async def _page(
    deps: Dependencies, where: Filter | None, limit: int, after: str | None, past: bool
) -> responses.Page:
    at = None if past else now()

    def read(memory: Memory) -> responses.Page:
        chosen = with_stored_sources(memory, where)
        records, mark = page_of(memory, chosen, after, limit, at)
        return responses.Page.of(records=records, next=mark)

    return await deps.do(read)


def _terms(
    asked: requests.Ask | requests.Context | requests.Why, deps: Dependencies
) -> Callable[[Memory], dict[str, Any]]:
    """The arguments of a memory's method, which has the names of the fields."""
    requests.most(asked.k, deps.settings.max_k, "k")

    def terms(memory: Memory) -> dict[str, Any]:
        given = {**dict(asked), "where": _filter(memory, asked.where)}
        if expect := given.get("expect"):
            given["expect"] = _expected(memory, expect)
        return given

    return terms


def _filter(memory: Memory, where: Where | None) -> Filter | None:
    return None if where is None else with_stored_sources(memory, where.filter())


def _expected(memory: Memory, given: str) -> str:
    return key_for_program(memory, given) or key_by_words(memory, given) or given


def _found(memory: Memory, given: str) -> Record:
    """The memory with the key that is meant; raises as ``_key``."""
    key = _key(memory, given)
    record = memory.get(key)
    return record if record is not None else _missing(given)


def _key(memory: Memory, given: str) -> str:
    """The key of the memory that is meant: by its key, or by what is shown of it.

    Raises:
        ApiError: 404, no memory has it.
        InvalidInput: several memories have it.
    """
    return key_for_program(memory, given) or _missing(given)


def _whole(memory: Memory, given: str) -> str:
    """A key that was given whole: what is sent again must not change another memory then.

    Raises:
        ApiError: 404, no memory has it.
        InvalidInput: it is shown of several memories.
    """
    key = _key(memory, given)
    if key != given:
        message = f"no memory has the key {given!r}; if {key!r} is meant, write it whole"
        raise ApiError(404, "not_found", message)
    return key


def _missing(key: str) -> NoReturn:
    raise ApiError(404, "not_found", f"no memory has the key {key!r} in this namespace")


router = APIRouter()
router.include_router(_memories)
router.include_router(transfer.router)
router.include_router(_health)
