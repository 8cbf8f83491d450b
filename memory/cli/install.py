"""Commands that put remem into coding agents and desktop programs, and take it out again."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.decorators import FC

from remem.belongings import belongings
from remem.cli.options import command
from remem.cli.screen import Verbatim, complain, confirmed, errors, print_result, safe
from remem.cli.where import belonging_json, shown_belongings
from remem.configuration import Settings
from remem.folders import installed_file
from remem.handshake import listening
from remem.install.clients import CLIENTS

if TYPE_CHECKING:
    from remem.install.installing import Rewrite

DECLINED = 1


def _clients(required: bool) -> Callable[[FC], FC]:
    return click.argument(
        "clients",
        nargs=-1,
        required=required,
        metavar="CLIENT..." if required else "[CLIENT...]",
        type=click.Choice(list(CLIENTS)),
    )


_yes = click.option("--yes", is_flag=True, help="Do not ask first")


@command(
    "install",
    "remem install claude-code",
    "remem install codex cursor --yes",
    "remem install vscode --store ~/memories",
)
@_clients(required=True)
@_yes
@click.pass_context
def install(ctx: click.Context, clients: tuple[str, ...], yes: bool) -> None:
    """Put remem into a coding agent or a desktop program.

    CLIENT is claude-code, codex, gemini-cli, opencode, cursor, claude-desktop or vscode. Shows the
    change of each file first, and keeps what else is in it. An agent then gets what is remembered
    of its project once, at the start of a session, and can ask for more (MCP); a session is stored
    when it is over, without secrets. Nothing keeps running, no language model is asked, and nothing
    leaves this machine. 'remem uninstall' takes all of it out again.
    """
    from remem.install.clients import Machine
    from remem.install.installing import Notes, installing
    from remem.secrets.guard import guard_called

    settings: Settings = ctx.obj
    guard_called(settings.secrets or "redact")  # said now, and not at the end of each session
    machine = Machine(Path.home(), _program(), _options(settings))
    notes = Notes(installed_file())
    planned = {client: installing(CLIENTS[client](machine), notes.of(client)) for client in clients}
    _carry_out(ctx, planned, yes, "installed")


@command(
    "uninstall",
    "remem uninstall claude-code",
    "remem uninstall codex cursor --yes",
    "remem uninstall --everything",
)
@_clients(required=False)
@click.option("--everything", is_flag=True, help="All that 'remem where' lists, memories too")
@_yes
@click.pass_context
def uninstall(ctx: click.Context, clients: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Take remem out of programs that 'remem install' put it into.

    A file that nobody changed since is as it was before, to the byte; of one that was changed, only
    the entries of remem go. What is remembered stays, but for --everything, which lists what is to
    go, asks, and removes remem from all programs and all that it keeps on this machine.
    """
    from remem.install.installing import Notes, uninstalling

    if everything == bool(clients):
        raise click.UsageError("say what to take out: a CLIENT, or --everything alone")
    notes = Notes(installed_file())
    chosen = tuple(notes.clients()) if everything else clients
    planned = {client: uninstalling(notes.of(client)) for client in chosen}
    for client in chosen:
        if not planned[client]:
            complain(f"remem did not install anything into {client}")
    if everything:
        _remove_everything(ctx, planned, yes)
    else:
        _carry_out(ctx, planned, yes, "uninstalled")


def _remove_everything(ctx: click.Context, planned: Plan, yes: bool) -> None:
    """Show all that is to go, and remove it once the user agrees."""
    settings: Settings = ctx.obj
    found = belongings(settings.url)
    if not settings.as_json:
        _show_changes(planned)
        errors().print(shown_belongings(found), soft_wrap=True)
    for port in listening(settings.url):
        complain(
            f"a server uses these memories at http://127.0.0.1:{port}: end it first (Ctrl-C where "
            "it was started), or what it stores meanwhile stays behind"
        )
    changed = [str(each.path) for each in _needed(planned)]
    if (found or changed) and not (yes or confirmed("Remove all of this, beyond recovery?")):
        complain("nothing was removed; --yes removes without asking")
        ctx.exit(DECLINED)
    _write(planned)
    for each in found:
        each.remove()
    elsewhere = [each.place for each in found if each.is_elsewhere]
    print_result(
        settings.as_json,
        {"clients": list(planned), "files": changed, "removed": [*map(belonging_json, found)]},
        "Removed. 'pip uninstall remem' removes the program, too."
        if found or changed
        else "There is nothing to remove.",
        *(f"What is at {safe(place)} stays: its owner removes it." for place in elsewhere),
    )


Plan = Mapping[str, "list[Rewrite]"]
"""The files to be written for each program."""


def _carry_out(ctx: click.Context, planned: Plan, yes: bool, done: str) -> None:
    """Show what is to be written, and write it once the user agrees."""
    settings: Settings = ctx.obj
    needed = _needed(planned)
    if not settings.as_json:
        _show_changes(planned)
    if needed and not (yes or confirmed("Write this?")):
        complain("nothing was written; --yes writes without asking")
        ctx.exit(DECLINED)
    _write(planned)
    files = [str(each.path) for each in needed]
    told = f"{done}: {', '.join(planned)}." if files else "There is nothing to change."
    print_result(settings.as_json, {"clients": list(planned), "files": files}, told.capitalize())


def _needed(planned: Plan) -> list[Rewrite]:
    return [each for rewrites in planned.values() for each in rewrites if each.is_needed]


def _show_changes(planned: Plan) -> None:
    for each in _needed(planned):
        errors().print(Verbatim(each.diff().rstrip("\n")))


def _write(planned: Plan) -> None:
    from remem.install.installing import Notes, write

    notes = Notes(installed_file())
    for client, rewrites in planned.items():
        write(rewrites)
        notes.keep(client, rewrites)


def _program() -> tuple[str, ...]:
    """The command line of this program, which works from any folder and without a shell's PATH."""
    found = shutil.which(sys.argv[0]) if Path(sys.argv[0]).name.startswith("remem") else None
    return (str(Path(found).absolute()),) if found else (sys.executable, "-m", "remem")


def _options(settings: Settings) -> tuple[str, ...]:
    """The options that were given, or stand in the environment, which programs need not have."""
    store = settings.store
    if store and "://" not in store:
        store = str(Path(store).absolute())
    named = {"--store": store, "--namespace": settings.namespace, "--secrets": settings.secrets}
    return tuple(word for name, value in named.items() if value for word in (name, value))
