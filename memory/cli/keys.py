"""``remem keys``: who may use the server."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from remem.cli.options import command
from remem.cli.screen import counted, print_result, safe, table
from remem.configuration import Settings
from remem.store import InvalidInput
from remem.store.open import folder_of

if TYPE_CHECKING:
    from remem.serve.keys import Key, KeyRing

keys_option = click.option(
    "--keys",
    "file",
    metavar="FILE",
    envvar="REMEM_KEYS",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the keys are; by default in the folder of the store, if it has one  "
    "[env: REMEM_KEYS]",
)


def keys_file(settings: Settings, file: Path | None) -> Path | None:
    """The file with the keys of a store; None of one on a server, unless it is named."""
    folder = folder_of(settings.url)
    return file or (folder and folder / "keys.sqlite3")


def _known_file(settings: Settings, file: Path | None) -> Path:
    path = keys_file(settings, file)
    if path is None:
        raise InvalidInput(
            "the store is no folder that could hold keys: say where they are with --keys FILE, or "
            "REMEM_KEYS"
        )
    return path


@click.group("keys")
def keys() -> None:
    """Make, list, renew and revoke the keys of 'remem serve'."""


@command(
    "create",
    "remem keys create --in nora",
    "remem keys create --in 'bot/*' --may write --name 'chat program'",
    "remem keys create --in '*' --may admin",
)
@click.option(
    "--in",
    "namespaces",
    metavar="NAMESPACE",
    multiple=True,
    required=True,
    help="A namespace that it opens, 'prefix/*' for all below, '*' for all; may be repeated. "
    "Users of a chat program have theirs below the first pattern",
)
@click.option(
    "--may",
    "permission",
    type=click.Choice(["read", "write", "admin"]),
    default="write",
    show_default=True,
    help="What it may do; each includes those before it",
)
@click.option("--name", default="key", show_default=True, help="What you call it")
@keys_option
@click.pass_obj
def create(
    settings: Settings, namespaces: tuple[str, ...], permission: str, name: str, file: Path | None
) -> None:
    """Make a key. It is shown once; what is kept is its hash."""
    from remem.serve.keys import KeyRing, Permission

    with closing(KeyRing(_known_file(settings, file))) as ring:
        token = ring.create(name, namespaces, Permission[permission.upper()])
    _show_token(settings, token)


@command("list", "remem keys list", "remem keys list --json")
@keys_option
@click.pass_obj
def list_(settings: Settings, file: Path | None) -> None:
    """List the keys, without their secrets."""
    with closing(_existing(settings, file)) as ring:
        known = ring.all()
    rows = [_row(key) for key in known]
    columns = ("Id", "Name", "May", "In", "Created", "State")
    print_result(
        settings.as_json,
        [asdict(key) | {"permission": key.permission.name.lower()} for key in known],
        table(columns, rows),
        counted(len(rows), "key"),
    )


@command("rotate", "remem keys rotate ID")
@click.argument("key_id", metavar="ID")
@keys_option
@click.pass_obj
def rotate(settings: Settings, key_id: str, file: Path | None) -> None:
    """Give a key another secret; the old one stops working at once."""
    with closing(_existing(settings, file)) as ring:
        token = ring.rotate(key_id)
    _show_token(settings, token)


@command("revoke", "remem keys revoke ID")
@click.argument("key_id", metavar="ID")
@keys_option
@click.pass_obj
def revoke(settings: Settings, key_id: str, file: Path | None) -> None:
    """Make a key stop working, at once and for good."""
    with closing(_existing(settings, file)) as ring:
        ring.revoke(key_id)
    print_result(settings.as_json, {"revoked": key_id}, f"The key {safe(key_id)} stopped working.")


for each in (create, list_, rotate, revoke):
    keys.add_command(each)


def _existing(settings: Settings, file: Path | None) -> KeyRing:
    from remem.serve.keys import KeyRing

    path = _known_file(settings, file)
    if not path.exists():
        raise InvalidInput(f"there are no keys in {path} yet; make one with 'remem keys create'")
    return KeyRing(path)


def _show_token(settings: Settings, token: str) -> None:
    note = Text("Keep it now: it cannot be shown again.", "dim")
    print_result(settings.as_json, {"id": token.split("_")[1], "key": token}, token, note)


def _row(key: Key) -> tuple[Any, ...]:
    state = "revoked" if key.revoked_at else "in use"
    where = ", ".join(key.namespaces)
    return (key.id, key.name, key.permission.name.lower(), where, key.created_at, state)
