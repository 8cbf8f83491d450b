"""Forgetting: everything that would go is shown first, a word is typed, and a receipt is given."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import and_

from fastapi import APIRouter, Response

from remem import receipts
from remem.receipts import Receipt
from remem.serve.errors import ApiError
from remem.serve.page.record import Trash
from remem.serve.page.rendering import HEADERS
from remem.serve.page.visits import Administering, HtmlRoute
from remem.serve.sessions import PREFIX
from remem.store import F, Filter

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

PATH = f"{PREFIX}/forget"

_MOST_SHOWN = 50
_CHOSEN_BY = ("key", "source", "speaker")


@dataclass(frozen=True, slots=True)
class Receipts:
    """The last receipts of a server, until somebody saves them.

    Attributes:
        held: By a name that only who forgot something knows.
    """

    held: OrderedDict[str, Receipt] = field(default_factory=OrderedDict)

    def keep(self, receipt: Receipt) -> str:
        """Hold a receipt; returns its name."""
        name = secrets.token_urlsafe(16)
        self.held[name] = receipt
        while len(self.held) > 100:
            self.held.popitem(last=False)
        return name


def chosen(asked: Mapping[str, str]) -> Filter:
    """The filter that is meant: all conditions that are named.

    Raises:
        ApiError: 400, none is.
    """
    parts = [F(name) == asked[name] for name in _CHOSEN_BY if asked.get(name)]
    if not parts:
        raise ApiError(400, "nothing_chosen", "say what to forget: a memory, a source or a speaker")
    return reduce(and_, parts)


@router.get(PATH)
async def preview(visit: Administering) -> Response:
    """Everything that would go, and the field for the word that makes it go."""
    asked = visit.request.query_params
    where = chosen(asked)
    doomed = await visit.read(lambda memory: memory.doomed(where))
    names = {name: asked[name] for name in _CHOSEN_BY if asked.get(name)}
    return visit.page(
        "forget.html",
        chosen=names,
        doomed=doomed.records[:_MOST_SHOWN],
        left_out=max(0, len(doomed.records) - _MOST_SHOWN),
        numbers=receipts.counts(doomed),
        word=visit.language.say("forget.word"),
    )


@router.post(PATH)
async def forget(visit: Administering) -> Response:
    """Forget it, and give the receipt."""
    if visit.form.get("confirm", "").strip() != visit.language.say("forget.word"):
        raise ApiError(400, "unconfirmed", "type the word that confirms it; nothing was forgotten")
    where = chosen(visit.form)
    made = await visit.write(lambda memory: receipts.forget(memory, where))
    state = visit.request.app.state
    trash: Trash = state.trash
    trash.empty()
    kept: Receipts = state.receipts
    return visit.go(f"{PATH}/receipt", name=kept.keep(made))


@router.get(f"{PATH}/receipt")
async def receipt(visit: Administering, name: str) -> Response:
    """A receipt that was just made."""
    made = _held(visit, name)
    at = datetime.fromisoformat(made.at).astimezone()  # at the clock of this server
    return visit.page("receipt.html", receipt=made, at=at, name=name)


@router.get(f"{PATH}/receipt/file")
async def file(visit: Administering, name: str) -> Response:
    """The same as a file to keep."""
    made = _held(visit, name)
    called = f"remem-receipt-{made.at[:10]}.json"
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{called}"'}
    return Response(made.to_json() + "\n", headers=headers, media_type="application/json")


def _held(visit: Administering, name: str) -> Receipt:
    kept: Receipts = visit.request.app.state.receipts
    made = kept.held.get(name)
    if made is None:
        raise ApiError(404, "no_receipt", "this receipt is held no longer")
    return made
