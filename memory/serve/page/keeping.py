"""The things that are kept: namespaces, sources, sizes, health, export; and the keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from remem.encoders.opening import encoder_label
from remem.memory import Memory
from remem.serve import transfer
from remem.serve.access import Granted
from remem.serve.dependencies import Dependencies
from remem.serve.errors import ApiError
from remem.serve.fields import page_of
from remem.serve.keys import KeyRing, Permission
from remem.serve.page.jobs import Job, begun, owner_of
from remem.serve.page.visits import Administering, HtmlRoute, Reading, Visit
from remem.serve.sessions import PREFIX
from remem.store import F, SourceInfo, Verification
from remem.versions import is_current

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

STORE = f"{PREFIX}/store"
KEYS = f"{PREFIX}/keys"
_AT_A_TIME = 100
_FEW = 12


@dataclass(frozen=True, slots=True)
class Kept:
    """The contents of a store, as far as somebody may see them.

    Attributes:
        namespaces: Records by name.
        sources: Of the namespace that is looked at, the last spoken of first; some of them.
        titles: Theirs; empty where one has none.
        source_count: How many there are.
        about: The store itself, for those who may see all of it.
    """

    namespaces: Mapping[str, int]
    sources: list[SourceInfo]
    titles: Mapping[str, str]
    source_count: int
    about: Mapping[str, Any] | None


@router.get(STORE)
async def store(visit: Reading, named: str = "", n: int = _FEW) -> Response:
    """The namespaces, the sources of this one, and the store."""
    key = visit.caller.key

    def read(memory: Memory) -> Kept:
        stats = memory.stats()
        shown = {each: n for each, n in stats.records.items() if key is None or key.allows(each)}
        wanted = named.casefold()
        sources = [each for each in memory.sources() if wanted in each.source.casefold()]
        sources.sort(key=_last_said, reverse=True)
        sees_all = key is None or "*" in key.namespaces
        space = stats.space
        about = {
            "url": stats.url,
            "bytes": stats.bytes_on_disk,
            "encoder": encoder_label(space) if space else "",
            "dim": space.dim if space else 0,
        }
        some = sources[: max(n, 1)]
        titles = {each.source: memory.title(each.source) for each in some}
        return Kept(shown, some, titles, len(sources), about if sees_all else None)

    return visit.page("store.html", kept=await visit.read(read), named=named, more=n + _AT_A_TIME)


def _last_said(source: SourceInfo) -> tuple[str, str]:
    last = source.last_said_at
    return (last.isoformat() if last else "", source.source)


@router.get(f"{PREFIX}/source")
async def source(visit: Reading, source: str, after: str | None = None) -> Response:
    """A conversation or document from its beginning, page by page."""

    def read(memory: Memory) -> dict[str, Any]:
        records, mark = page_of(memory, F("source") == source, after, _AT_A_TIME, None)
        return {"records": [each for each in records if is_current(each)], "mark": mark}

    return visit.page("source.html", source=source, **await visit.read(read))


@router.get(f"{PREFIX}/export")
async def export(visit: Reading) -> Response:
    """All records of the namespace, as a file to keep."""
    state = visit.request.app.state
    granted = Granted(visit.memory, visit.memory.namespace, owner_of(visit))
    reply = await transfer.export(
        Dependencies(granted, state.readers, state.settings, state.metrics)
    )
    reply.headers["Content-Disposition"] = 'attachment; filename="remem.jsonl"'
    return reply


@router.post(f"{STORE}/verify")
async def verify(visit: Administering) -> Response:
    """Check the records, and every index against them."""
    visit.caller.require_all()

    def run(job: Job) -> Verification:
        job.at(0, sum(visit.memory.stats().records.values()))
        return visit.memory.verify()

    return begun(visit, "_verified.html", run)


# Keys. They are the server's, so that only a key for all namespaces may see or change them.


@router.get(KEYS)
async def keys(visit: Administering) -> Response:
    """The keys, without their secrets."""
    return _keys(visit)


@router.post(f"{KEYS}/create")
async def create(visit: Administering) -> Response:
    """Make a key, and show it once."""
    ring, form = _ring(visit), visit.form
    namespaces = [each.strip() for each in form.get("namespaces", "").split(",") if each.strip()]
    permission = form.get("permission", "read").upper()
    if permission not in Permission.__members__:
        raise ApiError(400, "invalid_request", "a key may read, write or admin")
    token = ring.create(form.get("name", "").strip() or "key", namespaces, Permission[permission])
    return _keys(visit, token)


@router.post(f"{KEYS}/rotate")
async def rotate(visit: Administering) -> Response:
    """Give a key another secret, and show it once."""
    return _keys(visit, _ring(visit).rotate(visit.form.get("id", "")))


@router.post(f"{KEYS}/revoke")
async def revoke(visit: Administering) -> Response:
    """Make a key worthless."""
    _ring(visit).revoke(visit.form.get("id", ""))
    return visit.go(KEYS, done="revoked")


def _ring(visit: Visit) -> KeyRing:
    visit.caller.require_all()
    ring: KeyRing | None = visit.request.app.state.keys
    if ring is None:
        raise ApiError(404, "no_keys", "this server has no keys; make one with remem keys create")
    return ring


def _keys(visit: Visit, token: str | None = None) -> Response:
    visit.caller.require_all()
    ring: KeyRing | None = visit.request.app.state.keys
    return visit.page("keys.html", keys=None if ring is None else ring.all(), token=token)
