"""Commands that bring memories back, or tell why not: search, context, why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import reduce, wraps
from typing import Any, TypeVar

import click
from rich.table import Table
from rich.text import Text

from remem.across import search_across
from remem.cli import completing
from remem.cli.options import (
    budget_option,
    command,
    number_option,
    read_option,
    understood,
    words_argument,
)
from remem.cli.recollections import Recollections
from remem.cli.screen import (
    Paragraph,
    Verbatim,
    complain,
    in_one_line,
    output,
    print_result,
    safe,
    table,
    working,
)
from remem.configuration import Settings, require_store
from remem.dates import earliest, latest, readable
from remem.lookup import key_by_words, known_key, with_stored_names
from remem.recall.doubts import SENTENCES, shared_doubt
from remem.recall.expectation import Reach
from remem.recall.names import shown, who
from remem.recall.recollection import Recollection
from remem.recall.relevance import FLOOR
from remem.store.errors import InvalidInput
from remem.store.filters import And, F, Filter, Not, Or, Range, parse_filter
from remem.transfer import record_json

NOTHING_RELEVANT = "nothing relevant is remembered"


def _asked_at(given: str) -> datetime | None:
    return latest(given) if given else None


now_option = read_option(
    "--now",
    "now",
    "DATE",
    _asked_at,
    "Ask as if it were DATE, which decides what 'last week' means",
)

_budget_option = budget_option("At most so many tokens")
_floor_option = click.option(
    "--floor",
    default=FLOOR,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Leave out what is less relevant, from 0 (nothing) to 1",
)


# The options that narrow a search down, and the filter that they mean together.

_Command = TypeVar("_Command", bound=Callable[..., Any])

_NAMED = (
    ("--speaker", "NAME", completing.speakers, "Said by NAME (repeat for more)"),
    ("--source", "SOURCE", completing.sources, "From this session or document, by name or title"),
    ("--kind", "KIND", completing.kinds, "turn, passage, note or call"),
    ("--origin", "ORIGIN", completing.origins, "person, assistant, tool, document or web"),
)

_OPTIONS = (
    *(
        click.option(flag, multiple=True, metavar=metavar, shell_complete=complete, help=told)
        for flag, metavar, complete, told in _NAMED
    ),
    click.option("--since", metavar="DATE", help="Said on or after, like 2024-03 or yesterday"),
    click.option("--until", metavar="DATE", help="Said on or before"),
    click.option("--where", metavar="JSON", help='A filter, like \'{"metadata.topic": "lease"}\''),
)


def filter_options(function: _Command) -> Callable[..., Any]:
    """Give a command the filter options; it receives the filter (or None) as ``where``."""

    @wraps(function)
    def narrowed(
        *args: Any,
        speaker: tuple[str, ...],
        source: tuple[str, ...],
        kind: tuple[str, ...],
        origin: tuple[str, ...],
        since: str | None,
        until: str | None,
        where: str | None,
        **options: Any,
    ) -> Any:
        named = {"speaker": speaker, "source": source, "kind": kind, "origin": origin}
        parts: list[Filter] = [F(name).in_(values) for name, values in named.items() if values]
        with understood():
            if since or until:
                low, high = since and earliest(since), until and latest(until)
                parts.append(Range("said_at", low or None, high or None))
            if where is not None:
                parts.append(_parse(where))
        return function(*args, where=And(tuple(parts)) if parts else None, **options)

    return reduce(lambda command, option: option(command), reversed(_OPTIONS), narrowed)


def _parse(where: str) -> Filter:
    try:
        parsed = parse_filter(json.loads(where))
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f'--where is not JSON ({error}); write it like \'{{"speaker": "Nora"}}\''
        ) from None
    # It would match everything, which nobody writes on purpose, least of all to forget it.
    if not _has_condition(parsed):
        raise InvalidInput(
            '--where has no condition; leave it out, or write it like \'{"speaker": "Nora"}\''
        )
    return parsed


def _has_condition(where: Filter) -> bool:
    if isinstance(where, (And, Or)):
        return any(map(_has_condition, where.parts))
    return _has_condition(where.part) if isinstance(where, Not) else True


@command(
    "search",
    "remem search what is the dog called",
    'remem search "the broken kiln" --speaker Nora --since 2024-03 --until 2024-04',
    "remem search rent --kind passage -k 3 --explain",
    "remem search what broke last week --now 2024-03-20",
    "remem search rent --json | jq -r '.results[].record.text'",
    "remem search why did we pin setuptools --all-namespaces",
)
@words_argument("query")
@number_option("-k", default=5, help="At most so many results")
@filter_options
@now_option
@click.option("--all-namespaces", "everywhere", is_flag=True, help="In all namespaces of the store")
@click.option(
    "--also",
    multiple=True,
    metavar="NAMESPACE",
    shell_complete=completing.namespaces,
    help="In this namespace besides, such as one that projects share (repeat for more)",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Show relevance, and what most of each score is; --json shows all of it",
)
@click.pass_obj
def search(
    settings: Settings,
    /,
    query: str,
    where: Filter | None,
    everywhere: bool,
    also: tuple[str, ...],
    **how: Any,
) -> None:
    """Find the memories that answer QUERY, best first."""
    if everywhere or also:
        _search_across(settings, query, where, None if everywhere else also, how)
        return
    with working("Searching"), settings.recall() as memory:
        found = memory.search(query, where=with_stored_names(memory, where), **how)
        namespace = memory.namespace
    print_result(
        settings.as_json,
        {
            "query": query,
            "namespace": namespace,
            "results": [recollection_json(each) for each in found],
        },
        *([Paragraph(SENTENCES[doubt], "yellow")] if (doubt := shared_doubt(found)) else []),
        Recollections(found) if found else Text("Nothing found."),
    )


def _search_across(
    settings: Settings,
    query: str,
    where: Filter | None,
    also: Sequence[str] | None,
    how: Mapping[str, Any],
) -> None:
    """Search this namespace and ``also``, or all, if that is None."""
    require_store(settings.url)
    with working("Searching"), settings.create() as memory:
        chosen = None if also is None else (memory.namespace, *also)
        found = search_across(memory, query, namespaces=chosen, where=where, **how)
    print_result(
        settings.as_json,
        {
            "query": query,
            "results": [
                {"namespace": each.namespace, **recollection_json(each.recollection)}
                for each in found
            ],
        },
        Recollections([each.recollection for each in found], [each.namespace for each in found])
        if found
        else Text("Nothing found."),
    )


@command(
    "context",
    "remem context what is the dog called --budget 500",
    "remem context what is the dog called | llm 'What is the dog called?'",
)
@words_argument("query")
@_budget_option
@_floor_option
@filter_options
@now_option
@click.pass_obj
def context(settings: Settings, /, query: str, where: Filter | None, **how: Any) -> None:
    """Print the memories for QUERY as a block for a prompt.

    Where nothing relevant is remembered, as for small talk, nothing is printed.
    """
    with working("Recalling"), settings.recall() as memory:
        block = memory.context(query, where=with_stored_names(memory, where), **how)
    print_result(
        settings.as_json,
        {
            "query": query,
            "text": block.text,
            "tokens": block.tokens,
            "doubt": block.doubt,
            "memories": [recollection_json(each) for each in block.recollections],
        },
        *([Verbatim(block.text)] if block.text else []),
    )
    if not (block.text or settings.as_json):
        complain(f"{NOTHING_RELEVANT}; --floor 0 takes whatever comes nearest")


@command(
    "why",
    "remem why what is the dog called --expect pickle#5",
    "remem why what is the dog called --expect 'her name is Pickle'",
    "remem why rent --expect lease.md#3 --speaker Nora -k 5",
    "remem why rent --expect lease.md#3 --json | jq .keeps",
)
@words_argument("query")
@click.option(
    "--expect",
    required=True,
    metavar="KEY",
    help="The memory that should have been recalled: its key, or some of its words",
)
@number_option("-k", default=50, help="At most so many memories")
@_budget_option
@_floor_option
@filter_options
@now_option
@click.pass_obj
def why(settings: Settings, /, query: str, expect: str, where: Filter | None, **how: Any) -> None:
    """Tell why a memory is in the block for QUERY, or why not.

    What dropped it (the filter, a pool, the limit, the floor, the budget, ...), what would have
    kept it, and how near each part of the search came to it.
    """
    with working("Looking into it"), settings.recall() as memory:
        expected = memory.why(
            query,
            known_key(memory, expect) or key_by_words(memory, expect) or expect,
            where=with_stored_names(memory, where),
            elsewhere=memory.namespaces(),
            **how,
        )
        namespace = memory.namespace
    print_result(
        settings.as_json,
        {"query": query, "namespace": namespace, **asdict(expected)},
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
        "until": recollection.until,
        "newer": recollection.newer,
        "doubt": recollection.doubt,
    }


# How an answer and what was recalled for it are shown.
def exchange_json(question: str, recalled: Sequence[Recollection], answer: str) -> dict[str, Any]:
    """A question, what was recalled for it, and the answer, for programs."""
    memories = [recollection_json(each) for each in recalled]
    return {"question": question, "memories": memories, "answer": answer}


def show_recalled(recalled: Sequence[Recollection]) -> None:
    """One line for each memory that the model is given, cut to the width of the screen."""
    console = output()
    if not recalled:
        console.print(Text(f"  {NOTHING_RELEVANT}", "dim"))
    for recollection in recalled:
        record = recollection.record
        origin = who(record) or shown(record.source)
        line = in_one_line(f"{readable(record.said_at)} {origin}: {record.text}")
        console.print(Text(f"  {line}", "dim"), no_wrap=True, overflow="ellipsis")


def type_out(pieces: Iterable[str]) -> None:
    """Show an answer while it comes; the line ends also where the answer is broken off."""
    try:
        for piece in pieces:
            click.echo(safe(piece), nl=False)
    finally:
        click.echo()
