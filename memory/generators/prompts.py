"""Prompts for generators: notes, question and earlier turns to chat messages.

Models differ in how they must be given their notes, so every generator has a layout of its own:
a function from ``Prompt`` to chat messages. All layouts are pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from remem.recall.names import who
from remem.recall.prompt import Context, format_date, neutralise, reads_as_said
from remem.store import Record


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; ``role`` is ``"system"``, ``"user"`` or ``"assistant"``."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question for a generator, with its notes.

    Attributes:
        question: The message to be answered.
        context: The recalled memories; None or an empty one where there is no memory.
        earlier: The turns of the present conversation, oldest first, without the question.
        instructions: What the model is told to be (its system message), if anything.
    """

    question: str
    context: Context | None = None
    earlier: tuple[Message, ...] = ()
    instructions: str | None = None


Layout = Callable[[Prompt], list[Message]]


def block_before_question(prompt: Prompt) -> list[Message]:
    """The block of memories in front of the question, in one user message.

    Not in the system message: what was remembered must not carry the authority of instructions,
    some chat templates refuse one, and a conversation that only grows at its end can be cached.
    """
    block = prompt.context.text if prompt.context else ""
    return _conversation(prompt, f"{block}\n\n{prompt.question}" if block else prompt.question)


def notes_in_question(prompt: Prompt) -> list[Message]:
    """Plain notes in the question itself, for models too small to make use of a block.

    Chosen with SmolLM2-135M over 13 questions about three notes each: 11 answered, as with the date
    in front of the speaker and the question in the line of the request, but with less made up.
    """
    recollections = prompt.context.recollections if prompt.context else ()
    if not recollections:
        return _conversation(prompt, prompt.question)
    notes = "\n".join(f"- {_note(recollection.record)}" for recollection in recollections)
    return _conversation(
        prompt,
        "Here are notes from our earlier conversations:\n"
        f"{notes}\n\nUse the notes to answer.\nQUESTION: {prompt.question}",
    )


def _conversation(prompt: Prompt, question: str) -> list[Message]:
    system = [Message("system", prompt.instructions)] if prompt.instructions else []
    return [*system, *prompt.earlier, Message("user", question)]


def _note(record: Record) -> str:
    text = neutralise(record.text)
    speaker = who(record) if record.speaker else ""
    # A name may end like a date, and words begin with a name.
    is_unclear = speaker.endswith(")") if speaker else reads_as_said(text)
    undated = "(undated)" if is_unclear else ""
    day = f"({format_date(record.said_at)})" if record.said_at else undated
    origin = " ".join(filter(None, (speaker, day)))
    return neutralise(f"{origin}: {text}" if origin else text).replace("\n", " ")
