"""A memory: its words, what was said around it, its versions; to be corrected, pinned, let expire
and deleted, each of which can be taken back."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fastapi import APIRouter, Response

from remem.contents import expire, pin, unpin
from remem.dates import latest, now
from remem.memory import Memory
from remem.recall.order.echoes import RECALLED
from remem.serve.errors import ApiError
from remem.serve.page.visits import HtmlRoute, Reading, Visit, Writing
from remem.serve.sessions import PREFIX
from remem.store import F, Record
from remem.uses.labelled import GUESSED, LABELLED, labels_of, probability_of
from remem.versions import is_current

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

PATH = f"{PREFIX}/memory"
_AROUND = 3
_MOST_USES = 20


@dataclass(frozen=True, slots=True)
class Deleted:
    """Records that were deleted a moment ago."""

    namespace: str
    records: Sequence[Record]
    at: float


class Trash:
    """Deleted records that can be brought back for ten minutes. Thread-safe; in memory only."""

    _SECONDS = 600.0
    _MOST = 100

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: OrderedDict[str, Deleted] = OrderedDict()

    def keep(self, namespace: str, records: Sequence[Record]) -> str:
        """Hold records; returns a name for them."""
        name = secrets.token_urlsafe(16)
        with self._guard:
            self._drop_old()
            self._held[name] = Deleted(namespace, records, time.monotonic())
        return name

    def take(self, name: str, namespace: str) -> Sequence[Record]:
        """The records of that name, which are held no longer; none if they are not held."""
        with self._guard:
            self._drop_old()
            held = self._held.get(name)
            if held is None or held.namespace != namespace:
                return ()
            return self._held.pop(name).records

    def empty(self) -> None:
        """Hold nothing any more: whoever forgets something wants no copy of it."""
        with self._guard:
            self._held.clear()

    def _drop_old(self) -> None:
        least = time.monotonic() - self._SECONDS
        while self._held and (
            len(self._held) > self._MOST or next(iter(self._held.values())).at < least
        ):
            self._held.popitem(last=False)


@router.get(PATH)
async def record(visit: Reading, key: str) -> Response:
    """One memory, with all there is to know about it."""

    def read(memory: Memory) -> dict[str, Any]:
        versions = memory.history(key)
        if not versions:
            return {}
        shown = next(each for each in versions if each.key == key)
        used = memory.scan(F(f"metadata.{RECALLED}") == key)
        return {
            "record": shown,
            "versions": versions,
            "current": is_current(shown),
            "labels": [
                (name, label, probability_of(shown, name))
                for name, label in labels_of(shown).items()
            ],
            "others": _others(shown),
            "around": memory.neighbors(key, _AROUND),
            "uses": list(islice(used, _MOST_USES)),
        }

    values = await visit.read(read)
    if not values:
        raise ApiError(404, "no_memory", "no memory has this key in this namespace")
    return visit.page("memory.html", **values)


def _others(record: Record) -> dict[str, Any]:
    """The rest of its metadata, besides what has a place of its own on the page."""
    shown = {"pinned", LABELLED, GUESSED, *labels_of(record)}
    return {name: value for name, value in record.metadata.items() if name not in shown}


@router.post(f"{PATH}/correct")
async def correct(visit: Writing) -> Response:
    """Put other words in the place of a memory; the old ones become its history."""
    key, text = visit.field("key"), visit.field("text").replace("\r\n", "\n").strip()
    new = await visit.write(lambda memory: memory.update(key, text))
    if new.key == key:
        return visit.go(PATH, key=key, done="same")
    return visit.go(PATH, key=new.key, done="corrected", undo=key)


@router.post(f"{PATH}/restore")
async def restore(visit: Writing) -> Response:
    """Bring the words of an earlier version back, as a version of their own."""
    version = visit.field("version")

    def again(memory: Memory) -> Record:
        versions = memory.history(version)
        old = next((each for each in versions if each.key == version), None)
        if old is None:
            raise ApiError(404, "no_memory", "no memory has this key in this namespace")
        return memory.update(version, old.text, said_at=old.said_at, metadata=old.metadata)

    new = await visit.write(again)
    return visit.go(PATH, key=new.key, done="restored")


@router.post(f"{PATH}/pin")
async def put_in_every_prompt(visit: Writing) -> Response:
    """Put a memory in every prompt."""
    key = visit.field("key")
    new = await visit.write(lambda memory: pin(memory, key))
    return visit.go(PATH, key=new.key, done="pinned")


@router.post(f"{PATH}/unpin")
async def take_out_of_prompts(visit: Writing) -> Response:
    """Let a memory be recalled only where it matters."""
    key = visit.field("key")
    new = await visit.write(lambda memory: unpin(memory, key))
    return visit.go(PATH, key=new.key, done="unpinned")


@router.post(f"{PATH}/label")
async def give_label(visit: Writing) -> Response:
    """Give a memory a label."""
    key, name, label = (visit.field(each).strip() for each in ("key", "name", "label"))
    await visit.write(lambda memory: memory.label(name, label, key))
    return visit.go(PATH, key=key, done="labelled")


@router.post(f"{PATH}/expire")
async def let_expire(visit: Writing) -> Response:
    """Let a memory be found until a day and no longer, or from now on without an end."""
    key, until = visit.field("key"), visit.form.get("until", "").strip()
    if visit.form.get("never"):
        moment, done = None, "lasting"
    else:
        moment, done = (latest(until) if until else now()), "expiring"
    new = await visit.write(lambda memory: expire(memory, key, moment))
    return visit.go(PATH, key=new.key, done=done)


@router.post(f"{PATH}/delete")
async def delete(visit: Writing) -> Response:
    """Stop remembering, with all versions; for ten minutes they can be brought back."""
    key = visit.field("key")

    def remove(memory: Memory) -> list[Record]:
        versions = memory.history(key)
        memory.delete(key)
        return versions

    gone = await visit.write(remove)
    token = _trash(visit).keep(visit.memory.namespace, gone) if gone else None
    return visit.go("/", done="deleted", undo=token)


@router.post(f"{PREFIX}/undo")
async def undo(visit: Writing) -> Response:
    """Bring back what was deleted a moment ago."""
    records = _trash(visit).take(visit.form.get("undo", ""), visit.memory.namespace)
    if not records:
        raise ApiError(410, "too_late", "this was deleted too long ago to be brought back")
    await visit.write(lambda memory: memory.put_records(records))
    return visit.go(PATH, key=records[-1].key, done="undone")


def _trash(visit: Visit) -> Trash:
    trash: Trash = visit.request.app.state.trash
    return trash
