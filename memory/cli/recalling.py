"""Commands that bring memories back: search, context."""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text

from memory.cli.filtering import filter_options
from memory.cli.options import command
from memory.cli.screen import Verbatim, recollection_table, record_json
from memory.cli.settings import Settings
from memory.recall.ranking import Recollection
from store.filters import Filter

__all__ = ["context", "recollection_json", "search"]


@command(
    "search",
    "remem search what is the dog called",
    'remem search "the broken kiln" --speaker Nora --since 2024-03 --until 2024-04',
    "remem search rent --kind passage -k 3 --explain",
    "remem search rent --json | jq -r '.results[].record.text'",
)
@click.argument("query", nargs=-1, required=True, metavar="QUERY")
@click.option(
    "-k", default=5, show_default=True, type=click.IntRange(min=1), help="At most so many results"
)
@filter_options
@click.option("--explain", is_flag=True, help="Show what each score is made of")
@click.pass_obj
def search(
    settings: Settings, query: tuple[str, ...], k: int, where: Filter | None, explain: bool
) -> None:
    """Find the memories that answer QUERY, best first."""
    question = " ".join(query)
    with settings.recall() as memory:
        found = memory.search(question, k, where=where, explain=explain)
        namespace = memory.namespace
    settings.show(
        {
            "query": question,
            "namespace": namespace,
            "results": [recollection_json(each) for each in found],
        },
        recollection_table(found) if found else Text("Nothing found."),
    )


@command(
    "context",
    "remem context what is the dog called --budget 500",
    "remem context what is the dog called | llm 'What is the dog called?'",
)
@click.argument("query", nargs=-1, required=True, metavar="QUERY")
@click.option(
    "--budget",
    default=1000,
    show_default=True,
    type=click.IntRange(min=1),
    help="At most so many tokens",
)
@filter_options
@click.pass_obj
def context(settings: Settings, query: tuple[str, ...], budget: int, where: Filter | None) -> None:
    """Print the memories for QUERY as a block for a prompt."""
    question = " ".join(query)
    with settings.recall() as memory:
        block = memory.context(question, budget=budget, where=where)
    settings.show(
        {
            "query": question,
            "text": block.text,
            "tokens": block.tokens,
            "memories": [recollection_json(each) for each in block.recollections],
        },
        Verbatim(block.text),
    )


def recollection_json(recollection: Recollection) -> dict[str, Any]:
    """A recollection for programs."""
    return {
        "record": record_json(recollection.record),
        "score": recollection.score,
        "parts": recollection.parts,
        "words": recollection.words,
    }
