"""Commands that answer from memory, in the words that were said or in a model's: ask, chat."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.decorators import FC
from rich.console import RenderableType

from remem.cli import completing
from remem.cli.chat import Conversation, History, JsonLines, People, converse
from remem.cli.options import budget_option, command, number_option, words_argument
from remem.cli.screen import (
    Paragraph,
    begun,
    errors,
    in_one_line,
    print_json,
    print_result,
    working,
)
from remem.cli.search import (
    exchange_json,
    filter_options,
    now_option,
    recollection_json,
    show_recalled,
    type_out,
)
from remem.configuration import Settings
from remem.dates import readable
from remem.folders import history_file
from remem.lookup import with_stored_names
from remem.recall.names import shown, shown_key, title_of, who
from remem.recall.quotes import MOST, NOBODY_SAID, Quote
from remem.secrets.guard import holds_no_secret
from remem.store.filters import Filter

if TYPE_CHECKING:
    from remem.attach.chat import Chat

FAILED = 1

_MODELS = "a hub name, folder or GGUF file; openai:MODEL; URL#MODEL of a compatible server; bundled"


def _generator_option(otherwise: str) -> Callable[[FC], FC]:
    return click.option(
        "--generator",
        "spec",
        metavar="MODEL",
        help=f"What answers: {_MODELS}. {otherwise}  [env: REMEM_GENERATOR]",
    )


_budget_option = budget_option("At most so many tokens of memories")


@command(
    "ask",
    "remem ask what is the dog called",
    "remem ask where did I live --now 2023-05",
    "remem ask when does Ravi land --generator openai:gpt-4o-mini --until 2024-09",
    "remem ask what is the dog called --generator bundled --no-memory",
)
@words_argument("question")
@_generator_option("Without it, what was said is quoted, and no model is asked")
@number_option("-k", default=None, help="At most so many quotes [3], or memories for a model [5]")
@_budget_option
@filter_options
@now_option
@click.option("--no-memory", is_flag=True, help="Let a model answer without memories, to compare")
@click.pass_obj
def ask(
    settings: Settings,
    /,
    question: str,
    spec: str | None,
    k: int | None,
    budget: int,
    where: Filter | None,
    now: datetime | None,
    no_memory: bool,
) -> None:
    """Answer QUESTION from memory.

    Quotes the sentences that answer it, with who said them and when, or says that nobody did. With
    a model (--generator, or 'generator' in 'remem config'), that answers from what is remembered.
    """
    spec = spec or settings.generator
    if spec is not None:
        given = _Given(where, now, k or _FOR_A_MODEL, budget)
        _answer(settings, spec, question, None if no_memory else given)
    elif no_memory:
        raise click.UsageError("--no-memory compares answers of a model: name one with --generator")
    else:
        _quote(settings, question, k or MOST, where, now)


_FOR_A_MODEL = 5


def _quote(
    settings: Settings, question: str, most: int, where: Filter | None, now: datetime | None
) -> None:
    with working("Searching"), settings.recall() as memory:
        found = memory.quote(question, most, where=with_stored_names(memory, where), now=now)
    shown = [part for each in found for part in (*_shown_quote(each), "")][:-1]
    print_result(
        settings.as_json,
        {"question": question, "quotes": [_quote_json(each) for each in found]},
        *(shown or [f"{NOBODY_SAID} 'remem search' shows what comes nearest."]),
    )


def _shown_quote(quote: Quote) -> tuple[RenderableType, RenderableType]:
    """The words, and below them whose they are."""
    one = quote.recollection
    said = [who(one.record) or shown(one.record.source), readable(one.record.said_at)]
    until = f"until {readable(one.until)}" if one.until else ""
    where = [title_of(one.record), shown_key(one.record.key)]
    origin = ", ".join(filter(None, [*said, until, *where]))
    return Paragraph(f"“{in_one_line(quote.text)}”"), Paragraph(origin, "dim", indent=2)


def _quote_json(quote: Quote) -> dict[str, Any]:
    return {"text": quote.text, **recollection_json(quote.recollection)}


@dataclass(frozen=True, slots=True)
class _Given:
    """The memories that a model is given."""

    where: Filter | None
    now: datetime | None
    k: int
    budget: int


def _answer(settings: Settings, spec: str, question: str, given: _Given | None) -> None:
    """Let a model answer; it is given nothing where ``given`` is None."""
    from remem.generators.opening import open_generator
    from remem.generators.prompts import Prompt

    generator = open_generator(spec)
    context = None
    if given:
        with working("Recalling"), settings.recall() as memory:
            context = memory.context(
                question,
                k=given.k,
                budget=given.budget,
                where=with_stored_names(memory, given.where),
                now=given.now,
                count_tokens=generator.count_tokens,
            )
    prompt = Prompt(question, context)
    recalled = context.recollections if context else ()
    if settings.as_json:
        print_json(exchange_json(question, recalled, generator.generate(prompt)))
    else:
        if given:
            show_recalled(recalled)
        type_out(begun(generator.stream(prompt)))


@command(
    "chat",
    "remem chat",
    "remem chat --session garden --speaker Nora",
    "remem chat --generator ./my-model --namespace nora",
    "remem chat --generator http://localhost:11434/v1#qwen3 -k 20",
)
@_generator_option("Without it, the small SmolLM2, which is for trying out")
@number_option(
    "-k", default=_FOR_A_MODEL, help="At most so many memories; larger models make use of more"
)
@_budget_option
@click.option(
    "--session",
    metavar="NAME",
    shell_complete=completing.sources,
    help="The conversation to go on with, or to begin",
)
@click.option(
    "--speaker",
    metavar="NAME",
    shell_complete=completing.speakers,
    help="Your name, as it is remembered",
)
@click.option("--no-history", is_flag=True, help="Do not keep what you type for the arrow keys")
@click.pass_context
def chat(
    ctx: click.Context,
    spec: str | None,
    k: int,
    budget: int,
    session: str | None,
    speaker: str | None,
    no_history: bool,
) -> None:
    """Talk with a language model that remembers.

    Each exchange is remembered once its answer is complete; Ctrl-C stops an answer, and nothing of
    that exchange is remembered. /help lists what else can be typed, /quit or Ctrl-D ends it. --json
    prints one line of JSON for each exchange.
    """
    from remem.generators.opening import open_generator

    settings: Settings = ctx.obj
    spec = spec or settings.generator
    if spec is None and not settings.as_json:
        errors().print(*_about_the_bundled_model(), sep="")
    generator = open_generator(spec or "bundled")
    with settings.create() as memory:

        def begin(name: str | None) -> Chat:
            return memory.chat(generator, name, speaker=speaker, budget=budget, k=k)

        talk = Conversation(memory, begin, begin(session), k, speaker)
        history = None
        if sys.stdin.isatty() and sys.stdout.isatty():
            path = None if no_history else history_file()
            history = History(path, partial(holds_no_secret, memory.guard))
        screen = JsonLines() if settings.as_json else People()
        if not converse(talk, screen, history):
            ctx.exit(FAILED)


def _about_the_bundled_model() -> Iterator[RenderableType]:
    """A word on what answers, and how another model does."""
    from remem.generators.servers import USUAL_PORTS, servers_here

    yield Paragraph(
        "SmolLM2 answers, a model of 135 million parameters that comes along for trying things "
        "out. It answers simple questions from a few notes and invents the rest; what it says is "
        "remembered as its words, never as yours. 'remem ask' quotes what was said, without it.",
        "dim",
    )
    if found := servers_here():
        yield Paragraph("Better ones on this machine, which are used if you say so:", "dim")
        answering = [(shlex.quote(each.spec), each.program) for each in found]
    else:
        yield Paragraph("Others answer if you say so:", "dim")
        addresses = ((port, name) for name, port in USUAL_PORTS.items())
        answering = [(f"http://127.0.0.1:{port}/v1#MODEL", name) for port, name in addresses]
        answering.append(("openai:MODEL", "OpenAI, with OPENAI_API_KEY"))
    for spec, name in answering:
        yield Paragraph(f"remem chat --generator {spec}  ({name})", "dim", indent=2)
    yield Paragraph("'remem config set generator SPEC' keeps one.", "dim")
