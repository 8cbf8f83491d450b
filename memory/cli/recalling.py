"""Commands that bring memories back, or tell why not: search, context, why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from memory.cli.filtering import filter_options
from memory.cli.options import budget_option, command
from memory.cli.screen import Verbatim, complain, recollection_table, record_json, safe, table
from memory.cli.settings import Settings
from memory.dates import latest
from memory.lookup import known_key, with_stored_names
from memory.recall.expectation import Reach
from memory.recall.ranking import Recollection
from memory.recall.relevance import FLOOR
from store.filters import Filter

__all__ = ["NOTHING_RELEVANT", "context", "recollection_json", "search", "why"]

NOTHING_RELEVANT = "nothing relevant is remembered"


def _moment(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: str | None,
) -> datetime | None:
    return latest(value) if value else None


_now_option = click.option(
    "--now",
    metavar="DATE",
    callback=_moment,
    help="Ask as if it were DATE, which decides what 'last week' means",
)

_budget_option = budget_option("At most so many tokens")
_floor_option = click.option(
    "--floor",
    default=FLOOR,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Leave out what is less relevant, from 0 (nothing) to 1",
)


@command(
    "search",
    "remem search what is the dog called",
    'remem search "the broken kiln" --speaker Nora --since 2024-03 --until 2024-04',
    "remem search rent --kind passage -k 3 --explain",
    "remem search what broke last week --now 2024-03-20",
    "remem search rent --json | jq -r '.results[].record.text'",
)
@click.argument("query", nargs=-1, required=True, metavar="QUERY")
@click.option(
    "-k", default=5, show_default=True, type=click.IntRange(min=1), help="At most so many results"
)
@filter_options
@_now_option
@click.option("--explain", is_flag=True, help="Show relevance, and what each score is made of")
@click.pass_obj
def search(
    settings: Settings,
    query: tuple[str, ...],
    k: int,
    where: Filter | None,
    now: datetime | None,
    explain: bool,
) -> None:
    """Find the memories that answer QUERY, best first."""
    question = " ".join(query)
    with settings.recall() as memory:
        where = with_stored_names(memory, where)
        found = memory.search(question, k, where=where, now=now, explain=explain)
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
@_budget_option
@_floor_option
@filter_options
@_now_option
@click.pass_obj
def context(
    settings: Settings,
    query: tuple[str, ...],
    budget: int,
    floor: float,
    where: Filter | None,
    now: datetime | None,
) -> None:
    """Print the memories for QUERY as a block for a prompt.

    Where nothing relevant is remembered, as for small talk, nothing is printed.
    """
    question = " ".join(query)
    with settings.recall() as memory:
        where = with_stored_names(memory, where)
        block = memory.context(question, budget=budget, where=where, now=now, floor=floor)
    settings.show(
        {
            "query": question,
            "text": block.text,
            "tokens": block.tokens,
            "memories": [recollection_json(each) for each in block.recollections],
        },
        *([Verbatim(block.text)] if block.text else []),
    )
    if not (block.text or settings.as_json):
        complain(f"{NOTHING_RELEVANT}; --floor 0 takes whatever comes nearest")


@command(
    "why",
    "remem why what is the dog called --expect pickle#5",
    "remem why rent --expect lease.md#3 --speaker Nora -k 5",
    "remem why rent --expect lease.md#3 --json | jq .keeps",
)
@click.argument("query", nargs=-1, required=True, metavar="QUERY")
@click.option(
    "--expect", required=True, metavar="KEY", help="The memory that should have been recalled"
)
@click.option(
    "-k", default=50, show_default=True, type=click.IntRange(min=1), help="At most so many memories"
)
@_budget_option
@_floor_option
@filter_options
@_now_option
@click.pass_obj
def why(
    settings: Settings,
    query: tuple[str, ...],
    expect: str,
    k: int,
    budget: int,
    floor: float,
    where: Filter | None,
    now: datetime | None,
) -> None:
    """Tell why a memory is in the block for QUERY, or why not.

    What dropped it (the filter, a pool, the limit, the floor, the budget, ...), what would have
    kept it, and how near each part of the search came to it.
    """
    question = " ".join(query)
    with settings.recall() as memory:
        expected = memory.why(
            question,
            known_key(memory, expect) or expect,
            k=k,
            where=with_stored_names(memory, where),
            now=now,
            floor=floor,
            budget=budget,
            elsewhere=memory.namespaces(),
        )
        namespace = memory.namespace
    settings.show(
        {"query": question, "namespace": namespace, **asdict(expected)},
        *(Text(safe(each)) for each in (expected.reason, expected.remedy) if each),
        *([_reach_table(expected.reaches)] if expected.reaches else []),
    )


def _reach_table(reaches: Sequence[Reach]) -> Table:
    rows = [
        (
            each.leg,
            "" if each.score is None else f"{each.score:.2f}",
            "" if each.place is None else str(each.place),
            str(each.pool),
        )
        for each in reaches
    ]
    return table(("Leg", "Score", "Place", "Pool"), rows)


def recollection_json(recollection: Recollection) -> dict[str, Any]:
    """A recollection for programs."""
    return {
        "record": record_json(recollection.record),
        "score": recollection.score,
        "relevance": recollection.relevance,
        "parts": recollection.parts,
        "words": recollection.words,
    }
