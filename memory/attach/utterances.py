"""Messages of any client as what was said: its words, whatever stands around them. Pure.

A chat goes on with whatever its client and its server agree on. So nothing here raises: what has no
words says nothing, and a field that a memory cannot keep is left out and named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from memory.attach.reasoning import without_reasoning
from memory.messages import records_of
from memory.recall.prompt import without_block
from store import InvalidInput
from store.validation import check_record

__all__ = ["oddities", "role_of", "said_by", "utterances", "words"]

_FIELDS = ("name", "speaker", "time", "metadata")
"""Fields of a message that a memory keeps, besides its role and content."""

_CALLS = ("tool_calls", "function_call")


def words(content: Any) -> str:
    """The words of a message's content: a text, a part, or a list of texts and parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, (list, tuple)) else [content]
    return "\n".join(text for text in map(_words_of_part, parts) if text.strip())


def said_by(role: str | None, text: str) -> str:
    """The words of a message that somebody said: without a block of memories that was copied along
    and, if it is the assistant's, without the reasoning in front of it."""
    return without_block(without_reasoning(text) if role == "assistant" else text)


def role_of(message: Any) -> Any:
    """The role that a message gives, whatever that is; None if it gives none."""
    return message.get("role") if isinstance(message, Mapping) else None


def utterances(messages: Sequence[Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The messages in which somebody says something, in the form that ``records_of`` reads, with
    their places. What is said on the way to a call of tools is not."""
    for place, message in enumerate(messages):
        role = role_of(message)
        if isinstance(role, str) and not any(map(message.get, _CALLS)):
            said = said_by(role, words(message.get("content")))
            if said.strip():
                yield place, {"role": role, "content": said} | _kept(message)


def oddities(messages: Sequence[Any], first: int = 0) -> list[str]:
    """A sentence for each message, from the first on, of which something cannot be remembered."""
    told = ((number, _oddity(messages[number])) for number in range(first, len(messages)))
    return [f"message {number} {oddity}" for number, oddity in told if oddity]


def _oddity(message: Any) -> str:
    if not isinstance(message, Mapping):
        return f"was not remembered, because it is a {type(message).__name__}; give an object"
    if not isinstance(message.get("role"), str):
        return "was not remembered, because it does not say whose it is; give it a role"
    content = message.get("content")
    if not isinstance(content, (str, list, tuple, Mapping, type(None))):
        return f"was not remembered, because its content is a {type(content).__name__}; give a text"
    left_out = [name for name in _FIELDS if message.get(name) and name not in _kept(message)]
    return f"was remembered without its {' and '.join(left_out)}" if left_out else ""


def _kept(message: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: message[name] for name in _FIELDS if message.get(name)}
    return {name: value for name, value in given.items() if _can_be_kept(name, value)}


def _can_be_kept(name: str, value: Any) -> bool:
    try:
        for record in records_of([{"role": "user", "content": "-", name: value}], "-"):
            check_record(record)
    except (InvalidInput, TypeError, ValueError):
        return False
    return True


def _words_of_part(part: Any) -> str:
    """The words of a part; one of an image or a file has none."""
    if isinstance(part, str):
        return part
    text = (part.get("text") or part.get("refusal")) if isinstance(part, Mapping) else None
    return text if isinstance(text, str) else ""
