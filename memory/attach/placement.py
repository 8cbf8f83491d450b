"""Places in a request where the blocks of memories stand. Pure.

* ``message``: in front of what the user said. Any model can read it, and what was sent stays the
  beginning of what is sent next.
* ``tool``: as the result of a tool behind what the user said, which is the least authority that a
  model knows. As cheap to repeat, for servers and models that know tools.
* ``system``: at the end of the system message, one block after the other. For models that heed
  nothing else: memories get the authority of instructions, and each time that there is something
  new, all that stands behind the system message is read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from memory.attach.utterances import role_of
from store.errors import InvalidInput

__all__ = ["PLACEMENTS", "REPLAY_BUDGET", "Blocks", "check_placement", "placed"]

Messages = Sequence[Mapping[str, Any]]

REPLAY_BUDGET = 20_000
"""Most tokens of blocks that are sent again: twenty blocks of the default budget."""

Blocks = Mapping[int, str]
"""Blocks by the place of the message of the user that they were recalled for."""


def placed(messages: Messages, blocks: Blocks, placement: str) -> list[Mapping[str, Any]]:
    """The messages with the blocks, where these are not empty; what was given is not changed."""
    return _PLACES[placement](messages, {n: block for n, block in blocks.items() if block})


def check_placement(placement: str) -> None:
    """Go on only with the name of a placement.

    Raises:
        InvalidInput: it is none.
    """
    if placement not in _PLACES:
        names = ", ".join(PLACEMENTS[:-1])
        raise InvalidInput(f"{placement!r} is no placement: give {names} or {PLACEMENTS[-1]}")


def _in_messages(messages: Messages, blocks: Blocks) -> list[Mapping[str, Any]]:
    return [
        {**message, "content": _before(message.get("content"), blocks[n])}
        if n in blocks
        else message
        for n, message in enumerate(messages)
    ]


def _in_system(messages: Messages, blocks: Blocks) -> list[Mapping[str, Any]]:
    texts = [blocks[n] for n in sorted(blocks)]
    if not texts:
        return list(messages)
    first, *others = messages
    if role_of(first) not in ("system", "developer"):
        return [{"role": "system", "content": "\n\n".join(texts)}, *messages]
    return [{**first, "content": _behind(first.get("content"), texts)}, *others]


def _as_tool_results(messages: Messages, blocks: Blocks) -> list[Mapping[str, Any]]:
    # Behind the message, because some servers take no user after a tool.
    return [
        each
        for n, message in enumerate(messages)
        for each in (message, *(_called(n, blocks[n]) if n in blocks else ()))
    ]


def _called(place: int, block: str) -> list[Mapping[str, Any]]:
    # Nine letters and digits, as Mistral's servers want it; the same whenever it is sent again.
    name = f"remem{place:04}"
    call = {"id": name, "type": "function", "function": {"name": "recall", "arguments": "{}"}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": name, "content": block},
    ]


def _before(content: Any, block: str) -> Any:
    """The content behind the block; what is of no form that holds a text stays as it is."""
    if isinstance(content, str):
        return f"{block}\n\n{content}"
    if not isinstance(content, (list, tuple)):
        return content
    return [_part(content, f"{block}\n\n"), *content]


def _behind(content: Any, blocks: Sequence[str]) -> Any:
    if isinstance(content, str):
        return "\n\n".join([content, *blocks])
    if not isinstance(content, (list, tuple)):
        return content
    return [*content, *(_part(content, f"\n\n{block}") for block in blocks)]


def _part(parts: Sequence[Any], text: str) -> Any:
    if parts and all(isinstance(part, str) for part in parts):
        return text
    # The chat completions protocol calls parts of text "text", the responses protocol "input_text".
    types = [str(part.get("type", "")) for part in parts if isinstance(part, Mapping)]
    named = any(each.startswith("input_") for each in types)
    return {"type": "input_text" if named else "text", "text": text}


_PLACES: Mapping[str, Callable[[Messages, Blocks], list[Mapping[str, Any]]]] = {
    "message": _in_messages,
    "system": _in_system,
    "tool": _as_tool_results,
}

PLACEMENTS = tuple(_PLACES)
"""Names of all placements, the default first."""
