"""Commands that put memories to use: summarize, label, classify, translate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import cycle
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from remem.cli.options import command, number_option, words_argument
from remem.cli.screen import (
    complain,
    counted,
    print_result,
    progress_bar,
    safe,
    table,
    with_key,
)
from remem.cli.search import filter_options
from remem.configuration import Settings, known_namespace
from remem.lookup import key_of, with_stored_names
from remem.recall.names import shown, who
from remem.store.filters import Filter
from remem.transfer import record_json
from remem.uses.engines import CommandEngine
from remem.uses.glossary import read_glossary


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
        (record.said_at, who(record) or shown(record.source), with_key(one.text, record.key))
        for one in found.lines
        for record in [one.record]
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
        table(("When", "Who", "What"), rows) if rows else nothing,
    )


@command(
    "label",
    "remem label mood good 'diary#2024-03-01' 'diary#2024-03-05'",
    "remem label",
    "remem label mood",
    "remem label mood --since 2024-03 --until 2024-03",
)
@click.argument("name", required=False)
@click.argument("label", required=False)
@click.argument("keys", metavar="KEY...", nargs=-1)
@filter_options
@click.pass_obj
def label(
    settings: Settings,
    name: str | None,
    label: str | None,
    keys: tuple[str, ...],
    where: Filter | None,
) -> None:
    """Give memories a LABEL, or show how often each was true.

    NAME is what is labelled, such as mood; without one, all of them are listed. A label stands in
    the metadata, so that --where '{"metadata.mood": "good"}' finds it, and 'remem classify' learns
    from it.
    """
    if name is None:
        _show_labels(settings, where)
    elif label is None:
        _show_curve(settings, name, where)
    elif where is not None:
        raise click.UsageError("name the memories by their keys; conditions are for the curve")
    else:
        _give_label(settings, name, label, keys)


def _give_label(settings: Settings, name: str, label: str, keys: Sequence[str]) -> None:
    with settings.recall() as memory:
        advice = f" in the namespace {memory.namespace!r}; 'remem search' shows the keys"
        count = memory.label(name, label, *(key_of(memory, key, advice) for key in keys))
    told = f"{counted(count, 'record')} labelled."
    print_result(settings.as_json, {"labelled": count}, Text(told))


def _show_labels(settings: Settings, where: Filter | None) -> None:
    with known_namespace(settings.look()) as memory:
        found = memory.labels(with_stored_names(memory, where))
    rows = [
        (shown(name), ", ".join(f"{shown(label)} {count}" for label, count in counts.items()))
        for name, counts in found.items()
    ]
    nothing = Text("Nothing is labelled; 'remem label NAME LABEL KEY' gives a label.")
    print_result(settings.as_json, found, table(("Name", "Labels"), rows) if rows else nothing)


def _show_curve(settings: Settings, name: str, where: Filter | None) -> None:
    with known_namespace(settings.look()) as memory:
        where = with_stored_names(memory, where)
        found = memory.curve(name, where)
        of_all = memory.labels(where).get(name, {})
    if not found:
        said = ", ".join(f"{shown(label)} {count:,}" for label, count in of_all.items())
        print_result(settings.as_json, found, f"{said}; none of these has a date")
        return
    labels = sorted({label for counts in found.values() for label in counts})
    most = max(sum(counts.values()) for counts in found.values())
    rows = [
        (period, *(counts.get(label, 0) for label in labels), _bar(counts, labels, most))
        for period, counts in found.items()
    ]
    print_result(settings.as_json, found, table(("When", *map(shown, labels), ""), rows))


_BAR = 40
_MARKS = "█▒░▓"


def _bar(counts: Mapping[str, int], labels: Sequence[str], most: int) -> str:
    """One sign for each label, as long as its count."""
    return "".join(
        mark * round(_BAR * counts.get(label, 0) / most)
        for label, mark in zip(labels, cycle(_MARKS), strict=False)
    )


@command(
    "classify",
    "remem classify mood 'what a splendid day'",
    "remem classify mood --all --speaker Nora",
    'remem search trip --where \'{"metadata.mood": "good"}\'',
)
@click.argument("name")
@click.argument("words", metavar="[TEXT]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Label the memories that have no label")
@filter_options
@click.pass_obj
def classify(
    settings: Settings,
    name: str,
    words: tuple[str, ...],
    everything: bool,
    where: Filter | None,
) -> None:
    """Tell the label of TEXT, as the labelled memories have it.

    NAME is what was labelled with 'remem label', such as mood. The nearest examples are the
    reasons; where nothing near is known, there is no label. With --all, memories get the labels
    that they are likely to have; those that you gave stay.
    """
    if everything == bool(words):
        raise click.UsageError("give either a text, or --all for the memories without a label")
    if everything:
        _classify_all(settings, name, where)
    elif where is not None:
        raise click.UsageError("conditions choose memories for --all; a text has none")
    else:
        _classify(settings, name, " ".join(words))


def _classify(settings: Settings, name: str, text: str) -> None:
    with settings.recall() as memory:
        found = memory.classify(name, text)
    told = f"{found.label}  (probability {found.probability:.2f})" if found.label else _UNKNOWN
    rows = [
        (one.label, f"{one.cosine:.2f}", with_key(one.record.text, one.record.key))
        for one in found.reasons
    ]
    print_result(
        settings.as_json,
        {
            "label": found.label,
            "probability": found.probability,
            "nearness": found.nearness,
            "reasons": [
                {"label": one.label, "cosine": one.cosine, "record": record_json(one.record)}
                for one in found.reasons
            ],
        },
        Text(safe(told) + "\n", "bold"),
        table(("Label", "Nearness", "The nearest examples"), rows),
    )


_UNKNOWN = "don't know: nothing that is labelled is near"


def _classify_all(settings: Settings, name: str, where: Filter | None) -> None:
    with settings.recall() as memory, progress_bar("labelling") as move:
        where = with_stored_names(memory, where)
        found = memory.classify_all(name, where, lambda done, of: move(completed=done, total=of))
    rows = [*((shown(label), count) for label, count in found.labels.items())]
    rows += [("(nothing near is known)", found.unknown)]
    print_result(settings.as_json, asdict(found), table(("Label", "Memories"), rows))


@command(
    "translate",
    "remem translate 'Enter a valid number.' --to es",
    "remem translate 'The file was not saved.' --to es --command 'apertium -u eng-spa'",
    "remem translate 'Log in' --to de --glossary terms.tsv --json",
)
@words_argument("text")
@click.option("--to", required=True, metavar="LANGUAGE", help="Such as es or pt-BR")
@click.option(
    "--glossary",
    "glossary_file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Terms and their translations, one a line with a tab or comma between",
)
@click.option(
    "--command",
    "program",
    metavar="COMMAND",
    help="Translates what the memory does not know: reads a text, writes its translation",
)
@click.option(
    "--generator", "spec", metavar="MODEL", help="Does so instead; named as in 'remem ask'"
)
@click.pass_obj
def translate(
    settings: Settings,
    text: str,
    to: str,
    glossary_file: Path | None,
    program: str | None,
    spec: str | None,
) -> None:
    """Translate TEXT as it was translated before.

    'remem import' reads what was translated from .po and .tmx files. A sentence that is stored
    comes back as it is; of one that is 70 % like it, what differs is carried over. The sentences
    that are most like it stand below, each with what is [-gone-] and {+new+}.
    """
    from remem.generators.opening import open_generator

    if program and spec:
        raise click.UsageError("give --command or --generator, not both")
    with settings.recall() as memory:
        found = memory.translate(
            text,
            to,
            glossary=read_glossary(glossary_file) if glossary_file else None,
            engine=CommandEngine(program) if program else None,
            generator=open_generator(spec) if spec else None,
        )
    for term in found.missing:
        complain(
            f"the translation lacks {found.terms[term]!r}, which the glossary has for {term!r}"
        )
    rows = [
        (f"{one.percent} %", one.difference, with_key(one.translation, one.record.key))
        for one in found.matches
    ]
    print_result(
        settings.as_json,
        {
            "text": found.text,
            "origin": found.origin,
            "missing": found.missing,
            "matches": [
                {
                    "percent": one.percent,
                    "translation": one.translation,
                    "difference": one.difference,
                    "record": record_json(one.record),
                }
                for one in found.matches
            ],
        },
        Text(safe(found.text) or _NOT_TRANSLATED, "bold"),
        *([Text(f"({_ORIGINS[found.origin]})\n", "dim")] if found.text else []),
        *([table(("Match", "What differs", "Translation"), rows)] if rows else []),
    )


_NOT_TRANSLATED = "Nothing like it was translated before; --command or --generator translates it."
_ORIGINS = {
    "stored": "as it is stored",
    "repaired": "stored, with what differs carried over",
    "engine": "by the command",
    "generator": "by the language model",
}
