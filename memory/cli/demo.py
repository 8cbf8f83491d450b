"""The demo: a year of two friends' messages, remembered, and five questions asked of it."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from remem.cli.options import command
from remem.cli.recollections import Recollections
from remem.cli.screen import (
    Paragraph,
    Verbatim,
    complain,
    print_json,
    print_out,
    safe,
    working,
)
from remem.cli.search import recollection_json
from remem.configuration import Settings
from remem.recall.prompt import build_context
from remem.recall.recollection import Recollection
from remem.store.errors import MissingDependency

if TYPE_CHECKING:
    from remem.generators.opening import Generator
    from remem.memory import Memory

QUESTIONS = (
    "What is Ravi allergic to?",
    "What did Nora name the kiln?",
    "Where is the spare key to Nora's flat?",
    "When does Ravi land in Porto?",
    "How much is the deposit for the studio?",
)
_DATA = ("demo_conversation.json", "demo_document.md")


# What a model of 135 million parameters still keeps apart, and where it begins to ramble.
_MEMORIES = 2
_SHOWN = 2
_MOST_CHARACTERS = 140


@dataclass(frozen=True, slots=True)
class _Answered:
    """A question with what was recalled for it, and the answers, where there is a model."""

    question: str
    recalled: list[Recollection]
    without_memory: str | None
    with_memory: str | None


@command("demo", "remem demo", "remem demo --store ./friends --namespace nora")
@click.pass_obj
def demo(settings: Settings) -> None:
    """Remember a year of messages, then answer from them.

    Imports what two friends wrote to each other, and a lease; asks five questions; shows what a
    small language model answers without memory and with it, and why. Nothing is left behind, unless
    --store says where.
    """
    if settings.store:
        _show(settings)
    else:
        with tempfile.TemporaryDirectory(prefix="remem-demo-") as folder:
            _show(replace(settings, store=folder), is_kept=False)


def _show(settings: Settings, is_kept: bool = True) -> None:
    settings = replace(settings, namespace=settings.namespace or "demo")
    with working("Remembering a year of messages"), settings.create() as memory:
        added = _remember(memory)
    generator = _generator()
    # Opened again: what follows comes from disk, not from what this process still knows.
    with settings.recall() as memory:
        answered = (_answer(memory, generator, question) for question in QUESTIONS)
        if settings.as_json:
            store = settings.url if is_kept else None
            print_json({"store": store, "added": added, "questions": [_json(e) for e in answered]})
            return
        print_out(f"Remembered {added} turns and passages; closed the store, opened it again.")
        for each in answered:
            print_out(*_drawn(each))
    print_out(*_next_steps(settings, is_kept))


def _next_steps(settings: Settings, is_kept: bool) -> Iterator[RenderableType]:
    # Where no virtual environment is active, the command is not found by its name alone.
    remem = "remem" if shutil.which("remem") else sys.argv[0]
    if not is_kept:
        yield Paragraph("\nNothing of this is kept. With your own history:")
        yield Verbatim(f"  {remem} import FILE")
        yield Verbatim(f"  {remem} ask what is the dog called")
        yield Paragraph("'remem demo --store ./demo' keeps these memories to go on with.", "dim")
        return
    place = (
        f"--store {shlex.quote(settings.url)} --namespace {shlex.quote(settings.namespace or '')}"
    )
    yield Paragraph("\nGo on with the same memories:")
    yield Verbatim(f"  {remem} ask {place} what is the dog called")
    yield Verbatim(f"  {remem} chat {place}")


def _remember(memory: Memory) -> int:
    """Import the demo's files; returns how many records are new."""
    from remem.ingest.run import import_path

    before = memory.count()
    for name in _DATA:
        with as_file(files("remem.cli") / "data" / name) as path:
            import_path(memory, path)
    return memory.count() - before


def _generator() -> Generator | None:
    from remem.generators.opening import open_generator

    try:
        return open_generator("bundled")
    except MissingDependency as error:
        complain(f"{error}\nUntil then the demo shows what is recalled, without answers.")
        return None


def _answer(memory: Memory, generator: Generator | None, question: str) -> _Answered:
    from remem.generators.prompts import Prompt

    recalled = memory.search(question, _MEMORIES, explain=True)
    if generator is None:
        return _Answered(question, recalled, None, None)
    with working("The model is answering"):
        context = build_context(recalled, budget=1000, count_tokens=generator.count_tokens)
        return _Answered(
            question,
            recalled,
            without_memory=_brief(generator.stream(Prompt(question))),
            with_memory=_brief(generator.stream(Prompt(question, context))),
        )


def _brief(pieces: Iterable[str]) -> str:
    """The beginning of an answer: a model this small does not always know when to stop."""
    answer = ""
    for piece in pieces:
        answer += piece
        if len(answer) > _MOST_CHARACTERS:
            return answer.strip() + " ..."
    return answer.strip()


def _drawn(answered: _Answered) -> Iterator[RenderableType]:
    """The answers first, then what they are made of."""
    yield Text()
    yield Rule(Text(answered.question, "bold"), align="left")
    if answered.with_memory is not None:
        answers = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=True)
        answers.add_column("Without memory", ratio=1, overflow="fold")
        answers.add_column("With memory", ratio=1, overflow="fold", style="green")
        answers.add_row(Text(safe(answered.without_memory or "")), Text(safe(answered.with_memory)))
        yield answers
        yield Text("\nWhy: what was recalled", "bold")
    yield Recollections(answered.recalled[:_SHOWN])


def _json(answered: _Answered) -> dict[str, Any]:
    return {
        "question": answered.question,
        "recalled": [recollection_json(each) for each in answered.recalled],
        "answer_without_memory": answered.without_memory,
        "answer_with_memory": answered.with_memory,
    }
