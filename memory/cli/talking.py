"""Commands that let a language model answer from memory: ask, chat."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

import click
from rich.text import Text

from memory.cli.dates import readable
from memory.cli.filtering import filter_options
from memory.cli.options import command
from memory.cli.recalling import NOTHING_RELEVANT, recollection_json
from memory.cli.screen import output, print_json, safe, write_json_line
from memory.cli.settings import Settings
from memory.recall.prompt import Context
from store.filters import F, Filter, Range

__all__ = ["ask", "chat"]

_generator_option = click.option(
    "--generator",
    "spec",
    metavar="MODEL",
    default="bundled",
    envvar="REMEM_GENERATOR",
    help="What answers: a hub name, folder or GGUF file; openai:MODEL; URL#MODEL of a compatible "
    "server; without it, the small SmolLM2  [env: REMEM_GENERATOR]",
)
_budget_option = click.option(
    "--budget",
    default=1000,
    show_default=True,
    type=click.IntRange(min=1),
    help="At most so many tokens of memories",
)
_most_option = click.option(
    "-k",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="At most so many memories; larger models make use of more",
)

# Earlier turns of the running chat that the model reads again; older ones it recalls.
_EARLIER_MESSAGES = 12


@command(
    "ask",
    "remem ask what is the dog called",
    "remem ask what is the dog called --no-memory",
    "remem ask when does Ravi land --generator openai:gpt-4o-mini --until 2024-09",
)
@click.argument("question", nargs=-1, required=True, metavar="QUESTION")
@_generator_option
@_most_option
@_budget_option
@filter_options
@click.option("--no-memory", is_flag=True, help="Answer without recalling anything, to compare")
@click.pass_obj
def ask(
    settings: Settings,
    question: tuple[str, ...],
    spec: str,
    k: int,
    budget: int,
    where: Filter | None,
    no_memory: bool,
) -> None:
    """Let a language model answer QUESTION from memory."""
    from memory.attach.generators import open_generator
    from memory.attach.layout import Prompt

    asked = " ".join(question)
    generator = open_generator(spec)
    context = None
    if not no_memory:
        with settings.recall() as memory:
            context = memory.context(
                asked, budget=budget, count_tokens=generator.count_tokens, k=k, where=where
            )
    prompt = Prompt(asked, context)
    if settings.as_json:
        print_json(_exchange(asked, context, generator.generate(prompt)))
    else:
        _show_recalled(context)
        _type_out(generator.stream(prompt))


@command("chat", "remem chat", "remem chat --generator ./my-model --namespace nora")
@_generator_option
@_most_option
@_budget_option
@click.option("--speaker", metavar="NAME", help="Your name, as it is remembered")
@click.pass_obj
def chat(settings: Settings, spec: str, k: int, budget: int, speaker: str | None) -> None:
    """Talk with a language model that remembers.

    /quit or Ctrl-D ends it. Each exchange is remembered once its answer is complete; --json prints
    one line of JSON for each.
    """
    from memory.attach.generators import open_generator
    from memory.attach.layout import Message, Prompt

    generator = open_generator(spec)
    session = f"chat/{datetime.now().isoformat()}"
    said: list[Message] = []
    with settings.create() as memory:
        for question in _typed_lines():
            context = memory.context(
                question,
                budget=budget,
                count_tokens=generator.count_tokens,
                k=k,
                where=_not_before_the_model(session, len(said)),
            )
            prompt = Prompt(question, context, tuple(said[-_EARLIER_MESSAGES:]))
            asked_at = datetime.now().astimezone()
            if settings.as_json:
                answer = generator.generate(prompt).strip()
            else:
                _show_recalled(context)
                answer = _type_out(generator.stream(prompt))
            turns = [
                {"role": "user", "content": question, "time": asked_at, "name": speaker},
                {"role": "assistant", "content": answer, "time": datetime.now().astimezone()},
            ]
            # Only an exchange that succeeded is remembered, and only what was said: the recalled
            # memories in the prompt would otherwise be stored again as if they were new.
            memory.add_messages(turns, session=session, start=len(said))
            said += [Message("user", question), Message("assistant", answer)]
            if settings.as_json:
                write_json_line(_exchange(question, context, answer))


def _exchange(question: str, context: Context | None, answer: str) -> dict[str, Any]:
    """A question, what was recalled for it, and the answer, for programs."""
    recalled = context.recollections if context else ()
    memories = [recollection_json(each) for each in recalled]
    return {"question": question, "memories": memories, "answer": answer}


def _not_before_the_model(session: str, said: int) -> Filter:
    """All memories but the turns of this chat that the model reads again anyway."""
    first = max(0, said - _EARLIER_MESSAGES)
    return ~((F("source") == session) & Range("position", low=first))


def _typed_lines() -> Iterator[str]:
    with suppress(ImportError):  # where there is one, input() edits lines and knows earlier ones
        import readline  # noqa: F401
    while True:
        try:
            line = input("you> " if sys.stdin.isatty() else "").strip()
        except EOFError:
            return
        if line == "/quit":
            return
        if line:
            yield line


def _show_recalled(context: Context | None) -> None:
    """One line for each memory that the model is given, cut to the width of the screen."""
    if context is None:
        return
    console = output()
    if not context.recollections:
        console.print(Text(f"  {NOTHING_RELEVANT}", "dim"))
    for recollection in context.recollections:
        record = recollection.record
        who = record.speaker or record.role or record.source
        line = " ".join(f"{readable(record.said_at)} {who}: {record.text}".split())
        console.print(Text(f"  {safe(line)}", "dim"), no_wrap=True, overflow="ellipsis")


def _type_out(pieces: Iterable[str]) -> str:
    answer = ""
    for piece in pieces:
        answer += piece
        click.echo(safe(piece), nl=False)
    click.echo()
    return answer.strip()
