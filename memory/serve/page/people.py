"""People: two names of one are made one, and parted again; and which of them is me."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote, unquote

from fastapi import APIRouter, Response

from remem.contents import UNNAMED, merge_speakers, name_user, split_speaker
from remem.departed import BEFORE
from remem.memory import Memory
from remem.serve.errors import ApiError
from remem.serve.page.jobs import Job, begun
from remem.serve.page.visits import HtmlRoute, Reading, Visit, Writing
from remem.serve.sessions import PREFIX
from remem.store import F, Record

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

PATH = f"{PREFIX}/people"

USER = "\ue000user"
"""In place of the name of somebody whom an assistant's export does not name; a sign that no name
has."""

_MOST = 200
_EVER = [datetime(1, 1, 2, tzinfo=timezone.utc), datetime(9999, 12, 30, tzinfo=timezone.utc)]
_YEAR = 31_536_000


@router.get(PATH)
async def people(visit: Reading) -> Response:
    """The people, the most talkative first, and the names that were merged."""

    def read(memory: Memory) -> dict[str, Any]:
        merged = Counter(
            (str(record.metadata[BEFORE]), record.speaker or "")
            for record in memory.scan(F(f"metadata.{BEFORE}").exists())
        )
        said = speakers_of(memory)
        return {
            "people": said[:_MOST],
            "left_out": max(0, len(said) - _MOST),
            "unnamed": memory.count(UNNAMED),
            "merged": [(*names, n) for names, n in merged.most_common()],
        }

    return visit.page("people.html", user=USER, me=me_of(visit), **await visit.read(read))


def speakers_of(memory: Memory) -> list[tuple[str, int]]:
    """The people who said something, each with how much, the most talkative first."""
    said = {who: sum(counts) for who, counts in memory.tally(_EVER).items() if who}
    return Counter(said).most_common()


@router.post(f"{PATH}/merge")
async def merge(visit: Writing) -> Response:
    """Make two names of one person one."""
    name, into = visit.form.get("name", ""), visit.form.get("into", "").strip()
    if not name or not into:
        raise ApiError(400, "unnamed", "choose both names")

    def renamed(job: Job) -> int:
        if name == USER:
            return name_user(visit.memory, into, job.at)
        return merge_speakers(visit.memory, name, into, job.at)

    return begun(visit, "_merged.html", renamed)


@router.post(f"{PATH}/split")
async def split(visit: Writing) -> Response:
    """Give a name that was merged what was its own."""
    name = visit.form.get("name", "")
    return begun(visit, "_merged.html", lambda job: split_speaker(visit.memory, name, job.at))


@router.post(f"{PATH}/me")
async def set_me(visit: Reading) -> Response:
    """Say which of the people is whoever uses this browser, or that none is."""
    name = visit.form.get("name", "")
    response = visit.go(PATH, done="me" if name else "not_me")
    cookie = _cookie(visit)
    if name:
        response.set_cookie(cookie, quote(name), max_age=_YEAR, samesite="strict", httponly=True)
    else:
        response.delete_cookie(cookie, samesite="strict", httponly=True)
    return response


def is_mine(record: Record, me: str) -> bool:
    """True if whoever uses this browser said it."""
    if me == USER:
        return record.role == "user" and not record.speaker
    return record.speaker == me


def me_of(visit: Visit) -> str:
    """The name of whoever uses this browser; empty if they did not say."""
    return unquote(visit.request.cookies.get(_cookie(visit), ""))


def _cookie(visit: Visit) -> str:
    """Of each namespace one: people have the same names in several."""
    digest = hashlib.sha256(visit.memory.namespace.encode()).hexdigest()
    return f"remem_me_{digest[:12]}"
