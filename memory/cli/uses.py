"""Commands that put memories to use: summarize."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from remem.cli.options import command, number_option
from remem.cli.screen import print_result, safe, table
from remem.cli.search import filter_options
from remem.configuration import Settings
from remem.lookup import with_stored_names
from remem.recall.names import shown, shown_key, who
from remem.store.filters import Filter
from remem.transfer import record_json


@command(
    "summarize",
    "remem summarize --speaker Nora --since 2024-03 --until 2024-05",
    "remem summarize --words 1000 --json",
    "remem summarize --since 'last month' --generator openai:gpt-5-mini",
)
@number_option("--words", default=300, help="At most so many words")
@filter_options
@click.option(
    "--generator",
    "spec",
    metavar="MODEL",
    help="Also let a language model rewrite the lines; named as in 'remem ask'",
)
@click.pass_obj
def summarize(settings: Settings, words: int, spec: str | None, where: Filter | None) -> None:
    """Quote the sentences that tell most, with date and key.

    No model is needed, and nothing is said that nobody said: news before small talk, what is said
    early in a conversation before what is said late, and something of every session.
    """
    from remem.generators.opening import open_generator

    generator = open_generator(spec) if spec else None
    with settings.recall() as memory:
        where = with_stored_names(memory, where)
        found = memory.summarize(words, where=where, generator=generator)
    rows = [
        (one.record.said_at, who(one.record) or shown(one.record.source), one.text, key)
        for one in found.lines
        for key in [shown_key(one.record.key)]
    ]
    data: dict[str, Any] = {
        "lines": [{"text": one.text, "record": record_json(one.record)} for one in found.lines],
        "words": found.words,
        "records": found.records,
        "rewritten": found.rewritten,
    }
    nothing = Text("No sentence fits into so few words; raise --words.")
    print_result(
        settings.as_json,
        data,
        *([Text(safe(found.rewritten) + "\n")] if found.rewritten else []),
        table(("When", "Who", "What", "Key"), rows) if rows else nothing,
    )
