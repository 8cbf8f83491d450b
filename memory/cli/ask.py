"""Commands that let a language model answer from memory: ask, chat."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from remem.cli.chat import Conversation, History, JsonLines, People, converse
from remem.cli.options import budget_option, command, number_option, words_argument
from remem.cli.screen import print_json
from remem.cli.search import exchange_json, filter_options, show_recalled, type_out
from remem.configuration import Settings
from remem.folders import history_file
from remem.lookup import with_stored_names
from remem.secrets.guard import holds_no_secret
from remem.store.filters import Filter

if TYPE_CHECKING:
    from remem.attach.chat import Chat

FAILED = 1

_generator_option = click.option(
    "--generator",
    "spec",
    metavar="MODEL",
    default="bundled",
    envvar="REMEM_GENERATOR",
    help="What answers: a hub name, folder or GGUF file; openai:MODEL; URL#MODEL of a compatible "
    "server; without it, the small SmolLM2  [env: REMEM_GENERATOR]",
)
_budget_option = budget_option("At most so many tokens of memories")
_most_option = number_option(
    "-k", default=5, help="At most so many memories; larger models make use of more"
)


@command(
    "ask",
    "remem ask what is the dog called",
    "remem ask what is the dog called --no-memory",
    "remem ask when does Ravi land --generator openai:gpt-4o-mini --until 2024-09",
)
@words_argument("question")
@_generator_option
@_most_option
@_budget_option
@filter_options
@click.option("--no-memory", is_flag=True, help="Answer without recalling anything, to compare")
@click.pass_obj
def ask(
    settings: Settings,
    /,
    question: str,
    spec: str,
    where: Filter | None,
    no_memory: bool,
    **most: Any,
) -> None:
    """Let a language model answer QUESTION from memory."""
    from remem.generators.opening import open_generator
    from remem.generators.prompts import Prompt

    generator = open_generator(spec)
    context = None
    if not no_memory:
        with settings.recall() as memory:
            where = with_stored_names(memory, where)
            count = generator.count_tokens
            context = memory.context(question, where=where, count_tokens=count, **most)
    prompt = Prompt(question, context)
    recalled = context.recollections if context else ()
    if settings.as_json:
        print_json(exchange_json(question, recalled, generator.generate(prompt)))
    else:
        if not no_memory:
            show_recalled(recalled)
        type_out(generator.stream(prompt))


@command(
    "chat",
    "remem chat",
    "remem chat --session garden --speaker Nora",
    "remem chat --generator ./my-model --namespace nora",
    "remem chat --generator http://localhost:11434/v1#qwen3 -k 20",
)
@_generator_option
@_most_option
@_budget_option
@click.option("--session", metavar="NAME", help="The conversation to go on with, or to begin")
@click.option("--speaker", metavar="NAME", help="Your name, as it is remembered")
@click.option("--no-history", is_flag=True, help="Do not keep what you type for the arrow keys")
@click.pass_context
def chat(
    ctx: click.Context,
    spec: str,
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
    generator = open_generator(spec)
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
