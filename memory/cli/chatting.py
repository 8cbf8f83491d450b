"""The loop of ``remem chat``: a line is typed, an answer is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from memory.cli.answers import exchange_json, show_recalled, type_out
from memory.cli.chat_commands import QUIT, Conversation, Shown, obey
from memory.cli.chat_history import History
from memory.cli.screen import complain, print_out, write_json_line
from store import RememError

if TYPE_CHECKING:
    from memory.attach.chat import StreamedReply

__all__ = ["JsonLines", "People", "converse"]


class Screen(Protocol):
    """Who reads the chat."""

    def answer(self, session: str, question: str, reply: StreamedReply) -> None:
        """Show an answer, reading it to its end."""

    def command(self, name: str, shown: Shown) -> None:
        """Show what a command has to say."""


class People:
    """The memories, then the answer as it comes."""

    def answer(self, session: str, question: str, reply: StreamedReply) -> None:  # noqa: ARG002
        """See ``Screen.answer``."""
        show_recalled(reply.recalled)
        type_out(reply)
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
