"""Chat beside the memories that it used: the answer, what was recalled, and the whole prompt."""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Response

from remem.attach.attachment import Attachment, Exchange, Remembered
from remem.attach.replies import ChatReading
from remem.memory import Memory
from remem.recall.recollection import Recollection
from remem.serve.backend import Backend, CompletionRequest
from remem.serve.errors import ApiError
from remem.serve.page.jobs import owner_of
from remem.serve.page.record import Trash
from remem.serve.page.visits import HtmlRoute, Visit, Writing
from remem.serve.sessions import PREFIX
from remem.serve.settings import ServeSettings
from remem.serve.streaming import collected
from remem.store import F

router = APIRouter(route_class=HtmlRoute, include_in_schema=False)

PATH = f"{PREFIX}/chat"

_MOST_TALKS = 100
_MOST_MODELS = 200


@dataclass(slots=True)
class Said:
    """A question and its answer.

    Attributes:
        question, answer: The words.
        recalled: The memories that the model was given.
        prompt: All that it was given.
        keys: Of the two as they are remembered; none if they are not.
        problem: Why memory failed, in one sentence.
    """

    question: str
    answer: str
    recalled: Sequence[Recollection]
    prompt: str
    keys: tuple[str, ...]
    problem: str | None


@dataclass(slots=True)
class Talk:
    """A conversation in the page.

    Attributes:
        owner: Id of the key that holds it.
        namespace: Whose memory it uses.
        session: Under which it is remembered.
        said: What was said so far.
    """

    owner: str | None
    namespace: str
    session: str
    said: list[Said] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Talks:
    """The last conversations of a server, by a name that only their pages know."""

    held: OrderedDict[str, Talk] = field(default_factory=OrderedDict)

    def begin(self, owner: str | None, namespace: str) -> str:
        """Begin a conversation; returns its name."""
        name = secrets.token_urlsafe(12)
        self.held[name] = Talk(owner, namespace, f"page/{name}")
        while len(self.held) > _MOST_TALKS:
            self.held.popitem(last=False)
        return name


@router.get(PATH)
async def chat(visit: Writing, talk: str = "") -> Response:
    """The conversation, and beside it what its last answer was made of."""
    there = _talks(visit).held.get(talk)
    if there is None or (there.owner, there.namespace) != _whose(visit):
        return visit.page("chat.html", talk="", said=[], models=await _models(visit), model="")
    model = visit.request.query_params.get("model", "")
    said = there.said
    return visit.page("chat.html", talk=talk, said=said, models=await _models(visit), model=model)


@router.post(PATH)
async def ask(visit: Writing) -> Response:
    """Ask, and go on with the answer."""
    question = visit.form.get("message", "").strip()
    if not question:
        raise ApiError(400, "nothing_asked", "say something first")
    talks, name = _talks(visit), visit.form.get("talk", "")
    if name not in talks.held:
        name = talks.begin(*_whose(visit))
    there = talks.held[name]
    if (there.owner, there.namespace) != _whose(visit):
        raise ApiError(403, "namespace_not_allowed", "this is a conversation of somebody else")
    remembers = "forgetful" not in visit.form
    model = visit.form.get("model", "")
    said = await _answered(visit, there, question, model, remembers)
    there.said.append(said)
    return visit.go(PATH, talk=name, model=model)


@router.post(f"{PATH}/forget")
async def forget(visit: Writing) -> Response:
    """Take an exchange out of the memory again, and out of the conversation."""
    name = visit.form.get("talk", "")
    there = _talks(visit).held.get(name)
    place = visit.form.get("place", "")
    if there is None or (there.owner, there.namespace) != _whose(visit) or not place.isdecimal():
        raise ApiError(404, "no_talk", "this conversation is held no longer")
    if int(place) < len(there.said):
        said = there.said.pop(int(place))
        if said.keys:
            await visit.write(lambda memory: memory.forget(F("key").in_(said.keys)))
            trash: Trash = visit.request.app.state.trash
            trash.empty()
    return visit.go(PATH, talk=name, model=visit.form.get("model", ""), done="unremembered")


async def _answered(visit: Visit, talk: Talk, question: str, model: str, remembers: bool) -> Said:
    state = visit.request.app.state
    settings: ServeSettings = state.settings
    backend: Backend = state.backend
    messages = [
        message
        for each in talk.said
        for message in (_message("user", each.question), _message("assistant", each.answer))
    ]
    messages.append(_message("user", question))

    def recall(memory: Memory) -> Exchange:
        attachment = Attachment(
            memory,
            settings.budget,
            settings.k,
            settings.floor,
            backend.count_tokens,
            settings.placement,
        )
        exchange = attachment.recall(messages, talk.session)
        return exchange if remembers else exchange.only_read()

    exchange = await visit.read(recall)
    body: dict[str, Any] = {"messages": messages, **({"model": model} if model else {})}
    asked = CompletionRequest(body, json.dumps(body).encode(), _headers(visit), exchange)
    with state.generations.take():
        async with backend.complete(asked) as answering:
            raw = await collected(answering.pieces, settings.max_reply_bytes)
    reading = ChatReading()
    reading.read_whole(raw)
    answer = reading.answer()
    if answering.status >= 300 or not answer.text.strip():
        why = answer.problem or f"its status was {answering.status}"
        raise ApiError(502, "no_answer", f"the model gave no answer ({why}); ask again")
    remembered = await visit.write(lambda _: exchange.remember(answer.text))
    return Said(
        question,
        answer.text,
        exchange.context.recollections,
        _prompt(exchange),
        _keys(remembered),
        exchange.told(remembered),
    )


def _keys(remembered: Remembered) -> tuple[str, ...]:
    return (*remembered.turns.added, *remembered.turns.unchanged)


def _prompt(exchange: Exchange) -> str:
    """All that a model reads, as text."""
    return "\n\n".join(f"{each.get('role')}: {each.get('content')}" for each in exchange.messages)


def _message(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "content": content}


def _headers(visit: Visit) -> Mapping[str, str]:
    return {"x-request-id": visit.request.state.request_id}


async def _models(visit: Visit) -> list[str]:
    """Names of models to choose from; none if whoever answers does not say."""
    state = visit.request.app.state
    backend: Backend = state.backend
    try:
        async with backend.models(None, _headers(visit)) as answering:
            raw = await collected(answering.pieces, state.settings.max_reply_bytes)
        names = [str(each["id"]) for each in json.loads(raw)["data"]]
    except (ApiError, ValueError, TypeError, KeyError):
        return []
    return names[:_MOST_MODELS]


def _talks(visit: Visit) -> Talks:
    talks: Talks = visit.request.app.state.talks
    return talks


def _whose(visit: Visit) -> tuple[str | None, str]:
    return owner_of(visit), visit.memory.namespace
