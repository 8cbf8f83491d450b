"""The loop of ``remem chat``: a line is typed, an answer is shown."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, Any, Protocol

from rich.console import RenderableType
from rich.text import Text

from remem.cli.recollections import Recollections
from remem.cli.screen import (
    begun,
    complain,
    counted,
    print_out,
    safe,
    table,
    with_key,
    write_json_line,
)
from remem.cli.search import (
    NOTHING_RELEVANT,
    exchange_json,
    recollection_json,
    show_recalled,
    type_out,
)
from remem.contents import pin, unpin
from remem.lookup import key_of
from remem.recall.names import meant, shown, shown_key
from remem.store import F, InvalidInput, Record, RememError
from remem.transfer import record_json

if TYPE_CHECKING:
    from remem.attach.chat import Chat, Reply, StreamedReply
    from remem.memory import Memory
    from remem.recall.recollection import Recollection


class Screen(Protocol):
    """The reader of a chat."""

    def answer(self, session: str, question: str, reply: StreamedReply) -> None:
        """Show an answer, reading it to its end."""

    def command(self, name: str, shown: Shown) -> None:
        """Show what a command has to say."""


class People:
    """The memories, then the answer as it comes."""

    def answer(self, session: str, question: str, reply: StreamedReply) -> None:  # noqa: ARG002
        """See ``Screen.answer``."""
        show_recalled(reply.recalled)
        type_out(begun(reply))
        if problem := reply.reply.problem:
            complain(problem)

    def command(self, name: str, shown: Shown) -> None:  # noqa: ARG002
        """See ``Screen.command``."""
        print_out(*shown.parts)


class JsonLines:
    """One line of JSON for each exchange and each command."""

    def answer(self, session: str, question: str, reply: StreamedReply) -> None:
        """See ``Screen.answer``."""
        for _ in reply:
            pass
        exchange = exchange_json(question, reply.recalled, reply.reply.text)
        write_json_line({"session": session, **exchange, "problem": reply.reply.problem})

    def command(self, name: str, shown: Shown) -> None:
        """See ``Screen.command``."""
        write_json_line({"command": name, **shown.data})


def converse(talk: Conversation, screen: Screen, history: History | None) -> bool:
    """Answer what is typed until it ends; whether every line could be answered.

    Args:
        history: Of lines typed on a terminal; None: nobody sits at one.

    Raises:
        KeyboardInterrupt: the user stopped it; on a terminal, not during an answer.
    """
    failed = False
    for line in _typed(history):
        try:
            if line.startswith("/"):
                shown = obey(talk, line)
                screen.command(line.split()[0], shown)
                if history and shown.forgotten:
                    history.forget(shown.forgotten)
            else:
                _answer(talk, screen, line.strip())
        except RememError as error:
            complain(str(error))
            failed = True
        except KeyboardInterrupt:
            if history is None:
                raise
            complain("stopped; nothing of this exchange is remembered")
    return not failed


def _answer(talk: Conversation, screen: Screen, question: str) -> None:
    reply = talk.bot.stream(question)
    try:
        screen.answer(talk.bot.session, question, reply)
    finally:
        reply.close()
    talk.reply = reply.reply


def _typed(history: History | None) -> Iterator[str]:
    """Lines that say something; a command begins with / in the first column."""
    while True:
        try:
            line = input("you> " if history else "").rstrip()
        except EOFError:
            if history:
                print_out("")  # or the shell's prompt would stand behind ours
            return
        if line == QUIT:
            return
        if line:
            if history:
                history.add(line)
            yield line


# What was typed in earlier chats, for the arrow keys; kept in a file that only its owner reads.
ELSEWHERE = "Exports, backups and run files that you made may still hold the words."
"""A reminder for whoever forgets something."""

_MOST = 1000


class History:
    """Lines that were typed, in the line editor (where there is one) and in a file.

    Every line is written at once, behind those of other chats that run at the same time.

    Args:
        path: The file; None keeps no line longer than the chat.
        may_keep: Whether a line may be written, and is no secret.
    """

    def __init__(self, path: Path | None, may_keep: Callable[[str], bool] = lambda _: True) -> None:
        self._path = path
        self._may_keep = may_keep
        self._editor = _line_editor()
        lines = self._lines()
        if len(lines) > _MOST:
            self._write(lines[-_MOST:])
        if self._editor:
            for line in lines[-_MOST:]:
                self._editor.add_history(line)

    def add(self, line: str) -> None:
        """Keep a line that was typed; the line editor knows it already."""
        with self._writing() as path:
            if path and self._may_keep(line):
                path.parent.mkdir(parents=True, exist_ok=True)
                with _private(path, os.O_APPEND) as file:
                    file.write(f"{line}\n")

    def forget(self, texts: Collection[str]) -> None:
        """Drop the lines that hold one of these texts."""
        wanted = _folded(texts)
        if self._editor:
            for place in range(self._editor.get_current_history_length(), 0, -1):
                line = self._editor.get_history_item(place)
                if line is not None and _holds(line, wanted):
                    self._editor.remove_history_item(place - 1)
        with self._writing() as path:
            if path:
                forget_lines(path, texts)

    def _lines(self) -> list[str]:
        return _read(self._path) if self._path else []

    def _write(self, lines: Iterable[str]) -> None:
        with self._writing() as path:
            if path:
                _replace(path, lines)

    @contextmanager
    def _writing(self) -> Iterator[Path | None]:
        """The file; if it cannot be written, that is said once and there is none from then on."""
        try:
            yield self._path
        except OSError as error:
            complain(f"what is typed cannot be written to {self._path}: {error.strerror}")
            self._path = None


def _line_editor() -> ModuleType | None:
    """Once it is imported, ``input`` edits lines with it and keeps them."""
    try:
        import readline
    except ImportError:  # as on Windows
        return None
    readline.clear_history()
    return readline


def forget_lines(path: Path, texts: Collection[str]) -> int:
    """Wipe the lines that hold one of these texts out of a file of them; returns how many.

    Raises:
        OSError: it cannot be written.
    """
    new = _new(path)
    if new.exists():  # left by a process that was killed
        _wipe(new)
        new.unlink()
    lines, wanted = _read(path), _folded(texts)
    kept = [line for line in lines if not _holds(line, wanted)]
    if len(kept) < len(lines):
        _replace(path, kept)
    return len(lines) - len(kept)


def _folded(texts: Collection[str]) -> list[str]:
    """Parts of lines that hold one of the texts, whatever their case and spaces.

    Words stand between spaces, so that none is found inside another; but not every script parts
    them.
    """
    spaced = [f" {words} " for text in texts if (words := " ".join(_words(text)))]
    return spaced + [text.casefold().strip() for text in texts if not text.isascii()]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _holds(line: str, wanted: Collection[str]) -> bool:
    words = f" {' '.join(_words(line))} {line.casefold()}"
    return any(each in words for each in wanted)


def _read(path: Path) -> list[str]:
    with suppress(OSError):  # there is none yet
        return path.read_text("utf-8", "replace").split("\n")[:-1]
    return []


def _new(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _replace(path: Path, lines: Iterable[str]) -> None:
    """Put lines in the place of all that the file holds, and leave no copy of that on the disk."""
    new = _new(path)
    with _private(new, os.O_TRUNC) as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    with path.open("r+b") if path.exists() else nullcontext() as old:
        new.replace(path)
        if old:
            _overwrite(old)


def _wipe(path: Path) -> None:
    with path.open("r+b") as file:
        _overwrite(file)


def _overwrite(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    file.write(bytes(size))
    file.flush()
    os.fsync(file.fileno())


def _private(path: Path, how: int) -> IO[str]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    return open(descriptor, "w", encoding="utf-8", errors="replace")  # noqa: PTH123


# What can be typed in ``remem chat`` besides messages: ``/recall``, ``/why``, ``/pin``, ...

QUIT = "/quit"

_SESSIONS = 10


@dataclass(slots=True)
class Conversation:
    """The state that commands work on.

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
    """The output of a command.

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
        rows = [(with_key(record.text, record.key),) for record in pinned]
        return Shown(
            {"pinned": [record_json(record) for record in pinned]},
            (table(("Pinned",), rows) if rows else "Nothing is pinned.",),
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
        (Recollections(recollections) if recollections else Text(f"  {NOTHING_RELEVANT}", "dim"),),
    )


def _labelled(what: str, record: Record) -> Shown:
    key = what.lower().replace(" ", "_")
    said = f"{what}: {safe(record.text)} ({shown_key(record.key)})"
    return Shown({key: record_json(record)}, (said,))
