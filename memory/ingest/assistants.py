"""Exports of programs in which people talk with a model: Open WebUI, LibreChat, LM Studio, ..."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from remem.ingest.parsing import as_list, as_object, as_text, as_time
from remem.ingest.turns import Chat, Format, Turn
from remem.messages import without_reasoning

_ROLES = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "bing": "assistant"}
_ROLES |= {"user": "user", "assistant": "assistant", "model": "assistant"}
_PROMPTED = re.compile(r"(?:Prompted|Asked|Said)\s", re.IGNORECASE)
_DONE = re.compile(
    r"(?:Created Gemini |Used (?:an? )?(?:Assistant|Gemini)|Gave feedback|Selected preferred"
    r"|Visited |Viewed |Changed |Listened )"
)
_HYPHENS = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2}) ?@ ?(\d{1,2})h ?(\d{1,2})m ?(\d{1,2})s.*")


def _open_webui(conversation: Mapping[str, Any], _: Chat) -> Iterator[Turn]:
    """The branch that was last seen."""
    chat = as_object(conversation.get("chat"), "its chat")
    history = as_object(chat.get("history") or {}, "its history")
    nodes = as_object(history.get("messages") or {}, "its messages")
    branch = _branch(nodes, history.get("currentId"), "parentId")
    messages = branch or as_list(chat.get("messages"), "its messages")
    for message in messages:
        role = _ROLES.get(str(message.get("role")), "")
        yield Turn(
            text=_said(role, as_text(message.get("content"), "its content")),
            role=role,
            said_at=as_time(message.get("timestamp")),
            identity=as_text(message.get("id"), "its id"),
            session=as_text(conversation.get("id"), "its id"),
            metadata={"title": conversation.get("title") or chat.get("title")},
        )


def _lm_studio(message: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    """The version of a message that was chosen, and of its steps what was said."""
    versions = as_list(message.get("versions"), "its versions")
    chosen = message.get("currentlySelected") or 0
    version = as_object(versions[chosen] if chosen < len(versions) else {}, "its version")
    parts = list(as_list(version.get("content"), "its content"))
    for step in as_list(version.get("steps"), "its steps"):
        style = as_object(step.get("style") or {}, "the style of a step").get("type")
        if step.get("type") == "contentBlock" and style != "thinking":
            parts += as_list(step.get("content"), "the content of a step")
    role = _ROLES.get(str(version.get("role")), "")
    yield Turn(
        text=_said(role, _texts(parts)),
        role=role,
        said_at=as_time(chat.facts.get("createdAt")),
        metadata={"title": chat.facts.get("name")},
    )


def _sharegpt(conversation: Mapping[str, Any], _: Chat) -> Iterator[Turn]:
    for turn in as_list(conversation.get("conversations"), "its conversations"):
        role = _ROLES.get(str(turn.get("from")), "")
        yield Turn(
            text=_said(role, as_text(turn.get("value"), "its value")),
            role=role,
            session=str(conversation.get("id") or ""),
        )


def _gemini(activity: Mapping[str, Any], _: Chat) -> Iterator[Turn]:
    """A question and its answer, which the export keeps as one activity."""
    said_at, title = as_time(activity.get("time")), as_text(activity.get("title"), "its title")
    answers = as_list(activity.get("safeHtmlItem"), "its answers")
    pages = [as_text(each.get("html"), "its answer") for each in answers]
    stamp = str(activity.get("time") or "")
    answer = _joined(pages)
    if not is_prompt(title, answer):
        return
    turns = (("user", prompt_in(title)), ("assistant", answer))
    for place, (role, text) in enumerate(turns):
        identity = f"{stamp}-{role}" if stamp else ""
        yield Turn(text, role=role, said_at=said_at, identity=identity, place=place)


def is_prompt(title: str, answer: str) -> bool:
    """True if an activity of Gemini is a question, and not something else that somebody did."""
    return bool(_PROMPTED.match(title) or (answer and not _DONE.match(title)))


def prompt_in(title: str) -> str:
    """The words of a question, without those of the program before them."""
    return _PROMPTED.sub("", title, count=1)


def _joined(pages: list[str]) -> str:
    return "\n".join(map(plain_text, pages))


def _sillytavern(line: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    if "mes" not in line:
        chat.facts["title"] = line.get("character_name")
        return
    yield Turn(
        text="" if line.get("is_system") else as_text(line.get("mes"), "its words"),
        role="user" if line.get("is_user") else "assistant",
        speaker=as_text(line.get("name"), "its name"),
        said_at=as_time(_with_hyphens(line.get("send_date"))),
        metadata={"title": chat.facts.get("title")},
    )


def _with_hyphens(time: Any) -> Any:
    """The time in ISO 8601, of the program's own spelling "2024-7-1 @14h 00m 00s"."""
    match = _HYPHENS.fullmatch(time) if isinstance(time, str) else None
    if match is None:
        return time
    year, *rest = (int(number) for number in match.groups())
    month, day, hour, minute, second = rest
    return f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"


def _librechat(element: Mapping[str, Any], chat: Chat) -> Iterator[Turn]:
    """Nothing yet: only the last message tells which branch was last seen."""
    nodes: dict[str, Mapping[str, Any]] = chat.facts.setdefault("nodes", {})
    left = [element]
    while left:
        message = as_object(left.pop(), "a message")
        identity = as_text(message.get("messageId"), "its id")
        nodes[identity] = {**message, "children": None}
        children = as_list(message.get("children"), "its answers")
        left += children
        if not children:
            chat.facts.setdefault("last", identity)
    # In a tree, the last of several answers is the one that is shown.
    chat.facts["shown"] = chat.facts.pop("last", None)
    return iter(())


def _librechat_branch(chat: Chat) -> Iterator[Turn]:
    nodes = chat.facts.get("nodes") or {}
    for message in _branch(nodes, chat.facts.get("shown"), "parentMessageId"):
        role = "user" if message.get("isCreatedByUser") else "assistant"
        parts = as_list(message.get("content"), "its content")
        text = as_text(message.get("text"), "its text") or _texts(parts)
        yield Turn(
            text="" if message.get("error") else _said(role, text),
            role=role,
            said_at=as_time(message.get("createdAt")),
            identity=as_text(message.get("messageId"), "its id"),
            session=as_text(chat.facts.get("conversationId"), "its id"),
            metadata={"title": chat.facts.get("title")},
        )


def _branch(
    nodes: Mapping[str, Mapping[str, Any]], last: Any, parent: str
) -> list[Mapping[str, Any]]:
    """The messages from the first to the last, each the parent of the next."""
    branch: dict[str, Mapping[str, Any]] = {}
    while isinstance(last, str) and last in nodes and last not in branch:
        branch[last] = nodes[last]
        last = nodes[last].get(parent)
    return [*reversed(branch.values())]


def _grok(element: Mapping[str, Any], _: Chat) -> Iterator[Turn]:
    """The branch that was written last."""
    conversation = as_object(element.get("conversation") or {}, "the conversation")
    answers = as_list(element.get("responses"), "its messages")
    messages = [as_object(each.get("response") or {}, "a message of it") for each in answers]
    nodes = {str(each.get("_id")): each for each in messages}
    shown = conversation.get("leaf_response_id") or (messages[-1].get("_id") if messages else None)
    has_parents = any(each.get("parent_response_id") in nodes for each in messages)
    for message in _branch(nodes, shown, "parent_response_id") if has_parents else messages:
        role = _ROLES.get(str(message.get("sender")).lower(), "")
        yield Turn(
            text=_said(role, as_text(message.get("message"), "its words")),
            role=role,
            said_at=as_time(_plain_time(message.get("create_time"))),
            identity=as_text(message.get("_id"), "its id"),
            session=as_text(conversation.get("id"), "its id"),
            metadata={"title": conversation.get("title"), "model": message.get("model")},
        )


def _plain_time(time: Any) -> Any:
    """A time as a number or text, of MongoDB's spelling of it."""
    for name in ("$date", "$numberLong"):
        time = time.get(name) if isinstance(time, dict) else time
    return time


def _le_chat(message: Mapping[str, Any], _: Chat) -> Iterator[Turn]:
    role = _ROLES.get(str(message.get("role")), "")
    parts = as_list(message.get("contentChunks"), "its parts")
    text = as_text(message.get("content"), "its content") or _texts(parts)
    version = f"-{message['version']}" if message.get("version") else ""
    yield Turn(
        text=_said(role, text),
        role=role,
        said_at=as_time(message.get("createdAt")),
        identity=f"{as_text(message.get('id'), 'its id')}{version}",
        session=as_text(message.get("chatId"), "its chat"),
    )


def _said(role: str, text: str) -> str:
    """The words without the model's reasoning; nothing of a role that nobody has."""
    return without_reasoning(text) if role == "assistant" else text if role else ""


def _texts(parts: list[Any]) -> str:
    """The parts of a message that are text."""
    found = [each for each in parts if isinstance(each, dict) and each.get("type") == "text"]
    texts = [each.get("text") for each in found]
    texts = [each.get("value") if isinstance(each, dict) else each for each in texts]
    return "\n".join(text for text in texts if isinstance(text, str) and text.strip())


BLOCKS = ("p", "div", "li", "ul", "ol", "tr", "pre", "h1", "h2", "h3", "h4", "table")
"""Elements of HTML whose words stand on lines of their own."""


class _Page(HTMLParser):
    """The words of a small piece of HTML; its blocks stand on lines of their own.

    Left out: what a program quotes of the message that is answered, and what nobody sees.
    """

    _NOT_SAID = ("quote", "style", "script", "title")
    _BREAKS = (*BLOCKS, "br")

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._quoted: list[str] = []

    def handle_data(self, data: str) -> None:
        if not self._quoted:
            self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_reply = any(name == "itemtype" and "Reply" in (value or "") for name, value in attrs)
        if tag in self._NOT_SAID or is_reply or tag in self._quoted:
            self._quoted.append(tag)
        self.words.append("\n" if tag in self._BREAKS else "")

    def handle_endtag(self, tag: str) -> None:
        if self._quoted and self._quoted[-1] == tag:
            self._quoted.pop()
        self.words.append("\n" if tag in self._BREAKS else "")


def plain_text(html: str) -> str:
    """The words of a small piece of HTML."""
    page = _Page()
    page.feed(html)
    page.close()
    return re.sub(r"\n{2,}", "\n\n", "".join(page.words)).strip()


ASSISTANTS = (
    Format(
        "Open WebUI export",
        "open-webui",
        _open_webui,
        frozenset({"item.chat", "item.chat.history"}),
        "item",
    ),
    Format(
        "LM Studio conversation",
        "lm-studio",
        _lm_studio,
        frozenset({"messages.item.versions", "messages.item.currentlySelected"}),
        "messages.item",
    ),
    Format(
        "ShareGPT conversations",
        "sharegpt",
        _sharegpt,
        frozenset({"item.conversations.item.from", "item.conversations.item.value"}),
        "item",
    ),
    Format(
        "Gemini activity",
        "gemini",
        _gemini,
        frozenset({"item.header", "item.title", "item.time", "item.safeHtmlItem"}),
        "item",
        is_newest_first=True,
    ),
    Format(
        "LibreChat export",
        "librechat",
        _librechat,
        frozenset({"conversationId", "messagesTree.item.isCreatedByUser"}),
        "messagesTree.item",
        rest=_librechat_branch,
    ),
    Format(
        "LibreChat export",
        "librechat",
        _librechat,
        frozenset({"conversationId", "messages.item.isCreatedByUser"}),
        "messages.item",
        rest=_librechat_branch,
    ),
    Format(
        "Grok export",
        "grok",
        _grok,
        frozenset({"conversations.item.conversation", "conversations.item.responses"}),
        "conversations.item",
    ),
    Format(
        "Le Chat export",
        "le-chat",
        _le_chat,
        frozenset({"item.chatId", "item.version", "item.role", "item.content"}),
        "item",
    ),
    Format(
        "SillyTavern chat",
        "sillytavern",
        _sillytavern,
        knows_line=lambda line: {"mes", "is_user"} <= line.keys(),
    ),
)
"""Each is one file of JSON, or of JSON Lines."""
