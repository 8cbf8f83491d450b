"""Commands that carry many memories: import, export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType
from rich.progress import TaskProgressColumn, TextColumn

from remem.cli.options import command
from remem.cli.screen import (
    complain,
    confirmed,
    counted,
    errors,
    print_result,
    progress_bar,
    safe,
    table,
    working,
)
from remem.configuration import Settings, departed_at, known_namespace, require_store
from remem.folders import ledger_file
from remem.recall.names import shown
from remem.recall.prompt import format_date
from remem.store import DamagedRecord, InvalidInput

if TYPE_CHECKING:
    from remem.ingest.base import Problem
    from remem.ingest.files import Limit
    from remem.ingest.run import ImportReport, Progress
    from remem.memory import Memory
    from remem.migrate import Step
    from remem.store import Record

SOMETHING_SKIPPED = 3
INTERRUPTED = 130
DECLINED = 1

_SHOWN_PROBLEMS = 10
_INTERRUPTED = (
    "interrupted; what was read so far is stored, and the same command goes on where it stopped"
)


@command(
    "import",
    "remem import conversations.json",
    "remem import 'WhatsApp Chat with Ana.txt' --namespace ana",
    "remem import notes/ handbook.pdf",
    "remem import backup.jsonl --store new-store",
    "remem import --agents",
)
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--agents",
    is_flag=True,
    help="The transcripts of coding agents on this machine, each project into its own namespace, "
    "without secrets",
)
@click.option(
    "--bring-back",
    is_flag=True,
    help="Also what was deleted or forgotten here, which otherwise stays away",
)
@click.option("--yes", is_flag=True, help="Do not ask first (--agents)")
@click.option("--allow-large", is_flag=True, help="Also what unpacks to far more than it weighs")
@click.option("--verbose", is_flag=True, help="Show every problem, not only the first ten")
@click.pass_context
def import_(
    ctx: click.Context,
    paths: tuple[Path, ...],
    agents: bool,
    bring_back: bool,
    yes: bool,
    allow_large: bool,
    verbose: bool,
) -> None:
    """Remember chat exports, documents, or folders of them.

    Reads exports of ChatGPT, Claude, WhatsApp, Telegram, Slack and many more; messages of an API
    (JSON or JSON Lines); mail; text, Markdown, HTML, PDF and DOCX; LoCoMo, LongMemEval and BEIR;
    and what 'remem export' wrote. Running it again, also after Ctrl-C, goes on where it stopped and
    adds nothing twice. What was deleted or forgotten stays away. The exit code is 3 if something
    could not be read and was skipped.
    """
    from remem.ingest.files import DEFAULT

    if not (agents or paths):
        raise click.UsageError("Missing argument 'PATHS...': name files or folders, or --agents")
    if agents and paths:
        raise click.UsageError("name files or folders to read, or --agents, not both")
    how = _How(None if allow_large else DEFAULT, bring_back, None if verbose else _SHOWN_PROBLEMS)
    if agents:
        import_agents(ctx, yes, how)
    else:
        _import_paths(ctx, paths, how)


@dataclass(frozen=True, slots=True)
class _How:
    """The wishes of a user about an import.

    Attributes:
        limit: What unpacks to far more than it weighs and is refused.
        bring_back: Also what was deleted or forgotten.
        most: Problems that are shown; None: all.
    """

    limit: Limit | None
    bring_back: bool
    most: int | None


def _import_paths(ctx: click.Context, paths: Sequence[Path], how: _How) -> None:
    from remem.ingest.detect import detect_reader
    from remem.ingest.run import import_path

    settings: Settings = ctx.obj
    readers = [detect_reader(path) for path in paths]
    reports: list[ImportReport] = []
    with settings.create() as memory:
        for path, reader in zip(paths, readers, strict=True):
            if not settings.as_json:
                complain(f"reading {path} as {reader.name}")
            with _progress(path.name) as step:
                try:
                    reports.append(
                        import_path(
                            memory,
                            path,
                            reader=reader,
                            report=step,
                            limit=how.limit,
                            bring_back=how.bring_back,
                        )
                    )
                except KeyboardInterrupt:
                    complain(_INTERRUPTED)
                    ctx.exit(INTERRUPTED)
            if not settings.as_json:
                _complain_about(path, reports[-1], how.most)
        if not settings.as_json and any(report.foreign for report in reports):
            _offer_multilingual(memory)
    _finish(ctx, paths, reports)


def import_agents(ctx: click.Context, yes: bool, how: _How) -> None:
    """Read what the coding agents on this machine kept, once the user agrees."""
    from remem.ingest.agents.importing import Ledger, found_at, import_transcripts, sizes
    from remem.ingest.agents.places import places

    settings: Settings = ctx.obj
    settings = replace(settings, secrets=settings.secrets or "redact")
    found = found_at(places(Path.home()))
    done: list[tuple[Path, ImportReport]] = []
    with settings.create() as memory:
        ledger = Ledger(ledger_file(), settings.url)
        new = ledger.new(memory, found)
        if not settings.as_json:
            errors().print(_found_table(sizes(found), sizes(new)))
        if new and not (yes or confirmed(f"Read {counted(len(new), 'transcript')} of these?")):
            complain("nothing was read; --yes reads without asking")
            ctx.exit(DECLINED)
        try:
            with _progress("transcripts") as step:
                for transcript, report in import_transcripts(
                    memory,
                    new,
                    ledger,
                    namespace=settings.namespace,
                    report=step,
                    limit=how.limit,
                    bring_back=how.bring_back,
                ):
                    done.append((transcript.path, report))
        except KeyboardInterrupt:
            complain(_INTERRUPTED)
            ctx.exit(INTERRUPTED)
    if not settings.as_json:
        for path, report in done:
            _complain_about(path, report, how.most)
    _finish(ctx, [path for path, _ in done], [report for _, report in done])


def _found_table(
    found: Mapping[str, tuple[int, int]], new: Mapping[str, tuple[int, int]]
) -> RenderableType:
    rows = [
        (agent, count, new.get(agent, (0, 0))[0], f"{new.get(agent, (0, 0))[1] / 1e6:,.1f} MB")
        for agent, (count, _) in found.items()
    ]
    return table(("Agent", "Transcripts", "New or changed", "To read"), rows)


def _finish(ctx: click.Context, paths: Sequence[Path], reports: Sequence[ImportReport]) -> None:
    """Say what was stored, and leave with the exit code that tells whether all of it was."""
    settings: Settings = ctx.obj
    print_result(
        settings.as_json,
        {
            "added": sum(sum(report.added.values()) for report in reports),
            "unchanged": sum(sum(report.unchanged.values()) for report in reports),
            "files": [_json(path, report) for path, report in zip(paths, reports, strict=True)],
        },
        _counts(reports),
    )
    ctx.exit(SOMETHING_SKIPPED if any(report.problem_count for report in reports) else 0)


@command(
    "export",
    "remem export > nora.jsonl",
    "remem export --all -o backup.jsonl",
    "remem export --markdown diary/",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file to write"
)
@click.option(
    "--markdown",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder of Markdown instead, to read and edit",
)
@click.option("--all", "everything", is_flag=True, help="All namespaces of the store")
@click.pass_context
def export(ctx: click.Context, output: Path | None, folder: Path | None, everything: bool) -> None:
    """Write memories as JSON Lines, without loss, or as Markdown.

    JSON Lines have times, metadata and earlier versions, and 'remem import' reads them into any
    store; with --all also digests of what you deleted or forgot, which then stays away from there,
    too. Markdown has a file for each source, with the present versions: edit it, and
    'remem import' makes new versions of what you changed. What is damaged is left out and named,
    and the exit code is 3.
    """
    settings: Settings = ctx.obj
    damaged: list[str] = []
    if output and folder:
        raise click.UsageError("give --output or --markdown, not both")

    def leave_out(error: DamagedRecord) -> None:
        damaged.append(str(error))
        complain(f"left out: {safe(str(error))}")

    from remem.ingest.markdown import write_folder

    with settings.look() as memory:
        chosen = memory.namespaces() if everything else [known_namespace(memory).namespace]
        write = memory.backup if everything else memory.export
        if folder is not None:
            with working("Writing"):
                count = sum(
                    write_folder(
                        folder,
                        each,
                        memory.in_namespace(each).scan(damaged=leave_out),
                        partial(_is_stored, memory.in_namespace(each)),
                        own_folder=everything,
                    )
                    for each in chosen
                )
            print_result(
                settings.as_json,
                {"records": count, "namespaces": chosen, "file": str(folder), "damaged": damaged},
                f"{counted(count, 'record')} written to {safe(str(folder))}.",
            )
        elif output is None:
            with click.open_file("-", "w", encoding="utf-8") as stdout:
                write(stdout, damaged=leave_out)
        else:
            with working("Writing"):
                count = write(output, damaged=leave_out)
            print_result(
                settings.as_json,
                {"records": count, "namespaces": chosen, "file": str(output), "damaged": damaged},
                f"{counted(count, 'record')} written to {safe(str(output))}.",
            )
    ctx.exit(SOMETHING_SKIPPED if damaged else 0)


def _is_stored(memory: Memory, record: Record) -> bool:
    """True if a memory says, or said, what a file says of it."""
    from remem.ingest.markdown import said_before

    return said_before(memory.history(record.key), record)


@command(
    "migrate",
    "remem migrate memories.remem postgresql://localhost/remem",
    "remem migrate postgresql://localhost/remem backup.remem",
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option(
    "--replace",
    is_flag=True,
    help="Delete and overwrite what TO holds otherwise in these namespaces",
)
@click.pass_context
def migrate(ctx: click.Context, source: str, target: str, replace: bool) -> None:
    """Copy a whole store into another one, of any kind.

    All namespaces of FROM, with history, times and vectors; nothing is encoded again, and the
    options of every command do not matter here. What was deleted or forgotten in FROM stays away
    from imports into TO. FROM may be written meanwhile, TO may not. Running
    it again after Ctrl-C or a crash goes on where it stopped. A store TO that has been used since
    it was copied, or that FROM has moved away from, is refused unless you say --replace. The last
    thing it does is to compare both stores, record by record.
    """
    from remem.migrate import migrate as run
    from remem.store import open_store

    settings: Settings = ctx.obj
    require_store(source)
    if ":memory:" in (source, target):
        raise InvalidInput(
            "a store in memory is gone when the command ends; name a folder or the URL of a server"
        )
    departed = departed_at(source), departed_at(target)
    with open_store(source) as old:
        if old.space is None:
            raise InvalidInput("there is nothing in FROM to be copied; is its URL right?")
        with open_store(target) as new, _rounds() as step:
            try:
                done = run(old, new, replace=replace, departed=departed, progress=step)
            except KeyboardInterrupt:
                complain(_INTERRUPTED)
                ctx.exit(INTERRUPTED)
    print_result(
        settings.as_json,
        {
            "records": done.records,
            "copied": done.copied,
            "deleted": done.deleted,
            "rounds": done.rounds,
            "sha256": done.digest,
        },
        f"In these namespaces, both stores hold the same {counted(done.records, 'record')}; "
        f"{done.copied:,} were copied, {done.deleted:,} deleted (SHA-256 {done.digest[:16]}).",
    )


def _counts(reports: Sequence[ImportReport]) -> RenderableType:
    added = sum((Counter(report.added) for report in reports), Counter[str]())
    known = sum((Counter(report.unchanged) for report in reports), Counter[str]())
    known += sum((Counter(report.changed) for report in reports), Counter[str]())
    rows = [(name, added[name], known[name]) for name in sorted({*added, *known})]
    return table(("Namespace", "New", "Known already"), rows)


def _complain_about(path: Path, report: ImportReport, most: int | None) -> None:
    counts = (report.added, report.unchanged, report.stayed_away)
    if not (any(sum(each.values()) for each in counts) or report.problem_count):
        complain(f"there is nothing to remember in {path}")
    if told := _summary(report):
        complain(told)
    if away := sum(report.stayed_away.values()):
        complain(
            f"{counted(away, 'record')} deleted or forgotten here stayed away; "
            "--bring-back remembers them again"
        )
    for removed in report.removed[:most]:
        complain(f"not stored: {removed}")
    if report.removed_count:
        complain(f"{counted(report.removed_count, 'secret')} taken out of {path}")
    shown = report.problems[:most]
    for problem in shown:
        complain(str(problem))
    if report.problem_count > len(shown):
        hidden = report.problem_count - len(shown)
        complain(f"... and {counted(hidden, 'problem')} more; --verbose shows up to 1,000")


def _offer_multilingual(memory: Memory) -> None:
    from remem.encoders.bundled import BundledEncoder

    if isinstance(memory.encoder, BundledEncoder):
        complain(
            "most of this is not in English, which is all that the bundled encoder understands: "
            "'remem reindex multilingual' finds more of it (pip install 'remem[multilingual]')"
        )


_SHOWN_PEOPLE = 5


def _summary(report: ImportReport) -> str:
    """A line on who spoke, how much and when; empty where there is nothing of it."""
    counts = (report.added, report.unchanged, report.changed)
    read = sum(sum(count.values()) for count in counts)
    if not read:
        return ""
    parts = [f"{counted(read, 'record')} in {counted(report.sources, 'source')}"]
    most = Counter(report.people).most_common()
    people = [f"{shown(name)} ({count:,})" for name, count in most[:_SHOWN_PEOPLE]]
    if len(most) > _SHOWN_PEOPLE:
        people.append(f"{len(most) - _SHOWN_PEOPLE:,} more")
    if people:
        parts.append("by " + ", ".join(people))
    if report.first and report.last:
        days = dict.fromkeys(format_date(each) for each in (report.first, report.last))
        parts.append("of " + " to ".join(days))
    changed = sum(report.changed.values())
    parts += [f"{changed:,} changed since"] if changed else []
    parts += [f"{report.problem_count:,} left out"] if report.problem_count else []
    return "; ".join(parts)


def _json(path: Path, report: ImportReport) -> dict[str, Any]:
    def plain(problem: Problem) -> dict[str, Any]:
        return {"path": str(problem.path), "line": problem.line, "reason": problem.reason}

    return {
        "path": str(path),
        "format": report.reader,
        "added": report.added,
        "unchanged": report.unchanged,
        "changed": report.changed,
        "stayed_away": report.stayed_away,
        "people": report.people,
        "sources": report.sources,
        "first": report.first,
        "last": report.last,
        "problems": [plain(problem) for problem in report.problems],
        "problem_count": report.problem_count,
        "removed": [str(each) for each in report.removed],
        "removed_count": report.removed_count,
        "foreign": report.foreign,
    }


@contextmanager
def _progress(title: str) -> Iterator[Callable[[Progress], None]]:
    """A bar over the bytes of a file, with the records so far."""
    records = TextColumn("{task.fields[records]:,} records")
    with progress_bar(title, TaskProgressColumn(), records, records=0) as move:
        yield lambda step: move(
            completed=step.bytes_read, total=step.bytes_total, records=step.records
        )


@contextmanager
def _rounds() -> Iterator[Callable[[Step], None]]:
    """A bar over the records of each round."""
    phase = TextColumn("{task.fields[phase]}")
    with progress_bar("", phase, TaskProgressColumn(), phase="copying") as move:
        yield lambda step: move(
            completed=step.done,
            total=max(step.total, step.done),
            phase="copying" if step.round == 1 else "comparing",
        )
