"""Whole namespaces in and out, as JSON Lines in the form of ``remem export``. Streamed."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import chain, groupby
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from starlette.types import Message, Send

from remem.aio import to_the_end
from remem.departed import Departed, Digests
from remem.serve.access import Caller, caller
from remem.serve.dependencies import Reading, refuse_other_types
from remem.serve.keys import Permission
from remem.serve.requests import parsed
from remem.serve.responses import PREFIX, ImportedOut, refusals
from remem.store import DamagedRecord, InvalidInput, log_damage
from remem.transfer import HEADER, departed_in, from_values, to_line

router = APIRouter(prefix=PREFIX, tags=["memories"])

_TYPES = ("application/x-ndjson", "application/jsonl")
_PIECE = 64 * 1024
_BATCH = 256
"""Records stored at a time: as many as the memory encodes and commits together."""

_BODY = Path("body")
"""The name of the body in messages about a line."""

_EXAMPLE = "\n".join(
    (
        json.dumps(HEADER),
        '{"namespace": "nora", "key": "notes#1", "source": "notes", "position": 0, '
        '"text": "Rex is a dog.", "kind": "note", "said_at": "2024-05-01T09:30:00+02:00"}',
        "",
    )
)
_LINES: dict[str, Any] = {_TYPES[0]: {"schema": {"type": "string"}, "example": _EXAMPLE}}


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {"content": _LINES, "description": "A line for each record, behind a first one."},
        **refusals(400, 401, 403, 422, 429, 503),
    },
)
async def export(deps: Reading) -> StreamingResponse:
    """All records of the namespace, without loss: earlier versions, times and metadata too.

    A key that may read a namespace may export it, and no other. Damaged records are left out and
    named in the log; the reply then breaks off behind its last line, because it is not all.
    """
    granted = deps.granted
    damaged: list[DamagedRecord] = []

    def leave_out(error: DamagedRecord) -> None:
        log_damage(error)
        damaged.append(error)

    records = granted.memory.scan(damaged=leave_out)
    lines = (to_line(granted.namespace, record) for record in records)

    async def pieces() -> AsyncIterator[str]:
        yield json.dumps(HEADER) + "\n"
        while piece := await deps.threads.run(_piece, lines):
            yield piece

    return _Export(pieces(), lambda: not damaged)


class _Export(StreamingResponse):
    """Lines that come to an end only if they are all.

    Args:
        pieces: The lines.
        is_whole: Asked behind the last one.
    """

    def __init__(self, pieces: AsyncIterator[str], is_whole: Callable[[], bool]) -> None:
        super().__init__(pieces, media_type=_TYPES[0])
        self._is_whole = is_whole

    async def stream_response(self, send: Send) -> None:
        """See ``StreamingResponse``."""

        async def send_until_the_end(message: Message) -> None:
            is_end = message["type"] == "http.response.body" and not message.get("more_body")
            if not is_end or self._is_whole():
                await send(message)

        await super().stream_response(send_until_the_end)


@router.post(
    "/import",
    openapi_extra={"requestBody": {"content": _LINES, "required": True}},
    responses=refusals(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
)
async def import_(
    request: Request, who: Annotated[Caller, Depends(caller)], bring_back: bool = False
) -> ImportedOut:
    """Remember what an export wrote. Each record goes to the namespace that it came from.

    What was deleted or forgotten here stays away, unless `bring_back` is true. A backup of all
    namespaces also brings what went from its store, which stays away here from then on, if the key
    opens all. What stands before a line that is refused is stored; the same request again adds
    nothing twice.
    """
    who.require(Permission.WRITE)
    refuse_other_types(request, *_TYPES)
    writers = request.app.state.writers
    departed = (Departed() if bring_back else who.memory.departed).known()
    done: Counter[str] = Counter()
    went: defaultdict[str, set[str]] = defaultdict(set)
    async for numbered in _batches(request):
        done += await to_the_end(writers.run(_stored, who, departed, numbered, went))
    if who.opens_all:
        await to_the_end(writers.run(who.memory.departed.adopt, went))
    request.app.state.metrics.remembered.labels("rest").inc(done["added"])
    return ImportedOut(
        added=done["added"], unchanged=done["unchanged"], stayed_away=done["stayed_away"]
    )


def _piece(lines: Iterator[str]) -> str:
    """The next lines, so many that it is worth to send them."""
    piece, size = [], 0
    for line in lines:
        piece.append(f"{line}\n")
        size += len(line)
        if size >= _PIECE:
            break
    return "".join(piece)


async def _batches(request: Request) -> AsyncIterator[list[tuple[int, bytes]]]:
    """The numbered lines of a body behind its first, some at a time, as they arrive."""
    number, batch = 0, []
    async for line in _lines(request):
        number += 1
        if number == 1:
            _check_header(line)
        elif line.strip():
            batch.append((number, line))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if not number:
        _check_header(b"")
    yield batch


async def _lines(request: Request) -> AsyncIterator[bytes]:
    rest = [b""]
    async for chunk in request.stream():
        first, *others = chunk.split(b"\n")
        rest.append(first)
        for piece in others:
            yield b"".join(rest)
            rest = [piece]
    if last := b"".join(rest):
        yield last


def _check_header(line: bytes) -> None:
    if parsed(line, "the first line of the body") != HEADER:
        raise InvalidInput(f"the body was not written by an export; it begins {json.dumps(HEADER)}")


def _stored(
    who: Caller,
    departed: Digests,
    lines: Iterable[tuple[int, bytes]],
    went: defaultdict[str, set[str]],
) -> Counter[str]:
    """Store some lines, each run of one namespace at once; nothing if one of them is none. What
    they tell of what went is put into ``went``."""
    read = [(number, parsed(line, f"line {number} of the body")) for number, line in lines]
    told = {number: departed_in(values) for number, values in read}
    records = [from_values(_BODY, number, values) for number, values in read if not told[number]]
    for salt, digests in chain.from_iterable(each.items() for each in told.values()):
        went[salt].update(digests)
    done: Counter[str] = Counter()
    for namespace, group in groupby(records, lambda pair: pair[0]):
        memory = who.granted(namespace).memory
        given = [record for _, record in group]
        present = departed.without(memory, given)
        added = memory.add_records(present)
        done.update(
            added=len(added.added),
            unchanged=len(added.unchanged),
            stayed_away=len(given) - len(present),
        )
    return done
