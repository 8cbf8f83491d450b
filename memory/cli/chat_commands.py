"""What can be typed in ``remem chat`` besides messages: ``/recall``, ``/why``, ``/pin``, ..."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from memory.cli.chat_history import ELSEWHERE
from memory.cli.recalling import NOTHING_RELEVANT, recollection_json
from memory.cli.screen import counted, recollection_table, record_json, safe, table
from memory.lookup import key_of
from memory.pins import pin, unpin
from memory.recall.names import meant, shown, shown_key
from store import F, InvalidInput, Record

if TYPE_CHECKING:
    from memory.attach.chat import Chat, Reply
    from memory.engine import Memory
    from memory.recall.ranking import Recollection

__all__ = ["COMMANDS", "QUIT", "Conversation", "Shown", "obey"]

QUIT = "/quit"

_SESSIONS = 10


@dataclass(slots=True)
class Conversation:
    """What commands work on.

    Attributes:
        memory: What is recalled from.
        begin: Begins a session, or goes on with it; None: a new one, named after the time.
        bot: The present session.
        k: Most memories that ``/recall`` shows.
        speaker: Name of the user.
        reply: The last answer in this session.
    """

    memory: Memory
    begin: Callable[[str | None], Chat]
    bot: Chat
    k: int
    speaker: str | None = None
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command has to say.

    Attributes:
        data: For programs.
        parts: For people.
        forgotten: Texts that shall not be kept anywhere any more.
    """

    data: Mapping[str, Any]
    parts: tuple[RenderableType, ...]
    forgotten: frozenset[str] = field(default=frozenset())


def obey(talk: Conversation, line: str) -> Shown:
    """Do what a line that begins with ``/`` says.

    Raises:
        InvalidInput: there is no such command, or it cannot do this.
    """
    name, _, argument = line.partition(" ")
    if name not in COMMANDS:
        raise InvalidInput(
            f"there is no command {name}; /help lists them, "
            "and a message may begin with / after a space"
        )
    return COMMANDS[name].run(talk, argument.strip())


def _help(talk: Conversation, argument: str) -> Shown:  # noqa: ARG001
    rows = [(f"{name} {each.takes}".rstrip(), each.does) for name, each in COMMANDS.items()]
    rows.append((QUIT, "ends the chat, as Ctrl-D does"))
    return Shown({"commands": dict(rows)}, (table(("Command", "What it does"), rows),))


def _recall(talk: Conversation, argument: str) -> Shown:
    if not argument:
        raise InvalidInput("say what to look for: /recall QUESTION")
    return _found(talk.memory.search(argument, talk.k, explain=True))


def _why(talk: Conversation, argument: str) -> Shown:  # noqa: ARG001
    if talk.reply is None:
        raise InvalidInput("nothing has been answered in this session yet")
    return _found(sorted(talk.reply.recalled, key=lambda one: one.score, reverse=True))


def _forget(talk: Conversation, argument: str) -> Shown:
    if not argument:
        raise InvalidInput("say what to forget: /forget last, or /forget KEY")
    if argument == "last":
        gone = talk.bot.forget_last()
    else:
        gone = talk.bot.forget(key_of(talk.memory, argument, "; nothing was forgotten"))
    talk.reply = None
    return Shown(
        {"forgotten": len(gone)},
        (f"{counted(len(gone), 'record')} forgotten. {ELSEWHERE}",),
        frozenset(record.text for record in gone),
    )


def _pin(talk: Conversation, argument: str) -> Shown:
    if not argument:
        pinned = talk.memory.pinned()
        rows = [(record.text, shown_key(record.key)) for record in pinned]
        return Shown(
            {"pinned": [record_json(record) for record in pinned]},
            (table(("Pinned", "Key"), rows) if rows else "Nothing is pinned.",),
        )
    is_known = any(talk.memory.get(key) is not None for key in (argument, meant(argument)))
    if is_known or ("#" in argument and not argument.split()[1:]):
        key = key_of(talk.memory, argument, "; /recall QUESTION shows keys")
        return _labelled("Pinned", pin(talk.memory, key))
    note = talk.memory.add(argument, speaker=talk.speaker)
    return _labelled("Pinned", pin(talk.memory, note.key))


def _unpin(talk: Conversation, argument: str) -> Shown:
    if not argument:
        raise InvalidInput("say what is to be pinned no longer: /unpin KEY; /pin lists the keys")
    key = key_of(talk.memory, argument, "; /pin lists the keys")
    return _labelled("No longer pinned", unpin(talk.memory, key))


def _session(talk: Conversation, argument: str) -> Shown:
    if argument:
        talk.bot, talk.reply = talk.begin(argument), None
    name = talk.bot.session
    turns = talk.memory.count(F("source") == name)
    said = f"The session is {shown(name)}, with {counted(turns, 'turn')}."
    if argument:
        return Shown({"session": name, "turns": turns}, (said,))
    known = [(each.last_said_at, each.source) for each in talk.memory.sources()]
    latest = sorted(((at, source) for at, source in known if at), reverse=True)[:_SESSIONS]
    sessions = [source for _, source in latest]
    rows = [(at, shown(source)) for at, source in latest]
    listed = [table(("Last", "Session"), rows)] if rows else []
    return Shown({"session": name, "turns": turns, "sessions": sessions}, (said, *listed))


@dataclass(frozen=True, slots=True)
class _Command:
    run: Callable[[Conversation, str], Shown]
    takes: str
    does: str


COMMANDS: Mapping[str, _Command] = {
    "/help": _Command(_help, "", "shows this list"),
    "/recall": _Command(_recall, "QUESTION", "searches, without asking the model"),
    "/why": _Command(_why, "", "shows the memories behind the last answer, with their scores"),
    "/forget": _Command(_forget, "last | KEY", "wipes the last exchange, or one memory"),
    "/pin": _Command(_pin, "[KEY | TEXT]", "keeps a memory in every prompt; alone: lists them"),
    "/unpin": _Command(_unpin, "KEY", "leaves it to be recalled where it matters"),
    "/session": _Command(_session, "[NAME]", "shows the latest sessions, or goes to one"),
}
"""By name; the end of the chat is the caller's."""


def _found(recollections: list[Recollection]) -> Shown:
    return Shown(
        {"memories": [recollection_json(each) for each in recollections]},
        (
            recollection_table(recollections)
            if recollections
            else Text(f"  {NOTHING_RELEVANT}", "dim"),
        ),
    )


def _labelled(what: str, record: Record) -> Shown:
    key = what.lower().replace(" ", "_")
    said = f"{what}: {safe(record.text)} ({shown_key(record.key)})"
    return Shown({key: record_json(record)}, (said,))
