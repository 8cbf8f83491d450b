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
from remem.cli.screen import complain, errors, print_json, print_out, recollection_table, safe
from remem.cli.search import recollection_json
from remem.configuration import Settings
from remem.recall.prompt import build_context
from remem.recall.ranking import Recollection
from remem.store.errors import MissingDependency

if TYPE_CHECKING:
    from remem.generators.opening import Generator
    from remem.memory import Memory

QUESTIONS = (
    "What is Ravi allergic to?",
    "What is the name of Nora's kiln?",
    "Where is the spare key to Nora's flat?",
    "When does Ravi land in Porto?",
    "How much is the deposit for the studio?",
)
_DATA = ("demo_conversation.json", "demo_document.md")


# What a model of 135 million parameters still keeps apart, and where it begins to ramble.
_MEMORIES = 3
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

    Imports what two friends wrote to each other, and a lease; asks five questions; shows what was
    recalled and why, and what a small language model answers without and with it.

    The store is a new folder, named at the end, unless --store says another.
    """
    store = settings.store or tempfile.mkdtemp(prefix="remem-demo-")
    namespace = settings.namespace or "demo"
    settings = replace(settings, store=store, namespace=namespace)
    with errors().status("Remembering a year of messages ..."), settings.create() as memory:
        added = _remember(memory)
    generator = _generator()
    # Opened again: what follows comes from disk, not from what this process still knows.
    with settings.recall() as memory:
        answered = (_answer(memory, generator, question) for question in QUESTIONS)
        if settings.as_json:
            print_json(
                {"store": settings.url, "added": added, "questions": [_json(e) for e in answered]}
            )
            return
        print_out(f"Remembered {added} turns and passages; closed the store, opened it again.")
        for each in answered:
            print_out(*_drawn(each))
    # Where no virtual environment is active, the command is not found by its name alone.
    remem = "remem" if shutil.which("remem") else sys.argv[0]
    place = f"--store {shlex.quote(store)} --namespace {shlex.quote(namespace)}"
    print_out(
        Text("\nGo on with the same memories:"),
        Text(f"  {remem} search {place} what is the dog called"),
        Text(f"  {remem} chat {place}"),
    )


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
    with errors().status("The model is answering ..."):
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
    yield Text()
    yield Rule(Text(answered.question, "bold"), align="left")
    yield recollection_table(answered.recalled)
    if answered.with_memory is not None:
        answers = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=True)
        answers.add_column("The model without memory", ratio=1, overflow="fold")
        answers.add_column("The model with memory", ratio=1, overflow="fold", style="green")
        answers.add_row(Text(safe(answered.without_memory or "")), Text(safe(answered.with_memory)))
        yield Text()
        yield answers


def _json(answered: _Answered) -> dict[str, Any]:
    return {
        "question": answered.question,
        "recalled": [recollection_json(each) for each in answered.recalled],
        "answer_without_memory": answered.without_memory,
        "answer_with_memory": answered.with_memory,
    }
