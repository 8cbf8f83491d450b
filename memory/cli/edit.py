"""Commands that change single memories: add, update, delete, forget."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remem import receipts
from remem.across import promote as copied
from remem.cli.chat import ELSEWHERE, forget_lines
from remem.cli.options import command, read_option, understood
from remem.cli.screen import complain, confirmed, counted, print_result, safe, working
from remem.cli.search import filter_options
from remem.configuration import Settings
from remem.contents import expire as expiring
from remem.contents import restored
from remem.dates import earliest, readable
from remem.folders import history_file
from remem.lookup import key_of, with_stored_names
from remem.recall.names import shown, shown_key
from remem.store import InvalidInput, Record
from remem.store.filters import And, F, Filter
from remem.store.validation import check_text
from remem.transfer import record_json

if TYPE_CHECKING:
    from remem.memory import Memory

DECLINED = 1


def _future(expires: str) -> datetime:
    moment = earliest(expires)
    if moment <= datetime.now().astimezone():
        raise InvalidInput(
            f"--expires {expires!r} means {readable(moment)}, which is past already; "
            "give a date to come, with its year"
        )
    return moment


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"--metadata is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise InvalidInput('--metadata is a JSON object, like \'{"topic": "food"}\'')
    return value


@command(
    "add",
    'remem add "Ravi is allergic to cashews" --speaker Nora',
    'remem add "Lunch with Meena" --at "3 May 2024 13:00" --source diary',
    "pbpaste | remem add -",
)
@click.argument("text")
@click.option("--speaker", metavar="NAME", help="Who says it")
@click.option("--source", default="notes", show_default=True, help="Where it belongs")
@read_option(
    "--at", "said_at", "DATE", earliest, "When it was said, like 2024-03-17 or '3 May 2024'"
)
@read_option("--expires", "expires_at", "DATE", _future, "From when on it is no longer found")
@read_option(
    "--metadata", "metadata", "JSON", _object, 'An object to filter on, like \'{"topic": "food"}\''
)
@click.option("--key", help="Its identity; one is made from the text otherwise")
@click.option(
    "--origin",
    metavar="ORIGIN",
    help="Where it comes from: person (if left out), assistant, tool, document or web",
)
@click.pass_obj
def add(settings: Settings, /, text: str, **fields: Any) -> None:
    """Remember TEXT, word for word.

    '-' reads it from standard input, up to the line end after its last line.
    """
    # Checked before a store is made for it.
    with understood():
        said = check_text(_from_standard_input() if text == "-" else text)
    with working("Remembering"), settings.create() as memory:
        record = memory.add(said, **fields)
    _show_remembered(settings, record)


@command("update", 'remem update KEY "The studio costs 450 euros now"')
@click.argument("key")
@click.argument("text")
@click.pass_obj
def update(settings: Settings, key: str, text: str) -> None:
    """Replace what a memory says, keeping its history."""
    with working("Replacing"), settings.recall() as memory:
        record = memory.update(key_of(memory, key, "; 'remem search' shows the keys"), text)
    _show_remembered(settings, record)


@command("undo", "remem undo KEY")
@click.argument("key")
@click.pass_obj
def undo(settings: Settings, key: str) -> None:
    """Take back that a memory has expired, or is superseded.

    'remem history' lists what is superseded. From then on the memory is as true as the newer ones
    are; what is said later may supersede it again.
    """
    with settings.recall() as memory:
        record, told = restored(memory, key_of(memory, key, "; 'remem history' shows the keys"))
    print_result(settings.as_json, record_json(record), told)


@command("expire", "remem expire KEY", "remem expire KEY --at 2030-01-01", "remem undo KEY")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@read_option("--at", "moment", "DATE", _future, "From when on they are no longer found  [now]")
@click.pass_obj
def expire(settings: Settings, keys: tuple[str, ...], moment: datetime | None) -> None:
    """Let memories be found no longer, though they are kept.

    'remem undo KEY' takes that back, and 'remem show KEY' still shows them.
    """
    with settings.recall() as memory:
        at = moment or datetime.now().astimezone()
        known = _known(memory, keys, "changed")
        changed = [expiring(memory, key, at) for key in known]
    told = f"no longer found from {readable(moment)} on" if moment else "no longer found"
    print_result(
        settings.as_json,
        {"records": list(map(record_json, changed))},
        *(f"{shown_key(each.key)} is {told}; 'remem undo' takes that back." for each in changed),
    )


@command("delete", "remem delete KEY", "remem delete KEY KEY")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("--yes", is_flag=True, help="Do not ask first; who is no terminal is not asked")
@click.pass_context
def delete(ctx: click.Context, keys: tuple[str, ...], yes: bool) -> None:
    """Remove memories from all results, for good.

    Nothing brings them back, and later imports leave them away. 'remem expire' only hides them, and
    can be taken back; 'remem forget' also wipes them out of the files.
    """
    settings: Settings = ctx.obj
    with settings.recall() as memory:
        known = _known(memory, keys, "deleted")
        named = ", ".join(map(shown_key, known))
        asks = not yes and not settings.as_json and sys.stdin.isatty()
        if asks and not confirmed(f"Delete {named} for good?"):
            complain("nothing was deleted; 'remem expire' hides what 'remem undo' brings back")
            ctx.exit(DECLINED)
        deleted = memory.delete(*known)
    print_result(settings.as_json, {"deleted": deleted}, f"{counted(deleted, 'record')} deleted.")


@command("promote", "remem promote KEY --to shared", "remem promote KEY --to team --namespace work")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@click.option("--to", required=True, metavar="NAMESPACE", help="Where it is copied to")
@click.pass_obj
def promote(settings: Settings, keys: tuple[str, ...], to: str) -> None:
    """Copy memories to another namespace, say a shared one.

    They keep their words, time and origin, and tell where they are from. 'remem search --also'
    reads that namespace besides a project's own.
    """
    with settings.recall() as memory:
        copies = [copied(memory, key, to) for key in _known(memory, keys, "promoted")]
    print_result(
        settings.as_json,
        {"namespace": to, "records": list(map(record_json, copies))},
        *(f"Copied to {safe(to)} as {shown_key(each.key)}." for each in copies),
    )


@command(
    "forget",
    "remem forget KEY",
    "remem forget --source diary --yes",
    "remem forget --speaker Ravi --until 2023",
    "remem forget --all --namespace old",
)
@click.argument("keys", nargs=-1, metavar="[KEY...]")
@filter_options
@click.option("--all", "everything", is_flag=True, help="Everything in the namespace")
@click.option("--yes", is_flag=True, help="Do not ask first")
@click.option(
    "--receipt",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what went, when, and that it left no trace; without the words",
)
@click.pass_context
def forget(
    ctx: click.Context,
    keys: tuple[str, ...],
    where: Filter | None,
    everything: bool,
    yes: bool,
    receipt: Path | None,
) -> None:
    """Wipe memories out of every file.

    On a server, out of its tables and indexes; its page says what it keeps for longer. What you
    typed in 'remem chat' goes too. Exports, backups and run files that were made before may still
    hold the words.
    """
    settings: Settings = ctx.obj
    _check_chosen(keys, where, everything)
    with settings.recall() as memory:
        known = _known(memory, keys, "forgotten")
        chosen = _chosen(known, with_stored_names(memory, where))
        count = memory.count(chosen)
        what = f"{counted(count, 'record')} of {memory.namespace!r}, with earlier versions,"
        if count and not yes and not confirmed(f"Wipe {safe(what)} beyond recovery?"):
            complain("nothing was forgotten; --yes forgets without asking")
            ctx.exit(DECLINED)
        with working("Wiping"):
            gone = memory.wipe(chosen) if count else ()
            if receipt is not None and count:
                made = receipts.receipt_of(memory, gone)
                receipt.write_text(made.to_json() + "\n", "utf-8")
        typed = _forget_typed({record.text for record in gone})
    print_result(
        settings.as_json,
        {"forgotten": len(gone), "typed_lines": typed},
        f"{counted(len(gone), 'record')} forgotten. {ELSEWHERE}",
        *(
            [f"{counted(typed, 'line')} that you typed in 'remem chat' went with them."]
            if typed
            else []
        ),
    )


@click.group("receipt")
def receipt() -> None:
    """Check receipts of what was forgotten."""


@command("verify", "remem receipt verify FILE")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_context
def verify_receipt(ctx: click.Context, file: Path) -> None:
    """Check that what was forgotten is not remembered again.

    A receipt that was changed is refused. It needs none of the words. The exit code is 1 if
    something is wrong.
    """
    settings: Settings = ctx.obj
    made = receipts.Receipt.from_json(file.read_text("utf-8", errors="replace"))
    with settings.look() as memory:
        problems = receipts.verify(made, memory.in_namespace(made.namespace))
    print_result(
        settings.as_json,
        {"ok": not problems, "records": made.records, "at": made.at, "problems": problems},
        f"{counted(made.records, 'record')} of {shown(made.namespace)} forgotten on {made.at}; "
        f"{counted(len(problems), 'problem')}.",
        *(f"- {safe(problem)}" for problem in problems),
    )
    ctx.exit(1 if problems else 0)


receipt.add_command(verify_receipt)


def _show_remembered(settings: Settings, record: Record) -> None:
    print_result(settings.as_json, record_json(record), f"Remembered as {shown_key(record.key)}.")


def _check_chosen(keys: Sequence[str], where: Filter | None, everything: bool) -> None:
    if (bool(keys) or where is not None) == everything:
        raise click.UsageError("say what to forget: keys, filters like --source, or --all alone")


def _chosen(keys: Sequence[str], where: Filter | None) -> Filter:
    parts = [F("key").in_(keys)] if keys else []
    parts += [where] if where is not None else []
    return And(tuple(parts)) if parts else F("source").exists()


def _forget_typed(texts: Collection[str]) -> int:
    history = history_file()
    try:
        return forget_lines(history, texts)
    except OSError as error:
        complain(f"what was typed in 'remem chat' stays in {history}: {error.strerror}")
        return 0


def _known(memory: Memory, keys: Sequence[str], done: str) -> list[str]:
    return [key_of(memory, key, f"; nothing was {done}") for key in keys]


def _from_standard_input() -> str:
    """The piped text, word for word; the end of its last line belongs to the pipe."""
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")
